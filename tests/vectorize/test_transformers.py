import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from research_lib.containers.interactions import Interactions
from research_lib.vectorize.transformers import Amounts, MultiHot, OneHot, TfidfMultiHot

PURPOSES = {"Glycerin": ["Humectant", "Solvent"], "Water": ["Solvent"], "Lanolin": ["Emollient", "Humectant"]}
LISTS = list(PURPOSES.values())
NAMES = ["Humectant", "Solvent", "Emollient"]
ONES = [[1, 1, 0], [0, 1, 0], [1, 0, 1]]
INGREDIENTS = Interactions.from_lists(PURPOSES, axes=("ingredient", "purpose"))
MASSES = {"Water": 18.015, "Ethanol": 46.069}
FORMULAS = [{"Water": 70.0, "Ethanol": 30.0}, {"Ethanol": 5.0}]
FORMS = {
    "interactions": INGREDIENTS,
    "lists": LISTS,
    "tuples": tuple(map(tuple, LISTS)),
    "series": pd.Series(LISTS),
    "counts": pd.DataFrame(np.array(ONES) * 3, columns=NAMES),
    "sparse columns": pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(ONES), columns=NAMES),
}
MULTI_HOTS = [MultiHot, TfidfMultiHot]

names = st.text(min_size=1, max_size=5)
name_lists = st.lists(st.lists(names, max_size=5, unique=True), min_size=1).filter(any)
formulas = st.lists(st.dictionaries(names, st.floats(1e-3, 1e3), min_size=1, max_size=5), min_size=1)


# scikit-learn's integer tables hold rows of zeros; there is no formula without amounts, so Amounts warns.
@pytest.mark.filterwarnings("ignore:Row .* is all zero:UserWarning")
@parametrize_with_checks(
    [
        OneHot(),
        MultiHot(),
        TfidfMultiHot(),
        Amounts(),
        Amounts("mole", {f"x{n}": 18.0 + n for n in range(20)}, normalise=False),
    ]
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [OneHot, *MULTI_HOTS, Amounts])
def test_parameters_are_stored_untouched_and_checked_in_fit(kind):
    estimator = kind(unknown="raise")
    assert clone(estimator).get_params() == estimator.get_params()
    with pytest.raises(ValueError, match="Unknown unknown 'raise', expected one of: error,"):
        estimator.fit([[1, 2]])
    with pytest.raises(ValueError, match="Unknown basis 'molar', expected one of: weight, mole"):
        Amounts("molar").fit([[1, 2]])
    assert clone(Amounts("mole", MASSES)).get_params()["molar_masses"] == MASSES


# One-hot


def test_a_name_becomes_a_row_with_a_single_one():
    given = ["b", "a", "b", "c"]
    for form in (given, tuple(given), np.array(given), pd.Series(given)):
        one_hot = OneHot()
        vectors = one_hot.fit_transform(form)
        assert isinstance(vectors, sparse.csr_array)
        assert vectors.toarray().tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
        assert one_hot.get_feature_names_out().tolist() == ["b", "a", "c"]
        assert one_hot.inverse_transform(vectors) == given


def test_the_rows_of_interactions_are_the_identity():
    one_hot = OneHot().fit(INGREDIENTS)
    np.testing.assert_array_equal(one_hot.transform(INGREDIENTS).toarray(), np.eye(3))
    assert one_hot.get_feature_names_out().tolist() == list(PURPOSES)
    assert one_hot.transform(["Lanolin"]).toarray().tolist() == [[0, 0, 1]]


def test_every_column_of_a_table_is_encoded_on_its_own():
    one_hot = OneHot().fit([["red", "big"], ["blue", "big"]])
    assert one_hot.get_feature_names_out().tolist() == ["x0_blue", "x0_red", "x1_big"]
    assert one_hot.transform([["red", "big"]]).toarray().tolist() == [[0, 1, 1]]
    assert one_hot.inverse_transform([[0, 1, 1]]).tolist() == [["red", "big"]]


def test_one_hot_meets_unknown_names():
    with pytest.raises(ValueError, match=r"No name 'Watr' among 3\. Did you mean 'Water'\? 1 more is unknown\."):
        OneHot().fit(list(PURPOSES)).transform(["Water", "Watr", "Oil"])
    ignoring = OneHot(unknown="ignore").fit(["a", "b"])
    assert ignoring.transform(["c", "b"]).toarray().tolist() == [[0, 0], [0, 1]]
    assert ignoring.inverse_transform(ignoring.transform(["c", "b"])) == [None, "b"]
    with pytest.raises(ValueError, match="Row 2 is None, expected a name"):
        OneHot().fit(["a", None])


@given(st.lists(names, min_size=1))
def test_one_hot_gives_any_names_back(given):
    one_hot = OneHot()
    assert one_hot.inverse_transform(one_hot.fit_transform(given)) == given


# Multi-hot and tf-idf


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seen", FORMS)
def test_every_form_of_input_gives_the_same_ones(seen, form):
    multi_hot = MultiHot().fit(FORMS[seen])
    vectors = multi_hot.transform(FORMS[form])
    assert isinstance(vectors, sparse.csr_array)
    assert (vectors.dtype, vectors.indices.dtype) == (np.float64, np.int32)
    assert vectors.toarray().tolist() == ONES
    assert multi_hot.get_feature_names_out().tolist() == NAMES
    assert [set(row) for row in multi_hot.inverse_transform(vectors)] == [set(row) for row in LISTS]


def test_a_plain_table_is_read_by_position_and_comes_back_as_one():
    counts = np.array(ONES) * 7
    for table in (counts, counts.tolist(), sparse.coo_array(counts), sparse.csc_matrix(counts)):
        multi_hot = MultiHot()
        vectors = multi_hot.fit_transform(table)
        assert vectors.toarray().tolist() == ONES
        assert multi_hot.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
        assert multi_hot.inverse_transform(vectors).toarray().tolist() == ONES
    assert counts.max() == 7
    with pytest.raises(ValueError, match="fitted on a table without names, and is now given names"):
        multi_hot.transform(LISTS)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert MultiHot().fit(LISTS).transform(counts).toarray().tolist() == ONES


def test_a_generator_is_read_once():
    assert MultiHot().fit_transform(iter(LISTS)).toarray().tolist() == ONES


def test_a_sparse_table_is_left_as_it_was_and_its_repeated_entries_count_once():
    table = sparse.csr_array(([2.0, 3.0, 0.0], [1, 1, 0], [0, 3]), shape=(1, 2))
    assert MultiHot().fit_transform(table).toarray().tolist() == [[0, 1]]
    assert table.data.tolist() == [2, 3, 0]
    assert MultiHot().fit([["a", "b"]]).inverse_transform(table) == [["b"]]


@pytest.mark.parametrize("kind", MULTI_HOTS)
def test_columns_are_matched_by_name_whatever_their_order(kind):
    fitted = kind().fit(INGREDIENTS)
    order = [2, 0, 1]
    moved = Interactions(
        np.column_stack([INGREDIENTS.pairs[:, 0], np.argsort(order)[INGREDIENTS.pairs[:, 1]]]),
        INGREDIENTS.row_names,
        INGREDIENTS.col_names[order],
    )
    expected = fitted.transform(INGREDIENTS).toarray()
    np.testing.assert_array_equal(fitted.transform(moved).toarray(), expected)
    np.testing.assert_array_equal(fitted.transform(FORMS["counts"][np.array(NAMES)[order]]).toarray(), expected)
    np.testing.assert_allclose(kind().fit_transform(moved).toarray(), expected[:, order], atol=1e-12)
    assert fitted.transform(FORMS["counts"][["Solvent"]]).toarray().astype(bool).tolist() == [
        [False, True, False],
        [False, True, False],
        [False, False, False],
    ]


@pytest.mark.parametrize("kind", MULTI_HOTS)
def test_unknown_purposes_are_an_error_a_warning_or_nothing(kind):
    message = r"No name 'Humectent' among 3\. Did you mean 'Humectant'\? 2 more are unknown\."
    given = [["Humectent", "Solvent"], ["UV filter", "Dye"]]
    table = pd.DataFrame([[1, 1, 0, 0], [0, 0, 1, 1]], columns=["Humectent", "Solvent", "UV filter", "Dye"])
    for form in (given, table, Interactions.from_lists(dict(enumerate(given)))):
        with pytest.raises(ValueError, match=message):
            kind().fit(INGREDIENTS).transform(form)
        with pytest.warns(UserWarning, match=message + " Left out"):
            warned = kind(unknown="warn").fit(INGREDIENTS).transform(form)
        ignored = kind(unknown="ignore").fit(INGREDIENTS).transform(form)
        assert warned.toarray().tolist() == ignored.toarray().tolist() == [[0, 1, 0], [0, 0, 0]]


def test_an_ingredient_without_purposes_is_a_row_of_zeros():
    for kind in MULTI_HOTS:
        vectoriser = kind().fit([*LISTS, []])
        assert vectoriser.transform([[]]).toarray().tolist() == [[0, 0, 0]]
        assert vectoriser.inverse_transform([[0, 0, 0]]) == [[]]


@given(name_lists)
def test_multi_hot_gives_any_names_back(lists):
    position = {name: n for n, name in enumerate(dict.fromkeys(name for row in lists for name in row))}
    for kind in MULTI_HOTS:
        vectoriser = kind()
        vectors = vectoriser.fit_transform(lists)
        assert vectoriser.inverse_transform(vectors) == [sorted(row, key=position.get) for row in lists]
        assert vectoriser.get_feature_names_out().tolist() == list(position)
        alone = [vectoriser.transform([row]).toarray()[0] for row in lists]
        np.testing.assert_array_equal(vectors.toarray(), alone)


def tfidf_by_loop(lists, names):
    vectors = []
    for row in lists:
        weights = [math.log((1 + len(lists)) / (1 + sum(name in other for other in lists))) + 1 for name in names]
        vector = [weight if name in row else 0 for name, weight in zip(names, weights, strict=True)]
        length = math.sqrt(sum(value**2 for value in vector)) or 1
        vectors.append([value / length for value in vector])
    return vectors


@given(name_lists)
def test_tfidf_is_that_of_a_loop(lists):
    tfidf = TfidfMultiHot()
    vectors = tfidf.fit_transform(lists)
    np.testing.assert_allclose(vectors.toarray(), tfidf_by_loop(lists, tfidf.get_feature_names_out()), atol=1e-6)
    np.testing.assert_allclose(sparse.linalg.norm(vectors, axis=1), [bool(row) for row in lists], atol=1e-6)


def test_a_rare_purpose_counts_for_more_and_by_hand():
    vectors = TfidfMultiHot().fit_transform(INGREDIENTS).toarray()
    common, rare = math.log(4 / 3) + 1, math.log(4 / 2) + 1  # on two and on one of three ingredients
    assert vectors[1].tolist() == [0, 1, 0]
    assert vectors[2] == pytest.approx(np.array([common, 0, rare]) / math.hypot(common, rare), abs=1e-6)
    assert vectors[2, 2] > vectors[2, 0]


def test_how_often_a_pair_occurs_does_not_count():
    twice = INGREDIENTS.with_pairs(np.concatenate([INGREDIENTS.pairs, INGREDIENTS.pairs[:1]]))
    for kind in MULTI_HOTS:
        once = kind().fit_transform(INGREDIENTS)
        np.testing.assert_array_equal(kind().fit_transform(twice).toarray(), once.toarray())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["Solvent"], "Row 1 is 'Solvent', expected a list of names"),
        (PURPOSES, "Row 1 is 'Glycerin', expected a list of names"),
        ([["Solvent"], None], "Row 2 is None, expected a list of names"),
        ([["Solvent"], ["Dye", 3]], r"Row 2 holds 3, expected a name \(text\)"),
        ([[1, 9, 2], [36]], r"Row 1 holds 1, expected a name \(text\)"),
        ([[]], "names are empty, expected at least one"),
        ([], "Expected 2D array"),
        ([[1, 0], [0, -2]], "Negative values in data, NaN or inf: row 2, name 'x1' is -2"),
        (pd.DataFrame({"Dye": [1, 0], "Oil": [np.nan, 1]}), "row 1, name 'Oil' is nan"),
    ],
)
def test_purposes_that_cannot_be_read_say_where(given, message):
    for kind in MULTI_HOTS:
        with pytest.raises(ValueError, match=message):
            kind().fit(given)


def test_vectors_of_another_width_are_refused():
    for fitted in (MultiHot().fit(LISTS), Amounts().fit(FORMULAS)):
        with pytest.raises(ValueError, match=r"Vectors have 4 columns, expected [23]\."):
            fitted.inverse_transform(np.ones((1, 4)))


# Amounts


def test_weights_become_mole_fractions_by_hand():
    water, ethanol = 70 / 18.015, 30 / 46.069
    amounts = Amounts("mole", MASSES)
    vectors = amounts.fit_transform(FORMULAS)
    assert isinstance(vectors, sparse.csr_array)
    expected = [[water / (water + ethanol), ethanol / (water + ethanol)], [0, 1]]
    np.testing.assert_allclose(vectors.toarray(), expected, atol=1e-6)
    assert vectors[0, 0] == pytest.approx(0.8564647, abs=1e-6)
    assert amounts.get_feature_names_out().tolist() == ["Water", "Ethanol"]
    moles = Amounts("mole", MASSES, normalise=False).fit_transform(FORMULAS)
    np.testing.assert_allclose(moles.toarray(), [[water, ethanol], [0, 5 / 46.069]], atol=1e-6)


def test_weights_become_weight_fractions_or_stay():
    np.testing.assert_allclose(Amounts().fit_transform(FORMULAS).toarray(), [[0.7, 0.3], [0, 1]], atol=1e-12)
    assert Amounts(normalise=False).fit_transform(FORMULAS).toarray().tolist() == [[70, 30], [0, 5]]


def test_amounts_may_come_as_mappings_or_as_tables():
    table = np.array([[70, 30], [0, 5]])
    expected = Amounts("mole", MASSES).fit_transform(FORMULAS).toarray()
    for form in (iter(FORMULAS), pd.Series(FORMULAS), pd.DataFrame(table, columns=["Water", "Ethanol"])):
        assert Amounts("mole", pd.Series(MASSES)).fit_transform(form).toarray().tolist() == expected.tolist()
    for form in (table, table.tolist(), sparse.csr_matrix(table)):
        amounts = Amounts("mole", [18.015, 46.069])
        vectors = amounts.fit_transform(form)
        assert vectors.toarray().tolist() == expected.tolist()
        np.testing.assert_allclose(amounts.inverse_transform(vectors).toarray(), [[0.7, 0.3], [0, 1]], atol=1e-12)
    swapped = pd.DataFrame(table[:, ::-1], columns=["Ethanol", "Water"])
    assert Amounts("mole", MASSES).fit(FORMULAS).transform(swapped).toarray().tolist() == expected.tolist()


@given(formulas, st.sampled_from(["weight", "mole"]), st.booleans())
def test_amounts_give_any_formulas_back(given, basis, normalise):
    codes = {code for formula in given for code in formula}
    masses = {code: 10.0 + n for n, code in enumerate(sorted(codes))}
    amounts = Amounts(basis, masses, normalise)
    vectors = amounts.fit_transform(given)
    if normalise:
        np.testing.assert_allclose(vectors.sum(axis=1), 1, atol=1e-12)
    for formula, back in zip(given, amounts.inverse_transform(vectors), strict=True):
        total = sum(formula.values()) if normalise else 1
        assert back == pytest.approx({code: amount / total for code, amount in formula.items()}, rel=1e-9)


def test_unknown_codes_are_an_error_a_warning_or_nothing():
    message = r"No code 'Ethanl' among 2\. Did you mean 'Ethanol'\?"
    given = [{"Water": 20, "Ethanl": 80}]
    with pytest.raises(ValueError, match=message):
        Amounts().fit(FORMULAS).transform(given)
    with pytest.warns(UserWarning, match=message + " Left out"):
        assert Amounts(unknown="warn").fit(FORMULAS).transform(given).toarray().tolist() == [[1, 0]]
    assert Amounts(unknown="ignore").fit(FORMULAS).transform(given).toarray().tolist() == [[1, 0]]
    with pytest.raises(ValueError, match="Row 1 is all zero, expected an amount above 0 of a known code"):
        Amounts(unknown="ignore").fit(FORMULAS).transform([{"Oil": 1}])


@pytest.mark.parametrize(
    ("masses", "message"),
    [
        (None, "basis='mole' needs molar_masses"),
        ({"Water": 18.015}, r"molar mass of 'Ethanol' is nan, expected g/mol above 0 \(nan: missing\)"),
        ({"Water": 0, "Ethanol": 46}, "molar mass of 'Water' is 0, expected"),
        ({"Water": 18, "Ethanol": None}, "molar mass of 'Ethanol' is nan, expected"),
        (pd.Series({"Water": 18.0, "Ethanol": -46.0}), "molar mass of 'Ethanol' is -46, expected"),
        ([18, np.inf], "molar mass of 'Ethanol' is inf, expected"),
        ([18, 46, 92], r"molar_masses have shape \(3,\), expected \(2,\): one a code"),
    ],
)
def test_molar_masses_that_cannot_be_divided_by_name_the_code(masses, message):
    with pytest.raises(ValueError, match=message):
        Amounts("mole", masses).fit(FORMULAS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"Water": 1}, {"Ethanol": -0.5}], "Negative values in data, NaN or inf: row 2, code 'Ethanol' is -0.5"),
        ([{"Water": 1}, {"Water": np.nan}], "row 2, code 'Water' is nan"),
        ([{"Water": "much"}], "row 1, code 'Water' is nan"),
        ([{"Water": np.inf}], "row 1, code 'Water' is inf"),
        ([{"Water": 1}, {}], "Row 2 is all zero, expected an amount above 0"),
        ([{"Water": 0}], "Row 1 is all zero"),
        (pd.DataFrame({"Water": [1, 0]}), "Row 2 is all zero"),
        (FORMULAS[0], "Row 1 is 'Water', expected a mapping of code to amount"),
        ([{"Water": 1}, None], "Row 2 is None, expected a mapping of code to amount"),
        ([{23309: 1}], r"Row 1 holds 23309, expected a name \(text\)"),
    ],
)
def test_amounts_that_cannot_be_read_say_where(given, message):
    with pytest.raises(ValueError, match=message):
        Amounts().fit(given).transform(given)


def test_a_row_of_zeros_in_a_plain_table_is_warned_of_and_stays():
    with pytest.warns(UserWarning, match="Row 2 is all zero, expected an amount above 0"):
        assert Amounts().fit_transform([[1, 3], [0, 0]]).toarray().tolist() == [[0.25, 0.75], [0, 0]]


# In company


@pytest.mark.parametrize("transformer", [MultiHot(), TfidfMultiHot()])
def test_vectors_go_into_pipelines_and_survive_pickling(transformer):
    pipeline = make_pipeline(transformer, TruncatedSVD(2, random_state=0), KMeans(2, n_init=1, random_state=0))
    assert len(pipeline.fit_predict(INGREDIENTS)) == 3
    KMeans(2, n_init=1).fit(clone(transformer).fit_transform(INGREDIENTS))  # takes int32 indices only
    copied = pickle.loads(pickle.dumps(transformer.fit(INGREDIENTS)))
    np.testing.assert_array_equal(copied.transform(LISTS).toarray(), transformer.transform(LISTS).toarray())


def test_a_second_fit_forgets_the_first():
    multi_hot = MultiHot().fit(INGREDIENTS).fit(np.ones((2, 5)))
    assert multi_hot.get_feature_names_out().tolist() == ["x0", "x1", "x2", "x3", "x4"]
    assert multi_hot.fit([["Dye"]]).get_feature_names_out().tolist() == ["Dye"]
    one_hot = OneHot().fit([["a", 1], ["b", 2]]).fit(["c", "d"])
    assert one_hot.get_feature_names_out().tolist() == ["c", "d"]
