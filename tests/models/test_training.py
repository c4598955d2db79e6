import numpy as np
import pytest
import torch

from research_lib.models.training import check_layers, pick_device, train


def losses_of(*epochs: list[float]):
    """A loss that returns the losses that were planned, two batches an epoch."""
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


def parabola(keeps: bool = False, **options):
    """Descend on (x - 1)² by plain gradient steps of 0.25; gives the parameter and the history."""
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 4.0)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.25)
    options |= {"network": network} if keeps else {}
    history = train(lambda _: ((network.weight - 1) ** 2).squeeze(), lambda: range(2), optimizer, **options)
    return network, history


def test_every_batch_is_a_step_along_the_gradient():
    network, history = parabola(epochs=2)
    assert network.weight.item() == pytest.approx(1 + 3 / 2**4)  # each step halves the distance
    assert history["loss"].tolist() == pytest.approx([(9 + 9 / 4) / 2, (9 / 16 + 9 / 64) / 2])


def test_losses_of_members_are_minimised_together_and_told_as_their_mean():
    weights = torch.tensor([4.0, 2.0], requires_grad=True)
    optimizer = torch.optim.SGD([weights], lr=0.25)
    history = train(lambda _: (weights - 1) ** 2, lambda: range(1), optimizer, epochs=1)
    assert weights.tolist() == [2.5, 1.5]  # as each alone
    assert history["loss"].tolist() == [5.0]


def test_the_schedule_steps_after_every_batch():
    weight = torch.tensor(4.0, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=1.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    train(lambda _: weight, lambda: range(3), optimizer, schedule=schedule, epochs=1)
    assert weight.item() == 4 - 1 - 0.5 - 0.25


def test_a_validation_loss_that_is_no_number_stops():
    with pytest.raises(FloatingPointError, match="The validation loss is nan in epoch 1"):
        parabola(epochs=2, validate=lambda: float("nan"))


@pytest.mark.parametrize(("patience", "n_steps"), [(2, 4), (None, 10)])
def test_with_patience_the_best_parameters_are_kept_and_without_the_last(patience, n_steps):
    planned = iter([3.0, 1.0, 2.0, 2.0, 0.5])  # the second of five epochs is the best until patience ends
    network, history = parabola(epochs=5, keeps=True, patience=patience, validate=lambda: next(planned))
    assert list(history) == ["epoch", "loss", "seconds", "validation_loss"]
    assert network.weight.item() == pytest.approx(1 + 3 / 2**n_steps)  # two steps an epoch
    assert not network.training


def test_a_device_can_be_named():
    assert pick_device("cpu").type == "cpu"
    assert pick_device(None).type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["tpu", "cuda:99", "meta", 5.5])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ValueError, match=rf"^device is {device!r}, expected one that this machine has: cpu"):
        pick_device(device)


@pytest.mark.parametrize("hidden", [(0,), (8, -3), (2.5,), (None,), "64", 5, None])
def test_only_sizes_of_layers_are_taken(hidden):
    with pytest.raises(ValueError, match=r"^hidden.* expected"):
        check_layers(hidden)


def test_layers_may_be_none_or_several():
    for hidden in ((), [64], (np.int64(8), 4), np.array([3, 3])):
        check_layers(hidden)
