import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color, to_hex

from research_lib.checks import UnknownName
from research_lib.containers.embedding import Embedding
from research_lib.figures import maps, plot_arrows, plot_clusters, plot_day_maps, plot_map, style
from research_lib.figures.style import ACCENT, COLOURS, GREY


def points_by_colour(ax):
    """The offsets of the filled points, by colour."""
    found = {}
    for scatter in ax.collections:
        for offset, colour in zip(scatter.get_offsets(), scatter.get_facecolors(), strict=False):
            found.setdefault(to_hex(colour).upper(), []).append(tuple(np.float32(offset).tolist()))
    return {colour: sorted(points) for colour, points in found.items()}


def where(places, rows):
    return sorted(map(tuple, places.vectors[rows].tolist()))


def test_a_plain_map_draws_every_name_where_it_is(places, texts):
    _, ax = plot_map(places, title="Books gather")
    assert points_by_colour(ax) == {ACCENT: where(places, slice(None))}
    assert texts(ax) == []
    assert ax.get_title(loc="left") == "Books gather"
    assert list(ax.get_xticks()) == list(ax.get_yticks()) == []


def test_the_commonest_labels_are_coloured_and_named_and_the_rest_is_grey(places, texts):
    _, ax = plot_map(places, colour_by="genre", n_labels=2)
    assert points_by_colour(ax) == {
        COLOURS[0]: where(places, slice(0, 10)),
        COLOURS[1]: where(places, slice(10, 16)),
        GREY: where(places, slice(16, 20)),
    }
    assert texts(ax) == ["novel", "play"]
    for text, colour in zip(ax.texts, COLOURS, strict=False):
        assert same_color(text.get_color(), style.dark(colour))


def test_a_map_is_coloured_by_numbers_too(places, texts):
    _, ax = plot_map(places, colour_by="year")
    assert points_by_colour(ax) == {
        COLOURS[0]: where(places, slice(0, 12)),
        COLOURS[1]: where(places, slice(12, 18)),
        GREY: where(places, slice(18, 20)),
    }
    assert texts(ax) == ["1800", "1900"]


def test_chosen_names_are_written_and_ringed(places, texts):
    _, ax = plot_map(places, names=["book 3", "book 17"])
    assert texts(ax) == ["book 3", "book 17"]
    rings = ax.collections[-1]
    assert len(rings.get_facecolors()) == 0
    np.testing.assert_allclose(rings.get_offsets(), places.vectors[[3, 17]], rtol=1e-6)


def test_a_label_lies_among_its_points():
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


def test_a_map_of_nothing_known_is_drawn_plain(texts):
    places = Embedding(np.eye(2), ["a", "b"], pd.DataFrame({"genre": pd.Series([None, None], dtype="str")}))
    _, ax = plot_map(places, colour_by="genre")
    assert texts(ax) == []


def test_points_are_sized_by_how_many_they_stand_for(texts):
    counts = pd.DataFrame({"n_alike": [1, 4, 100], "label": ["few", "few", "many"]})
    places = Embedding(np.eye(3)[:, :2], ["a", "b", "c"], counts)
    assert texts(plot_map(places, "label", n_labels=1)[1]) == ["few"]  # points
    assert texts(plot_map(places, "label", n_labels=1, size_by="n_alike")[1]) == ["many"]  # what they stand for
    _, ax = plot_map(places, size_by="n_alike")
    sizes = ax.collections[-2].get_sizes()  # the last are the rings
    np.testing.assert_allclose(sizes / sizes[0], [1, 2, 10])
    with pytest.raises(ValueError, match="No column 'n_alike' in the metadata"):
        plot_map(Embedding(np.eye(3)[:, :2], ["a", "b", "c"]), size_by="n_alike")


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


def test_labels_are_written_where_they_are_and_those_apart_stand_out():
    places = np.repeat([[0, 0], [10, 0], [5, 9.0]], 20, axis=0) + 0.1 * np.random.default_rng(0).normal(size=(60, 2))
    labels = pd.DataFrame({"label": np.repeat(["seven", "one", "four"], 20)})
    _, ax = plot_clusters(Embedding(places, range(60), labels), "label", apart=["four"], title="Apart")
    named = {text.get_text(): text.get_position() for text in ax.texts}
    assert set(named) == {"seven", "one", "four"}
    assert np.linalg.norm(np.subtract(named["four"], [5, 9])) < 0.5
    grey, accent = ax.collections
    assert (len(grey.get_offsets()), len(accent.get_offsets())) == (40, 20)
    assert same_color(accent.get_facecolor()[0, :3], ACCENT)
    assert accent.get_offsets()[:, 1].min() > 8
