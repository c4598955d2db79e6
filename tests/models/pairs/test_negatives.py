import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.containers.interactions import Interactions
from research_lib.datasets.synthetic.topics import planted_topics
from research_lib.models.pairs.negatives import NegativeSampler


def table(pairs, n_rows=4, n_cols=5):
    return Interactions(np.array(pairs), range(n_rows), range(n_cols))


def test_no_negative_is_a_positive_against_a_loop():
    twin = planted_topics(n_rows=60, n_cols=40, n_topics=4)
    positives = {tuple(pair) for pair in twin.pairs.tolist()}
    rows, cols = NegativeSampler(twin).draw(20_000, np.random.default_rng(0))
    for pair in zip(rows.tolist(), cols.tolist(), strict=True):
        assert pair not in positives


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=19))
def test_every_negative_is_drawn_and_nothing_else(positives):
    rows, cols = NegativeSampler(table(sorted(positives))).draw(2000, np.random.default_rng(0))
    drawn = set(zip(rows.tolist(), cols.tolist(), strict=True))
    assert drawn == {(row, col) for row in range(4) for col in range(5)} - positives


def test_negatives_are_uniform():
    rows, cols = NegativeSampler(table([(0, 0), (0, 1), (3, 4)])).draw(170_000, np.random.default_rng(0))
    counts = np.bincount(rows * 5 + cols, minlength=20)
    assert np.ptp(counts[counts > 0]) < 6 * np.sqrt(10_000)  # 17 cells of 10,000 ± 100


def test_a_full_table_has_no_negatives():
    with pytest.raises(ValueError, match="every row and column are a pair"):
        NegativeSampler(table([(row, col) for row in range(4) for col in range(5)]))
