"""Losses: free functions on tensors. B rows or pairs in a batch, D dimensions, N columns, P positives."""

import torch
import torch.nn.functional as F
from torch import Tensor

TINY = 1e-24  # keeps the gradient of a zero vector finite


def cosine(rows: Tensor, cols: Tensor) -> Tensor:  # (B, D), (B, D) -> (B,)
    """Cosine of each row with its column: the normalised dot product."""
    # One root for both lengths: twice as fast as normalising each, and the training time is here.
    lengths = (rows * rows).sum(1) * (cols * cols).sum(1)
    return (rows * cols).sum(1) * torch.rsqrt(lengths + TINY)


def cosine_mse(rows: Tensor, cols: Tensor, labels: Tensor) -> Tensor:  # (B, D), (B, D), (B,) in {-1, +1} -> ()
    """Squared error of the cosine against the label; the book tutorial's regression loss."""
    return F.mse_loss(cosine(rows, cols), labels)


def cosine_bce(rows: Tensor, cols: Tensor, labels: Tensor, scale: Tensor, offset: Tensor) -> Tensor:  # … -> ()
    """Cross-entropy of ``sigmoid(scale * cosine + offset)`` against labels in {-1, +1}; its classification loss."""
    return F.binary_cross_entropy_with_logits(scale * cosine(rows, cols) + offset, (labels + 1) / 2)


def softmax_nll(logits: Tensor, row: Tensor, col: Tensor) -> Tensor:  # (B, N), (P,), (P,) -> (P,)
    """Negative log-likelihood of each positive ``(row[p], col[p])`` against all N columns."""
    return logits.logsumexp(1)[row] - logits[row, col]


def sampled_softmax_nll(logits: Tensor, log_expected: Tensor, row: Tensor, positive: Tensor) -> Tensor:
    """The same, estimated from K sampled columns.

    Parameters
    ----------
    logits : Tensor, shape (B, K)
        Of every row with every sampled column.
    log_expected : Tensor, shape (K,)
        Logarithm of how often each of them is expected in such a sample.
    row, positive : Tensor, shape (P,)
        Row and logit of every positive.
    """
    return F.softplus((logits - log_expected).logsumexp(1)[row] - positive)
