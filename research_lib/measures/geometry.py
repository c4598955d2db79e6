"""Is it an embedding? How much of the distances between things their vectors, or a map, keep."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import RidgeCV
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from research_lib.containers.embedding import Embedding
from research_lib.containers.space import Space
from research_lib.measures.comparison import Comparison, check_k, check_same_names, ranks_beyond
from research_lib.measures.words import answer_analogies

PERFECT = {  # what an isometry scores
    "collisions": 0,
    "smallest_separation": np.nan,
    "lipschitz": 1,
    "inverse_lipschitz": 1,
    "distortion": 1,
    "spearman": 1,
    "stress": 0,
    "scale": 1,
    "trustworthiness": 1,
    "continuity": 1,
    "knn_overlap": 1,
    "parallelogram_error": 0,
    "answer_rank": 0,
}


def measure_map(
    original: Space | Embedding | np.ndarray,
    vectors: Embedding,
    metric: str = "euclidean",
    *,
    k: int = 15,
    questions: pd.DataFrame | None = None,
    n_null: int = 3,
    **options: int,
) -> pd.DataFrame:
    """Every measure of a map, beside what chance and an isometry score.

    Parameters
    ----------
    original, vectors, metric
        As `Comparison` takes them.
    k : int
        Neighbours a thing.
    questions : DataFrame, optional
        Analogies between the names, as `answer_analogies` takes them.
    n_null : int
        How often to draw the null: the vectors are dealt to other things at random.
    **options
        ``n_pairs``, ``n_rows`` and ``random_state`` of `Comparison`.

    Returns
    -------
    DataFrame
        A row a measure; columns ``value``, ``error`` (standard error of the sampling; 0 if nothing was left out, NaN
        for an extreme), ``null``, ``null_error`` (standard deviation of its draws) and ``perfect``.

        - ``collisions``: different things that share a vector; 0 if f is injective.
        - ``smallest_separation``: the smallest distance between two different vectors.
        - ``lipschitz``, ``inverse_lipschitz``: the largest factor by which f, or its inverse, stretches a distance;
          infinite if f is not injective. With 95 % confidence, the extreme of a sample bounds all pairs but
          ``3 / n_pairs`` of them. ``distortion`` is the product of both.
        - ``spearman``: rank correlation of the distances.
        - ``scale``: the factor by which f stretches distances on the whole; ``stress``: what this leaves over, the root
          of ``sum((found - scale * d)**2) / sum(found**2)``, Kruskal's stress-1.
        - ``trustworthiness``, ``continuity``: whether neighbours on the map are true neighbours, and true ones are
          neighbours on the map. ``knn_overlap``: the share of the `k` nearest that both have in common.
        - ``parallelogram_error``, ``answer_rank``: medians over the questions.

    References
    ----------
    J. B. Kruskal, "Multidimensional Scaling by Optimizing Goodness of Fit to a Nonmetric Hypothesis", Psychometrika
    1964.
    J. Venna and S. Kaski, "Neighborhood Preservation in Nonlinear Projection Methods", ICANN 2001.
    """
    comparison = Comparison(original, vectors, metric, **options)
    found = _measured(comparison, k, questions)
    null = [_measured(comparison.shuffled(draw), k, questions) for draw in range(n_null)]
    values = {name: np.array([one[name][0] for one in null]) for name in found}
    with np.errstate(invalid="ignore"):  # infinite values have no spread
        return pd.DataFrame(
            {
                "value": {name: value for name, (value, _) in found.items()},
                "error": {name: error for name, (_, error) in found.items()},
                "null": {name: value.mean() for name, value in values.items()},
                "null_error": {name: value.std() for name, value in values.items()},
                "perfect": {name: PERFECT[name] for name in found},
            }
        ).rename_axis("measure")


def compare_maps(
    original: Space | Embedding | np.ndarray,
    maps: Mapping[str, Embedding],
    *,
    k: int = 15,
    questions: pd.DataFrame | None = None,
    n_null: int = 3,
    **options: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every measure of several maps of the same things.

    Parameters
    ----------
    original
        As `Comparison` takes it.
    maps : mapping of str to Embedding
        By name; distances between vectors are Euclidean.
    k, questions, n_null, **options
        As `measure_map` takes them.

    Returns
    -------
    values, nulls : DataFrame
        A row a map, a column a measure: what it scores, and what it scores with its vectors dealt to other things.
    """
    tables = {
        name: measure_map(original, vectors, "euclidean", k=k, questions=questions, n_null=n_null, **options)
        for name, vectors in maps.items()
    }
    values, nulls = ({name: table[column] for name, table in tables.items()} for column in ("value", "null"))
    return pd.DataFrame(values).T, pd.DataFrame(nulls).T


def _measured(comparison: Comparison, k: int, questions: pd.DataFrame | None) -> dict[str, tuple[float, float]]:
    n_collisions = len(comparison.collisions())
    unknown = 0.0 if len(comparison.rows) == len(comparison.names) else np.nan
    found = {
        "collisions": (n_collisions, 0.0),
        "smallest_separation": (comparison.smallest_separation(), unknown),
        **comparison.pair_measures(),
        **comparison.neighbour_measures(k),
    }
    if n_collisions:  # whether or not such a pair was drawn
        found |= dict.fromkeys(("inverse_lipschitz", "distortion"), (np.inf, 0.0))
    if questions is not None:
        answered = answer_analogies(comparison.vectors, questions)
        found |= {
            "parallelogram_error": (answered["parallelogram_error"].median(), 0.0),
            "answer_rank": (answered["rank"].median(), 0.0),
        }
    return found


def trustworthiness(embedding: Embedding, places: Embedding, k: int = 15, metric: str = "cosine") -> float:
    """Whether neighbours on a map are neighbours in the space that it shows.

    A point that is among the `k` nearest on the map, but not in the space, counts by how many ranks beyond the `k`
    nearest it is there. Points that are equally far share the middle of their ranks.

    Parameters
    ----------
    embedding : Embedding
        The space, n vectors.
    places : Embedding
        The map: the same names in the same order.
    k : int
        Neighbours a point, less than n / 2.
    metric : {"cosine", "euclidean", "jaccard"}
        How distances in the space are measured; the map is Euclidean.

    Returns
    -------
    float
        1 if all neighbours are true; about 0.5 for a random map.

    References
    ----------
    J. Venna and S. Kaski, "Neighborhood Preservation in Nonlinear Projection Methods", ICANN 2001.
    """
    n = len(embedding)
    check_same_names(embedding.names, places.names)
    check_k(k, n)
    nearest = places.neighbours(k, "euclidean")
    beyond = 0.0
    for start, similarity in embedding.similarity_blocks(embedding.vectors, metric):
        rows = np.arange(len(similarity))
        distance = np.negative(similarity, out=similarity)
        distance[rows, start + rows] = np.inf
        beyond += ranks_beyond(distance, nearest[start + rows]).sum()
    return float(1 - 2 / (n * k * (2 * n - 3 * k - 1)) * beyond)


def canonical_correlations(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Whether two sets of vectors of the same things are linear functions of each other.

    Parameters
    ----------
    one, other : ndarray, shape (n, n_dims) and (n, n_other_dims)
        A row a thing, in the same order.

    Returns
    -------
    ndarray, shape (min(n_dims, n_other_dims),)
        Correlations of the best pairs of directions, best first (Hotelling, 1936): all 1 if one is an invertible linear
        image of the other. Unrelated vectors reach about ``sqrt((n_dims + n_other_dims) / n)``, so there should be many
        more things than dimensions.

    Raises
    ------
    ValueError
        If the numbers of rows differ, or there are no more rows than dimensions.
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
    """How well ridge regression reads known properties off vectors that were not told of them.

    Parameters
    ----------
    embedding : Embedding
        Its numeric metadata are the properties; a name without a value is left out of that property.
    random_state : int
        Seed of the five folds and of the shuffling.

    Returns
    -------
    DataFrame
        A row a property: ``R²`` on the held-out folds, and ``shuffled``, the same for its values in random order: about
        0 or less. Properties that fewer than ten names have, or that are the same for all, are left out.
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


def stress_by_length(
    learner: BaseEstimator, spaces: Mapping[str, Space], lengths: Sequence[int]
) -> tuple[pd.DataFrame, dict[str, dict[int, pd.DataFrame]]]:
    """What vectors of several lengths miss of the distances in several spaces.

    Parameters
    ----------
    learner : estimator
        With ``n_dims``, which is replaced, ``fit(space)``, ``held_out_`` and ``held_out_stress_``: a
        `DistanceEmbedding`.
    spaces : mapping of str to Space
        By name.
    lengths : sequence of int
        Of the vectors.

    Returns
    -------
    stress : DataFrame
        Stress of the held-out pairs, a row a length and a column a space.
    held_out : dict
        Their distances, by space and length, as ``held_out_`` has them.
    """
    fitted = {
        name: {n_dims: clone(learner).set_params(n_dims=n_dims).fit(space) for n_dims in lengths}
        for name, space in spaces.items()
    }
    stress = {name: {n: model.held_out_stress_ for n, model in models.items()} for name, models in fitted.items()}
    held_out = {name: {n: model.held_out_ for n, model in models.items()} for name, models in fitted.items()}
    return pd.DataFrame(stress).rename_axis("length"), held_out
