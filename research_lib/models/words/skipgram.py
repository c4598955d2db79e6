"""SkipGram: vectors of words, learnt so that a word tells which words stand near it."""

import tempfile
from array import array
from collections.abc import Iterator
from typing import Self

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from torch import Tensor

from research_lib.containers.corpus import END, Corpus, pairs_within
from research_lib.containers.embedding import Embedding
from research_lib.models.losses import softmax_nll
from research_lib.models.training import pick_device, train
from research_lib.models.words.negative_sampling import fit_negative_sampling, thinned_blocks

LOSSES = ("negative sampling", "softmax")


class SkipGram(BaseEstimator):
    """Two tables of word vectors: a word as centre is to score high with the words near it, its context.

    ``"negative sampling"`` tells every pair from `n_negatives` made-up ones; it needs time in proportion to the text,
    whatever the vocabulary, and is the one to use. It takes a step for every word, on one processor, so the same seed
    gives the same vectors. ``"softmax"`` is the model as first written down: the centre, a one-hot vector, picks its
    row of the input table (the hidden layer), whose product with the output table gives a probability for every word of
    the vocabulary. It suits small vocabularies.

    Parameters
    ----------
    n_dims : int
        Length of the vectors.
    window : int
        How many words to each side count as context at most: 5 is a window of eleven words. For every word the reach is
        drawn from 1 to `window`, so near words count more.
    loss : {"negative sampling", "softmax"}
        What is minimised.
    n_negatives : int
        Made-up pairs for each pair, drawn in proportion to the words' counts to the power 0.75. All centres of one
        context word share them.
    subsample : float
        Words that make up more than about this share of the text are left out at random, the commoner the more often;
        0 keeps all.
    min_count : int
        Words that occur less often are left out, before windows are laid.
    epochs : int
        Passes over the text.
    learning_rate : float, optional
        Falls evenly to nothing. By default 0.025, of plain gradient descent, and for ``"softmax"`` 0.01, of Adam.
    batch_size : int
        Pairs a step of ``"softmax"``.
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
        Columns ``epoch``, ``loss`` (mean of a pair), ``seconds``.

    References
    ----------
    T. Mikolov et al., "Efficient Estimation of Word Vectors in Vector Space", ICLR 2013 (skip-gram).
    T. Mikolov et al., "Distributed Representations of Words and Phrases and their Compositionality", NIPS 2013
    (negative sampling, subsampling).
    S. Ji et al., "Parallelizing Word2Vec in Shared and Distributed Memory", IEEE TPDS 2019 (shared negatives).
    """

    def __init__(
        self,
        n_dims: int = 100,
        window: int = 5,
        *,
        loss: str = "negative sampling",
        n_negatives: int = 5,
        subsample: float = 1e-3,
        min_count: int = 5,
        epochs: int = 15,
        learning_rate: float | None = None,
        batch_size: int = 1024,
        random_state: int | None = None,
        verbose: int = 0,
        device: str | None = None,
    ):
        self.n_dims = n_dims
        self.window = window
        self.loss = loss
        self.n_negatives = n_negatives
        self.subsample = subsample
        self.min_count = min_count
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.random_state = random_state
        self.verbose = verbose
        self.device = device

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
        self._check(corpus)
        counts = self._vocabulary(corpus)
        words = self._numbered(corpus, counts.index)
        common = {
            "n_dims": self.n_dims,
            "window": self.window,
            "subsample": self.subsample,
            "epochs": self.epochs,
            "verbose": self.verbose,
            "rng": np.random.default_rng(self.random_state),
        }
        if self.loss == "softmax":
            inputs, outputs, self.history_ = fit_softmax(
                words,
                counts.to_numpy(),
                learning_rate=self.learning_rate or 0.01,
                batch_size=self.batch_size,
                device=pick_device(self.device),
                **common,
            )
        else:
            inputs, outputs, self.history_ = fit_negative_sampling(
                words,
                counts.to_numpy(),
                learning_rate=self.learning_rate or 0.025,
                n_negatives=self.n_negatives,
                **common,
            )
        metadata = counts.to_frame().reset_index(drop=True)
        self.embedding_ = Embedding(inputs, counts.index, metadata)
        self.context_embedding_ = Embedding(outputs, counts.index, metadata)
        return self

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

    def _check(self, corpus: Corpus) -> None:
        if not isinstance(corpus, Corpus):
            raise TypeError(f"fit takes a Corpus, not {type(corpus).__name__}; see Corpus and Corpus.from_texts.")
        if self.loss not in LOSSES:
            raise ValueError(f"Unknown loss {self.loss!r}, expected one of: {', '.join(LOSSES)}.")
        for name in ("n_dims", "window", "n_negatives", "min_count", "epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least 1.")
        if self.learning_rate is not None and self.learning_rate <= 0:
            raise ValueError(f"learning_rate is {self.learning_rate}, expected a positive number.")
        if self.subsample < 0:
            raise ValueError(f"subsample is {self.subsample}, expected 0 or a positive share such as 0.001.")


def fit_softmax(
    words: np.ndarray,
    counts: np.ndarray,
    *,
    n_dims: int,
    window: int,
    subsample: float,
    learning_rate: float,
    batch_size: int,
    epochs: int,
    verbose: int,
    rng: np.random.Generator,
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Learn both tables under the softmax over all words; otherwise as `fit_negative_sampling`."""
    start = torch.from_numpy(rng.normal(0, 0.1, size=(2, len(counts), n_dims)).astype(np.float32)).to(device)
    inputs, outputs = (table.clone().requires_grad_() for table in start)
    optimizer = torch.optim.Adam([inputs, outputs], lr=learning_rate)
    n_read = 0
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda _: max(0.01, 1 - n_read / (epochs * len(words))))

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        nonlocal n_read
        for block, n in thinned_blocks(words, counts, subsample, rng):
            reach = rng.integers(1, window, len(block), endpoint=True)
            centre, context = pairs_within(block.astype(np.int64), reach)
            order = rng.permutation(len(centre))
            for k in range(0, len(order), batch_size):
                some = order[k : k + batch_size]
                yield torch.from_numpy(centre[some]).to(device), torch.from_numpy(context[some]).to(device)
            n_read += n

    def loss(batch: tuple[Tensor, Tensor]) -> Tensor:
        centre, context = batch
        distinct, row = centre.unique(return_inverse=True)  # a row of logits a word, not a pair
        return softmax_nll(inputs[distinct] @ outputs.T, row, context).mean()

    history = train(loss, batches, optimizer, epochs=epochs, schedule=schedule, verbose=verbose)
    return inputs.detach().cpu().numpy(), outputs.detach().cpu().numpy(), history
