"""Personal recommendations: the best columns that a row does not have yet."""

import numpy as np
import pandas as pd

from research_lib.containers.embedding import top_k, with_metadata
from research_lib.containers.interactions import Interactions, row_of


def recommend(model: object, interactions: Interactions, row_name: str, n: int = 10) -> pd.DataFrame:
    """The best columns for a row, without those that it has.

    Parameters
    ----------
    model : estimator
        Fitted to `interactions`, with ``score_cols(rows)``: matrix factorization (see `PairEmbedding`), `EASE`,
        `Popularity` …
    interactions : Interactions
        What the rows have.
    row_name : str
        The row, such as a user; an unknown one raises `UnknownName` with the nearest known ones.
    n : int
        How many, or as many as are left.

    Returns
    -------
    DataFrame
        The best first: ``name``, ``score`` and the columns' metadata, see `with_metadata`.
    """
    row = row_of(interactions, row_name)
    return best_unseen(model.score_cols(np.array([row]))[0], interactions, row, n)


def best_unseen(scores: np.ndarray, interactions: Interactions, row: int, n: int) -> pd.DataFrame:
    """See `recommend`; `scores` are those of the row, shape (n_cols,)."""
    if n < 1:
        raise ValueError(f"n is {n}, expected at least 1.")
    seen = interactions.pairs[interactions.pairs[:, 0] == row, 1]
    scores = np.array(scores, dtype=np.float64)
    scores[seen] = -np.inf
    best = top_k(scores[None], min(n, len(scores)))[0]
    best = best[np.isfinite(scores[best])]
    found = pd.DataFrame({"name": interactions.col_names[best], "score": scores[best]})
    return with_metadata(found, interactions.col_metadata.iloc[best])
