import numpy as np
import pytest

from research_lib.datasets import load
from research_lib.datasets.synthetic.drift import CATEGORIES, lose_dates, planted_drift


def test_the_twin_drifts_from_category_to_category():
    twin = load("log")
    assert twin.source == "synthetic: planted drift"
    place = twin.col_metadata["category"].map(CATEGORIES.index).to_numpy()[twin.pairs[:, 1]]
    assert np.corrcoef(place, twin.times.astype(int))[0, 1] > 0.5
    still = planted_drift(drift=0)
    place = still.col_metadata["category"].map(CATEGORIES.index).to_numpy()[still.pairs[:, 1]]
    assert abs(np.corrcoef(place, still.times.astype(int))[0, 1]) < 0.02


def test_users_of_the_twin_like_their_group():
    twin = planted_drift(random_state=1)
    users, films = twin.pairs.T
    own = twin.row_metadata["group"].to_numpy()[users] == twin.col_metadata["category"].to_numpy()[films]
    assert own.mean() > 0.25 > 2 / len(CATEGORIES) - 0.01
    assert len(twin) == len(twin.distinct())  # nobody picks a film twice


def test_the_broken_twin_has_lost_only_its_recent_dates():
    good, broken = planted_drift(), planted_drift(broken_from=0.6)
    border = good.times.min() + np.timedelta64(438, "D")  # 60 % of 729 days, and the next midnight
    assert (good.times < border).sum() == (broken.times < border).sum()
    early = [table.pairs[table.times < border] for table in (good, broken)]
    late = [table.pairs[table.times >= border] for table in (good, broken)]
    assert np.array_equal(*early)
    assert sorted(map(tuple, late[0].tolist())) == sorted(map(tuple, late[1].tolist()))
    assert not np.array_equal(*late)


def test_a_twin_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="48 picks of 40 films"):
        planted_drift(n_films=40)
    with pytest.raises(ValueError, match="since is 1, expected a number of at least 0 and below 1"):
        planted_drift(broken_from=1)
    with pytest.raises(ValueError, match="no times, expected when each user–film pair happened"):
        lose_dates(planted_drift().distinct())
