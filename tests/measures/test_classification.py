import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from research_lib.containers.interactions import Interactions
from research_lib.measures.classification import score_features, without_telling_columns


@pytest.fixture(scope="module")
def planted():
    """Three labels of 40 rows: features that tell the label, and noise that does not."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["novel", "play", "poem"], 40)
    corners = np.eye(3)[np.repeat(range(3), 40)]
    return labels, {"told": corners + 0.2 * rng.normal(size=corners.shape), "noise": rng.normal(size=(120, 3))}


def accuracies(scores):
    return scores.groupby(["features", "per label"])["accuracy"].mean().unstack()


def test_features_that_know_the_label_tell_it_and_noise_does_not(planted):
    labels, features = planted
    mean = accuracies(score_features(features, labels, (3, None)))
    assert mean.loc["told"].min() > 0.95
    assert mean.loc["noise"].max() < 0.5
    assert np.allclose(mean.loc["majority"], 1 / 3)


def test_shuffled_labels_cannot_be_told(planted):
    labels, features = planted
    shuffled = np.random.default_rng(1).permutation(labels)
    assert accuracies(score_features(features, shuffled)).loc["told"].item() < 0.5


def test_every_label_has_the_number_of_labelled_rows_or_all_there_are(planted):
    labels, features = planted
    scores = score_features(features, labels, (3, 50, None), n_splits=4)
    assert len(scores) == 3 * 3 * 4
    rows = scores.groupby("per label", sort=False)["rows"].unique()
    assert [list(numbers) for numbers in rows] == [[9], [90], [90]]


def test_every_row_is_asked_once_and_never_told_in_its_fold():
    """Features that only say which row it is say nothing about other rows."""
    labels = np.tile(["a", "b"], 10)
    scores = score_features({"row": np.eye(20)}, labels, n_splits=5)
    assert set(scores["rows"]) == {16}
    assert scores.query("features == 'row'")["accuracy"].mean() == 0.5


def test_rows_without_a_label_are_left_out_and_sparse_is_as_dense(planted):
    labels, features = planted
    more = pd.Series([*labels, None, np.nan])
    told = np.vstack([features["told"], np.full((2, 3), 9)])
    dense = score_features({"told": features["told"]}, labels)
    found = score_features({"told": sparse.csr_array(told)}, more)
    pd.testing.assert_frame_equal(dense, found)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(planted):
    labels, features = planted
    first, second, other = (score_features(features, labels, (3,), random_state=seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, second)
    assert not first["accuracy"].equals(other["accuracy"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["a"] * 10}, "1 different labels, expected at least 2"),
        ({"labels": [None] * 10}, "0 different labels"),
        ({"labels": ["a"] * 7 + ["b"] * 3}, "Only 3 rows of 'b', expected at least 5"),
        ({"labels": ["a", "b"] * 6}, "'x' has 10 rows for 12 labels"),
        ({"n_labelled": (0,)}, r"n_labelled\[0\] is 0, expected a whole number of at least 1"),
        ({"n_labelled": ()}, "n_labelled is empty"),
    ],
)
def test_bad_input_gets_one_message(change, message):
    with pytest.raises(ValueError, match=message):
        score_features(**{"features": {"x": np.eye(10)}, "labels": ["a", "b"] * 5} | change)


def test_columns_with_a_word_of_a_label_are_dropped_and_rows_stay():
    books = Interactions.from_lists(
        {
            "Dune": ["Desert", "Science fiction", "sci-fi"],
            "Emma": ["Romance novel", "Jane Austen"],
            "Ulysses": ["Novella", "Dublin", "Dublin"],
        },
        axes=("book", "link"),
        col_metadata=pd.DataFrame({"number": range(7)}),
    )
    found, labels = without_telling_columns(books, ["Science fiction", "Novel of manners", None])
    assert list(found.col_names) == ["Desert", "sci-fi", "Jane Austen", "Dublin"]  # "of" is too short to tell
    assert list(found.col_metadata["number"]) == [0, 2, 4, 6]
    assert [found.cols_of(name) for name in books.row_names] == [["Desert", "sci-fi"], ["Jane Austen"], ["Dublin"]]
    assert len(found) == 5
    assert list(labels) == ["Science fiction", "Novel of manners", None]
    assert list(without_telling_columns(books, [None] * 3)[0].col_names) == list(books.col_names)


def test_rows_without_columns_and_rarer_labels_are_not_asked():
    table = Interactions.from_lists({"a": ["dye", "red"], "b": ["dye"], "c": ["uv", "red"], "d": ["sun"]})
    told, labels = without_telling_columns(table, ["dye", "dye", "uv", "film"], n_labels=1)
    assert list(told.col_names) == ["red", "uv", "sun"]
    assert list(labels) == ["dye", None, None, None]  # b has no column left
    told, _ = without_telling_columns(table, ["dye", "dye", "uv", "film"])
    assert list(told.col_names) == ["red", "sun"]  # short names count where they are all of a name
    with pytest.raises(ValueError, match="Every column has a word of a label in its name"):
        without_telling_columns(table, ["dye", "red", "uv", "sun"])
    with pytest.raises(ValueError, match="1 labels for 4 rows, expected one a row"):
        without_telling_columns(table, ["dye"])
