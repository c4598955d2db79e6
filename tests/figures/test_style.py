import hashlib
import re
import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.figures import plot_counts, plot_map, plot_similar, save_figure, style
from research_lib.figures.style import FIGURE_MIME


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
    png, svg = ((run_folder / "figures" / f"map.{ending}").read_bytes() for ending in ("png", "svg"))
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
    [
        "",
        None,
        "a/b",
        "../map",
        "/map",
        "..",
        ".map",
        "map.",
        "a\\b",
        "a b",
        "map\n",
        'a"b',
        "\x1b[31m",
        "x" * 201,
        "글" * 67,
    ],
)
def test_a_figure_is_saved_under_an_ordinary_name_in_the_run(run_folder, shown, name):
    with pytest.raises(ValueError, match=f"Figure name {re.escape(repr(name))}, expected letters, digits"):
        save_figure(plt.figure(), name)
    assert not run_folder.exists() and shown == []


@pytest.mark.parametrize("name", ["x" * 200, "글" * 66, "07-map_2.pca", "지도", "कहानी"])
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
def test_dollar_signs_in_names_are_drawn_as_they_are(run_folder, shown, name, texts):
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


def test_importing_the_figures_leaves_the_fonts_and_settings_of_matplotlib_alone():
    code = """
import matplotlib
from matplotlib.font_manager import FontProperties, findfont, fontManager
fonts, settings = list(fontManager.ttflist), dict(matplotlib.rcParams)
from research_lib import figures
figures.plot_map, figures.save_figure
assert fontManager.ttflist == fonts and dict(matplotlib.rcParams) == settings
figures.house_style()
assert fontManager.ttflist[: len(fonts)] == fonts
for weight in ("normal", "bold"):
    print(findfont(FontProperties(family="NanumGothic", weight=weight)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    regular, bold = done.stdout.split()
    assert regular.endswith("NanumGothic.ttf") and bold.endswith("NanumGothicBold.ttf")
    assert "weight" not in done.stderr  # matplotlib would say that it has none of 700
