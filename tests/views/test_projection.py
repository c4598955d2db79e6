import numpy as np
import pandas as pd
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.datasets import load
from research_lib.measures.geometry import trustworthiness
from research_lib.vectorize.transformers import embed
from research_lib.views.projection import project

SHORT = {"tsne": {"n_iter": 150, "early_exaggeration_iter": 50, "n_jobs": 1}}


@pytest.fixture(scope="module")
def groups():
    """Three directions, twelve vectors about each, of any length."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], 12)
    vectors = (np.eye(8)[group] + rng.normal(0, 0.1, (36, 8))) * rng.uniform(0.1, 10, (36, 1))
    return Embedding(vectors, [f"name {i}" for i in range(36)], pd.DataFrame({"group": group}))


def agreement(places, groups):
    nearest = places.neighbours(5, metric="euclidean")
    return (groups[nearest] == groups[:, None]).mean()


@pytest.fixture(scope="module")
def sets():
    """Three groups of sets, which share members within a group only; lengths, which do not matter to a set."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], 12)
    members = np.zeros((36, 30))
    for row, number in enumerate(group):
        members[row, 10 * number + rng.permutation(10)[:5]] = 1
    lengths = members * rng.uniform(0.1, 9, members.shape)
    return Embedding(lengths, [f"name {i}" for i in range(36)], pd.DataFrame({"group": group}))


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_groups_stay_apart_on_the_map_and_the_same_seed_gives_the_same_map(groups, method):
    check_groups(groups, method)


def test_sets_are_laid_out_by_what_they_share(sets):
    check_sets(sets, "tsne")


@pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")  # UMAP says so when it is imported
def test_umap_keeps_groups_and_sets_apart(groups, sets):
    """In one test, because whichever process calls UMAP first compiles it for ten seconds."""
    check_groups(groups, "umap")
    check_sets(sets, "umap")


def check_groups(groups, method):
    places = project(groups, method, random_state=1, **SHORT.get(method, {}))
    assert places.vectors.shape == (36, 2)
    assert list(places.names) == list(groups.names)
    group = places.metadata["group"].to_numpy()
    assert agreement(places, group) > 0.95
    assert agreement(places, np.random.default_rng(0).permutation(group)) < 0.5  # chance is 0.31
    again = project(groups, method, random_state=1, **SHORT.get(method, {}))
    assert again.vectors.tobytes() == places.vectors.tobytes()


def check_sets(sets, method):
    places = project(sets, method, metric="jaccard", random_state=1, **SHORT.get(method, {}))
    assert agreement(places, sets.metadata["group"].to_numpy()) > 0.95


def test_the_lengths_of_the_vectors_do_not_matter(groups):
    longer = Embedding(groups.vectors * 7, groups.names)
    np.testing.assert_allclose(project(longer, "pca").vectors, project(groups, "pca").vectors, atol=1e-6)


def test_pca_keeps_the_directions_of_most_variance(groups):
    unit = groups.unit_vectors() - groups.unit_vectors().mean(axis=0)
    values = np.linalg.svd(unit, compute_uv=False)
    places = project(groups, "pca").vectors
    np.testing.assert_allclose(np.linalg.norm(places, axis=0), values[:2], rtol=1e-5)


def test_groups_that_are_not_there_are_not_drawn():
    noise = Embedding(np.random.default_rng(0).normal(size=(36, 8)), range(36))
    assert agreement(project(noise, "tsne", **SHORT["tsne"]), np.repeat([0, 1, 2], 12)) < 0.5


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_four_vectors_are_enough_for_a_map(groups, method):
    assert project(groups.subset(range(4)), method, **SHORT.get(method, {})).vectors.shape == (4, 2)


def test_three_vectors_are_too_few_for_a_map(groups):
    with pytest.raises(ValueError, match="3 vectors are too few for a map, expected at least 4"):
        project(groups.subset(range(3)))


def test_options_reach_the_method(groups):
    near, far = (project(groups, "tsne", perplexity=p, **SHORT["tsne"]).vectors for p in (2, 10))
    assert not np.allclose(near, far)


def test_an_unknown_method_is_refused(groups):
    with pytest.raises(ValueError, match="Unknown method 'tSNE', expected one of: pca, tsne, umap"):
        project(groups, "tSNE")


def test_a_metric_that_is_not_known_is_refused(groups):
    with pytest.raises(ValueError, match="Unknown metric 'hamming', expected one of: cosine, euclidean, jaccard"):
        project(groups, metric="hamming")
    with pytest.raises(ValueError, match="PCA does not know the metric 'jaccard'"):
        project(groups, "pca", metric="jaccard")


@pytest.mark.real("cosing")
def test_the_map_of_the_eus_sets_of_purposes_keeps_neighbourhoods():
    points = embed(load("ingredients", "cosing")).distinct()
    short = {"n_iter": 250, "early_exaggeration_iter": 75}
    places = project(points, "tsne", dof=0.5, perplexity=50, neighbors="exact", **short)
    assert len(points) == 2_349
    assert trustworthiness(points, places, 15) >= 0.95
    shuffled = Embedding(np.random.default_rng(0).permutation(places.vectors), places.names)
    assert trustworthiness(points, shuffled, 15) == pytest.approx(0.5, abs=0.05)
