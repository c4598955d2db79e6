"""Clusters: groups of rows that are alike, by three methods."""

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans

from research_lib.checks import check_choice, check_integers
from research_lib.containers.embedding import Embedding

METRICS = ("cosine", "euclidean")  # those that k-means and Ward can average in
# The most distinct rows that each method can take. Ward's tree of 15,000 rows needs 2 GB and 20 seconds, that of 40,000
# would need 13 GB. HDBSCAN needs little memory, but time by the square: 9 seconds for 10,000 rows, minutes for 40,000.
METHOD_ROWS = {"kmeans": np.inf, "agglomerative": 15_000, "hdbscan": 40_000}
ALIKE = 1e-6  # multiples of one vector differ by so much in float32 once they are scaled to length one


def cluster(
    embedding: Embedding,
    method: str = "kmeans",
    n_clusters: int | None = None,
    *,
    metric: str = "cosine",
    random_state: int = 0,
    **options: object,
) -> np.ndarray:
    """Part the rows into clusters.

    Rows that are exactly alike always share a cluster. k-means weighs each distinct row by how often it occurs, which
    is the same as clustering all rows; the other two methods see each distinct row once.

    Parameters
    ----------
    embedding : Embedding
        The vectors.
    method : {"kmeans", "agglomerative", "hdbscan"}
        Agglomerative merges by Ward's criterion. HDBSCAN finds the number of clusters itself and leaves rows out.
    n_clusters : int
        How many, at least 2; not for HDBSCAN.
    metric : {"cosine", "euclidean"}
        Cosine scales the vectors to length one first, Euclidean takes them as they are.
    random_state : int
        Seed of k-means; the other methods need none.
    **options
        For scikit-learn's `KMeans` (``n_init``, default 10), `AgglomerativeClustering` or `HDBSCAN`
        (``min_cluster_size``, ``min_samples``). HDBSCAN compares its clusters with one cluster of all rows, and if that
        is more persistent, finds none; ``allow_single_cluster=False`` skips the comparison and gives the dense spots of
        any cloud.

    Returns
    -------
    ndarray of int, shape (n,)
        0 is the largest cluster, -1 means in no cluster (HDBSCAN only).

    Raises
    ------
    ValueError
        If the method or metric is unknown, there are too few or too many distinct rows, or all are alike.

    References
    ----------
    R. Campello et al., "Hierarchical Density Estimates for Data Clustering, Visualization, and Outlier Detection",
    TKDD 2015.
    """
    _check_method(method, n_clusters)
    rows = vectors_by(embedding, metric)
    if len(rows) < 2:
        raise ValueError(f"{len(rows)} vector, expected at least two: nothing can be parted.")
    distinct, which, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    if np.ptp(rows, axis=0).max() <= ALIKE * np.abs(rows).max():
        raise ValueError(f"All {len(rows):,} vectors are alike: nothing can be parted.")
    if n_clusters is not None and n_clusters > len(distinct):
        raise ValueError(
            f"{n_clusters} clusters of {len(rows):,} rows, {len(distinct):,} of them distinct: "
            f"expected at most {len(distinct):,} clusters."
        )
    if reason := _too_large(len(distinct), method):
        raise ValueError(f"{method} cannot be used on {reason}")
    if method == "kmeans":
        model = KMeans(n_clusters, random_state=random_state, **{"n_init": 10} | options)
        labels = model.fit(distinct, sample_weight=counts).labels_
    elif method == "agglomerative":
        labels = AgglomerativeClustering(n_clusters, **options).fit(distinct).labels_
    else:
        labels = _hdbscan(distinct, options)
    return _largest_first(labels[which])


def merge_tree(embedding: Embedding, metric: str = "cosine") -> np.ndarray:
    """Ward's tree of all rows, shape (n - 1, 4), as `scipy.cluster.hierarchy.dendrogram` draws it.

    If no rows are alike, it is the tree that the agglomerative method cuts.
    """
    rows = vectors_by(embedding, metric)
    if not 2 <= len(rows) <= METHOD_ROWS["agglomerative"]:
        raise ValueError(
            f"The tree of {len(rows):,} rows: expected 2 to {METHOD_ROWS['agglomerative']:,}, or a sample."
        )
    return linkage(rows, "ward")


def usable_methods(embedding: Embedding, metric: str = "cosine") -> pd.DataFrame:
    """Which methods can take so many distinct rows.

    Returns
    -------
    DataFrame
        A row a method; columns ``usable`` and ``why`` (what to use instead, or empty).
    """
    n_distinct = len(np.unique(vectors_by(embedding, metric), axis=0))
    why = pd.Series({method: _too_large(n_distinct, method) for method in METHOD_ROWS}, name="why")
    return pd.DataFrame({"usable": why == "", "why": why}).rename_axis("method")


def vectors_by(embedding: Embedding, metric: str) -> np.ndarray:
    """Vectors whose Euclidean distance is what the metric compares, shape (n, n_dims): of length one for cosine."""
    check_choice("metric", metric, METRICS)
    return embedding.unit_vectors() if metric == "cosine" else embedding.vectors


def _check_method(method: str, n_clusters: int | None) -> None:
    check_choice("method", method, METHOD_ROWS)
    if method != "hdbscan":
        check_integers(2, n_clusters=n_clusters)
    elif n_clusters is not None:
        raise ValueError(f"n_clusters is {n_clusters}, but hdbscan finds the number itself: leave it out.")


def _too_large(n_distinct: int, method: str) -> str:
    """Why a method cannot be used on so many distinct rows; empty if it can."""
    most = METHOD_ROWS[method]
    if n_distinct <= most:
        return ""
    cost = "memory" if method == "agglomerative" else "time"
    other = "kmeans or hdbscan" if n_distinct <= METHOD_ROWS["hdbscan"] else "kmeans"
    return (
        f"{n_distinct:,} distinct rows, at most {most:,}: its {cost} grows with their square. Use {other}, or a sample."
    )


def _largest_first(labels: np.ndarray) -> np.ndarray:
    """The labels renumbered by descending size, of equal ones the first to appear; -1 stays."""
    numbers, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    rank = np.full(len(numbers) + 1, -1)  # the last is for -1
    rank[numbers[np.lexsort([first, -sizes])]] = np.arange(len(numbers))
    return rank[labels]


def _hdbscan(distinct: np.ndarray, options: dict[str, object]) -> np.ndarray:
    n = len(distinct)
    # Chosen on 364 clouds of noise, 300 to 5,000 rows in 2 to 32 dimensions: none had 5 % of its rows in clusters.
    usual = {
        "min_cluster_size": max(5, round(n**0.5 / 2)),
        "min_samples": min(n, max(5, round(1.5 * np.log(n)))),
        "allow_single_cluster": True,
        "algorithm": "kd_tree",  # memory grows with the rows, not with their square
        "copy": True,
    }
    labels = HDBSCAN(**usual | options).fit(distinct).labels_
    if labels.max() == 0 and "allow_single_cluster" not in options:
        labels[:] = -1  # one cluster of everything
    return labels
