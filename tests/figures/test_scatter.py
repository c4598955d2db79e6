import numpy as np
import pandas as pd
from matplotlib.colors import same_color

from research_lib.figures import plot_alarms, plot_parity, plot_shepard
from research_lib.figures.style import ACCENT


def test_parity_shows_the_test_part_of_each_model():
    rows = {"target": [0.0, 1, 2, 5], "predicted": [0.0, 1, 3, 5], "part": ["test", "test", "test", "train"]}
    predictions = pd.concat([pd.DataFrame(rows).assign(model=name) for name in ("a", "b", "left out")])
    fig, axes = plot_parity(predictions, ["a", "b"], "eV", "As measured")
    shown = axes[0, 0].collections[0].get_offsets()
    assert shown.tolist() == [[0, 0], [1, 1], [2, 3]]
    assert [ax.get_title(loc="left") for ax in axes[0]] == ["a: R² 0.50", "b: R² 0.50"]
    assert fig.get_supxlabel() == "measured, eV"


def test_shepard_diagrams_show_every_pair():
    pairs = pd.DataFrame({"original": [1.0, 2, 3], "found": [2.0, 4, 5]})
    _, axes = plot_shepard({"map": pairs, "flat": pairs.assign(found=0.0)})
    assert axes[0, 0].collections[0].get_offsets().tolist() == [[1, 2], [2, 4], [3, 5]]
    assert [ax.get_title(loc="left") for ax in axes[0]] == ["map", "flat"]
    assert axes[0, 0].get_xlim()[0] == axes[0, 0].get_ylim()[0] == 0
    fig, _ = plot_shepard({"map": pairs}, xlabel="days apart")
    assert (fig.get_supxlabel(), fig.get_supylabel()) == ("days apart", "distance of their vectors")


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
