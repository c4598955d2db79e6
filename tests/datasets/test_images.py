import gzip

import numpy as np
import pytest
from matplotlib.image import imsave

from research_lib.containers.images import Images
from research_lib.datasets import load
from research_lib.datasets.images import read_idx


def write_idx(path, array, magic=(0, 0, 8)):
    """As MNIST's own files are written."""
    lengths = np.array(array.shape, dtype=">u4").tobytes()
    path.write_bytes(gzip.compress(bytes([*magic, array.ndim]) + lengths + array.astype(np.uint8).tobytes()))
    return path


def write_pictures(folder, **pictures):
    for name, picture in pictures.items():
        path = folder / f"{name.replace('__', '/')}.png"
        path.parent.mkdir(exist_ok=True, parents=True)
        imsave(path, np.asarray(picture))
    return folder


def test_the_sample_is_the_digits_that_come_with_scikit_learn():
    digits = load("images")
    assert repr(digits) == "Images(1,797 images with 10 labels, 8 × 8, from sample)"
    assert (digits.pixels.min(), digits.pixels.max()) == (0, 1)
    assert list(digits.labels[:5]) == ["0", "1", "2", "3", "4"]
    assert dict(zip(digits.cleaning["step"], digits.cleaning["count"], strict=True)) == {"images": 1797, "labels": 10}


@pytest.mark.real("mnist-test")
def test_the_real_digits_have_their_labels():
    digits = load("images", "mnist-test")
    assert digits.pixels.shape == (10_000, 28, 28)
    assert list(digits.labels[:6]) == ["7", "2", "1", "0", "4", "1"]
    assert (digits.labels == "1").sum() == 1135
    assert 0.1 < digits.pixels.mean() < 0.2  # ink is 1


def test_an_idx_file_comes_back_as_it_was_written(tmp_path):
    pixels = np.arange(24).reshape(4, 2, 3)
    file = write_idx(tmp_path / "own.gz", pixels)
    np.testing.assert_array_equal(read_idx(file), pixels)
    assert load("images", str(file)).labels is None
    labels = write_idx(tmp_path / "labels.gz", np.array([3, 1, 3, 3]))
    images = load("images", file, labels=labels)
    assert list(images.labels) == ["3", "1", "3", "3"]
    np.testing.assert_allclose(images.pixels * 255, pixels, rtol=1e-6)


def test_a_broken_idx_file_is_named(tmp_path):
    file = write_idx(tmp_path / "own.gz", np.zeros((2, 2, 2)), magic=(0, 0, 13))
    with pytest.raises(ValueError, match=r"own.gz: begins with the bytes \[0, 0, 13, 3\], expected \[0, 0, 8,"):
        read_idx(file)
    whole = write_idx(file, np.zeros((2, 2, 2))).read_bytes()
    for content in (gzip.decompress(whole), whole[:-9], b""):
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"own.gz: (not a whole gzipped file|begins with the bytes \[\])"):
            read_idx(file)
    for n_bytes in (17, 13, 5):
        file.write_bytes(gzip.compress(gzip.decompress(whole)[:n_bytes]))
        with pytest.raises(ValueError, match=r"own.gz: -?\d+ bytes after its header, expected [02] × "):
            read_idx(file)


def test_a_folder_of_pictures_names_labels_by_its_subfolders(tmp_path):
    black, white = np.zeros((4, 5, 3)), np.ones((4, 5, 3))
    red_glass = np.dstack([white[..., 0], black[..., :2], np.full((4, 5), 0.5)])
    folder = write_pictures(tmp_path, dark__one=black, light__one=white, light__two=red_glass)
    images = load("images", folder)
    assert list(images.names) == ["dark/one.png", "light/one.png", "light/two.png"]
    assert list(images.labels) == ["dark", "light", "light"]
    np.testing.assert_allclose(images.pixels[:, 0, 0], [1, 0, 0.5 * (1 - 0.299)], atol=0.01)


def test_folders_that_are_not_understood_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"no \.png file in it or in its subfolders"):
        load("images", tmp_path)
    write_pictures(tmp_path, one=np.zeros((2, 2, 3)))
    assert load("images", tmp_path).labels is None
    write_pictures(tmp_path, two=np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match=r"image 'two.png' is 2 × 3 pixels, the first is 2 × 2"):
        load("images", tmp_path)
    write_pictures(tmp_path, kind__three=np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match=r"'one.png' is in no subfolder, so it has no label; others have"):
        load("images", tmp_path)
    (tmp_path / "one.png").write_text("no picture")
    (tmp_path / "kind" / "three.png").unlink()
    with pytest.raises(ValueError, match=r"one.png: not a .png that can be read"):
        load("images", tmp_path)


@pytest.mark.parametrize("source", ["mnist", "sampel"])
def test_an_unknown_source_says_what_was_meant(source):
    with pytest.raises(ValueError, match=f"Unknown dataset '{source}'. Did you mean"):
        load("images", source)


def test_what_needs_labels_says_where_they_come_from(tmp_path):
    write_pictures(tmp_path, one=np.zeros((2, 2, 3)), two=np.ones((2, 2, 3)))
    (tmp_path / "two.png").rename(tmp_path / "two.PNG")
    (tmp_path / "._one.png").write_text("what some systems leave behind")
    images = load("images", tmp_path)
    assert len(images) == 2
    with pytest.raises(
        ValueError, match="2 images with 0 different labels, expected at least two: in a folder, a subfolder a"
    ):
        images.need_labels()
    with pytest.raises(ValueError, match="images with 1 different labels"):
        Images(images.pixels, ["a", "a"]).need_labels()
    assert Images(images.pixels, ["a", "b"]).need_labels().labels.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="image '2' has no label, expected one for all or for none"):
        Images(images.pixels, ["a", None])
