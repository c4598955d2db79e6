"""Twins with a planted, known structure: ``synthetic.planted_topics()`` and its kin."""

from research_lib.datasets.synthetic.drift import lose_dates, planted_drift
from research_lib.datasets.synthetic.grammar import (
    planted_analogies,
    planted_grammar,
    planted_similarities,
    planted_vocabulary,
)
from research_lib.datasets.synthetic.groups import noise, planted_groups
from research_lib.datasets.synthetic.laboratory import PLANTED, formula_twin, planted_viscosity
from research_lib.datasets.synthetic.spaces import planted_space, planted_spaces
from research_lib.datasets.synthetic.strange_images import strange_images
from research_lib.datasets.synthetic.topics import book_links_twin, checkerboard, planted_topics, shuffled_pairs

__all__ = [
    "PLANTED",
    "book_links_twin",
    "checkerboard",
    "formula_twin",
    "lose_dates",
    "noise",
    "planted_analogies",
    "planted_drift",
    "planted_grammar",
    "planted_groups",
    "planted_similarities",
    "planted_space",
    "planted_spaces",
    "planted_topics",
    "planted_viscosity",
    "planted_vocabulary",
    "shuffled_pairs",
    "strange_images",
]
