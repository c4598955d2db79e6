"""`Comparison`: things with known distances beside a map of them, and how much of the distances it keeps."""

from collections.abc import Callable, Iterator
from typing import Self

import numpy as np
import pandas as pd

from research_lib.checks import check_integers
from research_lib.containers.embedding import Embedding, top_k
from research_lib.containers.space import Space
from research_lib.measures.words import rank_correlation

N_BLOCKS = 20  # parts of the sampled pairs, whose spread tells the error
BLOCK_DISTANCES = 2**21  # held at once


class Comparison:
    """Things with known distances d, and a map f that gives each of them a vector.

    Parameters
    ----------
    original : Space, Embedding or ndarray of float, shape (n, n)
        The things: a space, vectors (with Euclidean distances), or a table of distances.
    vectors : Embedding
        One vector a thing, with the same names in the same order.
    metric : {"euclidean", "cosine", "jaccard"}
        How distances between the vectors are measured.
    n_pairs : int
        Measures of pairs take so many pairs, drawn at random, or all if there are no more.
    n_rows : int
        Measures of neighbourhoods take so many things, drawn at random, each among all the others.
    random_state : int
        Seed of the draws.

    Raises
    ------
    ValueError
        If names differ, there are fewer than three things, or the table holds no distances.
    """

    def __init__(
        self,
        original: Space | Embedding | np.ndarray,
        vectors: Embedding,
        metric: str = "euclidean",
        *,
        n_pairs: int = 200_000,
        n_rows: int = 500,
        random_state: int = 0,
    ):
        if isinstance(original, Embedding):
            original = Space.from_embedding(original)
        elif not isinstance(original, Space):
            original = Space.from_matrix(original, vectors.names if len(vectors) == len(original) else None)
        n = len(vectors)
        check_same_names(original.names, vectors.names)
        if n < 3:
            raise ValueError(f"{n} things, expected at least 3.")
        check_integers(N_BLOCKS, n_pairs=n_pairs)
        check_integers(2, n_rows=n_rows)
        self.original, self.vectors, self.metric = original, vectors, metric
        self.options = {"n_pairs": n_pairs, "n_rows": n_rows, "random_state": random_state}
        self.names = vectors.names
        self.mapped = Space.from_embedding(vectors, metric)
        rng = np.random.default_rng(random_state)
        self.all_pairs = n * (n - 1) // 2 <= n_pairs
        if self.all_pairs:
            self.first, self.second = np.triu_indices(n, 1)
        else:
            self.first = rng.integers(n, size=n_pairs)
            self.second = (self.first + rng.integers(1, n, size=n_pairs)) % n
        self.rows = np.arange(n) if n <= n_rows else np.sort(rng.choice(n, n_rows, replace=False))
        points = vectors.unit_vectors() if metric == "cosine" else vectors.vectors
        points = points != 0 if metric == "jaccard" else points + np.float32(0)  # makes -0.0 the same as 0.0
        self.point = np.unique(points, axis=0, return_inverse=True)[1].ravel()  # things with one vector share a number
        self.known = original.between(self.first, self.second)
        self.found = self.mapped.between(self.first, self.second)
        self.found[self.point[self.first] == self.point[self.second]] = 0  # whatever rounding makes of it

    def shepard(self) -> pd.DataFrame:
        """What a Shepard diagram shows, a row a pair: ``first``, ``second``, ``original`` and ``found`` distance."""
        names = {"first": self.names[self.first], "second": self.names[self.second]}
        return pd.DataFrame(names | {"original": self.known, "found": self.found})

    def collisions(self) -> pd.DataFrame:
        """Different things that share a vector: why f is not injective.

        Returns
        -------
        DataFrame
            A row a thing: its ``name``, and in ``shares`` the number of its vector, the same for all that share it.
        """
        order = np.argsort(self.point, kind="stable")
        starts = np.flatnonzero(np.diff(self.point[order], prepend=-1))
        first = order[starts][self.point]  # the first thing with the same vector
        others = np.flatnonzero(first != np.arange(len(first)))
        apart = others[self.original.between(others, first[others]) > 0]
        colliding = np.flatnonzero(np.isin(self.point, self.point[apart]))
        return pd.DataFrame({"name": self.names[colliding], "shares": self.point[colliding]})

    def smallest_separation(self) -> float:
        """The smallest distance between two different vectors; an upper bound of it if rows are sampled."""
        smallest = np.inf
        for rows in self._blocks():
            found = self._found(rows)
            smallest = min(smallest, found[self.point[rows][:, None] != self.point].min(initial=np.inf))
        return float(smallest)

    def stretches(self, inverse: bool = False, n: int = 10) -> pd.DataFrame:
        """The pairs that f stretches most; the first gives the empirical Lipschitz constant.

        Parameters
        ----------
        inverse : bool
            Whether to give the pairs that the inverse of f stretches most.
        n : int
            How many pairs.

        Returns
        -------
        DataFrame
            As `shepard`, with ``stretch``: the distance after the map, or its inverse, divided by the distance before.

        Raises
        ------
        ValueError
            If the inverse is asked for and f is not injective.
        """
        if inverse and len(shared := self.collisions()):
            one, other = shared["name"][shared["shares"] == shared["shares"].iloc[0]].iloc[:2]
            raise ValueError(
                f"The map has no inverse: {len(shared)} of {len(self.names)} things share a vector with a different "
                f"one, as {one!r} and {other!r} do."
            )
        stretch = self._stretch(inverse)
        order = np.argsort(-stretch, kind="stable")[:n]
        return self.shepard().iloc[order].assign(stretch=stretch[order]).reset_index(drop=True)

    def pair_measures(self) -> dict[str, tuple[float, float]]:
        """How well pairs keep their distances: value and standard error of each measure, see `measure_map`."""
        expansion, contraction = self._stretch(False).max(), self._stretch(True).max()
        unknown = 0.0 if self.all_pairs else np.nan  # the error of an extreme
        return {
            "lipschitz": (expansion, unknown),
            "inverse_lipschitz": (contraction, unknown),
            "distortion": (expansion * contraction if np.isfinite(contraction) else np.inf, unknown),
            "spearman": self._with_error(rank_correlation),
            "stress": self._with_error(lambda known, found: _stress(known, found)[0]),
            "scale": self._with_error(lambda known, found: _stress(known, found)[1]),
        }

    def neighbour_measures(self, k: int = 15) -> dict[str, tuple[float, float]]:
        """How well things keep their `k` nearest: value and standard error of each measure, see `measure_map`."""
        n = len(self.names)
        check_k(k, n)
        parts = []
        for rows in self._blocks():
            known, found = self._known(rows), self._found(rows)
            near_known, near_found = top_k(-known, k), top_k(-found, k)
            edge = np.take_along_axis(known, near_known[:, -1:], axis=1)
            kept = np.take_along_axis(known, near_found, axis=1) <= edge * (1 + 1e-9)
            parts.append(
                np.stack([ranks_beyond(known, near_found), ranks_beyond(found, near_known), kept.mean(axis=1)])
            )
        scores = np.concatenate(parts, axis=1)
        scores[:2] = 1 - 2 / (k * (2 * n - 3 * k - 1)) * scores[:2]
        left = 1 - len(self.rows) / n  # share of the things that were not looked at
        errors = scores.std(axis=1, ddof=1) * np.sqrt(left / len(self.rows))
        names = ("trustworthiness", "continuity", "knn_overlap")
        return dict(zip(names, zip(scores.mean(axis=1), errors, strict=True), strict=True))

    def shuffled(self, random_state: int) -> Self:
        """The same with the vectors dealt to other things at random: the null."""
        return type(self)(self.original, self.vectors.shuffled(random_state), self.metric, **self.options)

    def _stretch(self, inverse: bool) -> np.ndarray:
        """Distance after divided by distance before, of every pair: 0 if both are 0, infinite if only the latter is."""
        before, after = (self.found, self.known) if inverse else (self.known, self.found)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(after > 0, after / before, 0)

    def _with_error(self, measure: Callable[[np.ndarray, np.ndarray], float]) -> tuple[float, float]:
        """A measure of all pairs drawn, and its standard error, which its spread over parts of them tells."""
        value = float(measure(self.known, self.found))
        if self.all_pairs:
            return value, 0.0
        parts = zip(np.array_split(self.known, N_BLOCKS), np.array_split(self.found, N_BLOCKS), strict=True)
        return value, float(np.std([measure(*part) for part in parts], ddof=1) / np.sqrt(N_BLOCKS))

    def _blocks(self) -> Iterator[np.ndarray]:
        """The chosen rows, some at a time."""
        step = max(1, BLOCK_DISTANCES // len(self.names))
        for start in range(0, len(self.rows), step):
            yield self.rows[start : start + step]

    def _known(self, rows: np.ndarray) -> np.ndarray:
        """Original distances of some rows to all things, infinite to themselves."""
        known = np.array(self.original.rows(rows), dtype=np.float64)
        known[np.arange(len(rows)), rows] = np.inf
        return known

    def _found(self, rows: np.ndarray) -> np.ndarray:
        """Distances of their vectors to all vectors, infinite to themselves."""
        found = np.array(self.mapped.rows(rows), dtype=np.float64)
        found[self.point[rows][:, None] == self.point] = 0
        found[np.arange(len(rows)), rows] = np.inf
        return found


def _stress(known: np.ndarray, found: np.ndarray) -> tuple[float, float]:
    """Stress under the best scale, and that scale; 1 and 0 if all is one point."""
    total = (found**2).sum()
    if not total:
        return 1.0, 0.0
    scale = (known * found).sum() / (known**2).sum()
    return float(np.sqrt(((found - scale * known) ** 2).sum() / total)), float(scale)


def ranks_beyond(distances: np.ndarray, near: np.ndarray) -> np.ndarray:
    """By how many ranks in all the `near` of each row lie beyond its first k; ties share the middle of their ranks.

    Parameters
    ----------
    distances : ndarray, shape (n_rows, n)
        Of each row to everything, infinite to itself.
    near : ndarray of int, shape (n_rows, k)
        What somebody else takes for the nearest: its ranks are summed up.

    Returns
    -------
    ndarray, shape (n_rows,)
    """
    total, k, rows = np.zeros(len(distances)), near.shape[1], np.arange(len(distances))
    for column in near.T:
        distance = distances[rows, column][:, None]
        rank = (distances < distance).sum(axis=1) + ((distances == distance).sum(axis=1) + 1) / 2
        total += np.maximum(rank - k, 0)
    return total


def check_same_names(known: np.ndarray, mapped: np.ndarray) -> None:
    """`ValueError` unless a map has the names of what it maps, in the same order."""
    if list(known) != list(mapped):
        raise ValueError("Names differ: expected a map of the same names in the same order.")


def check_k(k: int, n: int) -> None:
    """`ValueError` unless trustworthiness is defined for `k` neighbours among `n` things."""
    if not 0 < k < n / 2:
        raise ValueError(f"k is {k}, expected 1 to less than half of the {n} things.")
