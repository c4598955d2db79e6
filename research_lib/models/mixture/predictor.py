"""What a fitted f = g ∘ h does with formulas: reads, predicts, transforms and suggests them."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from research_lib.containers.embedding import Embedding
from research_lib.containers.mixtures import Mixtures
from research_lib.models.mixture.suggestions import suggest_formulas
from research_lib.models.mixture.tables import as_context, check_amounts, known_codes


class FormulaPredictor(RegressorMixin, TransformerMixin, BaseEstimator):
    """Base of `MixtureRegressor`, which fits ``ensemble_``, ``embedding_`` and ``best_member_``."""

    def predict(self, X, context=None, return_std: bool = False):
        """The target of formulas.

        Parameters
        ----------
        X, context
            As in `fit`.
        return_std : bool
            Also give a spread: ± 1.64 of it covered 90 % of what was held out in training.

        Returns
        -------
        ndarray of shape (n_formulas,) or (n_formulas, n_targets), or two of them
        """
        check_is_fitted(self)
        of_members = self.ensemble_.of_members(*self._read(X, context))
        predicted = self._shaped(self.ensemble_.target.back(self.ensemble_.combined(of_members)))
        return (predicted, self._shaped(self.ensemble_.spread(of_members))) if return_std else predicted

    def predict_interval(self, X, context=None, coverage: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of intervals that hold the target with probability `coverage`."""
        if not 0 < coverage < 1:
            raise ValueError(f"coverage is {coverage}, expected between 0 and 1.")
        check_is_fitted(self)
        low, high = self.ensemble_.interval(self.ensemble_.of_members(*self._read(X, context)), coverage)
        return self._shaped(low), self._shaped(high)

    def transform(self, X) -> np.ndarray:
        """h(A) of formulas by the vectors of `embedding_`, shape (n_formulas, n_entries)."""
        check_is_fitted(self)
        return self._read(X, None, needs_context=False)[0] @ self.ensemble_.vectors[self.best_member_]

    def suggest(
        self,
        target: float | Sequence[float],
        *,
        fixed: Mapping[str, float] | None = None,
        bounds: Mapping[str, tuple[float, float]] | None = None,
        total: float | None = None,
        context: Sequence[float] | None = None,
        n: int = 5,
        extrapolate: bool = False,
    ) -> Mixtures:
        """Formulas that are predicted to reach a target.

        Formulas of `fit` are changed by gradient through f, in the amounts of the codes that they hold, until the
        target is reached; of the results, those that differ most are kept.

        Parameters
        ----------
        target : float, or sequence of float
            What is wanted, in the unit of the target; NaN among several means any.
        fixed : mapping of str to float, optional
            Amounts that every suggestion holds.
        bounds : mapping of str to (float, float), optional
            Least and greatest amounts of codes. Others stay within what was seen of them, or are left out.
        total : float, optional
            What the amounts sum to; by default what those of the formulas sum to.
        context : sequence of float, optional
            Of the suggestions, where `fit` had context; by default the mean.
        n : int
            At most so many.
        extrapolate : bool
            Whether to give, and mark, suggestions that reach beyond what was measured: by the target, by an amount, or
            by members that disagree more than on 95 % of the formulas of `fit`.

        Returns
        -------
        Mixtures
            Its target is what is predicted; ``formula_metadata`` has ``spread``, ``from_formula`` (the number in `fit`)
            and ``extrapolates``.

        Raises
        ------
        ValueError
            If no formula can satisfy the constraints, the target lies beyond what was measured or is out of reach.
        """
        check_is_fitted(self)
        measured = Mixtures(
            self._formulas, self.embedding_.names, self._y, code_metadata=self.embedding_.metadata, source="fit"
        )
        return suggest_formulas(
            self.ensemble_,
            measured,
            target,
            fixed=fixed,
            bounds=bounds,
            total=total,
            context=context,
            n=n,
            extrapolate=extrapolate,
        )

    def _show(self, names: Sequence[str], metadata: pd.DataFrame) -> Self:
        """Set what tells of the codes."""
        self.embedding_ = Embedding(self.ensemble_.vectors[self.best_member_], names, metadata)
        self.n_features_in_ = len(names)
        if hasattr(self, "feature_names_in_"):
            self.feature_names_in_ = self.embedding_.names
        return self

    def _read(self, X, context, reset: bool = False, needs_context: bool = True) -> tuple[sparse.csr_array, np.ndarray]:
        """Amounts and context of shape (n_formulas, n_context), checked."""
        if isinstance(X, Mixtures):
            context = X.context.to_numpy() if context is None else context
            if reset:
                self.n_features_in_, self.feature_names_in_ = X.n_codes, X.code_names
            amounts = X.amounts if reset else known_codes(X, self.embedding_.names, self.unknown)
        else:  # check_amounts says where a number is missing
            options = {"accept_sparse": "csr", "dtype": np.float64, "ensure_all_finite": False}
            amounts = sparse.csr_array(validate_data(self, X, reset=reset, **options), copy=True)
            amounts.sum_duplicates()
            amounts.eliminate_zeros()
            check_amounts(amounts, getattr(self, "feature_names_in_", None))
        context = as_context(context, amounts.shape[0])
        if not reset and needs_context and context.shape[1] != len(self.ensemble_.context.mean):
            raise ValueError(
                f"context has {context.shape[1]} columns, in fit it had {len(self.ensemble_.context.mean)}."
            )
        return amounts, context

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        return values[:, 0] if self._one_target else values

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.multi_output = True
        return tags
