"""What people use on raw amounts, and what `MixtureRegressor` has to beat."""

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler

from research_lib.containers.mixtures import Mixtures

TREE_CODES = 500  # trees look at so many codes, the commonest: a split on a rare one would tell little


def raw_amount_regressors(mixtures: Mixtures, n_trees: int = 100, random_state: int = 0) -> dict[str, RegressorMixin]:
    """What people use, by name: the mean, ridge, a random forest, gradient boosting and a multilayer perceptron.

    They take amounts and context as one matrix, dense or sparse, and have scikit-learn's settings with these
    exceptions: ridge chooses its penalty on five folds; with more than a hundred codes, the forest looks at a third of
    them in each split; the perceptron has layers of 25, 64 and 64 (the shape of f with 25 entries) and stops early.

    Parameters
    ----------
    mixtures : Mixtures
        What they will be fitted to: it says how many codes there are.
    n_trees : int
        Of the forest.
    random_state : int
        Seed.
    """
    n_columns = mixtures.n_codes + mixtures.context.shape[1]
    often_used = SelectKBest(_n_formulas, k=min(TREE_CODES, n_columns))
    dense = FunctionTransformer(_as_dense, accept_sparse=True)
    penalties = {"alpha": np.logspace(-2, 3, 6)}
    share = 1.0 if n_columns <= 100 else 1 / 3
    forest = RandomForestRegressor(n_trees, max_features=share, random_state=random_state)
    layers = MLPRegressor(
        hidden_layer_sizes=(25, 64, 64), early_stopping=True, n_iter_no_change=20, random_state=random_state
    )
    perceptron = make_pipeline(MaxAbsScaler(), layers)
    return {
        "mean": DummyRegressor(),
        "ridge": make_pipeline(MaxAbsScaler(), GridSearchCV(Ridge(solver="sparse_cg"), penalties)),
        "random forest": make_pipeline(often_used, forest),
        "gradient boosting": make_pipeline(often_used, dense, HistGradientBoostingRegressor(random_state=random_state)),
        "perceptron": TransformedTargetRegressor(
            make_pipeline(MaxAbsScaler(), perceptron), transformer=StandardScaler()
        ),
    }


def _n_formulas(amounts, _target) -> np.ndarray:  # (n_formulas, n_codes) -> (n_codes,)
    return np.asarray((amounts != 0).sum(axis=0), dtype=float).ravel()


def _as_dense(amounts) -> np.ndarray:
    return amounts.toarray() if sparse.issparse(amounts) else amounts
