"""`Documents`: short texts with names, and queries with the documents that answer them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.checks import UnknownName, as_metadata, as_names
from research_lib.containers.corpus import Corpus
from research_lib.containers.fields import FILLED_LATER, set_fields

QUERY_COLUMNS = ("query", "label", "relevant")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")  # wider than the words of `tokenize`: people search for DC-3 and 1936


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, numbers and codes among them: ``["a", "dc-3", "of", "1936"]``."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True, eq=False)
class Documents:
    """Texts to search, and queries to judge a search by.

    Parameters
    ----------
    texts : sequence of str
        One a document.
    names : sequence of str
        Each name once.
    metadata : DataFrame, optional
        What is known of each document, in the order of the names.
    queries : DataFrame, optional
        Columns ``query``, ``label`` (its class, such as ``"synonym"``) and ``relevant`` (list of the names that answer
        it, at least one).
    source : str
        Where the texts came from.

    Raises
    ------
    ValueError, UnknownName
        If there are no documents, one has no word, a name stands twice, or a query has no answer or an unknown one.
    TypeError
        If the texts are a single text, or one is not a text.
    """

    texts: Sequence[str]
    names: np.ndarray
    metadata: pd.DataFrame = FILLED_LATER
    queries: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=QUERY_COLUMNS))
    source: str = "memory"

    def __post_init__(self) -> None:
        if isinstance(self.texts, str):
            raise TypeError(f"{self.source}: the texts are one text, expected a list such as [{self.texts[:20]!r}].")
        names = as_names(self.names, f"{self.source}: document")
        if len(self.texts) != len(names):
            raise ValueError(f"{self.source}: {len(self.texts)} texts for {len(names)} names.")
        for name, text in zip(names, self.texts, strict=True):
            if not isinstance(text, str):
                raise TypeError(f"{self.source}: the document {name!r} is {text!r}, expected a text.")
            if not words_of(text):
                raise ValueError(f"{self.source}: the document {name!r} has no word: {text!r}.")
        if missing := [name for name in QUERY_COLUMNS if name not in self.queries]:
            raise ValueError(f"{self.source}: no column {missing[0]!r} in the queries, expected {QUERY_COLUMNS}.")
        known = set(names)
        for query, relevant in zip(self.queries["query"], self.queries["relevant"], strict=True):
            if isinstance(relevant, str) or not len(relevant):
                raise ValueError(f"{self.source}: {query!r} is answered by {relevant!r}, expected a list of names.")
            for name in relevant:
                if name not in known:
                    raise UnknownName.among(names, name, f"document (query {query!r})")
        metadata = as_metadata(self.metadata, names, f"{self.source}: document")
        queries = self.queries.reset_index(drop=True)
        set_fields(self, texts=list(self.texts), names=names, metadata=metadata, queries=queries)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Documents({len(self):,} documents, {len(self.queries):,} queries, from {self.source})"

    def relevance(self) -> sparse.csr_array:
        """Which documents answer which query: bool, shape (n_queries, n_documents)."""
        position = {name: number for number, name in enumerate(self.names)}
        cols = [[position[name] for name in relevant] for relevant in self.queries["relevant"]]
        rows = np.repeat(np.arange(len(cols)), [len(some) for some in cols])
        at = rows, np.concatenate([*cols, []]).astype(np.int32)
        return sparse.csr_array((np.ones(len(rows), dtype=bool), at), shape=(len(cols), len(self)))

    def to_corpus(self) -> Corpus:
        """The texts as lists of words, for a `SkipGram`."""
        return Corpus([words_of(text) for text in self.texts], self.source)
