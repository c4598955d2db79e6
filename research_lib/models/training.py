"""The one training loop: steps, schedule, progress, history, keep-best and stopping; and where it runs."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler
from tqdm import trange


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
        Takes a batch, gives its mean loss, shape (), or one for each member of an ensemble, shape (n_members,): the sum
        is minimised, the mean is told. Without optimizers it moves the parameters itself.
    batches : callable
        Gives one epoch's batches, anew each time.
    optimizers : Optimizer or sequence of Optimizer
        They step after every batch.
    epochs : int
        At most so many.
    schedule : LRScheduler, optional
        Of the learning rate; steps after every batch.
    network : Module, optional
        Put into training mode for the batches and into evaluation mode for `validate` and at the end. With `validate`
        and `patience`, it ends with the parameters that had the lowest validation loss.
    validate : callable, optional
        Gives the loss on data that the batches do not hold; called after every epoch.
    patience : int, optional
        Stop when the loss, or the validation loss if there is one, has not fallen for so many epochs. Never by default.
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
        If the loss is no longer a number.
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
            mean = of_batches.mean().item()
            if not np.isfinite(mean):
                raise FloatingPointError(f"The loss is {mean} in epoch {epoch}. A smaller learning_rate may help.")
            history.append({"epoch": epoch, "loss": mean, "seconds": time.perf_counter() - start})
            if validate is not None:
                if network is not None:
                    network.eval()
                history[-1][watched] = validate()
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
    """The device asked for; when none is, CUDA if there is one, else the CPU."""
    return torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: steps of some milliseconds lose more by waiting for others than they gain."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(n_threads)
