import unicodedata
from importlib.resources import files

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def table():
    with files("research_lib.datasets").joinpath("tables/ingredients.csv").open(encoding="utf-8") as lines:
        return pd.read_csv(lines, keep_default_na=False)


def test_every_ingredient_stands_once_in_the_order_of_its_name(table):
    assert list(table.columns) == ["inci_name", "korean_name", "purposes"]
    assert len(table) >= 300
    names = table["inci_name"]
    assert names.is_unique
    assert list(names) == sorted(names, key=str.encode)
    assert all(name.isascii() and name == name.upper().strip() != "" for name in names)


def test_korean_names_are_hangul_composed_and_unique(table):
    korean = table["korean_name"][table["korean_name"] != ""]
    assert korean.is_unique
    for name in korean:
        assert name == unicodedata.normalize("NFC", name).strip()
        assert any("가" <= character <= "힣" for character in name), name


def test_purposes_of_an_ingredient_are_distinct_and_trimmed(table):
    for purposes in table["purposes"].str.split("|"):
        assert 1 <= len(purposes) <= 7
        assert len(set(purposes)) == len(purposes)
        assert all(purpose and purpose == purpose.strip() for purpose in purposes)


def test_the_table_is_varied_enough_for_a_map(table):
    purposes = table["purposes"].str.split("|")
    counts = purposes.explode().value_counts()
    assert len(counts) >= 60
    assert 2 < purposes.str.len().mean() < 4
    assert counts.max() < len(table) / 2
