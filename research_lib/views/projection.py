"""Maps: any embedding in two dimensions."""

import warnings

import numpy as np

from research_lib.checks import check_choice
from research_lib.containers.embedding import METRICS, Embedding

METHODS = ("pca", "tsne", "umap")


def project(
    embedding: Embedding,
    method: str = "tsne",
    *,
    metric: str = "cosine",
    random_state: int = 0,
    n_jobs: int = 2,
    **options: object,
) -> Embedding:
    """Lay the vectors out in the plane.

    Parameters
    ----------
    embedding : Embedding
        At least four vectors.
    method : {"pca", "tsne", "umap"}
        PCA keeps the directions of most variance, t-SNE and UMAP keep neighbourhoods.
    metric : {"cosine", "euclidean", "jaccard"}
        What near means. For cosine, vectors are scaled to length one first: directions count, not lengths. Jaccard
        takes a vector for the set of its entries that are not 0; PCA does not know it.
    random_state : int
        Seed; the same seed gives the same map.
    n_jobs : int
        Threads of t-SNE. Its map depends on their number, so the default is the same on every machine. UMAP always has
        one thread: with more it does not repeat itself.
    **options
        For scikit-learn's `PCA`, openTSNE's `TSNE` (``perplexity``; ``dof`` below 1 for finer groups) or `UMAP`
        (``n_neighbors``, ``min_dist``).

    Returns
    -------
    Embedding
        Shape (n, 2), with the same names and metadata. Axes of t-SNE and UMAP have no units.

    References
    ----------
    L. van der Maaten and G. Hinton, "Visualizing Data using t-SNE", JMLR 2008.
    P. G. Poličar et al., "openTSNE: A Modular Python Library for t-SNE", JSS 2024.
    D. Kobak et al., "Heavy-tailed Kernels Reveal a Finer Cluster Structure in t-SNE Visualisations", ECML PKDD 2019.
    L. McInnes et al., "UMAP: Uniform Manifold Approximation and Projection", arXiv:1802.03426, 2018.
    """
    check_choice("method", method, METHODS)
    check_choice("metric", metric, METRICS)
    if len(embedding) < 4:
        raise ValueError(f"{len(embedding)} vectors are too few for a map, expected at least 4.")
    if metric == "jaccard":
        if method == "pca":
            raise ValueError("PCA does not know the metric 'jaccard', expected cosine or euclidean.")
        if method == "tsne":
            options = {"neighbors": "exact"} | options  # the approximate search does not know sets, or takes minutes
        options = {"metric": "jaccard"} | options
    place = {"pca": _pca, "tsne": _tsne, "umap": _umap}[method]
    vectors = embedding.unit_vectors() if metric == "cosine" else embedding.vectors
    vectors = vectors != 0 if metric == "jaccard" else vectors
    return Embedding(place(vectors, random_state, n_jobs, options), embedding.names, embedding.metadata)


def _pca(vectors: np.ndarray, random_state: int, n_jobs: int, options: dict) -> np.ndarray:
    from sklearn.decomposition import PCA

    return PCA(2, random_state=random_state, **options).fit_transform(vectors)


def _tsne(vectors: np.ndarray, random_state: int, n_jobs: int, options: dict) -> np.ndarray:
    from openTSNE import TSNE

    options = {"perplexity": min(30, (len(vectors) - 1) / 3)} | options
    return np.asarray(TSNE(n_components=2, random_state=random_state, n_jobs=n_jobs, **options).fit(vectors))


def _umap(vectors: np.ndarray, random_state: int, n_jobs: int, options: dict) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about packages and gradients that it could use and does not need
        from umap import UMAP  # numba compiles for 15 s when it is imported

        options = {"n_neighbors": min(15, len(vectors) - 1), "init": "pca"} | options
        return UMAP(n_components=2, random_state=random_state, n_jobs=1, **options).fit_transform(vectors)
