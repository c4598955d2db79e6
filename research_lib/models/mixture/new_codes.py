"""Vectors of codes that came later: the most probable ones, while g and all other vectors stay."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from scipy import sparse
from sklearn.covariance import LedoitWolf

from research_lib.models.mixture.ensemble import MixtureEnsemble
from research_lib.models.mixture.tables import typical_amounts

OFTEN = 10  # formulas from which on a vector counts as learnt
UNKNOWN_NOISE = 0.1  # share of the target's variance, where nothing was held out to measure it on


@dataclass(frozen=True, eq=False)
class CodePrior:
    """The normal distribution of learnt vectors, at the typical amounts of their codes.

    Parameters
    ----------
    mean : ndarray, shape (n_members, n_entries)
        What a code has of which nothing is known.
    precision : ndarray, shape (n_members, n_entries, n_entries)
        Inverse of the covariance.
    """

    mean: np.ndarray
    precision: np.ndarray

    @classmethod
    def of_vectors(cls, vectors: np.ndarray, n_formulas: np.ndarray) -> Self:
        """Estimate from learnt vectors.

        Parameters
        ----------
        vectors : ndarray, shape (n_members, n_codes, n_entries)
            At typical amounts; with features, the codes' own parts.
        n_formulas : ndarray of int, shape (n_codes,)
            How many hold each code: those that few hold have hardly moved from their start, and do not count.
        """
        often = n_formulas >= min(OFTEN, n_formulas.max())
        # Ledoit and Wolf (2004) shrink it to a ball, so that it has an inverse also when codes are few.
        estimates = [LedoitWolf().fit(of_member[often]) for of_member in vectors]
        return cls(
            np.stack([estimate.location_ for estimate in estimates]),
            np.stack([np.linalg.pinv(estimate.covariance_, hermitian=True) for estimate in estimates]),
        )


def most_probable_vectors(
    ensemble: MixtureEnsemble,
    prior: CodePrior,
    new: np.ndarray,
    amounts: sparse.csr_array,
    context: np.ndarray,
    y: np.ndarray,
) -> None:
    """Move the vectors of new codes to the maximum of their posterior, given g.

    Parameters
    ----------
    ensemble : MixtureEnsemble
        Changed in place; the present vectors of the new codes are the mean of their prior.
    prior : CodePrior
        How far from there they may lie.
    new : ndarray of int
        Columns of the new codes.
    amounts : csr_array, shape (n_formulas, n_codes)
        Formulas that hold new codes.
    context, y : ndarray, shape (n_formulas, n_context) and (n_formulas,) or (n_formulas, n_targets)
        What describes them, and what was measured.
    """
    typical = ensemble.typical[new] = typical_amounts(amounts[:, new])
    others = amounts.copy()
    others.data[np.isin(others.indices, new)] = 0
    noise = ensemble.calibration.noise
    noise, start, others, scaled, context, targets, precision = (
        torch.from_numpy(np.ascontiguousarray(array))
        for array in (
            np.where(np.isnan(noise), UNKNOWN_NOISE, noise),
            ensemble.vectors[:, new] * typical[:, None],
            np.stack([others @ of_member for of_member in ensemble.vectors]),
            (amounts[:, new] / typical).toarray(),
            ensemble.context.forth(context),
            ensemble.target.forth(y),
            prior.precision,
        )
    )
    vectors = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([vectors], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        missed = ensemble.network.g(others + scaled @ vectors, context) - targets
        moved = vectors - start
        unlikely = (missed**2 / noise).sum() + torch.einsum("mce,mef,mcf", moved, precision, moved)
        (unlikely / 2).backward(inputs=[vectors])
        return unlikely.detach() / 2

    optimizer.step(loss)
    ensemble.vectors[:, new] = vectors.detach().numpy() / typical[:, None]
