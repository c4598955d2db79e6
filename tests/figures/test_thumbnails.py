import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from research_lib.containers.embedding import Embedding
from research_lib.figures import plot_thumbnail_grid, plot_thumbnail_map
from research_lib.figures.style import GREY
from research_lib.figures.thumbnails import FRAMES
from research_lib.views.grid import on_grid, with_room


def crowded(n=200, random_state=0):
    """Three clumps, so that thumbnails drawn at their places would lie on top of each other."""
    rng = np.random.default_rng(random_state)
    label = rng.integers(3, size=n)
    points = np.array([[0, 0], [9, 1], [4, 7]])[label] + rng.normal(size=(n, 2))
    return Embedding(points, [f"picture {i}" for i in range(n)], pd.DataFrame({"label": label}))


def pictures_of(n, height=8, width=8):
    return np.random.default_rng(1).random((n, height, width))


def rectangles(ax, in_pixels):
    """Left, bottom, right and top of every thumbnail with its frame, in data or in pixels of the drawn figure."""
    ax.figure.canvas.draw()
    paths = ax.collections[-1].get_paths()
    corners = np.array([path.vertices[[0, 2]] for path in paths]).reshape(-1, 2)
    if in_pixels:
        corners = ax.transData.transform(corners)
    return corners.reshape(-1, 4)


def n_overlaps(boxes):
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    apart = ((low >= high.swapaxes(0, 1)) | (low.swapaxes(0, 1) >= high)).any(axis=2)
    return (~apart).sum() - len(boxes)  # each with itself


def test_rectangles_that_overlap_are_counted():
    assert n_overlaps(np.array([[0, 0, 2, 2], [1, 1, 3, 3], [2, 0, 4, 1]])) == 2


@pytest.mark.parametrize("plot", [plot_thumbnail_grid, plot_thumbnail_map])
@pytest.mark.parametrize("shape", [(8, 8), (12, 6), (5, 10)])
def test_thumbnails_do_not_overlap(plot, shape):
    places = crowded()
    _, ax = plot(places, pictures_of(len(places), *shape), "label")
    for in_pixels in (False, True):
        boxes = rectangles(ax, in_pixels)
        assert len(boxes) == len(places) if plot is plot_thumbnail_grid else 3 < len(boxes) < len(places)
        assert n_overlaps(boxes) == 0
        width, height = (boxes[:, 2:] - boxes[:, :2]).T
        assert np.allclose(height / width, shape[0] / shape[1])


def test_thumbnails_at_their_own_places_would_overlap():
    places = crowded()
    side = 0.04 * np.ptp(places.vectors, axis=0).max()
    assert n_overlaps(np.hstack([places.vectors - side / 2, places.vectors + side / 2])) > 100


def test_a_thousand_thumbnails_do_not_overlap():
    places = crowded(1000)
    _, ax = plot_thumbnail_grid(places, pictures_of(1000), "label")
    boxes = rectangles(ax, in_pixels=True)
    assert len(boxes) == 1000
    assert n_overlaps(boxes) == 0


def test_what_is_drawn_has_its_own_picture_the_right_way_up():
    pictures = np.zeros((2, 2, 2))
    pictures[0, 0] = 1  # ink above
    places = Embedding([[0, 0], [10, 0]], ["left", "right"])
    _, ax = plot_thumbnail_map(places, pictures, size=0.2)
    canvas = ax.images[0].get_array().filled(np.nan)  # rows count from below
    height, width = canvas.shape[0], canvas.shape[0]
    assert (canvas[: height // 2, :width] == 0).all()
    assert (canvas[height // 2 :, :width] == 1).all()
    assert (canvas[:, -width:] == 0).all()
    assert np.isnan(canvas[:, width:-width]).all()


@pytest.mark.parametrize("shape", [(300, 400), (1, 500), (3, 2), (401, 97)])
def test_pictures_of_any_size_are_brought_to_that_of_a_thumbnail(shape):
    pictures = np.tile(np.linspace(0, 1, shape[1]), (2, shape[0], 1))
    _, ax = plot_thumbnail_map(Embedding([[0, 0], [10, 0]], ["left", "right"]), pictures, size=0.2)
    canvas = ax.images[0].get_array().filled(np.nan)
    wide = np.flatnonzero(np.isnan(canvas[0]))[0]
    assert 48 <= wide < 192
    assert (np.diff(canvas[:, :wide], axis=1) >= -1e-9).all()
    assert canvas[:, :wide].mean() == pytest.approx(0.5, abs=0.02)


def test_frames_and_dots_have_the_colour_of_their_label_and_the_labels_are_named():
    places = crowded()
    _, ax = plot_thumbnail_map(places, pictures_of(len(places)), "label")
    dots, frames = ax.collections
    drawn = with_room(places.vectors, *[0.04 * np.ptp(places.vectors, axis=0).max()] * 2)
    for collection, part in ((frames, drawn), (dots, ~drawn)):
        for colour, label in zip(collection.get_facecolor(), places.metadata["label"][part], strict=True):
            assert same_color(colour[:3], FRAMES[label])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0", "1", "2"]


def test_of_more_than_ten_labels_the_commonest_have_a_colour():
    labels = [f"label {i:02d}" for i in range(12) for _ in range(i + 1)]
    places = Embedding(np.random.default_rng(0).normal(size=(78, 2)), range(78), pd.DataFrame({"label": labels}))
    _, ax = plot_thumbnail_grid(places, pictures_of(78), "label")
    assert same_color(ax.collections[-1].get_facecolor()[0], GREY)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [f"label {i:02d}" for i in range(2, 12)]


def test_names_at_one_place_and_a_single_name_can_be_drawn():
    for n in (1, 5):
        places = Embedding(np.zeros((n, 2)), range(n))
        _, ax = plot_thumbnail_grid(places, pictures_of(n))
        assert len(rectangles(ax, in_pixels=False)) == n
        _, ax = plot_thumbnail_map(places, pictures_of(n))
        assert len(rectangles(ax, in_pixels=False)) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"places": Embedding(np.zeros((4, 3)), "abcd")}, "has 3 dimensions, expected 2"),
        ({"pictures": np.zeros((3, 8, 8))}, r"shape \(3, 8, 8\), expected \(4, height, width\)"),
        ({"pictures": np.zeros((4, 64))}, r"shape \(4, 64\), expected \(4, height, width\)"),
        ({"colour_by": "kin"}, "No column 'kin' in the metadata, which has: none"),
    ],
)
@pytest.mark.parametrize("plot", [plot_thumbnail_grid, plot_thumbnail_map])
def test_bad_input_gets_one_message(plot, change, message):
    good = {"places": Embedding(np.eye(4, 2), "abcd"), "pictures": np.zeros((4, 8, 8))}
    with pytest.raises(ValueError, match=message):
        plot(**good | change)


def test_a_size_a_share_and_a_number_out_of_range_are_refused():
    places = crowded(10)
    with pytest.raises(ValueError, match="size is 0, expected a number above 0 and of at most 1"):
        plot_thumbnail_map(places, pictures_of(10), size=0)
    with pytest.raises(ValueError, match="spare is -1, expected a number of at least 0"):
        on_grid(places, spare=-1)
    with pytest.raises(ValueError, match=r"2,501 pictures, expected at most 2,500: draw some, with subset\(\)"):
        on_grid(crowded(2501))
