"""Negative sampling: pairs that are not there."""

import numpy as np

from research_lib.containers.interactions import Interactions


class NegativeSampler:
    """Draws pairs uniformly from all those that are not in a table.

    Parameters
    ----------
    interactions : Interactions
        The positives.

    Raises
    ------
    ValueError
        If every possible pair is a positive.
    """

    def __init__(self, interactions: Interactions):
        self.n_cols = interactions.n_cols
        self.n_possible = interactions.n_rows * interactions.n_cols
        self._positives = interactions.distinct_keys()
        if len(self._positives) == self.n_possible:
            raise ValueError(
                f"{interactions.source}: every {' and '.join(interactions.axes)} are a pair; no negatives are left."
            )

    def draw(self, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns of `n` negatives, each shape (n,); a negative may come twice, a positive never comes."""
        keys = np.sort(rng.integers(self.n_possible, size=n))  # looking up sorted keys is several times faster
        wrong = np.flatnonzero(self._are_positive(keys))
        while len(wrong):
            keys[wrong] = rng.integers(self.n_possible, size=len(wrong))
            wrong = wrong[self._are_positive(keys[wrong])]
        return np.divmod(keys, self.n_cols)

    def _are_positive(self, keys: np.ndarray) -> np.ndarray:
        place = np.searchsorted(self._positives, keys)
        return self._positives[np.minimum(place, len(self._positives) - 1)] == keys
