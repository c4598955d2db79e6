import numpy as np
import pytest
from scipy.spatial.distance import pdist

from research_lib.containers.embedding import Embedding
from research_lib.views.grid import on_grid, with_room


def crowded(n=200):
    """Three clumps of points."""
    rng = np.random.default_rng(0)
    points = np.array([[0, 0], [9, 1], [4, 7]])[rng.integers(3, size=n)] + rng.normal(size=(n, 2))
    return Embedding(points, range(n))


def test_a_shuffled_grid_gets_every_name_its_own_cell():
    rows, cols = np.divmod(np.random.default_rng(0).permutation(36), 6)
    found = on_grid(Embedding(np.column_stack([cols, rows]), range(36)), spare=0)
    assert (found.vectors == np.column_stack([cols, rows])).all()
    assert found.metadata["moved"].max() < 0.12  # from the corners of the map to the middles of the cells


def test_no_two_names_share_a_cell_and_none_is_moved_as_far_as_by_chance():
    places = crowded(300)
    cells = on_grid(places)
    assert pdist(cells.vectors).min() >= 1
    chance = np.random.default_rng(0).permutation(places.vectors)
    spread = np.linalg.norm((places.vectors - chance) / np.ptp(chance, axis=0), axis=1)
    assert cells.metadata["moved"].median() < 0.3 * np.median(spread)


@pytest.mark.parametrize("tall", [0.5, 1.0, 2.0])
def test_the_grid_is_as_high_as_wide(tall):
    n_cols, n_rows = np.ptp(on_grid(crowded(), spare=0, tall=tall).vectors, axis=0) + 1
    assert n_rows * tall == pytest.approx(n_cols, rel=0.15)


def test_the_most_crowded_is_drawn_and_what_it_covers_is_not():
    points = np.array([[0, 0], [0.4, 0], [0.8, 0], [5, 5]])  # all but the last overlap the second, which has two near
    assert list(with_room(points, 1, 1)) == [False, True, False, True]


def test_every_place_shows_a_thumbnail_or_is_near_one():
    places = crowded()
    drawn = with_room(places.vectors, 1, 0.5)
    away = np.abs(places.vectors[:, None] - places.vectors[drawn][None]) / [1, 0.5]
    assert (away.max(axis=2).min(axis=1) < 1.03).all()
