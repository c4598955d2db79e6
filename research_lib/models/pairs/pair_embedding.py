"""PairEmbedding: vectors of both sides of a table of pairs, learnt so that pairs score higher than non-pairs."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from safetensors.numpy import save
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.files import read_safetensors, write_atomically
from research_lib.models.pairs.contrastive import fit_contrastive
from research_lib.models.pairs.name_pieces import name_matrix, name_pieces
from research_lib.models.pairs.pointwise import fit_pointwise
from research_lib.models.training import pick_device

LOSSES = ("mse", "bce", "softmax")


class PairEmbedding(BaseEstimator):
    """Two tables of vectors, one for the rows and one for the columns, whose cosine says how well a pair fits.

    ``"mse"`` and ``"bce"`` are the book recommender tutorial's two models: every pair is pushed towards +1, and
    `negative_ratio` random non-pairs towards -1. ``"softmax"`` is the one to use for quality: a row's vector is the sum
    of input vectors of its columns, some of them dropped at random, and has to single out each of its columns among
    all others. So a row that was not there in training has a vector too, see `transform`.

    On 1,411 books and their links the best setting found on validation data is
    ``PairEmbedding(n_dims=100, loss="softmax", epochs=60, n_positive=2048)``; ``n_dims=50`` is close behind. A table of
    600,000 pairs needs some epochs only: ``PairEmbedding(loss="softmax", epochs=4, n_positive=8192, max_candidates=512,
    temperature=0.15)``.

    On users and the items that they picked, ``loss="bce"`` is logistic matrix factorization with sampled negatives: a
    vector of each user and of each item, and nothing else. `recommend` gives personal recommendations with any loss.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    loss : {"mse", "bce", "softmax"}
        What is minimised: squared error of the cosine against ±1, cross-entropy of its logistic function with a trained
        scale and offset, or the negative log-likelihood of a softmax over the columns.
    epochs : int
        Passes over the table.
    n_positive : int
        Pairs a step. For ``"softmax"`` whole rows that together have about so many.
    negative_ratio : int
        Non-pairs for every pair; not for ``"softmax"``.
    learning_rate : float, optional
        Of Adam; by default 0.001, the tutorial's, and 0.02, falling to nothing, for ``"softmax"``.
    temperature : float
        Divides the cosine under the softmax: the lower, the more the hardest columns count.
    dropout : float
        Share of a row's columns, and pieces of its name, left out of its sum, drawn anew at each step; for
        ``"softmax"`` only.
    kept_weight : float
        Weight in the loss of the columns that the sum has kept; those left out, which have to be guessed, weigh 1.
    name_ngrams : tuple of int, optional
        Shortest and longest piece of a row's name, in characters, that has a vector of its own: ``(3, 5)``. Pieces in
        fewer than five names have none. By default names say nothing; for ``"softmax"`` only.
    max_candidates : int
        With more columns than this the softmax is estimated from so many, sampled from the step's pairs and corrected
        for their popularity. A few hundred are enough, and fast.
    patience : int, optional
        Stop when the loss has not fallen for so many epochs; by default never.
    random_state : int, optional
        Seed: the same seed, device and number of threads give the same vectors.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        As torch names it; by default CUDA if there is one, else the CPU.

    Attributes
    ----------
    row_embedding_, col_embedding_ : Embedding
        The vectors of both sides.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds``.
    calibration_ : tuple of float
        Scale and offset of ``"bce"``; 1 and 0 for the others.
    input_embedding_ : Embedding
        For ``"softmax"``: the vectors of the columns that rows are sums of.
    ngram_embedding_ : Embedding
        With `name_ngrams`: the vectors of the pieces of names.

    References
    ----------
    W. Koehrsen, "Building a Recommendation System Using Neural Network Embeddings", 2018 (mse, bce).
    P. Vincent et al., "Stacked Denoising Autoencoders", JMLR 2010 (what was left out weighs more).
    C. C. Johnson, "Logistic Matrix Factorization for Implicit Feedback Data", 2014 (bce on users and items).
    D. Liang et al., "Variational Autoencoders for Collaborative Filtering", WWW 2018 (a row from its columns, dropout).
    P. Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL 2017 (the pieces of a name).
    Y. Bengio and J.-S. Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language
    Model", IEEE TNN 2008 (the softmax from a sample).
    """

    def __init__(
        self,
        n_dims: int = 50,
        loss: str = "mse",
        *,
        epochs: int = 15,
        n_positive: int = 1024,
        negative_ratio: int = 2,
        learning_rate: float | None = None,
        temperature: float = 0.1,
        dropout: float = 0.5,
        kept_weight: float = 0.3,
        name_ngrams: tuple[int, int] | None = None,
        max_candidates: int = 4096,
        patience: int | None = None,
        random_state: int | None = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.n_dims = n_dims
        self.loss = loss
        self.epochs = epochs
        self.n_positive = n_positive
        self.negative_ratio = negative_ratio
        self.learning_rate = learning_rate
        self.temperature = temperature
        self.dropout = dropout
        self.kept_weight = kept_weight
        self.name_ngrams = name_ngrams
        self.max_candidates = max_candidates
        self.patience = patience
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

    def fit(self, interactions: Interactions) -> Self:
        """Learn from a table.

        Parameters
        ----------
        interactions : Interactions
            Rows × columns. A pair that stands there twice counts twice, except for ``"softmax"``.

        Raises
        ------
        ValueError
            If a parameter is out of its range or every possible pair is in the table.
        """
        self._check(interactions)
        for side in ("input", "ngram"):  # of an earlier fit with another loss
            vars(self).pop(f"{side}_embedding_", None)
        common = {
            "n_dims": self.n_dims,
            "epochs": self.epochs,
            "n_positive": self.n_positive,
            "patience": self.patience,
            "verbose": self.verbose,
            "rng": np.random.default_rng(self.random_state),
            "device": pick_device(self.device),
        }
        names = interactions.col_names, interactions.col_metadata
        if self.loss == "softmax":
            pieces = name_pieces(interactions.row_names, self.name_ngrams) if self.name_ngrams else []
            inputs, cols, self.history_ = fit_contrastive(
                interactions,
                name_matrix(interactions.row_names, pieces, self.name_ngrams),
                temperature=self.temperature,
                dropout=self.dropout,
                kept_weight=self.kept_weight,
                max_candidates=self.max_candidates,
                learning_rate=self.learning_rate or 0.02,
                **common,
            )
            self.calibration_ = 1.0, 0.0
            self.input_embedding_ = Embedding(inputs[: interactions.n_cols], *names)
            if pieces:
                self.ngram_embedding_ = Embedding(inputs[interactions.n_cols :], pieces)
            rows = self._sums(interactions)
        else:
            rows, cols, self.calibration_, self.history_ = fit_pointwise(
                interactions,
                loss=self.loss,
                negative_ratio=self.negative_ratio,
                learning_rate=self.learning_rate or 0.001,
                **common,
            )
        self.row_embedding_ = Embedding(rows, interactions.row_names, interactions.row_metadata)
        self.col_embedding_ = Embedding(cols, *names)
        return self

    def transform(self, new: Interactions | Sequence[str]) -> Embedding:
        """Vectors of rows that need not have been there in training; ``loss="softmax"`` only.

        Parameters
        ----------
        new : Interactions or sequence of str
            New rows, of which columns that were not there in training are left out; with `name_ngrams` also names of
            which nothing else is known.

        Returns
        -------
        Embedding
            One vector a row; zero where no column, nor any piece of the name, is known.
        """
        check_is_fitted(self)
        if self.loss != "softmax":
            raise ValueError(f"loss={self.loss!r} learns vectors of the rows it has seen only; use loss='softmax'.")
        if isinstance(new, Interactions):
            return Embedding(self._sums(new), new.row_names, new.row_metadata)
        if isinstance(new, str):
            raise ValueError(f"transform takes Interactions or a list of names, such as [{new!r}].")
        if not hasattr(self, "ngram_embedding_"):
            few = "no piece stood in five names" if self.name_ngrams else "it was fitted without name_ngrams"
            raise ValueError(f"This model has no vectors for names alone: {few}.")
        return Embedding(self._of_names(new), new)

    def _sums(self, interactions: Interactions) -> np.ndarray:
        """Vectors of rows from their columns and names, shape (n_rows, n_dims)."""
        known = pd.Index(self.input_embedding_.names).get_indexer(interactions.col_names)
        sums = interactions.to_csr() @ np.where(known[:, None] >= 0, self.input_embedding_.vectors[known], 0)
        return sums + self._of_names(interactions.row_names) if hasattr(self, "ngram_embedding_") else sums

    def _of_names(self, names: Sequence[str]) -> np.ndarray:
        """What the pieces of names add up to, shape (n, n_dims)."""
        pieces = self.ngram_embedding_
        return name_matrix(names, pieces.names, self.name_ngrams) @ pieces.vectors

    def score_cols(self, rows: np.ndarray) -> np.ndarray:
        """Cosine of some rows with every column.

        Parameters
        ----------
        rows : ndarray of int, shape (n,)
            Positions in the row embedding.

        Returns
        -------
        ndarray of float32, shape (n, n_cols)
            Between -1 and 1, more is better.
        """
        check_is_fitted(self)
        return self.row_embedding_.unit_vectors()[rows] @ self.col_embedding_.unit_vectors().T

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file, parameters and names as JSON in its header."""
        check_is_fitted(self)
        sides = {side: getattr(self, f"{side}_embedding_", None) for side in ("row", "col", "input", "ngram")}
        sides = {side: embedding for side, embedding in sides.items() if embedding is not None}
        fitted = {"calibration": self.calibration_, "history": self.history_.to_dict("list")}
        header = {"parameters": json.dumps(self.get_params()), "fitted": json.dumps(fitted)}
        header |= {side: embedding.names_as_json() for side, embedding in sides.items() if side != "input"}  # as col
        tensors = {side: embedding.vectors for side, embedding in sides.items()}
        return write_atomically(path, save(tensors, metadata=header))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Nothing is unpickled."""
        header, tensors = read_safetensors(path, expected="row")
        if "parameters" not in header:
            raise ValueError(f"{path}: holds vectors without parameters, expected what PairEmbedding.save wrote.")
        parameters = json.loads(header["parameters"])
        lengths = parameters.get("name_ngrams")  # JSON knows no tuples
        model = cls(**parameters | {"name_ngrams": lengths and tuple(lengths)})
        fitted = json.loads(header["fitted"])
        model.calibration_ = tuple(fitted["calibration"])
        model.history_ = pd.DataFrame(fitted["history"])
        for side, vectors in tensors.items():
            names = header["col" if side == "input" else side]
            setattr(model, f"{side}_embedding_", Embedding.from_json(vectors, names))
        return model

    def _check(self, interactions: Interactions) -> None:
        if not isinstance(interactions, Interactions):
            raise TypeError(f"fit takes Interactions, not {type(interactions).__name__}; see Interactions.from_lists.")
        if self.loss not in LOSSES:
            raise ValueError(f"Unknown loss {self.loss!r}, expected one of: {', '.join(LOSSES)}.")
        for name in ("n_dims", "epochs", "n_positive", "negative_ratio", "max_candidates"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1.")
        if self.learning_rate is not None and self.learning_rate <= 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number.")
        if self.temperature <= 0:
            raise ValueError(f"temperature is {self.temperature}, expected a positive number.")
        if self.kept_weight < 0 or self.kept_weight == self.dropout == 0:
            raise ValueError(f"kept_weight is {self.kept_weight}, expected a positive number: nothing would be learnt.")
        if self.name_ngrams is not None:
            if self.loss != "softmax":
                raise ValueError(f"name_ngrams needs loss='softmax', not {self.loss!r}.")
            if len(self.name_ngrams) != 2 or not 0 < self.name_ngrams[0] <= self.name_ngrams[1]:
                raise ValueError(f"name_ngrams is {self.name_ngrams}, expected two lengths such as (3, 5).")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout}, expected 0 to less than 1.")
