"""Negative sampling for skip-gram: the text in blocks, draws of noise, and a compiled step for every word."""

import math
from collections.abc import Iterator

import numpy as np

from research_lib.containers.corpus import END
from research_lib.models.compiled import compiled

PIECE_WORDS = 1000  # of the text, in its order; the pieces come in random order
BLOCK_PIECES = 64  # drawn for and learnt from at a time


def thinned_blocks(
    words: np.ndarray, counts: np.ndarray, subsample: float, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, int]]:
    """The text once, in blocks, without some of its frequent words; beside each block how many words it had before.

    The text is cut into pieces that come in random order: it is about one thing here and another there, and what comes
    last would count most.

    Parameters
    ----------
    words : ndarray of int32, shape (n,)
        The text as numbers of words, with `END` after every document; it may lie in a file.
    counts : ndarray of int, shape (n_words,)
        How often each word occurs.
    """
    kept_share = np.append(kept_shares(counts, subsample), 1)  # the last is that of END
    starts = rng.permutation(np.arange(0, len(words), PIECE_WORDS))
    for k in range(0, len(starts), BLOCK_PIECES):
        pieces = [words[start : start + PIECE_WORDS] for start in starts[k : k + BLOCK_PIECES]]
        block = np.concatenate([part for piece in pieces for part in (piece, [END])], dtype=np.int32)
        yield block[rng.random(len(block)) < kept_share[block]], sum(len(piece) for piece in pieces)


def kept_shares(counts: np.ndarray, subsample: float) -> np.ndarray:
    """Share of a word's occurrences that is learnt from, shape (n_words,).

    A word that makes up the share f of the text is kept with probability ``sqrt(s / f) + s / f``, where s is
    `subsample`. That is the formula of word2vec's own program, which differs from its paper.
    """
    if not subsample:
        return np.ones(len(counts))
    ratio = subsample * counts.sum() / counts
    return np.minimum(1, np.sqrt(ratio) + ratio)


class Noise:
    """Draws words in proportion to their counts to the power 0.75.

    Parameters
    ----------
    counts : ndarray of int, shape (n_words,)
        How often each word occurs.
    """

    def __init__(self, counts: np.ndarray, power: float = 0.75):
        self._edges = np.cumsum(counts**power)
        self._edges /= self._edges[-1]
        n_steps = 4 * len(counts)
        # The search for a value begins at the first word whose edge is beyond the start of the value's step.
        self._first = np.searchsorted(self._edges, np.arange(n_steps) / n_steps, side="right").astype(np.int32)

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        """Numbers of words, int32 of the given shape."""
        return _look_up(self._edges, self._first, rng.random(math.prod(shape))).reshape(shape)


@compiled(nogil=True)
def _look_up(edges, first, values):
    """The first word whose edge is beyond each value."""
    found = np.empty(len(values), np.int32)
    for i in range(len(values)):
        word = first[int(values[i] * len(first))]
        while edges[word] <= values[i]:
            word += 1
        found[i] = word
    return found


# A step is three small matrix products, written out as loops so that the compiler makes the most of each:
# - The innermost loops run along the dimensions of a row, with plain indexing, so they become vector instructions.
#   For that, sums may be taken in any order (fastmath), and the number of a row (`word`) is looked up before the loop.
# - They take three rows at once, so that a number that was read from memory is used three times. If the number of rows
#   is no multiple of three, the last one or two of a triple are padding with a push of zero, which changes nothing.
# The tests have the same step written out pair by pair; the two agree to 1e-9.
@compiled(nogil=True, fastmath=True, error_model="numpy")
def descend(inputs, outputs, words, reach, negatives, first_rate, last_rate):
    """One step of gradient descent for every word of a text, in place.

    The step of a word takes the pairs of all centres within its reach with the word as their context, and the same
    negatives for each of them. For a pair with centre vector u, context vector v and negative vectors n the loss is
    ``-log sigmoid(u·v) - sum(log sigmoid(-u·n))``; the step is along the gradient of the sum over the pairs. A negative
    that is the context itself does not count.

    Parameters
    ----------
    inputs, outputs : ndarray of float, shape (n_words, n_dims)
        Vectors of centres and of contexts.
    words : ndarray of int, shape (n,)
        The text, negative after every document.
    reach : ndarray of int, shape (n,)
        How many words to each side of a word are its centres.
    negatives : ndarray of int, shape (n, n_negatives)
        For every word.
    first_rate, last_rate : float
        The learning rate starts at the one and moves evenly towards the other.

    Returns
    -------
    loss : float
        Sum over the pairs, each before its step.
    n_pairs : int
        How many pairs there were.
    """
    n, n_dims, n_negatives = len(words), inputs.shape[1], negatives.shape[1]
    number = inputs.dtype.type
    most = 0
    for i in range(n):
        most = max(most, reach[i])
    centre = np.empty(2 * most, np.int64)
    column = np.empty(n_negatives + 1, np.int64)  # the word and its negatives
    # Rows come in threes: those beyond the last are pushed by zero.
    u = np.zeros((2 * most + 2, n_dims), inputs.dtype)
    v = np.zeros((n_negatives + 3, n_dims), inputs.dtype)
    push = np.zeros((2 * most + 2, n_negatives + 3), inputs.dtype)
    loss, n_pairs = 0.0, 0
    for i in range(n):
        if words[i] < 0:
            continue
        n_centres = 0
        for direction in (-1, 1):
            for distance in range(1, reach[i] + 1):
                j = i + direction * distance
                if j < 0 or j >= n or words[j] < 0:
                    break
                centre[n_centres] = words[j]
                n_centres += 1
        if n_centres == 0:
            continue
        n_pairs += n_centres
        rate = number(first_rate + (last_rate - first_rate) * i / n)

        column[0], n_columns = words[i], 1
        for a in range(n_negatives):
            if negatives[i, a] != words[i]:
                column[n_columns] = negatives[i, a]
                n_columns += 1
        for a in range(n_columns):
            word = column[a]
            for d in range(n_dims):
                v[a, d] = outputs[word, d]
        for c in range(n_centres):
            word = centre[c]
            for d in range(n_dims):
                u[c, d] = inputs[word, d]

        for c in range(n_centres):
            for a in range(0, n_columns, 3):
                score0, score1, score2 = number(0), number(0), number(0)
                for d in range(n_dims):
                    score0 += u[c, d] * v[a, d]
                    score1 += u[c, d] * v[a + 1, d]
                    score2 += u[c, d] * v[a + 2, d]
                push[c, a], push[c, a + 1], push[c, a + 2] = score0, score1, score2
            product = 1.0  # of 1 + exp(-|score|), whose logarithm is the rest of the loss
            for a in range(n_columns):
                wrong = -push[c, a] if a == 0 else push[c, a]  # the score, signed so that it should be low
                small = number(math.exp(-abs(wrong)))
                loss += max(wrong, 0)
                product *= 1 + small
                slope = (1 if wrong > 0 else small) / (1 + small)  # sigmoid
                push[c, a] = rate * (slope if a == 0 else -slope)
            loss += math.log(product)
            for a in range(n_columns, n_negatives + 3):
                push[c, a] = 0
        for c in range(n_centres, n_centres + 2):
            for a in range(n_columns):
                push[c, a] = 0

        for c in range(n_centres):
            word = centre[c]
            for a in range(0, n_columns, 3):
                push0, push1, push2 = push[c, a], push[c, a + 1], push[c, a + 2]
                for d in range(n_dims):
                    inputs[word, d] += push0 * v[a, d] + push1 * v[a + 1, d] + push2 * v[a + 2, d]
        for a in range(n_columns):
            word = column[a]
            for c in range(0, n_centres, 3):
                push0, push1, push2 = push[c, a], push[c + 1, a], push[c + 2, a]
                for d in range(n_dims):
                    outputs[word, d] += push0 * u[c, d] + push1 * u[c + 1, d] + push2 * u[c + 2, d]
    return loss, n_pairs
