"""What a learnt recommender has to beat: chance, popularity, now and lately, truncated SVD and EASE."""

from typing import Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD

from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions, checked_times
from research_lib.vectorize.transformers import TfidfMultiHot

EASE_COLS = 10_000  # beyond, the inverse takes gigabytes and hours


class RandomVectors(BaseEstimator):
    """Vectors that know nothing: what a measure says of chance.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    random_state : int, optional
        Seed.
    """

    def __init__(self, n_dims: int = 50, random_state: int | None = None):
        self.n_dims = n_dims
        self.random_state = random_state

    def fit(self, interactions: Interactions) -> Self:
        rng = np.random.default_rng(self.random_state)
        rows, cols = (rng.normal(size=(n, self.n_dims)) for n in (interactions.n_rows, interactions.n_cols))
        self.row_embedding_ = Embedding(rows, interactions.row_names, interactions.row_metadata)
        self.col_embedding_ = Embedding(cols, interactions.col_names, interactions.col_metadata)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        return self.row_embedding_.unit_vectors()[rows] @ self.col_embedding_.unit_vectors().T


class Popularity(BaseEstimator):
    """Everybody gets the columns that most rows have."""

    def fit(self, interactions: Interactions) -> Self:
        self.counts_ = interactions.to_csr().sum(axis=0)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        return np.tile(self.counts_, (len(rows), 1))


class RecentPopularity(BaseEstimator):
    """Everybody gets the columns that were picked most in the last days.

    Parameters
    ----------
    n_days : int
        How far back picks count.
    """

    def __init__(self, n_days: int = 28):
        self.n_days = n_days

    def fit(self, interactions: Interactions) -> Self:
        if self.n_days < 1:
            raise ValueError(f"n_days is {self.n_days}, expected at least 1.")
        times = checked_times(interactions)
        order = np.argsort(times, kind="stable")
        self.times_, self.cols_ = times[order], interactions.pairs[order, 1]
        self.counts_ = interactions.to_csr().sum(axis=0)
        return self

    def score_at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:  # (n,), (n,) -> (n, n_cols)
        """Picks of the last days before each time; where they are even, all picks decide."""
        ends = np.searchsorted(self.times_, times, "right")
        starts = np.searchsorted(self.times_, times - np.timedelta64(self.n_days, "D"), "right")
        n_cols = len(self.counts_)
        recent = [np.bincount(self.cols_[a:b], minlength=n_cols) for a, b in zip(starts, ends, strict=True)]
        return np.array(recent) + self.counts_ / (self.counts_.max() + 1)

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        """As of the last time in the table."""
        return self.score_at(rows, np.repeat(self.times_[-1], len(rows)))


class PairSVD(BaseEstimator):
    """Truncated singular value decomposition of the binary matrix, known to text retrieval as latent semantic analysis.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    tfidf : bool
        Weigh the columns first, rare ones more, and scale rows to length one, as text retrieval does.
    random_state : int, optional
        Seed of the randomised solver.

    References
    ----------
    S. Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 1990.
    """

    def __init__(self, n_dims: int = 50, *, tfidf: bool = False, random_state: int | None = None):
        self.n_dims = n_dims
        self.tfidf = tfidf
        self.random_state = random_state

    def fit(self, interactions: Interactions) -> Self:
        matrix = TfidfMultiHot().fit_transform(interactions) if self.tfidf else interactions.to_csr()
        svd = TruncatedSVD(min(self.n_dims, *(side - 1 for side in matrix.shape)), random_state=self.random_state)
        self.row_embedding_ = Embedding(svd.fit_transform(matrix), interactions.row_names, interactions.row_metadata)
        self.col_embedding_ = Embedding(svd.components_.T, interactions.col_names, interactions.col_metadata)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        return self.row_embedding_.vectors[rows] @ self.col_embedding_.vectors.T


class EASE(BaseEstimator):
    """Every column predicted from the others by ridge regression, in closed form; it has no vectors of its own.

    Parameters
    ----------
    penalty : float
        Ridge penalty on the column–column weights.

    References
    ----------
    H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
    """

    def __init__(self, penalty: float = 10.0):
        self.penalty = penalty

    def fit(self, interactions: Interactions) -> Self:
        n_cols = interactions.n_cols
        if n_cols > EASE_COLS:
            raise ValueError(
                f"EASE inverts a matrix of {n_cols:,} × {n_cols:,}: too large. Keep {EASE_COLS:,} columns."
            )
        self.matrix_ = interactions.to_csr()
        gram = (self.matrix_.T @ self.matrix_).toarray().astype(np.float64)
        inverse = np.linalg.inv(gram + self.penalty * np.eye(len(gram)))
        self.weights_ = -inverse / np.diag(inverse)
        np.fill_diagonal(self.weights_, 0)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        return self.matrix_[rows] @ self.weights_
