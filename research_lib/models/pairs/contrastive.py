"""The contrastive way to learn pairs: a row is the sum of its parts, and must single out each of its columns."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from research_lib.containers.interactions import Interactions
from research_lib.models.losses import sampled_softmax_nll, softmax_nll
from research_lib.models.training import train


@dataclass
class RowBatch:
    """Some rows with all they have: entry e says that row ``row[e]`` of the batch has input ``input[e]``.

    Inputs are the columns of the table, numbered first, and the parts.
    """

    row: Tensor
    input: Tensor
    weight: Tensor  # of the entry in the row's sum
    kept: Tensor  # whether the dropout has left the entry in the sum
    sampled: Tensor  # columns that stand for all, when there are too many
    n_rows: int


def fit_contrastive(
    interactions: Interactions,
    parts: sparse.csr_array,
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
    history : DataFrame
        As `train` gives it.
    """
    matrix = interactions.to_csr()
    n_rows, n_cols = matrix.shape
    start = torch.from_numpy(rng.normal(0, 0.1, size=(2 * n_cols + parts.shape[1], n_dims)).astype(np.float32))
    of_cols, outputs, of_parts = start.to(device).tensor_split([n_cols, 2 * n_cols])
    inputs, outputs = torch.cat([of_cols, of_parts]).requires_grad_(), outputs.clone().requires_grad_()
    optimizer = torch.optim.Adam([inputs, outputs], lr=learning_rate)
    rows_a_batch = int(np.clip(round(n_positive * n_rows / matrix.nnz), 1, n_rows))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=epochs * -(-n_rows // rows_a_batch))
    # Columns are sampled from the pairs of the step, so each turns up as often as it is popular; that is corrected.
    n_sampled = 0 if n_cols <= max_candidates else max_candidates
    share = np.maximum(matrix.sum(axis=0), 1) / matrix.nnz
    log_expected = torch.from_numpy(np.log(share * max_candidates).astype(np.float32)).to(device)
    entries = sparse.hstack([matrix, parts], format="csr")

    def batches() -> Iterator[RowBatch]:
        order = rng.permutation(n_rows)
        for k in range(0, n_rows, rows_a_batch):
            part = entries[order[k : k + rows_a_batch]].tocoo()
            cols = part.col[part.col < n_cols]
            if len(cols):
                kept = rng.random(part.nnz) >= dropout
                sampled = rng.choice(cols, size=n_sampled).astype(np.int64)
                arrays = part.row.astype(np.int64), part.col.astype(np.int64), part.data, kept, sampled
                yield RowBatch(*(torch.from_numpy(array).to(device) for array in arrays), part.shape[0])

    def loss(batch: RowBatch) -> Tensor:
        row, col, kept = (values[batch.input < n_cols] for values in (batch.row, batch.input, batch.kept))
        summed = inputs[batch.input[batch.kept]] * batch.weight[batch.kept, None]
        sums = torch.zeros(batch.n_rows, n_dims, device=device).index_add(0, batch.row[batch.kept], summed)
        rows = F.normalize(sums, dim=1)
        if n_sampled:
            logits = rows @ F.normalize(outputs[batch.sampled], dim=1).T / temperature
            positive = (rows[row] * F.normalize(outputs[col], dim=1)).sum(1) / temperature
            nll = sampled_softmax_nll(logits, log_expected[batch.sampled], row, positive)
        else:
            nll = softmax_nll(rows @ F.normalize(outputs, dim=1).T / temperature, row, col)
        weights = torch.where(kept, kept_weight, 1.0)
        return (weights * nll).sum() / weights.sum().clamp(min=1e-6)

    history = train(loss, batches, optimizer, epochs=epochs, schedule=schedule, patience=patience, verbose=verbose)
    return inputs.detach().cpu().numpy(), outputs.detach().cpu().numpy(), history
