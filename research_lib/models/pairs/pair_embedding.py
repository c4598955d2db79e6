"""PairEmbedding: a vector for every row and every column, learnt one pair at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from research_lib.checks import check_choice, check_integers, check_numbers, check_type
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.models.losses import cosine_bce, cosine_mse
from research_lib.models.pairs.negatives import NegativeSampler
from research_lib.models.pairs.row_adam import DenseAdam, RowAdam
from research_lib.models.recommending import cosine_scores
from research_lib.models.saving import Saved
from research_lib.models.training import Optimizer, pick_device, train

LOSSES = ("mse", "bce")


@dataclass(eq=False, repr=False, kw_only=True)
class PairEmbedding(Saved):
    """A vector for every row and every column, whose cosine says how well the two go together.

    These are the two models of the book recommender tutorial: every pair is pushed towards +1, and `negative_ratio`
    random non-pairs towards -1. For quality use `SetEmbedding`. On users and the items they picked, ``loss="bce"`` is
    logistic matrix factorization with sampled negatives.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    loss : {"mse", "bce"}
        What is minimised: the squared error of the cosine against ±1, or the cross-entropy of its logistic function
        with a learnt scale and offset.
    epochs : int
        Passes over the table.
    n_positive : int
        Pairs per step.
    negative_ratio : int
        Non-pairs for every pair.
    learning_rate : float
        Of Adam.
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
        Learnt scale and offset of ``"bce"``; 1 and 0 for ``"mse"``.

    References
    ----------
    W. Koehrsen, "Building a Recommendation System Using Neural Network Embeddings", 2018.
    C. C. Johnson, "Logistic Matrix Factorization for Implicit Feedback Data", 2014 (bce on users and items).
    """

    n_dims: int = 50
    loss: str = "mse"
    epochs: int = 15
    n_positive: int = 1024
    negative_ratio: int = 2
    learning_rate: float = 0.001
    patience: int | None = None
    random_state: int | None = None
    verbose: int = 0
    device: str | None = None

    def fit(self, interactions: Interactions) -> Self:
        """Learn from a table.

        Parameters
        ----------
        interactions : Interactions
            Rows × columns. A pair that is listed twice counts twice.

        Raises
        ------
        ValueError
            If a parameter is out of its range or every possible pair is in the table.
        """
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        check_choice("loss", self.loss, LOSSES)
        check_integers(1, n_dims=self.n_dims, epochs=self.epochs, n_positive=self.n_positive)
        check_integers(1, negative_ratio=self.negative_ratio, patience=1 if self.patience is None else self.patience)
        check_numbers(above=0, learning_rate=self.learning_rate)
        rows, cols = self._learn(interactions)
        self.row_embedding_ = Embedding(rows, interactions.row_names, interactions.row_metadata)
        self.col_embedding_ = Embedding(cols, interactions.col_names, interactions.col_metadata)
        return self

    def _learn(self, interactions: Interactions) -> tuple[np.ndarray, np.ndarray]:
        """Vectors of the rows and of the columns, shape (n_rows, n_dims) and (n_cols, n_dims)."""
        rng, device = np.random.default_rng(self.random_state), pick_device(self.device)
        n_rows, n_pairs = interactions.n_rows, len(interactions)
        n_positive = min(self.n_positive, n_pairs)
        n_negative = n_positive * self.negative_ratio
        # Rows and columns share one table, so that a step reads and writes once. Keras starts in the same range.
        start = rng.uniform(-0.05, 0.05, size=(n_rows + interactions.n_cols, self.n_dims)).astype(np.float32)
        on_cpu = device.type == "cpu"
        table = RowAdam(start, self.learning_rate) if on_cpu else DenseAdam(start, self.learning_rate, device=device)
        calibration = torch.tensor([1.0, 0.0], device=device, requires_grad=True)
        labels = torch.cat([torch.ones(n_positive), -torch.ones(n_negative)]).to(device)
        sampler = NegativeSampler(interactions)

        def batches() -> Iterator[np.ndarray]:
            """Positions in the table, first of the rows, then of the columns, shape (2 * (n_positive + n_negative),)"""
            for _ in range(n_pairs // n_positive):
                # Drawn afresh for every step, as in the tutorial: in an epoch some pairs come twice and some never.
                drawn = rng.choice(n_pairs, n_positive, replace=False, shuffle=False)
                rows, cols = interactions.pairs[drawn].T
                other_rows, other_cols = sampler.draw(n_negative, rng)
                yield np.concatenate([rows, other_rows, n_rows + cols, n_rows + other_cols])

        def loss(batch: np.ndarray) -> Tensor:
            rows, cols = table.read(batch).chunk(2)
            if self.loss == "mse":
                return cosine_mse(rows, cols, labels)
            return cosine_bce(rows, cols, labels, *calibration)

        optimizers: list[Optimizer] = [table]
        if self.loss == "bce":
            optimizers.append(torch.optim.Adam([calibration], lr=self.learning_rate, eps=1e-7))
        self.history_ = train(
            loss, batches, optimizers, epochs=self.epochs, patience=self.patience, verbose=self.verbose
        )
        self.calibration_ = tuple(calibration.tolist())
        rows, cols = np.split(table.table(), [n_rows])
        return rows, cols

    def score_cols(self, rows: np.ndarray) -> np.ndarray:
        """Cosine of some rows, given as positions, with every column, shape (n, n_cols)."""
        check_is_fitted(self)
        return cosine_scores(self.row_embedding_, self.col_embedding_, rows)
