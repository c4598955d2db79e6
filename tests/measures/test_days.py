import numpy as np
import pandas as pd
import pytest

from research_lib import TwoTower
from research_lib.containers.embedding import Embedding
from research_lib.datasets.synthetic.drift import planted_drift
from research_lib.measures.days import collapsed_days, measure_days

N_DAYS = 60


def days_of(vectors, numbers=None):
    numbers = np.arange(len(vectors)) if numbers is None else numbers
    return Embedding(vectors, [f"day {number}" for number in numbers], pd.DataFrame({"day": numbers}))


@pytest.fixture
def line():
    """Days at even steps along a line."""
    return days_of(np.outer(np.arange(N_DAYS), [3.0, 4.0]))


def arc(noise=0.1, n_collapsed=0, random_state=0):
    """Days on half a circle, the last of them all in one place, with noise."""
    rng = np.random.default_rng(random_state)
    angle = np.pi * np.minimum(np.arange(N_DAYS), N_DAYS - 1 - n_collapsed) / N_DAYS
    return days_of(np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, noise, (N_DAYS, 2)))


def test_a_line_is_perfect(line):
    found = measure_days(line, n_permutations=9)
    assert np.allclose(found["value"], found["perfect"])
    assert list(found.index) == ["mantel", "neighbour_gap", "smoothness", "collapsed"]


def test_days_in_no_order_score_what_chance_scores(line):
    shuffled = days_of(np.random.default_rng(0).permutation(line.vectors))
    found = measure_days(shuffled, n_permutations=99)
    assert abs(found.loc["mantel", "value"]) < 0.1 and abs(found.loc["mantel", "null"]) < 0.1
    assert 0.6 < found.loc["neighbour_gap", "value"] < 1.4
    assert found.loc["smoothness", "value"] < -0.2
    assert found.loc["collapsed", "value"] > 0.2
    assert found.loc["mantel", "value"] <= found.loc["mantel", "null_95"] + 0.1


def test_measures_by_hand():
    """Two measures on ten days of one dimension, computed by loops."""
    values = np.array([0.0, 1, 3, 2, 5, 4, 8, 6, 9, 7])
    found = measure_days(days_of(values[:, None]), n_permutations=1)["value"]
    pairs = [(i, j) for i in range(10) for j in range(i)]
    apart, vectors = [i - j for i, j in pairs], [abs(values[i] - values[j]) for i, j in pairs]
    assert found["mantel"] == pytest.approx(np.corrcoef(apart, vectors)[0, 1])
    steps = [values[k + 2 : k + 4].mean() - values[k : k + 2].mean() for k in range(7)]  # 15 % of ten days are two
    assert found["smoothness"] == pytest.approx(
        np.mean([np.sign(a * b) for a, b in zip(steps, steps[2:], strict=False)])
    )


def test_the_gap_by_hand():
    values = np.array([0.0, 1, 3.1, 2.5, 5.3, 4.7, 8, 6.6, 9.2, 7.1])
    days = np.array([0, 2, 3, 7, 8, 9, 15, 20, 21, 30])

    def gap(values):
        others = [[k for k in range(10) if k != day] for day in range(10)]
        nearest = [min(rest, key=lambda k: abs(values[k] - values[day])) for day, rest in enumerate(others)]
        return np.mean(np.abs(days - days[nearest]))

    dealt = np.random.default_rng(2).permutation(values)
    found = measure_days(days_of(values[:, None], days), n_permutations=1, random_state=2).loc["neighbour_gap"]
    assert found["value"] == pytest.approx(gap(values) / gap(dealt))
    assert found["perfect"] == pytest.approx(gap(days) / gap(dealt))


def test_collapsed_days_by_hand():
    values = np.array([0.0, 4, 1, 5, 3, 7, 6, 10, 10, 10, 10, 10])  # 15 % of twelve days are two
    days = np.array([0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13])
    noise = (values[1:] - values[:-1]) ** 2 / 2
    speeds = []
    for k in range(9):  # from days k and k + 1 to the two after them: three steps
        way = (values[k + 2 : k + 4].mean() - values[k : k + 2].mean()) ** 2 - noise[k : k + 3].mean()
        speeds.append(np.sqrt(max(way, 0)) / (days[k + 2 : k + 4].mean() - days[k : k + 2].mean()))
    slow = [speed <= np.sqrt(np.quantile(np.square(speeds), 0.75)) / 2 for speed in speeds]
    assert 0 < sum(slow) < 9
    expected = [slow[min(max(day - 2, 0), 8)] for day in range(12)]
    assert collapsed_days(days_of(values[:, None], days)).tolist() == expected


def test_a_line_is_perfect_at_any_density():
    days = np.r_[0:900:30, 900:930]
    found = measure_days(days_of(np.outer(days, [3.0, 4.0]), days), n_permutations=9)
    assert np.allclose(found["value"], found["perfect"])


def test_measures_do_not_depend_on_order_place_or_scale():
    days = arc()
    order = np.random.default_rng(1).permutation(N_DAYS)
    moved = Embedding(5 + 3 * days.vectors[order], days.names[order], days.metadata.iloc[order])
    assert np.allclose(measure_days(days)["value"], measure_days(moved)["value"], atol=1e-4)
    assert np.array_equal(collapsed_days(days)[order], collapsed_days(moved))


@pytest.mark.parametrize("seed", range(10))
def test_a_collapse_shows_in_every_measure(seed):
    good, broken = (measure_days(arc(0.1, n, seed), 9)["value"] for n in (0, 24))
    assert broken["mantel"] < good["mantel"]
    assert broken["neighbour_gap"] > good["neighbour_gap"]
    assert broken["smoothness"] < good["smoothness"]
    assert good["collapsed"] < 0.05 < 0.25 < broken["collapsed"]


def test_the_collapsed_days_are_named():
    collapsed = collapsed_days(arc(0.05, 24))
    assert collapsed[45:].all() and not collapsed[:30].any()
    assert collapsed_days(days_of(np.ones((20, 2)))).all()
    assert measure_days(days_of(np.ones((20, 2))), 3).loc["mantel", "value"] == 0


@pytest.mark.parametrize("seed", range(2))
def test_what_is_planted_is_recovered_and_the_broken_twin_is_told_from_it(seed):
    recipe = {"n_dims": 16, "days": 7, "n_recent": 5, "epochs": 5, "batch_size": 1024, "random_state": seed}
    found = {}
    for name, options in {"good": {}, "broken": {"broken_from": 0.6}, "null": {"drift": 0}}.items():
        model = TwoTower(**recipe).fit(planted_drift(random_state=seed, **options))
        found[name] = measure_days(model.day_embedding_, 19)
    good, broken, null = (found[name]["value"] for name in ("good", "broken", "null"))
    assert good["mantel"] >= 0.8 and abs(found["good"].loc["mantel", "null"]) < 0.1
    assert null["mantel"] < 0.2
    assert broken["mantel"] < good["mantel"]
    assert broken["neighbour_gap"] > good["neighbour_gap"]
    assert broken["smoothness"] < good["smoothness"]
    assert broken["collapsed"] > 0.2 > good["collapsed"]


def test_days_must_be_numbered_and_enough(line):
    with pytest.raises(ValueError, match="no metadata 'day'"):
        measure_days(Embedding(line.vectors, line.names))
    with pytest.raises(ValueError, match="no metadata 'day'"):
        collapsed_days(Embedding(line.vectors, line.names))
    with pytest.raises(ValueError, match="n_permutations is 0, expected a whole number of at least 1"):
        measure_days(line, 0)
    with pytest.raises(ValueError, match="3 days are too few to measure, expected at least 10"):
        measure_days(line.subset(np.arange(3)))
    with pytest.raises(ValueError, match="The day 'day 1' has no number of its own"):
        measure_days(Embedding(line.vectors, line.names, pd.DataFrame({"day": [0, 0, *range(2, N_DAYS)]})))
