"""Anomalies: where they lie among what is normal, how well they are told from it, and what raises an alarm."""

from collections.abc import Mapping, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from research_lib.embedding import Embedding
from research_lib.figures.maps import crowded
from research_lib.figures.style import ACCENT, BASELINE, HALO, INK, OFFSET, VECTOR_POINTS, dark, house_style

GREYS = ("#555555", "#888888", "#AAAAAA", "#C4C4C4")
DASHES = ("-", "--", "-.", ":")
WIDEST = 400  # points of a group that are drawn


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
    kinds = places.metadata[column].to_numpy()
    stands_out = np.isin(kinds, list(apart))
    with house_style():
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
        ax.set(title=title, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.margins(0.03)
    return fig, ax


def plot_roc(
    scores: pd.DataFrame, areas: pd.Series, title: str = "", highlight: Sequence[str] = ()
) -> tuple[Figure, Axes]:
    """Share of the anomalies that are found against share of what is normal that is taken for one.

    Parameters
    ----------
    scores : DataFrame
        As `score_left_out` gives it.
    areas : Series
        Area under the curve of the detectors that are drawn, as `auroc` gives it.
    title : str
        What the curves show.
    highlight : sequence of str
        Detectors drawn in the accent; the rest is grey.
    """
    greys = cycle(zip(GREYS, DASHES, strict=True))
    with house_style():
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


def plot_alarms(
    groups: Mapping[str, np.ndarray], threshold: float, normal: Sequence[str] = (), title: str = ""
) -> tuple[Figure, Axes]:
    """Scores as dots, a row a group, beside the threshold above which there is an alarm, and the share of alarms.

    Parameters
    ----------
    groups : mapping of str to ndarray, shape (n,)
        How anomalous the things of a group are; of large groups some are drawn.
    threshold : float
        As `alarm_threshold` gives it.
    normal : sequence of str
        Groups where every alarm is a false one: grey.
    title : str
        What they show.
    """
    rng = np.random.default_rng(0)
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 0.46 * len(groups) + 1.3))
        for row, (name, scores) in enumerate(groups.items()):
            drawn = scores if len(scores) <= WIDEST else rng.choice(scores, WIDEST, replace=False)
            height = row + rng.uniform(-0.3, 0.3, len(drawn))
            ax.scatter(drawn, height, s=7, color=BASELINE if name in normal else ACCENT, alpha=0.5, lw=0)
            ax.annotate(f"{(scores > threshold).mean():.0%}", (1, row), (6, 0), xycoords=("axes fraction", "data"),
                        va="center", color=INK, **OFFSET)  # fmt: skip
        ax.axvline(threshold, color="#B07A00", lw=1)
        ax.annotate("alarm", (threshold, -0.75), (4, 0), color="#8A5F00", fontsize=8.5, va="center",
                    path_effects=HALO, **OFFSET)  # fmt: skip
        ax.annotate(
            "alarms", (1, -0.75), (6, 0), xycoords=("axes fraction", "data"), fontsize=8.5, va="center", **OFFSET
        )
        ax.set(ylim=(len(groups) - 0.5, -1.0), xlabel="anomaly score", title=title)
        ax.set_yticks(range(len(groups)), list(groups))
        ax.tick_params(axis="y", length=0)
        ax.spines["left"].set_visible(False)
    return fig, ax
