import numpy as np
import pytest
import torch
from torch import Tensor

from research_lib.models.losses import cosine_mse
from research_lib.models.optim import RowAdam

LR, BETAS, EPS = 0.01, (0.9, 0.999), 1e-7


def dense_adam(table: Tensor, batches: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """The oracle: every row moves at every step, written as in the paper's section 2."""
    value, first, second = table.clone(), torch.zeros_like(table), torch.zeros_like(table)
    for step, (rows, cols, labels) in enumerate(batches, start=1):
        leaf = value.clone().requires_grad_()
        cosine_mse(leaf[rows], leaf[cols], labels).backward()
        first = BETAS[0] * first + (1 - BETAS[0]) * leaf.grad
        second = BETAS[1] * second + (1 - BETAS[1]) * leaf.grad**2
        size = LR * (1 - BETAS[1] ** step) ** 0.5 / (1 - BETAS[0] ** step)
        value = value - size * first / (second.sqrt() + EPS)
    return value


def random_batches(n_steps: int, n_rows: int, seed: int = 0) -> list[tuple[Tensor, Tensor, Tensor]]:
    rng = np.random.default_rng(seed)
    draw = rng.integers(n_rows, size=(n_steps, 2, 8))
    labels = torch.from_numpy(rng.choice([-1.0, 1.0], size=(n_steps, 8)))
    return [(*torch.from_numpy(index), labels[step]) for step, index in enumerate(draw)]


def train(table: RowAdam, batches: list[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    for rows, cols, labels in batches:
        cosine_mse(*table.read(torch.cat([rows, cols])).chunk(2), labels).backward()
        table.step()
    return table.table()


@pytest.mark.parametrize("n_steps", [1, 3, 400, 1500])  # beyond 1,024 the series has to grow
def test_rows_move_as_under_dense_adam(n_steps):
    start = torch.from_numpy(np.random.default_rng(1).normal(0, 0.05, size=(90, 4)))  # most rows are read rarely
    batches = random_batches(n_steps, n_rows=90)
    learnt = train(RowAdam(start, LR, BETAS, EPS), batches)
    expected = dense_adam(start, batches)
    assert (expected - start).abs().mean() > 1e-3  # there is something to get wrong
    torch.testing.assert_close(learnt, expected, atol=1e-5, rtol=0)


def test_rows_that_do_not_coast_are_told_apart():
    start = torch.from_numpy(np.random.default_rng(1).normal(0, 0.05, size=(90, 4)))
    batches = random_batches(100, n_rows=90)
    lazy = RowAdam(start, LR, BETAS, EPS)
    lazy._coasting[:] = 0  # moments decay, but untouched rows stay where they are
    assert (train(lazy, batches) - dense_adam(start, batches)).abs().max() > 1e-2


def test_the_default_matches_torch_where_eps_does_not_count():
    start = torch.from_numpy(np.random.default_rng(2).normal(0, 0.05, size=(30, 4)))
    batches = random_batches(200, n_rows=30)
    leaf = start.clone().requires_grad_()
    adam = torch.optim.Adam([leaf], lr=LR, eps=1e-14)
    for rows, cols, labels in batches:
        adam.zero_grad()
        cosine_mse(leaf[rows], leaf[cols], labels).backward()
        adam.step()
    torch.testing.assert_close(train(RowAdam(start, LR, eps=1e-14), batches), leaf.detach(), atol=1e-9, rtol=0)


def test_a_row_read_twice_in_a_step_gets_both_gradients_once():
    table = RowAdam(torch.ones(3, 2), lr=LR)
    values = table.read(torch.tensor([1, 1, 2]))
    (values * torch.tensor([[1.0, 2.0], [3.0, -2.0], [0.0, 1.0]])).sum().backward()
    table.step()
    moved = (table.table() - 1).sign()
    assert moved.tolist() == [[0, 0], [-1, 0], [0, -1]]


def test_the_starting_table_is_left_as_it_was():
    start = torch.ones(3, 2)
    table = RowAdam(start, lr=LR)
    table.read(torch.tensor([0])).sum().backward()
    table.step()
    assert (start == 1).all() and not (table.table() == 1).all()
