"""Does a detector find what it has never seen? One label is left out, and must score higher than the rest."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import roc_auc_score

from research_lib.checks import UnknownName, check_labels, check_numbers
from research_lib.containers.images import Images

KNOWN = ["label", "anomalous"]  # columns of a table of scores; all others are detectors


def split_without(label: str, labels: Sequence, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Half of the things of other labels, to learn what is normal; the other half and all of this label, to be scored.

    Parameters
    ----------
    label : str
        What the anomalies are.
    labels : sequence, shape (n,)
        One a thing.
    random_state : int
        Seed of `numpy.random.default_rng`; the first half of its permutation is learnt.

    Returns
    -------
    normal, rest : ndarray of int
        Positions.

    Raises
    ------
    ValueError, KeyError
        If there are no labels, only one, or none of that name.
    """
    if np.ndim(labels) != 1:
        raise ValueError(f"labels are {labels!r}, expected one a thing.")
    missing = pd.Series(list(labels), dtype=object).isna()
    if missing.any():
        raise ValueError(f"Thing {missing.argmax() + 1} has no label, expected one for each.")
    of_things = np.asarray(labels).astype(str)
    names = np.unique(of_things).tolist()
    if len(names) < 2:
        raise ValueError(f"All {len(labels)} things have the label {', '.join(names)!r}, expected at least two labels.")
    if str(label) not in names:
        raise UnknownName.among(names, str(label), "label")
    others = np.random.default_rng(random_state).permutation(np.flatnonzero(of_things != str(label)))
    normal = others[: len(others) // 2]
    if not len(normal):
        raise ValueError(f"Only {len(others)} thing is not {label!r}, expected at least two: half of them are learnt.")
    return normal, np.setdiff1d(np.arange(len(labels)), normal)


def score_left_out(
    detectors: Mapping[str, BaseEstimator],
    things: Images | np.ndarray,
    labels: Sequence,
    label: str,
    random_state: int = 0,
) -> tuple[pd.DataFrame, dict[str, BaseEstimator]]:
    """Fit every detector to half of what is normal, and score the rest together with the label that was left out.

    Parameters
    ----------
    detectors : mapping of str to estimator
        With ``fit(things)`` and ``score_samples(things)``, where less is more anomalous; they are cloned.
    things : Images or ndarray of shape (n, n_features)
        All of them.
    labels, label, random_state
        As in `split_without`.

    Returns
    -------
    scores : DataFrame
        A row a thing that was scored, its position in the index; columns ``label``, ``anomalous`` and one for each
        detector: how anomalous it finds the thing, more is more.
    fitted : dict of str to estimator
        The detectors, fitted.
    """
    normal, rest = split_without(label, labels, random_state)
    check_labels(labels, len(things), "thing")
    scored = np.asarray(labels).astype(str)[rest]
    found = pd.DataFrame({"label": scored, "anomalous": scored == str(label)}, index=rest)
    learnt, asked = _some(things, normal), _some(things, rest)
    fitted = {name: clone(detector).fit(learnt) for name, detector in detectors.items()}
    for name, detector in fitted.items():
        found[name] = -detector.score_samples(asked)
    return found, fitted


def auroc(scores: pd.DataFrame) -> pd.Series:
    """Area under the ROC curve by detector: how often an anomaly scores higher than what is normal; 0.5 is chance.

    Parameters
    ----------
    scores : DataFrame
        As `score_left_out` gives it.
    """
    return pd.Series({name: roc_auc_score(scores["anomalous"], scores[name]) for name in scores.columns.drop(KNOWN)})


def auroc_by_label(
    detectors: Mapping[str, BaseEstimator],
    things: Images | np.ndarray,
    labels: Sequence,
    *,
    only: Sequence[str] | None = None,
    random_states: Sequence[int] = (0,),
) -> pd.DataFrame:
    """`auroc` with each label left out in turn.

    Parameters
    ----------
    detectors, things, labels
        As in `score_left_out`.
    only : sequence of str, optional
        Labels to leave out; by default all.
    random_states : sequence of int
        Seeds, each of a split and of all detectors.

    Returns
    -------
    DataFrame
        A row a label and seed, a column a detector.
    """
    left_out = np.unique(np.asarray(labels).astype(str)) if only is None else only
    found = {}
    for seed in random_states:
        seeded = {name: _with_seed(detector, seed) for name, detector in detectors.items()}
        for label in left_out:
            found[str(label), seed] = auroc(score_left_out(seeded, things, labels, label, seed)[0])
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["label", "seed"])


def alarm_threshold(normal_scores: np.ndarray, false_alarms: float = 0.05) -> float:
    """The score above which something is called anomalous, at a stated rate of false alarms.

    Parameters
    ----------
    normal_scores : ndarray, shape (n,)
        How anomalous some normal things are that were not learnt from.
    false_alarms : float
        Share of new normal things that may be called anomalous. On average no more will be, if they are like those that
        were scored: the threshold is a conformal quantile, which allows for their number.

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
    check_numbers(above=0, below=1, false_alarms=false_alarms)
    if not np.isfinite(normal_scores).all():
        raise ValueError("A normal score is not finite, expected numbers: nothing is above NaN.")
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
    """A copy with this seed, also in every step of a pipeline."""
    seeds = {name: seed for name in detector.get_params() if name.rpartition("__")[2] == "random_state"}
    return clone(detector).set_params(**seeds) if seeds else clone(detector)
