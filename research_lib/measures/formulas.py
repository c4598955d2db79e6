"""How well are formulas predicted? The same splits for every model; and what remains of the error for a new code."""

import copy
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ShuffleSplit

from research_lib.containers.mixtures import Mixtures

Split = tuple[np.ndarray, np.ndarray]


def formula_splits(mixtures: Mixtures, n_splits: int = 5, test_size: float = 0.2, random_state: int = 0) -> list[Split]:
    """The published splits of a table, or else repeated random ones.

    Parameters
    ----------
    mixtures : Mixtures
        A published split is a column ``split``, ``fold_0``, ``fold_1`` … of its ``formula_metadata``, which says
        ``test`` where a formula is to be predicted. The first `n_splits` are taken.
    n_splits, test_size, random_state
        For a table without such columns, as in `sklearn.model_selection.ShuffleSplit`.

    Returns
    -------
    list of (ndarray, ndarray)
        Rows to learn from, and rows to predict.
    """
    metadata = mixtures.formula_metadata
    published = [column for column in metadata if column == "split" or str(column).startswith("fold_")][:n_splits]
    if not published:
        splitter = ShuffleSplit(n_splits, test_size=test_size, random_state=random_state)
        return list(splitter.split(np.arange(len(mixtures))))
    parts = (metadata[column] for column in published)  # empty for a formula that takes no part
    return [(np.flatnonzero(part.notna() & (part != "test")), np.flatnonzero(part == "test")) for part in parts]


def cross_predict(
    models: Mapping[str, BaseEstimator],
    mixtures: Mixtures,
    splits: Sequence[Split],
    *,
    coverage: float = 0.9,
    fit_options: Mapping[str, Mapping[str, object]] | None = None,
) -> tuple[pd.DataFrame, dict[str, BaseEstimator]]:
    """Fit every model on every split and predict both of its parts.

    Parameters
    ----------
    models : mapping of str to estimator
        Any regressors. One that says ``takes_mixtures``, as `MixtureRegressor` does, gets `Mixtures`, also in a
        pipeline or a search of scikit-learn; every other one gets amounts and context as one matrix.
    mixtures : Mixtures
        With one target.
    splits : sequence of (ndarray, ndarray)
        As `formula_splits` gives them.
    coverage : float
        Of the intervals.
    fit_options : mapping of str to mapping, optional
        By model, further arguments of its `fit`, such as ``code_features``.

    Returns
    -------
    predictions : DataFrame
        A row for each model, split and formula: columns ``model``, ``split``, ``part`` (train or test), ``formula``
        (its row), ``target``, ``predicted``, ``low`` and ``high`` (NaN without ``predict_interval``), and ``seconds``
        of the fit.
    fitted : dict of str to estimator
        Every model as the last split fitted it.
    """
    if mixtures.target.ndim > 1:
        raise ValueError(f"The table has {mixtures.target.shape[1]} targets, expected one.")
    plain = sparse.hstack([mixtures.amounts, sparse.csr_array(mixtures.context.to_numpy())], format="csr")
    found, last = [], {}
    for name, model in models.items():
        formulas, options = mixtures if _takes_mixtures(model) else plain, (fit_options or {}).get(name, {})
        for number, (train, test) in enumerate(splits):
            fitted = last[name] = clone(model)
            start = time.perf_counter()
            fitted.fit(formulas[train], mixtures.target[train], **options)
            seconds = time.perf_counter() - start
            best = getattr(fitted, "best_estimator_", fitted)  # of a search
            held_out = getattr(best, "validation_fraction", 1)  # without it nothing says how wide intervals should be
            intervals = getattr(best, "predict_interval", None) if held_out else None
            for part, rows in (("train", train), ("test", test)):
                low, high = intervals(formulas[rows], coverage=coverage) if intervals else (np.nan, np.nan)
                predicted = {"predicted": fitted.predict(formulas[rows]), "low": low, "high": high, "seconds": seconds}
                where = {"model": name, "split": number, "part": part, "formula": rows}
                found.append(pd.DataFrame(where | {"target": mixtures.target[rows]} | predicted))
    return pd.concat(found, ignore_index=True), last


def _takes_mixtures(model: object) -> bool:
    """Whether a model says that it takes `Mixtures`, or the first step of a pipeline, or the estimator of a search."""
    if hasattr(model, "steps"):
        return _takes_mixtures(model.steps[0][1])
    if hasattr(model, "estimator"):
        return _takes_mixtures(model.estimator)
    return getattr(model, "takes_mixtures", False)


def regression_scores(predictions: pd.DataFrame) -> pd.DataFrame:
    """Errors of every model, over all splits together.

    Parameters
    ----------
    predictions : DataFrame
        As `cross_predict` gives them.

    Returns
    -------
    DataFrame
        Models in the index, in the order given. Columns: ``train`` (mean absolute error where the model learnt),
        ``MAE`` (on all test parts together), ``MAE sd`` (between splits; NaN if there is only one), ``RMSE``, ``R²``,
        ``covered`` (share of the test targets within the intervals; NaN without any) and ``seconds`` (mean of a fit).
    """
    error = (predictions["predicted"] - predictions["target"]).abs()
    rows = predictions.assign(
        error=error, covered=predictions["target"].between(predictions["low"], predictions["high"])
    )
    found = {}
    for name, of_model in rows.groupby("model", sort=False):
        train, test = (of_model[of_model["part"] == part] for part in ("train", "test"))
        found[name] = {
            "train": train["error"].mean(),
            "MAE": test["error"].mean(),
            "MAE sd": test.groupby("split")["error"].mean().std(),
            "RMSE": np.sqrt((test["error"] ** 2).mean()),
            "R²": 1 - (test["error"] ** 2).sum() / ((test["target"] - test["target"].mean()) ** 2).sum(),
            "covered": test["covered"].mean() if test["low"].notna().all() else np.nan,
            "seconds": of_model.groupby("split")["seconds"].first().mean(),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("model")


def interval_coverage(model: BaseEstimator, mixtures: Mixtures, coverages: Sequence[float]) -> pd.DataFrame:
    """How many targets lie within the intervals of a fitted model, which has ``predict_interval``.

    Returns
    -------
    DataFrame
        Columns ``coverage`` (what the intervals promise), ``covered`` (what they hold) and ``width`` (mean).
    """
    found = []
    for coverage in coverages:
        low, high = model.predict_interval(mixtures, coverage=coverage)
        covered = np.mean((low <= mixtures.target) & (mixtures.target <= high))
        found.append({"coverage": coverage, "covered": covered, "width": np.mean(high - low)})
    return pd.DataFrame(found)


def new_code_errors(
    model: BaseEstimator,
    mixtures: Mixtures,
    n_codes: int = 30,
    n_formulas: int = 10,
    *,
    max_share: float = 0.02,
    code_features: np.ndarray | sparse.sparray | None = None,
    random_state: int = 0,
) -> pd.DataFrame:
    """Leave codes out of training, then predict formulas that hold them.

    The formulas that a code's vector is learnt from and those that are predicted hold different sets of codes, as far
    as there are several.

    Parameters
    ----------
    model : estimator
        With ``fit_new_codes``, as `MixtureRegressor` has it; a copy is fitted to the formulas without any of the codes.
    mixtures : Mixtures
        With one target.
    n_codes : int
        How many codes are left out, drawn by the amount of them that is used; fewer if there are not so many.
    n_formulas : int
        Formulas to learn a left-out code from. Codes in fewer than twice as many are not drawn.
    max_share : float
        Codes in a greater share of all formulas are not drawn: without them, little would be left to learn from.
    code_features : array or sparse matrix, shape (n_codes, n_features), optional
        As in `MixtureRegressor.fit`, for one more model.

    Returns
    -------
    DataFrame
        A row a code, its name in the index: ``n_test`` and the mean absolute error on its other formulas when it is
        ``absent``, has the ``mean vector`` of all codes, or a vector learnt from the ``formulas``; with features also
        ``features`` (without a formula) and ``features, formulas``.

    Raises
    ------
    ValueError
        If no code is in enough formulas.
    """
    rng = np.random.default_rng(random_state)
    n_uses = mixtures.formulas_per_code()
    usable = np.flatnonzero((n_uses >= 2 * n_formulas) & (n_uses <= max(2 * n_formulas, max_share * len(mixtures))))
    if not len(usable):
        raise ValueError(f"No code is in {2 * n_formulas} formulas and at most {max_share:.0%} of all {len(mixtures)}.")
    used = mixtures.amounts.sum(axis=0)[usable]
    left_out = np.sort(rng.choice(usable, min(n_codes, len(usable)), replace=False, p=used / used.sum()))
    holds = (mixtures.amounts[:, left_out] > 0).toarray()
    base = mixtures.subset(~holds.any(axis=1))
    few, asked = {}, {}
    for number, code in enumerate(left_out):
        alone = np.flatnonzero(holds[:, number] & (holds.sum(axis=1) == 1))
        few[code], asked[code] = _few_and_others(mixtures.amounts[alone], alone, n_formulas, rng)
    learn = mixtures.subset(np.concatenate(list(few.values())))
    fitted = clone(model).fit(base)
    ways = {"mean vector": fitted, "formulas": copy.deepcopy(fitted).fit_new_codes(learn)}
    if code_features is not None:
        informed = clone(model).fit(base, code_features=code_features)
        ways |= {"features": informed, "features, formulas": copy.deepcopy(informed).fit_new_codes(learn)}
    found = {}
    for code, rows in asked.items():
        if not len(rows):  # all its formulas hold another new code, too
            continue
        those = mixtures.subset(rows)
        without = those.without([mixtures.code_names[code]])
        errors = {"absent": fitted.predict(without)} | {way: one.predict(those) for way, one in ways.items()}
        row = {way: np.abs(predicted - those.target).mean() for way, predicted in errors.items()}
        found[mixtures.code_names[code]] = {"n_test": len(rows)} | row
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("code")


def _few_and_others(
    amounts: sparse.csr_array, rows: np.ndarray, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """A random `n` of the rows, and those with other sets of codes; or all the others, if there are no such rows."""
    _, sets = np.unique(amounts.astype(bool) @ rng.random(amounts.shape[1]), return_inverse=True)
    order = np.argsort(rng.permutation(sets.max() + 1)[sets], kind="stable")
    few, rest = order[:n], order[n:]
    apart = rest[~np.isin(sets[rest], sets[few])]
    return rows[few], rows[apart if len(apart) else rest]
