"""SkipGram: vectors of words, learnt so that a word tells which words stand near it."""

import tempfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from research_lib.checks import check_choice, check_integers, check_numbers, check_type
from research_lib.containers.corpus import END, Corpus, pairs_within
from research_lib.containers.embedding import Embedding
from research_lib.models.losses import softmax_nll
from research_lib.models.saving import Saved
from research_lib.models.training import pick_device, train
from research_lib.models.words.negative_sampling import Noise, descend, kept_shares, thinned_blocks

LOSSES = ("negative sampling", "softmax")
LAST_RATE = 0.004  # of the learning rate of negative sampling is left at the end


@dataclass(eq=False, repr=False, kw_only=True)
class SkipGram(Saved):
    """Two tables of word vectors: a word as centre should score high with the words near it, its context.

    ``"negative sampling"`` tells every pair from `n_negatives` made-up ones. Its time grows with the text, whatever
    the vocabulary, and it is the one to use. It takes a step for every word, on one processor, so the same seed gives
    the same vectors. ``"softmax"`` is the model as first written down: the centre, a one-hot vector, picks its row of
    the input table (the hidden layer), whose product with the output table gives a probability for every word of the
    vocabulary. It suits small vocabularies.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    window : int
        At most so many words to each side count as context: 5 is a window of eleven words. Each word's reach is drawn
        from 1 to `window`, so near words count more.
    loss : {"negative sampling", "softmax"}
        What is minimised.
    n_negatives : int
        Made-up pairs per pair, drawn in proportion to the words' counts to the power 0.75. All centres of one context
        word share them.
    subsample : float
        Words that make up more than about this share of the text are left out at random, common ones more often; 0
        keeps all.
    min_count : int
        Words that occur less often are left out before windows are laid.
    epochs : int
        Passes over the text.
    learning_rate : float, optional
        At the start; it falls evenly to nothing. By default 0.025 (plain gradient descent), and for ``"softmax"`` 0.01
        (Adam).
    batch_size : int
        Pairs per step of ``"softmax"``.
    random_state : int, optional
        Seed: the same seed gives the same vectors.
    verbose : int
        0 is silent, 1 shows a progress bar.
    device : str, optional
        Where ``"softmax"`` runs, as torch names it; by default CUDA if there is one, else the CPU. Negative sampling
        runs on the CPU.

    Attributes
    ----------
    embedding_ : Embedding
        Vectors of the words as centres, commonest first; metadata has ``count``.
    context_embedding_ : Embedding
        Their vectors as contexts.
    history_ : DataFrame
        Columns ``epoch``, ``loss`` (mean over pairs), ``seconds``.

    References
    ----------
    T. Mikolov et al., "Efficient Estimation of Word Vectors in Vector Space", ICLR 2013 (skip-gram).
    T. Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013
    (negative sampling, subsampling).
    S. Ji et al., "Parallelizing Word2Vec in Shared and Distributed Memory", IEEE TPDS 2019 (shared negatives).
    """

    n_dims: int = 100
    window: int = 5
    loss: str = "negative sampling"
    n_negatives: int = 5
    subsample: float = 1e-3
    min_count: int = 5
    epochs: int = 15
    learning_rate: float | None = None
    batch_size: int = 1024
    random_state: int | None = None
    verbose: int = 0
    device: str | None = None

    def fit(self, corpus: Corpus) -> Self:
        """Learn from a text.

        The documents are read twice, to count and to number the words. The numbers lie in a temporary file, so neither
        they nor the text need fit into memory.

        Parameters
        ----------
        corpus : Corpus
            No window crosses the end of a document.

        Raises
        ------
        ValueError
            If a parameter is out of its range, the corpus is empty, fewer than two words are common enough, or the
            window is longer than every document.
        """
        check_type(corpus, Corpus, "fit", "Corpus.from_texts")
        self._check()
        counts = self._vocabulary(corpus)
        words = self._numbered(corpus, counts.index)
        learn = self._by_softmax if self.loss == "softmax" else self._by_negative_sampling
        inputs, outputs = learn(words, counts.to_numpy(), np.random.default_rng(self.random_state))
        names, metadata = counts.index.to_numpy(), counts.to_frame().reset_index(drop=True)
        self.embedding_ = Embedding(inputs, names, metadata)
        self.context_embedding_ = Embedding(outputs, names, metadata)
        return self

    def _check(self) -> None:
        check_choice("loss", self.loss, LOSSES)
        check_integers(1, n_dims=self.n_dims, window=self.window, n_negatives=self.n_negatives)
        check_integers(1, min_count=self.min_count, epochs=self.epochs, batch_size=self.batch_size)
        check_numbers(least=0, subsample=self.subsample)
        if self.learning_rate is not None:
            check_numbers(above=0, learning_rate=self.learning_rate)

    def kept_shares(self, counts: np.ndarray) -> np.ndarray:
        """Share of each word's occurrences that `subsample` leaves in, by the counts of all words, both (n_words,)."""
        return kept_shares(counts, self.subsample)

    def _vocabulary(self, corpus: Corpus) -> pd.Series:
        """Counts of the words that are common enough, commonest first."""
        counts = corpus.word_counts()
        known = counts[counts >= self.min_count]
        if len(known) < 2:
            raise ValueError(
                f"{corpus.source}: min_count={self.min_count} leaves {len(known)} of {len(counts):,} words, expected "
                f"at least 2; the commonest, {counts.index[0]!r}, occurs {counts.iloc[0]:,} times."
            )
        return known

    def _numbered(self, corpus: Corpus, vocabulary: pd.Index) -> np.ndarray:
        """The text as positions in the vocabulary, int32, END after every document; unknown words are left out."""
        position = {word: number for number, word in enumerate(vocabulary)}
        longest = 0
        with tempfile.TemporaryFile() as file:
            for document in corpus:
                numbers = array("i", [position[word] for word in document if word in position])
                longest = max(longest, len(numbers))
                numbers.append(END)
                numbers.tofile(file)
            if self.window >= longest:
                raise ValueError(
                    f"{corpus.source}: window is {self.window} words to each side, but the longest document has "
                    f"{longest} known words, expected less."
                )
            file.flush()
            return np.memmap(file, dtype=np.int32, mode="r")

    def _by_negative_sampling(
        self, words: np.ndarray, counts: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Learn both tables.

        Parameters
        ----------
        words : ndarray of int32, shape (n,)
            The text as numbers of words, with `END` after every document; it may lie in a file.
        counts : ndarray of int, shape (n_words,)
            How often each word occurs.

        Returns
        -------
        inputs, outputs : ndarray of float32, shape (n_words, n_dims)
            Vectors of the words as centres and as contexts.
        """
        inputs = (rng.random((len(counts), self.n_dims), dtype=np.float32) - np.float32(0.5)) / np.float32(self.n_dims)
        outputs = np.zeros_like(inputs)
        noise, n_steps, n_read = Noise(counts), self.epochs * len(words), 0

        def batches() -> Iterator[tuple]:
            """Words, how far each reaches, its negatives, and the learning rate from the first word to the last."""
            nonlocal n_read
            for block, n in thinned_blocks(words, counts, self.subsample, rng):
                rates = [
                    (self.learning_rate or 0.025) * max(LAST_RATE, 1 - read / n_steps) for read in (n_read, n_read + n)
                ]
                n_read += n
                reach = rng.integers(1, self.window, len(block), endpoint=True)
                yield block, reach, noise.draw((len(block), self.n_negatives), rng), *rates

        def loss(batch: tuple) -> Tensor:
            total, n_pairs = descend(inputs, outputs, *batch)
            return torch.tensor(total / max(n_pairs, 1))

        self.history_ = train(loss, batches, epochs=self.epochs, verbose=self.verbose)
        return inputs, outputs

    def _by_softmax(
        self, words: np.ndarray, counts: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Learn both tables under the softmax over all words; otherwise as `_by_negative_sampling`."""
        device = pick_device(self.device)
        start = torch.from_numpy(rng.normal(0, 0.1, size=(2, len(counts), self.n_dims)).astype(np.float32)).to(device)
        inputs, outputs = (table.clone().requires_grad_() for table in start)
        optimizer = torch.optim.Adam([inputs, outputs], lr=self.learning_rate or 0.01)
        n_steps, n_read = self.epochs * len(words), 0
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: max(0.01, 1 - n_read / n_steps))

        def batches() -> Iterator[tuple[Tensor, Tensor]]:
            nonlocal n_read
            for block, n in thinned_blocks(words, counts, self.subsample, rng):
                reach = rng.integers(1, self.window, len(block), endpoint=True)
                centre, context = pairs_within(block.astype(np.int64), reach)
                order = rng.permutation(len(centre))
                for k in range(0, len(order), self.batch_size):
                    some = order[k : k + self.batch_size]
                    yield torch.from_numpy(centre[some]).to(device), torch.from_numpy(context[some]).to(device)
                n_read += n

        def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
            centre, context = batch
            distinct, row = centre.unique(return_inverse=True)  # a row of logits per word, not per pair
            return softmax_nll(inputs[distinct] @ outputs.T, row, context).mean()

        self.history_ = train(loss, batches, optimizer, epochs=self.epochs, schedule=schedule, verbose=self.verbose)
        return inputs.detach().cpu().numpy(), outputs.detach().cpu().numpy()
