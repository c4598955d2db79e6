"""What the notebooks draw: each plot takes data and returns ``(fig, ax)``; `save_figure` writes the figure."""

from research_lib.figures.charts import plot_counts, plot_scores, plot_similar, plot_tree
from research_lib.figures.curves import (
    plot_coverage,
    plot_errors_by_size,
    plot_histories,
    plot_learning_curves,
    plot_n_clusters,
    plot_roc,
    plot_stress,
)
from research_lib.figures.heatmaps import plot_clustermap, plot_heatmap, plot_layers
from research_lib.figures.images import plot_images
from research_lib.figures.maps import plot_arrows, plot_clusters, plot_day_maps, plot_map
from research_lib.figures.over_time import plot_over_time
from research_lib.figures.saving import save_figure
from research_lib.figures.scatter import plot_alarms, plot_parity, plot_shepard
from research_lib.figures.style import house_style
from research_lib.figures.thumbnails import plot_thumbnail_grid, plot_thumbnail_map

__all__ = [
    "house_style",
    "plot_alarms",
    "plot_arrows",
    "plot_clustermap",
    "plot_clusters",
    "plot_counts",
    "plot_coverage",
    "plot_day_maps",
    "plot_errors_by_size",
    "plot_heatmap",
    "plot_histories",
    "plot_images",
    "plot_layers",
    "plot_learning_curves",
    "plot_map",
    "plot_n_clusters",
    "plot_over_time",
    "plot_parity",
    "plot_roc",
    "plot_scores",
    "plot_shepard",
    "plot_similar",
    "plot_stress",
    "plot_thumbnail_grid",
    "plot_thumbnail_map",
    "plot_tree",
    "save_figure",
]
