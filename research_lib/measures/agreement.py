"""Do neighbours share a label, or what was held out of a row?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.measures.retrieval import _scores


def neighbour_agreement(embedding: Embedding, labels: Sequence, k: int = 10, min_count: int = 3) -> float:
    """Share of the `k` nearest neighbours (cosine) that have the label of the row.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    labels : sequence, shape (n,)
        One a row; a row without label (None, NaN) is left out.
    k : int
        Neighbours a row, fewer if there are not so many.
    min_count : int
        Only rows whose label stands on at least so many rows are asked; every row can be a neighbour.

    Returns
    -------
    float
        Between 0 and 1. Random vectors score about the chance that two rows share a label; where labels stand on fewer
        than ``k + 1`` rows, even perfect vectors score below 1, see `agreement_ceiling`.
    """
    if len(labels) != len(embedding):
        raise ValueError(f"{len(labels)} labels for {len(embedding)} vectors, expected one a vector.")
    codes = _common_labels(labels, min_count)
    nearest = embedding.neighbours(min(k, len(embedding) - 1))
    return float((codes[nearest] == codes[:, None])[codes >= 0].mean())


def held_out_agreement(embedding: Embedding, interactions: Interactions, held_out: Interactions, k: int = 10) -> float:
    """Share of the `k` nearest neighbours (cosine) that have the column which was held out of the row.

    Unlike a label that the vectors were learnt from, it is something that they were not told of the row.

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


def _common_labels(labels: Sequence, min_count: int) -> np.ndarray:
    """A number for each label that stands on at least `min_count` rows, -1 for the rest."""
    codes, _ = pd.factorize(pd.Series(labels))
    counts = np.bincount(codes[codes >= 0])
    if not (counts >= min_count).any():
        raise ValueError(f"No label stands on at least {min_count} rows.")
    return np.where((codes >= 0) & (counts[codes] >= min_count), codes, -1)


def search_scores_by_kind(
    embedding: Embedding,
    labels: Sequence,
    k: int = 10,
    *,
    asked: np.ndarray | None = None,
    metric: str = "cosine",
) -> pd.DataFrame:
    """How many of the rows nearest to a row are of its kind.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    labels : sequence, shape (n,)
        The kind of each row; one without (None, NaN) is a wrong hit for all, and is not asked.
    k : int
        Hits a query, the row itself left out.
    asked : ndarray of int, optional
        Positions of the rows that are queries; by default all. Every row can be a hit.
    metric : {"cosine", "euclidean", "jaccard"}
        What near means.

    Returns
    -------
    DataFrame
        A row a query, its name in the index; columns as of `search_scores`. A kind that no other row has cannot be
        found, and is not asked.
    """
    if len(labels) != len(embedding):
        raise ValueError(f"{len(labels)} labels for {len(embedding)} vectors, expected one a vector.")
    codes, _ = pd.factorize(pd.Series(labels))
    n_alike = np.where(codes >= 0, np.bincount(codes + 1)[codes + 1], 0) - 1
    asked = np.arange(len(embedding)) if asked is None else np.asarray(asked)
    asked = asked[n_alike[asked] > 0]
    if not len(asked):
        raise ValueError("No row that is asked has a label that another row has.")
    nearest = embedding.neighbours(k, metric, asked)
    hits = codes[nearest] == codes[asked, None]
    return _scores(hits, n_alike[asked], len(embedding) - 1, k).set_axis(embedding.names[asked])
