"""The tutorial's way to learn pairs: one pair at a time, positives against drawn negatives."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from research_lib.containers.interactions import Interactions
from research_lib.models.losses import cosine_bce, cosine_mse
from research_lib.models.pairs.negatives import NegativeSampler
from research_lib.models.pairs.row_adam import DenseAdam, RowAdam
from research_lib.models.training import train


def fit_pointwise(
    interactions: Interactions,
    *,
    loss: str,
    n_dims: int,
    n_positive: int,
    negative_ratio: int,
    learning_rate: float,
    epochs: int,
    patience: int | None,
    verbose: int,
    rng: np.random.Generator,
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray, tuple[float, float], pd.DataFrame]:
    """Learn a vector of every row and column; parameters are those of `PairEmbedding`.

    Returns
    -------
    rows, cols : ndarray of float32, shape (n_rows, n_dims) and (n_cols, n_dims)
        The vectors.
    scale, offset : tuple of float
        What `cosine_bce` has learnt; 1 and 0 for `cosine_mse`.
    history : DataFrame
        As `train` gives it.
    """
    n_rows, n_pairs = interactions.n_rows, len(interactions)
    n_positive = min(n_positive, n_pairs)
    n_negative = n_positive * negative_ratio
    # Rows and columns share one table, so that a step reads and writes once. Keras starts in the same range.
    start = rng.uniform(-0.05, 0.05, size=(n_rows + interactions.n_cols, n_dims)).astype(np.float32)
    table = RowAdam(start, learning_rate) if device.type == "cpu" else DenseAdam(start, learning_rate, device=device)
    calibration = torch.tensor([1.0, 0.0], device=device, requires_grad=True)
    optimizer = torch.optim.Adam([calibration], lr=learning_rate, eps=1e-7)
    labels = torch.cat([torch.ones(n_positive), -torch.ones(n_negative)]).to(device)
    sampler = NegativeSampler(interactions)

    def batches() -> Iterator[
        np.ndarray
    ]:  # rows, then columns, as numbers in the table; (2 * (n_positive + n_negative),)
        for _ in range(n_pairs // n_positive):
            # Drawn afresh for every step, as in the tutorial: in an epoch some pairs come twice and some never.
            drawn = rng.choice(n_pairs, n_positive, replace=False, shuffle=False)
            rows, cols = interactions.pairs[drawn].T
            other_rows, other_cols = sampler.draw(n_negative, rng)
            yield np.concatenate([rows, other_rows, n_rows + cols, n_rows + other_cols])

    def error(batch: np.ndarray) -> Tensor:
        rows, cols = table.read(batch).chunk(2)
        return cosine_mse(rows, cols, labels) if loss == "mse" else cosine_bce(rows, cols, labels, *calibration)

    optimizers = [table] if loss == "mse" else [table, optimizer]
    history = train(error, batches, optimizers, epochs=epochs, patience=patience, verbose=verbose)
    vectors = table.table()
    return vectors[:n_rows], vectors[n_rows:], tuple(calibration.tolist()), history
