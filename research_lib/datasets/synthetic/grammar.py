"""Sentences of a small grammar with planted relations, and the same without any: the null of word vectors."""

from itertools import combinations, permutations

import numpy as np
import pandas as pd

from research_lib.checks import check_integers
from research_lib.containers.corpus import Corpus
from research_lib.containers.embedding import Embedding

# Two words that differ in gender, and what is said of both of them.
PEOPLE = {
    ("king", "queen"): ("throne", "crown", "kingdom"),
    ("prince", "princess"): ("tower", "tutor", "pony"),
    ("duke", "duchess"): ("manor", "carriage", "stables"),
    ("emperor", "empress"): ("empire", "legions", "provinces"),
    ("man", "woman"): ("job", "house", "neighbours"),
    ("boy", "girl"): ("school", "toys", "homework"),
    ("father", "mother"): ("children", "family", "advice"),
    ("actor", "actress"): ("stage", "role", "audience"),
    ("waiter", "waitress"): ("tray", "guests", "menu"),
    ("monk", "nun"): ("chapel", "prayers", "silence"),
}
MALE, FEMALE = ("he", "his", "himself", "beard"), ("she", "her", "herself", "dress")
# A country, its capital, and what is found in both of them.
PLACES = {
    ("france", "paris"): ("french", "seine"),
    ("germany", "berlin"): ("german", "spree"),
    ("italy", "rome"): ("italian", "tiber"),
    ("spain", "madrid"): ("spanish", "manzanares"),
    ("japan", "tokyo"): ("japanese", "sumida"),
    ("china", "beijing"): ("chinese", "yongding"),
    ("korea", "seoul"): ("korean", "han"),
    ("russia", "moscow"): ("russian", "moskva"),
    ("egypt", "cairo"): ("arabic", "nile"),
    ("poland", "warsaw"): ("polish", "vistula"),
    ("austria", "vienna"): ("austrian", "danube"),
    ("portugal", "lisbon"): ("portuguese", "tagus"),
}
COUNTRY, CAPITAL = ("nation", "border", "army", "flag"), ("city", "mayor", "streets", "metro")
# Two words that mean the same, and what either is said of.
SYNONYMS = {
    ("big", "large"): ("elephant", "mountain", "ship"),
    ("fast", "quick"): ("horse", "arrow", "train"),
    ("glad", "happy"): ("child", "smile", "song"),
    ("small", "little"): ("mouse", "pebble", "seed"),
    ("cold", "chilly"): ("winter", "ice", "wind"),
    ("clever", "smart"): ("fox", "pupil", "answer"),
}
GENDERED = (
    "the {word} looks after {1} {thing} {2}",
    "{0} is a {word} and has {1} {thing}",
    "with {1} {3} the {word} visits the {thing}",
    "a {word} without {1} {thing} is not {2}",
)
PLACED = (
    "the {kind} of {word} is known for its {thing}",
    "in {word} the {kind} is {thing}",
    "{word} has a {kind} and the {thing} is loved there",
)
ALIKE = ("a {word} {thing} was seen", "the {thing} is very {word} today", "how {word} this {thing} is")


def planted_grammar(
    n_sentences: int = 20_000, *, shuffled: bool = False, random_state: int | np.random.Generator | None = 0
) -> Corpus:
    """Sentences in which relations between words are planted.

    A sentence about a person names a thing that belongs to the pair (king and queen: the throne) and words of the
    gender; one about a place, a thing of the country and a word for countries or capitals; one about a thing, one of
    two synonyms. So "queen" has the neighbours of "king", with "her" in place of "his".

    Parameters
    ----------
    n_sentences : int
        Two fifths are about people, two fifths about places, one fifth have synonyms.
    shuffled : bool
        Shuffle the planted words among their places: every word occurs as often as before, sentences keep their length,
        and no relation is left. What is found here is chance.
    random_state : int, Generator or None
        The same seed gives the same text.

    Returns
    -------
    Corpus
        One document per sentence. `planted_analogies` and `planted_similarities` have its questions.
    """
    check_integers(1, n_sentences=n_sentences)
    rng = np.random.default_rng(random_state)
    people = [
        (word, words, things)
        for pair, things in PEOPLE.items()
        for word, words in zip(pair, (MALE, FEMALE), strict=True)
    ]
    places = [
        (word, words, things)
        for pair, things in PLACES.items()
        for word, words in zip(pair, (COUNTRY, CAPITAL), strict=True)
    ]
    alike = [(word, (), things) for pair, things in SYNONYMS.items() for word in pair]
    sentences = []
    for part in rng.choice(3, n_sentences, p=[0.4, 0.4, 0.2]):
        subjects, frames = ((people, GENDERED), (places, PLACED), (alike, ALIKE))[part]
        word, words, things = subjects[rng.integers(len(subjects))]
        filled = {"word": word, "thing": things[rng.integers(len(things))]}
        if part == 1:
            filled["kind"] = words[rng.integers(len(words))]
        sentences.append(frames[rng.integers(len(frames))].format(*words, **filled).split())
    if shuffled:
        planted = {word for pairs in (PEOPLE, PLACES, SYNONYMS) for pair in pairs for word in pair}
        found = [(sentence, k) for sentence in sentences for k, word in enumerate(sentence) if word in planted]
        order = rng.permutation(len(found))
        dealt = [found[number][0][found[number][1]] for number in order]
        for (sentence, k), word in zip(found, dealt, strict=True):
            sentence[k] = word
    return Corpus(sentences, f"synthetic: planted grammar{', shuffled' if shuffled else ''}")


def planted_vocabulary(noise: float = 0.0, n_dims: int = 16, random_state: int = 0) -> Embedding:
    """Vectors of the planted words in which every analogy is an exact parallelogram.

    A word is the sum of two unit vectors at right angles: one for its pair (king and queen) and one for its side (men,
    women, countries, capitals). So queen - king is woman - man.

    Parameters
    ----------
    noise : float
        Length of a random vector added to each word; words have a length of about 1.4.
    n_dims : int
        Length of the vectors, at least 6.
    random_state : int
        Seed of the vectors and of the noise.
    """
    check_integers(6, n_dims=n_dims)  # four for the sides, the others for the pairs
    pairs = [*PEOPLE, *PLACES]
    rng = np.random.default_rng(random_state)
    axes, _ = np.linalg.qr(rng.normal(size=(n_dims, n_dims)))
    of_sides = axes[:4].reshape(2, 2, n_dims)  # people or places, first or second
    of_pairs = _unit_rows(rng.normal(size=(len(pairs), n_dims - 4))) @ axes[4:]
    vectors = [of_pairs[k] + of_sides[int(k >= len(PEOPLE)), side] for side in (0, 1) for k in range(len(pairs))]
    added = noise * _unit_rows(rng.normal(size=(len(vectors), n_dims)))
    return Embedding(np.array(vectors) + added, np.array([pair[side] for side in (0, 1) for pair in pairs]))


def _unit_rows(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def planted_analogies() -> pd.DataFrame:
    """The questions that `planted_grammar` answers: man is to woman as king is to queen.

    Returns
    -------
    DataFrame
        Columns ``section`` (``gender``, ``capital``), ``a``, ``b``, ``c`` and ``answer``: every pair with every other
        of its section, 222 rows.
    """
    rows = [
        (section, *first, *second)
        for section, pairs in (("gender", PEOPLE), ("capital", PLACES))
        for first, second in permutations(pairs, 2)
    ]
    return pd.DataFrame(rows, columns=["section", "a", "b", "c", "answer"])


def planted_similarities() -> pd.DataFrame:
    """Pairs of the planted words, and the share of features that they have in common.

    Returns
    -------
    DataFrame
        Columns ``first``, ``second`` and ``score``: 1 for synonyms, 0.5 for words of one pair (king and queen) or of
        one side in different pairs (king and boy, france and italy), 0 for all others.
    """
    features = {}
    for name, pairs in (("person", PEOPLE), ("place", PLACES), ("thing", SYNONYMS)):
        for number, pair in enumerate(pairs):
            for side, word in enumerate(pair):
                features[word] = (name, number, 0 if name == "thing" else side)
    rows = []
    for first, second in combinations(features, 2):
        (name, number, side), (other_name, other_number, other_side) = features[first], features[second]
        same_side = side == other_side and not (name == "thing" and number != other_number)
        score = ((number == other_number) + same_side) / 2 if name == other_name else 0.0
        rows.append((first, second, score))
    return pd.DataFrame(rows, columns=["first", "second", "score"])
