import numpy as np
import pandas as pd
import pytest
from sklearn import manifold

from research_lib.embedding import Embedding
from research_lib.geometry import canonical_correlations, property_r2, trustworthiness


def cloud(n=60, n_dims=5, seed=0):
    return Embedding(np.random.default_rng(seed).normal(size=(n, n_dims)), [str(i) for i in range(n)])


@pytest.mark.parametrize("k", [1, 5, 20])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_it_is_that_of_scikit_learn_where_nothing_is_tied(k, metric, monkeypatch):
    monkeypatch.setattr("research_lib.embedding.BLOCK_BYTES", 60 * 8 * 7)  # in blocks of seven
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
    with pytest.raises(ValueError, match="other names, or in another order"):
        trustworthiness(cloud(40), cloud(41))
    with pytest.raises(ValueError, match="k is 20, expected 1 to less than half of the 40 points"):
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
