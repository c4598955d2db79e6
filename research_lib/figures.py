"""The house style, the plots, and how a figure leaves a notebook."""

import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from adjustText import adjust_text
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from scipy.spatial import cKDTree

from research_lib.embedding import Embedding
from research_lib.files import write_atomically

FIGURE_MIME = "application/vnd.research-lib.figure+json"
RUN_VARIABLE = "RESEARCH_LIB_RUN"

ACCENT, GREY, INK = "#0072B2", "#D3D3D3", "#222222"
KINDS = ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#56B4E9", "#882255", "#999933")  # Okabe–Ito and Tol
STYLE = {
    "figure.figsize": (7.2, 4.5),
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.hashsalt": "research_lib",
}
OFFSET = {"textcoords": "offset points"}
HALO = [withStroke(linewidth=2.5, foreground="white")]


def house_style() -> AbstractContextManager:
    """The style as a context: ``with house_style(): …``."""
    return plt.rc_context(STYLE)


def save_figure(fig: Figure, name: str, caption: str = "") -> None:
    """Write a figure as PNG and SVG into the run's folder and show it in the notebook.

    The same figure gives the same bytes: no dates, no random identifiers.

    Parameters
    ----------
    fig : Figure
        Closed afterwards.
    name : str
        Of the files, without ending.
    caption : str
        One or two sentences on how to read it; they travel with the figure.
    """
    if not name or Path(name).name != name:
        raise ValueError(f"Figure name {name!r}, expected a file name without folders.")
    folder = Path(os.environ.get(RUN_VARIABLE, "runs/interactive")) / "figures"
    content = {kind: _rendered(fig, kind) for kind in ("png", "svg")}
    for kind, data in content.items():
        write_atomically(folder / f"{name}.{kind}", data)
    files = {kind: hashlib.sha256(data).hexdigest() for kind, data in content.items()}
    bundle = {
        "image/png": content["png"],
        "text/plain": f"{name}: {caption}",
        FIGURE_MIME: {"name": name, "caption": caption, "files": files},
    }
    display(bundle, raw=True, metadata={"image/png": {"width": round(fig.get_figwidth() * 100)}})
    plt.close(fig)


def _rendered(fig: Figure, kind: str) -> bytes:
    buffer = io.BytesIO()
    with house_style():
        fig.savefig(
            buffer,
            format=kind,
            bbox_inches="tight",
            facecolor="white",
            metadata={"Date": None} if kind == "svg" else None,
        )
    return buffer.getvalue()


def plot_map(
    places: Embedding, colour_by: str | None = None, names: Sequence[str] = (), n_kinds: int = 8, title: str = ""
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
    """
    if places.n_dims != 2:
        raise ValueError(f"The map has {places.n_dims} dimensions, expected 2: project() it first.")
    x, y = places.vectors.T
    kinds = _commonest(places.metadata, colour_by, n_kinds)
    colours = {kind: KINDS[number] for number, kind in enumerate(kinds)}
    each = [colours.get(kind, GREY) for kind in places.metadata[colour_by]] if kinds else [ACCENT] * len(places)
    size = np.clip(24_000 / len(places), 1.5, 36)
    chosen = [places.position(name) for name in names]
    with house_style():
        fig, ax = plt.subplots(figsize=(7.2, 6.2))
        coloured = np.array([colour != GREY for colour in each])
        for part in (~coloured, coloured):  # grey lies below
            ax.scatter(
                x[part], y[part], s=size, c=np.array(each)[part], alpha=0.8, linewidths=0, rasterized=len(x) > 5000
            )
        texts = [
            ax.text(*_crowded(places.vectors[_where(places.metadata[colour_by], kind)], 0.12 * np.ptp(x)), kind,
                    color=_dark(colour), fontsize=11, fontweight="bold", path_effects=HALO, ha="center", va="center")
            for kind, colour in colours.items()
        ]  # fmt: skip
        ax.scatter(x[chosen], y[chosen], s=30, facecolors="none", edgecolors=INK, linewidths=0.9)
        beside = 0.012 * np.ptp(x)  # so that a name does not cover its own ring
        texts += [ax.text(x[i] + beside, y[i], places.names[i], fontsize=8.5, path_effects=HALO) for i in chosen]
        ax.set(title=title, xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
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
                iter_lim=200,
                min_arrow_len=8,
            )
    return fig, ax


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
        ax.set_yticklabels([_short(text, 42) for text in found["name"]], fontsize=9)
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
        ax.set_yticklabels([_short(text, 42) for text in names], fontsize=9)
        ax.tick_params(axis="y", length=0)
        ax.margins(x=0.1)
        ax.invert_yaxis()
    return fig, ax


def plot_histories(histories: Mapping[str, pd.DataFrame], title: str = "") -> tuple[Figure, Axes]:
    """Loss by epoch, a panel a model: losses of different kinds do not share an axis."""
    with house_style():
        fig, axes = plt.subplots(1, len(histories), figsize=(7.2, 2.8), squeeze=False, layout="constrained")
        for ax, (name, history) in zip(axes[0], histories.items(), strict=True):
            ax.plot(history["epoch"], history["loss"], color=ACCENT, marker="o" if len(history) < 30 else None, ms=3)
            last = history.iloc[-1]
            ax.annotate(
                f"{last['loss']:.3f}", (last["epoch"], last["loss"]), (0, 6), fontsize=8.5, ha="right", **OFFSET
            )
            ax.set_title(name, fontsize=10)
            ax.set(xlabel="epoch", ylabel="training loss" if ax is axes[0, 0] else None)
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
        colours = [ACCENT if name in highlight else "#999999" for name in scores.index]
        for ax, (measure, values) in zip(axes[0], scores.items(), strict=True):
            ax.hlines(place, 0, values, color=colours, lw=1.2, alpha=0.5)
            ax.scatter(values, place, c=colours, s=36, zorder=3)
            for at, value in zip(place, values, strict=True):
                if np.isfinite(value):
                    ax.annotate(
                        f"{value:.3f}", (value, at), (5, 0), textcoords="offset points", va="center", fontsize=8
                    )
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


def _commonest(metadata: pd.DataFrame, column: str | None, n: int) -> list[str]:
    if column is None:
        return []
    if column not in metadata:
        raise ValueError(
            f"No column {column!r} in the metadata, which has: {', '.join(map(str, metadata.columns)) or 'none'}."
        )
    if not 1 <= n <= len(KINDS):
        raise ValueError(f"n_kinds is {n}, expected 1 to {len(KINDS)}: so many colours can be told apart.")
    return list(metadata[column].value_counts().index[:n])


def _where(values: pd.Series, kind: object) -> np.ndarray:
    """Mask of the rows that are of this kind; a missing value is of none."""
    return (values == kind).to_numpy(dtype=bool, na_value=False)


def _crowded(points: np.ndarray, radius: float) -> np.ndarray:
    """The point with most others around it: where a kind's name belongs."""
    return points[np.argmax(cKDTree(points).query_ball_point(points, radius, return_length=True))]


def _dark(colour: str) -> tuple[float, ...]:
    """The colour as it can be read as text."""
    return tuple(0.75 * channel for channel in to_rgb(colour))


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
