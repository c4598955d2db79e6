"""Scores as lines: by size, by epoch, by number of labelled rows."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from research_lib.figures.panels import beside, panels, spread_out
from research_lib.figures.style import ACCENT, BASELINE, COLOURS, HALO, MARK, MARK_TEXT, NOTE, dark, house_style, short

GREYS = ("#555555", "#888888", "#AAAAAA", "#C4C4C4")
DASHES = ("-", "--", "-.", ":")


def plot_errors_by_size(
    scores: pd.DataFrame,
    sizes: Mapping[str, int],
    label: str = "",
    title: str = "",
    planted: int | None = None,
) -> tuple[Figure, Axes]:
    """Mean absolute error by length of the code vectors, beside models without code vectors.

    Parameters
    ----------
    scores : DataFrame
        As `regression_scores` gives it.
    sizes : mapping of str to int
        Length of the code vectors, by model; models without a length are drawn as level lines.
    label : str
        Unit of the error.
    title : str
        What the errors show.
    planted : int, optional
        Length of the vectors that were planted.
    """
    ours, others = scores.loc[list(sizes)], scores.drop(index=list(sizes))
    place = np.arange(len(sizes))
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 4.2))
        for error in others["MAE"]:
            ax.axhline(error, color=BASELINE, lw=1, zorder=1)
        top = 1.05 * max(others["MAE"].max(), (ours["MAE"] + ours["MAE sd"].fillna(0)).max())
        for name, height in spread_out(others["MAE"].sort_values(), 0.05 * top).items():
            where = {"xycoords": ("axes fraction", "data"), "va": "center"}
            beside(ax, name, (1, height), (4, 0), color=NOTE, fontsize=8.5, **where)
        ax.errorbar(place, ours["MAE"], ours["MAE sd"].fillna(0), color=ACCENT, marker="o", ms=5, capsize=3, lw=1.6)
        ax.plot(place, ours["train"], color=ACCENT, marker="o", ms=4, lw=1.2, ls="--", alpha=0.7)
        starts = pd.Series({"training": ours["train"].iloc[0], "test": ours["MAE"].iloc[0]}).sort_values()
        for name, height in spread_out(starts, 0.06 * top).items():
            beside(ax, name, (place[0], height), (-10, 0), color=ACCENT, ha="right", va="center")
        if planted is not None:
            at = np.interp(planted, list(sizes.values()), place)
            ax.axvline(at, color=MARK, lw=1, zorder=0)
            where = {"xycoords": ("data", "axes fraction"), "va": "top"}
            beside(ax, "planted", (at, 1), (4, -4), color=MARK_TEXT, fontsize=8.5, **where)
        ax.set(xticks=place, xlim=(-0.6, len(sizes) - 0.1), xlabel="entries of a code vector", title=title)
        ax.set_xticklabels([str(size) for size in sizes.values()])
        ax.set_ylabel(f"mean absolute error{f', {label}' if label else ''}")
        ax.set_ylim(0, top)
    return fig, ax


def plot_coverage(covered: pd.Series, title: str = "") -> tuple[Figure, Axes]:
    """The share of targets that intervals hold, by the share that they promise to hold.

    Parameters
    ----------
    covered : Series
        Share of the targets within the intervals; the promised shares are its index.
    title : str
        What the intervals show.
    """
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(4.6, 4.6))
        ax.plot([0, 1], [0, 1], color=BASELINE, lw=0.8)
        ax.plot(covered.index, covered, color=ACCENT, marker="o", ms=5)
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=title)
        ax.set(xlabel="share of formulas that intervals promise to hold", ylabel="share that they hold")
    return fig, ax


def plot_roc(
    scores: pd.DataFrame, areas: pd.Series, title: str = "", highlight: Sequence[str] = ()
) -> tuple[Figure, Axes]:
    """The share of anomalies that are found, by the share of false alarms.

    Parameters
    ----------
    scores : DataFrame
        As `score_left_out` gives it.
    areas : Series
        Area under the curve of each detector that is drawn, as `auroc` gives it.
    title : str
        What the curves show.
    highlight : sequence of str
        Detectors in the accent; the others are grey.
    """
    greys = cycle(zip(GREYS, DASHES, strict=True))
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(5.4, 5.2))
        ax.plot([0, 1], [0, 1], color=BASELINE, lw=0.8)
        for name, area in areas.sort_values(ascending=False).items():
            false_alarms, found, _ = roc_curve(scores["anomalous"], scores[name])
            colour, dash = (ACCENT, "-") if name in highlight else next(greys)
            ax.plot(false_alarms, found, color=colour, ls=dash, lw=2 if name in highlight else 1.3,
                    label=f"{area:.3f}  {name}")  # fmt: skip
        ax.set(xlim=(-0.01, 1), ylim=(0, 1.01), aspect="equal", title=title)
        ax.set(xlabel="share of the normal taken for anomalies", ylabel="share of the anomalies found")
        ax.legend(loc="lower right", title="area under the curve", alignment="left", fontsize=9, title_fontsize=9)
    return fig, ax


def plot_histories(
    histories: Mapping[str, pd.DataFrame], title: str = "", same_loss: bool = False
) -> tuple[Figure, np.ndarray]:
    """Loss by epoch, a panel for each model; losses on held-out data are grey.

    Parameters
    ----------
    histories : mapping of str to DataFrame
        By model; columns ``epoch``, ``loss`` and perhaps ``validation_loss``.
    title : str
        What the losses show.
    same_loss : bool
        Whether all models have the same loss, so that the panels share an axis.
    """
    with house_style(math=False):
        fig, axes = panels(len(histories), title, 2.8, sharey=same_loss)
        for ax, (name, history) in zip(axes[0], histories.items(), strict=True):
            last = history.iloc[-1]
            if "validation_loss" in history:
                ax.plot(history["epoch"], history["validation_loss"], color=BASELINE, lw=1.2)
                some = history.iloc[len(history) // 3]
                where = some["epoch"], some["validation_loss"]
                beside(ax, "held out", where, (2, 8), color=NOTE, fontsize=8.5, path_effects=HALO)
            ax.plot(history["epoch"], history["loss"], color=ACCENT, marker="o" if len(history) < 30 else None, ms=3)
            end = last["epoch"], last["loss"]
            beside(ax, f"{last['loss']:.3f}", end, (0, 6), fontsize=8.5, ha="right", path_effects=HALO)
            ax.set_title(name, fontsize=10)
            ax.set(xlabel="epoch", ylabel="loss" if ax is axes[0, 0] else None)
            ax.xaxis.get_major_locator().set_params(integer=True)
    return fig, axes[0]


def plot_learning_curves(scores: pd.DataFrame, title: str = "", highlight: Sequence[str] = ()) -> tuple[Figure, Axes]:
    """Accuracy by number of labelled rows, with its standard error over the folds; a line for each set of features.

    Parameters
    ----------
    scores : DataFrame
        As `score_features` gives them; ``majority`` becomes a dashed line.
    title : str
        What the curves show.
    highlight : sequence of str
        Features in colour; the others are grey.
    """
    each = scores.groupby(["features", "per label"], sort=False)
    curves = each[["rows", "accuracy"]].mean().assign(error=each["accuracy"].sem()).sort_values("rows")
    last = curves.groupby("features", sort=False)["accuracy"].last().sort_values()
    colours = dict.fromkeys(last.index, BASELINE) | dict(zip(highlight, COLOURS, strict=False))
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 4.2), layout="constrained")
        for name in last.index:
            rows, accuracy, error = curves.loc[name].to_numpy().T
            if name == "majority":
                ax.plot(rows, accuracy, color=colours[name], ls="--", lw=1)
            else:
                ax.plot(rows, accuracy, color=colours[name], marker="o", ms=4)
            ax.fill_between(rows, accuracy - error, accuracy + error, color=colours[name], alpha=0.15, lw=0)
        ax.set(ylim=(0, None), xscale="log", xlabel="labelled rows", ylabel="accuracy", title=title)
        lowered = -spread_out(-last.iloc[::-1], 0.055 * np.ptp(ax.get_ylim()))  # the best stays beside its line
        for name, at in lowered.items():
            style = {"color": dark(colours[name]), "fontsize": 9, "va": "center", "annotation_clip": False}
            beside(ax, f"{short(name, 26)} {last[name]:.2f}", (rows[-1], at), (8, 0), **style)
        ticks = curves.loc[name, "rows"].to_numpy()
        ticks = ticks[np.append(ticks[1:] > 1.3 * ticks[:-1], True)]  # of two that would touch, the larger
        ax.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
        ax.minorticks_off()
    return fig, ax


def plot_n_clusters(scores: pd.DataFrame, best: tuple[int, int, int], title: str = "") -> tuple[Figure, np.ndarray]:
    """Silhouette, gap and stability by number of clusters, beside what noise has.

    Parameters
    ----------
    scores : DataFrame
        As `n_clusters_scores` gives them.
    best : tuple of int
        The number of clusters and its range, as `best_n_clusters` gives them; 1 means that there are none.
    title : str
        What the choice shows.
    """
    bands = {"silhouette": scores["silhouette_sd"], "gap": scores["gap_se"], "stability": scores["stability_sd"]}
    with house_style(math=False):
        fig, axes = panels(len(bands), title, 2.9)
        for ax, (measure, band) in zip(axes[0], bands.items(), strict=True):
            if f"{measure}_noise" in scores:
                ax.plot(scores.index, scores[f"{measure}_noise"], color=BASELINE, lw=1.2)
            ax.plot(scores.index, scores[measure], color=ACCENT, marker="o", ms=3)
            ax.fill_between(scores.index, scores[measure] - band, scores[measure] + band, color=ACCENT, alpha=0.2, lw=0)
            if best[0] > 1:
                ax.axvspan(best[1] - 0.3, best[2] + 0.3, color="#F3E3C3", lw=0, zorder=0)
                ax.axvline(best[0], color=MARK, lw=1)
            ax.set_title(measure, fontsize=10)
            ax.set(xlabel="clusters")
            ax.xaxis.get_major_locator().set_params(integer=True)
        for line, column, colour in (("data", "silhouette", ACCENT), ("noise", "silhouette_noise", BASELINE)):
            end = scores.index[-1], scores[column].iloc[-1]
            beside(axes[0, 0], line, end, (0, 5), color=colour, fontsize=8.5, ha="right", path_effects=HALO)
    return fig, axes[0]


def plot_stress(stress: pd.DataFrame, title: str = "") -> tuple[Figure, Axes]:
    """Stress of the distances by length of the vectors: a line for each space; ``random`` is grey.

    Parameters
    ----------
    stress : DataFrame
        Lengths in the index, spaces in the columns.
    title : str
        What the lines show.
    """
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 3.8))
        colours = iter(COLOURS)
        for name, values in stress.items():
            colour = BASELINE if name == "random" else next(colours)
            ax.plot(values.index, values, color=colour, marker="o", ms=4)
            end = values.index[-1], values.iloc[-1]
            beside(ax, name, end, (8, 0), color=dark(colour), va="center", fontsize=9.5)
        ax.set(xlabel="length of the vectors", ylabel="stress of held-out distances", title=title)
        ax.set_xticks(list(stress.index))
        ax.set_ylim(-0.03 * stress.max(axis=None), None)
        ax.margins(x=0.04)
    return fig, ax
