import numpy as np
import pytest

from research_lib.datasets.synthetic.grammar import (
    COUNTRY,
    FEMALE,
    MALE,
    PEOPLE,
    PLACES,
    SYNONYMS,
    planted_analogies,
    planted_grammar,
    planted_similarities,
    planted_vocabulary,
)
from research_lib.measures.words import analogy_accuracy

PLANTED = {word for pairs in (PEOPLE, PLACES, SYNONYMS) for pair in pairs for word in pair}


def neighbours_of(word, corpus):
    return {other for sentence in corpus if word in sentence for other in sentence} - {word}


def test_a_sentence_holds_one_planted_word_and_what_belongs_to_it():
    corpus = list(planted_grammar(3000))
    assert len(corpus) == 3000
    assert all(len(PLANTED & set(sentence)) == 1 for sentence in corpus)
    queen = neighbours_of("queen", corpus)
    assert {"throne", "crown", "kingdom"} <= queen
    assert not queen & {*MALE, *COUNTRY, "tower", "seine"}
    assert set(FEMALE) <= queen


def test_a_pair_differs_in_its_kind_only():
    corpus = list(planted_grammar(20_000))
    for first, second in PEOPLE:
        assert neighbours_of(first, corpus) - set(MALE) == neighbours_of(second, corpus) - set(FEMALE)
    for first, second in SYNONYMS:
        assert neighbours_of(first, corpus) == neighbours_of(second, corpus)


def test_shuffling_keeps_the_counts_and_breaks_the_relations():
    corpus, broken = planted_grammar(5000), planted_grammar(5000, shuffled=True)
    assert dict(corpus.word_counts()) == dict(broken.word_counts())
    assert [len(sentence) for sentence in corpus] == [len(sentence) for sentence in broken]
    assert {"seine", *MALE, *COUNTRY} <= neighbours_of("queen", broken)
    assert broken.source == "synthetic: planted grammar, shuffled"


def test_the_same_seed_gives_the_same_text():
    assert list(planted_grammar(50)) == list(planted_grammar(50)) != list(planted_grammar(50, random_state=1))
    with pytest.raises(ValueError, match="n_sentences is 0, expected a whole number of at least 1"):
        planted_grammar(0)


def test_no_word_is_planted_twice():
    words = [word for pairs in (PEOPLE, PLACES, SYNONYMS) for pair in pairs for word in pair]
    assert len(words) == len(set(words)) == 2 * (10 + 12 + 6)
    things = [thing for pairs in (PEOPLE, PLACES, SYNONYMS) for said in pairs.values() for thing in said]
    assert len(things) == len(set(things))
    assert not {*words, *things} & {*MALE, *FEMALE}


def test_analogies_ask_for_every_pair_by_every_other():
    questions = planted_analogies()
    assert list(questions.columns) == ["section", "a", "b", "c", "answer"]
    assert dict(questions["section"].value_counts()) == {"gender": 10 * 9, "capital": 12 * 11}
    asked = list(questions.itertuples(index=False, name=None))
    assert ("gender", "man", "woman", "king", "queen") in asked
    assert ("capital", "france", "paris", "japan", "tokyo") in asked
    assert len(set(asked)) == len(asked)


def test_similarities_are_shared_features():
    pairs = planted_similarities()
    score = {frozenset((first, second)): score for first, second, score in pairs.itertuples(index=False, name=None)}
    assert len(score) == len(pairs) == 56 * 55 // 2
    expected = {"big large": 1, "king queen": 0.5, "king boy": 0.5, "france italy": 0.5, "paris rome": 0.5}
    expected |= {"king girl": 0, "king france": 0, "big quick": 0, "paris italy": 0}
    assert {names: score[frozenset(names.split())] for names in expected} == expected
    assert np.isin(pairs["score"], [0, 0.5, 1]).all()


def test_the_planted_vocabulary_is_exact_and_noise_spoils_it():
    words, questions = planted_vocabulary(), planted_analogies()
    np.testing.assert_allclose(words["king"] - words["man"] + words["woman"], words["queen"], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(words.vectors, axis=1), np.sqrt(2), rtol=1e-6)
    found = analogy_accuracy(words, questions).loc["all"]
    assert (found["accuracy"], found["share_known"]) == (1, 1)
    assert found["parallelogram_error"] < 1e-5
    assert found["null"] < 0.05
    assert analogy_accuracy(planted_vocabulary(noise=3), questions)["accuracy"]["all"] < 0.5
    with pytest.raises(ValueError, match="n_dims is 5, expected a whole number of at least 6"):
        planted_vocabulary(n_dims=5)
