"""Images: handwritten digits, or a folder of pictures."""

import gzip
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.image import imread
from sklearn.datasets import load_digits

from research_lib.containers.images import Images
from research_lib.datasets import catalogue
from research_lib.datasets.reading import cleaning_log

GREY = np.array((0.299, 0.587, 0.114), dtype=np.float32)  # how bright red, green and blue look (ITU-R BT.601)
UNSIGNED_BYTES = 8  # their number in the idx format


def load_images(source: str | Path = "sample", *, labels: str | Path | None = None) -> Images:
    """Images, perhaps with labels.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: 1,797 handwritten digits of 8 × 8 pixels, which come with scikit-learn. ``"mnist-test"``: 10,000
        of 28 × 28. A path: a folder of .png files of one size, perhaps in subfolders that are named by their labels; or
        a gzipped file in the format of MNIST.
    labels : str or Path, optional
        The file with the labels of such a file.

    Returns
    -------
    Images
        Ink is 1, paper 0: a picture from a folder is 1 where it is black, and colours become grey.

    Raises
    ------
    ValueError
        If the source is unknown, a file is not in its format, or sizes differ.
    """
    known = catalogue.is_known(source, "images")
    if str(source) == "sample":
        digits = load_digits()
        images = Images(digits.images / 16, digits.target, source="sample")
    elif Path(source).is_dir() and not known:
        images = _read_folder(Path(source))
    else:
        path = catalogue.path_of(source, "images", "a folder of .png files or an idx .gz file")
        labels = catalogue.cached_paths(str(source))[1] if known else labels
        images = Images(read_idx(path), None if labels is None else read_idx(labels), source=str(source))
    story = {"images": len(images), "labels": 0 if images.labels is None else len(set(images.labels))}
    return replace(images, cleaning=cleaning_log(story))


def read_idx(path: str | Path) -> np.ndarray:
    """An array from a gzipped file in the format of MNIST (idx, unsigned bytes).

    Raises
    ------
    ValueError
        If it is not gzipped, not in this format, or not whole.
    """
    path = Path(path)
    try:
        content = gzip.decompress(path.read_bytes())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path.name}: not a whole gzipped file ({error}).") from None
    magic = content[:4]
    if len(magic) < 4 or magic[:3] != bytes([0, 0, UNSIGNED_BYTES]) or not magic[3]:
        raise ValueError(
            f"{path.name}: begins with the bytes {list(magic)}, expected [0, 0, {UNSIGNED_BYTES}, number of axes]."
        )
    start = 4 + 4 * magic[3]
    shape = tuple(np.frombuffer(content[4:start].ljust(4 * magic[3], b"\0"), dtype=">u4").tolist())
    if len(content) != start + np.prod(shape):
        size = " × ".join(f"{length:,}" for length in shape)
        raise ValueError(f"{path.name}: {len(content) - start:,} bytes after its header, expected {size}.")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _read_folder(folder: Path) -> Images:
    """The pictures of a folder, and of its subfolders, whose names are labels; in order of their names."""
    paths = sorted(
        path
        for path in [*folder.glob("*"), *folder.glob("*/*")]
        if path.suffix.lower() == ".png" and path.is_file() and not path.name.startswith(".")
    )
    if not paths:
        raise ValueError(f"{folder}: no .png file in it or in its subfolders.")
    names = [path.relative_to(folder).as_posix() for path in paths]
    labelled = ["/" in name for name in names]
    if any(labelled) and not all(labelled):
        raise ValueError(
            f"{folder}: {names[labelled.index(False)]!r} is in no subfolder, so it has no label; others have."
        )
    labels = np.array([path.parent.name for path in paths]) if all(labelled) else None
    pictures = [_read_picture(path) for path in paths]
    return Images(pictures, labels, np.array(names), source=str(folder))  # type: ignore[arg-type]  # which checks their sizes


def _read_picture(path: Path) -> np.ndarray:
    """Ink from 0 (white) to 1 (black), shape (height, width); transparent is paper."""
    try:
        picture = imread(path)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"{path}: not a .png that can be read ({error}).") from None
    if picture.ndim == 2:
        return 1 - picture
    opaque = picture[..., 3] if picture.shape[2] == 4 else np.float32(1)
    return np.clip(opaque * (1 - picture[..., :3] @ GREY), 0, 1)
