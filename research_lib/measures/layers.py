"""The embedding layer: a one-hot vector times a matrix; what that costs, and what it cannot do."""

import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from research_lib.models.training import one_thread, train

N_TRIES = 4  # different starts from which each network tries to learn the exclusive or


def has_keras() -> bool:
    """Whether Keras is installed: ``pip install '.[keras]'``."""
    return find_spec("keras") is not None


def layer_equality(n_things: int = 50, n_dims: int = 8, n_asked: int = 200, random_state: int = 0) -> pd.DataFrame:
    """Whether embedding layers give exactly what a one-hot matrix times the same table gives.

    All numbers are small multiples of 1/8, whose sums are exact in any order: a difference would be one of meaning, not
    of rounding. The loss is half the squared distance to a target.

    Parameters
    ----------
    n_things, n_dims : int
        Shape of the table.
    n_asked : int
        How many things are looked up; some more than once, so that their gradients add up.
    random_state : int
        Seed of the table, the things and the target.

    Returns
    -------
    DataFrame
        A row a layer: whether it has the ``same outputs`` and the ``same gradients`` as one-hot times the table.
        ``another table``, in which one number differs, is the null: it must not be the same. Keras, on the torch
        backend, has a row if it is installed.
    """
    rng = np.random.default_rng(random_state)
    weight, ids = _eighths(rng, (n_things, n_dims)), torch.from_numpy(rng.integers(n_things, size=n_asked))
    target = _eighths(rng, (n_asked, n_dims))
    other = weight.clone()
    other[ids[0], 0] += 1 / 8
    layers = {"nn.Embedding": _torch_embedding(weight), "nn.Linear of one-hot": _torch_linear(weight)}
    if has_keras():
        layers["keras.layers.Embedding"] = _keras_embedding(weight)
    layers["another table (null)"] = _torch_embedding(other)
    table = weight.clone().requires_grad_()
    expected = _outputs_and_gradient(lambda: F.one_hot(ids, n_things).float() @ table, table, target)
    rows = {}
    for name, (layer, parameter, transposed) in layers.items():
        outputs, gradient = _outputs_and_gradient(partial(layer, ids), parameter, target)
        gradient = gradient.T if transposed else gradient
        rows[name] = torch.equal(outputs, expected[0]), torch.equal(gradient, expected[1])
    return pd.DataFrame.from_dict(rows, orient="index", columns=["same outputs", "same gradients"])


def lookup_costs(sizes: Sequence[int], n_dims: int = 32, n_asked: int = 256, n_times: int = 5) -> pd.DataFrame:
    """Time and memory of a lookup, and of the product that it stands for.

    Parameters
    ----------
    sizes : sequence of int
        How many things the table has.
    n_dims : int
        Length of a vector.
    n_asked : int
        Things a batch.
    n_times : int
        How often to measure; the fastest counts.

    Returns
    -------
    DataFrame
        A row a size; columns ``lookup, ms`` and ``product, ms``, forward and backward, and the size of their inputs,
        ``ids, bytes`` and ``one-hot, bytes``.
    """
    rows = {}
    for size in sizes:
        ids = torch.randint(size, (n_asked,), generator=torch.Generator().manual_seed(0))
        table = nn.Embedding(size, n_dims)
        one_hot = F.one_hot(ids, size).float()
        rows[size] = {
            "lookup, ms": _milliseconds(partial(table, ids), n_times),
            "product, ms": _milliseconds(partial(torch.matmul, one_hot, table.weight), n_times),
            "ids, bytes": ids.nbytes,
            "one-hot, bytes": one_hot.nbytes,
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("things")


class Bumps(nn.Module):
    """A custom layer: every entry through a bell, ``exp(-(x - centre)²)``, whose centre is learnt."""

    def __init__(self, n_dims: int):
        super().__init__()
        self.centre = nn.Parameter(torch.linspace(-1, 1, n_dims))

    def forward(self, entries: Tensor) -> Tensor:  # (B, n_dims) -> (B, n_dims)
        return torch.exp(-((entries - self.centre) ** 2))


def bag_layers(n_things: int, n_dims: int) -> dict[str, nn.Sequential]:
    """Networks that begin with an embedding layer, fed with bags: how much of each thing, shape (B, n_things).

    The embedding layer is written as the product that it is, so that a bag is the sum of its things' vectors.
    """

    def table() -> nn.Linear:
        return nn.Linear(n_things, n_dims, bias=False)

    return {
        "embedding": nn.Sequential(table()),
        "embedding, dense": nn.Sequential(table(), nn.Linear(n_dims, n_dims, bias=False)),
        "embedding, ReLU": nn.Sequential(table(), nn.ReLU()),
        "embedding, custom layer": nn.Sequential(table(), Bumps(n_dims)),
        "embedding, dense + tanh": nn.Sequential(table(), nn.Linear(n_dims, n_dims), nn.Tanh()),
    }


def linearity(n_things: int = 20, n_dims: int = 8, n_bags: int = 500, random_state: int = 0) -> pd.DataFrame:
    """Where non-linearity comes from: what the networks of `bag_layers` do with sums, and what they can learn.

    Parameters
    ----------
    n_things, n_dims : int
        Shape of the embedding layer.
    n_bags : int
        Pairs of bags that are tried.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame
        A row a network. ``error``: length of ``f(2a + 3b) - (2 f(a) + 3 f(b))`` divided by the sum of the lengths of
        both parts, mean over random a and b: 0 if f is linear, at most 1. ``null``: the same with the sums of other
        bags. ``learns either-or``: share of the starts from which the network, with a weighted sum behind it, learns
        *one of two things, not both* in all four cases. No linear network can.
    """
    first, second = torch.from_numpy(np.random.default_rng(random_state).normal(size=(2, n_bags, n_things))).float()
    rows = {}
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(random_state)
        for name, network in bag_layers(n_things, n_dims).items():
            with torch.no_grad():
                together, apart = network(2 * first + 3 * second), 2 * network(first) + 3 * network(second)
            rows[name] = {"error": _apart(together, apart), "null": _apart(together, apart.roll(1, 0))}
            learnt = [_learns_either_or(name, n_dims) for _ in range(N_TRIES)]
            rows[name]["learns either-or"] = float(np.mean(learnt))
    return pd.DataFrame.from_dict(rows, orient="index")


def _apart(one: Tensor, other: Tensor) -> float:
    lengths = torch.linalg.norm(one, dim=1) + torch.linalg.norm(other, dim=1)
    return (torch.linalg.norm(one - other, dim=1) / lengths.clamp(min=1e-12)).mean().item()


def _learns_either_or(name: str, n_dims: int, n_steps: int = 100) -> bool:
    bags = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    wanted = torch.tensor([0.0, 1, 1, 0])
    network = nn.Sequential(bag_layers(2, n_dims)[name], nn.Linear(n_dims, 1))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)

    def loss(some: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(network(some)[:, 0], wanted)

    train(loss, lambda: [bags], optimizer, epochs=n_steps)
    with torch.no_grad():
        return bool(((network(bags)[:, 0] > 0) == (wanted > 0)).all())


def _eighths(rng: np.random.Generator, shape: tuple[int, int]) -> Tensor:
    return torch.from_numpy(rng.integers(-8, 9, size=shape).astype(np.float32) / 8)


# A layer: the function of ids, the parameter whose gradient counts, and whether that is the table transposed.
Layer = tuple[Callable[[Tensor], Tensor], Tensor, bool]


def _torch_embedding(weight: Tensor) -> Layer:
    layer = nn.Embedding.from_pretrained(weight.clone(), freeze=False)
    return layer, layer.weight, False


def _torch_linear(weight: Tensor) -> Layer:
    n_things, n_dims = weight.shape
    layer = nn.Linear(n_things, n_dims, bias=False)
    with torch.no_grad():
        layer.weight.copy_(weight.T)
    return lambda ids: layer(F.one_hot(ids, len(weight)).float()), layer.weight, True


def _keras_embedding(weight: Tensor) -> Layer:
    os.environ["KERAS_BACKEND"] = "torch"  # read when Keras is first imported
    import keras

    if keras.backend.backend() != "torch":
        raise RuntimeError(f"Keras runs on {keras.backend.backend()}: it was imported before, expected torch.")
    with keras.device("cpu"):
        layer = keras.layers.Embedding(*weight.shape)
        layer.build(None)
        layer.set_weights([weight.numpy()])
    return layer, layer.embeddings.value, False


def _outputs_and_gradient(forward: Callable[[], Tensor], parameter: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    outputs = forward()
    (0.5 * (outputs - target) ** 2).sum().backward()
    assert parameter.grad is not None  # backward has just set it
    return outputs.detach(), parameter.grad


def _milliseconds(forward: Callable[[], Tensor], n_times: int) -> float:
    seconds = []
    for _ in range(n_times):
        start = time.perf_counter()
        forward().sum().backward()
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds)
