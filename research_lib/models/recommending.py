"""Scores of all columns for a row, and personal recommendations: the best columns that the row does not have yet."""

from typing import Protocol

import numpy as np
import pandas as pd

from research_lib.checks import check_integers
from research_lib.containers.embedding import Embedding, top_k, with_metadata
from research_lib.containers.interactions import Interactions, row_of


class Recommender(Protocol):
    """Whatever scores all columns for rows given as positions, (n,) -> (n, n_cols); more is better."""

    def score_cols(self, rows: np.ndarray) -> np.ndarray: ...


def cosine_scores(rows: Embedding, cols: Embedding, positions: np.ndarray) -> np.ndarray:
    """Cosine of some of the rows with every column.

    Parameters
    ----------
    rows, cols : Embedding
        Both sides of a table.
    positions : ndarray of int, shape (n,)
        Which rows.

    Returns
    -------
    ndarray of float32, shape (n, n_cols)
        Between -1 and 1, more is better.
    """
    return rows.unit_vectors()[positions] @ cols.unit_vectors().T


def recommend(model: Recommender, interactions: Interactions, row_name: str, n: int = 10) -> pd.DataFrame:
    """The best columns for a row, without those that it already has.

    Parameters
    ----------
    model : estimator
        Fitted to `interactions`, with ``score_cols(rows)``: `SetEmbedding`, `PairEmbedding`, `EASE`, `Popularity` …
    interactions : Interactions
        What the rows have.
    row_name : str
        The row, such as a user; an unknown one raises `UnknownName` with the nearest known ones.
    n : int
        How many, or as many as are left.

    Returns
    -------
    DataFrame
        The best first: ``name``, ``score`` and the columns' metadata; a metadata column that is itself called ``name``
        or ``score`` gets the suffix ``_metadata``.

    Raises
    ------
    ValueError
        If the model was fitted to a table with another number of columns.
    """
    row = row_of(interactions, row_name)
    return best_unseen(model.score_cols(np.array([row]))[0], interactions, row, n)


def best_unseen(scores: np.ndarray, interactions: Interactions, row: int, n: int) -> pd.DataFrame:
    """See `recommend`; `scores` are those of the row, shape (n_cols,)."""
    check_integers(1, n=n)
    if len(scores) != interactions.n_cols:
        raise ValueError(
            f"The model scores {len(scores):,} columns, {interactions.source} has {interactions.n_cols:,}. "
            "Was it fitted to this table, with the axes the right way round?"
        )
    seen = interactions.pairs[interactions.pairs[:, 0] == row, 1]
    scores = np.array(scores, dtype=np.float64)
    scores[seen] = -np.inf
    best = top_k(scores[None], min(n, len(scores)))[0]
    best = best[np.isfinite(scores[best])]
    found = pd.DataFrame({"name": interactions.col_names[best], "score": scores[best]})
    return with_metadata(found, interactions.col_metadata.iloc[best])
