"""What is theirs alone; what holds of every pair model stands in tests/models/pairs/test_every_pair_model.py."""

import numpy as np
import pytest
from sklearn.base import clone

from research_lib.containers.interactions import Interactions
from research_lib.datasets.synthetic.topics import checkerboard, planted_topics
from research_lib.measures.ranking import held_out_ranks, hit_at_k
from research_lib.measures.splits import hold_out
from research_lib.models.baselines import recommenders
from research_lib.models.baselines.recommenders import EASE, PairSVD, Popularity, RandomVectors, RecentPopularity


def test_random_vectors_recommend_at_chance():
    train, held_out = hold_out(planted_topics(n_rows=300, n_cols=200, n_topics=5))
    model = RandomVectors(n_dims=10, random_state=0).fit(train)
    hit = hit_at_k(held_out_ranks(model.score_cols, train, held_out), 20)
    assert hit == pytest.approx(20 / 190, abs=0.03)


@pytest.mark.parametrize("model", [PairSVD(n_dims=10, random_state=0), EASE()], ids=repr)
def test_planted_topics_are_recommended_and_popularity_falls_behind(model):
    twin = planted_topics(n_rows=300, n_cols=200, n_topics=10, links_per_row=20, main=0.8, generic=0.05, zipf=0.3)
    train, held_out = hold_out(twin)

    def share_of_topic(scorer):
        scores = np.array(scorer.score_cols(np.arange(train.n_rows)))
        scores[train.to_csr().toarray() > 0] = -np.inf
        best = scores.argmax(axis=1)
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
    assert list(svd.col_embedding_.names) == list(twin.col_names)


def test_more_dimensions_than_the_table_has_are_cut_with_a_warning():
    with pytest.warns(UserWarning, match="checkerboard: n_dims is 50, the table allows 9") as caught:
        assert PairSVD(n_dims=50, random_state=0).fit(checkerboard(10)).row_embedding_.n_dims == 9
    assert caught[0].filename == __file__


def test_popularity_counts_rows_once():
    table = checkerboard(6, leave_out=False)
    twice = table.with_pairs(np.concatenate([table.pairs, table.pairs[:5]]))
    np.testing.assert_array_equal(Popularity().fit(twice).score_cols(np.array([0, 4])), np.full((2, 6), 3))


def test_recent_popularity_counts_the_last_days():
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-20", "2020-01-21", "2020-01-22"], dtype="datetime64[s]")
    table = Interactions(np.array([[0, 0], [1, 0], [0, 1], [1, 2], [2, 2]]), list("abc"), list("xyz"), times=days)
    model = RecentPopularity(n_days=5).fit(table)
    asked = np.array(["2020-01-03", "2020-01-22"], dtype="datetime64[s]")
    early, late = model.score_at(np.array([0, 0]), asked)
    assert early.argmax() == 0 and late.argmax() == 2
    assert late[1] > late[0]  # one pick of late is more than two long ago
    assert np.array_equal(model.score_cols(np.array([1])), late[None])
    with pytest.raises(ValueError, match="no times, expected when each row–column pair happened"):
        RecentPopularity().fit(table.with_pairs(table.pairs))


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


def test_ease_refuses_a_table_too_wide_to_invert(monkeypatch):
    monkeypatch.setattr(recommenders, "EASE_COLS", 9)
    with pytest.raises(ValueError, match=r"EASE inverts a matrix of 10 × 10: too large\. Keep 9 columns"):
        EASE().fit(checkerboard(10))
