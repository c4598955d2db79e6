import pandas as pd
import pytest

from research_lib.datasets.reading.times import read_times


@pytest.mark.parametrize(
    "cells",
    [
        ["978307200", "978393600.0"],
        ["20010101", "20010102"],
        ["2001-01-01", "2001-1-2"],
        ["2001/01/01", "2001/1/2"],
        ["2001.01.01", "2001. 1. 2."],
        ["2001-01-01 00:00", "2001-01-02T00:00:00Z"],
        ["2001-1-1T23:59Z", "2001-01-02 0:00:00.25"],
    ],
)
def test_times_in_one_format_are_read(cells):
    times = read_times(pd.Series(cells, name="time"))
    assert times.dtype == "datetime64[s]"
    assert times.astype("datetime64[D]").astype(str).tolist() == ["2001-01-01", "2001-01-02"]


@pytest.mark.parametrize(
    "cell",
    [
        *("2001112", "2001032.", "٢٠٠١-٠١-٠١", "1/2/2001", "20011301", "2001/01/01.", "2001-1"),
        *("2001-01-01 25:00", "2001-01-01T00:00+09", "2001-01-01 9:5", "2001-01-01  09:05", "2001-01-01 09:05:60"),
    ],
)
def test_what_is_unclear_is_no_time(cell):
    with pytest.raises(ValueError, match=r"row 1, column 'time': .* is no time that can be read, or no day"):
        read_times(pd.Series(["2001-01-01", cell], name="time"))
