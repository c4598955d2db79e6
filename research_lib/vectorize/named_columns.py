"""What vectorizers take: a table with named columns, given as pairs, lists, mappings, a DataFrame or an array."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from research_lib.checks import UnknownName, as_names, check_choice

POLICIES = ("error", "warn", "ignore")  # for names that `fit` did not see


@dataclass(eq=False, repr=False)
class NamedColumns(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """What the others share: input with or without names, and the policy for unknown ones."""

    unknown: str = field(default="error", kw_only=True)
    _what = "name"

    def _from_names(self, X) -> tuple[sparse.coo_array, np.ndarray] | None:
        """Values and column names of an input with names other than a DataFrame; None for a table."""
        raise NotImplementedError

    def fit(self, X, y=None) -> Self:
        check_choice("unknown", self.unknown, POLICIES)
        table = self._table(X, reset=True)
        as_names(self.get_feature_names_out(), f"{type(self).__name__}: column")
        self._learn(table)
        return self

    def fit_transform(self, X, y=None, **fit_params) -> sparse.csr_array:
        return super().fit_transform(list(X) if isinstance(X, Iterator) else X, y, **fit_params)

    def transform(self, X) -> sparse.csr_array:
        """Vectors of shape (n_rows, n_names)."""
        check_is_fitted(self)
        return self._table(X, reset=False)

    def _learn(self, table: sparse.csr_array) -> None:
        """What `fit` does beyond learning the names."""

    def _table(self, X, reset: bool) -> sparse.csr_array:
        """Any input as finite numbers above 0, with columns in the order of `fit`."""
        options = {"accept_sparse": "csr", "dtype": np.float64, "ensure_all_finite": False}  # _check_values says where
        named = self._from_names(X)
        if named is None and isinstance(X, pd.DataFrame) and not reset and self._has_names():
            named = sparse.coo_array(check_array(X, **options)), as_names(X.columns, "DataFrame: column")
        if named is None:
            table = sparse.csr_array(validate_data(self, X, reset=reset, **options), copy=True)
        else:
            if reset:
                self.n_features_in_, self.feature_names_in_ = len(named[1]), named[1]
            table = self._by_name(*named)
        table.sum_duplicates()
        self._check_values(table)
        table.eliminate_zeros()
        return table

    def _has_names(self) -> bool:
        return hasattr(self, "feature_names_in_")

    def _by_name(self, given: sparse.coo_array, names: np.ndarray) -> sparse.csr_array:
        if not self._has_names():
            raise ValueError(f"{type(self).__name__} was fitted on a table without names, and is now given names.")
        position = pd.Index(self.feature_names_in_).get_indexer(names).astype(np.int32)
        meet_unknown(self.unknown, names[position < 0], self.feature_names_in_, self._what)
        rows, cols = given.coords
        known = position[cols] >= 0
        where = rows[known].astype(np.int32), position[cols[known]]  # not all of scikit-learn takes int64 indices
        return sparse.csr_array((given.data[known], where), shape=(given.shape[0], self.n_features_in_))

    def _check_values(self, table: sparse.csr_array) -> None:
        wrong = ~np.isfinite(table.data) | (table.data < 0)
        if wrong.any():
            first = wrong.argmax()
            row = np.searchsorted(table.indptr, first, side="right")
            name = self.get_feature_names_out()[table.indices[first]]
            raise ValueError(  # scikit-learn's checks look for these words
                f"Negative values in data, NaN or inf: row {row}, {self._what} {name!r} is {table.data[first]:g}."
            )

    def _vectors(self, X) -> sparse.csr_array:
        """A checked copy of what `inverse_transform` is given, without stored zeros."""
        check_is_fitted(self)
        vectors = sparse.csr_array(check_array(X, accept_sparse="csr", dtype=np.float64), copy=True)
        if vectors.shape[1] != self.n_features_in_:
            raise ValueError(f"Vectors have {vectors.shape[1]} columns, expected {self.n_features_in_}.")
        vectors.sum_duplicates()
        vectors.eliminate_zeros()
        return vectors

    def _as_mappings(self, vectors: sparse.csr_array) -> list[dict[str, float]]:
        names, values = self.feature_names_in_[vectors.indices].tolist(), vectors.data.tolist()
        return [
            dict(zip(names[start:stop], values[start:stop], strict=True)) for start, stop in pairwise(vectors.indptr)
        ]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        return tags


def meet_unknown(policy: str, unknown: np.ndarray, known: np.ndarray, what: str) -> None:
    """Raise `ValueError`, warn, or do nothing about unknown names, as the policy says."""
    if policy == "ignore" or not len(unknown):
        return
    message = str(UnknownName.among(known, unknown[0], what))
    if more := len(set(unknown)) - 1:
        message += f" {more} more {'is' if more == 1 else 'are'} unknown."
    if policy == "error":
        raise ValueError(message)
    warnings.warn(f"{message} Left out.", stacklevel=2)


def as_sequence(X) -> list | None:
    """The elements of an iterable of rows or names; None if X is a table."""
    n_axes = getattr(X, "ndim", None if hasattr(X, "__array__") else 1)
    return list(X) if n_axes == 1 and isinstance(X, Iterable) else None


def check_rows(rows: Iterable, row_type: type, expected: str) -> None:
    """`ValueError` unless all rows are of one type; a text is a row of texts only, though it is an Iterable, too."""
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, row_type) or (isinstance(row, str) and row_type is not str):
            raise ValueError(f"Row {number} is {row!r}, expected {expected}.")


def from_mappings(rows: list[Mapping]) -> tuple[sparse.coo_array, np.ndarray]:
    """Values by row and name, shape (n_rows, n_names), and the names; a value that is not a number becomes NaN."""
    for number, row in enumerate(rows, start=1):
        if wrong := [name for name in row if not isinstance(name, str)]:
            raise ValueError(f"Row {number} holds {wrong[0]!r}, expected a name (text).")
    where = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    cols, names = pd.factorize(np.array([name for row in rows for name in row], dtype=object))
    values = pd.to_numeric(pd.Series([value for row in rows for value in row.values()], dtype=object), errors="coerce")
    shape = len(rows), len(names)
    return sparse.coo_array((values.to_numpy(np.float64), (where, cols)), shape=shape), names
