"""The networks of `Autoencoder`, through a bottleneck and back, for tables and for images; and how they are trained."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from research_lib.models.training import one_thread, train

CHANNELS = (16, 32)  # of the two convolutions, each of which halves the sides
IMAGE_HIDDEN = 256  # units of the way back to an image
BLOCK = 1000  # rows that pass at once when nothing is learnt
# The most that images are distorted, in sides or degrees; of "bend" a spread.
WORST = {"shift": 0.07, "turn": 15.0, "stretch": 0.15, "shear": 0.15, "bend": 0.04}


def table_network(*sizes: int) -> nn.ModuleDict:
    """Layers from the first size down to the last, the bottleneck, and the same back."""
    return nn.ModuleDict({"encoder": _layers(sizes), "decoder": _layers(sizes[::-1])})


def image_network(height: int, width: int, n_dims: int) -> nn.ModuleDict:
    """Two convolutions down to the bottleneck, two layers back to the log odds that a pixel is inked."""
    first, second = CHANNELS
    n_left = second * -(-height // 4) * -(-width // 4)
    encoder = nn.Sequential(
        nn.Unflatten(1, (1, height, width)),
        nn.Conv2d(1, first, 3, stride=2, padding=1), nn.BatchNorm2d(first), nn.ReLU(),
        nn.Conv2d(first, second, 3, stride=2, padding=1), nn.BatchNorm2d(second), nn.ReLU(),
        nn.Flatten(), nn.Linear(n_left, n_dims),
    )  # fmt: skip
    decoder = nn.Sequential(nn.Linear(n_dims, IMAGE_HIDDEN), nn.SiLU(), nn.Linear(IMAGE_HIDDEN, height * width))
    return nn.ModuleDict({"encoder": encoder, "decoder": decoder})


def distorted(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Images moved, turned, stretched, sheared and bent at random, each in its own way.

    Parameters
    ----------
    images : Tensor, shape (n, height, width)
        What moves in from outside is 0.
    strength : float
        1 moves by up to 0.07 of a side, turns by up to 15 degrees, stretches and shears by up to 0.15, and bends by
        smooth displacements with a spread of 0.04 of a side; 0 leaves images as they are.
    generator : torch.Generator
        On the images' device.
    """
    n, height, width = images.shape

    def between(name: str) -> Tensor:  # (n,) in ± the worst
        return strength * WORST[name] * (2 * torch.rand(n, generator=generator, device=images.device) - 1)

    angle = torch.deg2rad(between("turn"))
    cos, sin = torch.cos(angle), torch.sin(angle)
    wide, high = 1 + between("stretch"), 1 + between("stretch")
    # torch measures places in halves of a side
    across = torch.stack([cos * wide, between("shear") - sin * high, 2 * between("shift")], dim=1)
    down = torch.stack([sin * wide, cos * high, 2 * between("shift")], dim=1)
    places = F.affine_grid(torch.stack([across, down], dim=1), [n, 1, height, width], align_corners=False)
    bends = 2 * strength * WORST["bend"] * torch.randn(n, 2, 4, 4, generator=generator, device=images.device)
    bends = F.interpolate(bends, size=(height, width), mode="bicubic", align_corners=True)
    return F.grid_sample(images[:, None], places + bends.permute(0, 2, 3, 1), align_corners=False)[:, 0]


@one_thread()
def fit_network(
    network: nn.ModuleDict,
    data: Tensor,
    spoil: Callable[[Tensor], Tensor],
    error: Callable[[Tensor, Tensor], Tensor],
    *,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    n_held_out: int,
    patience: int | None,
    verbose: int,
    generator: torch.Generator,
) -> pd.DataFrame:
    """Learn to give back rows that were spoilt.

    Parameters
    ----------
    network : ModuleDict
        With ``encoder`` and ``decoder``; changed in place.
    data : Tensor, shape (n, n_features)
        The last `n_held_out` rows are not learnt; with `patience` the network ends as it was when it missed least of
        them.
    spoil : callable
        Changes rows at random.
    error : callable
        Takes what came back and the rows as they were.
    learning_rate, epochs, batch_size, patience, verbose
        As in `Autoencoder`.
    generator : torch.Generator
        On the data's device.

    Returns
    -------
    DataFrame
        As `train` gives it.
    """
    learnt, held_out = data[: len(data) - n_held_out], data[len(data) - n_held_out :]
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, fused=True)
    n_steps = epochs * -(-len(learnt) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=n_steps + 1)

    def batches() -> Iterator[Tensor]:
        order = torch.randperm(len(learnt), generator=generator, device=data.device)
        yield from (some for some in order.split(batch_size) if len(some) > 1)  # one alone has no variance

    def loss(some: Tensor) -> Tensor:
        clean = learnt[some]
        return error(network["decoder"](network["encoder"](spoil(clean))), clean)

    def validate() -> float:
        return error(passed(network["decoder"], passed(network["encoder"], held_out)), held_out).item()

    return train(
        loss,
        batches,
        optimizer,
        epochs=epochs,
        schedule=schedule,
        network=network,
        validate=validate if n_held_out else None,
        patience=patience,
        verbose=verbose,
    )


@torch.no_grad()
def passed(network: nn.Module, rows: Tensor) -> Tensor:
    """What a network makes of rows, block by block; nothing is learnt from them."""
    network.eval()
    return torch.cat([network(block) for block in rows.split(BLOCK)])


def _layers(sizes: Sequence[int]) -> nn.Sequential:
    *hidden, last = (nn.Linear(one, other) for one, other in pairwise(sizes))
    return nn.Sequential(*(part for layer in hidden for part in (layer, nn.SiLU())), last)
