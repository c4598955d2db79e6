"""The contrastive way to learn pairs: a row is the sum of its columns, and must single out each of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from research_lib.data import Interactions
from research_lib.models.losses import sampled_softmax_nll, softmax_nll
from research_lib.models.training import train


@dataclass
class RowBatch:
    """Some rows with all their pairs: pair p joins row ``row[p]`` of the batch with column ``col[p]`` of the table."""

    row: Tensor
    col: Tensor
    kept: Tensor  # pairs that the dropout has left in the row's sum
    sampled: Tensor  # columns that stand for all, when there are too many
    n_rows: int


def fit_contrastive(
    interactions: Interactions,
    *,
    n_dims: int,
    temperature: float,
    dropout: float,
    kept_weight: float,
    n_positive: int,
    max_candidates: int,
    learning_rate: float,
    epochs: int,
    patience: int | None,
    verbose: int,
    rng: np.random.Generator,
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Learn input and output vectors of the columns; parameters are those of `PairEmbedding`.

    Returns
    -------
    inputs, outputs : ndarray of float32, shape (n_cols, n_dims)
        A row is the sum of the inputs of its columns, and scores by its cosine with the outputs.
    history : DataFrame
        As `train` gives it.
    """
    matrix = interactions.to_csr()
    n_rows, n_cols = matrix.shape
    start = torch.from_numpy(rng.normal(0, 0.1, size=(2, n_cols, n_dims)).astype(np.float32)).to(device)
    inputs, outputs = start[0].clone().requires_grad_(), start[1].clone().requires_grad_()
    optimizer = torch.optim.Adam([inputs, outputs], lr=learning_rate)
    rows_a_batch = int(np.clip(round(n_positive * n_rows / matrix.nnz), 1, n_rows))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=epochs * -(-n_rows // rows_a_batch))
    # Columns are sampled from the pairs of the step, so each turns up as often as it is popular; that is corrected.
    n_sampled = 0 if n_cols <= max_candidates else max_candidates
    share = np.maximum(matrix.sum(axis=0), 1) / matrix.nnz
    log_expected = torch.from_numpy(np.log(share * max_candidates).astype(np.float32)).to(device)

    def batches() -> Iterator[RowBatch]:
        order = rng.permutation(n_rows)
        for k in range(0, n_rows, rows_a_batch):
            part = matrix[order[k : k + rows_a_batch]].tocoo()
            if part.nnz:
                kept = np.flatnonzero(rng.random(part.nnz) >= dropout)
                sampled = rng.choice(part.col, size=n_sampled)
                parts = (torch.from_numpy(x.astype(np.int64)).to(device) for x in (part.row, part.col, kept, sampled))
                yield RowBatch(*parts, part.shape[0])

    def step(batch: RowBatch) -> Tensor:
        sums = torch.zeros(batch.n_rows, n_dims, device=device)
        sums = sums.index_add(0, batch.row[batch.kept], inputs[batch.col[batch.kept]])
        rows = F.normalize(sums, dim=1)
        if n_sampled:
            logits = rows @ F.normalize(outputs[batch.sampled], dim=1).T / temperature
            positive = (rows[batch.row] * F.normalize(outputs[batch.col], dim=1)).sum(1) / temperature
            nll = sampled_softmax_nll(logits, log_expected[batch.sampled], batch.row, positive)
        else:
            nll = softmax_nll(rows @ F.normalize(outputs, dim=1).T / temperature, batch.row, batch.col)
        weights = torch.ones_like(nll).index_fill(0, batch.kept, kept_weight)
        loss = (weights * nll).sum() / weights.sum().clamp(min=1e-6)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.detach()

    history = train(step, batches, epochs=epochs, patience=patience, verbose=verbose)
    return inputs.detach().cpu().numpy(), outputs.detach().cpu().numpy(), history
