"""Autoencoder: vectors from a bottleneck, what they give back, and how far a thing is from what was normal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from sklearn.base import TransformerMixin
from sklearn.neighbors import LocalOutlierFactor
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from research_lib.checks import check_choice, check_integers, check_numbers
from research_lib.containers.embedding import Embedding
from research_lib.containers.images import Images
from research_lib.models.images.network import distorted, fit_network, image_network, passed, table_network
from research_lib.models.saving import Saved
from research_lib.models.training import check_layers, pick_device

SCORES = ("both", "density", "reconstruction")
TINY = 1e-12  # so that what is given back exactly has a logarithm


@dataclass(eq=False, repr=False, kw_only=True)
class Autoencoder(TransformerMixin, Saved):
    """A network that must give back what it saw, through a bottleneck of few numbers: the thing's vector.

    What it sees is spoilt, what it must give back is not: images are moved, turned, stretched and bent at random,
    numbers get noise. So things that differ by no more than that get similar vectors.

    An **anomaly** is what is far from the data of `fit`. Two numbers tell: the local outlier factor of its vector, that
    is how much sparser the neighbourhood of the vector is than those of its neighbours; and the squared error of what
    is given back, for an image as a share of its own square. Of both the logarithm counts, in standard deviations from
    the mean over the data of `fit`; the score is the first plus `error_weight` times the second.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    hidden : sequence of int
        For a matrix: sizes of the layers before the bottleneck, and in reverse behind it. Images pass two convolutions.
    distortion : float
        For images: how much they are distorted, see `distorted`; 0 is not at all.
    noise : float
        For a matrix: standard deviation of the noise, in standard deviations of each column.
    n_neighbors : int
        Vectors that make a neighbourhood.
    error_weight : float
        Weight of the error of what is given back in the anomaly score.
    epochs, batch_size : int
        Passes over the data, and rows a step.
    learning_rate : float
        Of Adam at its highest: it rises at first, then falls to nothing. At most 10.
    validation_fraction : float
        Share of the rows that is held out for the validation loss and `patience`.
    patience : int, optional
        Stop when the validation loss has not fallen for so many epochs, and go back to the best; never by default.
    random_state : int, optional
        Seed.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        Where to train, as torch names it; by default CUDA if there is one, else the CPU.

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

    n_dims: int = 32
    hidden: Sequence[int] = (64,)
    distortion: float = 0.7
    noise: float = 0.1
    n_neighbors: int = 10
    error_weight: float = 0.5
    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 0.003
    validation_fraction: float = 0.0
    patience: int | None = None
    random_state: int | None = None
    verbose: int = 0
    device: str | None = None

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
        self._image_shape: tuple[int, int] | None = None
        names, metadata = np.arange(1, len(rows) + 1), pd.DataFrame(index=range(len(rows)))
        if isinstance(X, Images):
            self._image_shape, names, metadata = (X.height, X.width), X.names, X.metadata
            self._centre, self._unit = np.zeros(1), np.ones(1)
        else:
            self._centre = rows.mean(axis=0)
            self._unit = np.where(np.ptp(rows, axis=0) > 0, rows.std(axis=0), 1)  # rounding gives a constant a spread
        self._sizes = *(self._image_shape or (rows.shape[1], *self.hidden)), self.n_dims
        self._learn(rows, n_held_out)
        self._vectors = self._encoded(rows)
        self.embedding_ = Embedding(self._vectors, names, metadata)
        self._neighbourhoods = LocalOutlierFactor(self.n_neighbors, novelty=True).fit(self._vectors)
        usual = _logarithms(-self._neighbourhoods.negative_outlier_factor_, self._errors(rows, self._vectors))
        self._usual = usual.mean(axis=0), np.maximum(usual.std(axis=0), TINY)
        return self

    def _learn(self, rows: np.ndarray, n_held_out: int) -> None:
        """Fit the network and its history."""
        rng = np.random.default_rng(self.random_state)
        device = pick_device(self.device)
        with torch.random.fork_rng(devices=[]):  # layers start from torch's own generator only
            torch.manual_seed(int(rng.integers(2**62)))
            self.network_ = self._new_network()
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

    def _new_network(self) -> torch.nn.ModuleDict:
        return image_network(*self._sizes) if self._image_shape else table_network(*self._sizes)

    def transform(self, X) -> np.ndarray:
        """The vectors of images or rows, shape (n, n_dims)."""
        check_is_fitted(self)
        return self._encoded(self._read(X))

    def inverse_transform(self, X) -> np.ndarray:
        """What is given back of vectors, shape (n, n_dims): shape (n, n_features), a row of pixels for an image."""
        check_is_fitted(self)
        vectors = torch.from_numpy(np.ascontiguousarray(X, dtype=np.float64))
        if vectors.ndim != 2 or vectors.shape[1] != self._sizes[-1]:
            raise ValueError(f"The vectors have shape {tuple(vectors.shape)}, expected (n, {self._sizes[-1]}).")
        out = passed(self.network_["decoder"], vectors)
        return (torch.sigmoid(out) if self._image_shape else out).numpy() * self._unit + self._centre

    def reconstruct(self, X):
        """What comes back of images or rows: images of the same names, or a matrix."""
        given_back = self.inverse_transform(self.transform(X))
        if not isinstance(X, Images):
            return given_back
        return replace(X, pixels=given_back.reshape(X.pixels.shape), source=f"{X.source}, reconstructed")

    def anomaly_scores(self, X, by: str = "both") -> np.ndarray:
        """How far images or rows are from those of `fit`, shape (n,): higher is more anomalous, about 0 is usual.

        Parameters
        ----------
        X : Images, or array or DataFrame of shape (n, n_features)
            Not those of `fit`: they would find themselves among their neighbours.
        by : {"both", "density", "reconstruction"}
            The score or one of its parts, see `Autoencoder`.
        """
        check_is_fitted(self)
        check_choice("score", by, SCORES)
        rows = self._read(X)
        vectors = self._encoded(rows)
        mean, spread = self._usual
        parts = _logarithms(-self._neighbourhoods.score_samples(vectors), self._errors(rows, vectors))
        parts = (parts - mean) / spread
        return parts @ {"both": (1, self.error_weight), "density": (1, 0), "reconstruction": (0, 1)}[by]

    def score_samples(self, X) -> np.ndarray:
        """The negated `anomaly_scores`, under the name of scikit-learn's own detectors."""
        return -self.anomaly_scores(X)

    def _encoded(self, rows: np.ndarray) -> np.ndarray:  # (n, n_features) -> (n, n_dims)
        return passed(self.network_["encoder"], torch.from_numpy(self._scaled(rows))).numpy()

    def _errors(self, rows: np.ndarray, vectors: np.ndarray) -> np.ndarray:  # -> (n,)
        """Squared error of what is given back; for images a share, since more ink leaves more to miss."""
        missed = ((self.inverse_transform(vectors) - rows) / self._unit) ** 2
        if self._image_shape is None:
            return missed.sum(axis=1)
        return missed.sum(axis=1) / np.maximum((rows**2).sum(axis=1), TINY)

    def _scaled(self, rows: np.ndarray) -> np.ndarray:
        return (rows - self._centre) / self._unit

    def _spoilt(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        if self._image_shape is None:
            return rows + self.noise * torch.randn(rows.shape, generator=generator, device=rows.device)
        return distorted(rows.view(-1, *self._image_shape), self.distortion, generator).flatten(1)

    def _loss(self, given_back: Tensor, rows: Tensor) -> Tensor:  # (B, n_features) twice -> ()
        if self._image_shape is None:
            return F.mse_loss(given_back, rows)
        return F.binary_cross_entropy_with_logits(given_back, rows)

    def _read(self, X, reset: bool = False) -> np.ndarray:
        """A row for each thing, checked, float64."""
        if not isinstance(X, Images):
            return validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_samples=1)
        if reset:
            self.n_features_in_ = X.height * X.width
        elif (X.height, X.width) != self._image_shape:
            fitted = " × ".join(map(str, self._image_shape or [self.n_features_in_]))
            raise ValueError(f"{X.source}: images of {X.height} × {X.width}, expected {fitted} as in fit.")
        return X.to_matrix().astype(np.float64)

    def _state(self) -> dict[str, Any]:
        known = {"n_neighbors": self._neighbourhoods.n_neighbors}  # its vectors are kept
        return super()._state() | {"network_": self.network_.state_dict(), "_neighbourhoods": known}

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state)
        with torch.device("meta"):  # layers without numbers: these are in the state
            self.network_ = self._new_network()
        self.network_.load_state_dict(state["network_"], assign=True)
        self._neighbourhoods = LocalOutlierFactor(**state["_neighbourhoods"], novelty=True).fit(self._vectors)

    def _check(self) -> None:
        check_integers(1, n_dims=self.n_dims, n_neighbors=self.n_neighbors, epochs=self.epochs)
        check_integers(2, batch_size=self.batch_size)  # a row alone has no variance to be normalised by
        if self.patience is not None:
            check_integers(1, patience=self.patience)
        check_layers(self.hidden)
        check_numbers(least=0, distortion=self.distortion, noise=self.noise, error_weight=self.error_weight)
        check_numbers(above=0, most=10, learning_rate=self.learning_rate)
        check_numbers(least=0, below=1, validation_fraction=self.validation_fraction)


def _logarithms(factors: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Of local outlier factors and reconstruction errors, shape (n, 2)."""
    return np.log(np.maximum(np.column_stack([factors, errors]), TINY))
