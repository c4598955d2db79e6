import numpy as np
import pytest
import torch

from research_lib.models.losses import cosine_mse
from research_lib.models.pairs.row_adam import DenseAdam, RowAdam

LR, BETAS, EPS = 0.01, (0.9, 0.999), 1e-7


def start(n_rows: int = 90, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(1).normal(0, 0.05, size=(n_rows, 4)).astype(dtype)


def random_batches(n_steps: int, n_rows: int = 90) -> list[tuple[np.ndarray, torch.Tensor]]:
    """Eight pairs a step, rows then columns, with labels: most rows are read rarely."""
    rng = np.random.default_rng(0)
    index = rng.integers(n_rows, size=(n_steps, 16))
    labels = torch.from_numpy(rng.choice([-1.0, 1.0], size=(n_steps, 8)))
    return list(zip(index, labels, strict=True))


def dense_adam(table: np.ndarray, batches: list) -> np.ndarray:
    """The oracle: every row moves at every step, written as in the paper's section 2."""
    value = torch.from_numpy(table)
    first, second = torch.zeros_like(value), torch.zeros_like(value)
    for step, (index, labels) in enumerate(batches, start=1):
        leaf = value.clone().requires_grad_()
        cosine_mse(*leaf[index].chunk(2), labels).backward()
        first = BETAS[0] * first + (1 - BETAS[0]) * leaf.grad
        second = BETAS[1] * second + (1 - BETAS[1]) * leaf.grad**2
        size = LR * (1 - BETAS[1] ** step) ** 0.5 / (1 - BETAS[0] ** step)
        value = value - size * first / (second.sqrt() + EPS)
    return value.numpy()


def trained(table: RowAdam | DenseAdam, batches: list) -> np.ndarray:
    for index, labels in batches:
        loss = cosine_mse(*table.read(index).chunk(2), labels)
        table.zero_grad()
        loss.backward()
        table.step()
    return table.table()


@pytest.mark.parametrize("n_steps", [1, 3, 1500])  # beyond 1,024 the series has to grow
def test_rows_move_as_under_dense_adam(n_steps):
    batches = random_batches(n_steps)
    expected = dense_adam(start(), batches)
    assert np.abs(expected - start()).mean() > 1e-3  # there is something to get wrong
    np.testing.assert_allclose(trained(RowAdam(start(), LR, BETAS, EPS), batches), expected, atol=1e-5)


def test_rows_that_do_not_coast_are_told_apart():
    batches = random_batches(100)
    lazy = RowAdam(start(), LR, BETAS, EPS)
    lazy._coasting[:] = 0  # moments fade, but rows that are not read stay where they are
    assert np.abs(trained(lazy, batches) - dense_adam(start(), batches)).max() > 1e-2


def test_single_precision_stays_close():
    batches = random_batches(400)
    learnt = trained(RowAdam(start(dtype=np.float32), LR), [(index, labels.float()) for index, labels in batches])
    assert learnt.dtype == np.float32
    np.testing.assert_allclose(learnt, dense_adam(start(), batches), atol=1e-3)


def test_it_agrees_with_torch_where_eps_does_not_count():
    batches = random_batches(200)
    # torch adds eps after the bias correction, which matters little even at 1e-7
    on_device = trained(DenseAdam(start(), LR, device=torch.device("cpu")), batches)
    np.testing.assert_allclose(trained(RowAdam(start(), LR), batches), on_device, atol=1e-4)


def test_a_row_read_twice_in_a_step_gets_both_gradients_once():
    table = RowAdam(np.ones((3, 2)), lr=LR)
    values = table.read(np.array([1, 1, 2]))
    (values * torch.tensor([[1.0, 2.0], [3.0, -2.0], [0.0, 1.0]])).sum().backward()
    table.step()
    assert np.sign(table.table() - 1).tolist() == [[0, 0], [-1, 0], [0, -1]]


def test_the_starting_table_is_left_as_it_was():
    ones = np.ones((3, 2))
    table = RowAdam(ones, lr=LR)
    table.read(np.array([0])).sum().backward()
    table.step()
    assert (ones == 1).all() and not (table.table() == 1).all()
