import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from research_lib.containers.embedding import Embedding
from research_lib.figures import plot_alarms, plot_clusters, plot_roc
from research_lib.figures.style import ACCENT


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_roc_curves_stand_in_the_order_of_their_areas():
    scores = pd.DataFrame(
        {"label": list("aab"), "anomalous": [False, False, True], "ours": [1, 2, 3], "worst": [3, 2, 1]}
    )
    _, ax = plot_roc(scores, pd.Series({"worst": 0.0, "ours": 1.0}), "Found", ["ours"])
    chance, ours, worst = (line.get_xydata().tolist() for line in ax.lines)
    assert chance == [[0, 0], [1, 1]]
    assert [0, 1] in ours and [0, 1] not in worst
    assert [1, 0] in worst
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["1.000  ours", "0.000  worst"]
    assert same_color(ax.lines[1].get_color(), ACCENT) and not same_color(ax.lines[2].get_color(), ACCENT)


def test_alarms_are_counted_beside_their_groups():
    groups = {"normal": np.array([0, 1, 2, 9.0]), "odd": np.array([7.0, 8]), "many": np.full(1000, 1.0)}
    _, ax = plot_alarms(groups, 5, normal=["normal"])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(groups)
    assert [text.get_text() for text in ax.texts] == ["25%", "100%", "0%", "alarm", "alarms"]
    drawn = [points.get_offsets()[:, 0] for points in ax.collections]
    assert drawn[0].tolist() == [0, 1, 2, 9] and len(drawn[2]) == 400
    assert ax.lines[0].get_xdata() == [5, 5]
    colours = [points.get_facecolor()[0, :3] for points in ax.collections]
    assert same_color(colours[1], ACCENT) and not same_color(colours[0], ACCENT)


def test_kinds_are_named_where_they_are_and_those_apart_stand_out():
    places = np.repeat([[0, 0], [10, 0], [5, 9.0]], 20, axis=0) + 0.1 * np.random.default_rng(0).normal(size=(60, 2))
    kinds = pd.DataFrame({"kind": np.repeat(["seven", "one", "four"], 20)})
    _, ax = plot_clusters(Embedding(places, range(60), kinds), "kind", apart=["four"], title="Apart")
    named = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(named) == {"seven", "one", "four"}
    assert np.linalg.norm(np.subtract(named["four"], [5, 9])) < 0.5
    grey, accent = ax.collections
    assert (len(grey.get_offsets()), len(accent.get_offsets())) == (40, 20)
    assert same_color(accent.get_facecolor()[0, :3], ACCENT)
    assert accent.get_offsets()[:, 1].min() > 8
