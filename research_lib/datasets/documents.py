"""Short texts with queries: our own collection, the halves of articles, or a table."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from research_lib.containers.corpus import Corpus
from research_lib.containers.documents import Documents
from research_lib.datasets.reading.spreadsheet import TABLE_ENDINGS, read_table
from research_lib.datasets.text import load_text

TABLES = Path(__file__).parent / "tables"


def load_documents(
    source: str | Path = "sample", *, queries: str | Path | None = None, encoding: str = "utf-8"
) -> Documents:
    """Documents to search, with queries.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: 252 descriptions of everyday things, compiled by us, with queries of three labels: ``synonym``
        (the answers mostly say it by another word), ``exact`` (a model number or rare name) and ``mixed``.
        ``"wiki-text"``: articles of Wikipedia, cut in halves, see `halves`. A path: a table with columns ``name`` and
        ``text``, all others become metadata; or whatever `load_text` reads, which is cut in halves.
    queries : str or Path, optional
        The queries of such a table: a table with columns ``query``, ``label`` and ``relevant`` (names, separated by |).
    encoding : str
        Of text tables: ``"cp949"`` for one that a Korean Excel wrote.

    Returns
    -------
    Documents

    Raises
    ------
    FileNotFoundError, ValueError
        If the source is unknown, or a table lacks a column.
    """
    if str(source) == "sample":
        return _read(TABLES / "documents.csv", TABLES / "queries.csv", "sample")
    if Path(source).suffix.lower() in TABLE_ENDINGS:
        return _read(Path(source), queries, str(source), encoding)
    return halves(load_text(source))


def halves(corpus: Corpus, n_words: int = 3) -> Documents:
    """The first half of every document, to be found by words of its second half.

    A document gives two queries, of the words that mark its second half most (by tf-idf): one of words that its first
    half ``says`` too, and one of words that it does ``not say``, but the first half of another document does.

    Parameters
    ----------
    corpus : Corpus
        Each document of more than four words gives one, named by its number and first words.
    n_words : int
        Length of a query; a document with fewer words for a label gives no query of that label.
    """
    cut = [(list(words[: len(words) // 2]), list(words[len(words) // 2 :])) for words in corpus if len(words) > 4]
    if not cut:
        raise ValueError(f"{corpus.source}: no document of more than four words to cut in halves.")
    counts = Counter(word for first, _ in cut for word in set(first))
    names = [f"{number} {' '.join(first[:4])}" for number, (first, _) in enumerate(cut, start=1)]
    rows = []
    for name, (first, second) in zip(names, cut, strict=True):
        weight = {
            word: (1 + np.log(n)) * np.log(len(cut) / counts[word])
            for word, n in Counter(second).items()
            if counts[word]
        }
        marking, said = sorted(weight, key=lambda word: (-weight[word], word)), set(first)
        for label, wanted in (("says", True), ("not say", False)):
            chosen = [word for word in marking if (word in said) == wanted][:n_words]
            if len(chosen) == n_words:
                rows.append((" ".join(chosen), label, [name]))
    queries = pd.DataFrame(rows, columns=["query", "label", "relevant"])
    texts = [" ".join(first) for first, _ in cut]
    return Documents(texts, np.array(names, dtype=object), queries=queries, source=corpus.source)


def _read(path: Path, queries: str | Path | None, source: str, encoding: str = "utf-8") -> Documents:
    table = _table(path, ("name", "text"), encoding)
    asked = {}
    if queries is not None:
        found = _table(Path(queries), ("query", "label", "relevant"), encoding)
        asked["queries"] = found.assign(relevant=[names.split("|") for names in found["relevant"]])
    return Documents(table["text"], table["name"], table.drop(columns=["name", "text"]), source=source, **asked)


def _table(path: Path, columns: tuple[str, ...], encoding: str) -> pd.DataFrame:
    table = read_table(path, encoding=encoding)
    if missing := [name for name in columns if name not in table]:
        raise ValueError(f"{path.name}: no column {missing[0]!r}. There are: {', '.join(map(repr, table.columns))}.")
    return table
