import numpy as np
import pytest
from sklearn.base import clone

from research_lib.containers.embedding import Embedding
from research_lib.datasets.synthetic.topics import checkerboard, planted_topics
from research_lib.measures.agreement import neighbour_agreement
from research_lib.measures.ranking import held_out_ranks, hit_at_k
from research_lib.measures.splits import hold_out
from research_lib.models.baselines.recommenders import EASE, PairSVD, Popularity, RandomVectors

LEARNERS = [PairSVD(n_dims=2, random_state=0), EASE()]


def first_new_col(model, table):
    """The best column of every row that it does not have yet."""
    scores = np.array(model.score_cols(np.arange(table.n_rows)))
    scores[table.to_csr().toarray() > 0] = -np.inf
    return scores.argmax(axis=1)


@pytest.mark.parametrize("model", LEARNERS, ids=repr)
def test_the_left_out_square_of_the_checkerboard_is_recommended(model):
    table = checkerboard(50)
    assert first_new_col(clone(model).fit(table), table).tolist() == list(range(50))


def test_popularity_cannot_know_the_checkerboard():
    table = checkerboard(50)
    right = first_new_col(Popularity().fit(table), table) == np.arange(50)
    assert right.mean() < 0.1


def test_random_vectors_recommend_at_chance_and_repeat_themselves():
    twin = planted_topics(n_rows=300, n_cols=200, n_topics=5)
    train, held_out = hold_out(twin)
    model, again = (RandomVectors(10, random_state=0).fit(train) for _ in range(2))
    hit = hit_at_k(held_out_ranks(model.score_cols, train, held_out), 20)
    assert hit == pytest.approx(20 / 190, abs=0.03)
    np.testing.assert_array_equal(model.row_embedding_.vectors, again.row_embedding_.vectors)


@pytest.mark.parametrize("model", [PairSVD(n_dims=10, random_state=0), EASE()], ids=repr)
def test_planted_topics_are_recommended_and_popularity_falls_behind(model):
    twin = planted_topics(n_rows=300, n_cols=200, n_topics=10, links_per_row=20, main=0.8, generic=0.05, zipf=0.3)
    train, held_out = hold_out(twin)

    def share_of_topic(scorer):
        best = first_new_col(scorer, train)
        return (twin.col_metadata["topic"].to_numpy()[best] == twin.row_metadata["topic"]).mean()

    learnt, popular = clone(model).fit(train), Popularity().fit(train)
    assert share_of_topic(learnt) > 0.85
    assert share_of_topic(popular) < 0.3
    hits = [hit_at_k(held_out_ranks(each.score_cols, train, held_out), 10) for each in (learnt, popular)]
    assert hits[0] > 3 * hits[1]


def test_svd_puts_books_and_links_of_one_topic_together():
    twin = planted_topics(n_rows=300, n_topics=5, random_state=0)
    svd = PairSVD(n_dims=5, random_state=0).fit(twin)
    assert svd.row_embedding_.vectors.shape == (300, 5)
    assert svd.col_embedding_.vectors.shape == (200, 5)
    topic = svd.row_embedding_.metadata["topic"]
    assert neighbour_agreement(svd.row_embedding_, topic) > 0.9
    shuffled = np.random.default_rng(0).permutation(topic)
    assert neighbour_agreement(svd.row_embedding_, shuffled) < 0.35
    assert isinstance(svd.col_embedding_, Embedding) and svd.col_embedding_.names[3] == "link 3"


def test_the_same_seed_gives_the_same_vectors():
    twin = planted_topics(random_state=0)
    one, two = (PairSVD(5, random_state=3).fit(twin).row_embedding_.vectors for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_more_dimensions_than_the_table_has_are_cut():
    assert PairSVD(n_dims=50, random_state=0).fit(checkerboard(10)).row_embedding_.n_dims == 9


def test_popularity_counts_rows_once():
    table = checkerboard(6, leave_out=False)
    twice = table.with_pairs(np.concatenate([table.pairs, table.pairs[:5]]))
    np.testing.assert_array_equal(Popularity().fit(twice).score_cols(np.array([0, 4])), np.full((2, 6), 3))


def test_ease_is_ridge_regression_of_every_column_on_the_others():
    twin = planted_topics(n_rows=30, n_cols=8, n_topics=2, random_state=0)
    model = EASE(penalty=3.0).fit(twin)
    matrix = twin.to_csr().toarray().astype(float)
    for col in range(8):
        others = np.delete(np.arange(8), col)
        x, y = matrix[:, others], matrix[:, col]
        weights = np.linalg.solve(x.T @ x + 3.0 * np.eye(7), x.T @ y)
        np.testing.assert_allclose(model.weights_[others, col], weights, atol=1e-6)
    np.testing.assert_array_equal(np.diag(model.weights_), 0)


@pytest.mark.parametrize("model", [Popularity(), *LEARNERS], ids=repr)
def test_a_batch_scores_like_its_rows_one_by_one(model):
    twin = planted_topics(n_rows=40, n_cols=30, n_topics=3, random_state=0)
    model = clone(model).fit(twin)
    rows = np.array([7, 0, 7, 39])
    together = model.score_cols(rows)
    assert together.shape == (4, 30)
    np.testing.assert_allclose(
        together, np.concatenate([model.score_cols(rows[i : i + 1]) for i in range(4)]), atol=1e-6
    )
