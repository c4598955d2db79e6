"""Adam for an embedding table, at the cost of the rows that a batch reads."""

import math

import torch
from torch import Tensor


class RowAdam:
    """Dense Adam on a table of which every step reads only some rows.

    Adam moves every row at every step: a row without gradient still coasts on its momentum. Writing 80,000 rows
    to move 6,000 is what makes training embeddings slow. Here a row is brought up to date only when it is read:
    last updated at step s, its moments at step t are ``beta1**(t-s) * m`` and ``beta2**(t-s) * v``, and the moves it
    missed add up to a geometric series. The result is that of dense Adam (`eps` outside the bias correction, as in
    section 2 of the paper and in Keras) up to ``eps / sqrt(v)`` and rounding.

    Parameters
    ----------
    table : Tensor, shape (n_rows, n_dims)
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

    def __init__(self, table: Tensor, lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-7):
        self.lr, self.betas, self.eps = lr, betas, eps
        self.n_steps = 0
        self._state = table.clone(), torch.zeros_like(table), torch.zeros_like(table)  # value and both moments
        self._updated = torch.zeros(len(table), dtype=torch.long, device=table.device)
        self._coasting = self._series(1024)
        self._read: tuple[Tensor, tuple[Tensor, Tensor, Tensor]] | None = None

    def read(self, index: Tensor) -> Tensor:  # (B,) -> (B, D)
        """The rows as they are now, part of the graph that a loss is computed on; an index may occur more than once."""
        index, place = index.unique(return_inverse=True)
        state = self._up_to_date(index)
        state[0].requires_grad_()
        self._read = index, state
        return state[0].index_select(0, place)

    def step(self) -> None:
        """Move the rows that were read last along the gradient that `backward` has left."""
        self.n_steps += 1
        (beta1, beta2), (index, (value, first, second)) = self.betas, self._read
        gradient, value = value.grad, value.detach()
        first.lerp_(gradient, 1 - beta1)
        second.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        value.addcdiv_(first, second.sqrt().add_(self.eps), value=-self._size(self.n_steps))
        for stored, new in zip(self._state, (value, first, second), strict=True):
            stored.index_copy_(0, index, new)
        self._updated.index_fill_(0, index, self.n_steps)

    def table(self) -> Tensor:  # -> (n_rows, D)
        """All rows as they are now."""
        return self._up_to_date(torch.arange(len(self._updated), device=self._updated.device))[0]

    def _size(self, step: int) -> float:
        """Step size with both bias corrections."""
        beta1, beta2 = self.betas
        return self.lr * math.sqrt(1 - beta2**step) / (1 - beta1**step)

    def _up_to_date(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # (B,) -> three of (B, D)
        if self.n_steps >= len(self._coasting):
            self._coasting = self._series(2 * self.n_steps)
        value, first, second = (stored.index_select(0, index) for stored in self._state)
        updated = self._updated.index_select(0, index).cpu()
        missed = (self.n_steps - updated).double()
        beta1, beta2 = self.betas
        distance = self._coasting[updated] - (beta1 / math.sqrt(beta2)) ** missed * self._coasting[self.n_steps]
        distance, fade1, fade2 = (x.to(value)[:, None] for x in (distance, beta1**missed, beta2**missed))
        value.addcdiv_(first * distance, second.sqrt().add_(self.eps), value=-1)
        return value, first.mul_(fade1), second.mul_(fade2)

    def _series(self, n_steps: int) -> Tensor:  # -> (n_steps,)
        """How far a row with ``m = sqrt(v)`` would still coast if it were never read again after step s."""
        ratio = self.betas[0] / math.sqrt(self.betas[1])
        travelled = [0.0]
        for step in range(n_steps + 400, 0, -1):  # 0.9**400 < 1e-18: what comes later does not count
            travelled.append(ratio * (self._size(step) + travelled[-1]))
        return torch.tensor(travelled[:0:-1][:n_steps], dtype=torch.double)
