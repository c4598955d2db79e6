import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn import manifold

from research_lib.containers.embedding import Embedding
from research_lib.containers.space import Space
from research_lib.measures.comparison import Comparison
from research_lib.measures.geometry import (
    canonical_correlations,
    compare_maps,
    measure_map,
    property_r2,
    trustworthiness,
)


def cloud(n=60, n_dims=5, seed=0):
    return Embedding(np.random.default_rng(seed).normal(size=(n, n_dims)), [str(i) for i in range(n)])


@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_trustworthiness_is_that_of_scikit_learn_without_ties(k, metric, monkeypatch):
    monkeypatch.setattr("research_lib.containers.embedding.BLOCK_BYTES", 60 * 8 * 7)  # in blocks of seven
    space = cloud()
    places = Embedding(space.vectors[:, :2], space.names)
    expected = manifold.trustworthiness(space.vectors, places.vectors, n_neighbors=k, metric=metric)
    assert trustworthiness(space, places, k, metric) == pytest.approx(expected, abs=1e-9)


def test_the_space_itself_is_trusted_and_a_shuffled_one_is_not():
    space = cloud(300)
    assert trustworthiness(space, space, metric="euclidean") == 1
    order = np.random.default_rng(1).permutation(len(space))
    assert trustworthiness(space, Embedding(space.vectors[order], space.names)) == pytest.approx(0.5, abs=0.05)


def test_equals_share_the_middle_of_their_ranks():
    # All others are as far as each other: their ranks 1 to 4 are 2.5 each, whatever the map says.
    space = Embedding(np.eye(5), list("abcde"))
    places = Embedding(np.arange(10).reshape(5, 2) ** 2, list("abcde"))
    assert trustworthiness(space, places, k=1) == pytest.approx(1 - 2 / (5 * 1 * (10 - 3 - 1)) * 5 * 1.5)


def test_sets_are_compared_by_what_they_share():
    sets = Embedding(np.array([[1, 1, 0], [2, 0, 0], [0, 0, 3], [0, 5, 1], [1, 1, 1]]), list("abcde"))
    ranked = sets.most_similar("a", n=4, metric="jaccard")
    assert dict(zip(ranked["name"], ranked["similarity"], strict=True)) == pytest.approx(
        {"e": 2 / 3, "b": 1 / 2, "d": 1 / 3, "c": 0}
    )


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="Names differ: expected a map of the same names in the same order"):
        trustworthiness(cloud(40), cloud(41))
    with pytest.raises(ValueError, match="k is 20, expected 1 to less than half of the 40 things"):
        trustworthiness(cloud(40), cloud(40), k=20)


def test_canonical_correlations_of_a_linear_image_are_one():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 3))
    image = vectors @ rng.normal(size=(3, 5)) + 7  # five dimensions, of which three matter
    np.testing.assert_allclose(canonical_correlations(vectors, image), 1)
    assert canonical_correlations(vectors, rng.normal(size=(200, 2))).max() < 0.35
    half = np.column_stack([vectors[:, 0], rng.normal(size=200)])
    best, other = canonical_correlations(vectors, half)
    assert best > 0.999 and other < 0.3
    with pytest.raises(ValueError, match=r"Shapes \(200, 3\) and \(4, 3\)"):
        canonical_correlations(vectors, vectors[:4])


def test_properties_are_read_off_the_vectors_that_hold_them():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(100, 4))
    known = pd.DataFrame({"held": vectors[:, 0] - vectors[:, 1], "noise": rng.normal(size=100), "constant": 1})
    known.loc[:9, "held"] = np.nan
    found = property_r2(Embedding(vectors, range(100), known.assign(text="x")))
    assert list(found.index) == ["held", "noise"]
    assert found.loc["held", "R²"] > 0.99
    assert found.loc["noise", "R²"] < 0.2
    assert (found["shuffled"] < 0.2).all()


def things(n=80, n_dims=6, seed=0):
    return cloud(n, n_dims, seed)


def isometry(space, seed=1):
    """Turned, mirrored and moved."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(space.n_dims, space.n_dims)))
    return Embedding(space.vectors @ turn + 3, space.names)


def random_map(space, seed=2):
    return Embedding(np.random.default_rng(seed).normal(size=space.vectors.shape), space.names)


def projection(space):
    return Embedding(space.vectors[:, :2], space.names)


@settings(max_examples=15)
@given(st.integers(0, 50), st.integers(10, 60), st.integers(1, 8))
def test_an_isometry_is_perfect(seed, n, n_dims):
    space = things(n, n_dims, seed)
    table = measure_map(space, isometry(space), k=4)
    scored = table.drop("smallest_separation")
    np.testing.assert_allclose(scored["value"], scored["perfect"], atol=2e-3)
    assert (table["error"] == 0).all()
    nearest = np.sort(Space.from_embedding(space).rows(np.arange(n)), axis=1)[:, 1].min()
    assert table["value"]["smallest_separation"] == pytest.approx(nearest, rel=1e-2)


def test_a_random_map_scores_as_its_null_and_not_as_an_isometry():
    space = things(300)
    table = measure_map(space, random_map(space), n_null=20).drop(["collisions", "smallest_separation"])
    assert (np.abs(table["value"] - table["null"]) < 4 * table["null_error"]).all()
    preserved = ["spearman", "stress", "trustworthiness", "continuity", "knn_overlap"]
    assert (np.abs(table["null"] - table["perfect"])[preserved] > 20 * table["null_error"][preserved]).all()
    assert table["null"]["spearman"] == pytest.approx(0, abs=0.02)
    assert table["null"]["trustworthiness"] == pytest.approx(0.5, abs=0.02)
    assert table["null"]["knn_overlap"] == pytest.approx(15 / 299, abs=0.02)
    assert table["null"]["distortion"] > 5


@settings(max_examples=15)
@given(st.floats(0.01, 100))
def test_scaling_changes_what_it_should_and_nothing_else(factor):
    space = things()
    before = measure_map(space, projection(space), n_null=1)["value"]
    after = measure_map(space, Embedding(factor * projection(space).vectors, space.names), n_null=1)["value"]
    change = {"smallest_separation": factor, "lipschitz": factor, "scale": factor, "inverse_lipschitz": 1 / factor}
    expected = before * pd.Series(change).reindex(before.index, fill_value=1)
    np.testing.assert_allclose(after, expected, rtol=1e-3, atol=1e-6)


def test_a_sample_equals_the_whole_within_the_stated_error():
    space = things(700)
    places = projection(space)
    exact = measure_map(space, places, n_null=1, n_pairs=10**6, n_rows=700)
    assert (exact["error"] == 0).all()
    sampled = [
        measure_map(space, places, n_null=1, n_pairs=5000, n_rows=100, random_state=seed).drop(
            ["collisions", "smallest_separation", "lipschitz", "inverse_lipschitz", "distortion"]
        )
        for seed in range(20)
    ]
    off = np.array([(table["value"] - exact["value"][table.index]) / table["error"] for table in sampled])
    assert np.abs(off).max() < 5
    assert ((off**2).mean(axis=0) ** 0.5 > 0.5).all()  # nor is the error stated too large
    assert ((off**2).mean(axis=0) ** 0.5 < 1.8).all()


def test_extremes_of_a_sample_bound_almost_all_pairs():
    space = things(700)
    places = projection(space)
    every = Comparison(space, places, n_pairs=10**6)
    stretch = every.shepard().eval("found / original")
    beyond = []
    for seed in range(40):
        sample = Comparison(space, places, n_pairs=2000, random_state=seed)
        constant = sample.stretches().iloc[0]["stretch"]
        assert constant == sample.pair_measures()["lipschitz"][0] <= stretch.max()
        assert np.isnan(sample.pair_measures()["lipschitz"][1])
        beyond.append((stretch > constant).mean() > 3 / 2000)
    assert np.mean(beyond) < 0.2  # 0.05 are expected


def test_neighbourhood_measures_are_those_of_scikit_learn():
    space = things(90)
    places = projection(space)
    found = Comparison(space, places).neighbour_measures(k=7)
    expected = manifold.trustworthiness(space.vectors, places.vectors, n_neighbors=7)
    assert found["trustworthiness"] == (pytest.approx(expected, abs=1e-9), 0)
    assert found["trustworthiness"][0] == pytest.approx(trustworthiness(space, places, 7, "euclidean"), abs=1e-9)
    expected = manifold.trustworthiness(places.vectors, space.vectors, n_neighbors=7)
    assert found["continuity"][0] == pytest.approx(expected, abs=1e-9)
    common = [
        len(set(a) & set(b)) / 7 for a, b in zip(*(e.neighbours(7, "euclidean") for e in (space, places)), strict=True)
    ]
    assert found["knn_overlap"][0] == pytest.approx(np.mean(common), abs=1e-9)


def test_pair_measures_are_those_of_the_loops():
    space = things(30)
    places = projection(space)
    pairs = [
        (np.linalg.norm(space.vectors[i] - space.vectors[j]), np.linalg.norm(places.vectors[i] - places.vectors[j]))
        for i in range(30)
        for j in range(i)
    ]
    known, found = np.array(pairs).T
    scale = (known @ found) / (known @ known)
    expected = {
        "lipschitz": (found / known).max(),
        "inverse_lipschitz": (known / found).max(),
        "distortion": (found / known).max() * (known / found).max(),
        "spearman": spearmanr(known, found).statistic,
        "stress": np.sqrt(((found - scale * known) ** 2).sum() / (found**2).sum()),
        "scale": scale,
    }
    assert {name: value for name, (value, _) in Comparison(space, places).pair_measures().items()} == pytest.approx(
        expected, rel=1e-5
    )


def test_the_pairs_that_break_continuity_are_named():
    line = Embedding(np.arange(6.0)[:, None], list("abcdef"))
    torn = Embedding(np.array([[0], [1], [2], [103], [104], [105.0]]), line.names)  # between c and d
    worst = Comparison(line, torn).stretches(n=1).iloc[0]
    assert {worst["first"], worst["second"]} == {"c", "d"}
    assert worst["stretch"] == pytest.approx(101)
    folded = Embedding(np.array([[0], [1], [2], [2.1], [1.1], [0.1]]), line.names)
    worst = Comparison(line, folded).stretches(inverse=True, n=1).iloc[0]
    assert {worst["first"], worst["second"]} == {"a", "f"}
    assert worst["stretch"] == pytest.approx(50, rel=1e-4)


def test_a_map_that_is_not_injective_has_no_inverse():
    line = Embedding(np.array([[0.0], [1], [2], [3], [3]]), list("abcde"))
    hashed = Embedding(np.array([[0.0], [1], [-0.0], [5], [5]]), line.names)
    comparison = Comparison(line, hashed)
    assert list(comparison.collisions()["name"]) == ["a", "c"]  # d and e are one thing under two names
    with pytest.raises(
        ValueError,
        match=r"The map has no inverse: 2 of 5 things share a vector with a different one, as 'a' and 'c' do",
    ):
        comparison.stretches(inverse=True)
    assert comparison.stretches()["stretch"].iloc[0] == pytest.approx(5)
    table = measure_map(line, hashed, k=1, n_null=1)
    assert table["value"]["collisions"] == 2
    assert table["value"][["inverse_lipschitz", "distortion"]].tolist() == [np.inf, np.inf]
    assert table["value"]["smallest_separation"] == 1


def test_one_thing_with_two_vectors_has_no_lipschitz_constant():
    line = Embedding(np.array([[0.0], [1], [1], [4]]), list("abcd"))
    split = Embedding(np.array([[0.0], [1], [2], [4]]), line.names)
    worst = Comparison(line, split).stretches(n=1).iloc[0]
    assert (worst["first"], worst["second"], worst["stretch"]) == ("b", "c", np.inf)


def test_analogies_are_measured_where_they_are_asked_for():
    corners = Embedding(
        np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0.1], [1, 1, 0.1], [0, 0, 1]]), ["man", "woman", "king", "queen", "x"]
    )
    questions = pd.DataFrame([("s", "man", "woman", "king", "queen")], columns=["section", "a", "b", "c", "answer"])
    table = measure_map(corners, corners, k=1, questions=questions, n_null=2)
    assert table["value"]["answer_rank"] == 0
    assert table["value"]["parallelogram_error"] < 0.1 < table["null"]["parallelogram_error"]


def test_maps_that_keep_nothing_are_measured_too():
    space = things(40)
    one_hot = measure_map(space, Embedding(np.eye(40), space.names), k=3, n_null=1)["value"]
    assert np.isnan(one_hot["spearman"])  # all are as far from each other
    assert (one_hot["collisions"], one_hot["smallest_separation"]) == (0, pytest.approx(2**0.5))
    point = measure_map(space, Embedding(np.ones((40, 2)), space.names), k=3, n_null=2)
    assert point["value"][["collisions", "lipschitz", "stress", "scale"]].tolist() == [40, 0, 1, 0]
    assert point["value"][["inverse_lipschitz", "smallest_separation"]].tolist() == [np.inf, np.inf]
    assert point["value"]["trustworthiness"] < 0.7


def test_forty_thousand_things_are_measured_by_sampling():
    space = things(40_000, 4)
    table = measure_map(space, projection(space), n_null=1, n_rows=20, n_pairs=20_000)
    assert table["error"][["spearman", "stress", "trustworthiness", "knn_overlap"]].between(1e-5, 0.05).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "jaccard"])
def test_a_space_of_vectors_has_the_distances_of_its_rows(metric):
    vectors = np.random.default_rng(0).normal(size=(40, 5)) * (np.random.default_rng(1).random((40, 5)) < 0.6)
    space = Space.from_embedding(Embedding(vectors, [str(i) for i in range(40)]), metric)
    first, second = np.triu_indices(40, 1)
    assert space.between(first, second) == pytest.approx(space.rows(np.arange(40))[first, second], abs=1e-6)


def test_tables_are_spaces_too():
    space = things(30)
    matrix = Space.from_embedding(space).between(*np.indices((30, 30)).reshape(2, -1)).reshape(30, 30)
    vectors, table = (measure_map(original, projection(space), k=3, n_null=1) for original in (space, matrix))
    np.testing.assert_allclose(table["value"], vectors["value"], rtol=1e-5)


def with_entries(**entries):
    matrix = np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0)))
    for place, value in entries.items():
        matrix[int(place[1]), int(place[2])] = value
    return matrix


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (with_entries(x02=5), "Distances are not symmetric: 'a' and 'c' are 5 apart, and 2 the other way"),
        (with_entries(x13=-2, x31=-2), "The distance of 'b' and 'd' is -2, expected 0 or more"),
        (with_entries(x22=1), "'c' is 1 away from itself, expected 0"),
        (with_entries(x01=np.nan, x10=np.nan), "The distance of 'a' and 'b' is nan, expected a number"),
        (np.zeros((4, 3)), r"Distances have shape \(4, 3\), expected \(n, n\)"),
        (np.zeros((3, 3)), "Names differ: expected a map of the same names in the same order"),
    ],
)
def test_a_table_that_holds_no_distances_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        measure_map(matrix, Embedding(np.eye(4), list("abcd")))


def test_what_is_too_small_to_measure_is_refused():
    with pytest.raises(ValueError, match="2 things"):
        Comparison(things(2), things(2))
    with pytest.raises(ValueError, match="k is 15, expected 1 to less than half of the 20 things"):
        measure_map(things(20), things(20))


def test_maps_are_compared_in_one_table():
    space = things(60)
    values, nulls = compare_maps(space, {"turned": isometry(space), "flat": projection(space)}, k=5)
    assert list(values.index) == list(nulls.index) == ["turned", "flat"]
    alone = measure_map(space, projection(space), k=5)
    np.testing.assert_array_equal(values.loc["flat"], alone["value"])
    np.testing.assert_array_equal(nulls.loc["flat"], alone["null"])
    assert values.loc["turned", "spearman"] > values.loc["flat", "spearman"] > nulls.loc["flat", "spearman"] + 0.2
