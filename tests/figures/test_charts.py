import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from research_lib.containers.embedding import Embedding
from research_lib.figures import plot_counts, plot_scores, plot_similar, plot_tree
from research_lib.figures.style import ACCENT
from research_lib.views.clustering import merge_tree


def test_similar_names_are_bars_from_the_nearest_to_the_farthest(texts):
    angles = np.array([0, 10, 30, 90, 150, 170]) * np.pi / 180
    names = ["query", "near", "next", "across", "back", "a name that is much too long to stand beside a bar"]
    _, ax = plot_similar(Embedding(np.column_stack([np.cos(angles), np.sin(angles)]), names), "query", n=2)
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(np.cos(angles)[[1, 2, 4, 5]], abs=1e-6)
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["near", "next", "back", "a name that is much too long to stand bes…"]
    colours = [to_hex(bar.get_facecolor()) for bar in ax.patches]
    assert colours[0] == colours[1] == ACCENT.lower() != colours[2] == colours[3]
    assert texts(ax) == ["0.98", "0.87", "−0.87", "−0.98"]
    assert ax.get_title(loc="left") == "Nearest and farthest: query"
    assert ax.yaxis_inverted()  # the nearest on top


def test_counts_are_bars_in_the_order_given(texts):
    _, ax = plot_counts(pd.Series({"novel": 1234, "england": 7}), xlabel="books", title="Most linked")
    assert [bar.get_width() for bar in ax.patches] == [1234, 7]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["novel", "england"]
    assert texts(ax) == ["1,234", "7"]
    assert (ax.get_xlabel(), ax.get_title(loc="left")) == ("books", "Most linked")


def test_scores_are_dots_and_a_missing_one_is_empty(texts):
    scores = pd.DataFrame({"hit@10": [0.121, 0.553], "same author": [np.nan, 0.498]}, index=["popularity", "ours"])
    _, axes = plot_scores(scores, highlight=["ours"])
    assert [ax.get_title() or ax.get_title(loc="left") for ax in axes] == list(scores.columns)
    assert [texts(ax) for ax in axes] == [["0.121", "0.553"], ["0.498"]]
    dots = axes[0].collections[1]
    np.testing.assert_allclose(dots.get_offsets(), [[0.121, 0], [0.553, 1]])
    assert [to_hex(colour).upper() for colour in dots.get_facecolors()] == ["#999999", ACCENT]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["popularity", "ours"]


def test_a_tree_names_its_leaves():
    leaves = Embedding([[0], [0.5], [3]], ["near", "nearer", "far"])
    _, ax = plot_tree(leaves, metric="euclidean")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["far", "near", "nearer"]
    near, far = (path.vertices[:, 0].max() for path in ax.collections[0].get_paths())
    assert near == 0.5 and far == pytest.approx(merge_tree(leaves, "euclidean")[-1, 2])
    _, ax = plot_tree(leaves, metric="euclidean", names=["A", "B", "C"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["C", "A", "B"]
