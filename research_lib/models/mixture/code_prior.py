"""What is known of a code's vector before any formula holds the code: the distribution of the vectors learnt."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.covariance import LedoitWolf

OFTEN = 10  # formulas that must hold a code for its vector to count as learnt


@dataclass(frozen=True, eq=False)
class CodePrior:
    """The normal distribution of learnt vectors at typical amounts, moved by what the features of a code say."""

    mean: np.ndarray  # (n_members, n_entries), the vector of a code of which nothing is known
    precision: np.ndarray  # (n_members, n_entries, n_entries), inverse of the covariance
    feature_vectors: np.ndarray  # (n_members, n_features, n_entries), what a unit of each feature adds

    @classmethod
    def of_vectors(cls, vectors: np.ndarray, n_formulas: np.ndarray, feature_vectors: np.ndarray) -> Self:
        """Estimate from learnt vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n_members, n_codes, n_entries)
            At typical amounts, without what the features say.
        n_formulas : ndarray of int, shape (n_codes,)
            How many hold each code: vectors that few hold have hardly moved from their start, and do not count.
        feature_vectors : ndarray, shape (n_members, n_features, n_entries)
            Kept.
        """
        second = np.sort(n_formulas)[-2:][0]  # of one vector alone there is no spread
        often = n_formulas >= max(1, min(OFTEN, second))
        # Ledoit and Wolf (2004) shrink it to a ball, so that it has an inverse even when codes are few.
        estimates = [LedoitWolf().fit(of_member[often]) for of_member in vectors]
        return cls(
            np.stack([estimate.location_ for estimate in estimates]),
            np.stack([np.linalg.pinv(estimate.covariance_, hermitian=True) for estimate in estimates]),
            feature_vectors,
        )

    def of_features(self, features: sparse.csr_array) -> np.ndarray:  # (n_codes, n_features)
        """What the features of codes say of their vectors, shape (n_members, n_codes, n_entries)."""
        return np.stack([features @ of_member for of_member in self.feature_vectors])
