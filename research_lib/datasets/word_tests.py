"""Tests of word vectors: analogies, and pairs of words that people compared."""

from pathlib import Path

import pandas as pd

from research_lib.checks import check_choice, check_numbers
from research_lib.datasets import catalogue
from research_lib.datasets.reading.text_files import numbered_lines, read_text
from research_lib.datasets.synthetic.grammar import planted_analogies, planted_similarities


def load_analogies(source: str | Path = "sample") -> pd.DataFrame:
    """Questions "a is to b as c is to what?".

    Parameters
    ----------
    source : str or Path
        ``"sample"``: those planted in the sample text. ``"word-tests"``: the 19,544 questions of word2vec. A path: a
        file in the same format, ``: section`` above lines of four words.

    Returns
    -------
    DataFrame
        Columns ``section``, ``a``, ``b``, ``c`` and ``answer``, in lower case.
    """
    if str(source) == "sample":
        return planted_analogies()
    path = _test_file(source, "questions-words.txt")
    section, rows = "", []
    for number, line in numbered_lines(read_text(path).split("\n")):
        if line.startswith(":"):
            section = line[1:].strip()
        elif len(words := line.lower().split()) == 4:
            rows.append((section, *words))
        else:
            raise ValueError(f"{path.name}, line {number}: {len(words)} words, expected four, or ': section'.")
    if not rows:
        raise ValueError(f"{path}: no question, expected lines of four words.")
    return pd.DataFrame(rows, columns=["section", "a", "b", "c", "answer"])


def load_similarities(source: str | Path = "sample", name: str = "wordsim353") -> pd.DataFrame:
    """Pairs of words and how similar people find them.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: pairs of the sample text, with the share of features that they have in common. ``"word-tests"``: see
        `name`. A path: a tab-separated file of two words and a number.
    name : {"wordsim353", "simlex999"}
        Which of ``"word-tests"``. WordSim-353 asks for relatedness, 0 to 10 (coffee and cup are near); SimLex-999 for
        similarity, 0 to 10 (they are not).

    Returns
    -------
    DataFrame
        Columns ``first`` and ``second`` in lower case, and ``score``.

    References
    ----------
    L. Finkelstein et al., "Placing Search in Context: The Concept Revisited", ACM TOIS 2002.
    F. Hill et al., "SimLex-999: Evaluating Semantic Models with (Genuine) Similarity Estimation", CL 2015.
    """
    if str(source) == "sample":
        return planted_similarities()
    files = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}
    check_choice("name", name, files)
    path = _test_file(source, files[name])
    rows = []
    for number, line in numbered_lines(read_text(path).split("\n")):
        try:
            first, second, score = line.lower().split("\t")
            check_numbers(score=float(score))
            rows.append((first.strip(), second.strip(), float(score)))
        except ValueError:
            raise ValueError(
                f"{path.name}, line {number}: {line!r}, expected two words and a number, tabs between."
            ) from None
    if not rows:
        raise ValueError(f"{path}: no pair, expected lines of two words and a number.")
    return pd.DataFrame(rows, columns=["first", "second", "score"])


def _test_file(source: str | Path, name: str) -> Path:
    """The file behind a path, or the file of this name among the catalogue's tests."""
    path = catalogue.path_of(source, "word-tests", "a text file")
    return path.with_name(name) if catalogue.is_known(source, "word-tests") else path
