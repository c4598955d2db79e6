"""Where thumbnails go, so that none overlap."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from research_lib.checks import check_numbers
from research_lib.containers.embedding import Embedding

MAX_PICTURES = 2500  # the assignment takes n² memory and n³ time, and smaller thumbnails cannot be read


def on_grid(places: Embedding, spare: float = 0.3, tall: float = 1.0) -> Embedding:
    """The names of a map in the cells of a grid, moved as little as possible: the sum of squared moves is smallest.

    Parameters
    ----------
    places : Embedding
        Two dimensions; at most 2,500 names.
    spare : float
        Empty cells, as a share of the names. Without any the grid is full, and gaps between clusters close.
    tall : float
        Height of a cell, in widths of a cell; the whole grid is about as high as it is wide.

    Returns
    -------
    Embedding
        Shape (n, 2): numbers of the column and the row, from the lower left. ``moved`` in the metadata is how far each
        name was moved, in widths of the map.

    Raises
    ------
    ValueError
        If there are too many names, or `spare` is negative.

    References
    ----------
    R. Jonker and A. Volgenant, "A Shortest Augmenting Path Algorithm for Dense and Sparse Linear Assignment Problems",
    Computing 1987.
    """
    n = len(places)
    if n > MAX_PICTURES:
        raise ValueError(f"{n:,} pictures, expected at most {MAX_PICTURES:,}: draw some, with subset().")
    check_numbers(least=0, spare=spare)
    n_cols = int(np.ceil(np.sqrt(n * (1 + spare) * tall)))
    n_rows = int(np.ceil(n * (1 + spare) / n_cols))
    cells = np.stack(np.meshgrid(np.arange(n_cols), np.arange(n_rows)), axis=-1).reshape(-1, 2)
    low, extent = places.vectors.min(axis=0), np.ptp(places.vectors, axis=0)
    wanted = (places.vectors - low) / np.where(extent > 0, extent, 1)  # the map fills the grid
    centres = (cells + 0.5) / [n_cols, n_rows]
    moves = cdist(wanted, centres)
    _, chosen = linear_sum_assignment(moves**2)
    return Embedding(cells[chosen], places.names, places.metadata.assign(moved=moves[np.arange(n), chosen]))


def with_room(points: np.ndarray, width: float, height: float) -> np.ndarray:
    """Mask of the points where rectangles can be drawn without overlapping; the most crowded points come first.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Middles of the rectangles.
    width, height : float
        Of every rectangle.
    """
    points = points / [width, height]  # now squares of side 1: they overlap if their middles are nearer on both axes
    tree = cKDTree(points)
    crowd = tree.query_ball_point(points, 0.5, p=np.inf, return_length=True)
    free, drawn = np.ones(len(points), dtype=bool), np.zeros(len(points), dtype=bool)
    for point in np.argsort(-crowd, kind="stable"):
        if free[point]:
            drawn[point] = True
            free[tree.query_ball_point(points[point], 1.02, p=np.inf)] = False  # with a little room between
    return drawn
