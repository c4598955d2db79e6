"""Formulas for a target: measured ones, moved along the gradient of f, within constraints."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, minimize

from research_lib.checks import UnknownName, check_integers, check_numbers
from research_lib.containers.mixtures import Mixtures
from research_lib.models.mixture.ensemble import MixtureEnsemble
from research_lib.models.training import one_thread

STARTS = 8  # formulas that are moved for each suggestion asked for
REACHED = 0.05  # how far a suggestion may miss the target, in standard deviations of the target
Limits = tuple[np.ndarray, np.ndarray, np.ndarray]  # least and greatest amount of a code, whether asked for: (n_codes,)
STAY = 1e-4  # what moving a code by its typical amount costs, where missing the target by one deviation costs 1


@one_thread()
def suggest_formulas(
    ensemble: MixtureEnsemble,
    measured: Mixtures,
    target: float | Sequence[float],
    *,
    fixed: Mapping[str, float] | None,
    bounds: Mapping[str, tuple[float, float]] | None,
    total: float | None,
    context: Sequence[float] | None,
    n: int,
    extrapolate: bool,
) -> Mixtures:
    """See `MixtureRegressor.suggest`; `measured` are the formulas of `fit`."""
    check_integers(1, n=n)
    total = float(np.median(measured.amounts.sum(axis=1))) if total is None else total
    check_numbers(above=0, total=total)
    wanted = _as_wanted(ensemble, target)
    beyond_measured = _lies_beyond(ensemble, measured, wanted)
    if beyond_measured and not extrapolate:
        raise ValueError(f"The target {target} is {beyond_measured}. Give extrapolate=True to try it nevertheless.")
    at = _as_context(ensemble, context)
    limits = _limits(measured, dict(bounds or {}) | {name: (x, x) for name, x in (fixed or {}).items()})
    found, sources = _moved(ensemble, measured, wanted, limits, total, at, STARTS * n)
    predicted, of_members = _predict(ensemble, found, at)
    missed = _missed(predicted, wanted)
    reaches = missed <= REACHED
    if not reaches.any():
        nearest = ensemble.target.back(predicted[[missed.argmin()]])[0].round(4)
        raise ValueError(f"{target} is out of reach within these bounds; the nearest prediction is {nearest}.")
    beyond = _greater_than_seen(measured, found) | ensemble.calibration.disagree(of_members) | bool(beyond_measured)
    usable = np.flatnonzero(reaches & (extrapolate | ~beyond))
    if not len(usable):
        raise ValueError(
            f"The {reaches.sum()} formulas that reach {target} extrapolate: an amount is beyond what was measured, or "
            f"the members disagree. Ask for something nearer, or give extrapolate=True."
        )
    chosen = usable[_most_different(found[usable] / ensemble.typical, missed[usable], n)]
    if len(chosen) < n:
        warnings.warn(f"{len(chosen)} formulas instead of {n}: no others reach it.", stacklevel=4)
    reached = ensemble.target.back(predicted[chosen])
    spread = pd.DataFrame(ensemble.spread(of_members[:, chosen]))
    spread.columns = ["spread"] if spread.shape[1] == 1 else [f"spread {number + 1}" for number in spread.columns]
    return Mixtures(
        sparse.csr_array(found[chosen]),
        measured.code_names,
        reached[:, 0] if measured.target.ndim == 1 else reached,
        formula_names=np.array([f"suggestion {number + 1}" for number in range(len(chosen))], dtype=object),
        formula_metadata=spread.assign(from_formula=sources[chosen], extrapolates=beyond[chosen]),
        code_metadata=measured.code_metadata,
        total=total,
        source="suggestions",
    )


def _moved(
    ensemble: MixtureEnsemble,
    measured: Mixtures,
    wanted: np.ndarray,
    limits: Limits,
    total: float,
    context: np.ndarray,
    n: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Up to `n` formulas moved within the limits, nearest to the target first: amounts, and names before the move."""
    low, high, asked = limits
    found, sources = [], []
    for number in np.argsort(_missed(_predict(ensemble, measured.amounts, context)[0], wanted), kind="stable"):
        start = measured.amounts[[number]].toarray()[0]
        codes = np.flatnonzero(((start > 0) | asked) & (high > 0))
        if low[codes].sum() <= total <= high[codes].sum():
            amounts = np.zeros_like(start)
            amounts[codes] = _move(ensemble, wanted, start[codes], codes, (low[codes], high[codes]), total, context)
            found.append(amounts)
            sources.append(measured.formula_names[number])
        if len(found) == n:
            break
    if not found:
        raise ValueError(
            f"No formula of fit can be changed to sum to {total:g} within these bounds. Widen them or fix less."
        )
    return np.array(found), np.array(sources)


def _as_wanted(ensemble: MixtureEnsemble, target: float | Sequence[float]) -> np.ndarray:
    """The standardised target, shape (n_targets,)."""
    targets = np.atleast_1d(np.asarray(target, dtype=np.float64))
    if targets.shape != ensemble.target.mean.shape or np.isnan(targets).all():
        raise ValueError(f"The target is {targets}, expected {len(ensemble.target.mean)} numbers, one of them not NaN.")
    with np.errstate(invalid="ignore", divide="ignore"):
        return ensemble.target.forth(targets[None])[0]


def _as_context(ensemble: MixtureEnsemble, context: Sequence[float] | None) -> np.ndarray:
    """The context given, or the mean of those of `fit`, shape (1, n_context)."""
    mean = ensemble.context.mean
    row = np.reshape(mean if context is None else np.asarray(context, dtype=np.float64), (1, -1))
    if row.shape[1] != len(mean):
        raise ValueError(f"context has {row.shape[1]} values, expected {len(mean)}, as in fit.")
    return row


def _lies_beyond(ensemble: MixtureEnsemble, measured: Mixtures, wanted: np.ndarray) -> str:
    """What the target lies beyond; empty if it lies within."""
    y = measured.target.reshape(len(measured), -1)
    low, high = ensemble.target.forth(np.array([y.min(axis=0), y.max(axis=0)]))
    beyond = (wanted < low) | (wanted > high)
    return f"beyond what was measured, {y.min(axis=0)} to {y.max(axis=0)}" if beyond.any() else ""


def _greatest(measured: Mixtures) -> np.ndarray:
    """Greatest amount of each code, shape (n_codes,)."""
    return measured.amounts.max(axis=0).toarray().ravel()


def _limits(measured: Mixtures, given: Mapping[str, tuple[float, float]]) -> Limits:
    """Those given, and for other codes from none to the greatest amount measured."""
    low, high = np.zeros(measured.n_codes), _greatest(measured)
    asked = np.zeros(measured.n_codes, dtype=bool)
    position = {name: number for number, name in enumerate(measured.code_names)}
    for name, limits in given.items():
        if name not in position:
            raise UnknownName.among(measured.code_names, name, "code")
        number, (least, greatest) = position[name], limits
        if not 0 <= least <= greatest:
            raise ValueError(f"The bounds of {name!r} are {limits}, expected a least and a greatest amount from 0.")
        if greatest > 0 and measured.code_metadata["n_formulas"][number] == 0:
            raise ValueError(f"No formula has held {name!r}: what it does was not measured.")
        low[number], high[number], asked[number] = least, greatest, True
    return low, high, asked


def _predict(
    ensemble: MixtureEnsemble, amounts: np.ndarray | sparse.csr_array, context: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Standardised predictions for formulas in one context: combined, and of each member."""
    of_members = ensemble.of_members(sparse.csr_array(amounts), np.repeat(context, amounts.shape[0], axis=0))
    return ensemble.combined(of_members), of_members


def _missed(predicted: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """By how many standard deviations of the target, shape (n_formulas,)."""
    return np.sqrt(np.nansum((predicted - wanted) ** 2, axis=1))


def _move(
    ensemble: MixtureEnsemble,
    wanted: np.ndarray,
    start: np.ndarray,
    codes: np.ndarray,
    limits: tuple[np.ndarray, np.ndarray],
    total: float,
    context: np.ndarray,
) -> np.ndarray:
    """Amounts of the codes, shape (n_codes,), moved from `start` no farther than the target needs."""
    scale = ensemble.typical[codes]
    low, high, begin = (amounts / scale for amounts in (*limits, np.clip(start, *limits)))
    vectors, home = torch.from_numpy(ensemble.vectors[:, codes] * scale[:, None]), torch.from_numpy(begin)
    standardised = torch.from_numpy(ensemble.context.forth(context))
    named = torch.from_numpy(~np.isnan(wanted))
    goal = torch.from_numpy(wanted)[named]

    def cost(over_typical: np.ndarray) -> tuple[float, np.ndarray]:
        amounts = torch.from_numpy(over_typical).requires_grad_()
        mixed = torch.einsum("c,mce->me", amounts, vectors)[:, None]
        predicted = ensemble.g(mixed, standardised).mean(dim=0)[0, named]
        cost = ((predicted - goal) ** 2).sum() + STAY * ((amounts - home) ** 2).sum()
        (gradient,) = torch.autograd.grad(cost, amounts)
        return cost.item(), gradient.numpy()

    result = minimize(
        cost,
        begin,
        jac=True,
        method="SLSQP",
        bounds=Bounds(low, high),
        constraints=LinearConstraint(scale[None], total, total),
        options={"maxiter": 100},
    )
    return np.clip(result.x, low, high) * scale


def _greater_than_seen(measured: Mixtures, found: np.ndarray) -> np.ndarray:
    """Whether a formula has more of a code than any that was measured, shape (n_formulas,)."""
    return np.any(found > _greatest(measured) * (1 + 1e-6), axis=1)


def _most_different(points: np.ndarray, missed: np.ndarray, n: int) -> np.ndarray:
    """The point that misses least, then again and again the one farthest from those chosen; no point twice."""
    chosen = [int(missed.argmin())]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < n and distance.max() > 1e-3:
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)
