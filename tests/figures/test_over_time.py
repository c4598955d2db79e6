import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from research_lib.containers.interactions import Interactions
from research_lib.figures import plot_over_time
from research_lib.figures.style import COLOURS, GREY


def test_labels_over_time_are_shares_with_the_earliest_below():
    pairs = np.array([[0, 0]] * 60 + [[0, 1]] * 60)
    times = np.datetime64("2020-01-01", "s") + np.r_[np.arange(60), np.arange(60, 120)] * np.timedelta64(1, "D")
    labels = pd.DataFrame({"label": ["late", "early"]})
    table = Interactions(pairs, ["user"], ["a", "b"], col_metadata=labels, times=times[::-1], axes=("user", "film"))
    fig, ax = plot_over_time(table, "label")
    assert [text.get_text() for text in ax.texts] == ["early", "late"]
    assert sum(bar.get_height() for bar in fig.axes[0].patches) == 120
    assert fig.axes[0].get_ylabel() == "films"
    below = ax.collections[0].get_paths()[0].vertices
    assert below[:, 1].max() == 1 and same_color(ax.collections[0].get_facecolor()[0, :3], COLOURS[0])
    first, *_, last = fig.axes[0].patches
    assert ax.get_xlim()[0] < first.get_x() and last.get_x() + last.get_width() < ax.get_xlim()[1]  # none is cut
    assert (below[:, 0].min(), below[:, 0].max()) == ax.get_xlim()
    with pytest.raises(ValueError, match="No column 'genre' in the metadata of the films, which has: label"):
        plot_over_time(table, "genre")
    with pytest.raises(ValueError, match="no times, expected when each user–film pair happened"):
        plot_over_time(table.distinct(), "label")
    with pytest.raises(ValueError, match="All pairs happened at one time, 2020-01-01"):
        plot_over_time(table.with_pairs(pairs, np.full(120, times[0])), "label")


def test_of_more_than_eight_labels_the_rest_is_grey():
    pairs = np.repeat([[0, col] for col in range(9)], range(2, 11), axis=0)  # the first label is the rarest
    times = np.datetime64("2020-01-01", "s") + np.arange(len(pairs)) * np.timedelta64(1, "D")
    labels = pd.DataFrame({"label": list("rabcdefgh")})
    _, ax = plot_over_time(Interactions(pairs, ["user"], range(9), col_metadata=labels, times=times), "label")
    colours = [area.get_facecolor()[0, :3] for area in ax.collections]
    assert len(colours) == 9 and all(map(same_color, colours, [*COLOURS, GREY]))
    assert "r" not in [text.get_text() for text in ax.texts]
