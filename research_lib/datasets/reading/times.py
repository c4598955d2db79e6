"""Times as people write them, all of a column in one format."""

import numpy as np
import pandas as pd

FORMATS: dict[str, list[str]] = {  # none is ambiguous: 03/04/2021 is not among them
    "seconds since 1970": [],
    "YYYYMMDD": ["%Y%m%d"],
    "YYYY-MM-DD": ["%Y-%m-%d"],
    "YYYY/MM/DD": ["%Y/%m/%d"],
    "YYYY.MM.DD": ["%Y.%m.%d", "%Y. %m. %d", "%Y.%m.%d.", "%Y. %m. %d."],
    "YYYY-MM-DD hh:mm:ss": [
        f"%Y-%m-%d{between}%H:%M{seconds}{zone}"
        for seconds in (":%S", "", ":%S.%f")
        for between in " T"
        for zone in ("", "Z")
    ],
}


def read_times(cells: pd.Series) -> np.ndarray:
    """A column of text as times.

    Parameters
    ----------
    cells : Series of str, shape (n,)
        One of the `FORMATS`, the same in all cells; the index numbers the rows, for messages. Times are taken as UTC.

    Returns
    -------
    ndarray of datetime64[s], shape (n,)

    Raises
    ------
    ValueError
        If a cell is empty, is no time, or is in another format than the first.
    """
    text = cells.str.strip()
    first = _format_of(text.iloc[0])
    times = _parse(text, first or "YYYYMMDD")
    if times.isna().any():
        place = times.isna().argmax()
        cell, other = text.iloc[place], _format_of(text.iloc[place])
        problem = f"{cell!r} is no time that can be read, or no day of the calendar" if cell else "no time"
        expected = f"expected one of: {', '.join(FORMATS)}; turn offsets and milliseconds into UTC seconds first"
        if other:
            problem, expected = (
                f"{cell!r} is {other}, but the first, {text.iloc[0]!r}, is {first}",
                "expected one format",
            )
        raise ValueError(f"row {cells.index[place]}, column {cells.name!r}: {problem}, {expected}.")
    return times.to_numpy("datetime64[s]")


def _format_of(cell: str) -> str | None:
    return next((name for name in FORMATS if _parse(pd.Series([cell]), name).notna().all()), None)


def _parse(text: pd.Series, name: str) -> pd.Series:
    """The times of cells in this format; NaT for others."""
    if not FORMATS[name]:
        return pd.to_datetime(pd.to_numeric(text.where(text.str.fullmatch(r"[0-9]{9,10}(?:\.0*)?"))), unit="s")
    # pandas would take 2021112, two blanks, a single digit of the minutes and a sixtieth second, too.
    text = text.where(text.str.fullmatch(r"[0-9]{8}|[0-9]{4}\D.*") & ~text.str.contains(r"\s\s|:\d(?!\d)|:60"))
    times = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    for form in FORMATS[name]:
        times = times.fillna(pd.to_datetime(text[times.isna()], format=form, errors="coerce").dt.as_unit("us"))
    return times
