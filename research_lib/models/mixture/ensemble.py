"""A fitted f = g ∘ h: the vectors and networks of all members, and the scales on which they learnt."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from research_lib.models.mixture.calibration import Calibration
from research_lib.models.mixture.network import MixtureNetwork
from research_lib.models.mixture.tables import Standardised

CHUNK = 4096  # formulas predicted at once


@dataclass(eq=False)
class MixtureEnsemble:
    """What `MixtureRegressor` predicts with.

    Parameters
    ----------
    network : MixtureNetwork
        Its g; in float64, so that a formula alone gives what it gives among others.
    vectors : ndarray, shape (n_members, n_codes, n_entries)
        What a unit of each code adds to h(A).
    typical : ndarray, shape (n_codes,)
        Typical amount of each code.
    target, context : Standardised
        Their scales.
    combine : {"mean", "median"}
        What the members' predictions become.
    calibration : Calibration, optional
        What was missed on held-out formulas.
    """

    network: MixtureNetwork
    vectors: np.ndarray
    typical: np.ndarray
    target: Standardised
    context: Standardised
    combine: str
    calibration: Calibration | None = None

    def of_members(self, amounts: sparse.csr_array, context: np.ndarray) -> np.ndarray:
        """Standardised predictions of each member, shape (n_members, n_formulas, n_targets), float64."""
        n_members, n_codes, n_entries = self.vectors.shape
        context = torch.from_numpy(self.context.forth(context))
        vectors = self.vectors.transpose(1, 0, 2).reshape(n_codes, -1)
        chunks = []
        with torch.no_grad():
            for start in range(0, amounts.shape[0], CHUNK):
                mixed = torch.from_numpy((amounts[start : start + CHUNK] @ vectors).reshape(-1, n_members, n_entries))
                chunks.append(self.network.g(mixed.transpose(0, 1), context[start : start + CHUNK]).numpy())
        return np.concatenate(chunks, axis=1)

    def combined(self, of_members: np.ndarray) -> np.ndarray:
        """The standardised prediction, shape (n_formulas, n_targets)."""
        return np.mean(of_members, axis=0) if self.combine == "mean" else np.median(of_members, axis=0)

    def interval(self, of_members: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends in the unit of the target, shape (n_formulas, n_targets) each."""
        middle, reach = self.combined(of_members), self.calibration.reach(of_members, coverage)
        return self.target.back(middle - reach), self.target.back(middle + reach)

    def spread(self, of_members: np.ndarray) -> np.ndarray:
        """In the unit of the target, shape (n_formulas, n_targets); of a transformed one half the interval of ± 1."""
        middle, spread = self.combined(of_members), self.calibration.spread(of_members)
        return (self.target.back(middle + spread) - self.target.back(middle - spread)) / 2

    def add(self, vectors: np.ndarray, amount: float) -> None:
        """Append codes by their vectors, shape (n_members, n_new, n_entries), and a typical amount."""
        self.vectors = np.concatenate([self.vectors, vectors], axis=1)
        self.typical = np.append(self.typical, np.full(vectors.shape[1], amount))
