import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from research_lib.containers.images import Images

PIXELS = np.linspace(0, 1, 24).reshape(4, 2, 3)


def test_images_are_built_from_a_list_of_arrays():
    images = Images(list(PIXELS), labels=[7, 7, 2, 1], source="by hand")
    assert repr(images) == "Images(4 images with 3 labels, 2 × 3, from by hand)"
    assert (images.height, images.width, images.pixels.dtype) == (2, 3, np.float32)
    assert list(images.names) == ["1", "2", "3", "4"]
    assert list(images.metadata["label"]) == ["7", "7", "2", "1"]
    np.testing.assert_allclose(images.to_matrix()[1], PIXELS[1].ravel())
    assert Images(PIXELS).metadata.shape == (4, 0)


@given(arrays(np.uint8, (3, 2, 2)))
def test_bytes_become_numbers_from_0_to_1(pixels):
    np.testing.assert_allclose(Images(pixels).pixels * 255, pixels, atol=1e-4)


@given(st.lists(st.integers(0, 3), min_size=1, unique=True))
def test_a_subset_keeps_what_belongs_together(positions):
    images = Images(PIXELS, labels=list("abcd"), names=list("wxyz"))
    some = images.subset(np.array(positions))
    for place, position in enumerate(positions):
        assert (some.labels[place], some.names[place]) == ("abcd"[position], "wxyz"[position])
        np.testing.assert_array_equal(some.pixels[place], images.pixels[position])
    mask = np.isin(np.arange(4), positions)
    assert set(images.subset(mask).names) == set(some.names)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        ([], "shelf: no images"),
        ([PIXELS[0], PIXELS[0].T], "shelf: image '2' is 3 × 2 pixels, the first is 2 × 3; expected one size"),
        ([np.zeros((2, 2, 3))], r"shelf: image '1' has shape \(2, 2, 3\), expected \(height, width\): shades of grey"),
        (PIXELS.reshape(4, 6), r"shelf: image '1' has shape \(6,\), expected \(height, width\)"),
        (np.zeros((2, 0, 3)), "shelf: image '1' is 0 × 3 pixels"),
        (PIXELS * 16, "shelf: the pixels of image '1' go from 0 to 3.47826, expected 0 to 1, or uint8"),
        (np.where(PIXELS == 1, np.nan, PIXELS), "shelf: the pixels of image '4' go from nan to nan"),
        (np.ones((2, 2, 2), int), "shelf: pixels are int64, expected numbers from 0 to 1, or uint8"),
    ],
)
def test_what_is_no_set_of_images_is_refused(pixels, message):
    with pytest.raises(ValueError, match=message):
        Images(pixels, source="shelf")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"labels": "ab"}, "2 labels for 4 images"),
        ({"names": "ab"}, "2 names for 4 images"),
        ({"names": "abca"}, "image name 'a' stands twice"),
    ],
)
def test_labels_and_names_are_one_an_image(fields, message):
    with pytest.raises(ValueError, match=message):
        Images(PIXELS, **fields)
