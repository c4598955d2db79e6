"""How good is a search: the share of right hits among the first, and of the right ones that are found.

`Embedding.most_similar` searches; what is here asks many queries at once and judges the answers.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.containers.documents import Documents
from research_lib.containers.embedding import top_k


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


def judge_searches(scores: Mapping[str, np.ndarray], documents: Documents, k: int = 10) -> pd.DataFrame:
    """The mean recall@k of searches, by sort of query.

    Parameters
    ----------
    scores : mapping of str to ndarray, shape (n_queries, n_documents)
        Of every search, as `TextSearch.score` gives them for the documents' own queries.
    documents : Documents
        With queries.
    k : int
        Hits a query.

    Returns
    -------
    DataFrame
        A row a search and ``chance``, the recall of a random order; a column a sort of query, and ``all``.
    """
    relevant, sort = documents.relevance(), documents.queries["sort"]
    recall = pd.DataFrame({name: search_scores(one, relevant, k)[f"recall@{k}"] for name, one in scores.items()})
    recall["chance"] = min(1, k / len(documents))
    return recall.groupby(sort, sort=False).mean().T.assign(all=recall.mean())
