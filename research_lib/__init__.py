"""Tables become vectors, vectors become an `Embedding`, an `Embedding` is looked at, measured and published."""

from importlib import import_module

_HOMES = {
    "anomalies": ["alarm_threshold", "auroc", "auroc_by_kind", "score_left_out"],
    "cluster_names": ["agreement", "contingency", "describe_clusters"],
    "cluster_scores": ["best_n_clusters", "n_clusters_scores", "stability"],
    "clustering": ["cluster", "merge_tree", "usable_methods"],
    "comparison": ["Comparison"],
    "corpus": ["Corpus", "context_pairs", "tokenize"],
    "data": ["Interactions"],
    "datasets": ["load"],
    "datasets.text": ["load_analogies", "load_similarities"],
    "day_measures": ["collapsed_days", "measure_days"],
    "distances": ["Space"],
    "documents": ["Documents"],
    "embedding": ["Embedding"],
    "figures": ["save_figure"],
    "formula_scores": ["cross_predict", "interval_coverage", "new_code_errors", "regression_scores", "splits_of"],
    "geometry": ["canonical_correlations", "compare_maps", "measures", "property_r2", "trustworthiness"],
    "images": ["Images"],
    "layers": ["layer_equality", "linearity", "lookup_costs"],
    "mixtures": ["Mixtures"],
    "models.autoencoder": ["Autoencoder"],
    "models.baselines": ["EASE", "PairSVD", "Popularity", "RandomVectors", "RecentPopularity"],
    "models.detectors": ["usual_detectors"],
    "models.distances": ["DistanceEmbedding"],
    "models.mixture": ["MixtureRegressor"],
    "models.pairs": ["PairEmbedding"],
    "models.recommending": ["recommend"],
    "models.regressors": ["raw_amount_regressors"],
    "models.skipgram": ["SkipGram"],
    "models.two_tower": ["TwoTower"],
    "notebooks": ["read_records", "record", "run", "sweep"],
    "projection": ["project"],
    "ranking": [
        "agreement_ceiling",
        "compare",
        "held_out_agreement",
        "hit_at_k",
        "hold_out",
        "hold_out_one",
        "mean_reciprocal_rank",
        "neighbour_agreement",
    ],
    "retrieval": ["fused", "search_scores", "search_scores_by_kind"],
    "supervised": ["score_features", "without_telling_columns"],
    "text_search": ["TextSearch", "judge_searches", "side_by_side"],
    "time_splits": ["hold_out_last", "hold_out_since"],
    "vectorize": ["Amounts", "MultiHot", "OneHot", "TfidfMultiHot", "embed", "hashed"],
    "word_tests": ["analogy_accuracy", "answer_analogies", "human_similarity"],
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
