import subprocess
import sys
import warnings

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.figures import plot_counts, plot_map, plot_similar, save_figure, style


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
import sys
import matplotlib
from matplotlib.font_manager import FontProperties, findfont, fontManager
fonts, settings = list(fontManager.ttflist), dict(matplotlib.rcParams)
from research_lib import figures
figures.plot_map, figures.save_figure
assert fontManager.ttflist == fonts and dict(matplotlib.rcParams) == settings
assert "torch" not in sys.modules
figures.house_style()
assert fontManager.ttflist[: len(fonts)] == fonts
for weight in ("normal", "bold"):
    print(findfont(FontProperties(family="NanumGothic", weight=weight)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    regular, bold = done.stdout.split()
    assert regular.endswith("NanumGothic.ttf") and bold.endswith("NanumGothicBold.ttf")
    assert "weight" not in done.stderr  # matplotlib would say that it has none of 700
