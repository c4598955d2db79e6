"""What people use instead of our models, and what those have to beat."""

from research_lib.models.baselines.detectors import PCAReconstruction, usual_detectors
from research_lib.models.baselines.recommenders import EASE, PairSVD, Popularity, RandomVectors, RecentPopularity
from research_lib.models.baselines.regressors import raw_amount_regressors

__all__ = [
    "EASE",
    "PCAReconstruction",
    "PairSVD",
    "Popularity",
    "RandomVectors",
    "RecentPopularity",
    "raw_amount_regressors",
    "usual_detectors",
]
