"""MixtureRegressor: what a formula does, and a vector for each of its codes, learnt together: f = g ∘ h."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from sklearn.base import RegressorMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from research_lib.checks import check_choice, check_integers, check_numbers
from research_lib.containers.embedding import Embedding
from research_lib.containers.mixtures import Mixtures
from research_lib.models.mixture.calibration import hold_out_formulas
from research_lib.models.mixture.ensemble import MixtureEnsemble
from research_lib.models.mixture.network import ACTIVATIONS, LOSSES, MixtureNetwork, fit_network
from research_lib.models.mixture.new_codes import append_codes, learn_new_codes
from research_lib.models.mixture.suggestions import suggest_formulas
from research_lib.models.mixture.tables import (
    TRANSFORMS,
    ScaledFormulas,
    as_context,
    as_features,
    as_target,
    checked_amounts,
    known_codes,
    names_of,
)
from research_lib.models.saving import Saved
from research_lib.models.training import check_layers, pick_device


@dataclass(eq=False, repr=False, kw_only=True)
class MixtureRegressor(RegressorMixin, TransformerMixin, Saved):
    """A formula is the sum of its codes' vectors, h(A) = Σ A_c · h_c, and its property a function g of that sum.

    Vectors and g minimise one loss together. Several members train at once, each with its own start and its own
    held-out formulas; the prediction is their mean, and how far they disagree tells how sure it is.

    Parameters
    ----------
    n_entries : int
        Length of the code vectors.
    hidden : sequence of int
        Sizes of the hidden layers of g; ``()`` makes it linear, and f a ridge regression of low rank.
    activation : {"tanh", "silu", "relu"}
        Between the layers: tanh for hundreds of formulas, silu for thousands.
    target_transform : {"log", "log1p"}, optional
        What is learnt in place of the target itself; predictions are transformed back.
    loss : {"mse", "mae", "huber"}
        Of the standardised target.
    dropout : float
        Share of each hidden layer left out in training.
    normalise : bool
        Whether g begins by bringing h(A) to mean 0 and variance 1 over its entries.
    weight_decay : float
        Of the weights of g, by AdamW.
    code_decay : float
        Decay of a code's vector, divided by the number of formulas that hold the code: rare codes stay near 0.
    learning_rate : float
        Of AdamW at first; it falls to nothing. At most 10.
    epochs, batch_size : int
        Passes over the formulas, and formulas a step.
    n_members : int
        How many train together.
    validation_fraction : float
        Share of the formulas that a member holds out, at most a half; each member holds out others, and formulas of the
        same codes stay together. What is missed there gives the spread of predictions; with 0 there is none.
    patience : int, optional
        Stop when the held-out loss has not fallen for so many epochs, and go back to the best; never by default.
    unknown : {"error", "ignore"}
        What happens to codes of `Mixtures` that were not in training: an error, or they are left out with a warning.
    random_state : int, optional
        Seed.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        Where to train, as torch names it; by default CUDA if there is one, else the CPU.

    Attributes
    ----------
    embedding_ : Embedding
        The code vectors h_c of the best member; metadata ``n_formulas`` says how many formulas each was learnt from.
    best_member_ : int
        The member that missed least of what it held out.
    ensemble_ : MixtureEnsemble
        Vectors and layers of all members, and how sure they are. The entries of two members have nothing in common.
    history_ : DataFrame
        Columns ``epoch``, ``loss``, ``seconds`` and, with held-out formulas, ``validation_loss``.
    held_out_ : ndarray of bool, shape (n_members, n_formulas)
        What each member did not see.

    References
    ----------
    Zaheer, M. et al. (2017). Deep Sets: a set's vector is the sum of its elements', with layers behind it.
    Lakshminarayanan, B. et al. (2017). Simple and scalable predictive uncertainty estimation using deep ensembles.
    """

    takes_mixtures = True  # tells `cross_predict` what to give

    n_entries: int = 25
    hidden: Sequence[int] = (64, 64, 64)
    activation: str = "tanh"
    target_transform: str | None = None
    loss: str = "mse"
    dropout: float = 0.1
    normalise: bool = False
    weight_decay: float = 0.01
    code_decay: float = 0.0
    learning_rate: float = 0.01
    epochs: int = 200
    batch_size: int = 256
    n_members: int = 5
    validation_fraction: float = 0.1
    patience: int | None = None
    unknown: str = "error"
    random_state: int | None = None
    verbose: int = 0
    device: str | None = None

    def fit(self, X, y=None, *, context=None, code_features=None) -> Self:
        """Learn from formulas.

        Parameters
        ----------
        X : Mixtures, or array, sparse matrix or DataFrame of shape (n_formulas, n_codes)
            Amounts, none below 0.
        y : array, shape (n_formulas,) or (n_formulas, n_targets)
            The target; `Mixtures` bring their own.
        context : array, shape (n_formulas, n_context), optional
            What describes a formula beside its amounts, such as its temperature; `Mixtures` bring their own.
        code_features : array or sparse matrix, shape (n_codes, n_features), optional
            What is known of each code, such as its purposes. A code's vector is then a linear function of its features,
            learnt with the rest, plus a part of its own: even a code that no formula holds gets a vector.

        Raises
        ------
        ValueError
            If a parameter is out of its range, an amount is negative or no number, or the target is constant.
        """
        self._check()
        amounts = self._amounts(X, reset=True)
        n_formulas, n_codes = amounts.shape
        context, y = as_context(X, context, n_formulas), as_target(X, y, n_formulas)
        formulas = ScaledFormulas.of(amounts, context, y, as_features(code_features, n_codes), self.target_transform)
        rng = np.random.default_rng(self.random_state)
        self.held_out_ = hold_out_formulas(amounts, self.n_members, self.validation_fraction, rng)
        network = self._learn(formulas, rng)
        combine = "median" if self.loss == "mae" else "mean"
        self.ensemble_ = MixtureEnsemble.of_network(network, formulas, self.held_out_, combine=combine)
        self.best_member_ = self.ensemble_.best_member
        self._formulas, self._y = amounts, y
        metadata = X.code_metadata if isinstance(X, Mixtures) else pd.DataFrame(index=range(n_codes))
        return self._show(getattr(self, "feature_names_in_", names_of(amounts)), metadata)

    def _learn(self, formulas: ScaledFormulas, rng: np.random.Generator) -> MixtureNetwork:
        """Train a network, and keep its history."""
        network = MixtureNetwork(
            formulas.inputs.shape[1],
            self.n_entries,
            formulas.context.shape[1],
            self.hidden,
            formulas.targets.shape[1],
            n_members=self.n_members,
            activation=self.activation,
            dropout=self.dropout,
            normalise=self.normalise,
            generator=torch.Generator(pick_device(self.device)).manual_seed(int(rng.integers(2**62))),
        )
        self.history_ = fit_network(
            network,
            formulas,
            self.held_out_,
            loss=self.loss,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            code_decay=self.code_decay,
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            verbose=self.verbose,
            rng=rng,
        )
        return network

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

        Raises
        ------
        ValueError
            If a spread is asked for and nothing was held out in training.
        """
        check_is_fitted(self)
        of_members = self.ensemble_.of_members(*self._read(X, context))
        predicted = self._shaped(self.ensemble_.target.back(self.ensemble_.combined(of_members)))
        if not return_std:
            return predicted
        self.ensemble_.calibration.check_measured()
        return predicted, self._shaped(self.ensemble_.spread(of_members))

    def predict_interval(self, X, context=None, coverage: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of intervals that hold the target with probability `coverage`.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1, or nothing was held out in training.
        """
        check_numbers(above=0, below=1, coverage=coverage)
        check_is_fitted(self)
        self.ensemble_.calibration.check_measured()
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

        Formulas of `fit` are moved along the gradient of f, in the amounts of the codes that they hold, until they
        reach the target; of the results, those that differ most are kept.

        Parameters
        ----------
        target : float, or sequence of float
            What is wanted, in the unit of the target; NaN among several means any.
        fixed : mapping of str to float, optional
            Amounts that every suggestion holds.
        bounds : mapping of str to (float, float), optional
            Least and greatest amounts of codes. Others stay within what was measured, or are left out.
        total : float, optional
            What the amounts sum to; by default what those of the formulas sum to.
        context : sequence of float, optional
            Of the suggestions, where `fit` had context; by default the mean.
        n : int
            How many at most.
        extrapolate : bool
            Whether to give, and mark, suggestions that reach beyond what was measured: by the target, by an amount, or
            by members that disagree more than on 95 % of the formulas of `fit`.

        Returns
        -------
        Mixtures
            Its target is what is predicted; ``formula_metadata`` has ``spread`` (NaN if nothing was held out in
            training), ``from_formula`` (the number in `fit`) and ``extrapolates``.

        Raises
        ------
        ValueError
            If no formula can satisfy the constraints, the target lies beyond what was measured or is out of reach.
        """
        check_is_fitted(self)
        codes = self.embedding_
        return suggest_formulas(
            self.ensemble_,
            Mixtures(self._formulas, codes.names, self._y, code_metadata=codes.metadata, source="fit"),
            target,
            fixed=fixed,
            bounds=bounds,
            total=total,
            context=context,
            n=n,
            extrapolate=extrapolate,
        )

    def add_codes(self, names: Sequence[str], code_features=None) -> Self:
        """Give vectors to codes that no formula has held.

        Parameters
        ----------
        names : sequence of str
            Of the new codes.
        code_features : array or sparse matrix, shape (n_new, n_features), optional
            What is known of them, the same features as in `fit`: their vectors follow from these. Without features they
            get the mean of the vectors that were learnt.

        Raises
        ------
        ValueError
            If a name has a vector already, or features are given that `fit` did not have.
        """
        check_is_fitted(self)
        for name in names:
            if name in self.embedding_:
                raise ValueError(f"The code {name!r} has a vector already.")
        append_codes(self.ensemble_, len(names), code_features)
        self._formulas = sparse.hstack([self._formulas, sparse.csr_array((len(self._y), len(names)))], format="csr")
        metadata = self.embedding_.metadata.reindex(range(len(self.ensemble_.typical)))
        return self._show([*self.embedding_.names, *names], metadata)

    def fit_new_codes(self, X, y=None, *, context=None) -> Self:
        """Learn vectors of codes that no formula of `fit` held; g and all other vectors stay as they are.

        They are the most probable ones, given the formulas and a normal prior: around the vector that `add_codes` gave,
        as wide as the vectors of other codes vary.

        Parameters
        ----------
        X, y, context
            As in `fit`: formulas that hold new codes. Columns of an array beyond those of `fit` are new codes.

        Raises
        ------
        ValueError
            If no formula holds a new code, or for what `fit` refuses.
        """
        check_is_fitted(self)
        self.add_codes([name for name in names_of(X) if name not in self.embedding_])
        amounts, context = self._read(X, context)
        learn_new_codes(self.ensemble_, amounts, context, as_target(X, y, len(context)))
        return self._show(self.embedding_.names, self.embedding_.metadata)

    def _show(self, names: Sequence[str] | np.ndarray, metadata: pd.DataFrame) -> Self:
        """Set what tells of the codes."""
        metadata = metadata.assign(n_formulas=self.ensemble_.n_formulas)
        vectors = self.ensemble_.vectors[self.best_member_]
        self.embedding_ = Embedding(vectors, np.array(names, dtype=object), metadata)
        self.n_features_in_ = len(names)
        if hasattr(self, "feature_names_in_"):
            self.feature_names_in_ = self.embedding_.names
        return self

    def _amounts(self, X, reset: bool = False) -> sparse.csr_array:
        """Amounts in the codes of `fit`, shape (n_formulas, n_codes), checked."""
        if not isinstance(X, Mixtures):  # checked_amounts says where a number is missing
            options = {"accept_sparse": "csr", "dtype": np.float64, "ensure_all_finite": False}
            amounts = validate_data(self, X, reset=reset, **options)
            return checked_amounts(amounts, getattr(self, "feature_names_in_", None))
        if reset:
            self.n_features_in_, self.feature_names_in_ = X.n_codes, X.code_names
            return X.amounts
        return known_codes(X, self.embedding_.names, self.unknown)

    def _read(self, X, context, needs_context: bool = True) -> tuple[sparse.csr_array, np.ndarray]:
        """Amounts and context of shape (n_formulas, n_context), checked."""
        amounts = self._amounts(X)
        context = as_context(X, context, amounts.shape[0])
        n_context = len(self.ensemble_.context.mean)
        if needs_context and context.shape[1] != n_context:
            raise ValueError(f"context has {context.shape[1]} columns, in fit it had {n_context}.")
        return amounts, context

    def _shaped(self, values: np.ndarray) -> np.ndarray:
        """As many dimensions as the target of `fit` had."""
        return values[:, 0] if self._y.ndim == 1 else values

    def _state(self) -> dict[str, Any]:
        return super()._state() | {"ensemble_": self.ensemble_.state()}

    def _restore(self, state: dict[str, Any]) -> None:
        super()._restore(state | {"ensemble_": MixtureEnsemble.from_state(state["ensemble_"])})

    def _check(self) -> None:
        check_choice("activation", self.activation, ACTIVATIONS)
        check_choice("target_transform", self.target_transform, TRANSFORMS)
        check_choice("loss", self.loss, LOSSES)
        check_choice("unknown", self.unknown, ("error", "ignore"))
        check_layers(self.hidden)
        check_integers(1, n_entries=self.n_entries, n_members=self.n_members)
        check_integers(1, epochs=self.epochs, batch_size=self.batch_size)
        if self.patience is not None:
            check_integers(1, patience=self.patience)
        check_numbers(least=0, weight_decay=self.weight_decay, code_decay=self.code_decay)
        check_numbers(least=0, below=1, dropout=self.dropout)
        check_numbers(least=0, most=0.5, validation_fraction=self.validation_fraction)
        check_numbers(above=0, most=10, learning_rate=self.learning_rate)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.target_tags.multi_output = True
        return tags
