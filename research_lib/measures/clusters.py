"""How many clusters are there, and how sure is that? Silhouettes, gap and stability, beside those of noise."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from research_lib.checks import check_integers
from research_lib.containers.embedding import Embedding
from research_lib.views.clustering import cluster, vectors_by

SCORES = [
    *("silhouette", "silhouette_sd", "silhouette_noise", "wins", "gap", "gap_se", "inertia"),
    *("stability", "stability_sd", "stability_noise"),
]
# The silhouettes of 60 clouds without clusters, in 2 to 32 dimensions, were at most 0.043 above those of their noise.
BETTER_THAN_NOISE = 0.05
DRAW_ROWS = 2_000  # a draw is half of the rows, but no more: silhouettes and refits stay small for any table
# OpenMP and BLAS work in one thread: draws are small, and on a busy machine two threads wait for each other.
without_native_threads = threadpool_limits.wrap(limits=1)


class NClusters(NamedTuple):
    """A number of clusters and its range: see `best_n_clusters`."""

    best: int
    low: int
    high: int


@without_native_threads
def stability(
    embedding: Embedding,
    method: str = "kmeans",
    n_clusters: int | None = None,
    n_draws: int = 20,
    *,
    metric: str = "cosine",
    random_state: int = 0,
    **options: object,
) -> np.ndarray:
    """Whether two halves of the rows give the same clusters: adjusted Rand index of each draw, shape (n_draws,).

    A draw clusters two random halves (at most `DRAW_ROWS` rows each) and compares the clusters of the rows that are in
    both; a row in no cluster counts as a cluster of its own. 1 means the same clusters, 0 what chance gives; a draw
    that finds no cluster scores 0. What is low depends on the shape of the cloud: k-means cuts even noise in much the
    same way when it has two or three dimensions, so compare with the stability of `noise_like`.

    Parameters
    ----------
    embedding, method, n_clusters, metric, options
        As for `cluster`.
    n_draws : int
        At least 2.
    random_state : int
        Seed of the draws.

    References
    ----------
    A. Ben-Hur, A. Elisseeff and I. Guyon, "A Stability Based Method for Discovering Structure in Clustered Data",
    PSB 2002.
    """
    check_integers(2, n_draws=n_draws)
    rng = np.random.default_rng(random_state)
    how = {"method": method, "n_clusters": n_clusters, "metric": metric, **options}
    draws = (_halves(embedding, rng) for _ in range(n_draws))
    return np.array([_score(half, random_state=i, **how)[1] for i, half in enumerate(draws)])


@without_native_threads
def n_clusters_scores(
    embedding: Embedding,
    candidates: Iterable[int],
    n_draws: int = 10,
    *,
    metric: str = "cosine",
    random_state: int = 0,
) -> pd.DataFrame:
    """Scores of k-means for several numbers of clusters, from which `best_n_clusters` chooses.

    Every draw takes two halves of the rows as `stability` does, and two halves of a noise cloud of the same extent,
    made by `noise_like`. It holds `DRAW_ROWS` × `DRAW_ROWS` distances at most, whatever the number of rows.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    candidates : iterable of int
        Numbers of clusters, each at least 2.
    n_draws : int
        At least 2.
    metric : {"cosine", "euclidean"}
        As for `cluster`.
    random_state : int
        The same seed gives the same scores.

    Returns
    -------
    DataFrame
        Index ``n_clusters``, ascending, columns

        - ``silhouette``, ``silhouette_sd``: mean and standard deviation over the draws. A draw is half of the rows, so
          its standard deviation is about the standard error of all rows (more above ``2 * DRAW_ROWS`` rows);
        - ``silhouette_noise``: the same for the noise cloud;
        - ``wins``: share of the draws in which this number has the best silhouette;
        - ``gap``, ``gap_se``: how far the logarithm of the inertia is below that of noise, and its standard error
          ``sd * sqrt(1 + 1 / n_draws)``;
        - ``inertia``: mean squared distance of a row to its centre;
        - ``stability``, ``stability_sd``, ``stability_noise``: adjusted Rand index between halves, its standard
          deviation over the draws, and the same for the noise cloud.

    References
    ----------
    P. Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 1987.
    R. Tibshirani, G. Walther and T. Hastie, "Estimating the Number of Clusters in a Data Set via the Gap Statistic",
    JRSS B 2001.
    """
    candidates = sorted(set(candidates))
    if not candidates:
        raise ValueError("candidates are empty, expected at least one number of clusters.")
    check_integers(2, n_draws=n_draws)
    rng = np.random.default_rng(random_state)
    n_noise = min(len(embedding), 2 * DRAW_ROWS)
    draws = []
    for draw in range(n_draws):
        clouds = {"": embedding, "_noise": noise_like(embedding, n_noise, metric=metric, random_state=rng)}
        for suffix, cloud in clouds.items():
            halves = _halves(cloud, rng)
            rows = vectors_by(halves[0], metric)
            _check_distinct(rows, candidates[-1], len(embedding))
            for n_clusters in candidates:
                labels, stable = _score(halves, n_clusters=n_clusters, metric=metric, random_state=draw, n_init=3)
                scores = {"silhouette": silhouette_score(rows, labels), "inertia": _inertia(rows, labels)}
                draws.append({"draw": draw, "n_clusters": n_clusters, "cloud": suffix, "stability": stable} | scores)
    return _summary(pd.DataFrame(draws))


def _summary(draws: pd.DataFrame) -> pd.DataFrame:
    """The columns of `n_clusters_scores`, from a row for each draw, number and cloud."""
    draws = draws.pivot(index=["n_clusters", "draw"], columns="cloud")
    draws.columns = [f"{score}{suffix}" for score, suffix in draws.columns]
    draws["gap"] = np.log(draws["inertia_noise"] / draws["inertia"])
    found, sd = draws.groupby("n_clusters").mean(), draws.groupby("n_clusters").std()
    silhouettes = draws["silhouette"].unstack("draw")
    found["silhouette_sd"], found["stability_sd"] = sd["silhouette"], sd["stability"]
    found["wins"] = silhouettes.idxmax().value_counts(normalize=True).reindex(found.index, fill_value=0.0)
    found["gap_se"] = sd["gap"] * (1 + 1 / silhouettes.shape[1]) ** 0.5
    return found[SCORES]


def best_n_clusters(scores: pd.DataFrame) -> NClusters:
    """The number of clusters with the best mean silhouette, if it beats that of noise.

    It has to exceed the mean silhouette of the noise cloud by more than `BETTER_THAN_NOISE`; otherwise there are no
    clusters, and the number is 1.

    Parameters
    ----------
    scores : DataFrame
        From `n_clusters_scores`.

    Returns
    -------
    NClusters
        ``best``, and ``low`` and ``high``: the fewest and the most clusters that had the best silhouette in any draw.
        If ``high`` is the last candidate, there may be more. This rule does not take a heavy tail or a lopsided cloud
        for noise: it can find two clusters there.
    """
    best = scores["silhouette"].idxmax()
    if scores["silhouette"][best] - scores["silhouette_noise"][best] <= BETTER_THAN_NOISE:
        return NClusters(1, 1, 1)
    winners = scores.index[scores["wins"] > 0]
    return NClusters(int(best), int(min(best, winners.min())), int(max(best, winners.max())))


def noise_like(
    embedding: Embedding,
    n: int | None = None,
    *,
    metric: str = "cosine",
    random_state: int | np.random.Generator | None = 0,
) -> Embedding:
    """A cloud without clusters that has the extent of the embedding: the null of every score of clusters.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    n : int, optional
        How many vectors of noise; by default as many as the embedding has.
    metric : {"cosine", "euclidean"}
        As for `cluster`.
    random_state : int, Generator or None
        The same seed gives the same noise.

    Returns
    -------
    Embedding
        Uniform in the box around the vectors that is aligned with their principal axes; by cosine, the vectors and the
        noise are scaled to length one.
    """
    rows = vectors_by(embedding, metric).astype(np.float64)
    mean = rows.mean(axis=0)
    axes = np.linalg.svd(rows - mean, full_matrices=False)[2]
    places = (rows - mean) @ axes.T
    n = len(rows) if n is None else n
    cloud = mean + np.random.default_rng(random_state).uniform(places.min(0), places.max(0), (n, len(axes))) @ axes
    noise = Embedding(cloud, np.array([f"noise {i}" for i in range(n)]))
    return Embedding(vectors_by(noise, metric), noise.names)


def _check_distinct(half: np.ndarray, n_clusters: int, n_rows: int) -> None:
    """`ValueError` unless there are fewer clusters than distinct rows: otherwise nothing is left to score."""
    n_distinct = len(np.unique(half, axis=0))
    if n_distinct == 1:
        raise ValueError(f"All {len(half):,} vectors of a draw of the {n_rows:,} are alike: nothing can be parted.")
    if n_clusters >= n_distinct:
        raise ValueError(
            f"{n_clusters} clusters, but a draw of {len(half):,} of the {n_rows:,} rows has {n_distinct:,} distinct "
            "ones: expected fewer clusters."
        )


def _halves(embedding: Embedding, rng: np.random.Generator) -> tuple[Embedding, Embedding]:
    """Two random halves of the rows; the second half of one is the first half of the other."""
    m = min(len(embedding) // 2, DRAW_ROWS)
    order = rng.permutation(len(embedding))
    return embedding.subset(order[:m]), embedding.subset(order[m // 2 : m // 2 + m])


def _score(halves: tuple[Embedding, Embedding], **how: Any) -> tuple[np.ndarray, float]:
    """Clusters of the first half, and their agreement with those of the second on the distinct rows in both."""
    labels, others = (cluster(half, **how) for half in halves)
    start, n_shared = len(labels) // 2, len(labels) - len(labels) // 2
    _, shared = np.unique(halves[1].vectors[:n_shared], axis=0, return_index=True)
    a, b = labels[start + shared], others[shared]
    if max(a) < 0 or max(b) < 0:
        return labels, 0.0  # nothing was found, so nothing was found again
    alone = np.arange(len(a)) + len(labels)  # a row in no cluster is a cluster of its own
    return labels, adjusted_rand_score(np.where(a < 0, alone, a), np.where(b < 0, alone, b))


def _inertia(rows: np.ndarray, labels: np.ndarray) -> float:
    """Mean squared distance of a row to the mean of its cluster."""
    centres = np.stack([rows[labels == number].mean(axis=0) for number in range(labels.max() + 1)])
    return float(((rows - centres[labels]) ** 2).sum(axis=1).mean())


def cluster_agreement(labels_a: Sequence, labels_b: Sequence) -> dict[str, float]:
    """Whether two ways of grouping the same rows agree.

    Parameters
    ----------
    labels_a, labels_b : sequence, shape (n,)
        Clusters, or any labels (genres, purposes). Rows that have none in either (None, NaN, or the -1 of "in no
        cluster") are left out of the comparison.

    Returns
    -------
    dict
        ``ARI`` and ``AMI``, the adjusted Rand index and mutual information: 1 means the same grouping, 0 what chance
        gives, NaN that no row has both labels. ``n_compared`` and ``n_left_out`` count rows.
    """
    a, b, _ = _both(labels_a, labels_b)
    scores = {"ARI": adjusted_rand_score, "AMI": adjusted_mutual_info_score}
    found = {name: float(score(a, b)) if len(a) else np.nan for name, score in scores.items()}
    return found | {"n_compared": len(a), "n_left_out": len(labels_a) - len(a)}


def contingency(labels_a: Sequence, labels_b: Sequence) -> pd.DataFrame:
    """Counts of the rows by two groupings, with matching groups on the diagonal.

    Parameters
    ----------
    labels_a, labels_b : sequence, shape (n,)
        As for `cluster_agreement`.

    Returns
    -------
    DataFrame
        Row a, column b: how many rows have both. Each row is matched with one column so that the matched counts have
        the largest sum (Hungarian method); rows or columns without a partner come last. ``attrs["n_left_out"]`` is the
        number of rows left out.
    """
    a, b, names = _both(labels_a, labels_b)
    if not len(a):
        raise ValueError(f"None of the {len(labels_a):,} rows has both labels: there is nothing to count.")
    counts = np.zeros((len(names[0]), len(names[1])), dtype=int)
    np.add.at(counts, (a, b), 1)
    matched = zip(linear_sum_assignment(counts, maximize=True), counts.shape, strict=True)
    rows, cols = (np.append(order, np.setdiff1d(range(size), order)) for order, size in matched)
    found = pd.DataFrame(counts, *names).iloc[rows, cols]
    found.attrs["n_left_out"] = len(labels_a) - len(a)
    return found


def _both(labels_a: Sequence, labels_b: Sequence) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Of the rows that have both labels, the numbers of each; and the labels that the numbers stand for."""
    if len(labels_a) != len(labels_b):
        raise ValueError(f"{len(labels_a):,} labels and {len(labels_b):,}, expected one a row in both.")
    a, b = (pd.Series(list(labels), dtype=object) for labels in (labels_a, labels_b))
    has_both = ~(a.isna() | b.isna() | (a == -1) | (b == -1))
    (a, names_a), (b, names_b) = (pd.factorize(side[has_both].to_numpy(), sort=True) for side in (a, b))
    return a, b, [names_a, names_b]
