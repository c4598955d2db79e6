"""How good is a search: the share of right hits among the first, and of the right ones that are found.

`Embedding.most_similar` searches; what is here asks many queries at once and judges the answers.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.embedding import Embedding, top_k


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


def search_scores(scores: np.ndarray, relevant: sparse.sparray | np.ndarray, k: int = 10) -> pd.DataFrame:
    """How many of the documents that score highest are among those that answer a query.

    Parameters
    ----------
    scores : ndarray, shape (n_queries, n_documents)
        As `TextSearch.score` gives them, more is better; a document with a score of 0 or less is no hit.
    relevant : sparse array or ndarray of bool, shape (n_queries, n_documents)
        Which documents answer which query, at least one each.
    k : int
        Hits a query.

    Returns
    -------
    DataFrame
        A row a query, numbered; columns ``precision@k`` (share of the `k` hits that answer it), ``recall@k`` (share
        of the answers that are among the hits) and ``chance`` (the precision of a random order, whose mean recall is
        ``k / n_documents``).

    References
    ----------
    C. Manning, P. Raghavan and H. Schütze, "Introduction to Information Retrieval", chapter 8, 2008.
    """
    relevant = relevant.toarray() if sparse.issparse(relevant) else np.asarray(relevant, dtype=bool)
    scores = np.asarray(scores)
    if scores.shape != relevant.shape:
        raise ValueError(
            f"Scores have shape {scores.shape}, the answers {relevant.shape}: expected queries × documents."
        )
    n_relevant = relevant.sum(axis=1)
    if not n_relevant.all():
        raise ValueError(f"Query {n_relevant.argmin() + 1} has no document that answers it, expected at least one.")
    order = top_k(scores, scores.shape[1])
    hits = np.take_along_axis(relevant & (scores > 0), order, axis=1)
    return _scores(hits, n_relevant, scores.shape[1], k)


def fused(*scores: np.ndarray, offset: int = 60) -> np.ndarray:
    """Several searches as one: reciprocal rank fusion, the sum of 1 / (offset + place) over the searches that hit.

    Parameters
    ----------
    *scores : ndarray, shape (n_queries, n_documents)
        Of each search; 0 or less is no hit.
    offset : int
        The larger, the less the first places count over the next.

    Returns
    -------
    ndarray, shape (n_queries, n_documents)

    References
    ----------
    G. Cormack et al., "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods", SIGIR 2009.
    """
    total = np.zeros_like(scores[0], dtype=np.float64)
    for one in scores:
        place = np.argsort(top_k(one, one.shape[1]), axis=1) + 1
        total += np.where(one > 0, 1 / (offset + place), 0)
    return total


def _scores(hits: np.ndarray, n_relevant: np.ndarray, n_candidates: int, k: int) -> pd.DataFrame:
    """Measures of every query from its hits in order, bool of shape (n_queries, n_hits)."""
    if k < 1:
        raise ValueError(f"k is {k}, expected at least 1.")
    right = hits[:, :k].sum(axis=1)
    table = {f"precision@{k}": right / k, f"recall@{k}": right / n_relevant, "chance": n_relevant / n_candidates}
    return pd.DataFrame(table)
