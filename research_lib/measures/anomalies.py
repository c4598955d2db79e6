"""Does a detector find what it has never seen? One kind is left out, and must score higher than the rest."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import roc_auc_score

from research_lib.checks import UnknownName
from research_lib.containers.images import Images

KNOWN = ["kind", "anomalous"]  # columns of a table of scores; all others are detectors


def split_without(kind: str, labels: Sequence, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Half of all other kinds to learn what is normal from; the rest, and all of this kind, to be told apart.

    Parameters
    ----------
    kind : str
        The kind that is the anomaly.
    labels : sequence, shape (n,)
        Kind of each thing.
    random_state : int
        Seed of `numpy.random.default_rng`; the first half of its permutation is learnt.

    Returns
    -------
    normal, rest : ndarray of int
        Positions.

    Raises
    ------
    ValueError, KeyError
        If nothing is known of kinds, there is one only, or none of that name.
    """
    if np.ndim(labels) != 1:
        raise ValueError(f"labels are {labels!r}, expected the kind of each thing.")
    labels = pd.Series(list(labels), dtype=object)
    if labels.isna().any():
        raise ValueError(f"Thing {labels.isna().argmax() + 1} has no label, expected a kind for each.")
    labels = labels.to_numpy(dtype=str)
    kinds = np.unique(labels).tolist()
    if len(kinds) < 2:
        raise ValueError(f"All {len(labels)} things are of the kind {', '.join(kinds)!r}, expected two kinds or more.")
    if str(kind) not in kinds:
        raise UnknownName.among(kinds, str(kind), "kind")
    others = np.random.default_rng(random_state).permutation(np.flatnonzero(labels != str(kind)))
    normal = others[: len(others) // 2]
    if not len(normal):
        raise ValueError(f"Only {len(others)} thing is not {kind!r}, expected at least two: half of them are learnt.")
    return normal, np.setdiff1d(np.arange(len(labels)), normal)


def score_left_out(
    detectors: Mapping[str, BaseEstimator],
    things: Images | np.ndarray,
    labels: Sequence,
    kind: str,
    random_state: int = 0,
) -> tuple[pd.DataFrame, dict[str, BaseEstimator]]:
    """Fit every detector to half of what is normal, and score the rest together with the kind that was left out.

    Parameters
    ----------
    detectors : mapping of str to estimator
        With ``fit(things)`` and ``score_samples(things)``, less is more anomalous; they are cloned.
    things : Images or ndarray of shape (n, n_features)
        All of them.
    labels, kind, random_state
        As in `split_without`.

    Returns
    -------
    scores : DataFrame
        A row a thing that was scored, its position in the index; columns ``kind``, ``anomalous`` and, by the name of
        each detector, how anomalous it is: more is more.
    fitted : dict of str to estimator
        The detectors, fitted.
    """
    normal, rest = split_without(kind, labels, random_state)
    if len(things) != len(labels):
        raise ValueError(f"{len(labels)} labels for {len(things)} things, expected one each.")
    kinds = np.asarray(labels).astype(str)[rest]
    found = pd.DataFrame({"kind": kinds, "anomalous": kinds == str(kind)}, index=rest)
    learnt, asked = _some(things, normal), _some(things, rest)
    fitted = {name: clone(detector).fit(learnt) for name, detector in detectors.items()}
    for name, detector in fitted.items():
        found[name] = -detector.score_samples(asked)
    return found, fitted


def auroc(scores: pd.DataFrame) -> pd.Series:
    """Area under the ROC curve by detector: how often an anomaly scores higher than something normal; 0.5 is chance.

    Parameters
    ----------
    scores : DataFrame
        As `score_left_out` gives it.
    """
    return pd.Series({name: roc_auc_score(scores["anomalous"], scores[name]) for name in scores.columns.drop(KNOWN)})


def auroc_by_kind(
    detectors: Mapping[str, BaseEstimator],
    things: Images | np.ndarray,
    labels: Sequence,
    *,
    kinds: Sequence[str] | None = None,
    random_states: Sequence[int] = (0,),
) -> pd.DataFrame:
    """`auroc` with each kind left out in turn.

    Parameters
    ----------
    detectors, things, labels
        As in `score_left_out`.
    kinds : sequence of str, optional
        Those to leave out; by default all.
    random_states : sequence of int
        Seeds: each is that of a split, and every detector's own.

    Returns
    -------
    DataFrame
        A row a kind and seed, a column a detector.
    """
    kinds = np.unique(np.asarray(labels).astype(str)) if kinds is None else kinds
    found = {}
    for seed in random_states:
        seeded = {name: _with_seed(detector, seed) for name, detector in detectors.items()}
        for kind in kinds:
            found[str(kind), seed] = auroc(score_left_out(seeded, things, labels, kind, seed)[0])
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["kind", "seed"])


def alarm_threshold(normal_scores: np.ndarray, false_alarms: float = 0.05) -> float:
    """The score above which something is called anomalous, so that it is right about what is normal.

    Parameters
    ----------
    normal_scores : ndarray, shape (n,)
        How anomalous normal things are that were not learnt.
    false_alarms : float
        Share of new normal things that may be called anomalous. On average it is no more than that, if they come as
        those that were scored: the threshold is a conformal quantile, which allows for their number.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there are too few scores for so rare an alarm.

    References
    ----------
    S. Bates et al., "Testing for Outliers with Conformal p-values", Annals of Statistics 2023.
    """
    if not 0 < false_alarms < 1:
        raise ValueError(f"false_alarms is {false_alarms}, expected between 0 and 1.")
    if not np.isfinite(normal_scores).all():
        raise ValueError("A normal score is not finite, expected numbers: above NaN there is nothing.")
    n = len(normal_scores)
    rank = math.ceil((n + 1) * (1 - false_alarms))
    if rank > n:
        raise ValueError(
            f"{n} normal scores are too few for false_alarms={false_alarms}, expected at least "
            f"{math.ceil(1 / false_alarms) - 1}."
        )
    return float(np.sort(normal_scores)[rank - 1])


def _some(things: Images | np.ndarray, positions: np.ndarray) -> Images | np.ndarray:
    return things.subset(positions) if isinstance(things, Images) else np.asarray(things)[positions]


def _with_seed(detector: BaseEstimator, seed: int) -> BaseEstimator:
    """A copy with this seed, also in the steps of a pipeline."""
    seeds = {name: seed for name in detector.get_params() if name.rpartition("__")[2] == "random_state"}
    return clone(detector).set_params(**seeds) if seeds else clone(detector)
