"""Maps: a point a name."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.spatial import cKDTree

from research_lib.containers.embedding import Embedding
from research_lib.figures.panels import bare, beside, check_map, panels
from research_lib.figures.style import ACCENT, GREY, HALO, INK, KINDS, VECTOR_POINTS, dark, house_style, short


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
    metadata = check_map(places, (colour_by, size_by))
    x, y = places.vectors.T
    kinds = _commonest(metadata, colour_by, n_kinds, size_by)
    colours = {kind: KINDS[number] for number, kind in enumerate(kinds)}
    each = [colours.get(kind, GREY) for kind in places.metadata[colour_by]] if kinds else [ACCENT] * len(places)
    size = np.full(len(places), np.clip(24_000 / len(places), 1.5, 36))
    if size_by is not None:
        size *= np.sqrt(places.metadata[size_by].to_numpy(dtype=float))
    chosen = [places.position(name) for name in names]
    with house_style(math=False):
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


def _commonest(metadata: pd.DataFrame, column: str | None, n: int, size_by: str | None) -> list[str]:
    """The kinds of most points, or of most things that the points stand for."""
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


def plot_clusters(places: Embedding, column: str, apart: Sequence[str] = (), title: str = "") -> tuple[Figure, Axes]:
    """A map where kinds are grey and named where they are densest, but for some that stand out in the accent.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them.
    column : str
        Of the metadata: the kinds.
    apart : sequence of str
        Kinds that stand out.
    title : str
        What the map shows.
    """
    kinds = check_map(places, [column])[column].to_numpy()
    stands_out = np.isin(kinds, list(apart))
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 6.2))
        size = np.clip(24_000 / len(places), 1.5, 36)
        for part, colour in ((~stands_out, "#BBBBBB"), (stands_out, ACCENT)):
            x, y = places.vectors[part].T
            ax.scatter(x, y, s=size, c=colour, alpha=0.7, lw=0, rasterized=len(places) > VECTOR_POINTS)
        radius = 0.05 * np.ptp(places.vectors[:, 0])
        for kind in np.unique(kinds):
            where = crowded(places.vectors[kinds == kind], radius)
            ax.text(*where, kind, color=dark(ACCENT) if kind in apart else INK, fontsize=13, fontweight="bold",
                    path_effects=HALO, ha="center", va="center")  # fmt: skip
        ax.set(title=title)
        bare(ax)
        ax.margins(0.03)
    return fig, ax


def plot_day_maps(maps: Mapping[str, Embedding], title: str = "") -> tuple[Figure, np.ndarray]:
    """Maps of days, a panel each: every day a point, coloured by when it was, days in a row joined by a line.

    Parameters
    ----------
    maps : mapping of str to Embedding
        By the panel's name; two dimensions, metadata ``day``, as `project` gives them of `TwoTower.day_embedding_`.
    title : str
        What they show.
    """
    days = {name: check_map(places, ["day"], f"{name}: the map")["day"] for name, places in maps.items()}
    with house_style(math=False):
        fig, axes = panels(len(maps), title, 2.5, n_cols=3, extra=0.5)
        named = pd.concat([pd.Series(places.names, days[name]) for name, places in maps.items()]).sort_index()
        colours = Normalize(named.index[0], named.index[-1])
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
        bar.set_ticks([colours.vmin, colours.vmax], labels=[named.iloc[0], named.iloc[-1]], fontsize=8)
        bar.outline.set_visible(False)
    return fig, axes


def plot_arrows(
    places: Embedding, pairs: pd.DataFrame, kinds: tuple[str, str] = ("", ""), title: str = ""
) -> tuple[Figure, Axes]:
    """A map of pairs of names, an arrow from the first to the second of each.

    Parameters
    ----------
    places : Embedding
        Two dimensions, as `project` gives them.
    pairs : DataFrame
        Columns ``first`` and ``second``, names of `places`.
    kinds : tuple of str
        What the first names are, and the second; written at their middles.
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
        for points, side, column, colour in zip(ends, (-outward, outward), ("first", "second"), KINDS, strict=False):
            ax.scatter(*points.T, s=22, color=colour, linewidths=0, zorder=2)
            for (x, y), (right, _), name in {
                name: (point, away, name) for point, away, name in zip(points, side, pairs[column], strict=True)
            }.values():
                align = "left" if right >= 0 else "right"
                texts.append(
                    ax.text(
                        x + right, y, name, fontsize=8.5, color=dark(colour), path_effects=HALO, ha=align, va="center"
                    )
                )
        ax.set(title=title)
        bare(ax)
        ax.margins(x=0.17, y=0.06)  # names are kept inside
        x, y = np.concatenate(ends).T
        upright = dict.fromkeys(("text", "static", "explode", "pull"), "y")
        adjust_text(texts, x=x, y=y, ax=ax, expand=(1.0, 1.15), iter_lim=200, min_arrow_len=8, only_move=upright)
        for number, kind in enumerate(kinds):
            style = {"fontsize": 10, "fontweight": "bold", "color": KINDS[number], "va": "top"}
            mark = beside(ax, f"● {kind}", (0, 0), (4 + 110 * number, -4), xycoords="axes fraction", **style)
            mark.set_visible(bool(kind))
    return fig, ax


def _directions(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Steps scaled to length one, shape (n, 2); one of no length stays so."""
    steps = ends - starts
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    return steps / np.where(lengths > 0, lengths, 1)
