import gzip
import json

import pandas as pd
import pytest
from conftest import article
from hypothesis import given
from hypothesis import strategies as st

from research_lib.datasets import load
from research_lib.datasets.books import SAMPLE

GOOD = article("Emma", ["Novel", "England"])
titles = st.text().filter(lambda title: "Wikipedia:" not in title)
tables = st.dictionaries(titles, st.lists(st.text(), max_size=5), min_size=1).filter(lambda table: any(table.values()))


def counted(books):
    return dict(books.cleaning.itertuples(index=False))


def linked(books):
    """The links of every book, as they stand in the pairs."""
    links = {title: [] for title in books.row_names}
    for row, col in books.pairs:
        links[books.row_names[row]].append(books.col_names[col])
    return links


@given(tables, st.booleans())
def test_any_titles_and_links_come_back_from_the_file(tmp_path_factory, table, zipped):
    path = tmp_path_factory.getbasetemp() / ("any.ndjson.gz" if zipped else "any.ndjson")
    text = "".join(article(title, links) for title, links in table.items()).encode()
    path.write_bytes(gzip.compress(text) if zipped else text)
    books = load("books", path, min_count=1, remove=())
    assert linked(books) == {title: [link.lower() for link in links] for title, links in table.items()}
    assert list(books.row_names) == list(table)


def test_the_story_of_the_cleaning_number_by_number(write_books):
    path = write_books(
        article("War and Peace", ["Russia", "russia", "Novel", "Paperback"], author="[[Leo Tolstoy]]"),
        article("Candide", ["Russia", "Novel", "Novel"]),
        article("Wikipedia:WikiProject Novels", ["Russia"]),
        "\n",
        '["half a line", {}, ["Rus\n',
        article("Emma", ["novel", "paperback", "Tea"]),
        article("Blank", []),
    )
    with pytest.warns(UserWarning, match="1 lines could not be read and are skipped"):
        books = load("books", path, min_count=2, on_error="skip")
    assert list(books.cleaning.itertuples(index=False, name=None)) == [
        ("articles", 5),
        ("lines skipped", 1),
        ("Wikipedia: pages dropped", 1),
        ("books", 4),
        ("mentions of links", 10),
        ("links, distinct", 7),
        ("links, lower-cased", 4),
        ("links in at least 1 book", 4),
        ("links in at least 2 books", 3),
        ("links in at least 3 books", 1),
        ("links in at least 4 books", 0),
        ("links in at least 5 books", 0),
        ("links kept", 2),
        ("pairs", 7),
        ("pairs, distinct", 5),
        ("books without a kept link", 1),
    ]
    assert linked(books) == {
        "War and Peace": ["russia", "russia", "novel"],
        "Candide": ["russia", "novel", "novel"],
        "Emma": ["novel"],
        "Blank": [],
    }
    assert list(books.col_names) == ["novel", "russia"]  # most mentioned first
    assert books.col_metadata.to_dict("list") == {"n_books": [3, 2], "n_mentions": [4, 3]}
    assert books.row_metadata["author"].fillna("").tolist() == ["Leo Tolstoy", "", "", ""]
    assert books.axes == ("book", "link")
    assert books.source == str(path)


def test_links_are_counted_by_book_or_by_mention(write_books):
    path = write_books(A=["often", "often", "often", "rare"], B=["both"], C=["both"])
    assert list(load("books", path, min_count=2, count="books").col_names) == ["both"]
    assert list(load("books", path, min_count=2, count="mentions").col_names) == ["often", "both"]
    assert list(load("books", path, min_count=3, count="mentions").col_names) == ["often"]


def test_the_removal_list_is_the_callers(write_books):
    path = write_books(A=["Hardcover", "tea"], B=["hardcover", "tea"])
    assert list(load("books", path, min_count=2).col_names) == ["tea"]
    assert list(load("books", path, min_count=2, remove=()).col_names) == ["hardcover", "tea"]
    assert list(load("books", path, min_count=2, remove=["tea"]).col_names) == ["hardcover"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('["half a line", {}, ["Rus\n', r"broken JSON \(.+ at character 25\)"),
        ("Emma,1815\n", r"broken JSON \(Expecting value at character 0\)"),
        ("[" * 100_000 + "\n", r"broken JSON \(nested too deeply\)"),
        (
            '["Candide", {}, [], [], ""]\n',
            r"5 fields, expected 6 \(title, infobox, wikilinks, external links, last edit, characters\)",
        ),
        ('{"title": "Candide"}\n', r"not a list, expected one of 6 \(title, infobox"),
        (
            '["Candide", [], ["Novel"], [], "", 1]\n',
            "expected a title, an object of infobox fields and a list of links",
        ),
        ('["Candide", {}, ["Novel", 3], [], "", 1]\n', "a link that is not text"),
        (GOOD, "the title 'Emma' is in line 1 already"),
    ],
    ids=["cut", "csv", "deep", "fields", "object", "infobox", "link", "twice"],
)
def test_a_bad_line_is_named_or_else_skipped_and_counted(write_books, line, message):
    path = write_books(GOOD, line, article("Middlemarch", ["Novel"]))
    with pytest.raises(ValueError, match=rf"^books.ndjson, line 2: {message}.*\.$"):
        load("books", path, min_count=1)
    with pytest.warns(UserWarning, match="lines could not be read and are skipped"):
        books = load("books", path, min_count=1, on_error="skip")
    assert list(books.row_names) == ["Emma", "Middlemarch"]
    assert counted(books)["lines skipped"] == 1
    assert counted(books)["articles"] == 2


ARTICLES = "".join(article(f"Book {i}", ["Novel", f"Person {i * i}"]) for i in range(500)).encode()
ZIPPED = gzip.compress(ARTICLES, mtime=0)
BENT = ZIPPED[:10] + b"\x07" + ZIPPED[11:]  # no block is of this type


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.ndjson", b"", r"no book in 0 lines, expected one a line: \[title, infobox"),
        ("blank.ndjson", b"\n \n", "no book in 0 lines"),
        ("wikipedia.ndjson", article("Wikipedia:About", ["a"]).encode(), "no book in 1 lines"),
        ("unlinked.ndjson", article("Emma").encode(), "none of the 1 books has a link"),
        ("binary.ndjson", bytes(range(256)), r"not a whole file of UTF-8 text \('utf-8' codec can't decode byte 0x80"),
        ("latin.ndjson", GOOD.replace("E", "É").encode("latin-1"), "not a whole file of UTF-8 text"),
        ("zipped.ndjson", ZIPPED, "not a whole file of UTF-8 text"),
        ("plain.ndjson.gz", ARTICLES, "named .gz, but packed otherwise or damaged"),
        ("cut.ndjson.gz", ZIPPED[:-500], "not a whole file of UTF-8 text .*ended before the end-of-stream marker"),
        ("bent.ndjson.gz", BENT, "not a whole file of UTF-8 text .*invalid block type"),
        ("checksum.ndjson.gz", ZIPPED[:-8] + bytes(8), r".* or damaged \(CRC check failed"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_a_file_of_another_kind_is_one_clear_error(tmp_path, name, content, message, on_error):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{name}: {message}"):
        load("books", path, min_count=1, on_error=on_error)


def test_the_zipped_file_reads_like_the_plain_one(tmp_path):
    for name, content in (("a.ndjson", ARTICLES), ("a.ndjson.gz", ZIPPED)):
        (tmp_path / name).write_bytes(content)
    plain, zipped = (load("books", tmp_path / name, min_count=1) for name in ("a.ndjson", "a.ndjson.gz"))
    assert linked(plain) == linked(zipped)
    assert plain.n_rows == 500


def test_a_min_count_that_leaves_nothing_says_what_would(write_books):
    path = write_books(A=["tea", "hardcover"], B=["tea", "hardcover"], C=["hardcover", "hardcover"])
    with pytest.raises(ValueError, match=r"books.ndjson: min_count=9 keeps no link; the commonest counts 3 books\.$"):
        load("books", path, min_count=9)
    with pytest.raises(ValueError, match="the commonest counts 4 mentions"):
        load("books", path, min_count=9, count="mentions")
    with pytest.raises(ValueError, match=r"min_count=3 keeps no link; .* All that are common enough are removed"):
        load("books", path, min_count=3)


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (".", IsADirectoryError, "a folder, expected an .ndjson file"),
        ("missing.ndjson", FileNotFoundError, "missing.ndjson: no such file"),
        ("folder/missing", FileNotFoundError, "folder/missing: no such file"),
        ("book-p15", ValueError, "Unknown dataset 'book-p15'. Did you mean 'books-p15'"),
        ("sampel", ValueError, "Unknown dataset 'sampel'. Did you mean 'sample'"),
        ("zzzz", ValueError, "Unknown dataset 'zzzz'. The catalogue has: books-p15, books"),
    ],
)
def test_an_unknown_source_is_refused(source, error, message, cache):
    with pytest.raises(error, match=message):
        load("books", source)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (["books", None], {}, "the source is None, expected 'sample', a catalogue name or a path"),
        (["books", 3], {}, "the source is 3, expected 'sample'"),
        (["books", ""], {}, "the source is '', expected 'sample'"),
        (
            ["books"],
            {"min_cont": 3},
            r"load\('books'\) has no option 'min_cont'\. Did you mean 'min_count'\? It takes: min",
        ),
        (["analogies"], {"name": "simlex999"}, r"load\('analogies'\) has no option 'name'\. It takes: none\."),
    ],
)
def test_a_call_that_cannot_be_meant_gets_one_line(arguments, options, message):
    with pytest.raises(TypeError, match=message):
        load(*arguments, **options)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("book", {}, r"Unknown table 'book', expected one of: analogies, .*text\. Did you mean 'books'\?$"),
        ("zzzz", {}, r"Unknown table 'zzzz', expected one of: analogies, books"),
        ("films", {}, r"Unknown table 'films'\. Did you mean 'log'\?"),
        ("books", {"count": "book"}, "Unknown count 'book', expected one of: books, mentions"),
        ("books", {"on_error": "ignore"}, "Unknown on_error 'ignore', expected one of: raise, skip"),
    ],
)
def test_an_unknown_option_is_refused(kind, options, message):
    with pytest.raises(ValueError, match=message):
        load(kind, **options)


# The embedded table


def test_the_sample_is_the_table_it_says():
    table = pd.read_csv(SAMPLE, keep_default_na=False)
    assert list(table.columns) == ["title", "author", "year", "country", "genre", "links"]
    assert len(table) == 1063
    assert not (table == "").any(axis=None)
    assert table["title"].is_unique
    assert table["year"].between(-3000, 2025).all()
    assert {"War and Peace", "Anna Karenina", "The Master and Margarita"} <= set(table["title"])


def test_every_book_of_the_sample_has_eight_links_and_its_author_among_them():
    for book in pd.read_csv(SAMPLE, keep_default_na=False).itertuples():
        links = book.links.split("|")
        assert len(links) >= 8, book.title
        assert len({link.lower() for link in links}) == len(links), book.title
        assert all(link == link.strip() and link for link in links), book.title
        assert book.author in links or book.author == "Anonymous", book.title


def test_the_sample_loads_without_a_cache(cache):
    books = load("books")
    assert (books.n_rows, books.n_cols, len(books), len(books.distinct())) == (1063, 544, 11_652, 11_652)
    assert list(books.row_metadata.columns) == ["author", "genre", "country", "year"]
    assert books.source == "sample"
    assert books.row_metadata["author"][list(books.row_names).index("War and Peace")] == "Leo Tolstoy"
    assert counted(books)["books without a kept link"] == 0
    assert not cache.exists()


# The real one


@pytest.mark.real("books-p15")
def test_the_real_table_is_cleaned_as_in_the_tutorial():
    books = load("books", "books-p15", count="mentions")
    assert (books.n_rows, books.n_cols, len(books.distinct())) == (1411, 1090, 10_389)
    story = counted(books)
    assert story["articles"] == 1413
    assert story["Wikipedia: pages dropped"] == 2
    assert story["lines skipped"] == 0
    assert story["links kept"] == 1090
    assert story["pairs"] == len(books)
    assert not set(books.col_names) & {"hardcover", "paperback", "e-book"}
    assert books.row_metadata["author"].notna().sum() == 1391
    assert books.row_metadata["country"].value_counts().index[:2].tolist() == ["United States", "United Kingdom"]


@pytest.mark.real("books-p15")
def test_the_vectorised_cleaning_counts_like_a_loop_over_the_real_file():
    from research_lib.datasets.catalogue import cached_paths

    in_books, mentions = {}, {}
    for line in cached_paths("books-p15")[0].read_text(encoding="utf-8").splitlines():
        title, _, links, *_ = json.loads(line)
        if "Wikipedia:" in title:
            continue
        for link in map(str.lower, links):
            mentions[link] = mentions.get(link, 0) + 1
        for link in set(map(str.lower, links)):
            in_books[link] = in_books.get(link, 0) + 1
    books = load("books", "books-p15", min_count=3, remove=())
    kept = {link: (n, mentions[link]) for link, n in in_books.items() if n >= 3}
    found = zip(books.col_names, books.col_metadata["n_books"], books.col_metadata["n_mentions"], strict=True)
    assert {name: (n, m) for name, n, m in found} == kept
