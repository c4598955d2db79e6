"""`Mixtures`: formulas, how much of each code they hold, and what was measured of them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.checks import UnknownName, as_metadata, as_names
from research_lib.containers.fields import FILLED_LATER, no_cleaning, set_fields


@dataclass(frozen=True, eq=False)
class Mixtures:
    """Formulas: how much of each code they hold, and what was measured of them.

    Parameters
    ----------
    amounts : array or sparse matrix, shape (n_formulas, n_codes)
        How much of each code a formula holds, at least 0; kept as a `csr_array` of float64 without stored zeros.
    code_names : sequence of str
        Each name once.
    target : array, shape (n_formulas,) or (n_formulas, n_targets)
        What was measured.
    unit : str
        Of the target, for labels: "mPa·s".
    context : DataFrame, optional
        What describes a formula beside its amounts, such as its temperature: numbers only. No columns if nothing does.
    formula_names : sequence of str, optional
        Each name once; by default the numbers from 1.
    formula_metadata, code_metadata : DataFrame, optional
        What else is known of them, such as the fold of a published split.
    total : float, optional
        What the amounts of a formula should sum to, such as 100 percent. A sum that misses it by more than `tolerance`
        is an error.
    tolerance : float
        A share of `total`.
    source : str
        Where the table came from.
    cleaning : DataFrame, optional
        What was counted and dropped on the way: columns ``step`` and ``count``.

    Raises
    ------
    ValueError
        If there are no formulas, shapes disagree, an amount is negative, a number is missing, or a sum misses the
        total; the message names formula and code.
    """

    amounts: sparse.csr_array
    code_names: np.ndarray
    target: np.ndarray
    unit: str = ""
    context: pd.DataFrame = FILLED_LATER
    formula_names: np.ndarray = FILLED_LATER
    formula_metadata: pd.DataFrame = FILLED_LATER
    code_metadata: pd.DataFrame = FILLED_LATER
    total: float | None = None
    tolerance: float = 0.02
    source: str = "memory"
    cleaning: pd.DataFrame = field(default_factory=no_cleaning)

    def __post_init__(self) -> None:
        amounts = sparse.csr_array(self.amounts, dtype=np.float64, copy=True)
        amounts.indices, amounts.indptr = amounts.indices.astype(np.int32), amounts.indptr.astype(np.int32)
        amounts.sum_duplicates()
        amounts.eliminate_zeros()
        n_formulas = amounts.shape[0]
        if not n_formulas:
            raise ValueError(f"{self.source}: no formulas.")
        codes = as_names(self.code_names, f"{self.source}: code")
        numbers = range(1, n_formulas + 1)
        formulas = as_names(numbers if self.formula_names is None else self.formula_names, f"{self.source}: formula")
        if amounts.shape != (len(formulas), len(codes)):
            raise ValueError(
                f"{self.source}: amounts have shape {amounts.shape}, expected ({len(formulas)}, {len(codes)}): "
                f"a row a formula and a column a code."
            )
        target = _as_numbers(self.target, formulas, f"{self.source}: target")
        if target.ndim not in (1, 2) or len(target) != n_formulas:
            raise ValueError(f"{self.source}: the target has shape {target.shape} for {n_formulas} formulas.")
        context = as_metadata(self.context, formulas, f"{self.source}: context:")
        for column in context:
            context[column] = _as_numbers(context[column], formulas, f"{self.source}: context {column!r}")
        set_fields(self, amounts=amounts, target=target, context=context.astype(np.float64))
        for side, names in (("formula", formulas), ("code", codes)):
            metadata = as_metadata(getattr(self, f"{side}_metadata"), names, f"{self.source}: {side}")
            set_fields(self, **{f"{side}_names": names, f"{side}_metadata": metadata})
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Raise `ValueError` unless amounts are at least 0 and sum to the total, and target and context are numbers."""
        wrong = ~(np.isfinite(self.amounts.data) & (self.amounts.data >= 0))
        if wrong.any():
            first = wrong.argmax()
            formula = self.formula_names[np.searchsorted(self.amounts.indptr, first, side="right") - 1]
            code = self.code_names[self.amounts.indices[first]]
            raise ValueError(
                f"{self.source}, formula {formula!r}, code {code!r}: the amount is {self.amounts.data[first]:g}, "
                f"expected 0 or more."
            )
        for what, values in (("target", self.target.reshape(len(self), -1)), ("context", self.context.to_numpy())):
            missing = ~np.isfinite(values).all(axis=1)
            if missing.any():
                formula = self.formula_names[missing.argmax()]
                raise ValueError(f"{self.source}, formula {formula!r}: the {what} is {values[missing.argmax()]}.")
        sums = self.amounts.sum(axis=1)
        if self.total is not None:
            far = np.abs(sums - self.total) > self.tolerance * self.total
            if far.any():
                raise ValueError(
                    f"{self.source}, formula {self.formula_names[far.argmax()]!r}: the amounts sum to "
                    f"{sums[far.argmax()]:g}, expected {self.total:g}; {far.sum() - 1} more miss it."
                )

    @classmethod
    def from_mappings(cls, formulas: Iterable[Mapping[str, float]], target: Iterable[float], **fields) -> Self:
        """Build from plain mappings: ``[{"Water": 70.0, "Ethanol": 30.0}, …]``.

        Codes are numbered in order of first appearance; further `fields` are those of `Mixtures`.
        """
        formulas = [dict(formula) for formula in formulas]
        row = np.repeat(np.arange(len(formulas)), [len(formula) for formula in formulas])
        col, codes = pd.factorize(np.array([code for formula in formulas for code in formula], dtype=object))
        amounts = np.array([amount for formula in formulas for amount in formula.values()], dtype=np.float64)
        shape = len(formulas), len(codes)
        return cls(sparse.coo_array((amounts, (row, col)), shape=shape), codes, np.asarray(list(target)), **fields)

    def __len__(self) -> int:
        return self.amounts.shape[0]

    def __repr__(self) -> str:
        size = f"{len(self):,} formulas × {self.n_codes:,} codes"
        return f"Mixtures({size}, {self.amounts.nnz:,} amounts, from {self.source})"

    def __getitem__(self, formulas: np.ndarray | tuple) -> Self:
        """`subset` as scikit-learn's searches write it: ``mixtures[rows, ...]``."""
        return self.subset(np.atleast_1d(formulas[0] if isinstance(formulas, tuple) else formulas))

    @property
    def shape(self) -> tuple[int, int]:
        return self.amounts.shape

    @property
    def n_formulas(self) -> int:
        return self.amounts.shape[0]

    @property
    def n_codes(self) -> int:
        return self.amounts.shape[1]

    def formulas_per_code(self) -> np.ndarray:
        """How many formulas hold each code, shape (n_codes,)."""
        return np.bincount(self.amounts.indices, minlength=self.n_codes)

    def amounts_of(self, formula_name: str) -> pd.Series:
        """What a formula holds by code, the largest amount first."""
        rows = np.flatnonzero(self.formula_names == formula_name)
        if not len(rows):
            raise UnknownName.among(self.formula_names, formula_name, "formula")
        row = self.amounts[[rows[0]]]
        return pd.Series(row.data, index=self.code_names[row.indices], name=formula_name).sort_values(ascending=False)

    def subset(self, formulas: np.ndarray) -> Self:
        """Some formulas only, given as positions or a boolean mask; all codes stay."""
        return replace(
            self,
            amounts=self.amounts[formulas],
            target=self.target[formulas],
            context=self.context.iloc[formulas],
            formula_names=self.formula_names[formulas],
            formula_metadata=self.formula_metadata.iloc[formulas],
        )

    def without(self, code_names: Collection[str]) -> Self:
        """The same formulas with none of some codes; the sums are then held to no total."""
        kept = sparse.dia_array((~np.isin(self.code_names, list(code_names))[None], [0]), shape=(self.n_codes,) * 2)
        return replace(self, amounts=self.amounts @ kept, total=None)


def _as_numbers(values: Iterable, formulas: np.ndarray, what: str) -> np.ndarray:
    """The values as float64; the error names the first formula that has a text instead."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        column = pd.Series(list(values), dtype=object)
        first = pd.to_numeric(column, errors="coerce").isna().to_numpy().argmax()
        raise ValueError(f"{what} of formula {formulas[first]!r} is {column[first]!r}, expected a number.") from None
