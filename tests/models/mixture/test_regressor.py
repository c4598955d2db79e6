import copy

import numpy as np
import pandas as pd
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy import sparse
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from research_lib.containers.mixtures import Mixtures
from research_lib.models.mixture.calibration import Calibration, hold_out_formulas
from research_lib.models.mixture.regressor import MixtureRegressor
from research_lib.models.mixture.tables import typical_amounts


@parametrize_with_checks(
    [
        MixtureRegressor(n_entries=8, hidden=(16,), epochs=20, n_members=2, batch_size=64),
        MixtureRegressor(n_entries=8, hidden=(), epochs=100, n_members=1, loss="mae", validation_fraction=0),
        MixtureRegressor(n_entries=8, hidden=(16,), epochs=40, batch_size=32, n_members=2, loss="huber", patience=3),
    ]
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def planted(n_formulas=400, n_codes=20, rank=2, noise=0.05, seed=0):
    """Formulas of 4 codes whose target is a bent function of the sum of planted vectors."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n_codes, rank))
    amounts = np.zeros((n_formulas, n_codes))
    for row in amounts:
        row[rng.choice(n_codes, 4, replace=False)] = rng.dirichlet(np.ones(4))
    mixed = amounts @ vectors
    target = np.sin(2 * mixed[:, 0]) + mixed[:, 1] ** 2 + noise * rng.normal(size=n_formulas)
    return Mixtures(amounts, [f"code {code}" for code in range(n_codes)], target, total=1), vectors


@pytest.fixture(scope="module")
def twin():
    return planted()


@pytest.fixture(scope="module")
def fitted(twin):
    model = MixtureRegressor(n_entries=4, hidden=(32, 32), epochs=150, batch_size=64, n_members=4, random_state=0)
    return model.fit(twin[0].subset(np.arange(300)))


def best_linear_r2(vectors, planted_vectors):
    """How well the planted vectors are a linear function of the learnt ones."""
    design = np.column_stack([vectors, np.ones(len(vectors))])
    return r2_score(planted_vectors, design @ np.linalg.lstsq(design, planted_vectors, rcond=None)[0])


def test_learns_what_was_planted_and_a_line_does_not(twin, fitted):
    table, vectors = twin
    new = table.subset(np.arange(300, 400))
    assert r2_score(new.target, fitted.predict(new)) > 0.9
    line = Ridge(1e-3).fit(table.amounts[:300], table.target[:300])
    assert r2_score(new.target, line.predict(new.amounts)) < 0.8
    assert best_linear_r2(fitted.embedding_.vectors, vectors) > 0.7
    shuffled = np.random.default_rng(0).permutation(fitted.embedding_.vectors)
    assert best_linear_r2(shuffled, vectors) < 0.5


def test_linear_g_predicts_like_ridge(twin):
    table = twin[0]
    model = MixtureRegressor(n_entries=8, hidden=(), epochs=300, batch_size=512, n_members=1, weight_decay=0)
    model.set_params(random_state=0).fit(table)
    ridge = Ridge(1e-3).fit(table.amounts, table.target)
    assert np.corrcoef(model.predict(table), ridge.predict(table.amounts))[0, 1] > 0.99


def test_transform_is_the_sum_of_amounts_times_vectors(twin, fitted):
    table = twin[0]
    by_hand = [
        sum(amount * fitted.embedding_[code] for code, amount in table.amounts_of(name).items())
        for name in table.formula_names[:5]
    ]
    np.testing.assert_allclose(fitted.transform(table)[:5], by_hand, atol=1e-5)


def test_batch_equals_scalar_and_sparse_equals_dense(twin, fitted):
    table = twin[0].subset(np.arange(20))
    together = fitted.predict(table)
    alone = [fitted.predict(table.subset([row]))[0] for row in range(20)]
    np.testing.assert_allclose(together, alone, atol=1e-10)
    dense = pd.DataFrame(table.amounts.toarray(), columns=table.code_names)
    np.testing.assert_allclose(fitted.predict(dense), together, atol=1e-10)


def test_same_seed_same_numbers(twin):
    table = twin[0]
    model = MixtureRegressor(n_entries=4, hidden=(8,), epochs=5)
    one, again, other = (model.set_params(random_state=seed).fit(table).predict(table) for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.allclose(one, other)


def test_intervals_cover_what_they_say(twin, fitted):
    new = planted(n_formulas=1400)[0].subset(np.arange(400, 1400))
    new = Mixtures(new.amounts, new.code_names, new.target)
    low, high = fitted.predict_interval(new)
    mean, spread = fitted.predict(new, return_std=True)
    assert 0.8 < np.mean((low <= new.target) & (new.target <= high)) < 0.98
    np.testing.assert_allclose((high - low) / 2, 1.6448536 * spread)
    low, high = fitted.predict_interval(new, coverage=0.5)
    assert np.mean((low <= new.target) & (new.target <= high)) < 0.75
    assert np.all((low < mean) & (mean < high))


def test_context_and_log_of_the_target(twin):
    table = twin[0]
    heat = np.random.default_rng(0).uniform(280, 320, len(table))
    target = np.exp(table.target + (heat - 300) / 10)
    table = Mixtures(table.amounts, table.code_names, target, context=pd.DataFrame({"temperature": heat}))
    options = {"target_transform": "log", "epochs": 100, "batch_size": 64, "n_members": 2, "random_state": 0}
    model = MixtureRegressor(n_entries=4, hidden=(32, 32), **options).fit(table)
    assert r2_score(np.log(target), np.log(model.predict(table))) > 0.9
    assert (model.predict_interval(table)[0] > 0).all()
    with pytest.raises(ValueError, match="context has 0 columns, in fit it had 1"):
        model.predict(table.subset(np.arange(9)), context=np.empty((9, 0)))
    with pytest.raises(ValueError, match=r"target of formula 2 is \[-1\.\]: it has no log"):
        MixtureRegressor(target_transform="log").fit(np.eye(3), [1, -1, 2])


def test_two_targets_at_once(twin):
    table = twin[0]
    both = np.column_stack([table.target, table.amounts[:, [3]].toarray()[:, 0]])
    model = MixtureRegressor(n_entries=6, hidden=(32, 32), epochs=100, batch_size=64, n_members=2, random_state=0)
    model.fit(table.amounts, both)
    mean, spread = model.predict(table.amounts, return_std=True)
    assert mean.shape == spread.shape == both.shape
    assert (r2_score(both, mean, multioutput="raw_values") > 0.9).all()


def test_a_code_of_no_formula_has_the_vector_of_its_features():
    table = planted()[0]
    alike = np.repeat(np.eye(10), 2, axis=0)  # codes 2i and 2i + 1 have the same feature
    amounts = table.amounts.tolil()
    amounts[:, 1] = 0
    model = MixtureRegressor(n_entries=4, hidden=(16,), epochs=20, n_members=2, random_state=0)
    model.fit(amounts.tocsr(), table.target, code_features=alike)
    assert model.embedding_.metadata["n_formulas"][1] == 0
    assert np.abs(model.embedding_["x1"]).max() > 0
    without = model.fit(amounts.tocsr(), table.target).embedding_
    assert np.allclose(without["x1"], without.vectors[without.metadata["n_formulas"] >= 10].mean(axis=0), atol=0.3)
    with pytest.raises(ValueError, match="code_features has 19 rows, expected 20"):
        model.fit(amounts.tocsr(), table.target, code_features=alike[1:])


def test_unknown_codes(fitted):
    strange = Mixtures.from_mappings([{"code 3": 0.5, "code 33": 0.5}, {"code 5": 1}], [0, 1])
    with pytest.raises(ValueError, match=r"formula '1': No code 'code 33' among 20\. Did you mean"):
        fitted.predict(strange)
    fitted.unknown = "ignore"
    with pytest.warns(UserWarning, match="'code 33'.*Left out"):
        predicted = fitted.predict(strange)
    fitted.unknown = "error"
    alone = Mixtures.from_mappings([{"code 3": 0.5}], [0])
    np.testing.assert_allclose(predicted[0], fitted.predict(alone)[0])


@pytest.mark.parametrize(
    ("amounts", "target", "options", "message"),
    [
        ([[1, 0], [0, -1]], [0, 1], {}, "formula 2, code 'x1' is -1"),
        ([[1, 0], [0, np.nan]], [0, 1], {}, "formula 2, code 'x1' is nan"),
        ([[1, 0], [0, 1]], [2, 2], {}, r"target is \[2\.\] in all 2 formulas"),
        ([[1, 0]], [2], {}, "n_samples = 1"),
        ([[1, 0], [0, 1]], [0, 1], {"loss": "mea"}, "Unknown loss 'mea', expected one of: mse, mae, huber"),
        ([[1, 0], [0, 1]], [0], {}, "1 targets for 2 formulas"),
        ([[1, 0], [0, 1]], [0, 1], {"epochs": 0}, "epochs is 0, expected a whole number of at least 1"),
        ([[1, 0], [0, 1]], [0, 1], {"dropout": 1}, "dropout is 1, expected a number of at least 0 and below 1"),
    ],
)
def test_what_bad_input_gets(amounts, target, options, message):
    with pytest.raises(ValueError, match=message):
        MixtureRegressor(**options).fit(np.array(amounts, dtype=float), target)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("n_entries", [0, 2.5, "4", None, np.nan]),
        ("n_members", [0]),
        ("epochs", [1.5, None]),
        ("batch_size", [0]),
        ("patience", [0, -1]),
        ("hidden", [(0,), (-3,), (8, 2.5), "64", 5]),
        ("learning_rate", [0.0, -0.1, np.nan, np.inf, 1e9]),
        ("weight_decay", [-1.0]),
        ("code_decay", [-1.0]),
        ("validation_fraction", [-0.1, 0.99]),  # a member would learn from next to nothing
        ("activation", ["tan"]),
        ("target_transform", ["ln"]),
        ("unknown", ["warn", "eror"]),
        ("device", ["tpu", "cuda:99"]),
    ],
)
def test_parameters_out_of_their_range_are_refused_by_name(name, values):
    for value in values:
        with pytest.raises(ValueError, match=rf"{name}\b.* expected"):
            MixtureRegressor(**{name: value}).fit(np.eye(3), [1, 2, 3])


def test_without_held_out_formulas_there_is_no_spread():
    model = MixtureRegressor(n_entries=2, hidden=(), epochs=1, validation_fraction=0).fit(np.eye(4), [1, 2, 3, 4])
    with pytest.raises(ValueError, match="validation_fraction above 0"):
        model.predict(np.eye(4), return_std=True)
    with pytest.raises(ValueError, match="validation_fraction above 0"):
        model.predict_interval(np.eye(4))


def test_a_fitted_model_is_saved_and_goes_on_as_it_would_have(tmp_path):
    """All that it is asked after loading is equal to the last digit, also what is learnt then."""
    table = planted(n_formulas=120)[0]
    heat = pd.DataFrame({"temperature": np.random.default_rng(0).uniform(280, 320, len(table))})
    table = Mixtures(table.amounts, table.code_names, np.exp(table.target), context=heat, total=1)
    features, new = np.repeat(np.eye(10), 2, axis=0), table.subset(np.arange(8))
    new = Mixtures(new.amounts, [*new.code_names[:18], "new", "newer"], new.target, context=new.context)
    options = {"target_transform": "log", "loss": "mae", "normalise": True, "activation": "silu", "random_state": 0}
    model = MixtureRegressor(n_entries=3, hidden=(8,), epochs=5, n_members=2, **options)
    model.fit(table, code_features=features)
    again = MixtureRegressor.load(model.set_params(hidden=(99,)).save(tmp_path / "model.safetensors"))
    assert again.get_params() == model.get_params()
    for one, other in zip(answers_of(model, table), answers_of(again, table), strict=True):
        np.testing.assert_array_equal(one, other)
    assert again.embedding_.metadata.equals(model.embedding_.metadata)
    pd.testing.assert_frame_equal(again.history_, model.history_)
    for each in (model, again):
        each.add_codes(["like 0"], features[:1]).fit_new_codes(new)
    assert list(again.embedding_.names[-3:]) == ["like 0", "new", "newer"]
    np.testing.assert_array_equal(again.embedding_.vectors, model.embedding_.vectors)
    np.testing.assert_array_equal(again.predict(new), model.predict(new))


def answers_of(model, table):
    """What a model says of formulas."""
    found = model.suggest(float(np.median(table.target)), n=1, extrapolate=True)
    yield from (*model.predict(table, return_std=True), *model.predict_interval(table), model.transform(table))
    yield from (found.amounts.toarray(), found.target, found.formula_metadata["spread"], model.held_out_)


def test_a_damaged_file_is_refused_by_name(tmp_path):
    path = MixtureRegressor(n_entries=2, hidden=(), epochs=1).fit(np.eye(4), [1, 2, 3, 4]).save(tmp_path / "model")
    with safe_open(path, framework="numpy") as file:
        header, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file({name: tensor for name, tensor in tensors.items() if "weights" not in name}, path, header)
    with pytest.raises(ValueError, match=rf"^{path}: damaged, expected what MixtureRegressor.save wrote"):
        MixtureRegressor.load(path)


def test_the_container_keeps_its_amounts_when_codes_are_added():
    table = planted(n_formulas=30)[0]
    MixtureRegressor(n_entries=2, hidden=(), epochs=1).fit(table).add_codes(["new"])
    assert table.amounts.shape == (30, 20)


def test_stopping_goes_back_to_the_best_epoch(twin):
    noise = np.random.default_rng(0).normal(size=len(twin[0]))
    model = MixtureRegressor(n_entries=8, hidden=(64, 64), epochs=400, patience=5, random_state=0)
    model.fit(twin[0].amounts, noise)
    assert len(model.history_) < 400
    assert model.history_["validation_loss"].idxmin() == len(model.history_) - 6


def test_held_out_formulas_of_the_same_codes_stay_together():
    code_sets = np.random.default_rng(0).integers(0, 2, (50, 8)) * 1.0
    amounts = sparse.csr_array(np.repeat(code_sets, 4, axis=0))
    held_out = hold_out_formulas(amounts, 10, 0.1, np.random.default_rng(1))
    assert held_out.any(axis=0).all()
    assert 0.08 < held_out.mean() < 0.12
    assert (held_out.reshape(10, 50, 4).all(axis=2) == held_out.reshape(10, 50, 4).any(axis=2)).all()


def test_calibration_by_hand():
    of_members = np.array([[[0.0], [2.0]], [[0.0], [2.0]]])
    found = Calibration.from_held_out(of_members, np.array([[1.0], [1.0]]), np.array([[True, False], [False, True]]))
    np.testing.assert_allclose(found.reach(of_members, 0.5), 1)  # both were missed by 1, and the members agree
    nothing = Calibration.from_held_out(of_members, np.zeros((2, 1)), np.zeros((2, 2), dtype=bool))
    assert np.isnan(nothing.spread(of_members)).all()


def test_typical_amounts_by_hand():
    amounts = sparse.csr_array(np.array([[3.0, 0, 0], [4.0, 2, 0]]))
    np.testing.assert_allclose(typical_amounts(amounts), [12.5**0.5, 2, 1])


# New codes


def without_code(table, code):
    """The formulas without a code, and those that hold it."""
    holds = table.amounts[:, [list(table.code_names).index(code)]].toarray()[:, 0] > 0
    return table.subset(~holds), table.subset(holds)


@pytest.fixture(scope="module")
def before_the_new_code(twin):
    known, new = without_code(twin[0], "code 7")
    known = Mixtures(np.delete(known.amounts.toarray(), 7, axis=1), np.delete(known.code_names, 7), known.target)
    options = {"epochs": 150, "batch_size": 64, "n_members": 3, "random_state": 0}
    return MixtureRegressor(n_entries=4, hidden=(32, 32), **options).fit(known), new


def test_a_new_code_is_learnt_from_few_formulas(before_the_new_code):
    model, new = before_the_new_code
    model = copy.deepcopy(model)
    few, others = new.subset(np.arange(15)), new.subset(np.arange(15, len(new)))
    absent = np.abs(model.set_params(unknown="ignore").predict(others.without(["code 7"])) - others.target).mean()
    old = model.embedding_
    model.fit_new_codes(few)
    assert np.abs(model.predict(others) - others.target).mean() < 0.75 * absent
    assert np.array_equal(model.embedding_.vectors[:19], old.vectors)  # the others stay
    assert model.embedding_.metadata["n_formulas"].iloc[-1] == 15
    with pytest.raises(ValueError, match="hold no new code"):
        model.fit_new_codes(few)
    with pytest.raises(ValueError, match="'code 7' has a vector already"):
        model.add_codes(["code 7"])


def test_the_most_probable_vector_by_hand():
    """With one member and a linear g it is ridge regression of what the others leave, around the mean."""
    rng = np.random.default_rng(0)
    amounts, weights = rng.random((60, 3)), np.array([1.0, -2.0, 0.5])
    options = {"epochs": 300, "batch_size": 64, "n_members": 1, "validation_fraction": 0, "random_state": 0}
    model = MixtureRegressor(n_entries=2, hidden=(), **options).fit(amounts, amounts @ weights)
    prior = model.ensemble_.prior
    few = rng.random((5, 4))
    target = few[:, :3] @ weights + 3 * few[:, 3]
    start = prior.mean[0] / np.median(model.ensemble_.typical)
    rest = model.predict(few[:, :3])
    model.fit_new_codes(few, target)
    typical = np.sqrt((few[:, 3] ** 2).mean())
    slope = model.ensemble_.g.weights[0].detach().numpy()[0] * model.ensemble_.target.std
    precision = prior.precision[0]
    design = (few[:, [3]] / typical) @ slope.T / np.sqrt(0.1) / model.ensemble_.target.std
    left = (target - rest - few[:, 3] * (start @ slope)[0]) / np.sqrt(0.1) / model.ensemble_.target.std
    moved = np.linalg.solve(design.T @ design + precision, design.T @ left)
    np.testing.assert_allclose(model.ensemble_.vectors[0, 3], start + moved / typical, atol=1e-5)


def test_a_code_without_formulas_has_the_mean_or_what_its_features_say(before_the_new_code):
    model = copy.deepcopy(before_the_new_code[0]).add_codes(["code 7"])
    assert "code 7" in model.embedding_
    assert model.predict(before_the_new_code[1]).shape == (len(before_the_new_code[1]),)
    with pytest.raises(ValueError, match="fit had none to learn from"):
        model.add_codes(["code 99"], [[1, 0]])
    table = planted()[0]
    alike = np.repeat(np.eye(10), 2, axis=0)
    model = MixtureRegressor(n_entries=4, hidden=(16,), epochs=20, n_members=2, random_state=0)
    model.fit(table, code_features=alike)
    model.add_codes(["like 0", "like 8"], alike[[0, 8]])
    assert not np.allclose(model.embedding_["like 0"], model.embedding_["like 8"])
    with pytest.raises(ValueError, match="code_features has 3 columns, in fit it had 10"):
        model.add_codes(["another"], [[1, 0, 0]])


# Suggestions


def test_suggestions_reach_the_target_within_the_constraints(twin, fitted):
    table, vectors = twin
    found = fitted.suggest(0.8, fixed={"code 3": 0.2}, bounds={"code 5": (0.1, 0.3), "code 9": (0, 0)}, total=1, n=3)
    np.testing.assert_allclose(found.target, 0.8, atol=0.1)
    np.testing.assert_allclose(found.amounts.sum(axis=1), 1, atol=1e-6)
    amounts = pd.DataFrame(found.amounts.toarray(), columns=found.code_names)
    np.testing.assert_allclose(amounts["code 3"], 0.2)
    assert amounts["code 5"].between(0.1 - 1e-9, 0.3 + 1e-9).all()
    assert (amounts["code 9"] == 0).all()
    np.testing.assert_allclose(fitted.predict(found), found.target)
    assert not found.formula_metadata["extrapolates"].any()
    mixed = found.amounts @ vectors
    truth = np.sin(2 * mixed[:, 0]) + mixed[:, 1] ** 2
    assert np.abs(truth - 0.8).mean() < 0.5 * np.abs(table.target - 0.8).mean()  # of formulas at random


def test_suggestions_differ(fitted):
    found = fitted.suggest(0.5, n=4)
    amounts = found.amounts.toarray()
    apart = np.linalg.norm(amounts[:, None] - amounts, axis=-1)[np.triu_indices(4, 1)]
    assert apart.min() > 0.1


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (99, {}, "is beyond what was measured"),
        (np.nan, {}, "expected 1 numbers, one of them not NaN"),
        (0.5, {"fixed": {"code 3": 0.7, "code 4": 0.7}}, "sum to 1 within these bounds"),
        (0.5, {"bounds": {"code 3": (0.2, 0.1)}}, r"bounds of 'code 3' are \(0.2, 0.1\)"),
        (0.5, {"bounds": {"code 33": (0, 1)}}, "No code 'code 33'"),
        (0.5, {"context": [300]}, "context has 1 values, expected 0"),
        (0.5, {"n": 0}, "n is 0, expected a whole number of at least 1"),
        (0.5, {"total": np.nan}, "total is nan, expected a number above 0"),
    ],
)
def test_what_impossible_wishes_get(fitted, target, options, message):
    with pytest.raises((ValueError, KeyError), match=message):
        fitted.suggest(target, **options)


def test_beyond_the_measured_only_when_asked(fitted):
    more = fitted._formulas.tocsc()[:, [3]].max() + 0.02
    with pytest.raises(ValueError, match="extrapolate: an amount is beyond what was measured"):
        fitted.suggest(1.5, fixed={"code 3": more}, bounds={"code 4": (0, 1)}, n=1)
    found = fitted.suggest(1.5, fixed={"code 3": more}, bounds={"code 4": (0, 1)}, extrapolate=True, n=1)
    assert found.formula_metadata["extrapolates"].all()
