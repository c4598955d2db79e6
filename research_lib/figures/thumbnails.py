"""Maps of pictures as thumbnails that never overlap: all of them on a grid, or some at their own places."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from research_lib.checks import check_numbers
from research_lib.containers.embedding import Embedding
from research_lib.figures.panels import bare, check_map
from research_lib.figures.style import COLOURS, GREY, NOTE, house_style, short
from research_lib.views.grid import on_grid, with_room

FRAMES = (*COLOURS, "#332288", "#44AA99")  # two more than points have: the picture helps to tell labels apart
PITCH = 1.08  # from one thumbnail to the next on the grid, in widths of one
FRAME = 0.07  # thickness, as a share of the shorter side
LEAST_PIXELS, MOST_PIXELS = 48, 96  # of a thumbnail's width, about


def plot_thumbnail_grid(
    places: Embedding, pictures: np.ndarray, colour_by: str | None = None, title: str = ""
) -> tuple[Figure, Axes]:
    """All pictures of a map, each in a cell of a grid near its place.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them; at most 2,500 names.
    pictures : ndarray, shape (n, height, width)
        One for each name, from 0 (paper) to 1 (ink).
    colour_by : str, optional
        Column of the metadata that holds labels: the ten commonest colour the frames.
    title : str
        What the map shows.
    """
    colours, named = _colours(check_map(places, [colour_by]), colour_by)
    pictures = _check(places, pictures)
    size = np.array([1, pictures.shape[1] / pictures.shape[2]])
    cells = on_grid(places, tall=size[1])
    moved = cells.metadata["moved"].median()
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 7.2))
        middles = cells.vectors * PITCH * size
        _draw(ax, middles, size, pictures, colours)
        note = f"half of the pictures were moved by less than {moved:.0%} of the map's width"
        ax.text(1, -0.005, note, transform=ax.transAxes, fontsize=8, color=NOTE, ha="right", va="top")
        _finish(ax, middles, size, named, title)
    return fig, ax


def plot_thumbnail_map(
    places: Embedding, pictures: np.ndarray, colour_by: str | None = None, title: str = "", size: float = 0.04
) -> tuple[Figure, Axes]:
    """A map with as many pictures as there is room for, each at its own place; the others are dots.

    Pictures in crowded regions come first, so every region shows one of its own.

    Parameters
    ----------
    places, pictures, colour_by, title
        As in `plot_thumbnail_grid`; any number of names.
    size : float
        Width of a thumbnail, as a share of the width of the map.
    """
    colours, named = _colours(check_map(places, [colour_by]), colour_by)
    pictures = _check(places, pictures)
    check_numbers(above=0, most=1, size=size)
    width = float(size * (np.ptp(places.vectors, axis=0).max() or 1))
    height = width * pictures.shape[1] / pictures.shape[2]
    drawn = with_room(places.vectors, width, height)
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 7.2))
        x, y = places.vectors[~drawn].T
        ax.scatter(x, y, s=7, c=colours[~drawn], alpha=0.7, linewidths=0, rasterized=True)
        _draw(ax, places.vectors[drawn], np.array([width, height]), pictures[drawn], colours[drawn])
        _finish(ax, places.vectors, np.array([width, height]), named, title)
    return fig, ax


def _draw(ax: Axes, middles: np.ndarray, size: np.ndarray, pictures: np.ndarray, colours: np.ndarray) -> None:
    """Thumbnails, all of one width and height, which include their frames."""
    corners = middles - size / 2
    width, height = size
    frames = [Rectangle((left, low), width, height) for left, low in corners]
    ax.add_collection(PatchCollection(frames, facecolors=list(colours), linewidths=0, zorder=2))
    frame = FRAME * size.min()
    canvas, box = _canvas(corners + frame, size - 2 * frame, pictures)
    ax.imshow(canvas, cmap="Greys", vmin=0, vmax=1, extent=box, aspect="equal", origin="lower", zorder=3)


def _canvas(
    corners: np.ndarray, size: np.ndarray, pictures: np.ndarray
) -> tuple[np.ndarray, tuple[float, float, float, float]]:
    """All pictures on one canvas, NaN between them, and its extent: writing a thousand images would take a minute."""
    pictures = _resized(pictures)[:, ::-1]  # rows count from below
    tall, wide = pictures.shape[1:]
    pixel = size / [wide, tall]
    low = corners.min(axis=0)
    cols, rows = np.rint((corners - low) / pixel).astype(int).T
    canvas = np.full((rows.max() + tall, cols.max() + wide), np.nan, dtype=np.float32)
    for row, col, picture in zip(rows, cols, pictures, strict=True):
        canvas[row : row + tall, col : col + wide] = picture
    right, top = low + pixel * canvas.shape[::-1]
    return canvas, (low[0], right, low[1], top)


def _resized(pictures: np.ndarray) -> np.ndarray:
    """Small pictures with each pixel repeated, large ones with blocks averaged: whole numbers, so that none blurs."""
    n, tall, wide = pictures.shape
    up, down = max(1, round(LEAST_PIXELS / wide)), max(1, wide // MOST_PIXELS)
    high, across, wide = max(1, tall // down), min(down, tall), wide // down
    blocks = pictures[:, : high * across, : wide * down].reshape(n, high, across, wide, down)
    return blocks.mean(axis=(2, 4)).repeat(up, axis=1).repeat(up, axis=2)


def _colours(metadata: pd.DataFrame, column: str | None) -> tuple[np.ndarray, dict[object, str]]:
    """A colour for each row, and the labels that have one with their colours, in alphabetical order."""
    if column is None:
        return np.full(len(metadata), GREY), {}
    commonest = sorted(metadata[column].value_counts().index[: len(FRAMES)], key=str)
    named = dict(zip(commonest, FRAMES, strict=False))
    return np.array([named.get(label, GREY) for label in metadata[column]]), named


def _finish(ax: Axes, middles: np.ndarray, size: np.ndarray, named: dict[object, str], title: str) -> None:
    low, high = middles.min(axis=0) - size / 2, middles.max(axis=0) + size / 2
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    bare(ax)
    ax.set_title(title, pad=30 if named else 12)
    if named:
        handles = [Patch(color=colour, label=short(str(label), 16)) for label, colour in named.items()]
        ax.legend(
            handles=handles,
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=len(FRAMES),
            fontsize=9,
            borderaxespad=0.7,
            borderpad=0,
            handlelength=0.9,
            handletextpad=0.4,
            columnspacing=1.1,
        )


def _check(places: Embedding, pictures: Sequence | np.ndarray) -> np.ndarray:
    pictures = np.asarray(pictures)
    if pictures.ndim != 3 or len(pictures) != len(places):
        raise ValueError(f"Pictures have shape {pictures.shape}, expected ({len(places)}, height, width): one a name.")
    return pictures
