"""Maps: a point a name."""

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

from research_lib.embedding import Embedding
from research_lib.figures.style import ACCENT, GREY, HALO, INK, KINDS, dark, house_style, short

VECTOR_POINTS = 2000  # more are drawn as pixels within the SVG, which would be megabytes


def plot_map(
    places: Embedding,
    colour_by: str | None = None,
    names: Sequence[str] = (),
    n_kinds: int = 8,
    title: str = "",
    size_by: str | None = None,
) -> tuple[Figure, Axes]:
    """A map: every name a point, the commonest kinds in colour and named, chosen names written out.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them.
    colour_by : str, optional
        Column of the metadata; its `n_kinds` commonest values are coloured, the rest is grey.
    names : sequence of str
        Names to write on the map; unknown ones raise `UnknownName`.
    n_kinds : int
        At most the eight colours there are.
    title : str
        What the map shows.
    size_by : str, optional
        Column of the metadata, how many things a point stands for; its area grows with the square root of it.
    """
    if places.n_dims != 2:
        raise ValueError(f"The map has {places.n_dims} dimensions, expected 2: project() it first.")
    x, y = places.vectors.T
    kinds = _commonest(places.metadata, colour_by, n_kinds, size_by)
    colours = {kind: KINDS[number] for number, kind in enumerate(kinds)}
    each = [colours.get(kind, GREY) for kind in places.metadata[colour_by]] if kinds else [ACCENT] * len(places)
    size = np.full(len(places), np.clip(24_000 / len(places), 1.5, 36))
    if size_by is not None:
        size *= np.sqrt(places.metadata[size_by].to_numpy(dtype=float))
    chosen = [places.position(name) for name in names]
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 6.2))
        coloured = np.array([colour != GREY for colour in each])
        for part in (~coloured, coloured):  # grey lies below
            ax.scatter(
                x[part],
                y[part],
                s=size[part],
                c=np.array(each)[part],
                alpha=0.8,
                linewidths=0,
                rasterized=len(x) > VECTOR_POINTS,
            )
        texts = [
            ax.text(
                *crowded(places.vectors[_where(places.metadata[colour_by], kind)], 0.12 * np.ptp(x)),
                fill(short(str(kind), 40), 20),
                color=dark(colour),
                fontsize=11,
                fontweight="bold",
                path_effects=HALO,
                ha="center",
                va="center",
            )
            for kind, colour in colours.items()
        ]
        ax.scatter(x[chosen], y[chosen], s=30, facecolors="none", edgecolors=INK, linewidths=0.9)
        beside = 0.012 * np.ptp(x)  # so that a name does not cover its own ring
        texts += [ax.text(x[i] + beside, y[i], places.names[i], fontsize=8.5, path_effects=HALO) for i in chosen]
        ax.set(title=title, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.margins(0.03)
        if texts:
            lines = {"arrowstyle": "-", "color": INK, "lw": 0.5}
            adjust_text(
                texts,
                x=x[chosen],
                y=y[chosen],
                ax=ax,
                arrowprops=lines,
                expand=(1.1, 1.4),
                iter_lim=200,
                min_arrow_len=8,
            )
    return fig, ax


def _commonest(metadata: pd.DataFrame, column: str | None, n: int, size_by: str | None) -> list[str]:
    """The kinds of most points, or of most things that the points stand for."""
    for name in (column, size_by):
        if name is not None and name not in metadata:
            raise ValueError(
                f"No column {name!r} in the metadata, which has: {', '.join(map(str, metadata.columns)) or 'none'}."
            )
    if column is None:
        return []
    if not 1 <= n <= len(KINDS):
        raise ValueError(f"n_kinds is {n}, expected 1 to {len(KINDS)}: so many colours can be told apart.")
    if size_by is None:
        return list(metadata[column].value_counts().index[:n])
    return list(metadata.groupby(column)[size_by].sum().nlargest(n).index)


def _where(values: pd.Series, kind: object) -> np.ndarray:
    """Mask of the rows that are of this kind; a missing value is of none."""
    return (values == kind).to_numpy(dtype=bool, na_value=False)


def crowded(points: np.ndarray, radius: float) -> np.ndarray:
    """The point with most others around it: where a kind's name belongs."""
    return points[np.argmax(cKDTree(points).query_ball_point(points, radius, return_length=True))]
