"""Spaces and the maps of them: layers of a network, steps between names, distances kept and missed."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from adjustText import adjust_text
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research_lib.embedding import Embedding
from research_lib.figures.style import ACCENT, BASELINE, GREY, HALO, INK, KINDS, SHADES, dark, house_style


def plot_layers(layers: Mapping[str, pd.Series], title: str = "") -> tuple[Figure, Axes]:
    """What stands in each layer of a network, as columns of cells; the larger a number the darker.

    Parameters
    ----------
    layers : mapping of str to Series
        By the layer's name; the index of each names its cells.
    title : str
        What the network does.
    """
    height = max(len(values) for values in layers.values())
    with house_style():
        fig, axes = plt.subplots(1, len(layers), figsize=(7.2, 0.36 * height + 1.2), squeeze=False)
        for number, (ax, (name, values)) in enumerate(zip(axes[0], layers.items(), strict=True)):
            most = max(values.max(), 1e-12)
            top = (height - len(values)) / 2
            ax.imshow(
                values.to_numpy(dtype=float)[:, None],
                extent=(0, 1, top + len(values), top),
                cmap=SHADES,
                vmin=0,
                vmax=1.3 * most,
                aspect="auto",
            )
            for place, value in enumerate(values):
                colour = "white" if value > 0.7 * most else INK
                text = f"{value:.2f}".replace("-", "−")
                ax.text(0.5, top + place + 0.5, text, color=colour, ha="center", va="center", fontsize=9)
            ax.set(ylim=(height, 0), xlim=(0, 1), xticks=[], yticks=top + np.arange(len(values)) + 0.5)
            ax.set_yticklabels(values.index, fontsize=9)
            ax.tick_params(axis="y", length=0)
            ax.spines[:].set_visible(False)
            ax.set_title(name, fontsize=10, loc="center")
            if number:
                ax.annotate("→", (-0.75, 0.5), xycoords="axes fraction", fontsize=16, ha="center", va="center")
        fig.subplots_adjust(wspace=1.6, top=1 - 0.75 / fig.get_figheight(), bottom=0.04)
        fig.suptitle(title, x=0.01, y=0.99, ha="left", fontsize=12)
    return fig, axes[0]


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
    if places.n_dims != 2:
        raise ValueError(f"The map has {places.n_dims} dimensions, expected 2: project() it first.")
    with house_style():
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
        ax.set(xticks=[], yticks=[], title=title)
        ax.spines[:].set_visible(False)
        ax.margins(x=0.17, y=0.06)  # names are kept inside
        x, y = np.concatenate(ends).T
        upright = dict.fromkeys(("text", "static", "explode", "pull"), "y")
        adjust_text(texts, x=x, y=y, ax=ax, expand=(1.0, 1.15), iter_lim=200, min_arrow_len=8, only_move=upright)
        for number, kind in enumerate(kinds):
            mark = ax.annotate(
                f"● {kind}", (0, 0), (4 + 110 * number, -4), xycoords="axes fraction", textcoords="offset points",
                fontsize=10, fontweight="bold", color=KINDS[number], va="top",
            )  # fmt: skip
            mark.set_visible(bool(kind))
    return fig, ax


def _directions(starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Steps scaled to length one, shape (n, 2); one of no length stays so."""
    steps = ends - starts
    lengths = np.linalg.norm(steps, axis=1, keepdims=True)
    return steps / np.where(lengths > 0, lengths, 1)


def plot_shepard(
    pairs: Mapping[str, pd.DataFrame], title: str = "", xlabel: str = "distance of the things"
) -> tuple[Figure, Axes]:
    """Distances on a map against those of the things, a panel a map: on a rising curve, if the map keeps their order.

    Parameters
    ----------
    pairs : mapping of str to DataFrame
        By the map's name; columns ``original`` and ``found``, as `Comparison.shepard` gives them.
    title : str
        What they show.
    xlabel : str
        What ``original`` is.
    """
    with house_style():
        cols = min(len(pairs), 4)
        shape = -(-len(pairs) // cols), cols
        size = 7.2, 2.1 * shape[0] + 0.8
        fig, axes = plt.subplots(*shape, figsize=size, sharex=True, squeeze=False, layout="constrained")
        for ax, (name, table) in zip(axes.flat, pairs.items(), strict=False):
            known, found = table["original"].to_numpy(), table["found"].to_numpy()
            ax.scatter(
                known, found, s=np.clip(6000 / len(table), 1, 9), color=ACCENT, alpha=0.35, lw=0, rasterized=True
            )
            ax.set_title(name, fontsize=10)
            ax.set_ylim(0, 1.05 * found.max() if found.any() else 1)
            ax.set_xlim(0, 1.05 * known.max() if known.any() else 1)
            ax.xaxis.set_major_locator(plt.MaxNLocator(3))
            ax.yaxis.set_major_locator(plt.MaxNLocator(3))
            ax.tick_params(labelsize=8)
        for ax in axes.flat[len(pairs) :]:
            ax.set_visible(False)
        fig.supxlabel(xlabel, fontsize=10)
        fig.supylabel("distance of their vectors", fontsize=10)
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    return fig, axes


def plot_stress(stress: pd.DataFrame, title: str = "") -> tuple[Figure, Axes]:
    """How far distances are missed, by length of the vectors: a line a space, its name at the end; ``random`` is grey.

    Parameters
    ----------
    stress : DataFrame
        Lengths in the index, spaces in the columns.
    title : str
        What the lines show.
    """
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 3.8))
        colours = iter(KINDS)
        for name, values in stress.items():
            colour = BASELINE if name == "random" else next(colours)
            ax.plot(values.index, values, color=colour, marker="o", ms=4)
            ax.annotate(
                name, (values.index[-1], values.iloc[-1]), (8, 0), textcoords="offset points", color=dark(colour),
                va="center", fontsize=9.5,
            )  # fmt: skip
        ax.set(xlabel="length of the vectors", ylabel="stress of held-out distances", title=title)
        ax.set_xticks(list(stress.index))
        ax.set_ylim(-0.03 * stress.max(axis=None), None)
        ax.margins(x=0.04)
    return fig, ax
