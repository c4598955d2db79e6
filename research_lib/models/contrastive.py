"""The contrastive way to learn pairs: a row is the sum of its columns, and must single out each of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from research_lib.data import Interactions
from research_lib.models.losses import softmax_nll
from research_lib.models.training import train


@dataclass
class RowBatch:
    """Some rows with all their pairs: pair p joins row ``row[p]`` of the batch with column ``col[p]`` of the table."""

    row: Tensor
    col: Tensor
    kept: Tensor  # pairs that the dropout has left in the row's sum
    n_rows: int


def fit_contrastive(
    interactions: Interactions,
    *,
    n_dims: int,
    temperature: float,
    dropout: float,
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
    # How probable it is that a column is among the candidates of a batch: the popular ones almost always are.
    seen = 1 - (1 - matrix.sum(axis=0) / n_rows) ** rows_a_batch
    correction = torch.from_numpy(np.log(np.maximum(seen, 1e-9)).astype(np.float32)).to(device)

    def batches() -> Iterator[RowBatch]:
        order = rng.permutation(n_rows)
        for k in range(0, n_rows, rows_a_batch):
            part = matrix[order[k : k + rows_a_batch]].tocoo()
            if part.nnz:
                kept = np.flatnonzero(rng.random(part.nnz) >= dropout)
                row, col, kept = (torch.from_numpy(x.astype(np.int64)).to(device) for x in (part.row, part.col, kept))
                yield RowBatch(row, col, kept, part.shape[0])

    def step(batch: RowBatch) -> Tensor:
        sums = torch.zeros(batch.n_rows, n_dims, device=device)
        sums = sums.index_add(0, batch.row[batch.kept], inputs[batch.col[batch.kept]])
        if n_cols <= max_candidates:
            candidates, place, offset = outputs, batch.col, 0.0
        else:
            names, place = batch.col.unique(return_inverse=True)
            candidates, offset = outputs[names], correction[names]
        logits = F.normalize(sums, dim=1) @ F.normalize(candidates, dim=1).T / temperature - offset
        loss = softmax_nll(logits, batch.row, place)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.detach()

    history = train(step, batches, epochs=epochs, patience=patience, verbose=verbose)
    return inputs.detach().cpu().numpy(), outputs.detach().cpu().numpy(), history
