"""Do neighbours share a label, or what was held out of a row?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research_lib.checks import check_labels
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.measures.retrieval import precision_and_recall


def neighbour_agreement(embedding: Embedding, labels: Sequence, k: int = 10, min_count: int = 3) -> float:
    """Share of the `k` nearest neighbours (cosine) that have the label of the row.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    labels : sequence, shape (n,)
        One a row; rows without a label (None, NaN) are left out.
    k : int
        Neighbours a row, or all other rows if they are fewer.
    min_count : int
        Only rows whose label stands on at least so many rows are asked; every row can be a neighbour.

    Returns
    -------
    float
        Between 0 and 1. Random vectors score about the chance that two rows share a label. Where labels stand on fewer
        than ``k + 1`` rows, even perfect vectors score below 1, see `agreement_ceiling`.
    """
    check_labels(labels, len(embedding))
    codes = _common_labels(labels, min_count)
    shared = _shared(embedding, codes, min(k, len(embedding) - 1), "cosine", np.arange(len(embedding)))
    return float(shared[codes >= 0].mean())


def held_out_agreement(embedding: Embedding, interactions: Interactions, held_out: Interactions, k: int = 10) -> float:
    """Share of the `k` nearest neighbours (cosine) that have the column that was held out of the row.

    Unlike a label that the vectors were learnt from, this is something that they were not told about the row.

    Parameters
    ----------
    embedding : Embedding
        Vectors of the rows, learnt without the held-out pairs.
    interactions : Interactions
        The whole table: what the neighbours have, held out or not.
    held_out : Interactions
        As `hold_out` or `hold_out_one` give it.
    k : int
        Neighbours a row.

    Returns
    -------
    float
        Between 0 and 1. Random vectors score the mean share of rows that have the column.
    """
    rows, cols = held_out.pairs.T
    nearest = embedding.neighbours(k)[rows]
    return float(interactions.to_csr()[nearest, cols[:, None]].mean())


def agreement_ceiling(labels: Sequence, k: int = 10, min_count: int = 3) -> float:
    """The most that `neighbour_agreement` can be with these labels."""
    codes = _common_labels(labels, min_count)
    k = min(k, len(codes) - 1)
    codes = codes[codes >= 0]
    return float((np.minimum(np.bincount(codes)[codes] - 1, k) / k).mean())


def search_scores_by_label(
    embedding: Embedding,
    labels: Sequence,
    k: int = 10,
    *,
    asked: np.ndarray | None = None,
    metric: str = "cosine",
) -> pd.DataFrame:
    """How many of the rows nearest to a row have its label, row by row.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    labels : sequence, shape (n,)
        One a row; a row without a label (None, NaN) is never asked, and always a wrong hit.
    k : int
        Hits a query, not counting the row itself.
    asked : ndarray of int, optional
        Positions of the rows that are queries; by default all. Every row can be a hit.
    metric : {"cosine", "euclidean", "jaccard"}
        What near means.

    Returns
    -------
    DataFrame
        A row a query, its name in the index; columns as in `search_scores`. A row whose label no other row has is not
        asked: there is nothing to find.
    """
    check_labels(labels, len(embedding))
    codes, _ = pd.factorize(pd.Series(labels))
    n_alike = np.where(codes >= 0, np.bincount(codes + 1)[codes + 1], 0) - 1
    asked = np.arange(len(embedding)) if asked is None else np.asarray(asked)
    asked = asked[n_alike[asked] > 0]
    if not len(asked):
        raise ValueError("No row that is asked has a label that another row has.")
    shared = _shared(embedding, codes, k, metric, asked)
    return precision_and_recall(shared, n_alike[asked], len(embedding) - 1, k).set_axis(embedding.names[asked])


def _shared(embedding: Embedding, codes: np.ndarray, k: int, metric: str, asked: np.ndarray) -> np.ndarray:
    """Whether the rows nearest to those asked have their label, nearest first; bool of shape (n_asked, k)."""
    return codes[embedding.neighbours(k, metric, asked)] == codes[asked, None]


def _common_labels(labels: Sequence, min_count: int) -> np.ndarray:
    """A number for each label that stands on at least `min_count` rows, -1 for the rest."""
    codes, _ = pd.factorize(pd.Series(labels))
    counts = np.bincount(codes[codes >= 0])
    if not (counts >= min_count).any():
        raise ValueError(f"No label stands on at least {min_count} rows.")
    return np.where((codes >= 0) & (counts[codes] >= min_count), codes, -1)
