"""A fitted f = g ∘ h: the vectors and layers of all members, and the scales on which they learnt."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from scipy import sparse

from research_lib.models.mixture.calibration import Calibration
from research_lib.models.mixture.code_prior import CodePrior
from research_lib.models.mixture.network import MemberLayers, MixtureNetwork
from research_lib.models.mixture.tables import ScaledFormulas, Standardised

CHUNK = 4096  # formulas predicted at once


@dataclass(eq=False)
class MixtureEnsemble:
    """What `MixtureRegressor` predicts with."""

    g: MemberLayers  # behind h(A)
    vectors: np.ndarray  # (n_members, n_codes, n_entries), what a unit of each code adds to h(A)
    typical: np.ndarray  # (n_codes,), amount of each code
    n_formulas: np.ndarray  # (n_codes,), that each code was learnt from
    prior: CodePrior  # of the vectors of codes without formulas
    target: Standardised
    context: Standardised
    combine: str  # "mean" or "median": how the predictions of the members become one
    calibration: Calibration  # what was missed on held-out formulas
    best_member: int  # which missed least of what it held out

    @classmethod
    def of_network(
        cls, network: MixtureNetwork, formulas: ScaledFormulas, held_out: np.ndarray, *, combine: str
    ) -> Self:
        """Take vectors and layers out of a trained network, and measure them on what each member held out."""
        g, n_codes = network.g.fitted(), formulas.amounts.shape[1]
        learnt = np.where(formulas.n_uses[:, None] > 0, network.code_vectors(), 0)  # nothing of what was never seen
        n_formulas, typical = formulas.n_uses[:n_codes], formulas.typical[:n_codes]
        of_features = learnt[:, n_codes:] / formulas.typical[n_codes:, None]
        prior = CodePrior.of_vectors(learnt[:, :n_codes], n_formulas, of_features)
        vectors = learnt[:, :n_codes] / typical[:, None]
        vectors[:, n_formulas == 0] = prior.mean[:, None] / np.median(typical[n_formulas > 0])
        vectors = vectors + prior.of_features(formulas.code_features)
        of_members = _predictions(g, vectors, formulas.amounts, formulas.context)
        missed = np.where(held_out, ((of_members - formulas.targets) ** 2).mean(axis=2), 0)
        return cls(
            g,
            vectors,
            typical,
            n_formulas,
            prior,
            formulas.target_scale,
            formulas.context_scale,
            combine,
            Calibration.from_held_out(of_members, formulas.targets, held_out),
            int(missed.sum(axis=1).argmin()),
        )

    def of_members(self, amounts: sparse.csr_array, context: np.ndarray) -> np.ndarray:
        """Standardised predictions of each member, shape (n_members, n_formulas, n_targets), float64."""
        return _predictions(self.g, self.vectors, amounts, self.context.forth(context))

    def combined(self, of_members: np.ndarray) -> np.ndarray:
        """The standardised prediction, shape (n_formulas, n_targets)."""
        return np.mean(of_members, axis=0) if self.combine == "mean" else np.median(of_members, axis=0)

    def interval(self, of_members: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends in the unit of the target, shape (n_formulas, n_targets) each."""
        middle, reach = self.combined(of_members), self.calibration.reach(of_members, coverage)
        return self.target.back(middle - reach), self.target.back(middle + reach)

    def spread(self, of_members: np.ndarray) -> np.ndarray:
        """In the unit of the target, shape (n_formulas, n_targets); half the interval of ± 1 if it is transformed."""
        middle, spread = self.combined(of_members), self.calibration.spread(of_members)
        return (self.target.back(middle + spread) - self.target.back(middle - spread)) / 2

    def state(self) -> dict[str, Any]:
        """All that `from_state` needs."""
        parts = ("prior", "target", "context", "calibration")
        return vars(self) | {"g": self.g.state()} | {name: vars(getattr(self, name)) for name in parts}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The ensemble as it was."""
        parts = {
            "g": MemberLayers.from_state(state["g"]),
            "prior": CodePrior(**state["prior"]),
            "target": Standardised(**state["target"]),
            "context": Standardised(**state["context"]),
            "calibration": Calibration(**state["calibration"]),
        }
        return cls(**state | parts)


@torch.no_grad()
def _predictions(
    g: MemberLayers, vectors: np.ndarray, amounts: sparse.csr_array, context: np.ndarray
) -> np.ndarray:  # (n_members, n_formulas, n_targets)
    n_members, n_codes, n_entries = vectors.shape
    side_by_side = vectors.transpose(1, 0, 2).reshape(n_codes, -1)
    chunks = []
    for start in range(0, amounts.shape[0], CHUNK):
        some = slice(start, start + CHUNK)
        mixed = torch.from_numpy((amounts[some] @ side_by_side).reshape(-1, n_members, n_entries))
        chunks.append(g(mixed.transpose(0, 1), torch.from_numpy(context[some])).numpy())
    return np.concatenate(chunks, axis=1)
