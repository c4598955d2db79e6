import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from research_lib.containers.embedding import Embedding
from research_lib.measures.agreement import neighbour_agreement, search_scores_by_label
from research_lib.measures.retrieval import fused, search_scores


def judged_by_loops(scores, relevant, k):
    """Every measure of every query, as the books define them."""
    rows = []
    for query, answers in zip(scores, relevant, strict=True):
        order = sorted(range(len(query)), key=lambda document: -query[document])
        hits = [bool(answers[document] and query[document] > 0) for document in order]
        rows.append((sum(hits[:k]) / k, sum(hits[:k]) / sum(answers), sum(answers) / len(query)))
    return pd.DataFrame(rows, columns=[f"precision@{k}", f"recall@{k}", "chance"])


@given(seed=st.integers(0, 10**6), n_documents=st.integers(1, 9), k=st.integers(1, 12), ties=st.booleans())
def test_measures_are_those_of_a_loop(seed, n_documents, k, ties):
    rng = np.random.default_rng(seed)
    scores = rng.integers(-1, 3, size=(4, n_documents)) if ties else rng.normal(size=(4, n_documents))
    relevant = rng.random((4, n_documents)) < 0.4
    relevant[:, rng.integers(n_documents)] = True
    expected = judged_by_loops(scores, relevant, k)
    pd.testing.assert_frame_equal(search_scores(scores, relevant, k), expected, rtol=1e-6)
    pd.testing.assert_frame_equal(search_scores(scores, sparse.csr_array(relevant), k), expected, rtol=1e-6)


def test_a_perfect_search_scores_1_and_a_random_one_chance():
    rng = np.random.default_rng(0)
    relevant = rng.random((500, 60)) < 0.2
    relevant[:, 0] = True
    perfect = search_scores(relevant.astype(float), relevant, 60)
    assert (perfect["recall@60"] == 1).all()
    random = search_scores(rng.random(relevant.shape), relevant, 6).mean()
    assert random["precision@6"] == pytest.approx(random["chance"], abs=0.03)
    assert random["recall@6"] == pytest.approx(6 / 60, abs=0.03)


@pytest.fixture
def labelled():
    """Five labels around five corners, a row that is alone with its label, and one without any."""
    rng = np.random.default_rng(0)
    labels = [*np.repeat(list("abcde"), 12), "alone", None]
    corners = np.vstack([np.repeat(np.eye(5), 12, axis=0), np.ones((2, 5))])
    return Embedding(corners + 0.2 * rng.normal(size=(62, 5)), [f"row {i}" for i in range(62)]), labels


def test_scores_by_label_are_the_share_of_neighbours_that_agree(labelled):
    embedding, labels = labelled
    scores = search_scores_by_label(embedding, labels, 10)
    assert list(scores.index) == list(embedding.names[:60])
    assert scores["precision@10"].mean() == pytest.approx(neighbour_agreement(embedding, labels, 10, min_count=2))
    assert scores["precision@10"].mean() > 0.9
    assert scores["recall@10"].to_numpy() == pytest.approx(scores["precision@10"] * 10 / 11)
    assert (scores["chance"] == 11 / 61).all()


def test_scores_by_label_are_those_of_a_search_that_a_label_answers(labelled):
    embedding, labels = labelled
    asked = np.arange(0, 60, 7)
    similarity = next(embedding.similarity_blocks(embedding.vectors[asked], "euclidean"))[1] + 100
    relevant = np.array([[labels[i] == label for label in labels] for i in asked])
    similarity[np.arange(len(asked)), asked] = relevant[np.arange(len(asked)), asked] = 0
    expected = search_scores(similarity, relevant, 61).drop(columns="chance")
    found = search_scores_by_label(embedding, labels, 61, asked=asked, metric="euclidean")
    pd.testing.assert_frame_equal(found.drop(columns="chance").reset_index(drop=True), expected, rtol=1e-6)


def test_shuffled_labels_are_found_by_chance(labelled):
    embedding, labels = labelled
    shuffled = np.random.default_rng(0).permutation(np.array(labels, dtype=object))
    scores = search_scores_by_label(embedding, shuffled, 10).mean()
    assert scores["precision@10"] == pytest.approx(scores["chance"], abs=0.05)


def test_fused_is_the_sum_of_reciprocal_places_of_hits():
    first, second = np.array([[0.9, 0.5, 0.0]]), np.array([[0.0, 0.2, 0.1]])
    assert fused(first, second, offset=1) == pytest.approx(np.array([[1 / 2, 1 / 3 + 1 / 2, 1 / 3]]))
    assert (fused(np.zeros((2, 3))) == 0).all()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: search_scores(np.eye(3), np.eye(2)), r"shape \(3, 3\), the answers \(2, 2\)"),
        (lambda: search_scores(np.eye(2), [[1, 0], [0, 0]]), "Query 2 has no document that answers it"),
        (lambda: search_scores(np.eye(2), np.eye(2), 0), "k is 0, expected a whole number of at least 1"),
        (lambda: search_scores_by_label(Embedding(np.eye(3), "abc"), [1, 1]), "2 labels for 3 vectors"),
        (
            lambda: search_scores_by_label(Embedding(np.eye(3), "abc"), [1, 2, None], 1),
            "No row that is asked has a label",
        ),
        (lambda: search_scores_by_label(Embedding(np.eye(3), "abc"), [1, 1, 2], 3), "k is 3, expected 1 to 2"),
    ],
)
def test_bad_input_gets_one_message(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()
