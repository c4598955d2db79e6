"""Tables of things: ``load("books")`` and its kin."""

from collections.abc import Callable
from difflib import get_close_matches

from research_lib.corpus import Corpus
from research_lib.data import Interactions
from research_lib.datasets.books import load_books
from research_lib.datasets.films import load_films
from research_lib.datasets.ingredients import load_ingredients
from research_lib.datasets.mixtures import load_mixtures
from research_lib.datasets.text import load_text
from research_lib.mixtures import Mixtures

LOADERS: dict[str, Callable[..., Interactions | Mixtures | Corpus]] = {
    "books": load_books,
    "films": load_films,
    "ingredients": load_ingredients,
    "mixtures": load_mixtures,
    "text": load_text,
}


def load(kind: str, source: str = "sample", **cleaning: object) -> Interactions | Mixtures | Corpus:
    """Read a table of one kind.

    Parameters
    ----------
    kind : {"books", "films", "ingredients", "mixtures", "text"}
        What the table holds.
    source : str
        ``"sample"`` (embedded, always works), a name of the catalogue, or a path.
    **cleaning
        What the loader of that kind takes, see `load_books`, `load_films`, `load_ingredients`,
        `load_mixtures`, `load_text`.

    Returns
    -------
    Interactions, Mixtures or Corpus
        With its source and the story of its cleaning.

    Raises
    ------
    ValueError
        If the kind or the source is unknown, or the file is not what was expected.
    """
    if kind not in LOADERS:
        near = get_close_matches(kind, LOADERS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown kind of table {kind!r}.{hint} There are: {', '.join(LOADERS)}.")
    return LOADERS[kind](source, **cleaning)
