import numpy as np
import pandas as pd
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.datasets.synthetic.groups import noise, planted_groups
from research_lib.datasets.synthetic.topics import planted_topics, shuffled_pairs
from research_lib.measures import clusters as cluster_scores
from research_lib.measures.clusters import best_n_clusters, n_clusters_scores, noise_like, stability
from research_lib.models.baselines.recommenders import PairSVD
from research_lib.views.clustering import METHOD_ROWS, cluster


@pytest.fixture(scope="module")
def scores():
    return n_clusters_scores(planted_groups(200, 4), [6, 2, 3, 4, 5], n_draws=3)


@pytest.mark.parametrize("n_groups", [3, 6, 12])
@pytest.mark.parametrize("zipf", [0, 1])
def test_the_planted_number_is_found_within_one(n_groups, zipf):
    candidates = range(max(2, n_groups - 2), n_groups + 3)
    for seed in range(1, 3):
        twin = planted_groups(240, n_groups, n_dims=10, zipf=zipf, random_state=seed)
        chosen = best_n_clusters(n_clusters_scores(twin, candidates, n_draws=3, random_state=seed))
        assert abs(chosen.best - n_groups) <= 1
        assert chosen.low <= n_groups <= chosen.high


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("shape", ["gaussian", "uniform"])
@pytest.mark.parametrize("n_dims", [2, 5, 32])
def test_noise_has_one_cluster(n_dims, shape, metric):
    table = n_clusters_scores(noise(300, n_dims, shape), [2, 4, 6, 9], n_draws=3, metric=metric)
    assert best_n_clusters(table) == (1, 1, 1)


def test_scores_of_the_planted_number_stand_out(scores):
    assert scores.index.tolist() == [2, 3, 4, 5, 6]
    assert scores.index.name == "n_clusters"
    assert (scores["silhouette"].idxmax(), scores["stability"].idxmax(), scores["gap"].diff().idxmax()) == (4, 4, 4)
    assert scores["wins"].tolist() == [0, 0, 1, 0, 0]
    assert scores["inertia"].is_monotonic_decreasing
    assert scores["stability"][4] > 0.95 > scores["stability_noise"].max()
    assert (scores[["silhouette_sd", "gap_se"]] > 0).all(axis=None)


def test_the_interval_spans_the_winners_of_the_draws():
    table = pd.DataFrame({"silhouette": [0.5, 0.52, 0.51, 0.2], "wins": [0.2, 0.4, 0.4, 0]}, index=[3, 4, 5, 6])
    assert best_n_clusters(table.assign(silhouette_noise=0.1)) == (4, 3, 5)
    assert best_n_clusters(table.assign(silhouette_noise=0.48)) == (1, 1, 1)


def test_scores_are_those_of_a_loop(monkeypatch):
    """Silhouette, inertia and gap of one draw, from the labels alone."""
    places = Embedding(np.random.default_rng(0).normal(size=(12, 2)), range(12))
    table = n_clusters_scores(places, [2, 3], n_draws=2, metric="euclidean")
    rng, by_loop = np.random.default_rng(0), []
    for draw in range(2):
        cloud = noise_like(places, metric="euclidean", random_state=rng)
        for kind, rows in (("real", places.vectors), ("noise", cloud.vectors)):
            half = rows[rng.permutation(12)[:6]].astype(float)
            for k in (2, 3):
                labels = cluster(
                    Embedding(half, range(6)), "kmeans", k, metric="euclidean", random_state=draw, n_init=3
                )
                by_loop.append((kind, k, inertia_by_loop(half, labels), silhouette_by_loop(half, labels)))
    for k in (2, 3):
        real, null = ([s[2:] for s in by_loop if s[:2] == (kind, k)] for kind in ("real", "noise"))
        gaps = [np.log(w0) - np.log(w1) for (w0, _), (w1, _) in zip(null, real, strict=True)]
        expected = {
            "inertia": np.mean([w for w, _ in real]),
            "gap": np.mean(gaps),
            "gap_se": np.std(gaps, ddof=1) * (1 + 1 / 2) ** 0.5,
            "silhouette": np.mean([s for _, s in real]),
            "silhouette_sd": np.std([s for _, s in real], ddof=1),
            "silhouette_noise": np.mean([s for _, s in null]),
        }
        assert table.loc[k, list(expected)].to_dict() == pytest.approx(expected, rel=1e-5)


def inertia_by_loop(rows, labels):
    """Tibshirani's W: squared distances between all members of a cluster, over twice its size; a row's share."""
    total = 0
    for number in set(labels):
        members = rows[labels == number]
        total += sum(((a - b) ** 2).sum() for a in members for b in members) / (2 * len(members))
    return total / len(rows)


def silhouette_by_loop(rows, labels):
    widths = []
    for i, row in enumerate(rows):
        distance = np.linalg.norm(rows - row, axis=1)
        own = (labels == labels[i]) & (np.arange(len(rows)) != i)
        if not own.any():
            widths.append(0)
            continue
        a, b = distance[own].mean(), min(distance[labels == other].mean() for other in set(labels) - {labels[i]})
        widths.append((b - a) / max(a, b))
    return np.mean(widths)


def test_memory_is_bounded_by_the_rows_of_a_draw(monkeypatch):
    monkeypatch.setattr(cluster_scores, "DRAW_ROWS", 50)
    sizes = []
    monkeypatch.setattr(
        cluster_scores, "cluster", lambda part, *a, **o: sizes.append(len(part)) or cluster(part, *a, **o)
    )
    n_clusters_scores(planted_groups(5000, 3), [3], n_draws=2)
    stability(planted_groups(5000, 3), "kmeans", 3, n_draws=2)
    assert set(sizes) == {50}


@pytest.mark.parametrize("method", list(METHOD_ROWS))
def test_planted_groups_are_stable_and_noise_is_not(method):
    n_clusters = None if method == "hdbscan" else 6
    twin = planted_groups()
    assert stability(twin, method, n_clusters, 6).min() > 0.9
    for cloud in (noise(), noise(1000, 5), noise(300, 32, "uniform")):
        assert stability(cloud, method, n_clusters, 6).mean() < 0.5
    assert stability(noise_like(twin), method, n_clusters, 6).mean() < 0.65  # as flat as the groups: of five dimensions


def test_shuffled_vectors_have_no_stable_clusters():
    twin = planted_groups()
    rng = np.random.default_rng(0)
    shuffled = Embedding(np.column_stack([rng.permutation(column) for column in twin.vectors.T]), twin.names)
    assert stability(shuffled, "kmeans", 6, 6).mean() < 0.5 < 0.9 < stability(twin, "kmeans", 6, 6).mean()


def test_stability_compares_the_rows_that_both_halves_have(monkeypatch):
    """Clusters that follow the names give 1; labels drawn at random give 0; nothing found gives 0."""
    twin = planted_groups(400, 4)
    rng = np.random.default_rng(0)
    by_name = lambda part, *_, **__: np.array([int(name[4:]) % 3 for name in part.names])  # noqa: E731
    for labels_of, low, high in (
        (by_name, 1, 1),
        (lambda part, *_, **__: rng.integers(0, 3, len(part)), -0.05, 0.05),
        (lambda part, *_, **__: np.full(len(part), -1), 0, 0),
        (lambda part, *_, **__: np.where(rng.random(len(part)) < 0.5, -1, by_name(part)), 0.1, 0.6),
    ):
        monkeypatch.setattr(cluster_scores, "cluster", labels_of)
        assert low <= stability(twin, "kmeans", 3, 10).mean() <= high


def test_equal_rows_count_once_in_the_stability():
    """Nine tenths of the rows are one point: they would agree with themselves whatever becomes of the others."""
    cloud = noise(200, 10).vectors
    heavy = Embedding(np.append(cloud, np.repeat(cloud[:1], 1800, axis=0), axis=0), range(2000))
    assert stability(heavy, "kmeans", 6, 6).mean() < 0.5


def test_noise_has_the_extent_of_the_embedding_and_none_of_its_groups():
    twin = planted_groups(500, 4, 3)
    flat = Embedding(twin.vectors * [1, 5, 0] + [10, 0, 2], twin.names)
    cloud = noise_like(flat, metric="euclidean", random_state=1)
    assert len(cloud) == 500
    np.testing.assert_allclose(cloud.vectors[:, 2], 2, atol=1e-5)  # no noise in a direction that the rows do not have
    spread = np.linalg.svd(flat.vectors - flat.vectors.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(
        np.linalg.svd(cloud.vectors - cloud.vectors.mean(axis=0), compute_uv=False)[:2], spread[:2], rtol=0.5
    )
    assert len(noise_like(flat, 30)) == 30
    np.testing.assert_allclose(np.linalg.norm(noise_like(flat).vectors, axis=1), 1, rtol=1e-5)


def test_the_same_seed_gives_the_same_scores(scores):
    twin = planted_groups(200, 4)
    pd.testing.assert_frame_equal(scores, n_clusters_scores(twin, range(2, 7), n_draws=3))
    assert not scores.equals(n_clusters_scores(twin, range(2, 7), n_draws=3, random_state=1))
    for seed in (0, 5):
        first, again = (stability(noise(), "kmeans", 5, 3, random_state=seed) for _ in range(2))
        np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("candidates", "n_draws", "message"),
    [
        ([], 3, "candidates are empty, expected at least one number of clusters"),
        ([2, 3], 1, "n_draws is 1, expected a whole number of at least 2"),
        ([1, 2], 3, "n_clusters is 1, expected a whole number of at least 2"),
        ([3, 30], 3, "30 clusters, but a draw of 30 of the 60 rows has 30 distinct ones: expected fewer"),
    ],
)
def test_candidates_and_draws_that_score_nothing_are_refused(candidates, n_draws, message):
    with pytest.raises(ValueError, match=message):
        n_clusters_scores(planted_groups(60), candidates, n_draws)


def test_stability_refuses_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="n_draws is 0, expected a whole number of at least 2"):
        stability(planted_groups(60), "kmeans", 3, n_draws=0)
    with pytest.raises(ValueError, match="n_clusters is None"):
        stability(planted_groups(60))
    with pytest.raises(ValueError, match="All 15 vectors of a draw of the 30 are alike"):
        n_clusters_scores(Embedding(np.ones((30, 3)), range(30)), [2], 2)


def test_a_shuffled_table_is_the_harder_null():
    table = planted_topics(n_rows=300, n_cols=60, n_topics=5, main=0.85, second=0.05, generic=0.05)
    real, null = (PairSVD(n_dims=5, random_state=0).fit(each).row_embedding_ for each in (table, shuffled_pairs(table)))
    scores = pd.concat([n_clusters_scores(each, [5], n_draws=4) for each in (real, null)])
    assert scores["silhouette"].iloc[0] > scores["silhouette"].iloc[1] + 0.2
    assert scores["stability"].iloc[0] > 0.9 > 0.8 > scores["stability"].iloc[1]
    assert scores["silhouette"].iloc[1] > scores["silhouette_noise"].iloc[1]  # harder than noise in a box
