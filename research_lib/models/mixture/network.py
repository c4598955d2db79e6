"""f = g ∘ h in torch: the members of an ensemble, each with vectors and weights of its own, train in one tensor."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor, nn

from research_lib.models.mixture.tables import ScaledFormulas
from research_lib.models.training import one_thread, train

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "silu": F.silu, "relu": F.relu}
LOSSES: dict[str, Callable[..., Tensor]] = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}
START = 0.3  # spread of the code vectors at the start: small, so that they are learnt rather than kept
WARM_UP = 20  # steps until the learning rate is reached


class MemberLayers(nn.Module):
    """The layers of g: from h(A) and the context to the targets, for every member at once.

    Parameters
    ----------
    sizes : sequence of int
        Of what comes in (a code vector and the context), of the hidden layers, and of what goes out.
    n_members, activation, dropout, normalise
        As in `MixtureRegressor`.
    generator : torch.Generator
        Of the start and the dropout; its device is that of the layers.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        n_members: int,
        activation: str,
        dropout: float,
        normalise: bool,
        generator: torch.Generator,
    ):
        super().__init__()
        self.activation, self.dropout, self.normalise = activation, dropout, normalise
        self.generator: torch.Generator | None = generator
        self.weights = nn.ParameterList(
            _normal(n_members, before, after, spread=before**-0.5, generator=generator)
            for before, after in pairwise(sizes)
        )
        self.biases = nn.ParameterList(torch.zeros(n_members, 1, after, device=generator.device) for after in sizes[1:])

    def forward(self, mixed: Tensor, context: Tensor) -> Tensor:
        """Targets, shape (n_members, n_formulas, n_targets), of h(A), shape (n_members, n_formulas, n_entries)."""
        if self.normalise:
            mixed = F.layer_norm(mixed, mixed.shape[-1:])
        layer = torch.cat([mixed, context.expand(len(mixed), -1, -1)], dim=-1)
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            layer = ACTIVATIONS[self.activation](torch.baddbmm(bias, layer, weight))
            if self.training and self.dropout:  # torch's own has no generator
                kept = torch.empty_like(layer).bernoulli_(1 - self.dropout, generator=self.generator)
                layer = layer * kept / (1 - self.dropout)
        return torch.baddbmm(last[1], layer, last[0])

    def fitted(self) -> Self:
        """These layers, ready to predict: in float64, so that a formula alone gives what it gives among others."""
        self.generator = None
        return self.cpu().double().eval()

    def state(self) -> dict[str, Any]:
        """All that `from_state` needs."""
        return {"activation": self.activation, "normalise": self.normalise, "tensors": self.state_dict()}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Fitted layers as they were."""
        weights = [tensor for name, tensor in state["tensors"].items() if name.startswith("weights")]
        layers = cls(
            [weights[0].shape[1], *(weight.shape[2] for weight in weights)],
            n_members=len(weights[0]),
            activation=state["activation"],
            dropout=0,
            normalise=state["normalise"],
            generator=torch.Generator(),
        ).fitted()
        layers.load_state_dict(state["tensors"])
        return layers


class MixtureNetwork(nn.Module):
    """f = g ∘ h for every member: h(A) = Σ A_c · h_c, joined with the context, then the layers of g.

    Parameters
    ----------
    n_codes, n_context, n_targets : int
        Sizes of what comes in and goes out.
    n_entries, hidden, n_members
        As in `MixtureRegressor`.
    generator, **options
        Of `MemberLayers`.
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
        generator: torch.Generator,
        **options: Any,
    ):
        super().__init__()
        self.n_members, self.n_entries = n_members, n_entries
        self.vectors = nn.Parameter(_normal(n_codes, n_members * n_entries, spread=START, generator=generator))
        sizes = [n_entries + n_context, *hidden, n_targets]
        self.g = MemberLayers(sizes, n_members=n_members, generator=generator, **options)

    def forward(self, amounts: tuple[Tensor, Tensor, Tensor], context: Tensor) -> Tensor:
        """Standardised targets, shape (n_members, n_formulas, n_targets); amounts as `as_bags` gives them."""
        code, start, amount = amounts
        mixed = F.embedding_bag(code, self.vectors, start, mode="sum", per_sample_weights=amount)
        return self.g(mixed.view(-1, self.n_members, self.n_entries).transpose(0, 1), context)

    def code_vectors(self) -> np.ndarray:
        """Of every member, shape (n_members, n_codes, n_entries), float64."""
        vectors = self.vectors.detach().cpu().double().numpy()
        return vectors.reshape(-1, self.n_members, self.n_entries).transpose(1, 0, 2)


def _normal(*shape: int, spread: float, generator: torch.Generator) -> Tensor:
    return spread * torch.randn(*shape, generator=generator, device=generator.device)


def as_bags(amounts: sparse.csr_array, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, where each formula starts among them, and amounts, as `embedding_bag` takes them."""
    code, start = (torch.from_numpy(part.astype(np.int64)) for part in (amounts.indices, amounts.indptr[:-1]))
    return code.to(device), start.to(device), torch.from_numpy(amounts.data.astype(np.float32)).to(device)


@one_thread()
def fit_network(
    network: MixtureNetwork,
    formulas: ScaledFormulas,
    held_out: np.ndarray,
    *,
    loss: str,
    learning_rate: float,
    weight_decay: float,
    code_decay: float,
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
    formulas : ScaledFormulas
        To learn from.
    held_out : ndarray of bool, shape (n_members, n_formulas)
        What a member must not see: its validation loss is measured there.

    Returns
    -------
    DataFrame
        As `train` gives it.
    """
    device, amounts = network.vectors.device, formulas.inputs

    def as_tensor(array: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(device)

    context, targets, used = as_tensor(formulas.context), as_tensor(formulas.targets), as_tensor(~held_out)
    n_formulas = len(targets)
    optimizer = torch.optim.AdamW(
        [
            {"params": [network.vectors, *network.g.biases], "weight_decay": 0.0},
            {"params": list(network.g.weights), "weight_decay": weight_decay},
        ],
        lr=learning_rate,
        fused=True,
    )
    n_steps = epochs * -(-n_formulas // batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / WARM_UP) * max(0.01, 1 - step / n_steps)
    )
    decay = as_tensor(code_decay / np.maximum(formulas.n_uses, 1)[:, None])

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
        bags = everything if everything and len(rows) == n_formulas else as_bags(amounts[rows], device)
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
