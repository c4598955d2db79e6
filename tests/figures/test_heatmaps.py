import numpy as np
import pandas as pd
import pytest

from research_lib.figures import plot_clustermap, plot_heatmap, plot_layers


@pytest.fixture
def table():
    return pd.DataFrame({"x": [1.0, 0.5, 0.0], "y": [0.9, 0.6, 0.1], "z": [0.0, 0.0, 1.0]}, ["a", "b", "c"])


def test_a_heat_map_shows_the_table_as_it_stands(table, texts):
    fig, ax = plot_heatmap(table, label="share", title="All of it", text=".1f", vmax=2)
    np.testing.assert_array_equal(np.ravel(ax.collections[0].get_array()), table.to_numpy().ravel())
    assert ax.collections[0].get_clim() == (0, 2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b", "c"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y", "z"]
    assert texts(ax) == ["1.0", "0.9", "0.0", "0.5", "0.6", "0.0", "0.0", "0.1", "1.0"]
    assert fig.get_suptitle() == "All of it"
    assert fig.axes[1].get_ylabel() == "share"
    assert len(plot_heatmap(table)[0].axes) == 1  # no label, no scale


def test_few_labels_stand_in_lines_and_many_upright():
    few = pd.DataFrame(np.ones((2, 3)), columns=["Skin Conditioning - Emollient", "Solvent", "Foaming"])
    labels = plot_heatmap(few)[1].get_xticklabels()
    assert labels[0].get_text() == "Skin Conditioning -\nEmollient" and labels[0].get_rotation() == 0
    many = pd.DataFrame(np.ones((2, 20)))
    assert plot_heatmap(many)[1].get_xticklabels()[0].get_rotation() == 90


def test_a_cluster_map_puts_what_is_alike_together(table):
    fig, ax = plot_clustermap(table, label="share", title="Two clusters")
    assert {"".join(label.get_text() for label in ax.get_yticklabels())} <= {"abc", "bac", "cab", "cba"}
    rows = [label.get_text() for label in ax.get_yticklabels()]
    cols = [label.get_text() for label in ax.get_xticklabels()]
    np.testing.assert_array_equal(np.ravel(ax.collections[0].get_array()), table.loc[rows, cols].to_numpy().ravel())
    assert fig.axes[-1].get_xlabel() == "share"
    with pytest.raises(ValueError, match="The column 'w' is all zero"):
        plot_clustermap(table.assign(w=0))


def test_layers_stand_side_by_side_with_their_numbers():
    layers = {"in": pd.Series([0.0, 1, 0], list("abc")), "out": pd.Series([-0.5, 2.25], ["x", "y"])}
    fig, axes = plot_layers(layers, "Through")
    assert [ax.get_title() for ax in axes] == ["in", "out"]
    assert [text.get_text() for text in axes[1].texts] == ["−0.50", "2.25", "→"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == list("abc")
    assert axes[1].images[0].get_array().ravel().tolist() == [-0.5, 2.25]
    assert fig.get_suptitle() == "Through"
