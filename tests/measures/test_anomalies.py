import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils.estimator_checks import parametrize_with_checks

from research_lib.containers.images import Images
from research_lib.datasets import load
from research_lib.measures.anomalies import alarm_threshold, auroc, auroc_by_label, score_left_out, split_without
from research_lib.models.baselines.detectors import PCAReconstruction, usual_detectors
from research_lib.models.images.autoencoder import Autoencoder


@parametrize_with_checks([PCAReconstruction(n_dims=1)])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


class Chance:
    """A detector that knows nothing."""

    def get_params(self, deep=False):
        return {}

    def fit(self, X):
        return self

    def score_samples(self, X):
        return np.random.default_rng(0).random(len(X))


def planted(n=150, n_dims=6, seed=0):
    """Three labels, each a cluster around a direction of its own."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(["a", "b", "c"], n)
    return np.repeat(4 * np.eye(n_dims)[:3], n, axis=0) + 0.5 * rng.normal(size=(3 * n, n_dims)), labels


def test_half_of_the_normal_is_learnt_and_all_else_is_scored():
    _, labels = planted()
    normal, rest = split_without("b", labels, random_state=1)
    assert len(normal) == 150 and "b" not in labels[normal]
    assert sorted([*normal, *rest]) == list(range(450))
    order = np.random.default_rng(1).permutation(np.flatnonzero(labels != "b"))  # the published protocol
    assert list(normal) == list(order[:150])


def test_every_detector_finds_a_planted_label_and_chance_does_not():
    rows, labels = planted()
    detectors = usual_detectors(2) | {"chance": Chance()}
    scores, fitted = score_left_out(detectors, rows, labels, "c")
    assert list(fitted) == list(detectors)
    assert list(scores.columns) == ["label", "anomalous", *detectors]
    assert (scores["anomalous"] == (labels[scores.index] == "c")).all()
    area = auroc(scores)
    assert (area.drop("chance") > 0.95).all()
    assert 0.4 < area["chance"] < 0.6


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    rows, labels = planted(10)
    scores, _ = score_left_out({"chance": Chance()}, rows, labels, "a")
    pairs = [
        (high > low) + 0.5 * (high == low)
        for high in scores.loc[scores["anomalous"], "chance"]
        for low in scores.loc[~scores["anomalous"], "chance"]
    ]
    assert auroc(scores)["chance"] == pytest.approx(np.mean(pairs))


def test_every_label_is_left_out_with_every_seed():
    rows, labels = planted(40)
    table = auroc_by_label(usual_detectors(2), rows, labels, random_states=(0, 1))
    assert list(table.index) == [(label, seed) for seed in (0, 1) for label in "abc"]
    assert table.index.names == ["label", "seed"]
    alone = auroc(score_left_out(usual_detectors(2, 1), rows, labels, "b", 1)[0])
    np.testing.assert_array_equal(table.loc[("b", 1)], alone)
    some = auroc_by_label(usual_detectors(2), rows, labels, only=["b"])
    assert list(some.index) == [("b", 0)]


def test_images_are_scored_as_their_pixels_are():
    rows, labels = planted(30, 8)
    rows = (rows - rows.min()) / np.ptp(rows)
    images = Images(rows.reshape(-1, 2, 4), labels)
    of_images = score_left_out(usual_detectors(2), images, images.labels, "a")[0]
    of_rows = score_left_out(usual_detectors(2), images.to_matrix(), labels, "a")[0]
    np.testing.assert_allclose(of_images[list(usual_detectors())], of_rows[list(usual_detectors())])


def test_what_principal_components_miss_is_what_they_do_not_span():
    rng = np.random.default_rng(0)
    plane = rng.normal(size=(100, 2)) @ rng.normal(size=(2, 5))
    detector = PCAReconstruction(n_dims=2).fit(plane)
    np.testing.assert_allclose(detector.score_samples(plane), 0, atol=1e-12)
    normal = np.linalg.svd(plane - plane.mean(axis=0))[2][-1]
    np.testing.assert_allclose(detector.score_samples(plane + 3 * normal), -9)


@given(st.integers(40, 400), st.floats(0.03, 0.9), st.integers(0, 5))
def test_no_more_than_the_stated_share_is_above_the_threshold(n, false_alarms, seed):
    scores = np.random.default_rng(seed).random(n)
    above = (scores > alarm_threshold(scores, false_alarms)).sum()
    assert above <= (n + 1) * false_alarms < above + 2


def test_false_alarms_are_kept_on_what_was_not_scored():
    rng = np.random.default_rng(0)
    rates = [(rng.normal(size=500) > alarm_threshold(rng.normal(size=99), 0.1)).mean() for _ in range(200)]
    assert np.mean(rates) == pytest.approx(0.1, abs=0.01)
    assert (rng.normal(3, size=500) > alarm_threshold(rng.normal(size=99), 0.1)).mean() > 0.8


@pytest.mark.parametrize(
    ("labels", "label", "error", "message"),
    [
        (["a"] * 5, "a", ValueError, "All 5 things have the label 'a', expected at least two labels"),
        (None, "a", ValueError, "labels are None, expected one a thing"),
        (["1", "1", "2"], "3", KeyError, "No label '3' among 2"),
        ([1, 1, 2], 3, KeyError, "No label '3' among 2"),
    ],
)
def test_labels_that_are_not_there_are_refused(labels, label, error, message):
    with pytest.raises(error, match=message):
        split_without(label, labels)


def test_every_thing_needs_a_label():
    rows, labels = planted(10)
    with pytest.raises(ValueError, match="29 labels for 30 things, expected one a thing"):
        score_left_out({"chance": Chance()}, rows, labels[1:], "a")


@pytest.mark.parametrize(
    ("n", "false_alarms", "message"),
    [
        (18, 0.05, "18 normal scores are too few for false_alarms=0.05, expected at least 19"),
        (9, 0, "false_alarms is 0, expected a number above 0 and below 1"),
    ],
)
def test_a_threshold_needs_enough_scores(n, false_alarms, message):
    with pytest.raises(ValueError, match=message):
        alarm_threshold(np.arange(n), false_alarms)


@pytest.mark.real("mnist-test")
def test_a_digit_that_was_left_out_is_found_where_the_usual_detectors_fail():
    digits = load("images", "mnist-test")
    detectors = usual_detectors(32) | {"ours": Autoencoder(n_dims=32, epochs=5, random_state=0)}
    areas = auroc(score_left_out(detectors, digits, digits.labels, "1")[0])
    assert areas["local outlier factor"] == pytest.approx(0.611, abs=0.005)
    assert areas["ours"] > 0.92


def test_labels_and_scores_that_cannot_be_used_are_refused():
    with pytest.raises(ValueError, match="Thing 2 has no label"):
        split_without("a", ["a", None, "b"])
    with pytest.raises(ValueError, match="Only 1 thing is not 'a'"):
        split_without("a", ["a", "b"])
    with pytest.raises(ValueError, match="A normal score is not finite"):
        alarm_threshold(np.append(np.arange(50.0), np.nan))
