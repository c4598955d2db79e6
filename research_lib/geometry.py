"""Is it an embedding? How much of the distances between things the vectors, or a map, keep."""

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


def canonical_correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far two sets of vectors of the same things are linear functions of each other.

    Parameters
    ----------
    one, other : ndarray, shape (n, n_dims) and (n, n_other_dims)
        A row a thing, in the same order.

    Returns
    -------
    ndarray, shape (min(n_dims, n_other_dims),)
        Correlations of the best pairs of directions, the best first (Hotelling, 1936): all 1 when one is an invertible
        linear image of the other. Vectors that have nothing to do with each other get up to about
        ``sqrt((n_dims + n_other_dims) / n)``, so there should be many more things than dimensions.

    Raises
    ------
    ValueError
        If there are not as many rows in both, or not more of them than dimensions.
    """
    if len(one) != len(other) or len(one) <= one.shape[1] + other.shape[1]:
        raise ValueError(f"Shapes {one.shape} and {other.shape}: expected as many rows, and more than dimensions.")
    bases = []
    for vectors in (one, other):
        centred = vectors - vectors.mean(axis=0, dtype=np.float64)
        left, strength, _ = np.linalg.svd(centred, full_matrices=False)
        bases.append(left[:, strength > 1e-6 * strength[0]])
    return np.clip(np.linalg.svd(bases[0].T @ bases[1], compute_uv=False), 0, 1)


def property_r2(embedding: Embedding, random_state: int = 0) -> pd.DataFrame:
    """How well known properties can be read off vectors that were not told of them, by ridge regression.

    Parameters
    ----------
    embedding : Embedding
        Its numeric metadata are the properties; names where one is missing are left out of it.
    random_state : int
        Seed of the five folds and of the shuffling.

    Returns
    -------
    DataFrame
        A row a property: ``R²`` on the held-out folds, and that of the same values ``shuffled``, which is about 0 or
        less. Properties of fewer than ten names, or of one value, are left out.
    """
    folds = KFold(5, shuffle=True, random_state=random_state)
    reader = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 7)))
    found = {}
    for name, values in embedding.metadata.select_dtypes("number").items():
        known = np.flatnonzero(values.notna())
        truth = values.to_numpy(dtype=np.float64)[known]
        if len(known) < 10 or np.ptp(truth) == 0:
            continue
        shuffled = np.random.default_rng(random_state).permutation(truth)
        found[name] = {
            column: r2_score(target, cross_val_predict(reader, embedding.vectors[known], target, cv=folds))
            for column, target in (("R²", truth), ("shuffled", shuffled))
        }
    return pd.DataFrame.from_dict(found, orient="index", columns=["R²", "shuffled"])
