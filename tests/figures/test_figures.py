import hashlib
import re
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color, to_hex

from research_lib.checks import UnknownName
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.figures import (
    maps,
    plot_arrows,
    plot_clustermap,
    plot_counts,
    plot_coverage,
    plot_day_maps,
    plot_errors_by_size,
    plot_heatmap,
    plot_histories,
    plot_layers,
    plot_learning_curves,
    plot_map,
    plot_n_clusters,
    plot_over_time,
    plot_parity,
    plot_scores,
    plot_shepard,
    plot_similar,
    plot_stress,
    plot_tree,
    save_figure,
    style,
)
from research_lib.figures.style import ACCENT, COLOURS, FIGURE_MIME, GREY
from research_lib.views.clustering import merge_tree


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def places():
    """Ten novels, six plays, two poems and two of which nothing is known."""
    kinds = ["novel"] * 10 + ["play"] * 6 + ["poem"] * 2 + [None] * 2
    year = pd.array([1800] * 12 + [1900] * 6 + [None] * 2, dtype="Int64")
    vectors = np.random.default_rng(0).normal(size=(20, 2))
    return Embedding(vectors, [f"book {i}" for i in range(20)], pd.DataFrame({"genre": kinds, "year": year}))


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(style.RUN_VARIABLE, str(tmp_path / "run"))
    return tmp_path / "run"


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would have been shown."""
    bundles = []
    monkeypatch.setattr(style, "display", lambda bundle, **_: bundles.append(bundle))
    return bundles


def points_by_colour(ax):
    """The offsets of the filled points, by colour."""
    found = {}
    for scatter in ax.collections:
        for offset, colour in zip(scatter.get_offsets(), scatter.get_facecolors(), strict=False):
            found.setdefault(to_hex(colour).upper(), []).append(tuple(np.float32(offset).tolist()))
    return {colour: sorted(points) for colour, points in found.items()}


def where(places, rows):
    return sorted(map(tuple, places.vectors[rows].tolist()))


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def test_a_plain_map_draws_every_name_where_it_is(places):
    _, ax = plot_map(places, title="Books gather")
    assert points_by_colour(ax) == {ACCENT: where(places, slice(None))}
    assert texts(ax) == []
    assert ax.get_title(loc="left") == "Books gather"
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []


def test_the_commonest_kinds_are_coloured_and_named_and_the_rest_is_grey(places):
    _, ax = plot_map(places, colour_by="genre", n_labels=2)
    assert points_by_colour(ax) == {
        COLOURS[0]: where(places, slice(0, 10)),
        COLOURS[1]: where(places, slice(10, 16)),
        GREY: where(places, slice(16, 20)),
    }
    assert texts(ax) == ["novel", "play"]
    for text, colour in zip(ax.texts, COLOURS, strict=False):
        assert same_color(text.get_color(), style.dark(colour))


def test_a_map_is_coloured_by_numbers_too(places):
    _, ax = plot_map(places, colour_by="year")
    assert points_by_colour(ax) == {
        COLOURS[0]: where(places, slice(0, 12)),
        COLOURS[1]: where(places, slice(12, 18)),
        GREY: where(places, slice(18, 20)),
    }
    assert texts(ax) == ["1800", "1900"]


def test_chosen_names_are_written_and_ringed(places):
    _, ax = plot_map(places, names=["book 3", "book 17"])
    assert texts(ax) == ["book 3", "book 17"]
    rings = ax.collections[-1]
    assert len(rings.get_facecolors()) == 0
    np.testing.assert_allclose(rings.get_offsets(), places.vectors[[3, 17]], rtol=1e-6)


def test_the_name_of_a_kind_lies_among_its_points():
    crowd, stray = np.random.default_rng(0).normal(0, 0.1, (12, 2)), [[100, 100]]
    assert np.linalg.norm(maps.crowded(np.concatenate([crowd, stray]), radius=1)) < 0.3
    np.testing.assert_array_equal(maps.crowded(np.array([[1.0, 2.0]]), radius=1), [1, 2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour_by": "gender"}, "No column 'gender' in the metadata, which has: genre, year"),
        ({"colour_by": "genre", "n_labels": 9}, "n_labels is 9, expected at most 8"),
        ({"colour_by": "genre", "n_labels": 0}, "n_labels is 0, expected a whole number of at least 1"),
    ],
)
def test_a_map_that_cannot_be_coloured_is_refused(places, options, message):
    with pytest.raises(ValueError, match=message):
        plot_map(places, **options)


def test_a_map_has_two_dimensions_and_known_names(places):
    with pytest.raises(ValueError, match=r"The map has 3 dimensions, expected 2: project\(\) it first"):
        plot_map(Embedding(np.eye(3), ["a", "b", "c"]))
    with pytest.raises(UnknownName, match=r"No name 'bock 3' among 20\. Did you mean 'book 3'"):
        plot_map(places, names=["bock 3"])
    assert plt.get_fignums() == []  # nothing half-drawn stays open


def test_a_map_of_nothing_known_is_drawn_plain():
    places = Embedding(np.eye(2), ["a", "b"], pd.DataFrame({"genre": pd.Series([None, None], dtype="str")}))
    _, ax = plot_map(places, colour_by="genre")
    assert texts(ax) == []


def test_similar_names_are_bars_from_the_nearest_to_the_farthest():
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


def test_counts_are_bars_in_the_order_given():
    _, ax = plot_counts(pd.Series({"novel": 1234, "england": 7}), xlabel="books", title="Most linked")
    assert [bar.get_width() for bar in ax.patches] == [1234, 7]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["novel", "england"]
    assert texts(ax) == ["1,234", "7"]
    assert (ax.get_xlabel(), ax.get_title(loc="left")) == ("books", "Most linked")


def test_every_history_has_its_panel():
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


def test_scores_are_dots_and_a_missing_one_is_empty():
    scores = pd.DataFrame({"hit@10": [0.121, 0.553], "same author": [np.nan, 0.498]}, index=["popularity", "ours"])
    _, axes = plot_scores(scores, highlight=["ours"])
    assert [ax.get_title() or ax.get_title(loc="left") for ax in axes] == list(scores.columns)
    assert [texts(ax) for ax in axes] == [["0.121", "0.553"], ["0.498"]]
    dots = axes[0].collections[1]
    np.testing.assert_allclose(dots.get_offsets(), [[0.121, 0], [0.553, 1]])
    assert [to_hex(colour).upper() for colour in dots.get_facecolors()] == ["#999999", ACCENT]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["popularity", "ours"]


def test_a_saved_figure_is_the_same_bytes_every_time(places, run_folder, shown):
    for name, title in {"map": "Books gather", "again": "Books gather", "other": "Books scatter"}.items():
        fig, _ = plot_map(places, colour_by="genre", names=["book 3"], title=title)
        save_figure(fig, name)
    contents = {path.name: path.read_bytes() for path in (run_folder / "figures").iterdir()}
    assert sorted(contents) == sorted(
        f"{name}.{ending}" for name in ("map", "again", "other") for ending in ("png", "svg")
    )
    for ending in ("png", "svg"):
        assert contents[f"map.{ending}"] == contents[f"again.{ending}"] != contents[f"other.{ending}"]


def test_a_saved_figure_shows_itself_with_the_hashes_of_its_files(places, run_folder, shown):
    fig, _ = plot_map(places)
    save_figure(fig, "map", caption="Every dot a book.")
    (bundle,) = shown
    png, svg = ((run_folder / "figures" / f"map.{kind}").read_bytes() for kind in ("png", "svg"))
    assert bundle[FIGURE_MIME] == {
        "name": "map",
        "caption": "Every dot a book.",
        "files": {"png": hashlib.sha256(png).hexdigest(), "svg": hashlib.sha256(svg).hexdigest()},
    }
    assert bundle["image/png"] == png
    assert bundle["text/plain"] == "map: Every dot a book."
    assert png.startswith(b"\x89PNG") and b"<svg" in svg
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize(
    "name",
    ["", None, "a/b", "../map", "/map", "..", ".map", "map.", "a\\b", "a b", "map\n", 'a"b', "\x1b[31m", "x" * 101],
)
def test_a_figure_is_saved_under_an_ordinary_name_in_the_run(run_folder, shown, name):
    with pytest.raises(ValueError, match=f"Figure name {re.escape(repr(name))}, expected at most 100 letters"):
        save_figure(plt.figure(), name)
    assert not run_folder.exists() and shown == []


@pytest.mark.parametrize("name", ["x" * 100, "07-map_2.pca", "지도", "कहानी"])
def test_a_name_may_be_of_any_script(run_folder, shown, name):
    save_figure(plt.figure(), name)
    assert (run_folder / "figures" / f"{name}.svg").is_file()


def test_a_run_saves_one_figure_a_name_and_a_session_saves_again(run_folder, shown, monkeypatch):
    save_figure(plt.figure(), "map")
    with pytest.raises(ValueError, match="Figure 'map' was saved already in this run"):
        save_figure(plt.figure(), "map")
    monkeypatch.setattr(plt, "get_backend", lambda: "inline")  # of JupyterLab, whose run folder is always the same
    save_figure(plt.figure(), "map")
    monkeypatch.undo()
    monkeypatch.chdir(run_folder)
    monkeypatch.delenv(style.RUN_VARIABLE, raising=False)
    monkeypatch.setattr(style, "display", lambda bundle, **_: None)
    for _ in range(2):
        save_figure(plt.figure(), "map")


@pytest.mark.parametrize("name", ["costs $5 and $10", "$$", r"$\frac{$"])
def test_dollar_signs_in_names_are_drawn_as_they_are(run_folder, shown, name):
    places = Embedding([[0, 0], [1, 0], [1, 1.0]], [name, "b", "c"], pd.DataFrame({"genre": [name, "x", "y"]}))
    _, ax = plot_similar(places, name)
    assert not ax.title.get_parse_math()
    fig, ax = plot_map(places, "genre", [name], title=name)
    ax.set_xlabel(name)  # outside the house style
    save_figure(fig, "dollars")
    assert name in texts(ax)
    assert not any(text.get_parse_math() for text in [ax.title, ax.xaxis.label, *ax.texts])


def test_powers_along_a_logarithmic_axis_are_formulas(run_folder, shown):
    with style.house_style():
        fig, ax = plt.subplots()
    ax.set_xscale("log")
    save_figure(fig, "log")
    assert ax.get_xticklabels()[0].get_text().startswith("$") and ax.get_xticklabels()[0].get_parse_math()


def test_a_full_disk_leaves_no_half_figure(places, run_folder, shown, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    fig, _ = plot_map(places)
    with pytest.raises(OSError, match="No space left"):
        save_figure(fig, "map")
    assert list((run_folder / "figures").iterdir()) == [] and shown == []


def test_the_house_style_does_not_leak(places):
    before = dict(plt.rcParams)
    plot_map(places, names=["book 3"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert dict(plt.rcParams) == before


@pytest.fixture
def table():
    return pd.DataFrame({"x": [1.0, 0.5, 0.0], "y": [0.9, 0.6, 0.1], "z": [0.0, 0.0, 1.0]}, ["a", "b", "c"])


def test_a_heat_map_shows_the_table_as_it_stands(table):
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
    fig, ax = plot_clustermap(table, label="share", title="Two kinds")
    assert {"".join(label.get_text() for label in ax.get_yticklabels())} <= {"abc", "bac", "cab", "cba"}
    rows = [label.get_text() for label in ax.get_yticklabels()]
    cols = [label.get_text() for label in ax.get_xticklabels()]
    np.testing.assert_array_equal(np.ravel(ax.collections[0].get_array()), table.loc[rows, cols].to_numpy().ravel())
    assert fig.axes[-1].get_xlabel() == "share"
    with pytest.raises(ValueError, match="The column 'w' is all zero"):
        plot_clustermap(table.assign(w=0))


def test_points_are_sized_by_how_many_they_stand_for():
    counts = pd.DataFrame({"n_alike": [1, 4, 100], "kind": ["few", "few", "many"]})
    places = Embedding(np.eye(3)[:, :2], ["a", "b", "c"], counts)
    assert texts(plot_map(places, "kind", n_labels=1)[1]) == ["few"]  # points
    assert texts(plot_map(places, "kind", n_labels=1, size_by="n_alike")[1]) == ["many"]  # what they stand for
    _, ax = plot_map(places, size_by="n_alike")
    sizes = ax.collections[-2].get_sizes()  # the last are the rings
    np.testing.assert_allclose(sizes / sizes[0], [1, 2, 10])
    with pytest.raises(ValueError, match="No column 'n_alike' in the metadata"):
        plot_map(Embedding(np.eye(3)[:, :2], ["a", "b", "c"]), size_by="n_alike")


def test_the_number_of_clusters_is_shown_with_its_range_and_the_noise():
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


def test_a_tree_names_its_leaves():
    leaves = Embedding([[0], [0.5], [3]], ["near", "nearer", "far"])
    _, ax = plot_tree(leaves, metric="euclidean")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["far", "near", "nearer"]
    near, far = (path.vertices[:, 0].max() for path in ax.collections[0].get_paths())
    assert near == 0.5 and far == pytest.approx(merge_tree(leaves, "euclidean")[-1, 2])
    _, ax = plot_tree(leaves, metric="euclidean", names=["A", "B", "C"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["C", "A", "B"]


@pytest.mark.parametrize("text", ["글리세린", "グリセリン", "甘油", "Glycérine"])
def test_names_in_other_scripts_print(text, run_folder, shown):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a box
        fig, ax = plot_counts(pd.Series({text: 1}), "ingredients", text)
        ax.text(0, 0, text, fontweight="bold")  # outside the house style
        save_figure(fig, "counts")
    assert (run_folder / "figures" / "counts.png").is_file()


def test_a_character_that_no_font_has_is_said_and_named(run_folder, shown):
    fig, _ = plot_counts(pd.Series({"\U0001f9ff": 1}), "ingredients")
    with pytest.warns(UserWarning) as warned:
        save_figure(fig, "amulet")
    assert any("Figure 'amulet': no font of this machine has" in str(one.message) for one in warned)
    assert any("U+1F9FF" in str(one.message) for one in warned)


def test_another_font_of_the_machine_is_taken_where_ours_have_no_glyph(run_folder, shown, monkeypatch):
    monkeypatch.setattr(style, "FONTS", ["DejaVu Sans"])
    with style.house_style(), plt.rc_context({"font.family": ["DejaVu Sans"]}):
        fig, ax = plt.subplots()
        label = ax.set_xlabel("글리세린")
    save_figure(fig, "found")
    assert "NanumGothic" in label.get_fontfamily()


def test_parity_shows_the_test_part_of_each_model():
    rows = {"target": [0.0, 1, 2, 5], "predicted": [0.0, 1, 3, 5], "part": ["test", "test", "test", "train"]}
    predictions = pd.concat([pd.DataFrame(rows).assign(model=name) for name in ("a", "b", "left out")])
    fig, axes = plot_parity(predictions, ["a", "b"], "eV", "As measured")
    shown = axes[0, 0].collections[0].get_offsets()
    assert shown.tolist() == [[0, 0], [1, 1], [2, 3]]
    assert [ax.get_title(loc="left") for ax in axes[0]] == ["a: R² 0.50", "b: R² 0.50"]
    assert fig.get_supxlabel() == "measured, eV"


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


def test_layers_stand_side_by_side_with_their_numbers():
    layers = {"in": pd.Series([0.0, 1, 0], list("abc")), "out": pd.Series([-0.5, 2.25], ["x", "y"])}
    fig, axes = plot_layers(layers, "Through")
    assert [ax.get_title() for ax in axes] == ["in", "out"]
    assert [text.get_text() for text in axes[1].texts] == ["−0.50", "2.25", "→"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == list("abc")
    assert axes[1].images[0].get_array().ravel().tolist() == [-0.5, 2.25]
    assert fig.get_suptitle() == "Through"


def test_arrows_lead_from_the_first_names_to_the_second():
    places = Embedding(np.array([[0, 0], [3, 1], [0, 2], [3, 3.0]]), ["italy", "rome", "japan", "tokyo"])
    pairs = pd.DataFrame({"first": ["italy", "japan"], "second": ["rome", "tokyo"]})
    _, ax = plot_arrows(places, pairs, ("country", "capital"), "East")
    assert [points.get_offsets().tolist() for points in ax.collections] == [[[0, 0], [0, 2]], [[3, 1], [3, 3]]]
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None) is not None and not text.get_text()]
    assert [(arrow.xyann, tuple(arrow.xy)) for arrow in arrows] == [((0, 0), (3, 1)), ((0, 2), (3, 3))]
    written = {text.get_text() for text in ax.texts}
    assert {"italy", "rome", "japan", "tokyo", "● country", "● capital"} <= written
    with pytest.raises(ValueError, match="The map has 3 dimensions, expected 2"):
        plot_arrows(Embedding(np.eye(3), list("abc")), pairs)


def test_shepard_diagrams_show_every_pair():
    pairs = pd.DataFrame({"original": [1.0, 2, 3], "found": [2.0, 4, 5]})
    _, axes = plot_shepard({"map": pairs, "flat": pairs.assign(found=0.0)})
    assert axes[0, 0].collections[0].get_offsets().tolist() == [[1, 2], [2, 4], [3, 5]]
    assert [ax.get_title(loc="left") for ax in axes[0]] == ["map", "flat"]
    assert axes[0, 0].get_xlim()[0] == axes[0, 0].get_ylim()[0] == 0
    fig, _ = plot_shepard({"map": pairs}, xlabel="days apart")
    assert (fig.get_supxlabel(), fig.get_supylabel()) == ("days apart", "distance of their vectors")


def test_stress_falls_along_named_lines():
    stress = pd.DataFrame({"plane": [0.4, 0.0], "random": [0.7, 0.6]}, index=[1, 2])
    _, ax = plot_stress(stress)
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.4, 0.0], [0.7, 0.6]]
    assert same_color(ax.lines[1].get_color(), "#999999")
    assert [(text.get_text(), text.xy) for text in ax.texts] == [("plane", (2, 0.0)), ("random", (2, 0.6))]


def test_losses_of_one_kind_share_an_axis():
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
    scores = pd.DataFrame(rows, columns=["features", "per kind", "rows", "fold", "accuracy"])
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


def test_kinds_over_time_are_shares_the_earliest_below():
    pairs = np.array([[0, 0]] * 60 + [[0, 1]] * 60)
    times = np.datetime64("2020-01-01", "s") + np.r_[np.arange(60), np.arange(60, 120)] * np.timedelta64(1, "D")
    kinds = pd.DataFrame({"kind": ["late", "early"]})
    table = Interactions(pairs, ["user"], ["a", "b"], col_metadata=kinds, times=times[::-1], axes=("user", "film"))
    fig, ax = plot_over_time(table, "kind")
    assert [text.get_text() for text in ax.texts] == ["early", "late"]
    assert sum(bar.get_height() for bar in fig.axes[0].patches) == 120
    assert fig.axes[0].get_ylabel() == "films"
    below = ax.collections[0].get_paths()[0].vertices
    assert below[:, 1].max() == 1 and same_color(ax.collections[0].get_facecolor()[0, :3], COLOURS[0])
    first, *_, last = fig.axes[0].patches
    assert ax.get_xlim()[0] < first.get_x() and last.get_x() + last.get_width() < ax.get_xlim()[1]  # none is cut
    assert (below[:, 0].min(), below[:, 0].max()) == ax.get_xlim()
    with pytest.raises(ValueError, match="No column 'genre' in the metadata of the films, which has: kind"):
        plot_over_time(table, "genre")
    with pytest.raises(ValueError, match="n_labels is 9, expected at most 8"):
        plot_over_time(table, "kind", n_labels=9)
    with pytest.raises(ValueError, match="no times, expected when each user–film pair happened"):
        plot_over_time(table.distinct(), "kind")
    with pytest.raises(ValueError, match="All pairs happened at one time, 2020-01-01"):
        plot_over_time(table.with_pairs(pairs, np.full(120, times[0])), "kind")


def test_day_maps_share_their_colours():
    def of(numbers):
        names = [f"day {number}" for number in numbers]
        vectors = np.column_stack([numbers, np.zeros(len(numbers))])
        return Embedding(vectors, names, pd.DataFrame({"day": numbers}))

    fig, axes = plot_day_maps({"whole": of([2, 0, 1, 3]), "part": of([1, 2])}, "Two tables")
    whole, part = axes[0]
    assert (whole.get_title(loc="left"), part.get_title(loc="left")) == ("whole", "part")
    assert whole.lines[0].get_xdata().tolist() == [0, 1, 2, 3]  # in order of time
    colours = [ax.collections[0].to_rgba(ax.collections[0].get_array()) for ax in (whole, part)]
    assert np.array_equal(colours[0][1:3], colours[1])
    assert [label.get_text() for label in fig.axes[-1].get_yticklabels()] == ["day 0", "day 3"]
    with pytest.raises(ValueError, match="flat: the map has 3 dimensions, expected 2"):
        plot_day_maps({"flat": Embedding(np.zeros((4, 3)), list("abcd"), pd.DataFrame({"day": range(4)}))})


@pytest.mark.parametrize(
    "plot",
    [
        plot_histories,
        plot_shepard,
        plot_day_maps,
        lambda nothing: plot_parity(pd.DataFrame(columns=["part", "target"]), []),
    ],
)
def test_a_figure_without_panels_is_refused(plot):
    with pytest.raises(ValueError, match="Nothing to draw, expected at least one panel"):
        plot({})
