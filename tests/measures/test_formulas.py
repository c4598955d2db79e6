from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from research_lib import load
from research_lib.containers.mixtures import Mixtures
from research_lib.datasets.synthetic.laboratory import PLANTED, formula_twin, planted_viscosity
from research_lib.measures.formulas import (
    cross_predict,
    formula_splits,
    interval_coverage,
    new_code_errors,
    regression_scores,
)
from research_lib.measures.geometry import canonical_correlations
from research_lib.models.baselines.regressors import raw_amount_regressors
from research_lib.models.mixture.regressor import MixtureRegressor

SMALL = {"hidden": (16,), "epochs": 60, "batch_size": 32, "n_members": 2, "random_state": 0}


@pytest.fixture(scope="module")
def pairs():
    """Liquids of two codes whose value is the mean of the codes' values."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=30)
    amounts = np.zeros((600, 30))
    for row in amounts:
        share = rng.random()
        row[rng.choice(30, 2, replace=False)] = share, 1 - share
    return Mixtures(amounts, [f"code {code}" for code in range(30)], amounts @ values, total=1)


def test_published_splits_are_taken_and_others_repeated():
    parts = pd.DataFrame({"fold_0": ["train", "test", "val"], "fold_1": ["test", None, "train"]})
    table = Mixtures(np.eye(3), list("abc"), [1, 2, 3], formula_metadata=parts)
    (train, test), (other, other_test) = formula_splits(table)
    assert (train.tolist(), test.tolist(), other.tolist(), other_test.tolist()) == ([0, 2], [1], [2], [0])
    repeated = formula_splits(Mixtures(np.eye(10), range(10), range(10)), n_splits=3)
    assert len(repeated) == 3
    assert all(len(test) == 2 and not set(train) & set(test) for train, test in repeated)


def test_scores_by_hand():
    table = Mixtures(np.eye(4), list("abcd"), [0.0, 2.0, 1.0, 3.0])
    predictions, fitted = cross_predict({"mean": DummyRegressor()}, table, [(np.array([0, 1]), np.array([2, 3]))])
    scores = regression_scores(predictions).loc["mean"]
    assert (scores["train"], scores["MAE"], scores["RMSE"]) == (1, 1, np.sqrt(2))  # 1 is predicted
    assert scores["R²"] == 1 - 4 / 2
    assert np.isnan(scores["covered"])
    assert fitted["mean"].constant_ == 1
    two = Mixtures(np.eye(2), list("ab"), np.ones((2, 2)))
    with pytest.raises(ValueError, match="2 targets, expected one"):
        cross_predict({}, two, [])


def test_ours_and_rivals_see_the_same_splits(pairs):
    models = {"ridge": Ridge(1e-3), "ours": MixtureRegressor(n_entries=4, **SMALL)}
    predictions, fitted = cross_predict(models, pairs, formula_splits(pairs, 2))
    first, second = (predictions[predictions["model"] == name] for name in models)
    assert np.array_equal(first["formula"], second["formula"])
    scores = regression_scores(predictions)
    assert scores.loc["ours", "R²"] > 0.95
    assert scores.loc["ridge", "R²"] > 0.99
    assert 0.75 < scores.loc["ours", "covered"] <= 1
    coverage = interval_coverage(fitted["ours"], pairs, [0.5, 0.9])
    assert coverage["covered"].is_monotonic_increasing
    assert coverage["width"].is_monotonic_increasing


def test_a_model_that_held_nothing_out_has_no_intervals(pairs):
    models = {"ours": MixtureRegressor(n_entries=4, **SMALL | {"validation_fraction": 0})}
    predictions, _ = cross_predict(models, pairs, formula_splits(pairs, 1))
    assert predictions["low"].isna().all() and predictions["predicted"].notna().all()


def test_searches_and_pipelines_are_scored_like_any_other_model(pairs):
    """Heat is context and doubles the value: only a model that is given the context can know."""
    hot = np.arange(300) % 2
    some = pairs.subset(np.arange(300))
    table = replace(some, target=some.target * (1 + hot), context=pd.DataFrame({"hot": hot}))
    ours = MixtureRegressor(n_entries=4, **SMALL)
    search = GridSearchCV(ours, {"n_entries": [1, 4]}, cv=2)
    models = {
        "ours": ours,
        "search": search,
        "pipeline": make_pipeline(ours),
        "h, then ridge": make_pipeline(ours, Ridge(1e-3)),
        "ridge": GridSearchCV(make_pipeline(MaxAbsScaler(), Ridge()), {"ridge__alpha": [1e-3, 1.0]}),
    }
    predictions, fitted = cross_predict(models, table, formula_splits(table, 1))
    scores = regression_scores(predictions)
    assert fitted["search"].best_params_ == {"n_entries": 4}
    assert fitted["search"].best_estimator_.embedding_.names[0] == "code 0"  # it was given Mixtures
    alike = predictions.pivot(index=["part", "formula"], columns="model", values=["predicted", "low"])
    np.testing.assert_array_equal(alike["predicted", "search"], alike["predicted", "ours"])
    np.testing.assert_array_equal(alike["low", "search"], alike["low", "ours"])
    np.testing.assert_array_equal(alike["predicted", "pipeline"], alike["predicted", "ours"])
    assert scores["covered"].notna().to_dict() == {
        "ours": True,
        "search": True,
        "pipeline": False,  # it has no predict_interval
        "h, then ridge": False,
        "ridge": False,
    }
    assert scores.loc["ours", "R²"] > 0.9 > scores.loc["ridge", "R²"] > 0.3


def test_left_out_codes_are_learnt_from_few_formulas(pairs):
    features = np.eye(30)  # say nothing of a code that is new
    errors = new_code_errors(
        MixtureRegressor(n_entries=4, **SMALL), pairs, 4, 8, max_share=1, code_features=features, random_state=0
    )
    assert list(errors.columns) == ["n_test", "absent", "mean vector", "formulas", "features", "features, formulas"]
    assert len(errors) == 4
    means = errors.mean()
    assert means["formulas"] < 0.5 * means["absent"]
    assert means["features"] > 0.7 * means["mean vector"]  # the null
    with pytest.raises(ValueError, match="No code is in 2000 formulas"):
        new_code_errors(MixtureRegressor(n_entries=4), pairs, n_formulas=1000)


def test_rivals_fit_wide_tables():
    twin = formula_twin(120, 800)
    scores = regression_scores(cross_predict(raw_amount_regressors(twin, n_trees=10), twin, formula_splits(twin, 1))[0])
    assert list(scores.index) == ["mean", "ridge", "random forest", "gradient boosting", "perceptron"]
    assert np.isfinite(scores["MAE"]).all()


def test_the_planted_laboratory():
    twin = load("mixtures")
    assert (twin.n_formulas, twin.n_codes, twin.unit) == (1745, 5485, "mPa·s")
    held = np.diff(twin.amounts.indptr)
    assert 13 <= held.min() <= held.max() == 64
    uses = twin.formulas_per_code()
    assert uses.min() >= 1
    assert np.median(uses) == 1
    np.testing.assert_allclose(twin.amounts.sum(axis=1), 100)
    mixed = twin.amounts @ twin.code_metadata[PLANTED].to_numpy()
    np.testing.assert_allclose(np.cov(mixed.T, ddof=0), np.eye(3), atol=1e-8)
    missed = twin.target - planted_viscosity(twin)
    assert 800 < missed.std() < 1100  # the noise, 1 % of what can be read
    assert np.array_equal(formula_twin().target, twin.target)
    assert not np.array_equal(formula_twin(random_state=1).target, twin.target)
    with pytest.raises(ValueError, match=r"n_codes_each is \(13, 64\)"):
        formula_twin(10, 20)


def test_vectors_of_the_laboratory_are_found_again():
    """With fewer codes that are seen once than the sample has."""
    twin = formula_twin(1500, 300, random_state=1)
    options = {"epochs": 120, "batch_size": 64, "code_decay": 50, "dropout": 0, "weight_decay": 0.1, "n_members": 2}
    model = MixtureRegressor(n_entries=5, hidden=(32, 32), **options, random_state=0).fit(twin.subset(np.arange(1300)))
    often = model.embedding_.subset(twin.formulas_per_code() >= 150)
    planted = often.metadata[PLANTED].to_numpy()
    shuffled = np.random.default_rng(0).permutation(planted)
    assert canonical_correlations(often.vectors, planted).mean() > 0.9
    assert canonical_correlations(often.vectors, shuffled).mean() < 0.5
    new = twin.subset(np.arange(1300, 1500))
    assert np.abs(model.predict(new) - new.target).mean() < 0.4 * np.abs(new.target - twin.target.mean()).mean()
