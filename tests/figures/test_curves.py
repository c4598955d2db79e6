import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from research_lib.figures import (
    plot_coverage,
    plot_errors_by_size,
    plot_histories,
    plot_learning_curves,
    plot_n_clusters,
    plot_roc,
    plot_stress,
)
from research_lib.figures.style import ACCENT, COLOURS


def test_every_history_has_its_panel(texts):
    histories = {
        "mse": pd.DataFrame({"epoch": [1, 2, 3], "loss": [1.0, 0.5, 0.25]}),
        "softmax": pd.DataFrame({"epoch": range(1, 41), "loss": np.linspace(9, 5, 40)}),
    }
    fig, axes = plot_histories(histories, title="Both learn")
    assert [ax.get_title() or ax.get_title(loc="left") for ax in axes] == ["mse", "softmax"]
    for ax, history in zip(axes, histories.values(), strict=True):
        np.testing.assert_array_equal(ax.lines[0].get_xydata(), history[["epoch", "loss"]])
    assert [texts(ax) for ax in axes] == [["0.250"], ["5.000"]]
    assert fig.get_suptitle() == "Both learn"
    assert axes[0].get_ylabel() == "loss"


def test_the_number_of_clusters_is_shown_with_its_range_and_the_noise(texts):
    scores = pd.DataFrame(
        {
            name: [0.1, 0.4, 0.3]
            for name in ("silhouette", "silhouette_sd", "gap", "gap_se", "stability", "stability_sd")
        }
        | {"silhouette_noise": [0.1, 0.1, 0.1], "stability_noise": [0.2, 0.2, 0.2]},
        index=[2, 4, 6],
    )
    _, axes = plot_n_clusters(scores, (4, 4, 6))
    assert [ax.get_title() or ax.get_title(loc="left") for ax in axes] == ["silhouette", "gap", "stability"]
    noise, data, _ = (line.get_xydata() for line in axes[0].lines)
    np.testing.assert_array_equal(data, [[2, 0.1], [4, 0.4], [6, 0.3]])
    np.testing.assert_array_equal(noise[:, 1], [0.1, 0.1, 0.1])
    assert texts(axes[0]) == ["data", "noise"]
    assert len(axes[1].lines) == 2  # noise has no gap
    _, axes = plot_n_clusters(scores, (1, 1, 1))
    assert len(axes[1].lines) == 1  # no clusters, no mark


def test_errors_by_size_beside_models_without_vectors():
    scores = pd.DataFrame({"MAE": [5.0, 4.9, 3, 2], "train": [5.0, 1, 2, 1], "MAE sd": [0.1, np.nan, 0.2, 0.1]})
    scores.index = ["mean", "forest", "2 entries", "5 entries"]
    _, ax = plot_errors_by_size(scores, {"2 entries": 2, "5 entries": 5}, "eV", "Longer is better", planted=3)
    texts = {text.get_text(): text.xy[1] for text in ax.texts}
    assert set(texts) == {"mean", "forest", "test", "training", "planted"}
    assert texts["mean"] - texts["forest"] > 0.2  # names stand apart though the errors do not
    lines = [list(line.get_ydata()) for line in ax.lines]
    assert [3, 2] in lines and [2, 1] in lines
    planted = next(line for line in ax.lines if line.get_color() == "#B07A00")
    assert planted.get_xdata()[0] == pytest.approx(1 / 3)


def test_coverage_beside_its_promise():
    _, ax = plot_coverage(pd.Series([0.4, 0.8], index=[0.5, 0.9]))
    assert ax.lines[1].get_xydata().tolist() == [[0.5, 0.4], [0.9, 0.8]]


def test_held_out_losses_are_drawn_beside_the_others():
    history = pd.DataFrame({"epoch": [1, 2, 3], "loss": [3.0, 2, 1], "validation_loss": [3.0, 2.5, 2.4]})
    _, axes = plot_histories({"model": history})
    assert [list(line.get_ydata()) for line in axes[0].lines] == [[3.0, 2.5, 2.4], [3.0, 2, 1]]
    assert "held out" in [text.get_text() for text in axes[0].texts]


def test_stress_falls_along_named_lines():
    stress = pd.DataFrame({"plane": [0.4, 0.0], "random": [0.7, 0.6]}, index=[1, 2])
    _, ax = plot_stress(stress)
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.4, 0.0], [0.7, 0.6]]
    assert same_color(ax.lines[1].get_color(), "#999999")
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("plane", (2, 0.0)), ("random", (2, 0.6))]


def test_panels_share_an_axis_where_all_have_the_same_loss():
    histories = {name: pd.DataFrame({"epoch": [1, 2], "loss": [2.0 * k, k]}) for k, name in enumerate("ab", start=1)}
    shared, own = (plot_histories(histories, same_loss=same)[1] for same in (True, False))
    assert shared[0].get_ylim() == shared[1].get_ylim()
    assert own[0].get_ylim() != own[1].get_ylim()


def test_learning_curves_show_the_mean_of_the_folds_and_names_that_do_not_overlap():
    rows = [
        (name, "all" if number == 90 else str(number), number, fold, accuracy + 0.02 * fold + number / 1000)
        for name, accuracy in {"majority": 0.2, "raw": 0.5, "tf-idf": 0.501, "vectors": 0.502}.items()
        for number in (3, 90)
        for fold in (0, 1)
    ]
    scores = pd.DataFrame(rows, columns=["features", "per label", "rows", "fold", "accuracy"])
    fig, ax = plot_learning_curves(scores, "Vectors win", highlight=["vectors"])
    lines = {tuple(line.get_xdata()): line for line in ax.lines}
    assert list(lines) == [(3.0, 90.0)]
    drawn = {round(line.get_ydata()[0], 3): line for line in ax.lines}
    assert set(drawn) == {0.213, 0.513, 0.514, 0.515}
    assert same_color(drawn[0.515].get_color(), COLOURS[0])
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert [text.get_text()[:-5] for text in ax.texts] == ["vectors", "tf-idf", "raw", "majority"]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert max(box.y1 for box in boxes) < ax.title.get_window_extent().y0


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
