"""Tables of things: ``load("books")`` and its kin."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from research_lib.checks import check_choice, suggest
from research_lib.containers.corpus import Corpus
from research_lib.containers.documents import Documents
from research_lib.containers.images import Images
from research_lib.containers.interactions import Interactions
from research_lib.containers.mixtures import Mixtures
from research_lib.datasets.books import load_books
from research_lib.datasets.documents import load_documents
from research_lib.datasets.images import load_images
from research_lib.datasets.ingredients import load_ingredients
from research_lib.datasets.log import load_log
from research_lib.datasets.mixtures import load_mixtures
from research_lib.datasets.text import load_text
from research_lib.datasets.word_tests import load_analogies, load_similarities

Table: TypeAlias = Interactions | Mixtures | Corpus | Documents | Images | pd.DataFrame
READERS: dict[str, Callable[..., Table]] = {
    "analogies": load_analogies,
    "books": load_books,
    "documents": load_documents,
    "images": load_images,
    "ingredients": load_ingredients,
    "log": load_log,
    "mixtures": load_mixtures,
    "similarities": load_similarities,
    "text": load_text,
}


def load(what: str, source: str | Path = "sample", **cleaning: object) -> Table:
    """Read a table: ``load("books")``, ``load("log", "my_log.csv")``.

    Parameters
    ----------
    what : {"analogies", "books", "documents", "images", "ingredients", "log", "mixtures", "similarities", "text"}
        What the table holds.
    source : str or Path
        ``"sample"`` (embedded, always works), a name from the catalogue, or a path.
    **cleaning
        The options of its reader: `load_analogies`, `load_books`, `load_documents`, `load_images`, `load_ingredients`,
        `load_log`, `load_mixtures`, `load_similarities` or `load_text`.

    Returns
    -------
    Interactions, Mixtures, Corpus, Documents or Images
        With its source and the story of its cleaning; a DataFrame of analogies or similarities.

    Raises
    ------
    TypeError
        If the source is no text or path, or the reader has no such option.
    ValueError
        If `what` or the source is unknown, or the file is not what was expected.
    """
    if what == "films":
        raise ValueError("Unknown table 'films'. Did you mean 'log'?")
    check_choice("table", what, READERS)
    if not isinstance(source, str | Path) or not str(source):
        raise TypeError(f"load({what!r}): the source is {source!r}, expected 'sample', a catalogue name or a path.")
    options = list(inspect.signature(READERS[what]).parameters)[1:]
    for option in cleaning:
        if option not in options:
            hint = suggest(option, options)
            raise TypeError(f"load({what!r}) has no option {option!r}.{hint} It takes: {', '.join(options) or 'none'}.")
    return READERS[what](source, **cleaning)
