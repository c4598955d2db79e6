"""A dot for each thing: its anomaly score, its prediction, its distance."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research_lib.figures.panels import beside, few_ticks, panels
from research_lib.figures.style import ACCENT, BASELINE, HALO, INK, MARK, MARK_TEXT, VECTOR_POINTS, house_style

MOST_DOTS = 400  # of a group that are drawn


def plot_alarms(
    groups: Mapping[str, np.ndarray], threshold: float, normal: Sequence[str] = (), title: str = ""
) -> tuple[Figure, Axes]:
    """Anomaly scores as dots, a row for each group, with the threshold of the alarm and the share that raises it.

    Parameters
    ----------
    groups : mapping of str to ndarray, shape (n,)
        Anomaly scores by group; of a large group, a sample is drawn.
    threshold : float
        As `alarm_threshold` gives it.
    normal : sequence of str
        Groups in which every alarm is false: they are grey.
    title : str
        What the alarms show.
    """
    rng = np.random.default_rng(0)
    at_right = {"xycoords": ("axes fraction", "data"), "va": "center"}
    with house_style(math=False):
        fig, ax = plt.subplots(figsize=(7.2, 0.46 * len(groups) + 1.3))
        for row, (name, scores) in enumerate(groups.items()):
            drawn = scores if len(scores) <= MOST_DOTS else rng.choice(scores, MOST_DOTS, replace=False)
            height = row + rng.uniform(-0.3, 0.3, len(drawn))
            ax.scatter(drawn, height, s=7, color=BASELINE if name in normal else ACCENT, alpha=0.5, lw=0)
            beside(ax, f"{(scores > threshold).mean():.0%}", (1, row), (6, 0), color=INK, **at_right)
        ax.axvline(threshold, color=MARK, lw=1)
        where = threshold, -0.75
        beside(ax, "alarm", where, (4, 0), color=MARK_TEXT, fontsize=8.5, va="center", path_effects=HALO)
        beside(ax, "alarms", (1, -0.75), (6, 0), fontsize=8.5, **at_right)
        ax.set(ylim=(len(groups) - 0.5, -1.0), xlabel="anomaly score", title=title)
        ax.set_yticks(range(len(groups)), list(groups))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    return fig, ax


def plot_parity(
    predictions: pd.DataFrame, models: Sequence[str], label: str = "", title: str = ""
) -> tuple[Figure, np.ndarray]:
    """Predicted against measured on test data, a panel for each model, with the share of variance explained.

    Parameters
    ----------
    predictions : DataFrame
        As `cross_predict` gives it.
    models : sequence of str
        The models to draw.
    label : str
        What was measured, with its unit.
    title : str
        What the predictions show.
    """
    test = predictions[predictions["part"] == "test"]
    ends = np.array([test["target"].min(), test["target"].max()])
    limits = ends + 0.06 * np.ptp(ends) * np.array([-1, 1])
    with house_style(math=False):
        fig, axes = panels(len(models), title, n_cols=4, extra=1.1, sharex=True, sharey=True)
        for ax, name in zip(axes.flat, models, strict=False):
            of_model = test[test["model"] == name]
            missed = of_model["predicted"] - of_model["target"]
            r2 = 1 - (missed**2).sum() / ((of_model["target"] - of_model["target"].mean()) ** 2).sum()
            ax.plot(ends, ends, color=BASELINE, lw=0.8)
            ax.scatter(
                of_model["target"],
                of_model["predicted"],
                s=np.clip(6000 / len(of_model), 1, 14),
                color=ACCENT,
                alpha=0.5,
                lw=0,
                rasterized=len(of_model) > VECTOR_POINTS,
            )
            ax.set(xlim=limits, ylim=limits, aspect="equal")
            ax.set_title(f"{name}: R² {r2:.2f}", fontsize=10)
            few_ticks(ax.xaxis, ax.yaxis)
        fig.supxlabel(f"measured, {label}" if label else "measured", fontsize=10)
        fig.supylabel("predicted", fontsize=10)
    return fig, axes


def plot_shepard(
    pairs: Mapping[str, pd.DataFrame], title: str = "", xlabel: str = "distance of the things"
) -> tuple[Figure, np.ndarray]:
    """Distances on a map against those of the things, a panel for each map; a map that keeps their order rises.

    Parameters
    ----------
    pairs : mapping of str to DataFrame
        By the map's name; columns ``original`` and ``found``, as `Comparison.shepard` gives them.
    title : str
        What the maps show.
    xlabel : str
        What ``original`` is.
    """
    with house_style(math=False):
        fig, axes = panels(len(pairs), title, 2.1, n_cols=4, extra=0.8, sharex=True)
        for ax, (name, table) in zip(axes.flat, pairs.items(), strict=False):
            known, found = table["original"].to_numpy(), table["found"].to_numpy()
            ax.scatter(
                known, found, s=np.clip(6000 / len(table), 1, 9), color=ACCENT, alpha=0.35, lw=0, rasterized=True
            )
            ax.set_title(name, fontsize=10)
            ax.set_ylim(0, 1.05 * found.max() if found.any() else 1)
            ax.set_xlim(0, 1.05 * known.max() if known.any() else 1)
            few_ticks(ax.xaxis, ax.yaxis)
        fig.supxlabel(xlabel, fontsize=10)
        fig.supylabel("distance of their vectors", fontsize=10)
    return fig, axes
