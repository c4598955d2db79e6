"""`Images`: grey pictures of one size, with names and perhaps labels."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd

from research_lib.checks import as_names
from research_lib.containers.fields import FILLED_LATER, no_cleaning, set_fields


@dataclass(frozen=True, eq=False)
class Images:
    """Grey images of one size.

    Parameters
    ----------
    pixels : array, shape (n, height, width), or sequence of arrays of one shape (height, width)
        From 0 to 1, or from 0 to 255 as uint8; kept as float32 from 0 to 1.
    labels : sequence, shape (n,), optional
        What each image shows, kept as text: ``"7"``.
    names : sequence of str, optional
        Each name once; by default the numbers from 1.
    source : str
        Where the images came from.
    cleaning : DataFrame, optional
        What was counted and dropped on the way: columns ``step`` and ``count``.

    Raises
    ------
    ValueError
        If there are no images, their sizes differ, or a pixel is outside its range; the message names the image.
    """

    pixels: np.ndarray
    labels: np.ndarray | None = None
    names: np.ndarray = FILLED_LATER
    source: str = "memory"
    cleaning: pd.DataFrame = field(default_factory=no_cleaning)

    def __post_init__(self) -> None:
        n = len(self.pixels)
        if not n:
            raise ValueError(f"{self.source}: no images.")
        names = as_names(range(1, n + 1) if self.names is None else self.names, f"{self.source}: image")
        if len(names) != n:
            raise ValueError(f"{self.source}: {len(names)} names for {n} images.")
        set_fields(self, names=names, pixels=_as_pixels(self.pixels, names, self.source))
        if self.labels is not None:
            labels = pd.Series(list(self.labels), dtype=object)
            if len(labels) != n:
                raise ValueError(f"{self.source}: {len(labels)} labels for {n} images.")
            if labels.isna().any():
                name = names[labels.isna().argmax()]
                raise ValueError(f"{self.source}: image {name!r} has no label, expected one for all or for none.")
            set_fields(self, labels=labels.map(str).to_numpy(dtype=object))

    def __len__(self) -> int:
        return len(self.pixels)

    def __repr__(self) -> str:
        labels = "" if self.labels is None else f" with {len(set(self.labels))} labels"
        return f"Images({len(self):,} images{labels}, {self.height} × {self.width}, from {self.source})"

    @property
    def height(self) -> int:
        return self.pixels.shape[1]

    @property
    def width(self) -> int:
        return self.pixels.shape[2]

    @property
    def metadata(self) -> pd.DataFrame:
        """A row an image, for an `Embedding` of them: the column ``label``, if there are labels."""
        return pd.DataFrame({} if self.labels is None else {"label": self.labels}, index=pd.RangeIndex(len(self)))

    def to_matrix(self) -> np.ndarray:
        """A row an image, shape (n, height * width), float32."""
        return self.pixels.reshape(len(self), -1)

    def need_labels(self) -> Self:
        """These images, if they have two different labels or more.

        Raises
        ------
        ValueError
            If they have no labels, or one for all.
        """
        n_labels = 0 if self.labels is None else len(set(self.labels))
        if n_labels < 2:
            raise ValueError(
                f"{self.source}: {len(self):,} images with {n_labels} different labels, expected at least two: in a "
                "folder, a subfolder a label."
            )
        return self

    def subset(self, positions: np.ndarray) -> Self:
        """Some images only, given as positions or a boolean mask."""
        labels = None if self.labels is None else self.labels[positions]
        return replace(self, pixels=self.pixels[positions], labels=labels, names=self.names[positions])


def _as_pixels(pixels: Sequence | np.ndarray, names: np.ndarray, source: str) -> np.ndarray:
    """Shape (n, height, width), float32 from 0 to 1."""
    each = pixels if isinstance(pixels, np.ndarray) else [np.asarray(image) for image in pixels]
    for name, image in zip(names, each, strict=True):
        if image.ndim != 2:
            raise ValueError(
                f"{source}: image {name!r} has shape {image.shape}, expected (height, width): shades of grey."
            )
        if image.shape != each[0].shape or not image.size:
            size, first_size = (" × ".join(map(str, one.shape)) for one in (image, each[0]))
            raise ValueError(
                f"{source}: image {name!r} is {size} pixels, the first is {first_size}; expected one size."
            )
    images = np.asarray(each)
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 255
    if images.dtype.kind not in "bf":
        raise ValueError(f"{source}: pixels are {images.dtype}, expected numbers from 0 to 1, or uint8.")
    low, high = images.min(axis=(1, 2)), images.max(axis=(1, 2))
    wrong = ~((low >= 0) & (high <= 1))  # also NaN
    if wrong.any():
        first = wrong.argmax()
        raise ValueError(
            f"{source}: the pixels of image {names[first]!r} go from {low[first]:g} to {high[first]:g}, "
            f"expected 0 to 1, or uint8."
        )
    return images.astype(np.float32)
