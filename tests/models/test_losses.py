import math

import numpy as np
import pytest
import torch

from research_lib.models.losses import cosine, cosine_bce, cosine_mse, sampled_softmax_nll, softmax_nll

ROWS = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 2.0]])
COLS = torch.tensor([[4.0, 3.0], [0.0, 5.0], [0.0, -1.0]])
COSINES = [24 / 25, 0.0, -1.0]
LABELS = torch.tensor([1.0, -1.0, -1.0])


def test_cosine_is_the_normalised_dot_product():
    assert cosine(ROWS, COLS).tolist() == pytest.approx(COSINES, abs=1e-6)


def test_mse_by_hand():
    assert cosine_mse(ROWS, COLS, LABELS).item() == pytest.approx(((1 / 25) ** 2 + 1 + 0) / 3, abs=1e-6)


def test_bce_by_hand():
    probability = [1 / (1 + math.exp(-(2 * c + 0.5))) for c in COSINES]
    expected = -(math.log(probability[0]) + math.log(1 - probability[1]) + math.log(1 - probability[2])) / 3
    found = cosine_bce(ROWS, COLS, LABELS, torch.tensor(2.0), torch.tensor(0.5))
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_softmax_against_a_loop():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(4, 6))
    row, col = np.array([0, 0, 3, 2]), np.array([5, 1, 0, 0])
    expected = np.mean(
        [-math.log(math.exp(logits[r, c]) / np.exp(logits[r]).sum()) for r, c in zip(row, col, strict=True)]
    )
    found = softmax_nll(torch.from_numpy(logits), torch.from_numpy(row), torch.from_numpy(col)).mean()
    assert found.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("loss", [cosine_mse, lambda *batch: cosine_bce(*batch, torch.tensor(2.0), torch.tensor(0.5))])
def test_gradients_agree_with_finite_differences(loss):
    rows, cols = ROWS.double().requires_grad_(), COLS.double().requires_grad_()
    assert torch.autograd.gradcheck(lambda r, c: loss(r, c, LABELS.double()), (rows, cols))


def test_a_zero_vector_has_a_finite_gradient():
    rows = torch.zeros(3, 2, requires_grad=True)
    cosine_mse(rows, COLS, LABELS).backward()
    assert torch.isfinite(rows.grad).all()


def test_the_sampled_softmax_estimates_the_full_one():
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(4, 300)))
    row, col = torch.tensor([0, 0, 3, 2]), torch.tensor([5, 1, 0, 0])
    share = rng.dirichlet(np.ones(300))
    sampled = torch.from_numpy(rng.choice(300, size=200_000, p=share))
    log_expected = torch.from_numpy(np.log(200_000 * share))[sampled]
    found = sampled_softmax_nll(logits[:, sampled], log_expected, row, logits[row, col]).mean()
    # The positive counts once more among its rivals than in the full softmax: a part in about 300.
    assert found.item() == pytest.approx(softmax_nll(logits, row, col).mean().item(), abs=0.02)
    uncorrected = sampled_softmax_nll(logits[:, sampled], torch.zeros(()), row, logits[row, col]).mean()
    assert abs(uncorrected - found) > 1
