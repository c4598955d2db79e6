"""What `MixtureRegressor` makes of the tables it is given, and the scales on which it learns."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.utils.validation import check_array

from research_lib.checks import UnknownName
from research_lib.containers.mixtures import Mixtures

Transform = Callable[[np.ndarray], np.ndarray]

# What is learnt in place of the target, and the way back.
TRANSFORMS: dict[str | None, tuple[Transform, Transform]] = {
    None: (np.asarray, np.asarray),
    "log": (np.log, np.exp),
    "log1p": (np.log1p, np.expm1),
}


@dataclass(frozen=True, eq=False)
class Standardised:
    """Columns transformed, then brought to mean 0 and variance 1."""

    mean: np.ndarray  # (n_columns,), of the transformed columns, like std
    std: np.ndarray
    transform: str | None = None  # one of `TRANSFORMS`

    @classmethod
    def of_targets(cls, y: np.ndarray, transform: str | None) -> Self:
        """For targets, shape (n_formulas,) or (n_formulas, n_targets); refuses constants and what has no logarithm."""
        y = y.reshape(len(y), -1)
        if len(y) < 2:
            raise ValueError(f"n_samples = {len(y)}: expected at least 2 formulas to learn from.")
        with np.errstate(invalid="ignore", divide="ignore"):
            transformed = TRANSFORMS[transform][0](y)
        wrong = ~np.isfinite(transformed).all(axis=1)
        if wrong.any():
            where = wrong.argmax()
            raise ValueError(f"The target of formula {where + 1} is {y[where]}: it has no {transform}.")
        if (np.ptp(transformed, axis=0) == 0).any():
            raise ValueError(f"The target is {y[0]} in all {len(y)} formulas: there is nothing to learn.")
        return cls(transformed.mean(axis=0), transformed.std(axis=0), transform)

    @classmethod
    def of_context(cls, context: np.ndarray) -> Self:
        """For columns of shape (n_formulas, n_context), some of which may be constant."""
        std = context.std(axis=0)
        return cls(context.mean(axis=0), np.where(std > 0, std, 1))

    def forth(self, values: np.ndarray) -> np.ndarray:
        """To the scale of learning: values of shape (n, n_columns), or (n,) of one column; gives (n, n_columns)."""
        columns = values[:, None] if values.ndim == 1 else values
        return (TRANSFORMS[self.transform][0](columns) - self.mean) / self.std

    def back(self, standardised: np.ndarray) -> np.ndarray:
        """To the unit of the table, shape (n, n_columns)."""
        return TRANSFORMS[self.transform][1](standardised * self.std + self.mean)


@dataclass(frozen=True, eq=False)
class ScaledFormulas:
    """Formulas as the network learns them, all numbers of about 1, and the scales that lead back.

    A formula holds not only its codes but also, in the amounts of the codes, their features: both are inputs.
    """

    amounts: sparse.csr_array  # (n_formulas, n_codes), as given
    code_features: sparse.csr_array  # (n_codes, n_features); no columns if nothing is known of the codes
    inputs: sparse.csr_array  # (n_formulas, n_codes + n_features), amounts over typical ones
    n_uses: np.ndarray  # (n_codes + n_features,), formulas that hold each
    typical: np.ndarray  # (n_codes + n_features,), amounts
    context: np.ndarray  # (n_formulas, n_context), standardised
    targets: np.ndarray  # (n_formulas, n_targets), standardised
    context_scale: Standardised
    target_scale: Standardised

    @classmethod
    def of(
        cls,
        amounts: sparse.csr_array,
        context: np.ndarray,
        y: np.ndarray,
        code_features: sparse.csr_array,
        transform: str | None,
    ) -> Self:
        """Scale what was read: amounts, context, target and features of codes."""
        context_scale, target_scale = Standardised.of_context(context), Standardised.of_targets(y, transform)
        inputs = sparse.csr_array(sparse.hstack([amounts, amounts @ code_features], format="csr"))
        typical = typical_amounts(inputs)
        return cls(
            amounts,
            code_features,
            sparse.csr_array(inputs / typical),
            np.bincount(inputs.indices, minlength=inputs.shape[1]),
            typical,
            context_scale.forth(context),
            target_scale.forth(y),
            context_scale,
            target_scale,
        )


def typical_amounts(amounts: sparse.csr_array) -> np.ndarray:
    """Root mean square of the amounts above 0 in every column, shape (n_codes,); 1 for an empty one."""
    n = np.bincount(amounts.indices, minlength=amounts.shape[1])
    squares = np.bincount(amounts.indices, amounts.data**2, minlength=amounts.shape[1])
    return np.where(n > 0, np.sqrt(squares / np.maximum(n, 1)), 1)


def known_codes(mixtures: Mixtures, names: np.ndarray, unknown: str) -> sparse.csr_array:
    """The amounts of the codes called `names`, shape (n_formulas, n_names); 0 where the table does not have a code.

    Raises
    ------
    ValueError
        If a formula holds another code and `unknown` is not ``"ignore"``, which leaves it out with a warning.
    """
    column = pd.Index(names).get_indexer(mixtures.code_names)
    strange = (column[mixtures.amounts.indices] < 0).nonzero()[0]
    if len(strange):
        code = mixtures.code_names[mixtures.amounts.indices[strange[0]]]
        formula = mixtures.formula_names[np.searchsorted(mixtures.amounts.indptr, strange[0], side="right") - 1]
        more = len(np.unique(mixtures.amounts.indices[strange])) - 1
        message = f"{mixtures.source}, formula {formula!r}: {UnknownName.among(names, code, 'code')}"
        message += f" {more} more are unknown." if more else ""
        if unknown != "ignore":
            raise ValueError(f"{message} With unknown='ignore' they are left out.")
        warnings.warn(f"{message} Left out.", stacklevel=5)
    known = np.flatnonzero(column >= 0)
    shape = mixtures.n_codes, len(names)
    return sparse.csr_array(mixtures.amounts @ sparse.csr_array((np.ones(len(known)), (known, column[known])), shape))


def checked_amounts(matrix, names: Sequence[str] | None) -> sparse.csr_array:
    """A copy with every amount stored once and no zeros; refuses what is negative or no number, and says where."""
    amounts = sparse.csr_array(matrix, copy=True)
    amounts.sum_duplicates()
    amounts.eliminate_zeros()
    wrong = ~np.isfinite(amounts.data) | (amounts.data < 0)
    if wrong.any():
        first = wrong.argmax()
        row, code = np.searchsorted(amounts.indptr, first, side="right"), amounts.indices[first]
        name = f"x{code}" if names is None else names[code]
        raise ValueError(  # scikit-learn's checks look for these words
            f"Negative values in data, NaN or inf: formula {row}, code {name!r} is {amounts.data[first]:g}."
        )
    return amounts


def names_of(X) -> list[str]:
    """Names of the codes: as the table has them, or numbered."""
    if isinstance(X, Mixtures):
        return list(X.code_names)
    if isinstance(X, pd.DataFrame) and all(isinstance(column, str) for column in X):
        return list(X)
    return [f"x{code}" for code in range(np.shape(X)[1])]


def as_target(X, y, n_formulas: int) -> np.ndarray:
    """The target given, or that of the `Mixtures`, shape (n_formulas,) or (n_formulas, n_targets)."""
    y = X.target if y is None and isinstance(X, Mixtures) else y
    if y is None:
        raise ValueError("MixtureRegressor requires y to be passed, but the target y is None.")
    y = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
    if len(y) != n_formulas:
        raise ValueError(f"{len(y)} targets for {n_formulas} formulas, expected one a formula.")
    return y


def as_context(X, context, n_formulas: int) -> np.ndarray:
    """The context given, or that of the `Mixtures`, shape (n_formulas, n_context); no columns when there is none."""
    if context is None:
        return X.context.to_numpy() if isinstance(X, Mixtures) else np.empty((n_formulas, 0))
    context = np.asarray(context, dtype=np.float64)
    context = context[:, None] if context.ndim == 1 else context
    if len(context) != n_formulas or not np.isfinite(context).all():
        raise ValueError(f"context has shape {context.shape}, expected ({n_formulas}, n_context) without NaN.")
    return context


def as_features(features, n_codes: int, n_features: int | None = None) -> sparse.csr_array:
    """Features of codes, shape (n_codes, n_features), checked; all are 0 where none are given."""
    if features is None:
        return sparse.csr_array((n_codes, n_features or 0))
    if n_features == 0:
        raise ValueError("code_features are given, but fit had none to learn from.")
    features = sparse.csr_array(check_array(features, accept_sparse="csr", dtype=np.float64))
    if features.shape[0] != n_codes:
        raise ValueError(f"code_features has {features.shape[0]} rows, expected {n_codes}: one a code.")
    if n_features is not None and features.shape[1] != n_features:
        raise ValueError(f"code_features has {features.shape[1]} columns, in fit it had {n_features}.")
    return features
