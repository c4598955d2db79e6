"""SetEmbedding: a row is the sum of vectors of its columns, and must single out each of them among all columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy import sparse
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from research_lib.checks import check_integers, check_numbers, check_type
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.models.losses import sampled_softmax_nll, softmax_nll
from research_lib.models.pairs.name_pieces import name_matrix, name_pieces
from research_lib.models.recommending import cosine_scores
from research_lib.models.saving import Saved
from research_lib.models.training import pick_device, train


@dataclass(eq=False, repr=False, kw_only=True)
class SetEmbedding(Saved):
    """A row is the sum of vectors of its columns, learnt so that it singles out each of them among all columns.

    At every step some of a row's columns are left out of its sum at random, and have to be guessed from the rest. As a
    row is nothing but its columns, rows that were not there in training have vectors, too: see `transform`.

    On 1,411 books and their links the best setting found on validation data is ``SetEmbedding(n_dims=100, epochs=60,
    n_positive=2048)``; ``n_dims=50`` is close behind. A table of 600,000 pairs needs only a few epochs:
    ``SetEmbedding(epochs=4, n_positive=8192, max_candidates=512, temperature=0.15)``.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    epochs : int
        Passes over the table.
    n_positive : int
        Pairs per step, roughly: a step takes whole rows.
    learning_rate : float
        Of Adam, at the start; it falls evenly to nothing.
    temperature : float
        Divides the cosine under the softmax: the lower, the more the hardest columns count.
    dropout : float
        Share of a row's columns, and of the pieces of its name, left out of its sum; drawn anew at each step.
    kept_weight : float
        Weight in the loss of the columns that the sum has kept; those left out, which have to be guessed, weigh 1.
    name_ngrams : tuple of int, optional
        Shortest and longest piece of a row's name, in characters, that has a vector of its own: ``(3, 5)``. Pieces in
        fewer than five names have none. By default names say nothing.
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
        The vectors of both sides, compared by their cosine.
    input_embedding_ : Embedding
        The vectors of the columns that rows are sums of.
    ngram_embedding_ : Embedding or None
        The vectors of the pieces of names; None where there are none.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds``.

    References
    ----------
    D. Liang et al., "Variational Autoencoders for Collaborative Filtering", WWW 2018 (a row from its columns, dropout).
    P. Vincent et al., "Stacked Denoising Autoencoders", JMLR 2010 (what was left out weighs more).
    P. Bojanowski et al., "Enriching Word Vectors with Subword Information", TACL 2017 (the pieces of a name).
    Y. Bengio and J.-S. Senécal, "Adaptive Importance Sampling to Accelerate Training of a Neural Probabilistic Language
    Model", IEEE TNN 2008 (the softmax from a sample).
    """

    n_dims: int = 50
    epochs: int = 15
    n_positive: int = 1024
    learning_rate: float = 0.02
    temperature: float = 0.1
    dropout: float = 0.5
    kept_weight: float = 0.3
    name_ngrams: tuple[int, int] | None = None
    max_candidates: int = 4096
    patience: int | None = None
    random_state: int | None = None
    verbose: int = 0
    device: str | None = None

    def fit(self, interactions: Interactions) -> Self:
        """Learn from a table.

        Parameters
        ----------
        interactions : Interactions
            Rows × columns. A pair that is listed twice counts once.

        Raises
        ------
        ValueError
            If a parameter is out of its range.
        """
        check_type(interactions, Interactions, "fit", "Interactions.from_lists")
        self._check()
        n_cols, cols = interactions.n_cols, (interactions.col_names, interactions.col_metadata)
        pieces = name_pieces(interactions.row_names, self.name_ngrams)
        inputs, outputs = self._learn(interactions, name_matrix(interactions.row_names, pieces, self.name_ngrams))
        self.input_embedding_, self.col_embedding_ = Embedding(inputs[:n_cols], *cols), Embedding(outputs, *cols)
        self.ngram_embedding_ = Embedding(inputs[n_cols:], pieces) if len(pieces) else None
        self.row_embedding_ = self.transform(interactions)
        return self

    def _check(self) -> None:
        check_integers(1, n_dims=self.n_dims, epochs=self.epochs, n_positive=self.n_positive)
        check_integers(1, max_candidates=self.max_candidates, patience=1 if self.patience is None else self.patience)
        check_numbers(above=0, learning_rate=self.learning_rate, temperature=self.temperature)
        check_numbers(least=0, kept_weight=self.kept_weight)
        check_numbers(least=0, below=1, dropout=self.dropout)
        if self.kept_weight == self.dropout == 0:
            raise ValueError("kept_weight and dropout are both 0: nothing would be learnt.")
        if self.name_ngrams is not None and (
            len(self.name_ngrams) != 2 or not 0 < self.name_ngrams[0] <= self.name_ngrams[1]
        ):
            raise ValueError(f"name_ngrams is {self.name_ngrams}, expected two lengths such as (3, 5).")

    def _learn(self, interactions: Interactions, parts: sparse.csr_array) -> tuple[np.ndarray, np.ndarray]:
        """Learn input and output vectors of the columns.

        Parameters
        ----------
        interactions : Interactions
            Rows × columns.
        parts : csr_array, shape (n_rows, n_parts)
            What rows have besides their columns, with weights: given, never guessed. There may be none.

        Returns
        -------
        inputs, outputs : ndarray of float32, shape (n_cols + n_parts, n_dims) and (n_cols, n_dims)
            A row is the sum of the inputs of its columns and parts, and scores by its cosine with the outputs.
        """
        rng, device = np.random.default_rng(self.random_state), pick_device(self.device)
        matrix = interactions.to_csr()
        n_rows, n_cols = matrix.shape
        start = rng.normal(0, 0.1, size=(2 * n_cols + parts.shape[1], self.n_dims)).astype(np.float32)
        of_cols, outputs, of_parts = torch.from_numpy(start).to(device).tensor_split([n_cols, 2 * n_cols])
        inputs, outputs = torch.cat([of_cols, of_parts]).requires_grad_(), outputs.clone().requires_grad_()
        optimizer = torch.optim.Adam([inputs, outputs], lr=self.learning_rate)
        rows_a_batch = int(np.clip(round(self.n_positive * n_rows / matrix.nnz), 1, n_rows))
        n_steps = self.epochs * -(-n_rows // rows_a_batch)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=n_steps)
        # Columns are sampled from the pairs of the step, so each comes as often as it is popular; that is corrected.
        n_sampled = 0 if n_cols <= self.max_candidates else self.max_candidates
        share = np.maximum(matrix.sum(axis=0), 1) / matrix.nnz
        log_expected = torch.from_numpy(np.log(share * self.max_candidates).astype(np.float32)).to(device)
        entries = sparse.hstack([matrix, parts], format="csr")

        def batches() -> Iterator[RowBatch]:
            order = rng.permutation(n_rows)
            for k in range(0, n_rows, rows_a_batch):
                part = entries[order[k : k + rows_a_batch]].tocoo()
                cols = part.col[part.col < n_cols]
                if len(cols):
                    kept = rng.random(part.nnz) >= self.dropout
                    sampled = rng.choice(cols, size=n_sampled).astype(np.int64)
                    arrays = part.row.astype(np.int64), part.col.astype(np.int64), part.data, kept, sampled
                    yield RowBatch(part.shape[0], *(torch.from_numpy(array).to(device) for array in arrays))

        def loss(batch: RowBatch) -> Tensor:
            row, col, kept = (values[batch.input < n_cols] for values in (batch.row, batch.input, batch.kept))
            summed = inputs[batch.input[batch.kept]] * batch.weight[batch.kept, None]
            sums = torch.zeros(batch.n_rows, self.n_dims, device=device).index_add(0, batch.row[batch.kept], summed)
            rows = F.normalize(sums, dim=1)
            if n_sampled:
                logits = rows @ F.normalize(outputs[batch.sampled], dim=1).T / self.temperature
                positive = (rows[row] * F.normalize(outputs[col], dim=1)).sum(1) / self.temperature
                nll = sampled_softmax_nll(logits, log_expected[batch.sampled], row, positive)
            else:
                nll = softmax_nll(rows @ F.normalize(outputs, dim=1).T / self.temperature, row, col)
            weights = torch.where(kept, self.kept_weight, 1.0)
            return (weights * nll).sum() / weights.sum().clamp(min=1e-6)

        self.history_ = train(
            loss,
            batches,
            optimizer,
            epochs=self.epochs,
            schedule=schedule,
            patience=self.patience,
            verbose=self.verbose,
        )
        return inputs.detach().cpu().numpy(), outputs.detach().cpu().numpy()

    def transform(self, new: Interactions | Sequence[str]) -> Embedding:
        """Vectors of rows that need not have been there in training.

        Parameters
        ----------
        new : Interactions or sequence of str
            New rows, whose unknown columns are left out; with `name_ngrams` also names of which nothing else is known.

        Returns
        -------
        Embedding
            One vector per row; zero where neither a column nor a piece of the name is known.
        """
        check_is_fitted(self)
        if isinstance(new, Interactions):
            return Embedding(self._of_cols(new) + self._of_names(new.row_names), new.row_names, new.row_metadata)
        if isinstance(new, str):
            raise ValueError(f"transform takes Interactions or a list of names, such as [{new!r}].")
        if self.ngram_embedding_ is None:
            few = "no piece stood in five names" if self.name_ngrams else "it was fitted without name_ngrams"
            raise ValueError(f"This model has no vectors for names alone: {few}.")
        return Embedding(self._of_names(new), np.asarray(new))

    def _of_cols(self, interactions: Interactions) -> np.ndarray:
        """What the columns of rows add up to, shape (n_rows, n_dims)."""
        known = pd.Index(self.input_embedding_.names).get_indexer(interactions.col_names)
        return interactions.to_csr() @ np.where(known[:, None] >= 0, self.input_embedding_.vectors[known], 0)

    def _of_names(self, names: Sequence[str] | np.ndarray) -> np.ndarray:
        """What the pieces of names add up to, shape (n, n_dims)."""
        pieces = self.ngram_embedding_
        if pieces is None:
            return np.zeros((len(names), self.n_dims), dtype=np.float32)
        return name_matrix(names, pieces.names, self.name_ngrams) @ pieces.vectors

    def score_cols(self, rows: np.ndarray) -> np.ndarray:
        """Cosine of some rows, given as positions, with every column, shape (n, n_cols)."""
        check_is_fitted(self)
        return cosine_scores(self.row_embedding_, self.col_embedding_, rows)


@dataclass
class RowBatch:
    """Some rows with all they have: entry e says that row ``row[e]`` of the batch has input ``input[e]``.

    Inputs are the columns of the table, numbered first, and the parts.
    """

    n_rows: int
    row: Tensor
    input: Tensor
    weight: Tensor  # of the entry in the row's sum
    kept: Tensor  # whether the dropout has left the entry in the sum
    sampled: Tensor  # columns that stand for all, when there are too many
