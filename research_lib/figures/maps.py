"""Maps: a point for each name."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.text import Text
from scipy.spatial import cKDTree

from research_lib.checks import check_integers
from research_lib.containers.embedding import Embedding
from research_lib.figures.panels import bare, beside, check_map, panels
from research_lib.figures.style import ACCENT, COLOURS, GREY, HALO, INK, VECTOR_POINTS, dark, house_style, short


def plot_map(
    places: Embedding,
    colour_by: str | None = None,
    names: Sequence[str] = (),
    n_labels: int = 8,
    title: str = "",
    size_by: str | None = None,
) -> tuple[Figure, Axes]:
    """A map: a point for each name; the commonest labels are coloured and written out, and so are chosen names.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them.
    colour_by : str, optional
        Column of the metadata that holds labels: the `n_labels` commonest are coloured, the rest is grey.
    names : sequence of str
        Names to write on the map; unknown ones raise `UnknownName`.
    n_labels : int
        At most eight, as many as there are colours.
    title : str
        What the map shows.
    size_by : str, optional
        Column of the metadata: how many things a point stands for. Its area grows with the square root of that.
    """
    metadata = check_map(places, (colour_by, size_by))
    x, y = places.vectors.T
    commonest = _commonest(metadata, colour_by, n_labels, size_by)
    colours = dict(zip(commonest, COLOURS, strict=False))
    each = np.array([colours.get(label, GREY) for label in metadata[colour_by]] if colours else [ACCENT] * len(places))
    size = np.full(len(places), _dot_size(places))
    if size_by is not None:
        size *= np.sqrt(metadata[size_by].to_numpy(dtype=float))
    chosen = [places.position(name) for name in names]
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 6.2))
        many = len(places) > VECTOR_POINTS
        for part in (each == GREY, each != GREY):  # grey lies below
            ax.scatter(x[part], y[part], s=size[part], c=each[part], alpha=0.8, linewidths=0, rasterized=many)
        texts = []
        for label, colour in colours.items():
            where = crowded(places.vectors[_where(metadata[colour_by], label)], 0.12 * np.ptp(x))
            texts.append(_write(ax, fill(short(str(label), 40), 20), where, color=dark(colour), fontsize=11))
        ax.scatter(x[chosen], y[chosen], s=30, facecolors="none", edgecolors=INK, linewidths=0.9)
        shift = 0.012 * np.ptp(x)  # so that a name does not cover its own ring
        texts += [ax.text(x[i] + shift, y[i], places.names[i], fontsize=8.5, path_effects=HALO) for i in chosen]
        ax.set(title=title)
        bare(ax)
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
                force_text=(0.5, 0.8),
                iter_lim=200,
                min_arrow_len=8,
            )
    return fig, ax


def _dot_size(places: Embedding) -> float:
    return float(np.clip(24_000 / len(places), 1.5, 36))


def _write(ax: Axes, text: str, where: np.ndarray, **style: Any) -> Text:
    x, y = where
    return ax.text(x, y, text, fontweight="bold", path_effects=HALO, ha="center", va="center", **style)


def _commonest(metadata: pd.DataFrame, column: str | None, n: int, size_by: str | None) -> list[object]:
    """The labels of most points, or of most things that the points stand for."""
    if column is None:
        return []
    check_integers(1, n_labels=n)
    if n > len(COLOURS):
        raise ValueError(f"n_labels is {n}, expected at most {len(COLOURS)}, as many as there are colours.")
    if size_by is None:
        return list(metadata[column].value_counts().index[:n])
    return list(metadata.groupby(column)[size_by].sum().nlargest(n).index)


def _where(labels: pd.Series, label: object) -> np.ndarray:
    """Mask of the rows with this label; a missing value is no label."""
    return (labels == label).to_numpy(dtype=bool, na_value=False)


def crowded(points: np.ndarray, radius: float) -> np.ndarray:
    """The point with most others around it: where a label is written."""
    return points[np.argmax(cKDTree(points).query_ball_point(points, radius, return_length=True))]


def plot_clusters(places: Embedding, column: str, apart: Sequence[str] = (), title: str = "") -> tuple[Figure, Axes]:
    """A map in grey with each label written where its points are densest; chosen labels stand out in the accent.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them.
    column : str
        Of the metadata: the labels.
    apart : sequence of str
        Labels that stand out.
    title : str
        What the map shows.
    """
    labels = check_map(places, [column])[column].to_numpy()
    stands_out = np.isin(labels, list(apart))
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 6.2))
        size = _dot_size(places)
        for part, colour in ((~stands_out, "#BBBBBB"), (stands_out, ACCENT)):
            x, y = places.vectors[part].T
            ax.scatter(x, y, s=size, c=colour, alpha=0.7, lw=0, rasterized=len(places) > VECTOR_POINTS)
        radius = 0.05 * np.ptp(places.vectors[:, 0])
        for label in np.unique(labels):
            where = crowded(places.vectors[labels == label], radius)
            _write(ax, str(label), where, color=dark(ACCENT) if label in apart else INK, fontsize=13)
        ax.set(title=title)
        bare(ax)
        ax.margins(0.03)
    return fig, ax


def plot_day_maps(maps: Mapping[str, Embedding], title: str = "") -> tuple[Figure, np.ndarray]:
    """Maps of days, a panel each: a point for each day, coloured by its date; a line joins days that follow each other.

    Parameters
    ----------
    maps : mapping of str to Embedding
        By the panel's name; two dimensions and metadata ``day``, as `project` makes them of `TwoTower.day_embedding_`.
    title : str
        What the maps show.
    """
    days = {name: check_map(places, ["day"], f"{name}: the map")["day"] for name, places in maps.items()}
    with house_style(math=False):
        fig, axes = panels(len(maps), title, 2.5, n_cols=3, extra=0.5)
        named = pd.concat([pd.Series(places.names, days[name]) for name, places in maps.items()]).sort_index()
        first, last = named.index[0], named.index[-1]
        colours = Normalize(first, last)
        for ax, (name, places) in zip(axes.flat, maps.items(), strict=False):
            order = np.argsort(days[name].to_numpy(), kind="stable")
            x, y = places.vectors[order].T
            ax.plot(x, y, color=GREY, lw=0.5, zorder=1)
            size = np.clip(2400 / len(places), 4, 28)
            ax.scatter(x, y, c=days[name].iloc[order], norm=colours, cmap="viridis", s=size, lw=0, zorder=2)
            ax.set(xticks=[], yticks=[])
            ax.set_title(name, fontsize=10)
            ax.spines[:].set_color(GREY)
            ax.spines[:].set_visible(True)
            ax.margins(0.06)
        bar = fig.colorbar(ScalarMappable(colours, "viridis"), ax=axes, shrink=0.7, aspect=30, pad=0.02)
        bar.set_ticks([first, last], labels=[named.iloc[0], named.iloc[-1]], fontsize=8)
        bar.outline.set_visible(False)
    return fig, axes


def plot_arrows(
    places: Embedding, pairs: pd.DataFrame, labels: tuple[str, str] = ("", ""), title: str = ""
) -> tuple[Figure, Axes]:
    """A map of pairs of names, with an arrow from the first to the second name of each pair.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them.
    pairs : DataFrame
        Columns ``first`` and ``second``, names of `places`.
    labels : tuple of str
        What the first names are, and what the second are; written above the map in their colours.
    title : str
        What the arrows show.
    """
    check_map(places)
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 5.6))
        ends = [np.array([places[name] for name in pairs[column]]) for column in ("first", "second")]
        for start, end in zip(*ends, strict=True):
            style = {"arrowstyle": "-|>", "color": GREY, "lw": 1, "shrinkA": 4, "shrinkB": 4, "mutation_scale": 9}
            ax.annotate("", end, start, arrowprops=style, zorder=1)
        texts = []
        outward = 0.02 * np.ptp(np.concatenate(ends), axis=0).max() * _directions(*ends)  # names stand clear of arrows
        for points, side, column, colour in zip(ends, (-outward, outward), ("first", "second"), COLOURS, strict=False):
            ax.scatter(points[:, 0], points[:, 1], s=22, color=colour, linewidths=0, zorder=2)
            once = dict(zip(pairs[column], zip(points, side[:, 0], strict=True), strict=True))  # each name once
            for name, ((x, y), right) in once.items():
                text = ax.text(x + right, y, name, fontsize=8.5, color=dark(colour), path_effects=HALO, va="center")
                text.set_horizontalalignment("left" if right >= 0 else "right")
                texts.append(text)
        ax.set(title=title)
        bare(ax)
        ax.margins(x=0.17, y=0.06)  # names are kept inside
        x, y = np.concatenate(ends).T
        upright = dict.fromkeys(("text", "static", "explode", "pull"), "y")
        adjust_text(texts, x=x, y=y, ax=ax, expand=(1.0, 1.15), iter_lim=200, min_arrow_len=8, only_move=upright)
        for number, label in enumerate(labels):
            style = {"fontsize": 10, "fontweight": "bold", "color": COLOURS[number], "va": "top"}
            mark = beside(ax, f"● {label}", (0, 0), (4 + 110 * number, -4), xycoords="axes fraction", **style)
            mark.set_visible(bool(label))
    return fig, ax


def _directions(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The steps scaled to length one, shape (n, 2); a step of length zero stays zero."""
    steps = ends - starts
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    return steps / np.where(lengths > 0, lengths, 1)
