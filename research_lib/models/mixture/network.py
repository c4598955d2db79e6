"""f = g ∘ h in torch: several members of an ensemble, each with vectors and weights of its own, train in one tensor."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from research_lib.models.training import one_thread, train

ACTIVATIONS = {"tanh": torch.tanh, "silu": F.silu, "relu": F.relu}
LOSSES = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}
START = 0.3  # spread of the code vectors at the start: small, so that they are learnt rather than kept
WARM_UP = 20  # steps until the learning rate is reached


class MixtureNetwork(torch.nn.Module):
    """h(A) = Σ A_c · h_c, joined with the context, then the layers of g; all for every member.

    Parameters
    ----------
    n_codes, n_context, n_targets : int
        Sizes of what comes in and goes out.
    n_entries : int
        Length of a code vector.
    hidden : sequence of int
        Sizes of the hidden layers of g; none makes g linear.
    activation : {"tanh", "silu", "relu"}
        Between the layers.
    dropout : float
        Share of every hidden layer that is left out in training.
    normalise : bool
        Whether g begins by taking h(A) to mean 0 and variance 1 over its entries.
    n_members : int
        How many.
    generator : torch.Generator
        Of the start and the dropout; its device is the network's.
    """

    def __init__(
        self,
        n_codes: int,
        n_entries: int,
        n_context: int,
        hidden: Sequence[int],
        n_targets: int,
        *,
        n_members: int,
        activation: str,
        dropout: float,
        normalise: bool,
        generator: torch.Generator,
    ):
        super().__init__()
        self.n_members, self.n_entries, self.dropout, self.generator = n_members, n_entries, dropout, generator
        self.activation, self.normalise = activation, normalise
        sizes = [n_entries + n_context, *hidden, n_targets]

        def normal(*shape: int, spread: float) -> Tensor:
            return spread * torch.randn(*shape, generator=generator, device=generator.device)

        self.vectors = torch.nn.Parameter(normal(n_codes, n_members * n_entries, spread=START))
        self.weights = torch.nn.ParameterList(
            normal(n_members, before, after, spread=before**-0.5) for before, after in pairwise(sizes)
        )
        self.biases = torch.nn.ParameterList(
            torch.zeros(n_members, 1, after, device=generator.device) for after in sizes[1:]
        )

    def forward(self, amounts: tuple[Tensor, Tensor, Tensor], context: Tensor) -> Tensor:
        """Standardised targets, shape (n_members, n_formulas, n_targets); amounts as `as_bags` gives them."""
        code, start, amount = amounts
        mixed = F.embedding_bag(code, self.vectors, start, mode="sum", per_sample_weights=amount)
        return self.g(mixed.view(-1, self.n_members, self.n_entries).transpose(0, 1), context)

    def g(self, mixed: Tensor, context: Tensor) -> Tensor:
        """From h(A), shape (n_members, n_formulas, n_entries), to targets."""
        if self.normalise:
            mixed = F.layer_norm(mixed, (self.n_entries,))
        layer = torch.cat([mixed, context.expand(self.n_members, -1, -1)], dim=-1)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = ACTIVATIONS[self.activation](torch.baddbmm(bias, layer, weight))
            if self.training and self.dropout:  # torch's own has no generator
                kept = torch.empty_like(layer).bernoulli_(1 - self.dropout, generator=self.generator)
                layer = layer * kept / (1 - self.dropout)
        return torch.baddbmm(self.biases[-1], layer, self.weights[-1])


def as_bags(amounts: sparse.csr_array, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, where each formula starts among them, and amounts: what `embedding_bag` takes."""
    code, start = (torch.from_numpy(part.astype(np.int64)) for part in (amounts.indices, amounts.indptr[:-1]))
    return code.to(device), start.to(device), torch.from_numpy(amounts.data.astype(np.float32)).to(device)


@one_thread()
def fit_network(
    network: MixtureNetwork,
    amounts: sparse.csr_array,
    context: np.ndarray,
    targets: np.ndarray,
    held_out: np.ndarray,
    *,
    loss: str,
    learning_rate: float,
    weight_decay: float,
    code_decay: np.ndarray,
    epochs: int,
    batch_size: int,
    patience: int | None,
    verbose: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Train all members, each on the formulas that it does not hold out; parameters are those of `MixtureRegressor`.

    Parameters
    ----------
    network : MixtureNetwork
        Changed in place.
    amounts : csr_array, shape (n_formulas, n_codes)
        Scaled.
    context, targets : ndarray, shape (n_formulas, n_context) and (n_formulas, n_targets)
        Standardised.
    held_out : ndarray of bool, shape (n_members, n_formulas)
        What a member must not see: its validation loss is measured there.
    code_decay : ndarray, shape (n_codes,)
        Weight decay of each code's vector.

    Returns
    -------
    DataFrame
        As `train` gives it.
    """
    device = network.vectors.device
    context, targets, used = (
        torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device)
        for array in (context, targets, ~held_out)
    )
    n_formulas = amounts.shape[0]
    optimizer = torch.optim.AdamW(
        [
            {"params": [network.vectors, *network.biases], "weight_decay": 0.0},
            {"params": list(network.weights), "weight_decay": weight_decay},
        ],
        lr=learning_rate,
        fused=True,
    )
    n_steps = epochs * -(-n_formulas // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM_UP) * max(0.01, 1 - step / n_steps)
    )
    decay = torch.from_numpy(code_decay[:, None].astype(np.float32)).to(device)

    @torch.no_grad()
    def shrink(*_: object) -> None:  # a decay for each code is more than AdamW offers
        network.vectors.mul_((1 - schedule.get_last_lr()[0] * decay).clamp_min(0))

    optimizer.register_step_pre_hook(shrink)
    whole = batch_size >= n_formulas  # then every step has the same formulas, in the same order
    everything = as_bags(amounts, device) if whole else None
    error = LOSSES[loss]

    def batches() -> Iterator[np.ndarray]:
        order = np.arange(n_formulas) if whole else rng.permutation(n_formulas)
        for start in range(0, n_formulas, batch_size):
            yield order[start : start + batch_size]

    def losses(rows: np.ndarray, weight: Tensor) -> Tensor:  # (n_rows,), (n_members, n_rows) -> (n_members,)
        bags = everything if whole and len(rows) == n_formulas else as_bags(amounts[rows], device)
        out = network(bags, context[rows])
        each = error(out, targets[rows].expand_as(out), reduction="none").mean(dim=-1)
        return (each * weight).sum(dim=1) / weight.sum(dim=1).clamp_min(1)

    tested = np.flatnonzero(held_out.any(axis=0))

    @torch.no_grad()
    def validate() -> float:
        return losses(tested, 1 - used[:, tested]).mean().item()

    return train(
        lambda rows: losses(rows, used[:, rows]),
        batches,
        optimizer,
        epochs=epochs,
        schedule=schedule,
        network=network,
        validate=validate if len(tested) else None,
        patience=patience,
        verbose=verbose,
    )
