"""Vectors of codes that came later: the most probable ones, while g and all other vectors stay."""

import numpy as np
import torch
from scipy import sparse

from research_lib.models.mixture.ensemble import MixtureEnsemble
from research_lib.models.mixture.tables import as_features, typical_amounts

UNKNOWN_NOISE = 0.1  # share of the target's variance, where nothing was held out to measure it on


def append_codes(ensemble: MixtureEnsemble, n_new: int, code_features=None) -> None:
    """Give vectors to codes that no formula has held: the mean of their prior; see `MixtureRegressor.add_codes`."""
    features = as_features(code_features, n_new, ensemble.prior.feature_vectors.shape[1])
    amount = np.median(ensemble.typical[ensemble.n_formulas > 0])
    vectors = ensemble.prior.mean[:, None] / amount + ensemble.prior.of_features(features)
    ensemble.vectors = np.concatenate([ensemble.vectors, vectors], axis=1)
    ensemble.typical = np.append(ensemble.typical, np.full(n_new, amount))
    ensemble.n_formulas = np.append(ensemble.n_formulas, np.zeros(n_new, dtype=int))


def learn_new_codes(ensemble: MixtureEnsemble, amounts: sparse.csr_array, context: np.ndarray, y: np.ndarray) -> None:
    """Move the vectors of codes that no formula held before to the maximum of their posterior, given g.

    Parameters
    ----------
    ensemble : MixtureEnsemble
        Changed in place; the present vectors of the new codes are the mean of their prior.
    amounts : csr_array, shape (n_formulas, n_codes)
        Formulas that hold new codes.
    context, y : ndarray, shape (n_formulas, n_context) and (n_formulas,) or (n_formulas, n_targets)
        What describes them, and what was measured.

    Raises
    ------
    ValueError
        If no formula holds a new code.
    """
    n_uses = np.bincount(amounts.indices, minlength=amounts.shape[1])
    new = np.flatnonzero((ensemble.n_formulas == 0) & (n_uses > 0))
    if not len(new):
        raise ValueError(f"The {len(context)} formulas hold no new code: fit has seen all of theirs.")
    typical = typical_amounts(amounts[:, new])
    others = amounts.copy()
    others.data[np.isin(others.indices, new)] = 0
    noise, start, of_others, scaled, standardised, targets, precision = (
        torch.from_numpy(np.ascontiguousarray(array))
        for array in (
            np.nan_to_num(ensemble.calibration.noise, nan=UNKNOWN_NOISE),
            ensemble.vectors[:, new] * typical[:, None],
            np.stack([others @ of_member for of_member in ensemble.vectors]),
            (amounts[:, new] / typical).toarray(),
            ensemble.context.forth(context),
            ensemble.target.forth(y),
            ensemble.prior.precision,
        )
    )
    vectors = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([vectors], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        missed = ensemble.g(of_others + scaled @ vectors, standardised) - targets
        moved = vectors - start
        unlikely = (missed**2 / noise).sum() + torch.einsum("mce,mef,mcf", moved, precision, moved)
        (unlikely / 2).backward(inputs=[vectors])
        return unlikely.detach() / 2

    optimizer.step(loss)
    ensemble.vectors[:, new] = vectors.detach().numpy() / typical[:, None]
    ensemble.typical[new], ensemble.n_formulas[new] = typical, n_uses[new]
