"""Do word vectors know what words mean? Analogies, and similarities as people see them, each beside its null."""

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from research_lib.checks import UnknownName, check_choice
from research_lib.containers.embedding import Embedding

BLOCK_QUESTIONS = 256


def answer_analogies(embedding: Embedding, questions: pd.DataFrame) -> pd.DataFrame:
    """Answer "a is to b as c is to what?" by the name nearest to the vector b - a + c.

    Parameters
    ----------
    embedding : Embedding
        Any named vectors; they are scaled to length one first. Names are compared in lower case; where names differ
        only in case, the first counts.
    questions : DataFrame
        Columns ``section``, ``a``, ``b``, ``c`` and ``answer``. Questions with an unknown name are left out.

    Returns
    -------
    DataFrame
        The known questions with ``found`` (the nearest name other than a, b and c), ``rank`` (of the answer among these
        names, by cosine: 0 is first, and of several that are equally near it is the last) and ``parallelogram_error``,
        the length of b - a + c - answer divided by the mean length of the sides b - a and answer - c: 0 for a
        parallelogram, about 1.4 for sides that have nothing in common.

    Raises
    ------
    KeyError
        If no question has all of its names in the embedding.

    References
    ----------
    T. Mikolov et al., "Linguistic Regularities in Continuous Space Word Representations", NAACL 2013.
    """
    place = _places(embedding)
    columns = ["a", "b", "c", "answer"]
    numbers = np.column_stack([questions[column].str.lower().map(place) for column in columns])
    known = ~np.isnan(numbers).any(axis=1)
    if not known.any():
        missing = next((word for word in questions[columns].to_numpy().ravel() if word.lower() not in place), "")
        near = UnknownName.among(embedding.names, missing)
        raise UnknownName(f"None of {len(questions):,} questions has all four names in the embedding: {near}")
    a, b, c, answer = numbers[known].T.astype(int)
    unit = embedding.unit_vectors()
    wanted = unit[b] - unit[a] + unit[c]
    sides = (np.linalg.norm(unit[b] - unit[a], axis=1) + np.linalg.norm(unit[answer] - unit[c], axis=1)) / 2
    gaps = np.linalg.norm(wanted - unit[answer], axis=1)
    found, ranks = np.empty(len(a), dtype=int), np.empty(len(a), dtype=int)
    for start in range(0, len(a), BLOCK_QUESTIONS):
        some = slice(start, start + BLOCK_QUESTIONS)
        scores = wanted[some] @ unit.T
        rows = np.arange(len(scores))
        right = scores[rows, answer[some]]
        for asked in (a, b, c):
            scores[rows, asked[some]] = -np.inf
        found[some] = scores.argmax(axis=1)
        ranks[some] = np.maximum((scores >= right[:, None]).sum(axis=1) - 1, 0)
    # An answer that is one of the question's own names can never be found.
    ranks[(answer == a) | (answer == b) | (answer == c)] = len(unit) - 1
    error = np.divide(gaps, sides, out=np.zeros_like(gaps), where=sides > 0)
    answered = questions[known].reset_index(drop=True)
    return answered.assign(found=embedding.names[found], rank=ranks, parallelogram_error=error)


def analogy_accuracy(embedding: Embedding, questions: pd.DataFrame, random_state: int = 0) -> pd.DataFrame:
    """Share of analogies with the right answer, by section.

    Parameters
    ----------
    embedding, questions
        As `answer_analogies` takes them.
    random_state : int
        Seed of the null.

    Returns
    -------
    DataFrame
        A row a section, and one for ``all``: ``accuracy`` (share of the known questions whose answer comes first),
        ``null`` (the same with the vectors dealt to other names), ``median_rank``, ``parallelogram_error`` (median),
        ``n_known`` and ``share_known``.
    """
    answered = answer_analogies(embedding, questions)
    null = answer_analogies(embedding.shuffled(random_state), questions)
    table = {}
    for section in [*dict.fromkeys(answered["section"]), "all"]:
        rows = (answered["section"] == section) | (section == "all")
        n_asked = len(questions) if section == "all" else (questions["section"] == section).sum()
        table[section] = {
            "accuracy": (answered["rank"][rows] == 0).mean(),
            "null": (null["rank"][rows] == 0).mean(),
            "median_rank": answered["rank"][rows].median(),
            "parallelogram_error": answered["parallelogram_error"][rows].median(),
            "n_known": int(rows.sum()),
            "share_known": rows.sum() / n_asked,
        }
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("section")


def known_pairs(embedding: Embedding, questions: pd.DataFrame, section: str) -> pd.DataFrame:
    """The pairs that the questions of a section are made of, such as a country and its capital, if both are known.

    Parameters
    ----------
    embedding, questions
        As `answer_analogies` takes them.
    section : str
        One of the questions' sections.

    Returns
    -------
    DataFrame
        Columns ``first`` and ``second``: names of the embedding, a row a pair.

    Raises
    ------
    ValueError
        If there is no such section, or fewer than two of its pairs are known.
    """
    check_choice("section", section, list(questions["section"].unique()))
    asked = questions[questions["section"] == section]
    place = _places(embedding)
    numbers = pd.DataFrame({"first": asked["a"].str.lower().map(place), "second": asked["b"].str.lower().map(place)})
    numbers = numbers.dropna().drop_duplicates().astype(int)
    if len(numbers) < 2:
        raise ValueError(f"{section}: {len(numbers)} pairs have both names in the embedding, expected at least 2.")
    return pd.DataFrame({column: embedding.names[numbers[column]] for column in numbers})


def offset_agreement(
    embedding: Embedding, pairs: pd.DataFrame, n_null: int = 100, random_state: int = 0
) -> tuple[float, float]:
    """Whether the steps from each first name to its second point the same way, and whether they do so by chance.

    Parameters
    ----------
    embedding : Embedding
        Its vectors are scaled to length one first.
    pairs : DataFrame, shape (n_pairs, 2)
        Names, as `known_pairs` gives them.
    n_null : int
        How often to draw the null.
    random_state : int
        Seed of the null.

    Returns
    -------
    agreement : float
        Mean cosine of the steps of any two pairs: 1 if all are parallel.
    null : float
        The same with the second names dealt to other first names, mean of the draws: what two groups of words that lie
        apart give, whichever belong together.
    """
    unit = embedding.unit_vectors()
    first, second = (np.array([embedding.position(name) for name in pairs[column]]) for column in ("first", "second"))

    def agreement(other: np.ndarray) -> float:
        steps = unit[other] - unit[first]
        lengths = np.linalg.norm(steps, axis=1, keepdims=True)
        steps /= np.where(lengths > 0, lengths, 1)
        return float((steps @ steps.T)[np.triu_indices(len(steps), 1)].mean())

    rng = np.random.default_rng(random_state)
    return agreement(second), float(np.mean([agreement(rng.permutation(second)) for _ in range(n_null)]))


def human_similarity(embedding: Embedding, pairs: pd.DataFrame, n_null: int = 100, random_state: int = 0) -> pd.Series:
    """Whether cosines order pairs of words as people do.

    Parameters
    ----------
    embedding : Embedding
        Names are compared in lower case.
    pairs : DataFrame
        Columns ``first``, ``second`` and ``score``.
    n_null : int
        How often to draw the null.
    random_state : int
        Seed of the null.

    Returns
    -------
    Series
        ``spearman`` (rank correlation over the known pairs), ``null_mean`` and ``null_std`` (of random vectors of the
        same shape), ``n_known`` and ``share_known``.

    Raises
    ------
    ValueError
        If fewer than three pairs are known.
    """
    place = _places(embedding)
    numbers = np.column_stack([pairs[column].str.lower().map(place) for column in ("first", "second")])
    known = ~np.isnan(numbers).any(axis=1)
    if known.sum() < 3:
        raise ValueError(f"{known.sum()} of {len(pairs)} pairs have both names in the embedding, expected at least 3.")
    first, second = numbers[known].T.astype(int)
    scores = pairs["score"].to_numpy()[known]
    rng = np.random.default_rng(random_state)
    asked, (first, second) = np.unique([first, second], return_inverse=True)
    null = [
        _spearman(_unit(rng.normal(size=(len(asked), embedding.n_dims))), first, second, scores) for _ in range(n_null)
    ]
    return pd.Series(
        {
            "spearman": _spearman(embedding.unit_vectors()[asked], first, second, scores),
            "null_mean": np.mean(null),
            "null_std": np.std(null),
            "n_known": known.sum(),
            "share_known": known.mean(),
        }
    )


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's correlation; NaN if either is constant, as the distances of one-hot vectors are."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return float(spearmanr(one, other).statistic)


def _spearman(unit: np.ndarray, first: np.ndarray, second: np.ndarray, scores: np.ndarray) -> float:
    return rank_correlation((unit[first] * unit[second]).sum(axis=1), scores)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _places(embedding: Embedding) -> dict[str, int]:
    """Positions of the names in lower case; where names differ only in case, of the first."""
    places: dict[str, int] = {}
    for number, name in enumerate(embedding.names):
        places.setdefault(name.lower(), number)
    return places
