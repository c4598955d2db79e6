"""What an anomaly detector has to beat: isolation forest, reconstruction by PCA, and the local outlier factor."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import validate_data

from research_lib.containers.images import Images


@dataclass(eq=False, repr=False, kw_only=True)
class PCAReconstruction(BaseEstimator):
    """What the first principal components do not give back of a row.

    Parameters
    ----------
    n_dims : int
        How many components.
    random_state : int, optional
        Seed of the randomised solver.
    """

    n_dims: int = 32
    random_state: int | None = None

    def fit(self, X, y=None) -> Self:
        X = validate_data(self, X)
        self.pca_ = PCA(self.n_dims, random_state=self.random_state).fit(X)
        return self

    def score_samples(self, X) -> np.ndarray:
        """The negated squared error of each row, shape (n,)."""
        X = validate_data(self, X, reset=False)
        return -((X - self.pca_.inverse_transform(self.pca_.transform(X))) ** 2).sum(axis=1)


def usual_detectors(n_dims: int = 32, random_state: int = 0) -> dict[str, BaseEstimator]:
    """What people use, by name: isolation forest, reconstruction by PCA, and the local outlier factor behind PCA.

    They take images or the rows of a matrix, have scikit-learn's settings, and give `score_samples`: lower is more
    anomalous.

    Parameters
    ----------
    n_dims : int
        Principal components, no more than there are columns.
    random_state : int
        Seed.
    """
    components = PCA(n_dims, random_state=random_state)
    return {
        "isolation forest": make_pipeline(_as_rows(), IsolationForest(random_state=random_state)),
        "PCA reconstruction": make_pipeline(_as_rows(), PCAReconstruction(n_dims=n_dims, random_state=random_state)),
        "local outlier factor": make_pipeline(_as_rows(), components, LocalOutlierFactor(novelty=True)),
    }


def _as_rows() -> FunctionTransformer:
    """Turns images into rows of pixels; a matrix stays as it is."""
    return FunctionTransformer(_rows)


def _rows(things: Images | np.ndarray) -> np.ndarray:
    return things.to_matrix() if isinstance(things, Images) else things
