"""Ingredients and formulas as sparse vectors: scikit-learn transformers.

Input with names (an `Interactions`, lists, mappings, a DataFrame) is matched by name: one that `fit` did not see
follows `unknown`, one that is missing counts 0, and `inverse_transform` gives names back. A plain array or sparse
matrix is matched by position, its columns are x0, x1, …, and `inverse_transform` gives a matrix back. Columns stand in
the order of the table, or of first appearance in lists. All vectors are `csr_array` of float64.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, pairwise
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from research_lib.data import Interactions, UnknownName, as_names
from research_lib.embedding import Embedding


class OneHot(TransformerMixin, BaseEstimator):
    """A name becomes a row with a single 1.

    Parameters
    ----------
    unknown : {"error", "ignore"}
        What a name that `fit` did not see gets: an error, or a row of zeros.

    Attributes
    ----------
    encoder_ : OneHotEncoder
        What does the work.

    Notes
    -----
    `fit` and `transform` take a sequence of names, an `Interactions` (its rows), or a table of shape
    (n_rows, n_features), every column of which is encoded on its own as by `OneHotEncoder`.
    """

    def __init__(self, unknown: str = "error"):
        self.unknown = unknown

    def fit(self, X, y=None) -> Self:
        _check_choice("unknown", self.unknown, ("error", "ignore"))
        column = _as_column(X)
        self.named_ = column is not X
        X = validate_data(self, column, dtype=None)
        categories = [pd.unique(X[:, 0])] if self.named_ else "auto"
        self.encoder_ = OneHotEncoder(categories=categories, handle_unknown=self.unknown).fit(X)
        return self

    def transform(self, X) -> sparse.csr_array:
        """Vectors of shape (n_rows, n_names)."""
        check_is_fitted(self)
        X = validate_data(self, _as_column(X), dtype=None, reset=False)
        if self.named_:  # the encoder's own error knows no near miss
            known = self.encoder_.categories_[0]
            _meet_unknown(self.unknown, X[~pd.Index(X[:, 0]).isin(known), 0], known, "name")
        return sparse.csr_array(self.encoder_.transform(X))

    def inverse_transform(self, X) -> list[str | None] | np.ndarray:
        """Names, None for a row of zeros; of a table, the array (n_rows, n_features)."""
        check_is_fitted(self)
        values = self.encoder_.inverse_transform(X)
        return values[:, 0].tolist() if self.named_ else values

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names; of a table, column and value: ``x0_red``."""
        check_is_fitted(self)
        return self.encoder_.categories_[0] if self.named_ else self.encoder_.get_feature_names_out(input_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags


class _Named(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """What the others share: input with or without names, and the policy for unknown ones.

    A subclass says in ``_from_names(X)`` which inputs have names, apart from DataFrames, and reads them:
    (coo_array, its column names), or None for a table.
    """

    _what = "name"

    def fit(self, X, y=None) -> Self:
        _check_choice("unknown", self.unknown, ("error", "warn", "ignore"))
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

    def _learn(self, table: sparse.csr_array):
        """What `fit` does beyond the names."""

    def _table(self, X, reset: bool) -> sparse.csr_array:
        """Any input as finite numbers above 0, columns in the order of `fit`."""
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
        _meet_unknown(self.unknown, names[position < 0], self.feature_names_in_, self._what)
        rows, cols = given.coords
        known = position[cols] >= 0
        where = rows[known].astype(np.int32), position[cols[known]]  # not all of scikit-learn takes int64 indices
        return sparse.csr_array((given.data[known], where), shape=(given.shape[0], self.n_features_in_))

    def _check_values(self, table: sparse.csr_array):
        wrong = ~np.isfinite(table.data) | (table.data < 0)
        if wrong.any():
            first = wrong.argmax()
            row = np.searchsorted(table.indptr, first, side="right")
            name = self.get_feature_names_out()[table.indices[first]]
            raise ValueError(  # scikit-learn's checks look for these words
                f"Negative values in data, NaN or inf: row {row}, {self._what} {name!r} is {table.data[first]:g}."
            )

    def _vectors(self, X) -> sparse.csr_array:
        """What `inverse_transform` is given, checked and copied, without stored zeros."""
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


class MultiHot(_Named):
    """The purposes of an ingredient become a row with a 1 at each.

    Parameters
    ----------
    unknown : {"error", "warn", "ignore"}
        What a name that `fit` did not see gets: an error, or it is left out with or without a warning.

    Notes
    -----
    `fit` and `transform` take an `Interactions` (its columns), an iterable of lists of names
    (``[["Humectant", "Solvent"], …]``), or a table (array, sparse matrix, DataFrame) of shape
    (n_ingredients, n_purposes) with numbers of at least 0, any but 0 counting as 1. An ingredient without purposes
    is a row of zeros.
    """

    def __init__(self, unknown: str = "error"):
        self.unknown = unknown

    def inverse_transform(self, X) -> list[list[str]] | sparse.csr_array:
        """Names of every row, in the order of the columns; of a plain table, its ones."""
        vectors = self._vectors(X)
        vectors.data[:] = 1
        return [list(row) for row in self._as_mappings(vectors)] if self._has_names() else vectors

    def _table(self, X, reset):
        table = super()._table(X, reset)
        table.data[:] = 1
        return table

    def _from_names(self, X):
        if isinstance(X, Interactions):
            ones = np.ones(len(X))
            return sparse.coo_array((ones, tuple(X.pairs.T)), shape=(X.n_rows, X.n_cols)), X.col_names
        rows = _as_sequence(X)
        if rows is None or not any(isinstance(row, Iterable) for row in rows):
            return None
        _check_rows(rows, Iterable, "a list of names")
        rows = [list(row) for row in rows]
        if not isinstance(next(chain.from_iterable(rows), ""), str) and len(set(map(len, rows))) == 1:
            return None  # lists of numbers, all of one length, are a table
        return _from_mappings([dict.fromkeys(row, 1) for row in rows])


class TfidfMultiHot(MultiHot):
    """Multi-hot rows in which a rare purpose counts for more, scaled to length one.

    A purpose weighs ``ln((1 + n) / (1 + n_with_it)) + 1``, counted over the n ingredients of `fit`. All else is as in
    `MultiHot`; a row of zeros stays one.

    Attributes
    ----------
    tfidf_ : TfidfTransformer
        What does the weighting; the weights are its ``idf_``, shape (n_purposes,).
    """

    def _learn(self, table):
        self.tfidf_ = TfidfTransformer().fit(table)

    def transform(self, X):
        return sparse.csr_array(self.tfidf_.transform(super().transform(X)))


class Amounts(_Named):
    """The amounts of codes in a formula become its fractions.

    Parameters
    ----------
    basis : {"weight", "mole"}
        Keep weights, or divide each by the molar mass of its code.
    molar_masses : mapping of str to float, Series, or array of shape (n_codes,), optional
        In g/mol, by code or in the order of the columns; needed for ``basis="mole"``.
    normalise : bool
        Divide every row by its sum, so that it sums to one.
    unknown : {"error", "warn", "ignore"}
        What a code that `fit` did not see gets: an error, or it is left out (the fractions are then of the rest).

    Attributes
    ----------
    molar_masses_ : ndarray, shape (n_codes,)
        One a column, with ``basis="mole"``.

    Notes
    -----
    `fit` and `transform` take an iterable of mappings (``[{"Water": 70.0, "Ethanol": 30.0}, …]``; a code that is not in
    one has amount 0) or a table (array, sparse matrix, DataFrame) of shape (n_formulas, n_codes). Errors name the code
    whose molar mass is missing or not positive, the row and code of an amount that is negative or no number, and the
    row that is all zero. In a table without names such a row gets a warning and stays zero: scikit-learn asks for it.
    """

    _what = "code"

    def __init__(self, basis: str = "weight", molar_masses=None, normalise: bool = True, unknown: str = "error"):
        self.basis = basis
        self.molar_masses = molar_masses
        self.normalise = normalise
        self.unknown = unknown

    def transform(self, X) -> sparse.csr_array:
        """Fractions of shape (n_formulas, n_codes)."""
        table = super().transform(X)
        empty = np.diff(table.indptr) == 0
        if empty.any():
            message = f"Row {empty.argmax() + 1} is all zero, expected an amount above 0 of a known code."
            if self._has_names():
                raise ValueError(message)
            warnings.warn(message, stacklevel=2)
        if self.basis == "mole":
            table.data /= self.molar_masses_[table.indices]
        return _as_fractions(table) if self.normalise else table

    def inverse_transform(self, X) -> list[dict[str, float]] | sparse.csr_array:
        """Weights by code, a mapping a row; of a plain table, a matrix. Normalised rows give weight fractions."""
        vectors = self._vectors(X)
        if self.basis == "mole":
            vectors.data *= self.molar_masses_[vectors.indices]
            vectors = _as_fractions(vectors) if self.normalise else vectors
        return self._as_mappings(vectors) if self._has_names() else vectors

    def _learn(self, table):
        _check_choice("basis", self.basis, ("weight", "mole"))
        if self.basis == "weight":
            return
        if self.molar_masses is None:
            raise ValueError("basis='mole' needs molar_masses: g/mol by code, or one a column.")
        codes, masses = self.get_feature_names_out(), self.molar_masses
        by_code = hasattr(masses, "get")  # a mapping or a Series
        masses = np.array([masses.get(code, np.nan) for code in codes] if by_code else masses, dtype=np.float64)
        if masses.shape != codes.shape:
            raise ValueError(f"molar_masses have shape {masses.shape}, expected {codes.shape}: one a code.")
        wrong = ~((masses > 0) & np.isfinite(masses))
        if wrong.any():
            code, found = codes[wrong.argmax()], masses[wrong.argmax()]
            raise ValueError(f"The molar mass of {code!r} is {found:g}, expected g/mol above 0 (nan: missing).")
        self.molar_masses_ = masses

    def _from_names(self, X):
        rows = _as_sequence(X)
        if rows is None or not any(isinstance(row, Mapping | str) for row in rows):
            return None
        _check_rows(rows, Mapping, "a mapping of code to amount")
        return _from_mappings(rows)


def embed(interactions: Interactions, vectorizer: BaseEstimator | None = None) -> Embedding:
    """The rows of a table as an `Embedding`, by a vectorizer that is fitted on it; by default `MultiHot`.

    The vectors are dense: 28,000 rows of 78 purposes take 9 MB, one-hot they would take 3 GB.
    """
    vectors = (vectorizer or MultiHot()).fit_transform(interactions)
    return Embedding(vectors.toarray(), interactions.row_names, interactions.row_metadata)


def _check_choice(parameter: str, value: str, choices: tuple[str, ...]):
    if value not in choices:
        raise ValueError(f"{parameter} is {value!r}, expected one of {', '.join(choices)}.")


def _meet_unknown(policy: str, unknown: np.ndarray, known: np.ndarray, what: str):
    if policy == "ignore" or not len(unknown):
        return
    message = str(UnknownName.among(known, unknown[0], what))
    if more := len(set(unknown)) - 1:
        message += f" {more} more {'is' if more == 1 else 'are'} unknown."
    if policy == "error":
        raise ValueError(message)
    warnings.warn(f"{message} Left out.", stacklevel=2)


def _as_sequence(X) -> list | None:
    """The elements of an iterable of rows or names, None when X is a table."""
    n_axes = getattr(X, "ndim", None if hasattr(X, "__array__") else 1)
    return list(X) if n_axes == 1 and isinstance(X, Iterable) else None


def _as_column(X):
    """Names for `OneHot` as an array of shape (n_rows, 1), a table as it is."""
    names = X.row_names if isinstance(X, Interactions) else _as_sequence(X)
    if names is None or not any(isinstance(name, str) for name in names):
        return X
    _check_rows(names, str, "a name")
    return np.array(names, dtype=object)[:, None]


def _check_rows(rows: list, kind: type, expected: str):
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, kind) or (isinstance(row, str) and kind is not str):  # a text is an Iterable too
            raise ValueError(f"Row {number} is {row!r}, expected {expected}.")


def _from_mappings(rows: list[Mapping]) -> tuple[sparse.coo_array, np.ndarray]:
    """Values by row and name, shape (n_rows, n_names), and the names; a value that is no number is NaN."""
    for number, row in enumerate(rows, start=1):
        if wrong := [name for name in row if not isinstance(name, str)]:
            raise ValueError(f"Row {number} holds {wrong[0]!r}, expected a name (text).")
    where = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    cols, names = pd.factorize(np.array([name for row in rows for name in row], dtype=object))
    values = pd.to_numeric(pd.Series([value for row in rows for value in row.values()], dtype=object), errors="coerce")
    shape = len(rows), len(names)
    return sparse.coo_array((values.to_numpy(np.float64), (where, cols)), shape=shape), names


def _as_fractions(table: sparse.csr_array) -> sparse.csr_array:
    """Every row divided by its sum, in place."""
    table.data /= np.repeat(table.sum(axis=1), np.diff(table.indptr))
    return table
