import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.datasets.reading.infobox import tidy_infoboxes


@given(st.lists(st.dictionaries(st.sampled_from(["author", "genre", "country", "pub_date"]), st.text(), min_size=1)))
def test_any_infobox_becomes_tidy_columns(infoboxes):
    tidy = tidy_infoboxes(infoboxes)
    assert list(tidy.columns) == ["author", "genre", "country", "language", "year"]
    assert len(tidy) == len(infoboxes)
    assert not (tidy == "").any(axis=None)


@pytest.mark.parametrize(
    ("column", "field", "raw", "tidy"),
    [
        ("author", "author", "[[Leo Tolstoy]]", "Leo Tolstoy"),
        ("author", "author", "[[Leo Tolstoy|L. N. Tolstoy]]<ref name=a>birth</ref>", "L. N. Tolstoy"),
        ("author", "authors", "[[Ilya Ilf]]<br />[[Yevgeni Petrov]]", "Ilya Ilf, Yevgeni Petrov"),
        ("author", "author", " <!-- nobody --> ", None),
        ("genre", "genre", "[[Historical novel]], [[Romance]]", "Historical"),
        ("genre", "genre", "''Fantasy''", "Fantasy"),
        ("genre", "genre", "[[Science fiction novel]]", "Science fiction"),
        ("genre", "genre", "[[Children's literature]]", "Children's"),
        ("genre", "genre", "Picture book", "Picture book"),
        ("country", "country", "[[Russian Empire]]", "Russia"),
        ("country", "country", "U.S.", "United States"),
        ("country", "country", "England & France", "United Kingdom"),
        ("country", "country", "France<br>Belgium", "France"),
        ("language", "language", "[[Russian language]]", "Russian"),
        ("language", "language", "english", "English"),
        (
            "author",
            "author",
            "Tom < br / > Ann < ref name= a >  < /ref >",
            "Tom, Ann",
        ),  # as the dump's tables have them
        ("author", "author", "Tom \n < !-- who else?", "Tom"),
        ("author", "author", "{{" * 20_000 + "}}" * 20_000 + "Tom", "Tom"),
        ("author", "author", " " * 100_000, None),
        ("year", "release_date", "1869 (serialised 1865)", 1869),
        ("year", "pub_date", "{{start date|1954|7|29}}", 1954),
        ("year", "published", "number 12004 of 3000", None),
    ],
)
def test_a_field_of_the_infobox_is_tidied(column, field, raw, tidy):
    found = tidy_infoboxes([{field: raw}, {}])[column]
    assert found[0] == tidy if tidy is not None else pd.isna(found[0])
    assert pd.isna(found[1])
