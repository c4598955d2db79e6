"""MixtureRegressor: what a formula does, and a vector for each of its codes, learnt together: f = g ∘ h."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
import torch
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from research_lib.containers.mixtures import Mixtures
from research_lib.models.mixture.calibration import Calibration, hold_out_formulas
from research_lib.models.mixture.ensemble import MixtureEnsemble
from research_lib.models.mixture.network import ACTIVATIONS, LOSSES, MixtureNetwork, fit_network
from research_lib.models.mixture.new_codes import CodePrior, most_probable_vectors
from research_lib.models.mixture.predictor import FormulaPredictor
from research_lib.models.mixture.tables import (
    TRANSFORMS,
    Standardised,
    as_features,
    as_target,
    names_of,
    typical_amounts,
    vectors_of_features,
)
from research_lib.models.training import pick_device


class MixtureRegressor(FormulaPredictor):
    """A formula is the sum of its codes' vectors, h(A) = Σ A_c · h_c, and its property a function g of that sum.

    Vectors and g minimise one loss together. Several members, each with a start and held-out formulas of its own, train
    at once; the prediction is their mean, and how far they disagree tells how sure it is.

    Parameters
    ----------
    n_entries : int
        Length of the code vectors.
    hidden : sequence of int
        Sizes of the hidden layers of g; ``()`` makes it linear, and f a ridge regression of low rank.
    activation : {"tanh", "silu", "relu"}
        Between the layers: tanh for some hundred formulas, silu for thousands.
    target_transform : {"log", "log1p"}, optional
        What is learnt in place of the target itself; predictions are turned back.
    loss : {"mse", "mae", "huber"}
        Of the standardised target.
    dropout : float
        Share of each hidden layer left out in training.
    normalise : bool
        Whether g begins by taking h(A) to mean 0 and variance 1 over its entries.
    weight_decay : float
        Of the weights of g, by AdamW.
    code_decay : float
        Decay of a code's vector, divided by the number of formulas that it is in: what is seen seldom stays near 0.
    learning_rate : float
        Of AdamW, falling to nothing.
    epochs, batch_size : int
        Passes over the formulas, and formulas a step.
    n_members : int
        How many train together.
    validation_fraction : float
        Share of the formulas that each member holds out, other ones for each; formulas of the same codes stay together.
        What is missed there gives the predicted spread. 0 gives no spread.
    patience : int, optional
        Stop when the held-out loss has not fallen for so many epochs, and go back to the best; by default never.
    unknown : {"error", "ignore"}
        What codes get in a prediction from `Mixtures` that were not in training: an error, or they are left out with a
        warning.
    random_state : int, optional
        Seed.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        As torch names it, for training; by default CUDA if there is one, else the CPU.

    Attributes
    ----------
    embedding_ : Embedding
        The code vectors h_c of the best member; metadata ``n_formulas`` says how many formulas each was seen in.
    best_member_ : int
        The member that missed least on what it held out.
    ensemble_ : MixtureEnsemble
        Vectors and networks of all members, and how sure they are. A member's entries mean nothing to another.
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

    def __init__(
        self,
        n_entries: int = 25,
        hidden: Sequence[int] = (64, 64, 64),
        *,
        activation: str = "tanh",
        target_transform: str | None = None,
        loss: str = "mse",
        dropout: float = 0.1,
        normalise: bool = False,
        weight_decay: float = 0.01,
        code_decay: float = 0.0,
        learning_rate: float = 0.01,
        epochs: int = 200,
        batch_size: int = 256,
        n_members: int = 5,
        validation_fraction: float = 0.1,
        patience: int | None = None,
        unknown: str = "error",
        random_state: int | None = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.n_entries = n_entries
        self.hidden = hidden
        self.activation = activation
        self.target_transform = target_transform
        self.loss = loss
        self.dropout = dropout
        self.normalise = normalise
        self.weight_decay = weight_decay
        self.code_decay = code_decay
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.n_members = n_members
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.unknown = unknown
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

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
            learnt with the rest, plus its own part: one that was in no formula has a vector, too.

        Raises
        ------
        ValueError
            If a parameter is out of its range, an amount is negative or no number, or the target is constant.
        """
        self._check()
        amounts, context = self._read(X, context, reset=True)
        y = as_target(X, y, len(context))
        self._one_target = y.ndim == 1
        target_scale = Standardised.of_targets(y, self.target_transform)
        context_scale = Standardised.of_context(context)
        targets = target_scale.forth(y)
        n_codes = amounts.shape[1]
        inputs = amounts  # a formula holds the features of its codes, too, in the amounts of the codes
        if code_features is not None:
            code_features = as_features(code_features, n_codes)
            inputs = sparse.hstack([amounts, amounts @ code_features], format="csr")
        n_uses, typical = np.bincount(inputs.indices, minlength=inputs.shape[1]), typical_amounts(inputs)
        rng = np.random.default_rng(self.random_state)
        self.held_out_ = hold_out_formulas(amounts, self.n_members, self.validation_fraction, rng)

        network = MixtureNetwork(
            inputs.shape[1],
            self.n_entries,
            context.shape[1],
            self.hidden,
            targets.shape[1],
            n_members=self.n_members,
            activation=self.activation,
            dropout=self.dropout,
            normalise=self.normalise,
            generator=torch.Generator(pick_device(self.device)).manual_seed(int(rng.integers(2**62))),
        )
        self.history_ = fit_network(
            network,
            sparse.csr_array(inputs / typical),
            context_scale.forth(context),
            targets,
            self.held_out_,
            loss=self.loss,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            code_decay=self.code_decay / np.maximum(n_uses, 1),
            epochs=self.epochs,
            batch_size=self.batch_size,
            patience=self.patience,
            verbose=self.verbose,
            rng=rng,
        )
        network = network.cpu().double()
        network.generator = None
        vectors = network.vectors.detach().numpy().reshape(-1, self.n_members, self.n_entries).transpose(1, 0, 2)
        vectors = np.where(n_uses[:, None] > 0, vectors, 0)  # of what was never seen nothing was learnt
        n_seen = n_uses[:n_codes]
        self._prior = CodePrior.of_vectors(vectors[:, :n_codes], n_seen)
        vectors = vectors / typical[:, None]
        of_codes, self._feature_vectors = vectors[:, :n_codes], vectors[:, n_codes:]
        of_codes[:, n_seen == 0] = self._prior.mean[:, None] / np.median(typical[:n_codes][n_seen > 0])
        if code_features is not None:
            of_codes = of_codes + vectors_of_features(code_features, self._feature_vectors)
        combine = "median" if self.loss == "mae" else "mean"
        self.ensemble_ = MixtureEnsemble(network, of_codes, typical[:n_codes], target_scale, context_scale, combine)
        of_members = self.ensemble_.of_members(amounts, context)
        self.ensemble_.calibration = Calibration.from_held_out(of_members, targets, self.held_out_)
        missed = np.where(self.held_out_, ((of_members - targets) ** 2).mean(axis=2), 0)
        self.best_member_ = int(missed.sum(axis=1).argmin())
        self._formulas, self._y = amounts, y
        names = getattr(self, "feature_names_in_", names_of(amounts))
        metadata = X.code_metadata if isinstance(X, Mixtures) else pd.DataFrame(index=range(n_codes))
        return self._show(names, metadata.assign(n_formulas=n_seen))

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
        n_features = self._feature_vectors.shape[1]
        if code_features is not None and not n_features:
            raise ValueError("code_features are given, but fit had none to learn from.")
        for name in names:
            if name in self.embedding_:
                raise ValueError(f"The code {name!r} has a vector already.")
        amount = np.median(self.ensemble_.typical[self.embedding_.metadata["n_formulas"] > 0])
        new = np.repeat(self._prior.mean[:, None] / amount, len(names), axis=1)
        if code_features is not None:
            new = new + vectors_of_features(as_features(code_features, len(names), n_features), self._feature_vectors)
        self.ensemble_.add(new, amount)
        self._formulas = sparse.hstack([self._formulas, sparse.csr_array((len(self._y), len(names)))], format="csr")
        metadata = self.embedding_.metadata.reindex(range(len(self.ensemble_.typical)))
        metadata["n_formulas"] = metadata["n_formulas"].fillna(0).astype(int)
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
        y = as_target(X, y, len(context))
        metadata = self.embedding_.metadata.copy()
        n_uses = np.bincount(amounts.indices, minlength=amounts.shape[1])
        new = np.flatnonzero((metadata["n_formulas"] == 0) & (n_uses > 0))
        if not len(new):
            raise ValueError(f"The {len(context)} formulas hold no new code: fit has seen all of theirs.")
        most_probable_vectors(self.ensemble_, self._prior, new, amounts, context, y)
        metadata.loc[new, "n_formulas"] = n_uses[new]
        return self._show(self.embedding_.names, metadata)

    def _check(self) -> None:
        for name, choices in (("activation", ACTIVATIONS), ("loss", LOSSES), ("target_transform", TRANSFORMS)):
            if getattr(self, name) not in choices:
                raise ValueError(
                    f"Unknown {name} {getattr(self, name)!r}, expected one of: {', '.join(map(str, choices))}."
                )
        for name in ("n_entries", "epochs", "batch_size", "n_members"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1.")
        for name in ("dropout", "validation_fraction"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 0 to less than 1.")
