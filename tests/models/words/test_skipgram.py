import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F
from sklearn.base import clone

from research_lib.containers.corpus import END, Corpus, pairs_within
from research_lib.datasets import load
from research_lib.datasets.synthetic.grammar import planted_analogies, planted_grammar
from research_lib.measures.words import analogy_accuracy, human_similarity
from research_lib.models.words.negative_sampling import (
    BLOCK_PIECES,
    PIECE_WORDS,
    Noise,
    descend,
    kept_shares,
    thinned_blocks,
)
from research_lib.models.words.skipgram import SkipGram

CAT = ["the", "fat", "cat", "sat", "on", "the", "mat"]
PLANTED = SkipGram(n_dims=32, window=8, subsample=0, epochs=10, random_state=0)


def text(n=60, n_words=12, n_negatives=4, dtype=np.float64, seed=0):
    """Two tables, a text of short documents, and what chance decides about it: many words meet themselves."""
    rng = np.random.default_rng(seed)
    inputs, outputs = rng.normal(0, 0.5, size=(2, n_words, 7)).astype(dtype)
    words = rng.integers(n_words, size=n).astype(np.int32)
    words[rng.random(n) < 0.1] = END
    reach, negatives = rng.integers(1, 4, size=n), rng.integers(n_words, size=(n, n_negatives))
    return inputs, outputs, words, reach, negatives.astype(np.int32)


def loop_oracle(inputs, outputs, words, reach, negatives, first_rate, last_rate):
    """Word by word, pair by pair, dimension by dimension."""
    sigmoid = lambda score: 1 / (1 + np.exp(-score))  # noqa: E731
    loss, n_pairs, n = 0.0, 0, len(words)
    for i, word in enumerate(words):
        if word == END:
            continue
        rate = first_rate + (last_rate - first_rate) * i / n
        of_inputs, of_outputs = np.zeros_like(inputs), np.zeros_like(outputs)
        for j in range(n):
            between = words[min(i, j) : max(i, j) + 1]
            if j == i or abs(j - i) > reach[i] or END in between:
                continue
            n_pairs += 1
            for column, label in [(word, 1), *((negative, 0) for negative in negatives[i] if negative != word)]:
                score = sum(inputs[words[j], d] * outputs[column, d] for d in range(inputs.shape[1]))
                loss -= np.log(sigmoid(score if label else -score))
                for d in range(inputs.shape[1]):
                    of_inputs[words[j], d] += (sigmoid(score) - label) * outputs[column, d]
                    of_outputs[column, d] += (sigmoid(score) - label) * inputs[words[j], d]
        inputs -= rate * of_inputs
        outputs -= rate * of_outputs
    return loss, n_pairs


@pytest.mark.parametrize("n_negatives", [1, 2, 3, 5, 8])
def test_loss_and_steps_are_those_of_the_loops(n_negatives):
    inputs, outputs, *batch = text(n_negatives=n_negatives)
    expected_inputs, expected_outputs = inputs.copy(), outputs.copy()
    expected = loop_oracle(expected_inputs, expected_outputs, *batch, 0.3, 0.1)
    untouched = inputs.copy()
    loss, n_pairs = descend(inputs, outputs, *batch, 0.3, 0.1)
    assert (loss, n_pairs) == (pytest.approx(expected[0], rel=1e-9), expected[1])
    np.testing.assert_allclose(inputs, expected_inputs, atol=1e-9)
    np.testing.assert_allclose(outputs, expected_outputs, atol=1e-9)
    assert np.abs(inputs - untouched).max() > 0.1  # there is something to get wrong


def test_single_precision_stays_close():
    single, double = text(dtype=np.float32), text()
    losses = [descend(*tables, 0.3, 0.1)[0] for tables in (single, double)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    np.testing.assert_allclose(single[0], double[0], atol=1e-5)


def test_a_step_is_along_the_gradient_of_the_loss():
    inputs, outputs, *_ = text()
    words, reach, negatives = (
        np.array([3, 5, 3, 7], dtype=np.int32),
        np.array([0, 2, 0, 0]),
        np.array([[0] * 3, [2, 2, 5]] + [[0] * 3] * 2, dtype=np.int32),
    )
    leaves = [torch.tensor(table, requires_grad=True) for table in (inputs, outputs)]
    u, v = leaves[0][[3, 3, 7]], leaves[1]
    loss = -F.logsigmoid(u @ v[5]).sum() - 2 * F.logsigmoid(-u @ v[2]).sum()  # 5 is its own negative: left out
    loss.backward()
    before = inputs.copy(), outputs.copy()
    found, n_pairs = descend(inputs, outputs, words, reach, negatives, 0.5, 0.5)
    assert (found, n_pairs) == (pytest.approx(loss.item(), abs=1e-9), 3)
    np.testing.assert_allclose((before[0] - inputs) / 0.5, leaves[0].grad, atol=1e-9)
    np.testing.assert_allclose((before[1] - outputs) / 0.5, leaves[1].grad, atol=1e-9)


def test_scores_far_from_zero_stay_finite():
    inputs, outputs, *batch = text()
    loss, _ = descend(40 * inputs, -40 * outputs, *batch, 0.0, 0.0)
    assert np.isfinite(loss)


def test_pairs_are_those_of_a_double_loop():
    _, _, words, reach, _ = text(200)
    expected = []
    for i in range(len(words)):
        for j in range(len(words)):
            if i != j and abs(i - j) <= reach[i] and END not in words[min(i, j) : max(i, j) + 1]:
                expected.append((words[j], words[i]))
    assert sorted(zip(*pairs_within(words, reach), strict=True)) == sorted(expected)
    assert descend(*text(200)[:2], words, reach, text(200)[4], 0.0, 0.0)[1] == len(expected)


def test_noise_comes_as_often_as_it_should():
    counts = np.array([1000, 300, 1, 1, 50, 0, 7])
    drawn = Noise(counts).draw((200_000, 2), np.random.default_rng(0))
    assert drawn.shape == (200_000, 2)
    share = np.bincount(drawn.ravel(), minlength=len(counts)) / drawn.size
    expected = counts**0.75 / (counts**0.75).sum()
    np.testing.assert_allclose(share, expected, atol=5 * np.sqrt(0.25 / drawn.size))
    assert share[5] == 0 < share[2]


def test_frequent_words_are_thinned_out_as_in_word2vec():
    counts = np.array([9000, 900, 90, 10])
    share = counts / counts.sum()
    np.testing.assert_allclose(kept_shares(counts, 0.01), np.minimum(1, (np.sqrt(share / 0.01) + 1) * 0.01 / share))
    np.testing.assert_array_equal(kept_shares(counts, 0), 1)
    np.testing.assert_array_equal(kept_shares(counts, 1e-2)[2:], 1)


@pytest.mark.parametrize("loss", ["negative sampling", "softmax"])
def test_planted_analogies_are_found_and_shuffled_ones_are_not(loss):
    model = clone(PLANTED).set_params(loss=loss)
    n_sentences = 10_000 if loss == "negative sampling" else 2000
    learnt = model.fit(planted_grammar(n_sentences)).embedding_
    assert analogy_accuracy(learnt, planted_analogies())["accuracy"].min() >= 0.95
    broken = model.fit(planted_grammar(n_sentences, shuffled=True)).embedding_
    assert analogy_accuracy(broken, planted_analogies())["accuracy"].max() <= 0.05


def test_what_it_gives_is_named_and_counted():
    corpus = planted_grammar(300)
    model = SkipGram(n_dims=8, min_count=3, epochs=2, random_state=0).fit(corpus)
    counts = corpus.word_counts()
    assert list(model.embedding_.names) == list(counts.index[counts >= 3])
    assert list(model.embedding_.metadata["count"]) == list(counts[counts >= 3])
    assert model.embedding_.vectors.shape == model.context_embedding_.vectors.shape == ((counts >= 3).sum(), 8)
    assert list(model.history_.columns) == ["epoch", "loss", "seconds"]
    assert list(model.history_["epoch"]) == [1, 2]


@pytest.mark.parametrize("loss", ["negative sampling", "softmax"])
def test_the_same_seed_gives_the_same_vectors_and_so_does_a_saved_model(loss, tmp_path):
    corpus = planted_grammar(300)
    first, again, other = (SkipGram(n_dims=8, loss=loss, epochs=2, random_state=seed).fit(corpus) for seed in (0, 0, 1))
    loaded = SkipGram.load(first.save(tmp_path / "words.safetensors"))
    assert loaded.get_params() == first.get_params() and loaded.history_.equals(first.history_)
    for model in (again, loaded):
        np.testing.assert_array_equal(model.embedding_.vectors, first.embedding_.vectors)
        np.testing.assert_array_equal(model.context_embedding_.vectors, first.context_embedding_.vectors)
        assert list(model.embedding_.names) == list(first.embedding_.names)
        assert model.embedding_.metadata.equals(first.embedding_.metadata)
    assert not np.array_equal(first.embedding_.vectors, other.embedding_.vectors)


def test_the_loss_falls_from_that_of_a_guess():
    history = (
        SkipGram(n_dims=16, epochs=8, subsample=0, learning_rate=0.05, random_state=0)
        .fit(planted_grammar(4000))
        .history_
    )
    assert history["loss"].is_monotonic_decreasing
    assert history["loss"].iloc[0] < 6 * np.log(2) + 0.01  # a pair and five negatives at a half each


def test_an_epoch_reads_all_pieces_of_the_text_once_in_any_order():
    words = np.arange(3 * PIECE_WORDS * BLOCK_PIECES // 2 + 7)
    blocks = list(thinned_blocks(words, np.ones(len(words)), 0, np.random.default_rng(0)))
    assert len(blocks) == 2
    assert sum(n for _, n in blocks) == len(words)
    text = np.concatenate([block for block, _ in blocks])
    ends = np.flatnonzero(text == END)
    pieces = [piece[piece != END] for piece in np.split(text, ends)]
    assert sorted(len(piece) for piece in pieces)[:3] == [0, 7, PIECE_WORDS]  # nothing is behind the last end
    assert all((np.diff(piece) == 1).all() for piece in pieces)
    assert not np.array_equal(text[text != END], words)
    np.testing.assert_array_equal(np.sort(text[text != END]), words)


def test_frequent_words_are_left_out_at_random():
    words = np.tile(np.repeat([0, 1], [990, 10]), 64)
    counts = np.bincount(words)
    (block, _), *_ = thinned_blocks(words, counts, 0.01, np.random.default_rng(0))
    kept = np.bincount(block[block != END])
    assert kept[0] == pytest.approx(counts[0] * kept_shares(counts, 0.01)[0], rel=0.05)
    assert kept[1] == counts[1]


def test_the_softmax_is_one_hot_times_two_matrices():
    words = ["a", "b", "c", "d", "e", "a", "f"]
    model = SkipGram(
        n_dims=4, window=1, loss="softmax", min_count=1, subsample=0, epochs=1, learning_rate=1e-12, random_state=0
    ).fit(Corpus([words]))
    losses = []
    for i in range(7):
        for j in (i - 1, i + 1):
            if 0 <= j < 7:
                one_hot = model.embedding_.names == words[j]
                hidden = one_hot @ model.embedding_.vectors
                scores = np.exp(model.context_embedding_.vectors @ hidden)
                losses.append(-np.log(scores[model.embedding_.position(words[i])] / scores.sum()))
    assert model.history_["loss"].iloc[0] == pytest.approx(np.mean(losses), abs=1e-6)


class Stream:
    """Documents that are made when they are asked for, and how often that was."""

    def __init__(self):
        self.n_readings = 0

    def __iter__(self):
        self.n_readings += 1
        return (list(document) for document in planted_grammar(300))


def test_a_stream_is_read_twice_and_gives_what_a_list_gives():
    stream = Stream()
    corpus = Corpus(stream)
    iterated = stream.n_readings
    streamed = SkipGram(n_dims=8, epochs=3, random_state=0).fit(corpus)
    assert stream.n_readings - iterated == 2
    listed = SkipGram(n_dims=8, epochs=3, random_state=0).fit(planted_grammar(300))
    np.testing.assert_array_equal(streamed.embedding_.vectors, listed.embedding_.vectors)


@pytest.mark.parametrize(
    ("documents", "options", "message"),
    [
        ([], {}, "memory: an empty corpus, expected at least one document with a word in it"),
        ([[], []], {}, "an empty corpus"),
        (
            [["one"] * 9],
            {},
            "min_count=5 leaves 1 of 1 words, expected at least 2; the commonest, 'one', occurs 9 times",
        ),
        ([CAT], {"min_count": 2}, "min_count=2 leaves 1 of 6 words, expected at least 2; the commonest, 'the'"),
        ([CAT], {"min_count": 1, "window": 7}, "window is 7 words to each side, but the longest document has 7 known"),
        ([CAT], {"n_dims": 0}, "n_dims is 0, expected a whole number of at least 1"),
        ([CAT], {"n_dims": 2.5}, "n_dims is 2.5"),
        ([CAT], {"epochs": None}, "epochs is None"),
        ([CAT], {"loss": "hinge"}, "Unknown loss 'hinge', expected one of: negative sampling, softmax"),
        ([CAT], {"learning_rate": -1}, "learning_rate is -1, expected a number above 0"),
        ([CAT], {"subsample": -0.1}, "subsample is -0.1"),
        ([CAT], {"subsample": np.nan}, "subsample is nan"),
    ],
)
def test_bad_input_gets_one_clear_message(documents, options, message):
    with pytest.raises(ValueError, match=message):
        SkipGram(**options).fit(Corpus(documents))


def test_what_is_not_a_corpus_is_refused():
    with pytest.raises(TypeError, match=r"fit takes Corpus, not list; see Corpus\.from_texts"):
        SkipGram().fit([CAT])


def test_an_unknown_word_gets_its_near_miss():
    learnt = SkipGram(n_dims=4, window=1, min_count=1, epochs=1, random_state=0).fit(Corpus([CAT])).embedding_
    with pytest.raises(KeyError, match=r"No name 'kat' among 6\. Did you mean 'sat'"):
        learnt["kat"]


def test_parameters_are_kept_as_given():
    parameters = SkipGram(random_state=3).get_params()
    assert SkipGram(**parameters).get_params() == parameters
    assert pd.Series(parameters).notna().sum() == len(parameters) - 2  # learning_rate and device choose for themselves


@pytest.mark.real("wiki-text", "word-tests")
def test_vectors_of_real_text_agree_with_people():
    learnt = SkipGram(random_state=0).fit(load("text", "wiki-text")).embedding_
    found = {
        name: human_similarity(learnt, load("similarities", "word-tests", name=name))
        for name in ("wordsim353", "simlex999")
    }
    assert found["wordsim353"]["spearman"] >= 0.48
    assert found["simlex999"]["spearman"] >= 0.22
    for test in found.values():  # chance is far from it
        assert abs(test["null_mean"]) + 4 * test["null_std"] < test["spearman"]
