"""Vectors in groups, and vectors without any."""

import numpy as np
import pandas as pd

from research_lib.checks import check_choice
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
    """Vectors in groups, around centres of length one that lie far apart.

    Parameters
    ----------
    n, n_groups, n_dims : int
        Number of vectors, groups and dimensions.
    spread : float
        Typical distance of a vector from its centre: at 0.25 the groups are separate, at 0.5 they touch, at 1 they
        drown.
    zipf : float
        The size of a group is proportional to ``rank ** -zipf``: 0 makes groups equal, 1 uneven.
    random_state : int, Generator or None
        The same seed gives the same vectors.

    Returns
    -------
    Embedding
        Its metadata has ``group``; group 0 is the largest.
    """
    if not 0 < n_groups <= n:
        raise ValueError(f"{n_groups} groups for {n} vectors.")
    rng = np.random.default_rng(random_state)
    wanted = np.cumsum((np.arange(n_groups) + 1.0) ** -zipf)
    # Every group gets one vector; the others are shared out.
    group = np.append(
        np.arange(n_groups),
        np.searchsorted(wanted / wanted[-1], (np.arange(n - n_groups) + 0.5) / max(1, n - n_groups)),
    )
    group = rng.permutation(group)
    vectors = _far_apart(n_groups, n_dims, rng)[group] + rng.normal(0, spread / n_dims**0.5, (n, n_dims))
    return Embedding(vectors, np.array([f"row {i}" for i in range(n)]), pd.DataFrame({"group": group}))


def _far_apart(n: int, n_dims: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors, shape (n, n_dims): from many random ones, each time the one farthest from those chosen so far."""
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
    """Vectors without groups: the null, which a clustering must not split.

    Parameters
    ----------
    n, n_dims : int
        Number of vectors and dimensions.
    shape : {"gaussian", "uniform"}
        A round cloud around the origin, or a filled cube beside it.
    random_state : int, Generator or None
        The same seed gives the same vectors.
    """
    check_choice("shape", shape, ("gaussian", "uniform"))
    rng = np.random.default_rng(random_state)
    vectors = rng.normal(size=(n, n_dims)) if shape == "gaussian" else rng.random((n, n_dims))
    return Embedding(vectors, np.array([f"row {i}" for i in range(n)]))
