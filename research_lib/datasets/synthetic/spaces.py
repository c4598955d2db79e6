"""Spaces with known distances, which vectors of few entries keep exactly, nearly or not at all."""

import numpy as np

from research_lib.checks import check_choice, check_integers
from research_lib.containers.space import Space

SHAPES = ("plane", "circle", "tree", "random")


def planted_space(shape: str, n: int = 127, random_state: int = 0) -> Space:
    """Things and their distances, from 0 to about 2.

    Parameters
    ----------
    shape : {"plane", "circle", "tree", "random"}
        ``"plane"``: points in a square; two entries keep every distance exactly. ``"circle"``: days of a year, measured
        the shorter way round; the ends must meet, so two entries bend every distance. ``"tree"``: nodes of a binary
        tree, measured along the path. ``"random"``: the plane's distances shuffled among the pairs; nothing keeps them.
    n : int
        Number of things, at least 3.
    random_state : int
        Seed of the points and of the shuffling.
    """
    check_choice("shape", shape, SHAPES)
    check_integers(3, n=n)
    rng = np.random.default_rng(random_state)
    if shape == "circle":
        days = np.arange(n)
        apart = np.abs(days[:, None] - days)
        return Space.from_matrix(4 * np.minimum(apart, n - apart) / n)
    if shape == "tree":
        return Space.from_matrix(_tree_distances(n))
    points = np.sqrt(2) * rng.random((n, 2))
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    if shape == "random":
        above = np.triu_indices(n, 1)
        shuffled = np.zeros_like(distances)
        shuffled[above] = rng.permutation(distances[above])
        distances = shuffled + shuffled.T
    return Space.from_matrix(distances)


def planted_spaces(n: int = 127, random_state: int = 0) -> dict[str, Space]:
    """A space of each shape, see `planted_space`."""
    return {shape: planted_space(shape, n, random_state) for shape in SHAPES}


def _tree_distances(n: int) -> np.ndarray:
    """Path lengths between nodes of a binary tree, node k above 2k + 1 and 2k + 2, scaled to at most 2."""
    distances = np.zeros((n, n))
    for node in range(1, n):
        parent = (node - 1) // 2
        distances[node, :node] = distances[parent, :node] + 1
        distances[:node, node] = distances[node, :node]
    return 2 * distances / distances.max()
