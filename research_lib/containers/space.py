"""`Space`: things and how far they are from each other, by a table or by vectors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from research_lib.checks import as_names, check_choice
from research_lib.containers.embedding import METRICS, Embedding

CHUNK_PAIRS = 2**14
Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]  # positions (n,), (n,) -> distances (n,)


@dataclass(frozen=True, eq=False)
class Space:
    """Named things with a distance; made by `from_matrix` or `from_embedding`."""

    names: np.ndarray
    rule: Rule
    rows: Callable[[np.ndarray], np.ndarray]  # positions (m,) -> distances to all, (m, n)

    def __len__(self) -> int:
        return len(self.names)

    def between(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Distances of the pairs of positions `first` and `second`, all of shape (n_pairs,); float64."""
        parts = [slice(start, start + CHUNK_PAIRS) for start in range(0, len(first), CHUNK_PAIRS)]
        return np.concatenate([self.rule(first[part], second[part]) for part in parts]) if parts else np.empty(0)

    @classmethod
    def from_matrix(cls, matrix: np.ndarray, names: np.ndarray | None = None) -> Self:
        """From a table of all distances.

        Parameters
        ----------
        matrix : ndarray of float, shape (n, n)
            Symmetric, nowhere negative, 0 on the diagonal.
        names : sequence of str, optional
            By default the numbers of the rows.

        Raises
        ------
        ValueError
            If it is not a table of distances; the message names the worst pair.
        """
        matrix = np.asarray(matrix, dtype=np.float64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"Distances have shape {matrix.shape}, expected (n, n).")
        names = as_names(range(len(matrix)) if names is None else names, "Distances:")
        if len(names) != len(matrix):
            raise ValueError(f"Distances have shape {matrix.shape} for {len(names)} names.")
        rows, cols = np.indices(matrix.shape)
        _check(names, rows.ravel(), cols.ravel(), matrix.ravel(), matrix.T.ravel())
        return cls(names, lambda first, second: matrix[first, second], lambda some: matrix[some])

    @classmethod
    def from_embedding(cls, embedding: Embedding, metric: str = "euclidean") -> Self:
        """From vectors, by a metric of `Embedding`; a cosine or Jaccard similarity s is the distance 1 - s."""
        check_choice("metric", metric, METRICS)
        vectors = {
            "euclidean": lambda: embedding.vectors.astype(np.float64),
            "cosine": lambda: embedding.unit_vectors().astype(np.float64),
            "jaccard": lambda: embedding.vectors != 0,
        }[metric]()

        def rule(first: np.ndarray, second: np.ndarray) -> np.ndarray:
            one, other = vectors[first], vectors[second]
            if metric == "jaccard":
                return (one ^ other).sum(axis=1) / np.maximum((one | other).sum(axis=1), 1)
            squares = ((one - other) ** 2).sum(axis=1)
            return np.sqrt(squares) if metric == "euclidean" else squares / 2

        def rows(some: np.ndarray) -> np.ndarray:
            blocks = embedding.similarity_blocks(embedding.vectors[some], metric)
            similarity = np.concatenate([block for _, block in blocks])
            return -similarity if metric == "euclidean" else 1 - similarity

        return cls(embedding.names, rule, rows)


def _check(names: np.ndarray, first: np.ndarray, second: np.ndarray, there: np.ndarray, back: np.ndarray) -> None:
    """Raise `ValueError` if the distances of pairs, there and back, cannot be distances."""

    def pair(wrong: np.ndarray) -> tuple[int, str]:
        k = int(np.argmax(wrong))
        return k, f"{names[first[k]]!r} and {names[second[k]]!r}"

    if (wrong := ~np.isfinite(there)).any():
        k, which = pair(wrong)
        raise ValueError(f"The distance of {which} is {there[k]}, expected a number.")
    if (there < 0).any():
        k, which = pair(-there)
        raise ValueError(f"The distance of {which} is {there[k]:g}, expected 0 or more.")
    if (wrong := np.abs(there - back) > 1e-6 * np.maximum(np.abs(there), np.abs(back))).any():
        k, which = pair(wrong)
        raise ValueError(f"Distances are not symmetric: {which} are {there[k]:g} apart, and {back[k]:g} the other way.")
    if (wrong := (first == second) & (there > 0)).any():
        k, _ = pair(wrong)
        raise ValueError(f"{names[first[k]]!r} is {there[k]:g} away from itself, expected 0.")
