"""Spaces with known distances, which vectors of few entries can keep exactly, nearly or not at all."""

import numpy as np

from research_lib.containers.space import Space

SHAPES = ("plane", "circle", "tree", "random")


def planted_space(shape: str, n: int = 127, random_state: int = 0) -> Space:
    """Things with distances between about 0 and 2.

    Parameters
    ----------
    shape : {"plane", "circle", "tree", "random"}
        ``"plane"``: points in a square, which two entries keep exactly. ``"circle"``: days of a year, as far apart as
        the shorter way round; the ends must meet, so two entries bend every distance. ``"tree"``: a binary tree, as far
        apart as the path is long. ``"random"``: the distances of the plane dealt to other pairs, which nothing keeps.
    n : int
        How many things, at least 3.
    random_state : int
        Seed of the points, and of the dealing.
    """
    if shape not in SHAPES:
        raise ValueError(f"Unknown shape {shape!r}, expected one of: {', '.join(SHAPES)}.")
    if n < 3:
        raise ValueError(f"n is {n}, expected at least 3.")
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
        dealt = np.zeros_like(distances)
        dealt[above] = rng.permutation(distances[above])
        distances = dealt + dealt.T
    return Space.from_matrix(distances)


def planted_spaces(n: int = 127, random_state: int = 0) -> dict[str, Space]:
    """A space of each shape, see `planted_space`."""
    return {shape: planted_space(shape, n, random_state) for shape in SHAPES}


def _tree_distances(n: int) -> np.ndarray:
    """Lengths of the paths between nodes of a binary tree, node k above 2k + 1 and 2k + 2, the longest of about 2."""
    distances = np.zeros((n, n))
    for node in range(1, n):
        parent = (node - 1) // 2
        distances[node, :node] = distances[parent, :node] + 1
        distances[:node, node] = distances[node, :node]
    return 2 * distances / distances.max()
