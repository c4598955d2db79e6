import json
import math
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.runner.records import MIME, brief, collect, decode, encode, read_records, record

keys = st.text().filter(lambda key: not key.startswith("__"))
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
)


def through_json(value):
    return decode(json.loads(json.dumps(encode(value, "value"), allow_nan=False)))


def cell(*payloads):
    return {"outputs": [{"data": {MIME: {"name": name, "value": encode(value, "")}}} for name, value in payloads]}


@given(plain_values)
def test_plain_values_come_back_from_strict_json(value):
    assert through_json(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("Ada"), "Ada"),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array(["War and Peace", None], dtype=object), ["War and Peace", None]),
        ((1, 2.5), [1, 2.5]),
        (math.inf, math.inf),
        ({"low": -np.inf}, {"low": -math.inf}),
        (
            pd.Timestamp("2018-07-01 12:00:00.000000001", tz="UTC"),
            pd.Timestamp("2018-07-01 12:00:00.000000001", tz="UTC"),
        ),
        (datetime(2018, 7, 1), pd.Timestamp("2018-07-01")),
    ],
)
def test_numpy_and_dates_come_back_as_plain_python(value, expected):
    back = through_json(value)
    assert back == expected
    assert type(back) is type(expected)


def test_nan_and_nat_come_back():
    assert all(math.isnan(value) for value in through_json([math.nan, np.float32("nan")]))
    assert through_json(pd.NaT) is pd.NaT


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"a": [1]}),
        pd.Series([1]),
        {1, 2},
        object(),
        1j,
        np.array([1j]),
        np.array(["2018-07-01"], dtype="datetime64[D]"),
        np.longdouble(1),
        {1: "a key that would come back as text"},
        {"__float__": "nan"},
        pd.NA,
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_would_not_come_back_is_refused(value):
    with pytest.raises(TypeError, match=r"record\('table'\)\['inner'\]\[0\]: a \w+ could not be given back"):
        record("table", {"inner": [value]})


def test_a_record_needs_a_name():
    with pytest.raises(TypeError, match="takes a name and a value"):
        record(0.5, "hit_at_10")


def test_records_are_read_from_a_notebook_or_the_folder_of_its_run(tmp_path):
    notebook = {"cells": [{"cell_type": "markdown"}, cell(("hit", 0.5), ("names", ["a"])), cell(("worst", math.nan))]}
    (tmp_path / "04_books.ipynb").write_text(json.dumps(notebook))
    for path in (tmp_path, tmp_path / "04_books.ipynb"):
        records = read_records(path)
        assert list(records) == ["hit", "names", "worst"]
        assert records["names"] == ["a"]


def test_a_name_recorded_twice_is_an_error_when_read():
    with pytest.raises(ValueError, match="04_books: 'hit' is recorded twice"):
        collect([cell(("hit", 1)), cell(("hit", 2))], "04_books")


@pytest.mark.parametrize(
    "payload",
    [["hit", 1], "hit", None, {"name": "hit"}, {"value": 1}, {"name": "hit", "value": {"__float__": "much"}}],
    ids=str,
)
def test_what_is_no_record_is_named_with_its_notebook(payload):
    with pytest.raises(ValueError, match=r"04_books: .* is no record"):
        collect([{"outputs": [{"data": {MIME: payload}}]}], "04_books")


def test_a_folder_without_a_notebook_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        read_records(tmp_path)


def test_brief_is_one_short_line():
    assert brief(0.123456) == "0.1235"
    assert len(brief(list(range(1000)))) == 100
