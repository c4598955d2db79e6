"""The twins: sizes, planted structure, and nulls that must fail."""

import numpy as np
import pytest

from research_lib.datasets.synthetic.topics import (
    GENERIC,
    book_links_twin,
    checkerboard,
    planted_topics,
    shuffled_pairs,
)


def share_on_topic(twin, row_topics):
    """Share of the pairs with a link that has a topic whose link has the topic of the book."""
    rows, cols = twin.pairs.T
    topics = twin.col_metadata["topic"].to_numpy()[cols]
    return (row_topics[rows] == topics)[topics != GENERIC].mean()


@pytest.fixture(scope="module")
def full_twin():
    return book_links_twin(random_state=0)


def test_planted_topics_shape_the_pairs_and_shuffled_topics_do_not():
    twin = planted_topics()
    assert (twin.n_rows, twin.n_cols, twin.axes) == (300, 200, ("book", "link"))
    topics = twin.row_metadata["topic"].to_numpy()
    assert share_on_topic(twin, topics) > 0.65
    assert share_on_topic(twin, np.random.default_rng(0).permutation(topics)) < 0.35  # the measure can fail


def test_second_topic_is_weaker_than_the_main_one_and_stronger_than_chance():
    twin = planted_topics(n_rows=2000, n_cols=1000, n_topics=10)
    second = twin.row_metadata["second_topic"].to_numpy()
    assert (second != twin.row_metadata["topic"]).all()
    main, other = share_on_topic(twin, twin.row_metadata["topic"].to_numpy()), share_on_topic(twin, second)
    assert main > 2 * other
    assert other > 1.5 * share_on_topic(twin, np.random.default_rng(0).permutation(second))


def test_shares_are_those_asked_for():
    twin = planted_topics(
        4000, 40_000, 4, main=0.5, second=0.2, generic=0.2, generic_cols=0.1, zipf=0, min_rows_per_col=0
    )
    rows, cols = twin.pairs.T
    topic = twin.col_metadata["topic"].to_numpy()[cols]
    # The last tenth comes from anywhere: a tenth of it from generic links, a fourth of the rest from each topic.
    assert (topic == GENERIC).mean() == pytest.approx(0.2 + 0.1 * 0.1, abs=0.02)
    assert (topic == twin.row_metadata["topic"].to_numpy()[rows]).mean() == pytest.approx(0.5 + 0.1 * 0.9 / 4, abs=0.03)
    only_main = planted_topics(main=1, second=0, generic=0)
    assert share_on_topic(only_main, only_main.row_metadata["topic"].to_numpy()) == 1


def test_same_seed_same_table_other_seed_another():
    first, again, other = (planted_topics(random_state=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.pairs, again.pairs)
    assert first.row_metadata.equals(again.row_metadata)
    assert not np.array_equal(first.pairs, other.pairs)


@pytest.mark.parametrize("sizes", [(300, 200, 5), (7, 40, 7), (40, 7, 1), (50, 60, 1)])
def test_every_row_and_column_is_used_and_no_pair_stands_twice(sizes):
    twin = planted_topics(*sizes, generic_cols=0, min_rows_per_col=3)
    assert len(np.unique(twin.keys())) == len(twin)
    assert np.bincount(twin.pairs[:, 0], minlength=sizes[0]).min() >= 1
    assert np.bincount(twin.pairs[:, 1], minlength=sizes[1]).min() >= 3
    assert sorted(set(twin.row_metadata["topic"])) == list(range(sizes[2]))


def test_popular_links_and_long_books_have_a_long_tail():
    twin = planted_topics(n_rows=5000, n_cols=2000, n_topics=10)
    per_col, per_row = (np.bincount(side) for side in (twin.pairs[:, 1], twin.pairs[:, 0]))
    assert per_col.max() > 10 * np.median(per_col)
    assert per_row.max() > 4 * np.median(per_row)
    flat = planted_topics(n_rows=5000, n_cols=2000, n_topics=10, zipf=0, spread=0, generic=0)
    assert np.bincount(flat.pairs[:, 1]).max() < 4 * np.median(np.bincount(flat.pairs[:, 1]))


@pytest.mark.parametrize(
    "wrong",
    [{"n_topics": 301}, {"main": 0.9}, {"generic": -0.1}, {"links_per_row": 0}, {"min_rows_per_col": 301}],
)
def test_impossible_sizes_and_shares_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong)) if "n_topics" not in wrong else "topics for"):
        planted_topics(**wrong)


def test_twin_of_the_full_table_has_its_size(full_twin):
    assert (full_twin.n_rows, full_twin.n_cols) == (37_020, 41_758)
    assert len(full_twin) == len(np.unique(full_twin.keys())) >= 600_000
    assert np.bincount(full_twin.pairs[:, 1], minlength=full_twin.n_cols).min() >= 4
    assert np.bincount(full_twin.pairs[:, 0], minlength=full_twin.n_rows).min() >= 1


def test_twin_of_the_full_table_is_on_topic_and_shuffled_is_not(full_twin):
    topics = full_twin.row_metadata["topic"].to_numpy()
    assert share_on_topic(full_twin, topics) > 0.65
    assert share_on_topic(full_twin, np.random.default_rng(0).permutation(topics)) < 0.02


def test_small_twin_scales_books_links_and_topics():
    twin = book_links_twin(scale=0.1)
    assert (twin.n_rows, twin.n_cols) == (3702, 4176)


@pytest.mark.parametrize("n", [4, 5, 50])
def test_checkerboard_has_one_right_answer_a_row(n):
    board = checkerboard(n)
    rows, cols = board.pairs.T
    assert ((rows + cols) % 2 == 0).all() and (rows != cols).all()
    whole = checkerboard(n, leave_out=False)
    missing = sorted(set(map(tuple, whole.pairs)) - set(map(tuple, board.pairs)))
    assert missing == [(i, i) for i in range(n)]
    assert len(whole) == ((n + 1) // 2) ** 2 + (n // 2) ** 2


def test_checkerboard_too_small_is_refused():
    with pytest.raises(ValueError, match="at least 4"):
        checkerboard(3)


def test_a_shuffled_table_keeps_how_often_columns_are_and_nothing_else():
    table = planted_topics(n_rows=300, n_cols=50, n_topics=5)
    shuffled = shuffled_pairs(table)
    np.testing.assert_array_equal(shuffled.to_csr().sum(axis=0), table.to_csr().sum(axis=0))
    assert len(shuffled.distinct()) == len(shuffled) == len(table)
    together = [np.corrcoef(each.to_csr().toarray().T) - np.eye(50) for each in (table, shuffled)]
    assert np.abs(together[0]).mean() > 2 * np.abs(together[1]).mean()
    assert (shuffled_pairs(table, 0).pairs == shuffled.pairs).all()
    assert (shuffled_pairs(table, 1).pairs != shuffled.pairs).any()
