"""Vectors in groups, and vectors in none."""

import numpy as np
import pandas as pd

from research_lib.containers.embedding import Embedding


def planted_groups(
    n: int = 300,
    n_groups: int = 6,
    n_dims: int = 10,
    spread: float = 0.25,
    *,
    zipf: float = 0.0,
    random_state: int | np.random.Generator | None = 0,
) -> Embedding:
    """Vectors in groups: about centres of length one that lie far from each other.

    Parameters
    ----------
    n, n_groups, n_dims : int
        How many vectors and groups, and in how many dimensions.
    spread : float
        Typical distance of a vector from its centre: at 0.25 the groups are separated, at 0.5 they touch, at 1 they
        are drowned.
    zipf : float
        The size of a group is in proportion to ``rank ** -zipf``: 0 makes them equal, 1 uneven.
    random_state : int, Generator or None
        The same seed gives the same vectors.

    Returns
    -------
    Embedding
        Its metadata has ``group``, from 0, the largest.
    """
    if not 0 < n_groups <= n:
        raise ValueError(f"{n_groups} groups for {n} vectors.")
    rng = np.random.default_rng(random_state)
    wanted = np.cumsum((np.arange(n_groups) + 1.0) ** -zipf)
    # Every group has one, the others are dealt out.
    group = np.append(
        np.arange(n_groups),
        np.searchsorted(wanted / wanted[-1], (np.arange(n - n_groups) + 0.5) / max(1, n - n_groups)),
    )
    group = rng.permutation(group)
    vectors = _far_apart(n_groups, n_dims, rng)[group] + rng.normal(0, spread / n_dims**0.5, (n, n_dims))
    return Embedding(vectors, [f"row {i}" for i in range(n)], pd.DataFrame({"group": group}))


def _far_apart(n: int, n_dims: int, rng: np.random.Generator) -> np.ndarray:
    """Directions of length one, shape (n, n_dims): of many at random, each time the one farthest from those chosen."""
    many = rng.normal(size=(100 * n, n_dims))
    many /= np.linalg.norm(many, axis=1, keepdims=True)
    chosen = [0]
    nearest = many @ many[0]
    for _ in range(n - 1):
        chosen.append(nearest.argmin())
        nearest = np.maximum(nearest, many @ many[chosen[-1]])
    return many[chosen]


def noise(
    n: int = 300, n_dims: int = 10, shape: str = "gaussian", random_state: int | np.random.Generator | None = 0
) -> Embedding:
    """Vectors without any groups: the null that a clustering must not part.

    Parameters
    ----------
    n, n_dims : int
        How many, and in how many dimensions.
    shape : {"gaussian", "uniform"}
        A round cloud about the origin, or a filled cube beside it.
    random_state : int, Generator or None
        The same seed gives the same vectors.
    """
    rng = np.random.default_rng(random_state)
    if shape not in ("gaussian", "uniform"):
        raise ValueError(f"Unknown shape {shape!r}, expected gaussian or uniform.")
    vectors = rng.normal(size=(n, n_dims)) if shape == "gaussian" else rng.random((n, n_dims))
    return Embedding(vectors, [f"row {i}" for i in range(n)])
