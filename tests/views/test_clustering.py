import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster
from sklearn.cluster import KMeans

from research_lib.containers.embedding import Embedding
from research_lib.datasets.synthetic.groups import noise, planted_groups
from research_lib.measures.clusters import cluster_agreement
from research_lib.views.clustering import METHOD_ROWS, cluster, merge_tree, usable_methods

METHODS = list(METHOD_ROWS)


def found(embedding, method, n_clusters, **options):
    return cluster(embedding, method, None if method == "hdbscan" else n_clusters, **options)


def embedding_of(vectors):
    return Embedding(vectors, range(len(vectors)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n_groups", "n_dims", "zipf"), [(3, 5, 0), (6, 10, 1), (12, 10, 0), (12, 32, 1)])
def test_separated_groups_are_found_and_shuffled_ones_are_not(method, n_groups, n_dims, zipf):
    for seed in range(2):
        twin = planted_groups(400, n_groups, n_dims, zipf=zipf, random_state=seed)
        labels, groups = found(twin, method, n_groups), twin.metadata["group"]
        score = cluster_agreement(labels, groups)
        assert score["ARI"] >= 0.95
        assert score["n_left_out"] <= 0.05 * len(twin)
        assert abs(cluster_agreement(labels, np.random.default_rng(0).permutation(groups))["ARI"]) < 0.05


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("shape", ["gaussian", "uniform"])
@pytest.mark.parametrize(("n", "n_dims"), [(300, 2), (300, 5), (300, 32), (1000, 2), (1000, 10), (3000, 3)])
def test_hdbscan_says_that_noise_has_no_clusters(n, n_dims, shape, metric):
    for seed in range(3 if n == 300 else 1):
        labels = cluster(noise(n, n_dims, shape, seed), "hdbscan", metric=metric)
        assert (labels >= 0).mean() < 0.05


def test_hdbscan_can_be_asked_for_dense_spots_without_the_comparison():
    cloud = noise(300, 2)
    assert cluster(cloud, "hdbscan").max() == -1
    assert cluster(cloud, "hdbscan", allow_single_cluster=False).max() > 0  # the comparison is what refuses
    twin = planted_groups()
    assert (cluster(twin, "hdbscan", min_cluster_size=100) == -1).all()  # a group has 50


@pytest.mark.parametrize("method", METHODS)
def test_the_largest_cluster_is_0_and_the_same_seed_gives_the_same_labels(method):
    twin = planted_groups(200, 4, zipf=1)
    labels = found(twin, method, 4, random_state=3)
    sizes = np.bincount(labels[labels >= 0])
    assert (np.diff(sizes) <= 0).all()
    np.testing.assert_array_equal(labels, found(twin, method, 4, random_state=3))


@pytest.mark.parametrize("method", METHODS)
def test_rows_that_are_alike_share_a_cluster(method):
    twin = planted_groups(100, 4)
    rng = np.random.default_rng(0)
    which = rng.permutation(np.append(np.arange(100), rng.integers(0, 100, 900)))
    repeated = embedding_of(
        twin.vectors[which] * rng.choice([1, 2, 4], 1000)[:, None]
    )  # by cosine lengths do not count
    labels = found(repeated, method, 4)
    for row in range(100):
        assert len(set(labels[which == row])) == 1
    assert cluster_agreement(labels, twin.metadata["group"].to_numpy()[which])["ARI"] >= 0.95


def test_k_means_weighs_a_row_by_how_often_it_occurs():
    places = embedding_of([[0.0]] * 50 + [[1.0]] * 50 + [[10.0]] * 50 + [[14.0]])
    own = cluster(places, n_clusters=3, metric="euclidean")
    assert cluster_agreement(own, KMeans(3, n_init=10, random_state=0).fit(places.vectors).labels_)["ARI"] == 1
    assert own[0] != own[50] and own[100] == own[150]  # the 14 is one row only
    once = cluster(places, "agglomerative", 3, metric="euclidean")
    assert once[0] == once[50] and once[100] != once[150]  # each place counts once


def test_metrics_differ_where_lengths_do():
    """Two directions, two lengths."""
    rng = np.random.default_rng(0)
    direction, length = np.repeat([0, 1], 40), np.tile([1.0, 30.0], 40)
    vectors = (np.eye(2)[direction] * 0.1 + [1, 1] + rng.normal(0, 0.005, (80, 2))) * length[:, None]
    for metric, truth in (("cosine", direction), ("euclidean", length)):
        assert cluster_agreement(cluster(embedding_of(vectors), n_clusters=2, metric=metric), truth)["ARI"] == 1


def test_the_merge_tree_is_the_one_that_agglomerative_cuts():
    twin = planted_groups(80, 4, spread=0.5)
    tree = merge_tree(twin)
    assert tree.shape == (79, 4)
    assert cluster_agreement(fcluster(tree, 4, "maxclust"), cluster(twin, "agglomerative", 4))["ARI"] == 1


def test_a_method_that_cannot_be_used_is_named_with_the_reason(monkeypatch):
    monkeypatch.setitem(METHOD_ROWS, "agglomerative", 50)
    monkeypatch.setitem(METHOD_ROWS, "hdbscan", 90)
    twin = planted_groups(60)
    usable = usable_methods(twin)
    assert usable["usable"].to_dict() == {"kmeans": True, "agglomerative": False, "hdbscan": True}
    reason = "60 distinct rows, at most 50: its memory grows with their square. Use kmeans or hdbscan, or a sample."
    assert usable["why"]["agglomerative"] == reason
    with pytest.raises(ValueError, match=f"agglomerative cannot be used on {reason}"):
        cluster(twin, "agglomerative", 3)
    with pytest.raises(ValueError, match="The tree of 60 rows: expected 2 to 50, or a sample"):
        merge_tree(twin)
    assert usable_methods(planted_groups(100))["why"]["hdbscan"].startswith("100 distinct rows, at most 90: its time")
    assert usable_methods(embedding_of(np.repeat(twin.vectors[:40], 5, axis=0)))["usable"].all()  # 40 are distinct


def test_40_000_rows_are_too_many_for_agglomerative_and_k_means_finds_their_groups():
    twin = planted_groups(40_000, 5, 8)
    assert usable_methods(twin)["usable"].to_dict() == {"kmeans": True, "agglomerative": False, "hdbscan": True}
    assert cluster_agreement(cluster(twin, n_clusters=5, n_init=1), twin.metadata["group"])["ARI"] > 0.95


@pytest.mark.parametrize("method", METHODS)
def test_all_alike_and_too_few_distinct_rows_are_refused(method):
    with pytest.raises(ValueError, match="All 30 vectors are alike: nothing can be parted"):
        found(embedding_of(np.ones((30, 3))), method, 2)
    if method != "hdbscan":
        few = embedding_of(np.repeat(np.eye(3), 10, axis=0))
        with pytest.raises(ValueError, match="4 clusters of 30 rows, 3 of them distinct: expected at most 3"):
            cluster(few, method, 4)
        assert np.bincount(cluster(few, method, 3)).tolist() == [10, 10, 10]


def test_hdbscan_finds_nothing_in_a_handful_of_rows():
    assert (cluster(noise(3, 2), "hdbscan") == -1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "k-means"}, r"'k-means', expected one of: kmeans, agglomerative, hdbscan. Did you mean 'kmeans'\?"),
        ({"method": "kmeans"}, "n_clusters is None, expected a whole number of at least 2"),
        ({"n_clusters": 1}, "n_clusters is 1, expected a whole number of at least 2"),
        ({"method": "hdbscan", "n_clusters": 4}, "n_clusters is 4, but hdbscan finds the number itself"),
        ({"n_clusters": 4, "metric": "cosin"}, "Unknown metric 'cosin', expected one of: cosine, euclidean"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        cluster(planted_groups(50), **arguments)


def test_multiples_of_a_vector_are_alike_by_cosine():
    vectors = np.random.default_rng(0).uniform(0.1, 9, (24, 1)) * [1.0, 0.3, -0.7]
    with pytest.raises(ValueError, match="All 24 vectors are alike"):
        cluster(Embedding(vectors, [str(i) for i in range(24)]), n_clusters=2)
    assert len({*cluster(Embedding(vectors, [str(i) for i in range(24)]), n_clusters=2, metric="euclidean")}) == 2
    with pytest.raises(ValueError, match="1 vector, expected at least two"):
        cluster(Embedding(vectors[:1], ["a"]), "hdbscan")
