import numpy as np
import pytest

from research_lib.containers.interactions import Interactions
from research_lib.datasets.synthetic.drift import planted_drift
from research_lib.measures.splits import hold_out_last


@pytest.fixture
def diary():
    """Ann picks x, z, y in time, written down in another order; bob picks two at one time; cy picks one."""
    pairs = np.array([[0, 1], [0, 0], [0, 2], [1, 2], [1, 0], [2, 1]])
    days = ["2020-01-09", "2020-01-01", "2020-01-05", "2020-01-03", "2020-01-03", "2020-01-02"]
    times = np.array(days, dtype="datetime64[s]")
    return Interactions(pairs, ["ann", "bob", "cy"], ["x", "y", "z"], times=times, axes=("user", "film"))


def test_the_last_of_each_row_is_held_out(diary):
    train, held_out = hold_out_last(diary)
    assert held_out.pairs.tolist() == [[0, 1], [1, 0]]  # of two at one time the one that stands last
    assert held_out.times.astype("datetime64[D]").astype(str).tolist() == ["2020-01-09", "2020-01-03"]
    assert train.pairs.tolist() == [[0, 0], [0, 2], [1, 2], [2, 1]]


def test_rows_with_few_pairs_stay_in_training(diary):
    train, held_out = hold_out_last(diary, min_count=3)
    assert held_out.pairs.tolist() == [[0, 1]]
    assert len(train) == 5
    with pytest.raises(ValueError, match="No user has 4 films"):
        hold_out_last(diary, min_count=4)
    with pytest.raises(ValueError, match="min_count is 1"):
        hold_out_last(diary, min_count=1)


def test_a_repeated_pair_counts_when_it_first_happened(diary):
    again = diary.with_pairs(
        np.vstack([diary.pairs, [[0, 0], [2, 1]]]),
        np.append(diary.times, np.array(["2020-01-20", "2020-01-20"], dtype="datetime64[s]")),
    )
    for one, other in zip(hold_out_last(diary), hold_out_last(again), strict=True):
        assert np.array_equal(one.pairs, other.pairs) and np.array_equal(one.times, other.times)


def test_the_order_of_the_table_does_not_matter():
    twin = planted_drift(n_users=30)
    order = np.random.default_rng(0).permutation(len(twin))
    shuffled = twin.with_pairs(twin.pairs[order], twin.times[order])
    for one, other in zip(hold_out_last(twin), hold_out_last(shuffled), strict=True):
        assert np.array_equal(one.pairs, other.pairs) and np.array_equal(one.times, other.times)


def test_times_must_be_given_and_be_times(diary):
    with pytest.raises(ValueError, match="memory: no times, expected when each user–film pair happened"):
        hold_out_last(diary.with_pairs(diary.pairs))
    with pytest.raises(ValueError, match="times are int64, expected datetime64"):
        hold_out_last(diary.with_pairs(diary.pairs, np.arange(6)))
    times = diary.times.copy()
    times[4] = np.datetime64("NaT")
    with pytest.raises(ValueError, match=r"the time of pair 4 is missing \(NaT\)"):
        hold_out_last(diary.with_pairs(diary.pairs, times))
