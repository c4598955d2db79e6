"""Bars, lines and dots: counts, scores and how they came about."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from research_lib.embedding import Embedding
from research_lib.figures.style import ACCENT, BASELINE, HALO, INK, KINDS, OFFSET, dark, house_style, short


def plot_similar(embedding: Embedding, name: str, n: int = 10, title: str = "") -> tuple[Figure, Axes]:
    """The most and the least similar names of one name, by cosine, as bars."""
    nearest, farthest = embedding.most_similar(name, n), embedding.least_similar(name, n)
    found = pd.concat([nearest, farthest.iloc[::-1]])
    place = np.r_[np.arange(len(nearest)), np.arange(len(farthest)) + len(nearest) + 0.8]
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 0.26 * len(found) + 1.2))
        ax.barh(place, found["similarity"], height=0.75, color=[ACCENT] * len(nearest) + ["#BBBBBB"] * len(farthest))
        for at, value in zip(place, found["similarity"], strict=True):
            side, shift = ("left", 3) if value >= 0 else ("right", -3)
            ax.annotate(
                f"{value:.2f}".replace("-", "−"), (value, at), (shift, 0), fontsize=8, ha=side, va="center", **OFFSET
            )
        ax.axvline(0, color=INK, lw=0.8)
        ax.set(yticks=place, xlabel="cosine similarity", title=title or f"Nearest and farthest: {name}")
        ax.set_yticklabels([short(text, 42) for text in found["name"]], fontsize=9)
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
        ax.margins(x=0.08)
        ax.invert_yaxis()
    return fig, ax


def plot_counts(counts: pd.Series, xlabel: str, title: str = "") -> tuple[Figure, Axes]:
    """Named counts as bars, in the order given, the first on top."""
    names, values = list(counts.index), list(counts)
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 0.27 * len(names) + 1.2))
        bars = ax.barh(range(len(names)), values, height=0.75, color=ACCENT)
        ax.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=8)
        ax.set(yticks=range(len(names)), xlabel=xlabel, title=title)
        ax.set_yticklabels([short(text, 42) for text in names], fontsize=9)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.1)
        ax.invert_yaxis()
    return fig, ax


def plot_histories(
    histories: Mapping[str, pd.DataFrame], title: str = "", same_loss: bool = False
) -> tuple[Figure, Axes]:
    """Loss by epoch, a panel a model: only losses of the same kind share an axis. Held-out losses are grey."""
    with house_style():
        fig, axes = plt.subplots(
            1, len(histories), figsize=(7.2, 2.8), sharey=same_loss, squeeze=False, layout="constrained"
        )
        for ax, (name, history) in zip(axes[0], histories.items(), strict=True):
            last = history.iloc[-1]
            if "validation_loss" in history:
                ax.plot(history["epoch"], history["validation_loss"], color=BASELINE, lw=1.2)
                some = history.iloc[len(history) // 3]
                where = some["epoch"], some["validation_loss"]
                ax.annotate("held out", where, (2, 8), color="#666666", fontsize=8.5, path_effects=HALO, **OFFSET)
            ax.plot(history["epoch"], history["loss"], color=ACCENT, marker="o" if len(history) < 30 else None, ms=3)
            ax.annotate(
                f"{last['loss']:.3f}", (last["epoch"], last["loss"]), (0, 6), fontsize=8.5, ha="right",
                path_effects=HALO, **OFFSET,
            )  # fmt: skip
            ax.set_title(name, fontsize=10)
            ax.set(xlabel="epoch", ylabel="loss" if ax is axes[0, 0] else None)
            ax.xaxis.get_major_locator().set_params(integer=True)
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    return fig, axes[0]


def plot_scores(scores: pd.DataFrame, title: str = "", highlight: Sequence[str] = ()) -> tuple[Figure, Axes]:
    """A table of scores as dots, a panel a column and a line a model; missing scores stay empty.

    Parameters
    ----------
    scores : DataFrame
        Models in the index, measures in the columns, more is better.
    title : str
        What the comparison shows.
    highlight : sequence of str
        Models drawn in the accent; the rest is grey.
    """
    with house_style():
        size = 7.2, 0.34 * len(scores) + 1.3
        fig, axes = plt.subplots(1, scores.shape[1], figsize=size, sharey=True, squeeze=False, layout="constrained")
        place = np.arange(len(scores))
        colours = [ACCENT if name in highlight else BASELINE for name in scores.index]
        for ax, (measure, values) in zip(axes[0], scores.items(), strict=True):
            ax.hlines(place, 0, values, color=colours, lw=1.2, alpha=0.5)
            ax.scatter(values, place, c=colours, s=36, zorder=3)
            number = "{:.3f}" if np.nanmax(values) < 100 else "{:,.0f}"
            for at, value in zip(place, values, strict=True):
                if np.isfinite(value):
                    ax.annotate(number.format(value), (value, at), (5, 0), fontsize=8, va="center", **OFFSET)
            ax.set_xlim(0, 1.35 * np.nanmax(values))
            ax.set_title(measure, fontsize=10)
            ax.tick_params(axis="y", length=0)
            ax.spines["left"].set_visible(False)
            ax.xaxis.set_major_locator(plt.MaxNLocator(3))
            ax.xaxis.set_tick_params(labelsize=8)
        axes[0, 0].set_yticks(place, scores.index)
        axes[0, 0].invert_yaxis()
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    return fig, axes[0]


def plot_learning_curves(scores: pd.DataFrame, title: str = "", highlight: Sequence[str] = ()) -> tuple[Figure, Axes]:
    """Accuracy by number of labelled rows, a line a kind of features, with the standard error over the folds.

    Parameters
    ----------
    scores : DataFrame
        As `score_features` gives them; ``majority`` is a dashed line.
    title : str
        What the curves show.
    highlight : sequence of str
        Features drawn in colour; the rest is grey.
    """
    each = scores.groupby(["features", "per kind"], sort=False)
    curves = each[["rows", "accuracy"]].mean().assign(error=each["accuracy"].sem()).sort_values("rows")
    last = curves.groupby("features", sort=False)["accuracy"].last().sort_values()
    colours = dict.fromkeys(last.index, BASELINE) | dict(zip(highlight, KINDS, strict=False))
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
        for name in last.index:
            rows, accuracy, error = curves.loc[name].to_numpy().T
            style = {"ls": "--", "lw": 1} if name == "majority" else {"marker": "o", "ms": 4}
            ax.plot(rows, accuracy, color=colours[name], **style)
            ax.fill_between(rows, accuracy - error, accuracy + error, color=colours[name], alpha=0.15, lw=0)
        ax.set(ylim=(0, None), xscale="log", xlabel="labelled rows", ylabel="accuracy", title=title)
        gap, at = 0.055 * np.ptp(ax.get_ylim()), np.inf
        for name, accuracy in last.iloc[::-1].items():  # names beside the ends of their lines, none on another
            at = min(accuracy, at - gap)
            text = f"{short(name, 26)} {accuracy:.2f}"
            ax.annotate(
                text, (rows[-1], at), (8, 0), color=dark(colours[name]), fontsize=9, va="center",
                annotation_clip=False, **OFFSET,
            )  # fmt: skip
        ticks = curves.loc[name, "rows"].to_numpy()
        ticks = ticks[np.append(ticks[1:] > 1.3 * ticks[:-1], True)]  # of two that would touch, the larger
        ax.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
        ax.minorticks_off()
    return fig, ax


def plot_n_clusters(scores: pd.DataFrame, best: tuple[int, int, int], title: str = "") -> tuple[Figure, Axes]:
    """Silhouette, gap and stability by number of clusters, beside those of noise.

    Parameters
    ----------
    scores : DataFrame
        As `n_clusters_scores` gives them.
    best : tuple of int
        The number of clusters and its range, as `best_n_clusters` gives them; a number of 1 says there are none.
    title : str
        What the choice shows.
    """
    bands = {"silhouette": scores["silhouette_sd"], "gap": scores["gap_se"], "stability": scores["stability_sd"]}
    with house_style():
        fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.9), layout="constrained")
        for ax, (measure, band) in zip(axes, bands.items(), strict=True):
            if f"{measure}_noise" in scores:
                ax.plot(scores.index, scores[f"{measure}_noise"], color=BASELINE, lw=1.2)
            ax.plot(scores.index, scores[measure], color=ACCENT, marker="o", ms=3)
            ax.fill_between(scores.index, scores[measure] - band, scores[measure] + band, color=ACCENT, alpha=0.2, lw=0)
            if best[0] > 1:
                ax.axvspan(best[1] - 0.3, best[2] + 0.3, color="#F3E3C3", lw=0, zorder=0)
                ax.axvline(best[0], color="#B07A00", lw=1)
            ax.set_title(measure, fontsize=10)
            ax.set(xlabel="clusters")
            ax.xaxis.get_major_locator().set_params(integer=True)
        for line, column, colour in (("data", "silhouette", ACCENT), ("noise", "silhouette_noise", BASELINE)):
            end = scores.index[-1], scores[column].iloc[-1]
            axes[0].annotate(line, end, (0, 5), color=colour, fontsize=8.5, ha="right", path_effects=HALO, **OFFSET)
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    return fig, axes


def plot_tree(tree: np.ndarray, names: Sequence[str], title: str = "") -> tuple[Figure, Axes]:
    """A dendrogram that lies on its side: names on the right, the farther left two join the less they are alike.

    Parameters
    ----------
    tree : ndarray, shape (n - 1, 4)
        As `merge_tree` gives it.
    names : sequence of str, shape (n,)
        Of the leaves.
    title : str
        What the tree shows.
    """
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 0.2 * len(names) + 1.1))
        labels = [short(str(name), 50) for name in names]
        dendrogram(tree, labels=labels, orientation="left", ax=ax, color_threshold=0, above_threshold_color=ACCENT)
        ax.set(xlabel="distance at which they join (Ward)", title=title)
        ax.tick_params(axis="y", length=0, labelsize=8.5)
        ax.spines["left"].set_visible(False)
    return fig, ax
