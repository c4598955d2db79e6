"""DistanceEmbedding: vectors whose distances are those of the things, learnt as the table of an embedding layer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from research_lib.checks import check_integers, check_numbers, check_type
from research_lib.containers.embedding import Embedding
from research_lib.containers.space import Space
from research_lib.models.saving import Saved
from research_lib.models.training import one_thread, train


@dataclass(eq=False, repr=False, kw_only=True)
class DistanceEmbedding(Saved):
    """A vector f(v) for each thing v, so that ``|f(v) - f(w)|`` is near d(v, w).

    The squared difference of the two distances is minimised over random pairs, by Adam with a rate that falls evenly to
    nothing; the unit of distance is their mean, so that the rate suits any table. Some pairs are held out.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    epochs : int
        Passes over the pairs that are learnt.
    learning_rate : float
        Of Adam at the start, at most 10.
    batch_size : int
        Pairs a step.
    n_pairs : int
        How many pairs are drawn: all of them, if there are no more.
    held_out : float
        Share of these that is not learnt but compared afterwards.
    random_state : int, optional
        Seed: the same seed gives the same vectors.
    verbose : int
        0 is silent, 1 shows a progress bar.

    Attributes
    ----------
    embedding_ : Embedding
        The vectors, in the unit of the distances.
    held_out_ : DataFrame
        A row a held-out pair: ``first``, ``second``, ``original`` and ``found`` distance.
    held_out_stress_ : float
        ``sqrt(sum((found - original)**2) / sum(original**2))`` over them: 0 if all are met, 1 if all vectors are equal.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds``.

    References
    ----------
    J. B. Kruskal, "Multidimensional Scaling by Optimizing Goodness of Fit to a Nonmetric Hypothesis", Psychometrika
    1964.
    """

    n_dims: int = 2
    epochs: int = 60
    learning_rate: float = 0.05
    batch_size: int = 512
    n_pairs: int = 100_000
    held_out: float = 0.2
    random_state: int | None = None
    verbose: int = 0

    def fit(self, space: Space) -> Self:
        """Learn from the distances of a space.

        Raises
        ------
        ValueError
            If a parameter is out of its range, there are fewer than three things, or all distances are 0.
        """
        self._check()
        check_type(space, Space, "fit", "Space.from_matrix")
        if len(space) < 3:
            raise ValueError(f"{len(space)} things, expected at least 3.")
        rng = np.random.default_rng(self.random_state)
        pairs = self._pairs(len(space), rng)
        known = space.between(*pairs.T)
        unit = known.mean()
        if not unit > 0:
            raise ValueError("All distances are 0, expected some that are not.")
        n_held_out = min(max(1, round(self.held_out * len(pairs))), len(pairs) - 1)
        start = rng.normal(size=(len(space), self.n_dims)) / np.sqrt(2 * self.n_dims)
        table = torch.nn.Embedding.from_pretrained(torch.from_numpy(start.astype(np.float32)), freeze=False)
        with one_thread():
            self.history_ = self._train(table, pairs[n_held_out:], known[n_held_out:] / unit, rng)
        self.embedding_ = Embedding(unit * table.weight.detach().numpy(), space.names)
        self._compare(pairs[:n_held_out], known[:n_held_out])
        return self

    def _train(
        self, table: torch.nn.Embedding, pairs: np.ndarray, known: np.ndarray, rng: np.random.Generator
    ) -> pd.DataFrame:
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

    def _check(self) -> None:
        check_integers(1, n_dims=self.n_dims, epochs=self.epochs, batch_size=self.batch_size)
        check_integers(2, n_pairs=self.n_pairs)  # one to learn, one to compare_recommenders
        check_numbers(above=0, most=10, learning_rate=self.learning_rate)
        check_numbers(above=0, below=1, held_out=self.held_out)
