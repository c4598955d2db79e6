"""`Interactions`: pairs between two named axes, perhaps with times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.checks import UnknownName, as_metadata, as_names
from research_lib.containers.fields import FILLED_LATER, no_cleaning, set_fields


@dataclass(frozen=True, eq=False)
class Interactions:
    """Pairs between two named axes: book–link, ingredient–purpose, user–item.

    Parameters
    ----------
    pairs : ndarray of int, shape (n_pairs, 2)
        Row and column of every pair. A pair may occur more than once (a page that links twice).
    row_names, col_names : sequence of str
        The names of the two axes, each name once.
    row_metadata, col_metadata : DataFrame, optional
        What is known of every row or column, in the order of the names.
    times : array-like, shape (n_pairs,), optional
        When each pair happened.
    source : str
        Where the table came from.
    axes : tuple of str
        What a row and a column are, singular: ``("book", "link")``.
    cleaning : DataFrame, optional
        What was counted and dropped on the way: columns ``step`` and ``count``.

    Raises
    ------
    ValueError
        If there are no pairs, a name stands twice, or a pair points outside the names.
    """

    pairs: np.ndarray
    row_names: np.ndarray
    col_names: np.ndarray
    row_metadata: pd.DataFrame = FILLED_LATER
    col_metadata: pd.DataFrame = FILLED_LATER
    times: np.ndarray | None = None
    source: str = "memory"
    axes: tuple[str, str] = ("row", "column")
    cleaning: pd.DataFrame = field(default_factory=no_cleaning)

    def __post_init__(self) -> None:
        pairs = np.asarray(self.pairs)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise ValueError(f"{self.source}: pairs have shape {pairs.shape}, expected (n_pairs, 2).")
        if not len(pairs):
            raise ValueError(f"{self.source}: no {self.axes[0]}–{self.axes[1]} pairs.")
        if not np.issubdtype(pairs.dtype, np.integer):
            raise ValueError(f"{self.source}: pairs are {pairs.dtype}, expected integers (positions in the names).")
        set_fields(self, pairs=pairs.astype(np.int64, copy=False))
        for number, side in enumerate(("row", "col")):
            names = as_names(getattr(self, f"{side}_names"), f"{self.source}: {self.axes[number]}")
            metadata = as_metadata(getattr(self, f"{side}_metadata"), names, f"{self.source}: {self.axes[number]}")
            set_fields(self, **{f"{side}_names": names, f"{side}_metadata": metadata})
            low, high = pairs[:, number].min(), pairs[:, number].max()
            if low < 0 or high >= len(names):
                raise ValueError(
                    f"{self.source}: a pair names {self.axes[number]} number {low if low < 0 else high}, "
                    f"but there are {len(names)}. Are the axes the right way round?"
                )
        if self.times is not None:
            times = np.asarray(self.times)
            if len(times) != len(pairs):
                raise ValueError(f"{self.source}: {len(times)} times for {len(pairs)} pairs.")
            set_fields(self, times=times)

    @classmethod
    def from_lists(
        cls, lists: Mapping[str, Iterable[str]], axes: tuple[str, str] = ("row", "column"), **fields
    ) -> Self:
        """Build from plain lists: ``{"War and Peace": ["Russia", "Napoleon"], …}``.

        Parameters
        ----------
        lists : mapping of str to iterable of str
            The column names of every row name; columns are numbered in order of first appearance.
        axes : tuple of str
            What a row and a column are.
        **fields
            Further fields of `Interactions`.
        """
        for name, values in lists.items():
            if isinstance(values, str):
                raise ValueError(f"{name!r} has the text {values!r}, expected a list of names.")
        row_names = np.array(list(lists), dtype=object)
        cols = [list(values) for values in lists.values()]
        rows = np.repeat(np.arange(len(row_names)), [len(values) for values in cols])
        codes, col_names = pd.factorize(np.array([name for values in cols for name in values], dtype=object))
        return cls(np.column_stack([rows, codes]), row_names, col_names, axes=axes, **fields)

    def __len__(self) -> int:
        return len(self.pairs)

    def __repr__(self) -> str:
        row, col = self.axes
        return f"Interactions({self.n_rows:,} {row}s × {self.n_cols:,} {col}s, {len(self):,} pairs, from {self.source})"

    @property
    def n_rows(self) -> int:
        return len(self.row_names)

    @property
    def n_cols(self) -> int:
        return len(self.col_names)

    def keys(self) -> np.ndarray:
        """One integer a pair, ``row * n_cols + col``, shape (n_pairs,)."""
        return self.pairs[:, 0] * self.n_cols + self.pairs[:, 1]

    def distinct_keys(self) -> np.ndarray:
        """The `keys` in order, each once, shape (n_distinct_pairs,)."""
        keys = np.sort(self.keys())  # np.unique hashes, which takes six times as long
        return keys[np.append(True, keys[1:] != keys[:-1])]

    def cols_of(self, row_name: str) -> list[str]:
        """Names of the columns that a row has, in the order of the axis."""
        return list(self.col_names[np.unique(self.pairs[self.pairs[:, 0] == row_of(self, row_name), 1])])

    def in_common(self, row_name: str, others: Iterable[str]) -> pd.DataFrame:
        """What a row shares with each of some others, and what only one of the two has.

        Parameters
        ----------
        row_name : str
            The row.
        others : iterable of str
            Rows to compare it with.

        Returns
        -------
        DataFrame
            A row for each of `others`, its name in the index; columns ``shared``, ``missing`` (what the other does not
            have) and ``additional`` (what only the other has): lists in the order of the axis.
        """
        own = self.cols_of(row_name)
        found = {}
        for other in others:
            theirs = self.cols_of(other)
            found[other] = {
                "shared": [name for name in own if name in theirs],
                "missing": [name for name in own if name not in theirs],
                "additional": [name for name in theirs if name not in own],
            }
        return pd.DataFrame.from_dict(found, orient="index", columns=["shared", "missing", "additional"])

    def distinct(self) -> Self:
        """The same table with every pair once, sorted by row and column; times are dropped."""
        return self.with_pairs(np.column_stack(np.divmod(self.distinct_keys(), self.n_cols)))

    def with_pairs(self, pairs: np.ndarray, times: np.ndarray | None = None) -> Self:
        """The same axes with other pairs: a split, a sample."""
        return replace(self, pairs=pairs, times=times)

    def to_csr(self) -> sparse.csr_array:
        """Binary matrix, shape (n_rows, n_cols), float32; a repeated pair counts once."""
        rows, cols = self.distinct().pairs.T.astype(np.int32)  # scikit-learn takes no wider indices
        return sparse.csr_array((np.ones(len(rows), np.float32), (rows, cols)), shape=(self.n_rows, self.n_cols))


def row_of(interactions: Interactions, row_name: str) -> int:
    """The number of the row of this name."""
    found = np.flatnonzero(interactions.row_names == row_name)
    if not len(found):
        raise UnknownName.among(interactions.row_names, row_name, interactions.axes[0])
    return int(found[0])


def in_order(interactions: Interactions) -> np.ndarray:
    """Positions of the pairs by row and time, shape (n_pairs,); pairs of one time stay in their order."""
    return np.lexsort((checked_times(interactions), interactions.pairs[:, 0]))


def as_moment(day: str | np.datetime64) -> np.datetime64:
    """A day or moment as people write it; `ValueError` says how."""
    try:
        moment = np.datetime64(day)
    except (TypeError, ValueError):
        moment = np.datetime64("NaT")
    if np.isnat(moment) or moment > np.datetime64("9999"):  # numpy reads 20150301 as a year
        raise ValueError(f"{day!r} is not a day, expected one such as '2015-03-01'.")
    return moment


def checked_times(interactions: Interactions) -> np.ndarray:
    """The times, datetime64, shape (n_pairs,); `ValueError` says what is wrong with them."""
    if interactions.times is None:
        row, col = interactions.axes
        raise ValueError(f"{interactions.source}: no times, expected when each {row}–{col} pair happened.")
    times = np.asarray(interactions.times)
    if not np.issubdtype(times.dtype, np.datetime64):
        raise ValueError(f"{interactions.source}: times are {times.dtype}, expected datetime64 such as datetime64[s].")
    if np.isnat(times).any():
        raise ValueError(f"{interactions.source}: the time of pair {np.isnat(times).argmax()} is missing (NaT).")
    return times
