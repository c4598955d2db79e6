"""Did the table of days learn? Numbers that tell a path through time from a cloud, without a look at a map."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.spatial.distance import pdist, squareform

from research_lib.checks import check_integers
from research_lib.containers.embedding import Embedding

WINDOW = 0.15  # share of all days that is averaged over
SLOW = 0.5  # days that move less than this share of the usual way have collapsed


def measure_days(days: Embedding, n_permutations: int = 199, random_state: int = 0) -> pd.DataFrame:
    """Every measure of a table of days, beside what chance scores.

    Parameters
    ----------
    days : Embedding
        Vectors of at least ten days, in any order; the metadata ``day`` numbers them, as in `TwoTower.day_embedding_`.
        Distances are Euclidean: the vector of a day is added to others, so its length counts.
    n_permutations : int
        How often to draw the null: the vectors are dealt to other days at random.
    random_state : int
        Seed of the null.

    Returns
    -------
    DataFrame
        A row a measure; columns ``value``, ``null`` (mean of the draws), ``null_95`` (what 95 % of the draws do not
        beat) and ``perfect`` (what days on a straight line in even steps score).

        - ``mantel``: over all pairs of days, Pearson correlation of their distance in days with that of their vectors.
        - ``neighbour_gap``: mean number of days between a day and the one with the nearest vector, as a share of what
          chance gives.
        - ``smoothness``: mean cosine of two successive steps, each from the mean of some days to the mean of the next
          as many (15 % of all): 1 for a straight path, -0.5 for days in no order.
        - ``collapsed``: share of the days about which the path stands still, see `collapsed_days`.

        A prior on neighbouring days (`TwoTower.smoothness`) raises ``mantel`` and lowers ``neighbour_gap`` even where
        all dates are lost, so compare tables at the same prior, best at none.

    Raises
    ------
    ValueError
        If there are fewer than ten days, one has no number of its own, or the null is never drawn.

    References
    ----------
    N. Mantel, "The Detection of Disease Clustering and a Generalized Regression Approach", Cancer Research 1967.
    """
    check_integers(1, n_permutations=n_permutations)
    days = in_time(days)
    number = days.metadata["day"].to_numpy(dtype=np.float64)
    measured = _measured(number, days.vectors.astype(np.float64))
    rng = np.random.default_rng(random_state)
    value = measured(np.arange(len(days)))
    draws = [measured(rng.permutation(len(days))) for _ in range(n_permutations)]
    chance = pd.DataFrame(draws)
    by_chance = chance["neighbour_gap"].mean()
    value["neighbour_gap"] /= by_chance
    chance["neighbour_gap"] /= by_chance
    bound = chance.quantile(0.95)
    less_is_better = ["neighbour_gap", "collapsed"]
    bound[less_is_better] = chance[less_is_better].quantile(0.05)
    steps = np.diff(number, prepend=-np.inf, append=np.inf)
    nearest = np.minimum(steps[:-1], steps[1:]).mean()
    perfect = {"mantel": 1.0, "neighbour_gap": nearest / by_chance, "smoothness": 1.0, "collapsed": 0.0}
    table = {"value": value, "null": chance.mean(), "null_95": bound, "perfect": perfect}
    return pd.DataFrame(table).loc[list(perfect)].rename_axis("measure")


def collapsed_days(days: Embedding) -> np.ndarray:
    """Which days lie close to others that they should be far from.

    Parameters
    ----------
    days : Embedding
        As `measure_days` takes it.

    Returns
    -------
    ndarray of bool, shape (n_days,)
        In the order of `days`. The path goes some way from the mean of the days before a day (15 % of all) to the mean
        of as many days after it; what noise adds to it is estimated from the steps between single days, and taken off.
        True where this way, divided by the time that it takes, is less than half of the upper quartile. Days that are
        all alike have all collapsed.
    """
    sorted_days = in_time(days)
    number = sorted_days.metadata["day"].to_numpy(dtype=np.float64)
    found = np.empty(len(days), dtype=bool)
    found[np.argsort(days.metadata["day"].to_numpy())] = _collapsed(number, sorted_days.vectors.astype(np.float64))
    return found


def in_time(days: Embedding) -> Embedding:
    """The days in the order of their numbers, which are the metadata ``day``."""
    if "day" not in days.metadata:
        raise ValueError("The days have no metadata 'day', expected their numbers: 0, 1, 2, …")
    if len(days) < 10:
        raise ValueError(f"{len(days)} days are too few to measure, expected at least 10.")
    numbers = days.metadata["day"]
    if numbers.isna().any() or numbers.duplicated().any():
        wrong = days.names[(numbers.isna() | numbers.duplicated()).to_numpy().argmax()]
        raise ValueError(f"The day {wrong!r} has no number of its own, expected one a day.")
    return days.subset(np.argsort(numbers.to_numpy(), kind="stable"))


def _measured(number: np.ndarray, vectors: np.ndarray) -> Callable[[np.ndarray], dict[str, float]]:
    """A function that takes the order in which vectors are dealt to days in time, shape (n,), and gives the measures.

    What does not depend on the order, such as all distances, is computed once.
    """
    n = len(vectors)
    apart, found = (squareform(pdist(table)) for table in (number[:, None], vectors))
    nearest = np.where(np.eye(n, dtype=bool), np.inf, found).argmin(axis=1)
    above = np.triu_indices(n, 1)
    spread = apart[above].std() * found[above].std() if np.ptp(found[above]) > 0 else np.inf
    n_pairs = n * (n - 1)
    means = apart.sum() / n_pairs * found.sum() / n_pairs

    def measured(order: np.ndarray) -> dict[str, float]:
        dealt_to = np.argsort(order)
        return {
            "mantel": ((apart * found[np.ix_(order, order)]).sum() / n_pairs - means) / spread,
            "neighbour_gap": apart[np.arange(n), dealt_to[nearest[order]]].mean(),
            "smoothness": _smoothness(vectors[order]),
            "collapsed": _collapsed(number, vectors[order]).mean(),
        }

    return measured


def _smoothness(vectors: np.ndarray) -> float:
    steps = _steps(vectors, _window(len(vectors)))
    window = _window(len(vectors))
    first, second = steps[:-window], steps[window:]
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(np.divide((first * second).sum(axis=1), lengths, out=np.zeros_like(lengths), where=lengths > 0).mean())


def _collapsed(number: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    window = _window(len(vectors))
    noise = (np.diff(vectors, axis=0) ** 2).sum(axis=1) / window  # in the difference of two means, if days had no order
    way = (_steps(vectors, window) ** 2).sum(axis=1)  # entry k: between day k + window - 1 and the next
    way = np.maximum(way - np.convolve(noise, np.ones(2 * window - 1) / (2 * window - 1), "valid"), 0)
    way /= _steps(number[:, None], window)[:, 0] ** 2  # days need not be evenly spaced
    slow = way <= SLOW**2 * np.quantile(way, 0.75)
    of_days = np.clip(np.arange(len(vectors)) - window, 0, len(slow) - 1)  # the first and last days have no window
    return slow[of_days]


def _steps(vectors: np.ndarray, window: int) -> np.ndarray:
    """From the mean of each `window` days to the mean of those that follow, shape (n - 2 * window + 1, n_dims)."""
    sums = np.cumsum(np.vstack([np.zeros(vectors.shape[1]), vectors]), axis=0)
    means = (sums[window:] - sums[:-window]) / window
    return means[window:] - means[:-window]


def _window(n: int) -> int:
    return max(2, round(WINDOW * n))
