"""Times as people write them, all of a column in one format."""

import re

import numpy as np
import pandas as pd

FORMATS = {  # none is ambiguous: 03/04/2021 is not among them
    "seconds since 1970": re.compile(r"\d{9,10}(?:\.0*)?"),
    "YYYYMMDD": re.compile(r"\d{8}"),
    "YYYY-MM-DD": re.compile(r"\d{4}-\d{1,2}-\d{1,2}"),
    "YYYY/MM/DD": re.compile(r"\d{4}/\d{1,2}/\d{1,2}"),
    "YYYY.MM.DD": re.compile(r"\d{4}\.\s?\d{1,2}\.\s?\d{1,2}\.?"),
    "YYYY-MM-DD hh:mm:ss": re.compile(r"\d{4}-\d{1,2}-\d{1,2}[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?Z?"),
}
OTHERS = re.compile(r"\d{12,13}|\d{4}-.*[T ]\d{1,2}:.*[+-]\d{2}:?(?:\d{2})?")
IN_UTC = "Times with an offset or in milliseconds are to be turned into UTC seconds first."


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
    expected = f"expected one of: {', '.join(FORMATS)}"
    found = [next((name for name, form in FORMATS.items() if form.fullmatch(cell)), None) for cell in text]
    for row, cell, name in zip(cells.index, text, found, strict=True):
        where = f"row {row}, column {cells.name!r}"
        if not cell:
            raise ValueError(f"{where}: no time, {expected}.")
        if name is None:
            hint = f" {IN_UTC}" if OTHERS.fullmatch(cell) else ""
            raise ValueError(f"{where}: {cell!r} is no time that can be read, {expected}.{hint}")
        if name != found[0]:
            raise ValueError(
                f"{where}: {cell!r} is {name}, but the first, {text.iloc[0]!r}, is {found[0]}: expected one format."
            )
    if found[0] == "seconds since 1970":
        return text.astype(float).to_numpy().astype(np.int64).astype("datetime64[s]")
    digits = text.str.replace(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", regex=True)
    digits = digits.str.replace(r"^(\d{4})[/.]\s?(\d+)[/.]\s?(\d+)\.?$", r"\1-\2-\3", regex=True).str.rstrip("Z")
    times = pd.to_datetime(digits, format="mixed", yearfirst=True, errors="coerce")
    if times.isna().any():
        row = cells.index[times.isna().argmax()]
        raise ValueError(f"row {row}, column {cells.name!r}: {text[row]!r} is no day of the calendar.")
    return times.to_numpy("datetime64[s]")
