"""Times as people write them, all of a column in one format."""

import re

import numpy as np
import pandas as pd

FORMATS = {  # none is ambiguous: 03/04/2021 is not among them
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
OTHERS = re.compile(r"\d{12,13}|\d{4}-.*[T ]\d{1,2}:.*[+-]\d{2}:?(?:\d{2})?")
IN_UTC = "Turn times with an offset or in milliseconds into UTC seconds first."


def read_times(cells: pd.Series) -> np.ndarray:
    """A column of text as times.

    Parameters
    ----------
    cells : Series of str, shape (n,)
        In one of the `FORMATS`, the same for all; the index numbers the rows for messages. Times are taken as UTC.

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
    times = _read(text, first)
    if times.notna().all():
        return times.to_numpy("datetime64[s]")
    place = int(times.isna().argmax())
    cell, where, expected = text.iloc[place], f"row {cells.index[place]}, column {cells.name!r}", ", ".join(FORMATS)
    if not cell:
        raise ValueError(f"{where}: no time, expected one of: {expected}.")
    if found := _format_of(cell):
        raise ValueError(f"{where}: {cell!r} is {found}, but the first, {text.iloc[0]!r}, is {first}: use one format.")
    hint = f" {IN_UTC}" if OTHERS.fullmatch(cell) else ""
    raise ValueError(
        f"{where}: {cell!r} is no time that can be read, or no day of the calendar; expected one of: {expected}.{hint}"
    )


def _format_of(cell: str) -> str | None:
    return next((name for name in FORMATS if _read(pd.Series([cell], dtype="str"), name).notna().all()), None)


def _read(text: pd.Series, name: str | None) -> pd.Series:
    """Times in one of the formats; what is not is NaT."""
    times = pd.Series(pd.NaT, index=text.index, dtype="datetime64[us]")
    if name == "seconds since 1970":
        seconds = text.where(text.str.fullmatch(r"\d{9,10}(?:\.0*)?"))
        return pd.to_datetime(pd.to_numeric(seconds), unit="s")
    # On its own, pandas would take 2001012, two blanks, one digit of the minutes and a 60th second.
    text = text.where(text.str.fullmatch(r"\d{8}|\d{4}\D.*") & ~text.str.contains(r"\s\s|:\d(?!\d)|:60"))
    for form in FORMATS[name] if name else []:
        times = times.fillna(pd.to_datetime(text[times.isna()], format=form, errors="coerce").dt.as_unit("us"))
    return times
