"""Adam for an embedding table, at the cost of the rows that a batch reads."""

import math

import numpy as np
import torch
from torch import Tensor

from research_lib.models.compiled import compiled


class RowAdam:
    """Dense Adam on a table of which each step reads only a few rows.

    Adam moves every row at every step: a row without a gradient still coasts on its momentum. Writing 80,000 rows
    to move 6,000 is what makes training embeddings slow. Here a row is brought up to date only when it is read:
    last updated at step s, its moments at step t are ``beta1**(t-s) * m`` and ``beta2**(t-s) * v``, and the moves it
    missed add up to a geometric series. The result is that of dense Adam (`eps` outside the bias correction, as in
    section 2 of the paper and in Keras) up to ``eps / sqrt(v)`` and rounding.

    The speed of the CPU's memory is the limit. So each row's value and moments lie side by side, and compiled loops
    read and write them once per step. On CUDA, dense Adam costs nothing worth saving.

    Parameters
    ----------
    table : ndarray of float32 or float64, shape (n_rows, n_dims)
        Starting values; not changed.
    lr : float
        Step size.
    betas : tuple of float
        Decay of the first and of the second moment.
    eps : float
        Added to the root of the second moment.

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.
    """

    def __init__(
        self, table: np.ndarray, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-7
    ):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.n_steps = 0
        self._state = np.stack([table, np.zeros_like(table), np.zeros_like(table)], axis=1)  # value and both moments
        self._updated = np.zeros(len(table), dtype=np.int64)
        self._foresee(1024)
        self._read = np.arange(0), torch.empty(0)  # index and values of the rows that were read last

    def read(self, index: np.ndarray) -> Tensor:  # (B,) -> (B, D)
        """The rows as they are now, for a loss to be computed on; an index may occur more than once."""
        index, place = np.unique(index, return_inverse=True)
        rows = torch.from_numpy(self._up_to_date(index)).requires_grad_()
        self._read = index, rows
        return rows.index_select(0, torch.from_numpy(place))

    def zero_grad(self) -> None:
        """Nothing to do: rows have no gradient when they are read."""

    def step(self) -> None:
        """Move the rows that were read last along the gradient that `backward` left."""
        self.n_steps += 1
        index, rows = self._read
        assert rows.grad is not None, "step comes after backward"
        rest1, rest2 = (1 - beta for beta in self.betas)
        _move(self._state, index, rows.grad.numpy(), *self._as_floats(self._size(self.n_steps), rest1, rest2, self.eps))
        self._updated[index] = self.n_steps

    def table(self) -> np.ndarray:  # -> (n_rows, D)
        """All rows as they are now."""
        return self._up_to_date(np.arange(len(self._state)))

    def _size(self, step: int) -> float:
        """Step size with both bias corrections."""
        beta1, beta2 = self.betas
        return self.lr * math.sqrt(1 - beta2**step) / (1 - beta1**step)

    def _up_to_date(self, index: np.ndarray) -> np.ndarray:  # (B,) -> (B, D)
        if self.n_steps >= len(self._coasting):
            self._foresee(2 * self.n_steps)
        updated = self._updated[index]
        faded = self._fading[self.n_steps - updated]
        distance = self._coasting[updated] - faded[:, 0] * self._coasting[self.n_steps]
        factors = np.column_stack([distance, faded[:, 1:]]).astype(self._state.dtype)
        rows = np.empty((len(index), self._state.shape[2]), dtype=self._state.dtype)
        _coast(self._state, index, factors, *self._as_floats(self.eps), rows)
        self._updated[index] = self.n_steps
        return rows

    def _foresee(self, n_steps: int) -> None:
        """How far a row with ``m = sqrt(v)`` coasts if it is not read after step s, and how much fades in k steps."""
        beta1, beta2 = self.betas
        ratio = beta1 / math.sqrt(beta2)  # of a move to the one before
        travelled = [0.0]
        for step in range(n_steps + 400, 0, -1):  # 0.9**400 < 1e-18: later moves do not count
            travelled.append(ratio * (self._size(step) + travelled[-1]))
        self._coasting = np.array(travelled[:0:-1][:n_steps])
        self._fading = np.array([ratio, beta1, beta2]) ** np.arange(n_steps)[:, None]

    def _as_floats(self, *numbers: float) -> list[np.floating]:
        return [self._state.dtype.type(number) for number in numbers]  # else the loops would compute in float64


class DenseAdam:
    """The same on CUDA, where moving every row costs next to nothing: a thin wrapper of `torch.optim.Adam`."""

    def __init__(self, table: np.ndarray, lr: float = 1e-3, *, device: torch.device):
        self._table = torch.from_numpy(table).to(device).requires_grad_()
        self._optimizer = torch.optim.Adam([self._table], lr=lr, eps=1e-7)

    def read(self, index: np.ndarray) -> Tensor:  # (B,) -> (B, D)
        return self._table.index_select(0, torch.from_numpy(index).to(self._table.device))

    def zero_grad(self) -> None:
        self._optimizer.zero_grad()

    def step(self) -> None:
        self._optimizer.step()

    def table(self) -> np.ndarray:  # -> (n_rows, D)
        return self._table.detach().cpu().numpy()


# Plain indexing, one entry at a time: written like this, the loops over a row become vector instructions.
@compiled(error_model="numpy")
def _coast(state, index, factors, eps, rows):
    """Let rows make the moves they missed, fade their moments, and copy their values to `rows`."""
    for k in range(len(index)):
        i = index[k]
        distance, fade1, fade2 = factors[k, 0], factors[k, 1], factors[k, 2]
        for d in range(state.shape[2]):
            first, second = state[i, 1, d], state[i, 2, d]
            value = state[i, 0, d] - distance * first / (np.sqrt(second) + eps)
            state[i, 0, d], state[i, 1, d], state[i, 2, d] = value, fade1 * first, fade2 * second
            rows[k, d] = value


@compiled(error_model="numpy")
def _move(state, index, gradient, size, rest1, rest2, eps):
    """One step of Adam on distinct rows; `rest1` and `rest2` are one minus the betas."""
    for k in range(len(index)):
        i = index[k]
        for d in range(state.shape[2]):
            slope, first, second = gradient[k, d], state[i, 1, d], state[i, 2, d]
            first += rest1 * (slope - first)
            second += rest2 * (slope * slope - second)
            value = state[i, 0, d] - size * first / (np.sqrt(second) + eps)
            state[i, 0, d], state[i, 1, d], state[i, 2, d] = value, first, second
