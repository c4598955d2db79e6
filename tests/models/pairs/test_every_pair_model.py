"""What holds of every model that is fitted to pairs and scores columns: learners, and those that learn nothing."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from research_lib import PairEmbedding, SetEmbedding, TwoTower, recommend
from research_lib.checks import UnknownName
from research_lib.containers.interactions import Interactions
from research_lib.datasets.synthetic.topics import checkerboard, planted_topics, shuffled_pairs
from research_lib.measures.agreement import neighbour_agreement
from research_lib.models.baselines.recommenders import EASE, PairSVD, Popularity, RandomVectors, RecentPopularity
from research_lib.models.saving import Saved

POINTWISE = {"n_dims": 8, "epochs": 60, "learning_rate": 0.02, "n_positive": 64, "random_state": 0}
LEARNERS = {
    "mse": PairEmbedding(loss="mse", **POINTWISE),
    "bce": PairEmbedding(loss="bce", **POINTWISE),
    "sets": SetEmbedding(n_dims=8, epochs=60, n_positive=64, random_state=0),
    "towers": TwoTower(n_dims=8, days=7, n_recent=3, epochs=30, batch_size=32, random_state=0),
    "svd": PairSVD(n_dims=2, random_state=0),
    "ease": EASE(),
}
NULLS = {
    "random": RandomVectors(n_dims=8, random_state=0),
    "popularity": Popularity(),
    "recent popularity": RecentPopularity(n_days=5),
}
MODELS = LEARNERS | NULLS
SEEDED = [name for name, model in MODELS.items() if "random_state" in model.get_params()]
SAVED = [name for name, model in MODELS.items() if isinstance(model, Saved)]
N = 20
ROWS = np.arange(N)


def dated(table):
    """The table with a day for every pair; on none of them is there more to see than on others."""
    days = np.random.default_rng(0).integers(0, 30, len(table))
    return table.with_pairs(table.pairs, np.datetime64("2020-01-01T12:00:00") + days.astype("timedelta64[D]"))


BOARD = dated(checkerboard(N))
OBLONG = dated(Interactions(BOARD.pairs, BOARD.row_names, [*BOARD.col_names, "one more"], BOARD.row_metadata))


@pytest.fixture(scope="module")
def fitted():
    """Each model, fitted to the checkerboard when a test first asks for it."""
    models = {}

    def get(name):
        if name not in models:
            models[name] = clone(MODELS[name]).fit(BOARD)
        return models[name]

    return get


def share_right(model, table):
    """How many rows get as their first new column the one that was left out of the checkerboard."""
    scores = np.array(model.score_cols(ROWS))
    scores[table.to_csr().toarray() > 0] = -np.inf
    return (scores.argmax(axis=1) == ROWS).mean()


@pytest.mark.parametrize("name", LEARNERS)
def test_the_left_out_square_of_the_checkerboard_is_recommended(name, fitted):
    model = fitted(name)
    assert share_right(model, BOARD) == 1
    scores, same = model.score_cols(ROWS), (ROWS[:, None] + ROWS) % 2 == 0
    assert scores[same].min() > scores[~same].max()  # even rows like even columns


@pytest.mark.parametrize("name", NULLS)
def test_what_learns_nothing_cannot_know_the_checkerboard(name, fitted):
    assert share_right(fitted(name), BOARD) < 0.3


TWIN = planted_topics(n_rows=300, n_cols=200, n_topics=5)
FOR_TOPICS = {
    "mse": {"n_dims": 16, "epochs": 40, "learning_rate": 0.01, "n_positive": 256},
    "bce": {"n_dims": 16, "epochs": 40, "learning_rate": 0.01, "n_positive": 256},
    "sets": {"n_dims": 16, "epochs": 20, "n_positive": 256},
    "svd": {"n_dims": 5},
}


@pytest.mark.parametrize("name", FOR_TOPICS)
def test_neighbours_share_the_planted_topic(name):
    model = clone(MODELS[name]).set_params(**FOR_TOPICS[name]).fit(TWIN)
    for embedding, least in ((model.row_embedding_, 0.75), (model.col_embedding_, 0.5)):
        topics = embedding.metadata["topic"]
        assert neighbour_agreement(embedding, topics) > least
        assert neighbour_agreement(embedding, np.random.default_rng(0).permutation(topics)) < 0.4
    if name != "svd":  # cosines, and something has been learnt on the way to them
        row, col = model.row_embedding_.vectors[7], model.col_embedding_.vectors[11]
        cosine = row @ col / np.linalg.norm(row) / np.linalg.norm(col)
        assert model.score_cols(np.array([3, 7]))[1, 11] == pytest.approx(cosine, abs=1e-5)
        assert model.history_["loss"].iloc[-1] < 0.8 * model.history_["loss"].iloc[0]


@pytest.mark.parametrize("name", LEARNERS)
def test_shuffled_pairs_teach_nothing(name):
    shuffled = dated(shuffled_pairs(BOARD))
    assert share_right(clone(MODELS[name]).fit(shuffled), shuffled) < 0.3


@pytest.mark.parametrize("name", MODELS)
def test_a_batch_scores_like_its_rows_one_by_one(name, fitted):
    rows = np.array([7, 0, 7, 19])
    together = fitted(name).score_cols(rows)
    assert together.shape == (4, N)
    alone = np.concatenate([fitted(name).score_cols(rows[[k]]) for k in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("name", SEEDED)
def test_the_same_seed_gives_the_same_scores(name, fitted):
    again, other = (clone(MODELS[name]).set_params(random_state=seed).fit(BOARD).score_cols(ROWS) for seed in (0, 1))
    np.testing.assert_array_equal(again, fitted(name).score_cols(ROWS))
    assert not np.array_equal(again, other)


@pytest.mark.parametrize("name", SAVED)
def test_saved_and_loaded_is_the_same(name, fitted, tmp_path):
    model = fitted(name)
    again = type(model).load(model.save(tmp_path / "model.safetensors"))
    assert again.get_params() == model.get_params()
    assert vars(again).keys() == vars(model).keys()
    if hasattr(model, "history_"):
        assert again.history_.equals(model.history_)
    np.testing.assert_array_equal(again.score_cols(ROWS), model.score_cols(ROWS))
    assert recommend(again, BOARD, "row 3").equals(recommend(model, BOARD, "row 3"))


@pytest.mark.parametrize("name", MODELS)
def test_only_new_columns_are_recommended(name, fitted):
    found = recommend(fitted(name), BOARD, "row 3", n=99)
    assert set(found["name"]) == set(BOARD.col_names) - set(BOARD.cols_of("row 3"))
    assert found["score"].is_monotonic_decreasing
    assert found["topic"].tolist() == [int(column.split()[1]) % 2 for column in found["name"]]
    with pytest.raises(UnknownName, match=r"No row 'rw 3' among 20\. Did you mean 'row 3'"):
        recommend(fitted(name), BOARD, "rw 3")
    with pytest.raises(ValueError, match="n is 0"):
        recommend(fitted(name), BOARD, "row 3", n=0)


@pytest.mark.parametrize("name", MODELS)
def test_axes_the_wrong_way_round_are_noticed(name):
    turned = Interactions(OBLONG.pairs[:, ::-1], OBLONG.col_names, OBLONG.row_names)
    model = clone(MODELS[name])
    if "epochs" in model.get_params():
        model.set_params(epochs=1)
    assert model.fit(OBLONG).score_cols(ROWS).shape == (N, N + 1)
    with pytest.raises(
        ValueError, match=r"scores 21 columns, memory has 20\. Was it .* with the axes the right way round"
    ):
        recommend(model, turned, "column 3")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_was_not_fitted_says_so(name, tmp_path):
    model = clone(MODELS[name])
    with pytest.raises(NotFittedError, match=f"This {type(model).__name__} instance is not fitted yet"):
        model.score_cols(ROWS)
    if hasattr(model, "score_at"):
        with pytest.raises(NotFittedError):
            model.score_at(ROWS, BOARD.times[:N])
    if hasattr(model, "save"):
        with pytest.raises(NotFittedError):
            model.save(tmp_path / "model.safetensors")


@pytest.mark.parametrize("name", MODELS)
def test_what_is_not_a_table_is_refused(name):
    with pytest.raises(TypeError, match=r"^fit takes Interactions, not ndarray; see Interactions\.from_lists\.$"):
        clone(MODELS[name]).fit(np.zeros((3, 2)))


@pytest.mark.parametrize("name", MODELS)
def test_parameters_are_stored_untouched(name):
    model = MODELS[name]
    assert clone(model).get_params() == model.get_params()
    assert vars(type(model)()).keys() == model.get_params().keys()  # a constructor does nothing else
    assert type(model).__name__ in repr(model) and "random_state=1" in repr(RandomVectors(random_state=1))
    with pytest.raises(ValueError, match="Invalid parameter 'epoch'"):
        clone(model).set_params(epoch=1)


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        *((name, "n_dims", value) for name in SEEDED for value in (0, 2.5, "4", None)),
        *((name, "epochs", value) for name in ("mse", "sets", "towers") for value in (0, 1.5, None)),
        *((name, "learning_rate", value) for name in ("mse", "sets", "towers") for value in (0, -1, np.nan, np.inf)),
        *((name, "dropout", value) for name in ("sets", "towers") for value in (-0.1, 1)),
        *((name, "temperature", 0) for name in ("sets", "towers")),
        *((name, "patience", 0) for name in ("mse", "sets")),
        *((name, "max_candidates", 0) for name in ("sets", "towers")),
        ("mse", "negative_ratio", 0),
        ("mse", "n_positive", 0),
        ("sets", "kept_weight", -1),
        ("sets", "name_ngrams", (5, 3)),
        ("sets", "name_ngrams", (3,)),
        ("towers", "days", 0),
        ("towers", "n_recent", -1),
        ("towers", "batch_size", 0),
        ("towers", "smoothness", -1),
        ("ease", "penalty", 0),
        ("ease", "penalty", np.nan),
        ("recent popularity", "n_days", 0),
    ],
)
def test_a_parameter_out_of_its_range_is_named(name, parameter, value):
    with pytest.raises(
        ValueError, match=f"^{parameter} is {'.*' if isinstance(value, tuple) else repr(value)}, expected"
    ):
        clone(MODELS[name]).set_params(**{parameter: value}).fit(BOARD)
