import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from research_lib.containers.embedding import Embedding
from research_lib.containers.images import Images
from research_lib.datasets import load
from research_lib.measures.agreement import neighbour_agreement, search_scores_by_label
from research_lib.models.images.autoencoder import Autoencoder
from research_lib.models.images.network import distorted

QUICK = Autoencoder(n_dims=8, epochs=20, random_state=0)


@parametrize_with_checks(
    [
        Autoencoder(n_dims=2, hidden=(8,), epochs=3, n_neighbors=3),
        Autoencoder(n_dims=1, hidden=(), epochs=3, n_neighbors=2, noise=0, validation_fraction=0.2, patience=1),
    ]
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def sheet(n, rng, bend=1.0):
    """Points of a bent plane in ten dimensions."""
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(10, 3)))[0]
    places = rng.uniform(-1, 1, size=(n, 2))
    return np.column_stack([places, bend * np.sin(2 * places).prod(axis=1)]) @ turned.T


@pytest.fixture(scope="module")
def on_the_sheet():
    model = Autoencoder(n_dims=2, hidden=(32,), noise=0.02, epochs=150, learning_rate=0.01, random_state=0)
    return model.fit(sheet(600, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def digits():
    return load("images").subset(np.arange(900))


@pytest.fixture(scope="module")
def of_digits(digits):
    return clone(QUICK).fit(digits)


def test_a_planted_sheet_passes_a_bottleneck_of_two(on_the_sheet):
    new = sheet(200, np.random.default_rng(2))
    missed = ((on_the_sheet.reconstruct(new) - new) ** 2).sum() / ((new - new.mean(axis=0)) ** 2).sum()
    assert missed < 0.05
    shuffled = np.random.default_rng(0).permuted(new, axis=0)  # every column as before, and nothing goes together
    assert ((on_the_sheet.reconstruct(shuffled) - shuffled) ** 2).sum() / (shuffled**2).sum() > 0.2


@pytest.mark.parametrize(("by", "least"), [("both", 0.85), ("reconstruction", 0.95)])
def test_points_off_the_sheet_score_high_and_points_on_it_do_not(on_the_sheet, by, least):
    rng = np.random.default_rng(3)
    on, off = sheet(200, rng), sheet(200, rng) + 0.3 * rng.normal(size=(200, 10))
    anomalous = np.repeat([False, True], 200)
    scores = on_the_sheet.anomaly_scores(np.vstack([on, off]), by)
    assert roc_auc_score(anomalous, scores) > least
    assert 0.4 < roc_auc_score(np.tile([False, True], 200), scores) < 0.6  # the measure can fail
    assert abs(np.median(scores[:200])) < 1.5


def test_density_finds_what_is_on_the_sheet_but_far_out(on_the_sheet):
    rng = np.random.default_rng(4)
    far = 3 * sheet(50, rng, bend=0)
    far = far[np.abs(far).max(axis=1) > np.abs(sheet(50, rng)).max()]
    scores = on_the_sheet.anomaly_scores(np.vstack([sheet(200, rng), far]), "density")
    assert roc_auc_score(np.arange(len(scores)) >= 200, scores) > 0.9


def test_scores_are_those_of_a_loop_by_hand(on_the_sheet):
    new = sheet(5, np.random.default_rng(5))
    learnt = on_the_sheet.embedding_.vectors.astype(float)
    k = on_the_sheet.n_neighbors

    def near(point, others):
        return np.argsort(np.linalg.norm(others - point, axis=1), kind="stable")[:k]

    def reach(point, others):
        """Mean reachability distance from the neighbours."""
        reached = []
        for other in near(point, others):
            rest = np.delete(learnt, np.flatnonzero((learnt == others[other]).all(axis=1))[0], axis=0)
            radius = np.sort(np.linalg.norm(rest - others[other], axis=1))[k - 1]
            reached.append(max(radius, np.linalg.norm(point - others[other])))
        return np.mean(reached)

    usual, spread = on_the_sheet._usual
    for row in new:
        vector = on_the_sheet.transform(row[None])[0]
        own = reach(vector, learnt)
        densities = [1 / reach(learnt[i], np.delete(learnt, i, axis=0)) for i in near(vector, learnt)]
        factor = np.mean(densities) * own
        error = ((on_the_sheet.reconstruct(row[None]) - row)[0] ** 2 / on_the_sheet._unit**2).sum()
        density, reconstruction = (np.log([factor, error]) - usual) / spread
        found = {by: on_the_sheet.anomaly_scores(row[None], by)[0] for by in ("density", "reconstruction", "both")}
        assert found["density"] == pytest.approx(density, abs=1e-3)  # vectors are kept in float32
        assert found["reconstruction"] == pytest.approx(reconstruction, abs=1e-9)
        assert found["both"] == pytest.approx(found["density"] + on_the_sheet.error_weight * found["reconstruction"])


def test_neighbours_of_digits_are_of_their_kind(digits, of_digits):
    assert of_digits.embedding_.vectors.shape == (900, 8)
    assert list(of_digits.embedding_.metadata["label"]) == list(digits.labels)
    assert neighbour_agreement(of_digits.embedding_, digits.labels) > 0.85
    dealt = np.random.default_rng(0).permutation(digits.labels)
    assert neighbour_agreement(of_digits.embedding_, dealt) < 0.2
    np.testing.assert_allclose(of_digits.transform(digits), of_digits.embedding_.vectors, atol=1e-5)


def test_images_are_given_back_as_images(digits, of_digits):
    back = of_digits.reconstruct(digits)
    assert isinstance(back, Images)
    assert (list(back.names), list(back.labels)) == (list(digits.names), list(digits.labels))
    error = ((back.pixels - digits.pixels) ** 2).mean()
    assert error < 0.5 * ((digits.pixels - digits.pixels.mean(axis=0)) ** 2).mean()
    assert list(of_digits.history_.columns) == ["epoch", "loss", "seconds"]
    assert of_digits.history_["loss"].iloc[-1] < of_digits.history_["loss"].iloc[0]


def test_what_is_no_digit_scores_higher_than_digits(digits, of_digits):
    new = load("images").subset(np.arange(900, 1200))
    noise = Images(np.random.default_rng(0).random((300, 8, 8)))
    for strange in (noise, Images(1 - new.pixels), Images(np.zeros((3, 8, 8)))):
        both = np.concatenate([of_digits.anomaly_scores(new), of_digits.anomaly_scores(strange)])
        assert roc_auc_score(np.arange(len(both)) >= len(new), both) > 0.95
    np.testing.assert_array_equal(of_digits.score_samples(new), -of_digits.anomaly_scores(new))


def test_a_row_alone_is_like_among_others(digits, of_digits):
    some = digits.subset(np.arange(7))
    alone = [of_digits.transform(some.subset([i]))[0] for i in range(7)]
    np.testing.assert_allclose(of_digits.transform(some), alone, atol=1e-9)
    np.testing.assert_allclose(of_digits.transform(some.to_matrix()), alone, atol=1e-9)


def test_the_same_seed_gives_the_same_vectors_and_leaves_torchs_own_generator_alone(digits):
    few = digits.subset(np.arange(100))
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first, second = (Autoencoder(n_dims=4, epochs=2, random_state=3).fit(few).embedding_.vectors for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(first, second)
    assert (first != Autoencoder(n_dims=4, epochs=2, random_state=4).fit(few).embedding_.vectors).any()


def test_it_stops_when_what_it_did_not_learn_is_no_longer_given_back_better(digits):
    model = Autoencoder(n_dims=2, epochs=60, validation_fraction=0.3, patience=2, learning_rate=0.05, random_state=0)
    history = model.fit(digits.subset(np.arange(60))).history_
    assert len(history) < 60
    assert history["validation_loss"].idxmin() == len(history) - 3


def test_nothing_is_distorted_by_a_strength_of_nothing_and_ink_stays_otherwise():
    images = torch.zeros(50, 12, 12)
    images[:, 3:9, 5:7] = 1
    generator = torch.Generator().manual_seed(0)
    torch.testing.assert_close(distorted(images, 0, generator), images, atol=1e-5, rtol=0)
    changed = distorted(images, 1, generator)
    assert (changed != images).flatten(1).any(dim=1).all()
    ink = changed.sum(dim=(1, 2)) / images.sum(dim=(1, 2))
    assert 0.9 < ink.mean() < 1.15
    columns = torch.arange(12.0)
    centre = (changed.sum(dim=1) * columns).sum(dim=1) / changed.sum(dim=(1, 2))
    assert 0.1 < (centre - 5.5).abs().mean() < 1


def test_a_data_frame_and_constant_columns_are_taken():
    table = pd.DataFrame({"a": np.linspace(0, 1, 97), "b": 0.1})  # the mean of so many 0.1 is not 0.1
    model = Autoencoder(n_dims=1, hidden=(4,), epochs=5, random_state=0).fit(table)
    assert model.reconstruct(table)[:, 1] == pytest.approx(0.1, abs=2)
    moved = model.anomaly_scores(table.assign(b=0.1 + 1e-9))
    assert moved == pytest.approx(model.anomaly_scores(table), abs=1e-3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_dims": 0}, "n_dims is 0, expected a whole number of at least 1"),
        ({"n_dims": 2.5}, "n_dims is 2.5, expected"),
        ({"n_dims": "4"}, "n_dims is '4', expected"),
        ({"n_dims": None}, "n_dims is None, expected"),
        ({"n_dims": np.nan}, "n_dims is nan, expected"),
        ({"epochs": 1.5}, "epochs is 1.5, expected"),
        ({"batch_size": 1}, "batch_size is 1, expected a whole number of at least 2"),
        ({"patience": 0}, "patience is 0, expected a whole number of at least 1"),
        ({"hidden": (8, 0)}, r"hidden\[1\] is 0, expected a whole number of at least 1"),
        ({"hidden": 8}, r"hidden is 8, expected the sizes of layers, such as \(64,\)"),
        ({"n_neighbors": 900}, "900 samples to learn from, expected more than n_neighbors=900"),
        ({"validation_fraction": 0.99}, "9 samples to learn from, expected more than n_neighbors=10"),
        ({"validation_fraction": 1}, "validation_fraction is 1, expected a number of at least 0 and below 1"),
        ({"distortion": -1}, "distortion is -1, expected a number of at least 0"),
        ({"learning_rate": 0}, "learning_rate is 0, expected a number above 0"),
        ({"learning_rate": np.inf}, "learning_rate is inf, expected a number above 0"),
        ({"learning_rate": 1e9}, "learning_rate is 1000000000.0, expected a number above 0 and of at most 10"),
        ({"device": "tpu"}, "device is 'tpu', expected one that this machine has"),
    ],
)
def test_parameters_out_of_range_are_refused(digits, changed, message):
    with pytest.raises(ValueError, match=message):
        clone(QUICK).set_params(**changed).fit(digits)


def test_a_saved_model_gives_what_the_fitted_one_gives(tmp_path, digits, of_digits, on_the_sheet):
    few = digits.subset(np.arange(20))
    rows = sheet(9, np.random.default_rng(6))
    for name, model, things in (("images", of_digits, few), ("table", on_the_sheet, rows)):
        torch.manual_seed(5)
        state = torch.get_rng_state()
        again = Autoencoder.load(model.save(tmp_path / name))
        assert torch.equal(torch.get_rng_state(), state)
        assert again.get_params() == model.get_params()
        for by in ("both", "density", "reconstruction"):
            np.testing.assert_array_equal(again.anomaly_scores(things, by), model.anomaly_scores(things, by))
        np.testing.assert_array_equal(again.transform(things), model.transform(things))
        np.testing.assert_array_equal(again.embedding_.vectors, model.embedding_.vectors)
        assert again.embedding_.metadata.equals(model.embedding_.metadata)
    again = Autoencoder.load(tmp_path / "images")
    np.testing.assert_array_equal(again.reconstruct(few).pixels, of_digits.reconstruct(few).pixels)
    with pytest.raises(ValueError, match="shelf: images of 4 × 16, expected 8 × 8 as in fit"):
        again.transform(Images(np.zeros((2, 4, 16)), source="shelf"))


def test_a_model_of_named_columns_is_saved_with_what_other_parameters_it_had_when_fitted(tmp_path):
    table = pd.DataFrame(sheet(30, np.random.default_rng(0)), columns=list("abcdefghij"))
    model = Autoencoder(n_dims=2, hidden=(4,), epochs=1, random_state=0).fit(table)
    again = Autoencoder.load(model.set_params(n_dims=9, n_neighbors=25, hidden=(7, 7)).save(tmp_path / "model"))
    np.testing.assert_array_equal(again.anomaly_scores(table), model.anomaly_scores(table))
    with pytest.raises(ValueError, match="feature names should match"):
        again.transform(table.rename(columns={"a": "z"}))


def test_other_images_and_other_scores_are_refused(digits, of_digits):
    with pytest.raises(ValueError, match="shelf: images of 4 × 16, expected 8 × 8 as in fit"):
        of_digits.transform(Images(np.zeros((2, 4, 16)), source="shelf"))
    with pytest.raises(ValueError, match="Unknown score 'distance', expected one of: both, density, reconstruction"):
        of_digits.anomaly_scores(digits, "distance")
    with pytest.raises(ValueError, match="contains NaN"):
        clone(QUICK).fit(np.full((20, 3), np.nan))
    with pytest.raises(ValueError, match=r"The vectors have shape \(2, 3\), expected \(n, 8\)"):
        of_digits.inverse_transform(np.zeros((2, 3)))


@pytest.mark.real("mnist-test")
def test_neighbours_of_digits_are_digits_of_the_kind_more_often_than_by_pixels():
    digits = load("images", "mnist-test")
    vectors = Autoencoder(n_dims=32, epochs=5, random_state=0).fit(digits).embedding_
    pixels = Embedding(digits.to_matrix(), digits.names)
    found, rival = (
        search_scores_by_label(space, digits.labels, asked=np.arange(2000))["precision@10"].mean()
        for space in (vectors, pixels)
    )
    assert rival == pytest.approx(0.895, abs=0.001)
    assert found > 0.90
