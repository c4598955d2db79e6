import pytest
import torch

from research_lib.models.training import pick_device, train


def losses_of(*epochs: list[float]):
    """A step that returns the losses that were planned, two batches an epoch."""
    planned = iter(torch.tensor(epochs).flatten())
    return lambda batch: next(planned), lambda: iter(range(2))


def test_history_is_the_mean_of_every_epoch():
    history = train(*losses_of([4.0, 2.0], [2.0, 1.0]), epochs=2)
    assert history["epoch"].tolist() == [1, 2]
    assert history["loss"].tolist() == [3.0, 1.5]
    assert history["seconds"].is_monotonic_increasing


def test_patience_counts_from_the_best_epoch():
    planned = [[3.0, 3.0], [1.0, 1.0], [2.0, 2.0], [1.5, 1.5], [0.5, 0.5]]
    assert len(train(*losses_of(*planned), epochs=5, patience=2)) == 4
    assert len(train(*losses_of(*planned), epochs=5, patience=3)) == 5
    assert len(train(*losses_of(*planned), epochs=5)) == 5  # off by default


def test_a_loss_that_is_no_number_stops():
    with pytest.raises(FloatingPointError, match="The loss is nan in epoch 2"):
        train(*losses_of([1.0, 1.0], [1.0, float("nan")]), epochs=3)


def test_the_bar_shows_only_when_asked(capfd):
    train(*losses_of([1.0, 1.0]), epochs=1)
    assert capfd.readouterr().err == ""
    train(*losses_of([1.0, 1.0]), epochs=1, verbose=1)
    assert "loss=1.0000" in capfd.readouterr().err


def test_a_device_can_be_named():
    assert pick_device("cpu").type == "cpu"
    assert pick_device(None).type == ("cuda" if torch.cuda.is_available() else "cpu")
