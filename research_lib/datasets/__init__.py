"""Tables of things: ``load("books")`` and its kin."""

from collections.abc import Callable
from difflib import get_close_matches

from research_lib.containers.corpus import Corpus
from research_lib.containers.documents import Documents
from research_lib.containers.images import Images
from research_lib.containers.interactions import Interactions
from research_lib.containers.mixtures import Mixtures
from research_lib.datasets.books import load_books
from research_lib.datasets.documents import load_documents
from research_lib.datasets.images import load_images
from research_lib.datasets.ingredients import load_ingredients
from research_lib.datasets.log import load_films
from research_lib.datasets.mixtures import load_mixtures
from research_lib.datasets.text import load_text

Table = Interactions | Mixtures | Corpus | Documents | Images
LOADERS: dict[str, Callable[..., Table]] = {
    "books": load_books,
    "documents": load_documents,
    "films": load_films,
    "images": load_images,
    "ingredients": load_ingredients,
    "mixtures": load_mixtures,
    "text": load_text,
}


def load(kind: str, source: str = "sample", **cleaning: object) -> Table:
    """Read a table of one kind.

    Parameters
    ----------
    kind : {"books", "documents", "films", "images", "ingredients", "mixtures", "text"}
        What the table holds.
    source : str
        ``"sample"`` (embedded, always works), a name of the catalogue, or a path.
    **cleaning
        What the loader of that kind takes, see `load_books`, `load_documents`, `load_films`, `load_images`,
        `load_ingredients`, `load_mixtures`, `load_text`.

    Returns
    -------
    Interactions, Mixtures, Corpus, Documents or Images
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
