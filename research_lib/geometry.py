"""Is it an embedding? How much of the distances between things the vectors, or a map, keep."""

import numpy as np

from research_lib.embedding import Embedding


def trustworthiness(embedding: Embedding, places: Embedding, k: int = 15, metric: str = "cosine") -> float:
    """How far neighbours on a map are neighbours in the space that it shows.

    Every point among the `k` nearest on the map that is not among the `k` nearest in the space counts, by how many
    ranks it is beyond. Points as far as each other share the middle of their ranks.

    Parameters
    ----------
    embedding : Embedding
        The space, n vectors.
    places : Embedding
        The map of the same names in the same order.
    k : int
        Neighbours a point, less than n / 2.
    metric : {"cosine", "euclidean", "jaccard"}
        Of the space; the map is Euclidean.

    Returns
    -------
    float
        1 if all neighbours are true; about 0.5 for a random map.

    References
    ----------
    J. Venna and S. Kaski, "Neighborhood Preservation in Nonlinear Projection Methods", ICANN 2001.
    """
    n = len(embedding)
    if list(embedding.names) != list(places.names):
        raise ValueError("The map and the space have other names, or in another order.")
    if not 0 < k < n / 2:
        raise ValueError(f"k is {k}, expected 1 to less than half of the {n} points.")
    nearest = places.neighbours(k, "euclidean")
    beyond = 0.0
    for start, block in embedding.similarity_blocks(embedding.vectors, metric):
        rows = np.arange(len(block))
        block[rows, start + rows] = -np.inf
        for column in nearest[start : start + len(block)].T:
            similarity = block[rows, column][:, None]
            rank = (block > similarity).sum(axis=1) + ((block == similarity).sum(axis=1) + 1) / 2
            beyond += np.maximum(rank - k, 0).sum()
    return float(1 - 2 / (n * k * (2 * n - 3 * k - 1)) * beyond)


def canonical_correlations(one: Embedding, other: Embedding) -> np.ndarray:
    """How far two embeddings of the same names are linear functions of each other.

    Parameters
    ----------
    one, other : Embedding
        With the same names in the same order; the vectors may differ in length.

    Returns
    -------
    ndarray, shape (min(n_dims),)
        Correlations of the best pairs of directions, the best first (Hotelling, 1936): all 1 when one is an invertible
        linear image of the other. Vectors that have nothing to do with each other get up to
        ``sqrt((one.n_dims + other.n_dims) / n)``, so there should be many more names than dimensions.

    Raises
    ------
    ValueError
        If the names differ, or there are not more of them than dimensions.
    """
    if list(one.names) != list(other.names):
        raise ValueError("The embeddings have different names, expected the same in the same order.")
    if len(one) <= one.n_dims + other.n_dims:
        raise ValueError(f"{len(one)} names for {one.n_dims} + {other.n_dims} dimensions, expected more names.")
    bases = []
    for embedding in (one, other):
        centred = embedding.vectors.astype(np.float64) - embedding.vectors.mean(axis=0, dtype=np.float64)
        left, strength, _ = np.linalg.svd(centred, full_matrices=False)
        bases.append(left[:, strength > 1e-6 * strength[0]])
    return np.clip(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False), 0, 1)
