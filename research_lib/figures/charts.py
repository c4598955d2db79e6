"""Things by name: their counts, their scores, what they resemble."""

from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from research_lib.containers.embedding import Embedding
from research_lib.figures.panels import beside, few_ticks, panels
from research_lib.figures.style import ACCENT, BASELINE, INK, house_style, short
from research_lib.views.clustering import merge_tree


def plot_similar(embedding: Embedding, name: str, n: int = 10, title: str = "") -> tuple[Figure, Axes]:
    """The names most and least similar to a name by cosine, as bars."""
    nearest, farthest = embedding.most_similar(name, n), embedding.least_similar(name, n)
    found = pd.concat([nearest, farthest.iloc[::-1]])
    place = np.r_[np.arange(len(nearest)), np.arange(len(farthest)) + len(nearest) + 0.8]
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 0.26 * len(found) + 1.2))
        ax.barh(place, found["similarity"], height=0.75, color=[ACCENT] * len(nearest) + ["#BBBBBB"] * len(farthest))
        for at, value in zip(place, found["similarity"], strict=True):
            side, shift = ("left", 3) if value >= 0 else ("right", -3)
            beside(ax, f"{value:.2f}".replace("-", "−"), (value, at), (shift, 0), fontsize=8, ha=side, va="center")
        ax.axvline(0, color=INK, lw=0.8)
        ax.set(xlabel="cosine similarity", title=title or f"Nearest and farthest: {name}")
        ax.spines["left"].set_visible(False)
        ax.margins(x=0.08)
        _from_the_top(ax, place, found["name"])
    return fig, ax


def plot_counts(counts: pd.Series, xlabel: str, title: str = "") -> tuple[Figure, Axes]:
    """Named counts as bars, in the order given, the first on top."""
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 0.27 * len(counts) + 1.2))
        bars = ax.barh(range(len(counts)), counts, height=0.75, color=ACCENT)
        ax.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
        ax.set(xlabel=xlabel, title=title)
        ax.margins(x=0.1)
        _from_the_top(ax, range(len(counts)), counts.index)
    return fig, ax


def _from_the_top(ax: Axes, places: Sequence[float] | np.ndarray, names: Iterable[object]) -> None:
    """Names beside their bars, the first on top."""
    ax.set_yticks(places, [short(str(name), 42) for name in names], fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()


def plot_scores(scores: pd.DataFrame, title: str = "", highlight: Sequence[str] = ()) -> tuple[Figure, np.ndarray]:
    """Scores as dots, a panel for each measure and a row for each model; missing scores stay empty.

    Parameters
    ----------
    scores : DataFrame
        Models in the index, measures in the columns; more is better.
    title : str
        What the comparison shows.
    highlight : sequence of str
        Models in the accent; the others are grey.
    """
    with house_style(math=False):
        fig, axes = panels(scores.shape[1], title, 0.34 * len(scores) + 1.3, sharey=True)
        place = np.arange(len(scores))
        colours = [ACCENT if name in highlight else BASELINE for name in scores.index]
        for ax, (measure, values) in zip(axes[0], scores.items(), strict=True):
            ax.hlines(place, 0, values, color=colours, lw=1.2, alpha=0.5)
            ax.scatter(values, place, c=colours, s=36, zorder=3)
            number = "{:.3f}" if np.nanmax(values) < 100 else "{:,.0f}"
            for at, value in zip(place, values, strict=True):
                if np.isfinite(value):
                    beside(ax, number.format(value), (value, at), (5, 0), fontsize=8, va="center")
            ax.set_xlim(0, 1.35 * np.nanmax(values))
            ax.set_title(measure, fontsize=10)
            ax.tick_params(axis="y", length=0)
            ax.spines["left"].set_visible(False)
            few_ticks(ax.xaxis)
        axes[0, 0].set_yticks(place, scores.index)
        axes[0, 0].invert_yaxis()
    return fig, axes[0]


def plot_tree(
    embedding: Embedding, title: str = "", metric: str = "cosine", names: Sequence[str] | None = None
) -> tuple[Figure, Axes]:
    """A dendrogram by Ward's criterion, on its side: the farther left two things join, the less they are alike.

    Parameters
    ----------
    embedding : Embedding
        A leaf of the tree for each name.
    title : str
        What the tree shows.
    metric : {"cosine", "euclidean"}
        How vectors are compared, as in `merge_tree`.
    names : sequence of str, optional
        Written at the leaves, in the order of the embedding, in place of its names.
    """
    tree = merge_tree(embedding, metric)
    labels = [short(str(name), 50) for name in (embedding.names if names is None else names)]
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 0.2 * len(labels) + 1.1))
        dendrogram(tree, labels=labels, orientation="left", ax=ax, color_threshold=0, above_threshold_color=ACCENT)
        ax.set(xlabel="distance at which they join (Ward)", title=title)
        ax.tick_params(axis="y", length=0, labelsize=8.5)
        ax.spines["left"].set_visible(False)
    return fig, ax
