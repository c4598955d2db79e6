"""The spans of days that have a row in a table of days."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class DayTable:
    """Spans of days of equal length; those in which something happened are known.

    Parameters
    ----------
    first : datetime64[D]
        The day on which the first span begins.
    width : int
        Days per span.
    known : ndarray of int, shape (n_known,)
        Numbers of the known spans, in order.
    n_pairs : ndarray of int, shape (n_known,)
        How much happened in each.
    """

    first: np.datetime64
    width: int
    known: np.ndarray
    n_pairs: np.ndarray

    @classmethod
    def of(cls, times: np.ndarray, width: int) -> Self:
        """The spans of the times, from the first of them."""
        days = times.astype("datetime64[D]")
        known, n_pairs = np.unique((days - days.min()).astype(int) // width, return_counts=True)
        return cls(days.min(), width, known, n_pairs)

    def __len__(self) -> int:
        return len(self.known)

    def position(self, times: np.ndarray) -> np.ndarray:
        """Row of each time in the table, shape (n,); an unknown day gets that of the nearest known one."""
        spans = self._spans(times)
        after = np.minimum(np.searchsorted(self.known, spans), len(self) - 1)
        before = np.maximum(after - 1, 0)
        return np.where(spans - self.known[before] <= np.abs(self.known[after] - spans), before, after)

    def remark(self, times: np.ndarray) -> str | None:
        """What to say of days that are not known: the first, which is taken for it, and how many more; or None."""
        missed = np.flatnonzero(~np.isin(self._spans(times), self.known))
        if not len(missed):
            return None
        first = np.asarray(times)[missed[0]].astype("datetime64[D]")
        others = f", and so for {len(missed) - 1} more" if len(missed) > 1 else ""
        nearest = self.starts()[self.position(first)]
        return f"Training never saw {first}; the nearest day that it knows is taken, {nearest}{others}."

    def _spans(self, times: np.ndarray) -> np.ndarray:
        return (np.asarray(times).astype("datetime64[D]") - self.first).astype(int) // self.width

    def starts(self) -> np.ndarray:
        """First day of every known span, datetime64[D], shape (n_known,)."""
        return self.first + self.known * self.width

    def gaps(self) -> np.ndarray:
        """How many spans lie between each known one and the next, shape (n_known - 1,)."""
        return np.diff(self.known)

    def metadata(self) -> pd.DataFrame:
        """``day`` (since the first) and ``n_pairs`` of every known span."""
        return pd.DataFrame({"day": self.known * self.width, "n_pairs": self.n_pairs})
