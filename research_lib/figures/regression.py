"""How well a number is predicted: against what was measured, by size, and whether intervals keep their promise."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research_lib.figures.style import ACCENT, BASELINE, OFFSET, VECTOR_POINTS, house_style


def plot_parity(
    predictions: pd.DataFrame, models: Sequence[str], label: str = "", title: str = ""
) -> tuple[Figure, Axes]:
    """Predicted against measured on the test parts, a panel a model, with the share of variance explained.

    Parameters
    ----------
    predictions : DataFrame
        As `cross_predict` gives it.
    models : sequence of str
        Which of its models.
    label : str
        What was measured, with its unit.
    title : str
        What they show.
    """
    test = predictions[predictions["part"] == "test"]
    ends = np.array([test["target"].min(), test["target"].max()])
    limits = ends + 0.06 * np.ptp(ends) * np.array([-1, 1])
    with house_style():
        cols = min(len(models), 4)
        shape = -(-len(models) // cols), cols
        size = 7.2, 7.2 / cols * shape[0] + 1.1
        fig, axes = plt.subplots(*shape, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained")
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
            ax.xaxis.set_major_locator(plt.MaxNLocator(3))
            ax.yaxis.set_major_locator(plt.MaxNLocator(3))
            ax.tick_params(labelsize=8)
        for ax in axes.flat[len(models) :]:
            ax.set_visible(False)
        fig.supxlabel(f"measured, {label}" if label else "measured", fontsize=10)
        fig.supylabel("predicted", fontsize=10)
        fig.suptitle(title, x=0.01, ha="left", fontsize=12)
    return fig, axes


def plot_errors_by_size(
    scores: pd.DataFrame,
    sizes: Mapping[str, int],
    label: str = "",
    title: str = "",
    planted: int | None = None,
) -> tuple[Figure, Axes]:
    """Mean absolute error by the length of the code vectors, beside models that have none.

    Parameters
    ----------
    scores : DataFrame
        As `regression_scores` gives it.
    sizes : mapping of str to int
        The length of the vectors of the models that have some; all others become lines.
    label : str
        The unit of the error.
    title : str
        What it shows.
    planted : int, optional
        The length that was planted.
    """
    ours, others = scores.loc[list(sizes)], scores.drop(index=list(sizes))
    place = np.arange(len(sizes))
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 4.2))
        for error in others["MAE"]:
            ax.axhline(error, color=BASELINE, lw=1, zorder=1)
        top = 1.05 * max(others["MAE"].max(), (ours["MAE"] + ours["MAE sd"].fillna(0)).max())
        for name, height in _spread_out(others["MAE"].sort_values(), 0.05 * top).items():
            ax.annotate(name, (1, height), (4, 0), xycoords=("axes fraction", "data"), color="#666666", fontsize=8.5,
                        va="center", **OFFSET)  # fmt: skip
        ax.errorbar(place, ours["MAE"], ours["MAE sd"].fillna(0), color=ACCENT, marker="o", ms=5, capsize=3, lw=1.6)
        ax.plot(place, ours["train"], color=ACCENT, marker="o", ms=4, lw=1.2, ls="--", alpha=0.7)
        starts = pd.Series({"training": ours["train"].iloc[0], "test": ours["MAE"].iloc[0]}).sort_values()
        for name, height in _spread_out(starts, 0.06 * top).items():
            ax.annotate(name, (place[0], height), (-10, 0), color=ACCENT, ha="right", va="center", **OFFSET)
        if planted is not None:
            at = np.interp(planted, list(sizes.values()), place)
            ax.axvline(at, color="#B07A00", lw=1, zorder=0)
            ax.annotate("planted", (at, 1), (4, -4), xycoords=("data", "axes fraction"), color="#8A5F00", fontsize=8.5,
                        va="top", **OFFSET)  # fmt: skip
        ax.set(xticks=place, xlim=(-0.6, len(sizes) - 0.1), xlabel="entries of a code vector", title=title)
        ax.set_xticklabels(list(sizes.values()))
        ax.set_ylabel(f"mean absolute error{f', {label}' if label else ''}")
        ax.set_ylim(0, top)
    return fig, ax


def plot_coverage(covered: pd.Series, title: str = "") -> tuple[Figure, Axes]:
    """What intervals promise against what they hold.

    Parameters
    ----------
    covered : Series
        Share of the targets within the intervals, by the share that they promise.
    title : str
        What it shows.
    """
    with house_style():
        fig, ax = plt.subplots(figsize=(4.6, 4.6))
        ax.plot([0, 1], [0, 1], color=BASELINE, lw=0.8)
        ax.plot(covered.index, covered, color=ACCENT, marker="o", ms=5)
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", title=title)
        ax.set(xlabel="share of formulas that intervals promise to hold", ylabel="share that they hold")
    return fig, ax


def _spread_out(heights: pd.Series, gap: float) -> pd.Series:
    """The heights, from the lowest, moved up to be at least a gap apart."""
    places = heights.to_numpy(copy=True)
    for above in range(1, len(places)):
        places[above] = max(places[above], places[above - 1] + gap)
    return pd.Series(places, heights.index)
