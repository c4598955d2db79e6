"""The boxes at the right of Wikipedia's book articles, made into tidy columns."""

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from research_lib.datasets.reading.wiki_markup import without_markup

COUNTRIES = {
    "america": "United States",
    "united states": "United States",
    "u.s.": "United States",
    "u.s.a.": "United States",
    "us": "United States",
    "usa": "United States",
    "united states of america": "United States",
    "britain": "United Kingdom",
    "england": "United Kingdom",
    "great britain": "United Kingdom",
    "scotland": "United Kingdom",
    "u.k.": "United Kingdom",
    "uk": "United Kingdom",
    "united kingdom": "United Kingdom",
    "wales": "United Kingdom",
    "republic of ireland": "Ireland",
    "imperial russia": "Russia",
    "russian empire": "Russia",
    "ussr": "Soviet Union",
    "people's republic of china": "China",
    "west germany": "Germany",
}
FIELDS = {"author": ("author", "authors"), "genre": ("genre",), "country": ("country",), "language": ("language",)}
BREAK = re.compile(r"< ?br ?/? ?>")
COMMAS = re.compile(r" ?(?:, ?)+")
FURTHER = re.compile(r"[,;/•·|(].*| & .*")
FORM = re.compile(r"\s+(novels?|novella|fiction|literature|books?)$")
YEAR = re.compile(r"(?<!\d)(1\d{3}|20[0-4]\d)(?!\d)")


def tidy_infoboxes(infoboxes: Sequence[Mapping[str, str]]) -> pd.DataFrame:
    """Author, genre, country, language and year of every book.

    Parameters
    ----------
    infoboxes : sequence of mapping
        The fields of each book as they stand in the article.

    Returns
    -------
    DataFrame
        One row a book: ``author`` (all that are named), ``genre``, ``country``, ``language`` (the first named, spelt
        one way) and ``year`` (nullable integer). What is not known is missing.
    """
    written = {name: _first_of(infoboxes, *fields) for name, fields in FIELDS.items()}
    text = pd.DataFrame({name: [cell and _plain(cell) for cell in written[name]] for name in written}, dtype="str")
    dates = pd.Series(_first_of(infoboxes, "release_date", "pub_date", "published"), dtype="str")
    first = text[["genre", "country", "language"]].apply(
        lambda column: column.str.replace(FURTHER, "", regex=True).str.strip()
    )
    genre = first["genre"].str.lower().str.replace("nonfiction", "non-fiction")
    short = genre.str.replace(FORM, "", regex=True)
    # "Fantasy novel" is fantasy, but "science fiction" is not science, nor a picture book a picture.
    text["genre"] = short.where(
        ~short.str.fullmatch("science|literary|short|.*picture", na=False), genre
    ).str.capitalize()
    text["country"] = first["country"].str.lower().map(COUNTRIES).fillna(first["country"])
    text["language"] = first["language"].str.replace(r"\s+language$", "", regex=True, case=False).str.title()
    text["year"] = dates.str.extract(YEAR, expand=False).astype("Int64")
    return text.replace("", pd.NA)


def _first_of(infoboxes: Sequence[Mapping[str, str]], *fields: str) -> list[str | None]:
    """The first of the fields that each box has."""
    return [next((str(box[field]) for field in fields if box.get(field)), None) for box in infoboxes]


def _plain(written: str) -> str:
    """A field without markup on one line, its parts separated by commas."""
    text = without_markup(BREAK.sub(", ", " ".join(written.split())))
    return COMMAS.sub(", ", " ".join(text.split())).strip(" ,")
