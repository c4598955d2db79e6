import numpy as np
import pandas as pd
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.measures.words import (
    analogy_accuracy,
    answer_analogies,
    human_similarity,
    known_pairs,
    offset_agreement,
)

COLUMNS = ["section", "a", "b", "c", "answer"]


def planted(n=40, n_dims=16, noise=0.0, seed=0):
    """Pairs of words a0 and b0, a1 and b1, … that differ by one offset, and all questions between them."""
    rng = np.random.default_rng(seed)
    start = rng.normal(size=(n, n_dims))
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    offset = rng.normal(size=n_dims) / 8
    vectors = np.concatenate([start, start + offset + noise * rng.normal(size=start.shape)])
    names = [f"{side}{k}" for side in "ab" for k in range(n)]
    rows = [("s", f"a{i}", f"b{i}", f"a{j}", f"b{j}") for i in range(n) for j in range(n) if i != j]
    return Embedding(vectors, names), pd.DataFrame(rows, columns=COLUMNS)


def test_planted_parallelograms_are_found_and_shuffled_ones_are_not():
    embedding, questions = planted()
    found = analogy_accuracy(embedding, questions)
    assert found["accuracy"]["all"] > 0.95
    assert found["null"]["all"] < 0.05
    assert found["parallelogram_error"]["all"] < 0.5
    broken = analogy_accuracy(embedding.shuffled(3), questions)
    assert broken["accuracy"]["all"] < 0.05
    assert broken["parallelogram_error"]["all"] > 1


def test_ranks_are_those_of_a_loop():
    embedding, questions = planted(9, 4, noise=0.3)
    unit = {name: embedding[name] / np.linalg.norm(embedding[name]) for name in embedding.names}
    answered = answer_analogies(embedding, questions)
    for _, a, b, c, answer, found, rank, error in answered.itertuples(index=False, name=None):
        wanted = unit[b] - unit[a] + unit[c]
        score = {name: wanted @ unit[name] for name in unit if name not in (a, b, c)}
        assert found == max(score, key=score.get)
        assert rank == sum(other > score[answer] for other in score.values())
        sides = np.linalg.norm(unit[b] - unit[a]) + np.linalg.norm(unit[answer] - unit[c])
        assert error == pytest.approx(2 * np.linalg.norm(wanted - unit[answer]) / sides, rel=1e-4)
    assert 0 < answered["rank"].mean() < 12


def test_case_is_ignored_and_unknown_questions_are_left_out():
    embedding = Embedding(np.eye(5), ["Athens", "greece", "Oslo", "norway", "ATHENS"])
    rows = [("s", "athens", "Greece", "oslo", "Norway"), ("s", "athens", "greece", "paris", "france")]
    found = analogy_accuracy(embedding, pd.DataFrame(rows, columns=COLUMNS))
    assert (found["n_known"]["all"], found["share_known"]["s"]) == (1, 0.5)


def test_an_answer_that_is_part_of_the_question_is_wrong():
    embedding, _ = planted(5)
    answered = answer_analogies(embedding, pd.DataFrame([("s", "a1", "b1", "a2", "a2")], columns=COLUMNS))
    assert answered["rank"][0] == 9


def test_vectors_that_are_all_alike_answer_nothing():
    embedding = Embedding(np.ones((6, 3)), list("abcdef"))
    answered = answer_analogies(embedding, pd.DataFrame([("s", *"abcd")], columns=COLUMNS))
    assert answered["rank"][0] == 2  # of three equal ones the last
    assert answered["parallelogram_error"][0] == 0


def test_unknown_questions_are_refused_with_a_near_miss():
    embedding, questions = planted(5)
    with pytest.raises(KeyError, match=r"None of 20 questions has .*No name 'a0x' among 10\. Did you mean 'a0'"):
        answer_analogies(
            embedding,
            questions.replace("a0", "a0x")[["section", "a", "b", "c", "answer"]][:4].assign(a="a0x").iloc[[0] * 20],
        )


def test_similarity_is_that_of_people_or_of_chance():
    rng = np.random.default_rng(0)
    embedding = Embedding(rng.normal(size=(60, 8)), [f"Word{i}" for i in range(60)])
    first, second = rng.integers(60, size=(2, 300))
    unit = embedding.unit_vectors()
    score = 5 + 5 * np.sum(unit[first] * unit[second], axis=1) ** 3
    pairs = pd.DataFrame({"first": [f"word{i}" for i in first], "second": [f"word{i}" for i in second], "score": score})
    pairs.loc[len(pairs)] = ["word1", "unheard", 3.0]
    found = human_similarity(embedding, pairs)
    assert found["spearman"] == pytest.approx(1)
    assert (found["n_known"], found["share_known"]) == (300, 300 / 301)
    distinct = pairs[pairs["first"] != pairs["second"]]
    null = human_similarity(embedding.shuffled(), distinct)
    assert abs(null["spearman"] - null["null_mean"]) < 4 * null["null_std"] < 0.6
    with pytest.raises(ValueError, match="0 of 1 pairs have both names in the embedding, expected at least 3"):
        human_similarity(embedding, pairs.tail(1))


def test_known_pairs_are_the_pairs_of_a_section_each_once():
    embedding, questions = planted(4)
    questions = pd.concat([questions, questions.assign(section="other", a="unheard")])
    found = known_pairs(embedding, questions, "s")
    assert list(found.itertuples(index=False, name=None)) == [(f"a{k}", f"b{k}") for k in range(4)]
    with pytest.raises(ValueError, match=r"Unknown section 't', expected one of: s, other"):
        known_pairs(embedding, questions, "t")
    with pytest.raises(ValueError, match="other: 0 pairs have both names in the embedding, expected at least 2"):
        known_pairs(embedding, questions, "other")


def test_steps_agree_where_they_are_planted():
    embedding, questions = planted(30, 16)
    pairs = known_pairs(embedding, questions, "s")
    agreement, null = offset_agreement(embedding, pairs)
    unit = embedding.unit_vectors()
    steps = [unit[k + 30] - unit[k] for k in range(30)]
    cosines = [a @ b / np.sqrt(a @ a * (b @ b)) for i, a in enumerate(steps) for b in steps[:i]]
    assert agreement == pytest.approx(np.mean(cosines), abs=1e-5)
    assert agreement > 0.5 > 0.2 > null
    assert offset_agreement(embedding.shuffled(), pairs)[0] == pytest.approx(0, abs=0.1)
