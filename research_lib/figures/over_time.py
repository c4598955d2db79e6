"""Tables with times."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research_lib.containers.interactions import Interactions, checked_times
from research_lib.figures.panels import check_columns, headline
from research_lib.figures.style import ACCENT, COLOURS, GREY, HALO, dark, house_style, short

N_SPANS = 48  # into which all time is cut
THICK = 0.06  # the least share that has room for its label


def plot_over_time(interactions: Interactions, column: str, title: str = "") -> tuple[Figure, Axes]:
    """How much happened at each time, and the share of each label in it.

    Parameters
    ----------
    interactions : Interactions
        With times.
    column : str
        Of the columns' metadata: labels. The eight commonest are coloured, the earliest at the bottom; others are grey.
    title : str
        What the table shows.

    Raises
    ------
    ValueError
        If there is no such column, or no span of time.
    """
    metadata = check_columns(interactions.col_metadata, [column], f"the metadata of the {interactions.axes[1]}s")
    times = pd.Series(checked_times(interactions))
    if times.min() == times.max():
        raise ValueError(f"All pairs happened at one time, {times[0]}: expected a span of time.")
    span = pd.cut(times, N_SPANS, labels=False).to_numpy()
    labels = metadata[column].to_numpy(dtype=object)[interactions.pairs[:, 1]]
    named = list(pd.Series(labels).value_counts().index[: len(COLOURS)])
    named.sort(key=times.groupby(labels).median().get)
    number = pd.Index(named).get_indexer(labels)
    number = np.where(number < 0, len(named), number)
    counts = np.zeros((N_SPANS, len(named) + 1))
    np.add.at(counts, (span, number), 1)
    total = counts.sum(axis=1)
    shares = np.divide(counts, total[:, None], out=np.full_like(counts, np.nan), where=total[:, None] > 0)
    shares = pd.DataFrame(shares).interpolate(limit_direction="both").to_numpy()  # spans in which nothing happened
    has_room = total >= np.median(total) / 2  # for a label: shares of a few are chance, at the edges it would be cut
    has_room[: N_SPANS // 10] = has_room[-N_SPANS // 10 :] = False
    middle = times.min() + (np.arange(N_SPANS) + 0.5) * (times.max() - times.min()) / N_SPANS
    with house_style(math=False):
        fig, (above, ax) = plt.subplots(2, 1, figsize=(7.2, 5), sharex=True, height_ratios=(1, 3), layout="constrained")
        above.bar(middle, total, width=(middle[1] - middle[0]) * 0.9, color=ACCENT)
        above.set(ylabel=f"{interactions.axes[1]}s")
        along = [times.min(), *middle[1:-1], times.max()]  # shares reach as far as the bars
        last, below = -N_SPANS, -1.0  # where the label below was written
        edges = np.cumsum(np.column_stack([np.zeros(N_SPANS), shares]), axis=1)
        for k, label in enumerate([*named, None]):
            colour = GREY if label is None else COLOURS[k]
            ax.fill_between(along, edges[:, k], edges[:, k + 1], color=colour, lw=0, alpha=0.75)
            centre = edges[:, k] + shares[:, k] / 2
            covers = (np.abs(np.arange(N_SPANS) - last) < N_SPANS // 6) & (centre < below + THICK)  # the label below
            place = int(np.where(has_room & ~covers, shares[:, k], 0).argmax())
            if label is not None and shares[place, k] > THICK:
                last, below = place, centre[place]
                text = short(str(label), 22)
                ax.text(
                    middle[place], below, text, color=dark(colour), path_effects=HALO, ha="center", va="center",
                    fontsize=10, fontweight="bold",
                )  # fmt: skip
        ax.set(ylim=(0, 1), ylabel="share", xlim=(times.min(), times.max()))
        ax.yaxis.set_major_formatter("{x:.0%}")
        headline(fig, title)
    return fig, ax
