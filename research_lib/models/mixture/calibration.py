"""How sure a prediction is: from the disagreement of an ensemble, and from what was missed on held-out formulas."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse

COVERED, NORMAL_QUANTILE = 0.9, 1.6448536  # the share of held-out formulas that ± 1.64 spreads are made to cover
MEDIAN_OF_NORMAL = 0.6745  # of the absolute value, in standard deviations
USUAL = 0.95  # share of the formulas whose disagreement counts as usual


@dataclass(frozen=True, eq=False)
class Calibration:
    """Turns the predictions of the members into a spread."""

    noise: np.ndarray  # (n_targets,), variance that is left where members agree; NaN when nothing was held out
    missed: np.ndarray  # (n_held_out, n_targets), errors on held-out formulas, over the spread before calibration
    usual: np.ndarray  # (n_targets,), variance between the members that 95 % of the formulas stay below

    @classmethod
    def from_held_out(cls, of_members: np.ndarray, targets: np.ndarray, held_out: np.ndarray) -> Self:
        """Measure on what each member did not see.

        Parameters
        ----------
        of_members : ndarray, shape (n_members, n_formulas, n_targets)
            Predictions.
        targets : ndarray, shape (n_formulas, n_targets)
            The truth.
        held_out : ndarray of bool, shape (n_members, n_formulas)
            What each member did not see.
        """
        n_members, disagreement = held_out.sum(axis=0), _disagreement(of_members)
        usual = np.quantile(disagreement, USUAL, axis=0)
        tested = n_members > 0
        if not tested.any():
            return cls(np.full(targets.shape[1], np.nan), np.full((1, targets.shape[1]), np.nan), usual)
        unseen = (of_members * held_out[:, :, None]).sum(axis=0)[tested] / n_members[tested, None]
        missed = np.abs(unseen - targets[tested])
        # Medians, since a few formulas are missed by far.
        typical = np.median(missed, axis=0) / MEDIAN_OF_NORMAL
        noise = np.maximum(typical**2 - np.median(disagreement[tested], axis=0), 1e-6)
        return cls(noise, missed / np.sqrt(noise + disagreement[tested]), usual)

    def check_measured(self) -> None:
        """`ValueError` if nothing was held out."""
        if np.isnan(self.noise).any():
            raise ValueError(
                "Nothing was held out to measure a spread on: fit with a validation_fraction above 0, such as 0.1."
            )

    def spread(self, of_members: np.ndarray) -> np.ndarray:
        """Shape (n_formulas, n_targets): ± 1.64 of it covers 90 % of what was held out."""
        return self.reach(of_members, COVERED) / NORMAL_QUANTILE

    def reach(self, of_members: np.ndarray, coverage: float) -> np.ndarray:
        """Half the width of intervals that cover this share of what was held out, shape (n_formulas, n_targets)."""
        return np.quantile(self.missed, coverage, axis=0) * np.sqrt(self.noise + _disagreement(of_members))

    def disagree(self, of_members: np.ndarray) -> np.ndarray:
        """Where members disagree more than on 95 % of the formulas of `fit`: bool, shape (n_formulas,)."""
        return np.any(_disagreement(of_members) > self.usual, axis=1)


def hold_out_formulas(
    amounts: sparse.csr_array, n_members: int, fraction: float, rng: np.random.Generator
) -> np.ndarray:
    """Which formulas each member does not see: a window on their random order that moves on from member to member.

    Formulas of the same codes stay together, unless so many have the same ones that they do not fit into a window.

    Returns
    -------
    ndarray of bool, shape (n_members, n_formulas)
    """
    n = amounts.shape[0]
    holds = sparse.csr_array((np.ones(amounts.nnz, np.int64), amounts.indices, amounts.indptr), shape=amounts.shape)
    _, code_set = np.unique(holds @ rng.integers(2**48, size=amounts.shape[1]), return_inverse=True)
    if np.bincount(code_set).max() > max(1, fraction * n):
        code_set = np.arange(n)
    order = rng.permutation(code_set.max() + 1)[code_set]
    place = np.searchsorted(np.sort(order), order) / n  # from 0 to 1, the same for those that stay together
    return (place - np.arange(n_members)[:, None] / n_members) % 1 < fraction


def _disagreement(of_members: np.ndarray) -> np.ndarray:
    """Variance between the members, shape (n_formulas, n_targets)."""
    return of_members.var(axis=0, ddof=1) if len(of_members) > 1 else np.zeros(of_members.shape[1:])
