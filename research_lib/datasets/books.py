"""Books and the pages they link to, from Wikipedia's articles or any file of the same form."""

import json
import warnings
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from research_lib.checks import check_choice, check_integers
from research_lib.containers.interactions import Interactions
from research_lib.datasets import catalogue
from research_lib.datasets.reading import check_collections, cleaning_log
from research_lib.datasets.reading.infobox import tidy_infoboxes
from research_lib.datasets.reading.text_files import stream_lines

SAMPLE = Path(__file__).parent / "tables" / "books.csv"
FIELDS = ("title", "infobox", "wikilinks", "external links", "last edit", "characters")
REMOVED = (  # in almost every article, and about the paper rather than the book
    "hardcover",
    "paperback",
    "hardback",
    "e-book",
    "wikipedia:wikiproject books",
    "wikipedia:wikiproject novels",
)


def load_books(
    source: str | Path = "sample",
    *,
    min_count: int = 5,
    count: str = "books",
    remove: Collection[str] = REMOVED,
    on_error: str = "raise",
) -> Interactions:
    """Books × links, cleaned as in the book recommender tutorial.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: well-known books, compiled by us. ``"books-p15"`` or ``"books"``: Wikipedia's articles. A path: an
        .ndjson or .ndjson.gz of lines ``[title, infobox, wikilinks, external links, last edit, characters]``.
    min_count : int
        Keep links that are counted at least this often.
    count : {"books", "mentions"}
        Whether a link that occurs three times in one article counts once or three times.
    remove : collection of str
        Links to drop, in lower case.
    on_error : {"raise", "skip"}
        Whether an unreadable line is an error, or is skipped and counted.

    Returns
    -------
    Interactions
        One pair per mention; links in lower case, most mentioned first. Row metadata: ``author``, ``genre``,
        ``country``, ``language`` (not in the sample), ``year``. Column metadata: ``n_books``, ``n_mentions``.
        `cleaning` tells what was dropped.

    Raises
    ------
    ValueError
        If the source is unknown, the file is not of this form, or nothing is left of it.

    References
    ----------
    W. Koehrsen, "Building a Recommendation System Using Neural Network Embeddings", 2018.
    """
    check_collections(remove=remove)
    check_choice("count", count, ("books", "mentions"))
    check_choice("on_error", on_error, ("raise", "skip"))
    check_integers(0, min_count=min_count)
    if str(source) == "sample":
        titles, metadata, links = _read_sample()
        story = {"articles": len(titles)}
    else:
        titles, metadata, links, story = _read_articles(catalogue.path_of(source, "books", "an .ndjson file"), on_error)
        if story["lines skipped"]:
            warnings.warn(f"{source}: {story['lines skipped']} lines could not be read and are skipped.", stacklevel=2)
    row = np.repeat(np.arange(len(titles)), [len(names) for names in links])
    written = pd.Series([name for names in links for name in names], dtype=object)
    if written.empty:
        raise ValueError(f"{source}: none of the {len(titles):,} books has a link.")

    # From here on: one element per mention, no loops.
    col, names = pd.factorize(written.str.lower())
    commonest = np.argsort(-np.bincount(col), kind="stable")  # names most mentioned come first
    col, names = np.argsort(commonest)[col], names[commonest]
    n_mentions = np.bincount(col)
    n_books = np.bincount(np.unique(row * len(names) + col) % len(names))
    counted = n_books if count == "books" else n_mentions
    kept = (counted >= min_count) & ~np.isin(names, list(remove))
    if not kept.any():
        removed = " All that are common enough are removed." if counted.max() >= min_count else ""
        raise ValueError(
            f"{source}: min_count={min_count} keeps no link; the commonest counts {counted.max()} {count}.{removed}"
        )
    number = np.cumsum(kept) - 1  # of a kept link among the kept
    pairs = np.column_stack([row, number[col]])[kept[col]]
    story |= {
        "books": len(titles),
        "mentions of links": len(written),
        "links, distinct": written.nunique(),
        "links, lower-cased": len(names),
        **{f"links in at least {k} book{'s' * (k > 1)}": int((n_books >= k).sum()) for k in range(1, 6)},
        "links kept": int(kept.sum()),
        "pairs": len(pairs),
        "pairs, distinct": len(np.unique(pairs @ [len(names), 1])),
        "books without a kept link": len(titles) - len(np.unique(pairs[:, 0])),
    }
    return Interactions(
        pairs,
        row_names=np.array(titles, dtype=object),
        col_names=names[kept],
        row_metadata=metadata,
        col_metadata=pd.DataFrame({"n_books": n_books[kept], "n_mentions": n_mentions[kept]}),
        source=str(source),
        axes=("book", "link"),
        cleaning=cleaning_log(story),
    )


def _read_sample() -> tuple[list[str], pd.DataFrame, list[list[str]]]:
    table = pd.read_csv(SAMPLE, dtype={"year": "Int64"}, keep_default_na=False)
    table["author"] = table["author"].mask(table["author"] == "Anonymous")  # not one person
    links = [names.split("|") for names in table["links"]]
    return list(table["title"]), table[["author", "genre", "country", "year"]], links


def _read_articles(path: Path, on_error: str) -> tuple[list[str], pd.DataFrame, list[list[str]], dict[str, int]]:
    """Titles, metadata and links of the articles that are books, and how many lines were what."""
    titles: dict[str, int] = {}  # in which line each stands
    infoboxes, links = [], []
    story = {"articles": 0, "lines skipped": 0, "Wikipedia: pages dropped": 0}
    for number, line in enumerate(stream_lines(path), start=1):
        if line.isspace():
            continue
        try:
            title, infobox, names = _parse(line)
            if title in titles:
                raise ValueError(f"the title {title!r} is in line {titles[title]} already")
        except ValueError as error:
            if on_error == "raise":
                raise ValueError(f"{path.name}, line {number}: {error}.") from None
            story["lines skipped"] += 1
            continue
        story["articles"] += 1
        if "Wikipedia:" in title:
            story["Wikipedia: pages dropped"] += 1
            continue
        titles[title] = number
        infoboxes.append(infobox)
        links.append(names)
    if not titles:
        n_lines = story["articles"] + story["lines skipped"]
        raise ValueError(f"{path}: no book in {n_lines} lines, expected one a line: [{', '.join(FIELDS)}].")
    return list(titles), tidy_infoboxes(infoboxes), links, story


def _parse(line: str) -> tuple[str, dict, list[str]]:
    """Title, infobox and links of one line; `ValueError` says what is wrong with it."""
    try:
        fields = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"broken JSON ({error.msg} at character {error.pos})") from None
    except RecursionError:
        raise ValueError("broken JSON (nested too deeply)") from None
    if not isinstance(fields, list) or len(fields) != len(FIELDS):
        found = f"{len(fields)} fields, expected" if isinstance(fields, list) else "not a list, expected one of"
        raise ValueError(f"{found} {len(FIELDS)} ({', '.join(FIELDS)})")
    title, infobox, links = fields[:3]
    if not isinstance(title, str) or not isinstance(infobox, dict) or not isinstance(links, list):
        raise ValueError("expected a title, an object of infobox fields and a list of links first")
    if not all(isinstance(link, str) for link in links):
        raise ValueError("a link that is not text")
    return title, infobox, links
