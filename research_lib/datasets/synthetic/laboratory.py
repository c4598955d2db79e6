"""A made-up cosmetics laboratory: formulas with planted code vectors and a bent response."""

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.containers.mixtures import Mixtures

CEILING = 100_000  # mPa·s, what the planted viscometer can read
PURPOSES = (
    "solvent",
    "thickener",
    "surfactant",
    "emollient",
    "humectant",
    "salt",
    "emulsifier",
    "preservative",
    "film former",
    "fragrance",
    "extract",
    "colorant",
)
PLANTED = ["planted 1", "planted 2", "planted 3"]  # entries of a planted vector


def formula_twin(
    n_formulas: int = 1745,
    n_codes: int = 5485,
    *,
    n_codes_each: tuple[int, int] = (13, 64),
    zipf: float = 2.0,
    own: float = 0.4,
    noise: float = 0.01,
    random_state: int | np.random.Generator | None = 0,
) -> Mixtures:
    """Formulas of a laboratory: a few codes are in most formulas, most codes in few.

    A code has a purpose, and a planted vector near that of its purpose. Use falls with a code's rank, as
    ``rank ** -zipf``, and rare codes are used in small amounts. A formula's vector h(A) is the sum of its codes'
    vectors weighted by their amounts; `planted_viscosity` says what follows from it.

    Parameters
    ----------
    n_formulas, n_codes : int
        How many. Every code is in at least one formula, as long as there is room.
    n_codes_each : tuple of int
        The fewest and the most codes of a formula.
    zipf : float
        How steeply use falls.
    own : float
        Standard deviation of a code's own part of its vector; that of its purpose has 0.8.
    noise : float
        Standard deviation of the measurement, as a share of `CEILING`.
    random_state : int, Generator or None
        The same seed gives the same table.

    Returns
    -------
    Mixtures
        Amounts in percent, the target in mPa·s. ``code_metadata`` has ``purpose`` and the planted vector in columns
        ``planted 1`` to ``planted 3``. Over the formulas, the entries of h(A) are uncorrelated, with mean 0 and
        variance 1.

    Raises
    ------
    ValueError
        If a formula would hold more codes than exist.
    """
    fewest, most = n_codes_each
    if not 1 <= fewest <= most <= n_codes:
        raise ValueError(f"n_codes_each is {n_codes_each}, expected two numbers from 1 to n_codes = {n_codes:,}.")
    rng = np.random.default_rng(random_state)
    use = np.arange(1, n_codes + 1.0) ** -zipf
    holds = _draw_codes(np.log(use), rng.integers(fewest, most + 1, size=n_formulas), most, rng)
    typical = np.sqrt(np.maximum(use, use[min(300, n_codes - 1)])) ** (1 / zipf)
    typical *= np.exp(rng.normal(0, 0.5, n_codes))
    formula, code = holds.nonzero()
    amount = typical[code] * np.exp(rng.normal(0, 0.6, len(code)))
    amounts = sparse.csr_array((amount, (formula, code)), shape=holds.shape)
    amounts = sparse.csr_array(amounts.multiply(100 / amounts.sum(axis=1)[:, None]))

    purpose = rng.integers(len(PURPOSES), size=n_codes)
    n_entries = len(PLANTED)
    vectors = 0.8 * rng.normal(size=(len(PURPOSES), n_entries))[purpose] + own * rng.normal(size=(n_codes, n_entries))
    mixed = amounts @ vectors
    # Amounts sum to 100, so that a vector added to all codes moves every formula alike.
    vectors = (vectors - mixed.mean(axis=0) / 100) @ np.linalg.inv(np.linalg.cholesky(np.cov(mixed.T, ddof=0))).T
    measured = _viscosity(amounts @ vectors) + noise * CEILING * rng.normal(size=n_formulas)
    planted = pd.DataFrame(vectors, columns=PLANTED)
    return Mixtures(
        amounts,
        np.array([f"{PURPOSES[place]} {number:04d}" for number, place in enumerate(purpose, start=1)]),
        np.clip(measured, 0, CEILING),
        unit="mPa·s",
        code_metadata=planted.assign(purpose=np.array(PURPOSES)[purpose]),
        total=100,
        source="sample",
    )


def planted_viscosity(mixtures: Mixtures) -> np.ndarray:
    """What a formula of the twin, or a new one of its codes, would measure without noise.

    The first entry of h(A) thickens, but only while the second is near its best value, as surfactants do at the right
    amount of salt; the third makes a gel beyond a threshold.

    Parameters
    ----------
    mixtures : Mixtures
        With the planted vectors in ``code_metadata``, and amounts in percent.

    Returns
    -------
    ndarray, shape (n_formulas,)
        In mPa·s, between 0 and `CEILING`.
    """
    return _viscosity(mixtures.amounts @ mixtures.code_metadata[PLANTED].to_numpy())


def _viscosity(mixed: np.ndarray) -> np.ndarray:  # h(A), (n_formulas, 3) -> (n_formulas,)
    thickened = (1 + np.tanh(1.2 * mixed[:, 0])) * np.exp(-((mixed[:, 1] - 0.5) ** 2) / 2)
    gel = 1 + np.tanh(1.5 * mixed[:, 2] - 0.5)
    return CEILING * (thickened + gel) / 4


def _draw_codes(log_use: np.ndarray, sizes: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Which codes each formula holds, (n_formulas, n_codes): drawn by use without repetition, by Gumbel noise."""
    holds = np.zeros((len(sizes), len(log_use)), dtype=bool)
    for row, size in zip(holds, sizes, strict=True):
        row[np.argsort(-(log_use + rng.gumbel(size=len(log_use))))[:size]] = True
    room = np.repeat(np.arange(len(sizes)), most - sizes)
    unused = np.flatnonzero(~holds.any(axis=0))[: len(room)]
    holds[rng.permutation(room)[: len(unused)], unused] = True
    return holds
