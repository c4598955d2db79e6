import numpy as np
import pytest
from matplotlib.colors import same_color

from research_lib.figures import plot_images
from research_lib.figures.style import ACCENT


def rows(*lengths, shape=(4, 5)):
    rng = np.random.default_rng(0)
    return {f"row {number}": rng.random((n, *shape)) for number, n in enumerate(lengths)}


def boxes_of(ax):
    """Left, bottom, right and top of every picture on the page."""
    return np.array([image.get_window_extent().extents for image in ax.images])


def test_pictures_stand_in_their_rows_with_their_captions():
    pictures = rows(3, 2)
    _, ax = plot_images(pictures, "Three and two", captions={"row 1": ["good", "bad"]})
    drawn = [np.asarray(image.get_array()) for image in ax.images]
    for one, other in zip(drawn, [*pictures["row 0"], *pictures["row 1"]], strict=True):
        np.testing.assert_array_equal(one, other)
    assert [text.get_text() for text in ax.texts] == ["row 0", "row 1", "good", "bad"]
    tops = boxes_of(ax)[:, 3]
    assert len(set(tops.round(3))) == 2
    width, height = (boxes_of(ax)[0, side + 2] - boxes_of(ax)[0, side] for side in (0, 1))
    assert height / width == pytest.approx(4 / 5)  # as in the picture


@pytest.mark.parametrize("lengths", [(1,), (11, 11, 11), (3, 12, 1)])
@pytest.mark.parametrize("query_first", [True, False])
def test_no_picture_overlaps_another_and_all_are_on_the_page(lengths, query_first):
    fig, ax = plot_images(rows(*lengths), query_first=query_first)
    boxes = boxes_of(ax)
    for number, one in enumerate(boxes):
        others = np.delete(boxes, number, axis=0)
        apart = (others[:, :2] >= one[2:] - 1e-6) | (others[:, 2:] <= one[:2] + 1e-6)
        assert apart.any(axis=1).all()
    assert (boxes[:, :2] >= -1e-6).all() and (boxes[:, 2:] <= fig.bbox.max + 1e-6).all()


def test_a_query_is_framed_and_stands_apart():
    _, ax = plot_images(rows(4), query_first=True)
    framed = [same_color(frame.get_edgecolor(), ACCENT) for frame in ax.patches]
    assert framed == [True, False, False, False]
    left = boxes_of(ax)[:, 0]
    assert left[1] - left[0] > left[2] - left[1] == pytest.approx(left[3] - left[2])
