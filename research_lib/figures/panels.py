"""What plots have in common: a grid of panels, the title above them, names that don't overlap, and what is refused."""

from collections.abc import Iterable
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.ticker import MaxNLocator

from research_lib.containers.embedding import Embedding

WIDTH = 7.2  # of every figure, in inches


def panels(
    n: int, title: str, height: float | None = None, n_cols: int | None = None, extra: float = 0.0, **options: Any
) -> tuple[Figure, np.ndarray]:
    """A grid with a panel for each of `n` things; cells left over are hidden.

    Parameters
    ----------
    n : int
        Number of things, at least one.
    title : str
        Above all panels.
    height : float, optional
        Of a row of panels, in inches; by default as high as a panel is wide.
    n_cols : int, optional
        At most so many panels a row; by default all of them.
    extra : float
        What the figure is higher than its rows, in inches.
    **options
        For `matplotlib.pyplot.subplots`.

    Returns
    -------
    tuple of Figure and ndarray of Axes, shape (n_rows, n_cols)
    """
    if n < 1:
        raise ValueError("Nothing to draw, expected at least one panel.")
    n_cols = min(n, n_cols or n)
    n_rows = -(-n // n_cols)
    size = WIDTH, (height or WIDTH / n_cols) * n_rows + extra
    fig, axes = plt.subplots(n_rows, n_cols, figsize=size, squeeze=False, **{"layout": "constrained"} | options)
    for ax in axes.flat[n:]:
        ax.set_visible(False)
    headline(fig, title)
    return fig, axes


def headline(fig: Figure, title: str, **place: float) -> None:
    """The title of a whole figure, at its left."""
    fig.suptitle(title, **{"x": 0.01, "ha": "left", "fontsize": 12} | place)


def bare(ax: Axes) -> None:
    """Take away ticks and frame: the axes of a map have no units."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def few_ticks(*along: Axis) -> None:
    """At most three ticks, in small type: for narrow panels."""
    for axis in along:
        axis.set_major_locator(MaxNLocator(3))
        axis.set_tick_params(labelsize=8)


def beside(ax: Axes, text: str, point: tuple[Any, Any], shift: tuple[float, float], **style: Any) -> Annotation:
    """A text next to a point, `shift` away from it, in printer's points."""
    return ax.annotate(text, point, shift, textcoords="offset points", **style)


def spread_out(heights: pd.Series, gap: float) -> pd.Series:
    """The heights, in ascending order, moved up so that they are at least a gap apart."""
    places = heights.to_numpy(copy=True)
    for above in range(1, len(places)):
        places[above] = max(places[above], places[above - 1] + gap)
    return pd.Series(places, heights.index)


def check_map(places: Embedding, columns: Iterable[str | None] = (), what: str = "The map") -> pd.DataFrame:
    """The metadata of a map; `ValueError` unless it has two dimensions and the columns (None is no column)."""
    if places.n_dims != 2:
        raise ValueError(f"{what} has {places.n_dims} dimensions, expected 2: project() it first.")
    return check_columns(places.metadata, columns)


def check_columns(metadata: pd.DataFrame, columns: Iterable[str | None], what: str = "the metadata") -> pd.DataFrame:
    """The metadata; `ValueError` unless it has the columns (None is no column)."""
    for column in columns:
        if column is not None and column not in metadata:
            known = ", ".join(map(str, metadata.columns)) or "none"
            raise ValueError(f"No column {column!r} in {what}, which has: {known}.")
    return metadata
