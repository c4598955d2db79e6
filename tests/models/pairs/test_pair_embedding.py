import numpy as np
import pytest
from conftest import authors_as_written

from research_lib.datasets import load
from research_lib.datasets.synthetic.topics import checkerboard, planted_topics
from research_lib.measures.ranking import compare_recommenders
from research_lib.measures.splits import hold_out
from research_lib.models.pairs.pair_embedding import PairEmbedding


def test_the_scale_of_bce_is_learnt_and_mse_has_none():
    twin = planted_topics(n_rows=60, n_cols=40, n_topics=3)
    mse, bce = (
        PairEmbedding(n_dims=4, loss=loss, epochs=20, learning_rate=0.02, random_state=0).fit(twin)
        for loss in ("mse", "bce")
    )
    assert mse.calibration_ == (1, 0)
    assert bce.calibration_[0] > 1.1


def test_a_pair_that_is_listed_twice_counts_twice():
    board = checkerboard(8)
    often = board.with_pairs(np.concatenate([board.pairs, np.repeat(board.pairs[:1], 200, axis=0)]))
    row, col = board.pairs[0]
    recipe = {"n_dims": 4, "n_positive": 8, "learning_rate": 0.005, "random_state": 0}
    # As many steps for both: 200 more pairs are eight times as many.
    once, twice = (PairEmbedding(epochs=epochs, **recipe).fit(t) for epochs, t in ((82, board), (10, often)))
    assert twice.score_cols(np.array([row]))[0, col] > once.score_cols(np.array([row]))[0, col]


def test_an_unknown_loss_is_named():
    with pytest.raises(ValueError, match="Unknown loss 'hinge', expected one of: mse, bce"):
        PairEmbedding(loss="hinge").fit(checkerboard(4))


@pytest.mark.real("books-p15")
def test_the_tutorials_setting_reaches_the_keras_model():
    """The protocol of the published comparison, on Wikipedia's books."""
    train, held_out = hold_out(load("books", "books-p15", count="mentions"))
    models = {"mse": PairEmbedding(n_dims=50, epochs=150, random_state=0)}
    scores = compare_recommenders(models, train, held_out, labels=authors_as_written("books-p15"))
    hit, mrr, author = scores.loc["mse", ["hit@10", "MRR", "same label@10"]]
    assert hit >= 0.39 and author >= 0.44
    assert mrr == pytest.approx(0.208, abs=0.015)  # the same model, not a better one
