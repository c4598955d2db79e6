"""Autoencoder: vectors from a bottleneck, what they give back, and how far a thing is from what was normal."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.neighbors import LocalOutlierFactor
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from research_lib.containers.embedding import Embedding
from research_lib.containers.images import Images
from research_lib.models.images.network import distorted, fit_network, image_network, passed, table_network
from research_lib.models.training import pick_device

SCORES = ("both", "density", "reconstruction")
TINY = 1e-12  # a thing that is given back exactly has a logarithm, too


class Autoencoder(TransformerMixin, BaseEstimator):
    """A network that must give back what it saw, through a bottleneck of few numbers: the thing's vector.

    What it sees is spoilt, what it must give back is not: images are moved, turned, stretched and bent at random,
    numbers get noise. So things that differ by no more than that get similar vectors.

    An **anomaly** is what is far from the data of `fit`. Two numbers tell: the local outlier factor of its vector, how
    much sparser the neighbourhood of the vector is than those of its neighbours; and the squared error of what is given
    back, of an image as a share of its own square. Each is taken as its logarithm, in standard deviations from the mean
    over the data of `fit`; the score is the first plus `error_weight` times the second.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    hidden : sequence of int
        For a matrix: sizes of the layers before the bottleneck, and in turn behind it. Images pass two convolutions.
    distortion : float
        For images: how far they are distorted, see `distorted`. 0 is not at all.
    noise : float
        For a matrix: standard deviation of the noise, in standard deviations of each column.
    n_neighbors : int
        Vectors that make a neighbourhood.
    error_weight : float
        Of the error of what is given back in the anomaly score.
    epochs, batch_size : int
        Passes over the data, and rows a step.
    learning_rate : float
        Of Adam, at its highest: it rises at first, and then falls to nothing.
    validation_fraction : float
        Share of the rows that is not learnt, for the validation loss and `patience`.
    patience : int, optional
        Stop when the validation loss has not fallen for so many epochs, and go back to the best; by default never.
    random_state : int, optional
        Seed.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        As torch names it; by default CUDA if there is one, else the CPU.

    Attributes
    ----------
    embedding_ : Embedding
        The vectors of the data of `fit`.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds`` and, with a validation fraction, ``validation_loss``.

    References
    ----------
    G. Hinton and R. Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 2006.
    P. Vincent et al., "Extracting and Composing Robust Features with Denoising Autoencoders", ICML 2008.
    P. Simard et al., "Best Practices for Convolutional Neural Networks Applied to Visual Document Analysis", ICDAR 2003
    (the bending).
    M. Breunig et al., "LOF: Identifying Density-Based Local Outliers", SIGMOD 2000.
    """

    def __init__(
        self,
        n_dims: int = 32,
        hidden: Sequence[int] = (64,),
        *,
        distortion: float = 0.7,
        noise: float = 0.1,
        n_neighbors: int = 10,
        error_weight: float = 0.5,
        epochs: int = 30,
        batch_size: int = 64,
        learning_rate: float = 0.003,
        validation_fraction: float = 0.0,
        patience: int | None = None,
        random_state: int | None = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.n_dims = n_dims
        self.hidden = hidden
        self.distortion = distortion
        self.noise = noise
        self.n_neighbors = n_neighbors
        self.error_weight = error_weight
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    def fit(self, X, y=None) -> Self:
        """Learn from images or from the rows of a matrix.

        Parameters
        ----------
        X : Images, or array or DataFrame of shape (n, n_features)
            Columns of a matrix are brought to mean 0 and variance 1 first.
        y : ignored
            Nothing is known of the rows.

        Raises
        ------
        ValueError
            If a parameter is out of its range, a number is missing, or there are not more rows than `n_neighbors`.
        """
        self._check()
        rows = self._read(X, reset=True)
        n_held_out = round(self.validation_fraction * len(rows))
        if len(rows) - n_held_out <= self.n_neighbors:
            raise ValueError(
                f"{len(rows) - n_held_out} samples to learn from, expected more than n_neighbors={self.n_neighbors}."
            )
        self._image_shape = X.pixels.shape[1:] if isinstance(X, Images) else None
        self._centre, self._unit = np.float64(0), np.float64(1)
        if self._image_shape is None:
            self._centre = rows.mean(axis=0)
            self._unit = np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1)  # rounding gives a constant a spread
        self._learn(rows, n_held_out)
        vectors = self._encoded(rows)
        names = (X.names, X.metadata) if isinstance(X, Images) else (range(1, len(rows) + 1),)
        self.embedding_ = Embedding(vectors, *names)
        self._neighbourhoods = LocalOutlierFactor(self.n_neighbors, novelty=True).fit(vectors)
        usual = _logarithms(-self._neighbourhoods.negative_outlier_factor_, self._errors(rows, vectors))
        self._usual = usual.mean(axis=0), np.maximum(usual.std(axis=0), TINY)
        return self

    def _learn(self, rows: np.ndarray, n_held_out: int) -> None:
        """Fit the network and its history."""
        rng = np.random.default_rng(self.random_state)
        device = pick_device(self.device)
        with torch.random.fork_rng(devices=[]):  # layers start from torch's own generator only
            torch.manual_seed(int(rng.integers(2**62)))
            self.network_ = self._new_network(rows.shape[1])
        generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
        scaled = self._scaled(rows[rng.permutation(len(rows))])
        self.history_ = fit_network(
            self.network_.to(device),
            torch.from_numpy(scaled).float().to(device),
            lambda some: self._spoilt(some, generator),
            self._loss,
            learning_rate=self.learning_rate,
            epochs=self.epochs,
            batch_size=self.batch_size,
            n_held_out=n_held_out,
            patience=self.patience,
            verbose=self.verbose,
            generator=generator,
        )
        self.network_.cpu().double()  # so that a row alone gets the vector that it gets among others

    def transform(self, X) -> np.ndarray:
        """The vectors of images or rows, shape (n, n_dims)."""
        check_is_fitted(self)
        return self._encoded(self._read(X))

    def inverse_transform(self, X) -> np.ndarray:
        """What vectors of shape (n, n_dims) are given back as: shape (n, n_features), pixels in rows for images."""
        check_is_fitted(self)
        vectors = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
        if vectors.ndim != 2 or vectors.shape[1] != self.n_dims:
            raise ValueError(f"The vectors have shape {tuple(vectors.shape)}, expected (n, {self.n_dims}).")
        out = passed(self.network_["decoder"], vectors)
        return (torch.sigmoid(out) if self._image_shape else out).numpy() * self._unit + self._centre

    def reconstruct(self, X):
        """What comes back of images or rows, as images of the same names, or as a matrix."""
        given_back = self.inverse_transform(self.transform(X))
        if not isinstance(X, Images):
            return given_back
        return replace(X, pixels=given_back.reshape(X.pixels.shape), source=f"{X.source}, reconstructed")

    def anomaly_scores(self, X, by: str = "both") -> np.ndarray:
        """How far images or rows are from those of `fit`, shape (n,): more is more anomalous, about 0 is usual.

        Parameters
        ----------
        X : Images, or array or DataFrame of shape (n, n_features)
            Not those of `fit`: each of these would find itself among its neighbours.
        by : {"both", "density", "reconstruction"}
            The score, or one of its parts, see `Autoencoder`.
        """
        check_is_fitted(self)
        if by not in SCORES:
            raise ValueError(f"Unknown score {by!r}, expected one of: {', '.join(SCORES)}.")
        rows = self._read(X)
        vectors = self._encoded(rows)
        mean, spread = self._usual
        parts = _logarithms(-self._neighbourhoods.score_samples(vectors), self._errors(rows, vectors))
        parts = (parts - mean) / spread
        return parts @ {"both": (1, self.error_weight), "density": (1, 0), "reconstruction": (0, 1)}[by]

    def score_samples(self, X) -> np.ndarray:
        """The negated `anomaly_scores`: what scikit-learn's own detectors call so."""
        return -self.anomaly_scores(X)

    def _encoded(self, rows: np.ndarray) -> np.ndarray:  # (n, n_features) -> (n, n_dims)
        return passed(self.network_["encoder"], torch.from_numpy(self._scaled(rows))).numpy()

    def _errors(self, rows: np.ndarray, vectors: np.ndarray) -> np.ndarray:  # -> (n,)
        """Squared error of what is given back; of images as a share, as what has more ink has more to miss."""
        missed = ((self.inverse_transform(vectors) - rows) / self._unit) ** 2
        if self._image_shape is None:
            return missed.sum(axis=1)
        return missed.sum(axis=1) / np.maximum((rows**2).sum(axis=1), TINY)

    def _scaled(self, rows: np.ndarray) -> np.ndarray:
        return (rows - self._centre) / self._unit

    def _new_network(self, n_features: int) -> torch.nn.ModuleDict:
        if self._image_shape is None:
            return table_network(n_features, self.n_dims, self.hidden)
        return image_network(*self._image_shape, self.n_dims)

    def _spoilt(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        if self._image_shape is None:
            return rows + self.noise * torch.randn(rows.shape, generator=generator, device=rows.device)
        return distorted(rows.view(-1, *self._image_shape), self.distortion, generator).flatten(1)

    def _loss(self, given_back: Tensor, rows: Tensor) -> Tensor:  # (B, n_features) twice -> ()
        if self._image_shape is None:
            return F.mse_loss(given_back, rows)
        return F.binary_cross_entropy_with_logits(given_back, rows)

    def _read(self, X, reset: bool = False) -> np.ndarray:
        """A row a thing, checked, float64."""
        if not isinstance(X, Images):
            return validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_samples=1)
        if reset:
            self.n_features_in_ = X.height * X.width
        elif (X.height, X.width) != self._image_shape:
            fitted = " × ".join(map(str, self._image_shape or [self.n_features_in_]))
            raise ValueError(f"{X.source}: images of {X.height} × {X.width}, expected {fitted} as in fit.")
        return X.to_matrix().astype(np.float64)

    def _check(self) -> None:
        sizes = {name: getattr(self, name) for name in ("n_dims", "n_neighbors", "epochs", "batch_size")}
        for name, size in (sizes | {"hidden": min(self.hidden, default=1)}).items():
            least = 2 if name == "batch_size" else 1  # a row alone has no variance to be normalised by
            if size < least:
                raise ValueError(f"{name} is {size}, expected at least {least}.")
        for name in ("distortion", "noise", "error_weight"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 or more.")
        if self.learning_rate <= 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number.")
        if not 0 <= self.validation_fraction < 1:
            raise ValueError(f"validation_fraction is {self.validation_fraction}, expected 0 to less than 1.")


def _logarithms(factors: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Of local outlier factors and reconstruction errors, shape (n, 2)."""
    return np.log(np.maximum(np.column_stack([factors, errors]), TINY))
