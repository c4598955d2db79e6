"""DistanceEmbedding: vectors whose distances are those of the things, learnt as the table of an embedding layer."""

from collections.abc import Iterator
from typing import Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from research_lib.containers.embedding import Embedding
from research_lib.containers.space import Space
from research_lib.models.training import one_thread, train


class DistanceEmbedding(BaseEstimator):
    """A vector f(v) for each thing v, so that ``|f(v) - f(w)|`` is near d(v, w).

    The squared difference of both distances is minimised over pairs drawn at random, by Adam with a rate that falls
    evenly to nothing; distances are measured in their mean, so that the rate suits any unit. Some pairs are held out.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    epochs : int
        Passes over the pairs that are learnt.
    learning_rate : float
        Of Adam, at the start.
    batch_size : int
        Pairs a step.
    n_pairs : int
        Pairs that are learnt: all, if there are no more.
    held_out : float
        Share of them that is not learnt but compared afterwards.
    random_state : int, optional
        Seed: the same seed gives the same vectors.
    verbose : int
        0 is silent, 1 shows a progress bar.

    Attributes
    ----------
    embedding_ : Embedding
        The vectors, in the unit of the distances.
    held_out_ : DataFrame
        A row a pair that was not learnt: ``first``, ``second``, ``original`` and ``found`` distance.
    held_out_stress_ : float
        ``sqrt(sum((found - original)**2) / sum(original**2))`` over them: 0 if all are met, 1 if all vectors are one.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds``.

    References
    ----------
    J. B. Kruskal, "Multidimensional Scaling by Optimizing Goodness of Fit to a Nonmetric Hypothesis", Psychometrika
    1964.
    """

    def __init__(
        self,
        n_dims: int = 2,
        *,
        epochs: int = 60,
        learning_rate: float = 0.05,
        batch_size: int = 512,
        n_pairs: int = 100_000,
        held_out: float = 0.2,
        random_state: int | None = None,
        verbose: int = 0,
    ):
        self.n_dims = n_dims
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.n_pairs = n_pairs
        self.held_out = held_out
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, space: Space) -> Self:
        """Learn from the distances of a space.

        Raises
        ------
        ValueError
            If a parameter is out of its range, there are fewer than three things, or all are in one place.
        """
        self._check(space)
        rng = np.random.default_rng(self.random_state)
        pairs = self._pairs(len(space), rng)
        known = space.between(*pairs.T)
        unit = known.mean()
        if not unit > 0:
            raise ValueError("All distances are 0, expected some that are not.")
        n_held_out = max(1, round(self.held_out * len(pairs)))
        table = torch.nn.Embedding(len(space), self.n_dims)
        with torch.no_grad():
            table.weight.copy_(torch.from_numpy(rng.normal(size=(len(space), self.n_dims)) / np.sqrt(2 * self.n_dims)))
        with one_thread():
            self.history_ = self._train(table, pairs[n_held_out:], known[n_held_out:] / unit, rng)
        self.embedding_ = Embedding(unit * table.weight.detach().numpy(), space.names)
        self._compare(pairs[:n_held_out], known[:n_held_out])
        return self

    def _train(self, table: torch.nn.Embedding, pairs: np.ndarray, known: np.ndarray, rng) -> pd.DataFrame:
        first, second = torch.from_numpy(pairs.T.copy())
        wanted = torch.from_numpy(known.astype(np.float32))
        optimizer = torch.optim.Adam(table.parameters(), lr=self.learning_rate)
        n_steps = self.epochs * -(-len(pairs) // self.batch_size)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0.01, n_steps)

        def batches() -> Iterator[Tensor]:
            yield from torch.from_numpy(rng.permutation(len(pairs))).split(self.batch_size)

        def loss(some: Tensor) -> Tensor:
            squares = ((table(first[some]) - table(second[some])) ** 2).sum(dim=1)
            return ((torch.sqrt(squares + 1e-12) - wanted[some]) ** 2).mean()  # the root has no slope at 0

        return train(loss, batches, optimizer, schedule=schedule, epochs=self.epochs, verbose=self.verbose)

    def _compare(self, pairs: np.ndarray, known: np.ndarray) -> None:
        first, second = pairs.T
        found = Space.from_embedding(self.embedding_).between(first, second)
        names = self.embedding_.names
        self.held_out_ = pd.DataFrame(
            {"first": names[first], "second": names[second], "original": known, "found": found}
        )
        self.held_out_stress_ = float(np.sqrt(((found - known) ** 2).sum() / (known**2).sum()))

    def _pairs(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Positions of pairs in random order, shape (n_pairs, 2)."""
        if n * (n - 1) // 2 <= self.n_pairs:
            return rng.permutation(np.column_stack(np.triu_indices(n, 1)))
        first = rng.integers(n, size=self.n_pairs)
        return np.column_stack([first, (first + rng.integers(1, n, size=self.n_pairs)) % n])

    def _check(self, space: Space) -> None:
        if not isinstance(space, Space):
            raise TypeError(f"fit takes a Space, not {type(space).__name__}; see Space.from_matrix.")
        if len(space) < 3:
            raise ValueError(f"{len(space)} things, expected at least 3.")
        for name in ("n_dims", "epochs", "batch_size", "n_pairs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1.")
        if not 0 < self.held_out < 1:
            raise ValueError(f"held_out is {self.held_out}, expected a share between 0 and 1.")
