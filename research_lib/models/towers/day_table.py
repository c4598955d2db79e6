"""The days that a table of days has a row for."""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class DayTable:
    """Spans of days, as many days each, of which those are known on which something happened.

    Parameters
    ----------
    first : datetime64[D]
        The day on which the first span begins.
    width : int
        Days a span.
    known : ndarray of int, shape (n_known,)
        Numbers of the spans that are known, rising.
    n_pairs : ndarray of int, shape (n_known,)
        How much happened in each.
    """

    first: np.datetime64
    width: int
    known: np.ndarray
    n_pairs: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray, width: int) -> Self:
        """The spans of the times, from the first of them on."""
        days = times.astype("datetime64[D]")
        known, n_pairs = np.unique((days - days.min()).astype(int) // width, return_counts=True)
        return cls(days.min(), width, known, n_pairs)

    def __len__(self) -> int:
        return len(self.known)

    def position(self, times: np.ndarray) -> np.ndarray:
        """Row of each time in the table, shape (n,); of a day that is not known that of the nearest known one.

        Warns
        -----
        UserWarning
            If a day is not known: how many are not, the first of them, and which is taken for it.
        """
        days = np.asarray(times).astype("datetime64[D]")
        spans = (days - self.first).astype(int) // self.width
        after = np.minimum(np.searchsorted(self.known, spans), len(self) - 1)
        before = np.maximum(after - 1, 0)
        found = np.where(spans - self.known[before] <= np.abs(self.known[after] - spans), before, after)
        missed = np.flatnonzero(self.known[found] != spans)
        if len(missed):
            where = missed[0]
            others = f", and so for {len(missed) - 1} more" if len(missed) > 1 else ""
            warnings.warn(
                f"Training never saw {days[where]}; the nearest day that it knows is taken, "
                f"{self.starts()[found[where]]}{others}.",
                stacklevel=5,  # at who asked `TwoTower`
            )
        return found

    def starts(self) -> np.ndarray:
        """First day of every known span, datetime64[D], shape (n_known,)."""
        return self.first + self.known * self.width

    def gaps(self) -> np.ndarray:
        """How many spans each known one is after the one before it, shape (n_known - 1,)."""
        return np.diff(self.known)

    def metadata(self) -> pd.DataFrame:
        """``day`` (since the first) and ``n_pairs`` of every known span."""
        return pd.DataFrame({"day": self.known * self.width, "n_pairs": self.n_pairs})
