"""Tables as shades of one colour."""

from collections.abc import Mapping
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research_lib.figures.panels import headline, panels
from research_lib.figures.style import INK, SHADES, house_style, short

CELL, LABEL = 0.2, 0.068  # inches: least height of a row, width of a character of its name
WRAPPED = 9  # the names of so few columns are level, in several lines


def plot_heatmap(
    table: pd.DataFrame, label: str = "", title: str = "", *, text: str | None = None, vmax: float | None = None
) -> tuple[Figure, Axes]:
    """A table as it stands: the larger a number, the darker its cell; zero is white.

    Parameters
    ----------
    table : DataFrame
        Numbers of at least 0; the names of its index and columns name the axes.
    label : str
        What the shades mean, with their unit; without it there is no scale.
    title : str
        What the table shows.
    text : str, optional
        Format of the numbers written into the cells, as ``".2f"``.
    vmax : float, optional
        The number that is darkest; by default the largest.
    """
    with house_style(math=False):
        upright = table.shape[1] > WRAPPED
        cols = [
            short(str(name), 34) if upright else fill(str(name), 60 // table.shape[1], break_long_words=False)
            for name in table.columns
        ]
        below = LABEL * max(map(len, cols)) if upright else 2 * LABEL * max(name.count("\n") + 1 for name in cols)
        height = 1.0 + max(CELL, 0.26 if text else 0) * len(table) + below
        fig, ax = plt.subplots(figsize=(7.2, height), layout="constrained")
        sns.heatmap(
            table,
            ax=ax,
            cmap=SHADES,
            vmin=0,
            vmax=vmax,
            annot=text is not None,
            fmt=text or "",
            annot_kws={"fontsize": 7.5},
            linewidths=0.5,
            linecolor="#EEEEEE",
            cbar=bool(label),
            cbar_kws={"label": label, "shrink": 0.6, "pad": 0.02},
        )
        ax.set_yticks(np.arange(len(table)) + 0.5, [short(str(name), 40) for name in table.index], rotation=0)
        ax.set_xticks(np.arange(table.shape[1]) + 0.5, cols, rotation=90 if upright else 0)
        ax.tick_params(length=0, labelsize=8)
        ax.set(xlabel="", ylabel="")
        headline(fig, title)
    return fig, ax


def plot_clustermap(
    table: pd.DataFrame, label: str = "", title: str = "", vmax: float | None = None
) -> tuple[Figure, Axes]:
    """A table with its rows and columns in the order of their dendrograms: those alike by cosine stand together.

    Parameters
    ----------
    table : DataFrame
        Numbers of at least 0, no row or column all zero.
    label : str
        What the shades mean, with their unit.
    title : str
        What the table shows.
    vmax : float, optional
        The number that is darkest; by default the largest.
    """
    for side, sums in (("row", table.sum(axis=1)), ("column", table.sum(axis=0))):
        if not (sums > 0).all():
            raise ValueError(f"The {side} {sums.idxmin()!r} is all zero, so it has no cosine: leave it out.")
    with house_style(math=False):
        longest = max(len(str(name)) for name in [*table.index, *table.columns])
        labels = LABEL * min(longest, 34)
        grid = sns.clustermap(
            table,
            metric="cosine",
            method="average",
            cmap=SHADES,
            vmin=0,
            vmax=vmax,
            figsize=(7.2, 1.4 + CELL * len(table) + labels),
            dendrogram_ratio=(0.09, 0.6 / (1.4 + CELL * len(table) + labels)),
            cbar_pos=None,
            xticklabels=[short(str(name), 34) for name in table.columns],
            yticklabels=[short(str(name), 34) for name in table.index],
            tree_kws={"colors": INK, "linewidths": 0.6},
        )
        fig, ax = grid.figure, grid.ax_heatmap
        ax.tick_params(length=0, labelsize=8)
        ax.set(xlabel="", ylabel="")
        box = ax.get_position()  # the corner beside both sets of labels is empty
        scale = fig.add_axes((box.x1 + 0.05, box.y0 - 0.5 / fig.get_figheight(), 0.2, 0.1 / fig.get_figheight()))
        colours = fig.colorbar(ax.collections[0], cax=scale, orientation="horizontal", label=fill(label, 26))
        colours.outline.set_visible(False)
        scale.tick_params(labelsize=8)
        scale.xaxis.label.set_size(8)
        headline(fig, title, y=1.01)
    return fig, ax


def plot_layers(layers: Mapping[str, pd.Series], title: str = "") -> tuple[Figure, np.ndarray]:
    """The numbers in each layer of a network, as columns of cells; the larger a number, the darker its cell.

    Parameters
    ----------
    layers : mapping of str to Series
        By the layer's name; the index of each Series names its cells.
    title : str
        What the network does.
    """
    height = max(map(len, layers.values()), default=0)
    with house_style(math=False):
        fig, axes = panels(len(layers), title, 0.36 * height + 1.2, layout=None)
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
        headline(fig, title, y=0.99)
    return fig, axes[0]
