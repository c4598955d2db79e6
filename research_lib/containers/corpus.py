"""`Corpus`: documents as lists of words, which may be streamed, and the pairs of words that stand near each other."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from research_lib.checks import check_integers
from research_lib.containers.fields import no_cleaning

END = -1  # stands for the end of a document among numbered words
_WORD = re.compile(r"\b[^\W\d_]+\b")  # of running text; a search also needs numbers and codes, see `words_of`


def tokenize(text: str) -> list[str]:
    """The words of a text in lower case: runs of letters of any script, no digits or punctuation."""
    return _WORD.findall(text.lower())


@dataclass(frozen=True, eq=False)
class Corpus:
    """Documents, each a list of words in the order of the text.

    Parameters
    ----------
    documents : iterable of sequence of str
        Lists in memory, or an object that reads them afresh, one at a time, whenever it is iterated.
    source : str
        Where the text came from.
    cleaning : DataFrame, optional
        What was counted and dropped on the way: columns ``step`` and ``count``. Empty for a stream, which is read
        only when it is used.

    Raises
    ------
    TypeError
        If the documents can be read only once, as a generator can, or are a single text.
    """

    documents: Iterable[Sequence[str]]
    source: str = "memory"
    cleaning: pd.DataFrame = field(default_factory=no_cleaning)

    def __post_init__(self) -> None:
        if isinstance(self.documents, str):
            raise TypeError(f"{self.source}: documents are one text; see Corpus.from_texts([{self.documents[:20]!r}]).")
        if iter(self.documents) is self.documents:
            raise TypeError(
                f"{self.source}: documents can be read only once, expected a list, or an object that reads them afresh."
            )

    @classmethod
    def from_texts(cls, texts: Iterable[str], source: str = "memory") -> Self:
        """Build from plain texts, one a document, which `tokenize` splits into words."""
        if isinstance(texts, str):
            raise TypeError(f"texts are one text, expected a list such as [{texts[:20]!r}].")
        return cls([tokenize(text) for text in texts], source)

    def __iter__(self) -> Iterator[Sequence[str]]:
        for number, document in enumerate(self.documents, start=1):
            if isinstance(document, str):
                raise TypeError(
                    f"{self.source}, document {number}: the text {document[:20]!r}, expected a list of words."
                )
            yield document

    def __repr__(self) -> str:
        size = f"{len(self.documents):,} documents" if isinstance(self.documents, Sized) else "a stream of documents"
        return f"Corpus({size}, from {self.source})"

    def word_counts(self) -> pd.Series:
        """How often each word occurs, commonest first; equally common words in order of appearance.

        Raises
        ------
        ValueError
            If there is no word in the corpus.
        """
        counter: Counter[str] = Counter()
        for document in self:
            counter.update(document)
        if not counter:
            raise ValueError(f"{self.source}: an empty corpus, expected at least one document with a word in it.")
        words = pd.Index(list(counter), dtype=object, name="word")
        return pd.Series(list(counter.values()), words, name="count").sort_values(ascending=False, kind="stable")

    def context_pairs(self, window: int) -> pd.DataFrame:
        """Every word with each of its neighbours: what a skip-gram model learns from.

        Parameters
        ----------
        window : int
            How many words on each side count as context: 1 is a window of three words.

        Returns
        -------
        DataFrame
            Columns ``centre`` and ``context``, a row a pair, in the order of the text, within documents.
        """
        check_integers(1, window=window)
        words = np.array([word for document in self for word in [*document, None]], dtype=object)
        numbers = np.where(words == None, END, np.arange(len(words)))  # noqa: E711 (element by element)
        centre, context = pairs_within(numbers, np.full(len(words), window))
        order = np.lexsort([context, centre])
        return pd.DataFrame({"centre": words[centre[order]], "context": words[context[order]]})

    def shuffled(self, random_state: int = 0) -> Self:
        """The same words in random order, in documents as long as before: what is found here is chance."""
        documents = [list(document) for document in self]
        words = np.array([word for document in documents for word in document], dtype=object)
        words = np.random.default_rng(random_state).permutation(words)
        ends = np.cumsum([len(document) for document in documents])
        return type(self)([part.tolist() for part in np.split(words, ends[:-1])], f"{self.source}, shuffled")


def pairs_within(words: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre and context of every pair of words that stand near each other.

    Parameters
    ----------
    words : ndarray of int, shape (n,)
        Numbered words, with `END` after every document.
    reach : ndarray of int, shape (n,)
        How many words on each side a context word is paired with.

    Returns
    -------
    centre, context : ndarray of int, shape (n_pairs,)
        Numbers of words. Pairs never cross the end of a document.
    """
    document = np.cumsum(words == END)
    centres: list[np.ndarray] = []
    contexts: list[np.ndarray] = []
    for distance in range(1, int(reach.max(initial=0)) + 1):
        near, far = words[:-distance], words[distance:]
        together = (document[:-distance] == document[distance:]) & (near != END)  # END counts with what follows it
        for centre, context, reaches in ((far, near, reach[:-distance]), (near, far, reach[distance:])):
            kept = together & (reaches >= distance)
            centres.append(centre[kept])
            contexts.append(context[kept])
    if not centres:
        return words[:0], words[:0]
    return np.concatenate(centres), np.concatenate(contexts)
