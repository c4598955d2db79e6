"""Tables become vectors, vectors become an `Embedding`, an `Embedding` is looked at, measured and published."""

from research_lib.data import Interactions
from research_lib.datasets import load
from research_lib.embedding import Embedding
from research_lib.figures import save_figure
from research_lib.models.baselines import EASE, PairSVD, Popularity
from research_lib.models.pairs import PairEmbedding
from research_lib.notebooks import read_records, record, run, sweep
from research_lib.projection import project
from research_lib.ranking import (
    agreement_ceiling,
    compare,
    hit_at_k,
    hold_out,
    mean_reciprocal_rank,
    neighbour_agreement,
)

__version__ = "0.1.0"
__all__ = [
    "EASE",
    "Embedding",
    "Interactions",
    "PairEmbedding",
    "PairSVD",
    "Popularity",
    "agreement_ceiling",
    "compare",
    "hit_at_k",
    "hold_out",
    "load",
    "mean_reciprocal_rank",
    "neighbour_agreement",
    "project",
    "read_records",
    "record",
    "run",
    "save_figure",
    "sweep",
]
