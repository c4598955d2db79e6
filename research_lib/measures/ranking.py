"""How good is a recommender? Ranks of held-out pairs, hit@k and MRR."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from research_lib.checks import check_integers
from research_lib.containers.interactions import Interactions, checked_times
from research_lib.measures.agreement import neighbour_agreement

BLOCK_ROWS = 256
Scorer = Callable[..., np.ndarray]  # rows (n,), and times (n,) if dated -> scores (n, n_cols)


def held_out_ranks(score: Scorer, train: Interactions, held_out: Interactions, dated: bool = False) -> np.ndarray:
    """Rank of every held-out column among all columns that the row does not have in training.

    Parameters
    ----------
    score : callable
        Takes rows, shape (n,), and gives the scores of all columns, shape (n, n_cols); more is better.
    train, held_out : Interactions
        As `hold_out` gives them.
    dated : bool
        Whether `score` also takes the times of the held-out pairs, shape (n,).

    Returns
    -------
    ndarray of int, shape (n_held_out,)
        0 is first. Equal scores share the middle of their places, so a constant score ranks half-way down.
    """
    known = train.to_csr()
    rows, cols = held_out.pairs.T
    ranks = np.empty(len(rows), dtype=np.int64)
    order = np.argsort(rows, kind="stable")
    for start in range(0, len(order), BLOCK_ROWS):
        block = order[start : start + BLOCK_ROWS]
        if dated:  # a row may be asked at several times
            asked, which = rows[block], np.arange(len(block))
            scores = np.array(score(asked, checked_times(held_out)[block]), dtype=np.float64)
        else:
            asked, which = np.unique(rows[block], return_inverse=True)
            scores = np.array(score(asked), dtype=np.float64)
        if scores.shape != (len(asked), train.n_cols):
            raise ValueError(
                f"Scores have shape {scores.shape}, expected {(len(asked), train.n_cols)}: rows × columns."
            )
        if np.isnan(scores).any():
            raise ValueError(f"The scores of row {asked[np.isnan(scores).any(axis=1).argmax()]} hold NaN.")
        scores[known[asked].nonzero()] = -np.inf
        scores = scores[which]
        own = np.take_along_axis(scores, cols[block][:, None], axis=1)
        better, equal = (scores > own).sum(axis=1), (scores == own).sum(axis=1) - 1
        ranks[block] = better + equal // 2
    return ranks


def hit_at_k(ranks: np.ndarray, k: int) -> float:
    """Share of held-out pairs ranked among the first `k`.

    Parameters
    ----------
    ranks : ndarray of int, shape (n_held_out,)
        Rank of each held-out column among the candidates of its row, 0 is first.
    k : int
        Length of the list a user would see.

    Returns
    -------
    float
        Between 0 and 1. A random ranking scores about ``k / n_candidates``.

    Raises
    ------
    ValueError
        If `ranks` is empty or `k` is not positive.
    """
    check_integers(1, k=k)
    return float((_some(ranks) < k).mean())


def mean_reciprocal_rank(ranks: np.ndarray) -> float:
    """Mean of 1 / (rank + 1), between 0 and 1; `ranks` as in `hit_at_k`."""
    return float((1 / (_some(ranks) + 1)).mean())


def compare_recommenders(
    models: Mapping[str, BaseEstimator],
    train: Interactions,
    held_out: Interactions,
    labels: Sequence | None = None,
    k: int = 10,
) -> pd.DataFrame:
    """Fit every model on the training pairs and measure it on the held-out ones.

    Parameters
    ----------
    models : mapping of str to estimator
        With ``fit(interactions)`` and ``score_cols(rows)``. Those with a ``row_embedding_`` are asked for neighbours,
        too; one with ``score_at(rows, times)`` is asked at the times of the held-out pairs, if they have any.
    train, held_out : Interactions
        As `hold_out` gives them.
    labels : sequence, shape (n_rows,), optional
        What neighbours should share, see `neighbour_agreement`.
    k : int
        Length of the list in hit@k, and number of neighbours that are asked for their label.

    Returns
    -------
    DataFrame
        A row a model; columns ``hit@k``, ``MRR``, ``same label@k`` (missing without vectors) and ``seconds`` of `fit`.
    """
    scores: dict[str, dict[str, float]] = {}
    for name, model in models.items():
        start = time.perf_counter()
        model.fit(train)
        seconds = time.perf_counter() - start
        dated = held_out.times is not None and hasattr(model, "score_at")
        ranks = held_out_ranks(model.score_at if dated else model.score_cols, train, held_out, dated)
        scores[name] = {f"hit@{k}": hit_at_k(ranks, k), "MRR": mean_reciprocal_rank(ranks)}
        if labels is not None:
            vectors = getattr(model, "row_embedding_", None)
            scores[name][f"same label@{k}"] = np.nan if vectors is None else neighbour_agreement(vectors, labels, k)
        scores[name]["seconds"] = seconds
    return pd.DataFrame.from_dict(scores, orient="index")


def _some(ranks: np.ndarray) -> np.ndarray:
    if not len(ranks):
        raise ValueError("ranks are empty, expected at least one held-out pair.")
    return np.asarray(ranks)
