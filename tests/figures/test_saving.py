import hashlib
import re

import matplotlib.pyplot as plt
import pytest

from research_lib.figures import plot_map, save_figure, saving
from research_lib.figures.saving import FIGURE_MIME


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
    monkeypatch.delenv(saving.RUN_VARIABLE, raising=False)
    monkeypatch.setattr(saving, "display", lambda bundle, **_: None)
    for _ in range(2):
        save_figure(plt.figure(), "map")


def test_a_full_disk_leaves_no_half_figure(places, run_folder, shown, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    fig, _ = plot_map(places)
    with pytest.raises(OSError, match="No space left"):
        save_figure(fig, "map")
    assert list((run_folder / "figures").iterdir()) == [] and shown == []
