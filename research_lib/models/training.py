"""The one training loop: epochs, progress, history, stopping; and where it runs."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import trange


def train(
    step: Callable[[Any], Tensor],
    batches: Callable[[], Iterable],
    *,
    epochs: int,
    patience: int | None = None,
    verbose: int = 0,
    validate: Callable[[], float] | None = None,
) -> pd.DataFrame:
    """Run `step` on every batch of every epoch.

    Parameters
    ----------
    step : callable
        Takes a batch, updates the parameters, returns the batch's mean loss before the update, shape ().
    batches : callable
        Gives one epoch's batches, anew each time.
    epochs : int
        At most so many.
    patience : int, optional
        Stop when the loss, or the validation loss if there is one, has not fallen for so many epochs. Never by default.
    verbose : int
        0 is silent, 1 shows a progress bar with the loss.
    validate : callable, optional
        Gives the loss on data that `step` has not seen; called after every epoch.

    Returns
    -------
    DataFrame
        A row an epoch: ``epoch`` (from 1), ``loss`` (mean over its batches) and ``seconds`` (since the start);
        with `validate` also ``validation_loss``.

    Raises
    ------
    FloatingPointError
        If the loss is no longer a number.
    """
    start = time.perf_counter()
    history = []
    with trange(1, epochs + 1, desc="epochs", disable=not verbose) as bar:
        for epoch in bar:
            loss = torch.stack([step(batch) for batch in batches()]).mean().item()
            if not np.isfinite(loss):
                raise FloatingPointError(f"The loss is {loss} in epoch {epoch}. A smaller learning_rate may help.")
            history.append({"epoch": epoch, "loss": loss, "seconds": time.perf_counter() - start})
            watched = "loss"
            if validate is not None:
                watched = "validation_loss"
                history[-1][watched] = validate()
            bar.set_postfix({watched: f"{history[-1][watched]:.4f}"})
            if patience is not None and epoch - 1 - np.argmin([row[watched] for row in history]) >= patience:
                break
    return pd.DataFrame(history)


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
