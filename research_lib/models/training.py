"""The one training loop: steps, schedule, progress, history, keep-best and stopping; and what every learner needs."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from tqdm import trange

from research_lib.checks import check_integers


class Optimizer(Protocol):
    """What moves parameters: those of torch, or `RowAdam`."""

    def zero_grad(self) -> None: ...
    def step(self) -> object: ...


def train(
    loss: Callable[[Any], Tensor],
    batches: Callable[[], Iterable],
    optimizers: Optimizer | Sequence[Optimizer] = (),
    *,
    epochs: int,
    schedule: LRScheduler | None = None,
    network: nn.Module | None = None,
    validate: Callable[[], float] | None = None,
    patience: int | None = None,
    verbose: int = 0,
) -> pd.DataFrame:
    """Descend along the gradient of the loss of every batch of every epoch.

    Parameters
    ----------
    loss : callable
        Takes a batch, gives its mean loss, shape (), or one for each member of an ensemble, shape (n_members,): their
        sum is minimised, their mean is reported. Without optimizers it moves the parameters itself.
    batches : callable
        Gives the batches of one epoch, called for each.
    optimizers : Optimizer or sequence of Optimizer
        They step after every batch.
    epochs : int
        How many at most.
    schedule : LRScheduler, optional
        Of the learning rate; steps after every batch.
    network : Module, optional
        Put into training mode for the batches and into evaluation mode for `validate` and at the end. With `validate`
        and `patience`, it ends with the parameters of the lowest validation loss.
    validate : callable, optional
        Gives the loss on data that the batches do not hold; called after every epoch.
    patience : int, optional
        Stop when the validation loss, or without one the loss, has not fallen for so many epochs. Never by default.
    verbose : int
        0 is silent, 1 shows a progress bar with the loss.

    Returns
    -------
    DataFrame
        A row an epoch: ``epoch`` (from 1), ``loss`` (mean over its batches, each before its step), ``seconds`` (since
        the start) and, with `validate`, ``validation_loss``.

    Raises
    ------
    FloatingPointError
        If a loss is no longer a number.
    """
    moved = optimizers if isinstance(optimizers, Sequence) else (optimizers,)
    best, kept = np.inf, None
    start = time.perf_counter()
    history: list[dict[str, float]] = []
    watched = "loss" if validate is None else "validation_loss"
    with trange(1, epochs + 1, desc="epochs", disable=not verbose) as bar:
        for epoch in bar:
            if network is not None:
                network.train()
            of_batches = torch.stack([_step(loss(batch), moved, schedule) for batch in batches()])
            mean = _finite(of_batches.mean().item(), "loss", epoch)
            history.append({"epoch": epoch, "loss": mean, "seconds": time.perf_counter() - start})
            if validate is not None:
                if network is not None:
                    network.eval()
                history[-1][watched] = _finite(validate(), "validation loss", epoch)
                if network is not None and patience is not None and history[-1][watched] < best:
                    best = history[-1][watched]
                    kept = {name: value.clone() for name, value in network.state_dict().items()}
            bar.set_postfix({watched: f"{history[-1][watched]:.4f}"})
            if patience is not None and epoch - 1 - np.argmin([row[watched] for row in history]) >= patience:
                break
    if network is not None:
        if kept is not None:
            network.load_state_dict(kept)
        network.eval()
    return pd.DataFrame(history)


def _finite(loss: float, what: str, epoch: int) -> float:
    """The loss, if it is a number."""
    if not np.isfinite(loss):
        raise FloatingPointError(f"The {what} is {loss} in epoch {epoch}. A smaller learning_rate may help.")
    return loss


def _step(loss: Tensor, optimizers: Sequence[Optimizer], schedule: LRScheduler | None) -> Tensor:
    """Move along the gradient of the loss; gives its mean, shape ()."""
    if optimizers:
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.sum().backward()
        for optimizer in optimizers:
            optimizer.step()
        if schedule is not None:
            schedule.step()
    return loss.detach().mean()


def pick_device(device: str | None) -> torch.device:
    """The device asked for; when none is, CUDA if there is one, else the CPU.

    Raises
    ------
    ValueError
        If torch does not know the device, or this machine does not have it.
    """
    here = ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]
    try:
        return torch.empty(0, device=torch.Generator(device or here[-1]).device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(f"device is {device!r}, expected one that this machine has: {', '.join(here)}.") from error


def check_layers(hidden: object) -> None:
    """`ValueError` unless these are the sizes of hidden layers: ``()``, ``(64,)`` or ``(64, 32)``."""
    if isinstance(hidden, str) or not isinstance(hidden, Collection):
        raise ValueError(f"hidden is {hidden!r}, expected the sizes of layers, such as (64,).")
    check_integers(1, **{f"hidden[{number}]": size for number, size in enumerate(hidden)})


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: in steps of a few milliseconds, threads wait for each other longer than they work."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
