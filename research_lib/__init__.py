"""Tables become vectors, vectors become an `Embedding`, an `Embedding` is looked at, measured and published."""

from importlib import import_module

_HOMES = {
    "containers.corpus": ["Corpus", "context_pairs", "tokenize"],
    "containers.documents": ["Documents"],
    "containers.embedding": ["Embedding"],
    "containers.images": ["Images"],
    "containers.interactions": ["Interactions"],
    "containers.mixtures": ["Mixtures"],
    "containers.space": ["Space"],
    "datasets": ["load"],
    "datasets.word_tests": ["load_analogies", "load_similarities"],
    "figures": ["save_figure"],
    "measures.agreement": ["agreement_ceiling", "held_out_agreement", "neighbour_agreement", "search_scores_by_label"],
    "measures.anomalies": ["alarm_threshold", "auroc", "auroc_by_label", "score_left_out"],
    "measures.classification": ["score_features", "without_telling_columns"],
    "measures.clusters": ["cluster_agreement", "best_n_clusters", "contingency", "n_clusters_scores", "stability"],
    "measures.comparison": ["Comparison"],
    "measures.days": ["collapsed_days", "measure_days"],
    "measures.formulas": [
        "cross_predict",
        "interval_coverage",
        "new_code_errors",
        "regression_scores",
        "formula_splits",
    ],
    "measures.geometry": ["canonical_correlations", "compare_maps", "measure_map", "property_r2", "trustworthiness"],
    "measures.layers": ["layer_equality", "linearity", "lookup_costs"],
    "measures.ranking": ["compare_recommenders", "hit_at_k", "mean_reciprocal_rank"],
    "measures.retrieval": ["fused", "judge_searches", "search_scores"],
    "measures.splits": ["hold_out", "hold_out_last", "hold_out_one"],
    "measures.words": ["analogy_accuracy", "answer_analogies", "human_similarity"],
    "models.baselines.detectors": ["usual_detectors"],
    "models.baselines.recommenders": ["EASE", "PairSVD", "Popularity", "RandomVectors", "RecentPopularity"],
    "models.baselines.regressors": ["raw_amount_regressors"],
    "models.distance_embedding": ["DistanceEmbedding"],
    "models.images.autoencoder": ["Autoencoder"],
    "models.mixture.regressor": ["MixtureRegressor"],
    "models.pairs.pair_embedding": ["PairEmbedding"],
    "models.pairs.set_embedding": ["SetEmbedding"],
    "models.recommending": ["recommend"],
    "models.towers.two_tower": ["TwoTower"],
    "models.words.skipgram": ["SkipGram"],
    "models.words.text_search": ["TextSearch", "side_by_side"],
    "runner.execution": ["run", "sweep"],
    "runner.records": ["read_records", "record"],
    "vectorize.transformers": ["Amounts", "MultiHot", "OneHot", "TfidfMultiHot", "embed", "hashed"],
    "views.cluster_names": ["describe_clusters"],
    "views.clustering": ["cluster", "merge_tree", "usable_methods"],
    "views.projection": ["project"],
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}
__version__ = "0.1.0"
__all__ = sorted(_HOME)


def __getattr__(name: str):
    """Import a public name when it is first used: the command need not wait for torch."""
    if name not in _HOME:
        raise AttributeError(f"module 'research_lib' has no attribute {name!r}")
    return getattr(import_module(f"research_lib.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
