"""Pieces of the words of names, which learn vectors where whole names are too rare."""

from collections.abc import Sequence

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

MIN_COUNT = 5  # names that share a piece


def name_pieces(names: Sequence[str] | np.ndarray, lengths: tuple[int, int] | None) -> np.ndarray:
    """The pieces of words that at least `MIN_COUNT` names share, shape (n_pieces,); a blank marks the edge of a word.

    Parameters
    ----------
    names : sequence of str, shape (n,)
        Upper and lower case are one.
    lengths : tuple of int, optional
        Shortest and longest piece, in characters, blanks included. Without them there are no pieces.
    """
    if lengths is None:
        return np.array([], dtype=object)
    counter = _counter(lengths)
    counts = counter.fit_transform(names).sum(axis=0).A1
    return counter.get_feature_names_out()[counts >= MIN_COUNT]


def name_matrix(
    names: Sequence[str] | np.ndarray, pieces: np.ndarray, lengths: tuple[int, int] | None
) -> sparse.csr_array:
    """Which pieces each name has, shape (n, n_pieces); rows have length one, or zero for a name that has none."""
    if lengths is None or not len(pieces):
        return sparse.csr_array((len(names), 0), dtype=np.float32)
    counter = _counter(lengths).set_params(vocabulary={piece: number for number, piece in enumerate(pieces)})
    return sparse.csr_array(normalize(counter.transform(names)))


def _counter(lengths: tuple[int, int]) -> CountVectorizer:
    return CountVectorizer(analyzer="char_wb", ngram_range=tuple(lengths), binary=True, dtype=np.float32)
