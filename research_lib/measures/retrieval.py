"""How good is a search? How many of its first hits are right, and how many of the right ones it finds."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.checks import check_integers
from research_lib.containers.documents import Documents
from research_lib.containers.embedding import top_k


def search_scores(scores: np.ndarray, relevant: sparse.sparray | np.ndarray, k: int = 10) -> pd.DataFrame:
    """How many of the documents that score highest are among those that answer a query.

    Parameters
    ----------
    scores : ndarray, shape (n_queries, n_documents)
        As `TextSearch.score` gives them: more is better, and a document that scores 0 or less is no hit.
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
    relevant = np.asarray(relevant.toarray() if isinstance(relevant, sparse.sparray) else relevant, dtype=bool)
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
    return precision_and_recall(hits, n_relevant, scores.shape[1], k)


def fused(*scores: np.ndarray, offset: int = 60) -> np.ndarray:
    """Several searches as one: reciprocal rank fusion, the sum of 1 / (offset + place) over the searches that hit.

    Parameters
    ----------
    *scores : ndarray, shape (n_queries, n_documents)
        Of each search; 0 or less is no hit.
    offset : int
        The larger it is, the less a first place counts over the next ones.

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


def precision_and_recall(hits: np.ndarray, n_relevant: np.ndarray, n_candidates: int, k: int) -> pd.DataFrame:
    """The columns of `search_scores`, from whether each hit is right, best first: bool of shape (n_queries, n_hits)."""
    check_integers(1, k=k)
    right = hits[:, :k].sum(axis=1)
    table = {f"precision@{k}": right / k, f"recall@{k}": right / n_relevant, "chance": n_relevant / n_candidates}
    return pd.DataFrame(table)


def judge_searches(scores: Mapping[str, np.ndarray], documents: Documents, k: int = 10) -> pd.DataFrame:
    """The mean recall@k of searches, by label of the queries.

    Parameters
    ----------
    scores : mapping of str to ndarray, shape (n_queries, n_documents)
        Scores of every search, as `TextSearch.score` gives them for the documents' own queries.
    documents : Documents
        With queries.
    k : int
        Hits a query.

    Returns
    -------
    DataFrame
        A row a search, and ``chance``: the recall of a random order. A column a label, and ``all``.
    """
    relevant, labels = documents.relevance(), documents.queries["label"]
    recall = pd.DataFrame({name: search_scores(one, relevant, k)[f"recall@{k}"] for name, one in scores.items()})
    recall["chance"] = min(1, k / len(documents))
    return recall.groupby(labels, sort=False).mean().T.assign(all=recall.mean())
