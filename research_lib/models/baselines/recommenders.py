"""What a learnt recommender has to beat: chance, popularity (of all time and of late), truncated SVD, and EASE."""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import TruncatedSVD
from sklearn.utils.validation import check_is_fitted

from research_lib.checks import check_integers, check_numbers, check_type
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions, checked_times
from research_lib.models.recommending import cosine_scores
from research_lib.vectorize.transformers import TfidfMultiHot

EASE_COLS = 10_000  # beyond, the inverse takes gigabytes and hours


@dataclass(eq=False, repr=False, kw_only=True)
class RandomVectors(BaseEstimator):
    """Vectors that know nothing: what a measure says of chance.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    random_state : int, optional
        Seed.
    """

    n_dims: int = 50
    random_state: int | None = None

    def fit(self, interactions: Interactions) -> Self:
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        check_integers(1, n_dims=self.n_dims)
        rng = np.random.default_rng(self.random_state)
        rows, cols = (rng.normal(size=(n, self.n_dims)) for n in (interactions.n_rows, interactions.n_cols))
        self.row_embedding_ = Embedding(rows, interactions.row_names, interactions.row_metadata)
        self.col_embedding_ = Embedding(cols, interactions.col_names, interactions.col_metadata)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        check_is_fitted(self)
        return cosine_scores(self.row_embedding_, self.col_embedding_, rows)


class Popularity(BaseEstimator):
    """Everybody gets the columns that most rows have."""

    def fit(self, interactions: Interactions) -> Self:
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        self.counts_ = interactions.to_csr().sum(axis=0)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        check_is_fitted(self)
        return np.tile(self.counts_, (len(rows), 1))


@dataclass(eq=False, repr=False, kw_only=True)
class RecentPopularity(BaseEstimator):
    """Everybody gets the columns that were picked most often in the last days.

    Parameters
    ----------
    n_days : int
        How far back picks count.
    """

    n_days: int = 28

    def fit(self, interactions: Interactions) -> Self:
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        check_integers(1, n_days=self.n_days)
        times = checked_times(interactions)
        order = np.argsort(times, kind="stable")
        self.times_, self.cols_ = times[order], interactions.pairs[order, 1]
        self.counts_ = interactions.to_csr().sum(axis=0)
        return self

    def score_at(self, rows: np.ndarray, times: np.ndarray) -> np.ndarray:  # (n,), (n,) -> (n, n_cols)
        """Picks of the last days before each time; all picks decide between columns that are equal."""
        check_is_fitted(self)
        ends = np.searchsorted(self.times_, times, "right")
        starts = np.searchsorted(self.times_, times - np.timedelta64(self.n_days, "D"), "right")
        n_cols = len(self.counts_)
        recent = [np.bincount(self.cols_[a:b], minlength=n_cols) for a, b in zip(starts, ends, strict=True)]
        return np.array(recent) + self.counts_ / (self.counts_.max() + 1)

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        """As of the last time in the table."""
        check_is_fitted(self)
        return self.score_at(rows, np.repeat(self.times_[-1], len(rows)))


@dataclass(eq=False, repr=False, kw_only=True)
class PairSVD(BaseEstimator):
    """Truncated singular value decomposition of the binary matrix; in text retrieval, latent semantic analysis.

    Parameters
    ----------
    n_dims : int
        Length of the vectors; a table with no more rows or columns than this gives shorter ones, with a warning.
    tfidf : bool
        Weigh the columns first, rare ones more, and scale rows to length one, as text retrieval does.
    random_state : int, optional
        Seed of the randomised solver.

    References
    ----------
    S. Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 1990.
    """

    n_dims: int = 50
    tfidf: bool = False
    random_state: int | None = None

    def fit(self, interactions: Interactions) -> Self:
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        check_integers(1, n_dims=self.n_dims)
        most = max(1, min(interactions.n_rows, interactions.n_cols) - 1)
        if self.n_dims > most:
            warnings.warn(f"{interactions.source}: n_dims is {self.n_dims}, the table allows {most}.", stacklevel=2)
        matrix = TfidfMultiHot().fit_transform(interactions) if self.tfidf else interactions.to_csr()
        svd = TruncatedSVD(min(self.n_dims, most), random_state=self.random_state)
        self.row_embedding_ = Embedding(svd.fit_transform(matrix), interactions.row_names, interactions.row_metadata)
        self.col_embedding_ = Embedding(svd.components_.T, interactions.col_names, interactions.col_metadata)
        return self

    def score_cols(self, rows: np.ndarray) -> np.ndarray:  # (n,) -> (n, n_cols)
        check_is_fitted(self)
        return self.row_embedding_.vectors[rows] @ self.col_embedding_.vectors.T


@dataclass(eq=False, repr=False, kw_only=True)
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

    penalty: float = 10.0

    def fit(self, interactions: Interactions) -> Self:
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        check_numbers(above=0, penalty=self.penalty)
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
        check_is_fitted(self)
        return self.matrix_[rows] @ self.weights_
