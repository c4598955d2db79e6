"""Ingredients and formulas as sparse vectors: scikit-learn transformers.

Input with names (an `Interactions`, lists, mappings, a DataFrame) is matched by name: `unknown` says what becomes of a
name that `fit` did not see, a missing one counts 0, and `inverse_transform` gives names back. A plain array or sparse
matrix is matched by position, its columns are x0, x1, …, and `inverse_transform` gives a matrix back. Columns stand in
the order of the table, or of first appearance in lists. All vectors are `csr_array` of float64.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_is_fitted, validate_data

from research_lib.checks import check_choice
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions
from research_lib.vectorize.named_columns import NamedColumns, as_sequence, check_rows, from_mappings, meet_unknown


@dataclass(eq=False, repr=False, kw_only=True)
class OneHot(TransformerMixin, BaseEstimator):
    """A name becomes a row with a single 1.

    Parameters
    ----------
    unknown : {"error", "ignore"}
        What a name gets that `fit` did not see: an error, or a row of zeros.

    Attributes
    ----------
    encoder_ : OneHotEncoder
        What does the work.

    Notes
    -----
    `fit` and `transform` take a sequence of names, an `Interactions` (its rows), or a table of shape
    (n_rows, n_features), whose columns are encoded one by one as by `OneHotEncoder`.
    """

    unknown: str = "error"

    def fit(self, X, y=None) -> Self:
        check_choice("unknown", self.unknown, ("error", "ignore"))
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
        if self.named_:  # the encoder's own error does not name the near miss
            known = self.encoder_.categories_[0]
            meet_unknown(self.unknown, X[~pd.Index(X[:, 0]).isin(known), 0], known, "name")
        return sparse.csr_array(self.encoder_.transform(X))

    def inverse_transform(self, X) -> list[str | None] | np.ndarray:
        """Names, or None for a row of zeros; for a table, an array of shape (n_rows, n_features)."""
        check_is_fitted(self)
        values = self.encoder_.inverse_transform(X)
        return values[:, 0].tolist() if self.named_ else values

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """The names; for a table, column and value: ``x0_red``."""
        check_is_fitted(self)
        return self.encoder_.categories_[0] if self.named_ else self.encoder_.get_feature_names_out(input_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        return tags


class MultiHot(NamedColumns):
    """The purposes of an ingredient become a row with a 1 at each.

    Parameters
    ----------
    unknown : {"error", "warn", "ignore"}
        What becomes of a name that `fit` did not see: an error, or it is left out, with a warning or without.

    Notes
    -----
    `fit` and `transform` take an `Interactions` (its columns), an iterable of lists of names
    (``[["Humectant", "Solvent"], …]``), or a table (array, sparse matrix, DataFrame) of shape
    (n_ingredients, n_purposes) with numbers of at least 0, where all but 0 count as 1. An ingredient without purposes
    is a row of zeros.
    """

    def inverse_transform(self, X) -> list[list[str]] | sparse.csr_array:
        """The names in every row, in the order of the columns; for a plain table, its ones."""
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
        rows = as_sequence(X)
        if rows is None or not any(isinstance(row, Iterable) for row in rows):
            return None
        check_rows(rows, Iterable, "a list of names")
        rows = [list(row) for row in rows]
        if not isinstance(next(chain.from_iterable(rows), ""), str) and len(set(map(len, rows))) == 1:
            return None  # lists of numbers, all of one length, are a table
        return from_mappings([dict.fromkeys(row, 1) for row in rows])


class TfidfMultiHot(MultiHot):
    """Multi-hot rows in which a rare purpose counts for more, scaled to length one.

    A purpose weighs ``ln((1 + n) / (1 + n_with_it)) + 1``, counted over the n ingredients of `fit`. A row of zeros
    stays one. All else is as in `MultiHot`.

    Attributes
    ----------
    tfidf_ : TfidfTransformer
        What does the weighting; ``tfidf_.idf_`` holds the weights, shape (n_purposes,).
    """

    def _learn(self, table):
        self.tfidf_ = TfidfTransformer().fit(table)

    def transform(self, X):
        return sparse.csr_array(self.tfidf_.transform(super().transform(X)))


@dataclass(eq=False, repr=False)
class Amounts(NamedColumns):
    """The amounts of codes in a formula become its fractions.

    Parameters
    ----------
    basis : {"weight", "mole"}
        Keep weights, or divide each by the molar mass of its code.
    molar_masses : mapping of str to float, Series, or array of shape (n_codes,), optional
        In g/mol, by code or in the order of the columns; ``basis="mole"`` needs them.
    normalise : bool
        Divide every row by its sum, so that it sums to one.
    unknown : {"error", "warn", "ignore"}
        What becomes of a code that `fit` did not see: an error, or it is left out, and the fractions are of the rest.

    Attributes
    ----------
    molar_masses_ : ndarray, shape (n_codes,)
        One a column, with ``basis="mole"``.

    Notes
    -----
    `fit` and `transform` take an iterable of mappings (``[{"Water": 70.0, "Ethanol": 30.0}, …]``; a code that is not in
    one has amount 0) or a table (array, sparse matrix, DataFrame) of shape (n_formulas, n_codes). Errors name the code
    whose molar mass is missing or not positive, the row and code of an amount that is negative or not a number, and the
    row that is all zero. In a table without names such a row only gets a warning and stays zero, as scikit-learn asks.
    """

    basis: str = "weight"
    molar_masses: Mapping[str, float] | Sequence[float] | np.ndarray | pd.Series | None = None
    normalise: bool = True
    _what = "code"

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
        """Weights by code, a mapping a row; for a plain table, a matrix. Normalised rows give weight fractions."""
        vectors = self._vectors(X)
        if self.basis == "mole":
            vectors.data *= self.molar_masses_[vectors.indices]
            vectors = _as_fractions(vectors) if self.normalise else vectors
        return self._as_mappings(vectors) if self._has_names() else vectors

    def _learn(self, table):
        check_choice("basis", self.basis, ("weight", "mole"))
        if self.basis == "weight":
            return
        if self.molar_masses is None:
            raise ValueError("basis='mole' needs molar_masses: g/mol by code, or one a column.")
        codes, masses = self.get_feature_names_out(), self.molar_masses
        if isinstance(masses, Mapping | pd.Series):
            masses = [masses.get(code, np.nan) for code in codes]
        masses = np.array(masses, dtype=np.float64)
        if masses.shape != codes.shape:
            raise ValueError(f"molar_masses have shape {masses.shape}, expected {codes.shape}: one a code.")
        wrong = ~((masses > 0) & np.isfinite(masses))
        if wrong.any():
            code, found = codes[wrong.argmax()], masses[wrong.argmax()]
            raise ValueError(f"The molar mass of {code!r} is {found:g}, expected g/mol above 0 (nan: missing).")
        self.molar_masses_ = masses

    def _from_names(self, X):
        rows = as_sequence(X)
        if rows is None or not any(isinstance(row, Mapping | str) for row in rows):
            return None
        check_rows(rows, Mapping, "a mapping of code to amount")
        return from_mappings(rows)


def embed(interactions: Interactions, vectorizer: BaseEstimator | None = None) -> Embedding:
    """The rows of a table as an `Embedding`, by a vectorizer that is fitted to it; by default `MultiHot`.

    The vectors are dense: 28,000 rows of 78 purposes take 9 MB, but one-hot they would take 3 GB.
    """
    vectors = (vectorizer or MultiHot()).fit_transform(interactions)
    return Embedding(vectors.toarray(), interactions.row_names, interactions.row_metadata)


def _as_column(X):
    """Names for `OneHot` as an array of shape (n_rows, 1), a table as it is."""
    names = X.row_names if isinstance(X, Interactions) else as_sequence(X)
    if names is None or not any(isinstance(name, str) for name in names):
        return X
    check_rows(names, str, "a name")
    return np.array(names, dtype=object)[:, None]


def _as_fractions(table: sparse.csr_array) -> sparse.csr_array:
    """Every row divided by its sum, in place."""
    table.data /= np.repeat(table.sum(axis=1), np.diff(table.indptr))
    return table
