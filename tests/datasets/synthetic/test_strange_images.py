import numpy as np

from research_lib.containers.images import Images
from research_lib.datasets.synthetic import strange_images

SQUARES = np.zeros((6, 8, 9))
for _number, _square in enumerate(SQUARES):
    _square[1 : _number + 3, 2:5] = 1


def test_strange_images_are_made_of_the_normal_ones():
    images = Images(SQUARES, source="squares")
    found = strange_images(images, n=20)
    assert list(found) == ["noise", "shuffled pixels", "inverted", "stripes", "two halves"]
    assert {some.pixels.shape for some in found.values()} == {(20, 8, 9)}
    known = {square.tobytes() for square in images.pixels}
    assert {(1 - picture).tobytes() for picture in found["inverted"].pixels} <= known
    upper, lower = ({square[half].tobytes() for square in images.pixels} for half in (np.s_[:4], np.s_[4:]))
    assert {picture[:4].tobytes() for picture in found["two halves"].pixels} <= upper
    assert {picture[4:].tobytes() for picture in found["two halves"].pixels} <= lower
    shuffled = found["shuffled pixels"].pixels
    assert set(shuffled.sum(axis=(1, 2))) <= set(images.pixels.sum(axis=(1, 2)))  # as much ink
    assert not {picture.tobytes() for picture in shuffled} & known
    assert 0.4 < found["noise"].pixels.mean() < 0.6
    assert found["stripes"].source == "squares, stripes"


def test_the_same_seed_gives_the_same_images():
    one, same, other = (strange_images(Images(SQUARES), 5, seed) for seed in (0, 0, 1))
    for name in one:
        np.testing.assert_array_equal(one[name].pixels, same[name].pixels)
        assert (one[name].pixels != other[name].pixels).any()
