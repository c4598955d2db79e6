"""What the tests share: how a table of books is written, and which real data is at hand."""

import json
from pathlib import Path

import matplotlib
import pytest
from hypothesis import settings

from research_lib.datasets import catalogue

matplotlib.use("Agg")
settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("repeatable")


def pytest_runtest_setup(item):
    """``@pytest.mark.real("books-p15")`` runs where that dataset is in the cache, and says so when it is not."""
    for mark in item.iter_markers("real"):
        for name in mark.args or ("books-p15",):
            if not catalogue.is_cached(name):
                pytest.skip(f"{name} is not in the cache: research-lib data fetch {name}, or data import FOLDER")


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of one's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv(catalogue.CACHE_VARIABLE, str(folder))
    return folder


def article(title, links=(), **infobox) -> str:
    """A line of an .ndjson of books."""
    return json.dumps([title, infobox, list(links), [], "2018-08-29T12:00:00Z", 1234], ensure_ascii=False) + "\n"


@pytest.fixture
def write_books(tmp_path):
    """Write lines, or whole articles as ``title=[links]``, and get the path."""

    def write(*lines: str, name: str = "books.ndjson", **articles: list[str]) -> Path:
        path = tmp_path / name
        text = "".join([*lines, *(article(title, links) for title, links in articles.items())])
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    return write


def authors_as_written(name: str) -> list[str | None]:
    """Lower-cased authors of a dataset's books as the infobox has them: the labels of the published numbers."""
    with catalogue.cached_paths(name)[0].open(encoding="utf-8") as file:
        books = [json.loads(line) for line in file]
    authors = [infobox.get("author") for title, infobox, *_ in books if "Wikipedia:" not in title]
    return [author and author.lower() for author in authors]
