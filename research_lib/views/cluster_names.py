"""What each cluster is: the columns that mark it, its medoid, its name."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import xlogy

from research_lib.checks import check_integers, check_labels
from research_lib.containers.embedding import Embedding
from research_lib.containers.interactions import Interactions

EVIDENCE = 15.1  # as rare as 1 in 10,000 for a column picked blindly; a threshold for descriptions, not a test


def describe_clusters(
    labels: Sequence[int] | np.ndarray,
    interactions: Interactions,
    embedding: Embedding | None = None,
    n_purposes: int = 3,
    min_share: float = 0.05,
) -> pd.DataFrame:
    """What each cluster is: a name, its size, its medoid and the columns (purposes, links) that mark it.

    The name lists the over-represented columns that at least half of the cluster has, or else the first one. Where two
    clusters would have the same name, more columns are added, and as a last resort a number.

    Parameters
    ----------
    labels : sequence of int, shape (n_rows,)
        As `cluster` gives them; rows with -1 are in no cluster, but count in the overall shares.
    interactions : Interactions
        The table with the same rows.
    embedding : Embedding, optional
        The vectors of the same rows, for the medoids.
    n_purposes : int
        At most so many columns in a name and in the lists.
    min_share : float
        See `over_represented`.

    Returns
    -------
    DataFrame
        A row a cluster; columns ``cluster``, ``name``, ``size``, ``share`` (of all rows), ``medoid`` (with an
        embedding), the over-represented columns as a list named after the axis (``purposes``, ``links``), and their
        ``lifts``.
    """
    numbers = _cluster_numbers(labels, interactions.n_rows)
    check_integers(1, n_purposes=n_purposes)
    column = interactions.axes[1]
    marks = over_represented(numbers, interactions, min_share).groupby("cluster").head(n_purposes)
    clusters, sizes = np.unique(numbers[numbers >= 0], return_counts=True)
    chosen = [marks[marks["cluster"] == number] for number in clusters]
    found = pd.DataFrame({"cluster": clusters, "name": _names(clusters, chosen, column)})
    found["size"], found["share"] = sizes, sizes / len(numbers)
    if embedding is not None:
        if list(embedding.names) != list(interactions.row_names):
            raise ValueError(
                f"The names of the embedding are not the {interactions.axes[0]} names of the table in the same order."
            )
        found["medoid"] = embedding.names[medoids(embedding, numbers)]
    found[f"{column}s"] = [list(mark[column]) for mark in chosen]
    found["lifts"] = [list(mark["lift"]) for mark in chosen]
    return found


def over_represented(
    labels: Sequence[int] | np.ndarray, interactions: Interactions, min_share: float = 0.05
) -> pd.DataFrame:
    """The columns (purposes, links) that more rows of a cluster have than chance gives.

    Parameters
    ----------
    labels, interactions
        As for `describe_clusters`.
    min_share : float
        Columns that a smaller share of the cluster has, or only one row of it, are left out.

    Returns
    -------
    DataFrame
        Columns ``cluster``, the column's axis (``purpose``), ``count`` and ``share`` of the cluster's rows that have
        it, ``lift`` (that share divided by the share of all rows) and ``evidence``: the log-likelihood ratio of having
        it or not against being inside or outside. By cluster, strongest evidence first: a rare column gets a high lift
        from few rows, but little evidence. Columns below `EVIDENCE` are left out. This is not a test, as clusters are
        often made from the same columns.

    References
    ----------
    T. Dunning, "Accurate Methods for the Statistics of Surprise and Coincidence", Computational Linguistics 1993.
    """
    numbers = _cluster_numbers(labels, interactions.n_rows)
    matrix, n = interactions.to_csr().astype(np.float64), len(numbers)
    rows = np.flatnonzero(numbers >= 0)
    clusters, which, sizes = np.unique(numbers[rows], return_inverse=True, return_counts=True)
    if not len(clusters):
        raise ValueError("All rows are in no cluster (-1): there is nothing to describe.")
    member = sparse.csr_array((np.ones(len(rows)), (which, rows)), shape=(len(clusters), n))
    counts = (member @ matrix).sorted_indices().tocoo()  # sorted, so that the first column wins where evidence is equal
    where, col = counts.coords
    inside, size, total = counts.data, sizes[where], matrix.sum(axis=0)[col]
    share, overall = inside / size, total / n
    found = pd.DataFrame(
        {
            "cluster": clusters[where],
            interactions.axes[1]: interactions.col_names[col],
            "count": inside.astype(int),
            "share": share,
            "lift": share / overall,
            "evidence": _evidence(inside, size, total, n),
        }
    )
    enough = (found["count"] > 1) & (share >= min_share) & (found["lift"] > 1) & (found["evidence"] >= EVIDENCE)
    order = ["cluster", "evidence", "lift"]
    return found[enough].sort_values(order, ascending=[True, False, False], kind="stable", ignore_index=True)


def _evidence(inside: np.ndarray, size: np.ndarray, total: np.ndarray, n: int) -> np.ndarray:  # all (m,) but n
    """Twice the log-likelihood ratio of the 2 × 2 table: has the column or not, is in the cluster or not."""
    table = [inside, size - inside, total - inside, n - size - total + inside]
    sums = [size, n - size, total, n - total]
    return 2 * (sum(xlogy(part, part) for part in table) - sum(xlogy(part, part) for part in sums) + xlogy(n, n))


def _names(clusters: np.ndarray, chosen: list[pd.DataFrame], column: str) -> list[str]:
    """A name a cluster, each once; names of the same columns in another order count as the same."""
    usual = [mark["share"] >= 0.5 for mark in chosen]
    parts = [[*mark[column][own], *mark[column][~own]] for mark, own in zip(chosen, usual, strict=True)]
    lengths = [max(1, own.sum()) for own in usual]
    while True:
        sets = [frozenset(part[:length]) for part, length in zip(parts, lengths, strict=True)]
        longer = [i for i, part in enumerate(parts) if sets.count(sets[i]) > 1 and lengths[i] < len(part)]
        if not longer:
            break
        for i in longer:
            lengths[i] += 1
    names = []
    for i, number in enumerate(clusters):
        name = ", ".join(parts[i][: lengths[i]]) or f"cluster {number}"
        before = sets[:i].count(sets[i]) if parts[i] else 0
        names.append(f"{name} ({before + 1})" if before else name)
    return names


def medoids(embedding: Embedding, labels: Sequence[int] | np.ndarray) -> np.ndarray:
    """The most typical row of every cluster: the one with the highest mean cosine to the rows of its cluster.

    Exact without comparing all pairs: a row's mean cosine is its product with the mean of the unit vectors.

    Returns
    -------
    ndarray of int, shape (n_clusters,)
        Positions, by number of the cluster without -1; the first of equally typical rows.
    """
    numbers = _cluster_numbers(labels, len(embedding))
    unit = embedding.unit_vectors().astype(np.float64)
    found = []
    for number in np.unique(numbers[numbers >= 0]):
        members = np.flatnonzero(numbers == number)
        cosines = unit[members] @ unit[members].mean(axis=0)
        found.append(members[np.argmax(cosines.round(9))])  # equal rows may differ in the last digits
    return np.array(found, dtype=int)


def _cluster_numbers(labels: Sequence[int] | np.ndarray, n_rows: int) -> np.ndarray:
    numbers = np.asarray(labels)
    check_labels(numbers, n_rows, "row")
    if not np.issubdtype(numbers.dtype, np.integer):
        raise ValueError(f"The labels are {numbers.dtype}, expected the numbers of clusters.")
    return numbers
