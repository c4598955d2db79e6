import numpy as np
import pytest

from research_lib.datasets.synthetic import noise, planted_groups


@pytest.mark.parametrize(("n_groups", "n_dims"), [(2, 2), (6, 10), (12, 10), (12, 32)])
def test_planted_groups_lie_about_centres_that_are_far_apart(n_groups, n_dims):
    twin = planted_groups(600, n_groups, n_dims, spread=0.25)
    groups = twin.metadata["group"].to_numpy()
    centres = np.stack([twin.vectors[groups == group].mean(axis=0) for group in range(n_groups)])
    distance = np.linalg.norm(twin.vectors - centres[groups], axis=1)
    assert np.sqrt((distance**2).mean()) == pytest.approx(0.25, rel=0.1)
    between = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    assert between[np.triu_indices(n_groups, 1)].min() > 1


def test_planted_groups_are_equal_or_uneven():
    assert np.bincount(planted_groups(300, 6).metadata["group"]).tolist() == [50] * 6
    uneven = np.bincount(planted_groups(300, 12, zipf=1).metadata["group"])
    assert uneven.sum() == 300 and uneven.min() >= 5 and uneven[0] > 5 * uneven[-1]
    assert (np.diff(uneven) <= 0).all()
    assert np.bincount(planted_groups(5, 5).metadata["group"]).tolist() == [1] * 5


def test_groups_and_noise_repeat_with_their_seed():
    for make in (planted_groups, noise):
        first, again, other = (make(random_state=seed).vectors for seed in (3, 3, 4))
        np.testing.assert_array_equal(first, again)
        assert not np.array_equal(first, other)


def test_noise_is_round_or_a_cube():
    gaussian, uniform = (noise(2000, 5, shape).vectors for shape in ("gaussian", "uniform"))
    np.testing.assert_allclose(np.cov(gaussian.T), np.eye(5), atol=0.15)
    assert (uniform.min(), uniform.max()) == (pytest.approx(0, abs=0.01), pytest.approx(1, abs=0.01))


def test_impossible_groups_and_shapes_are_refused():
    with pytest.raises(ValueError, match="7 groups for 5 vectors"):
        planted_groups(5, 7)
    with pytest.raises(ValueError, match="Unknown shape 'round', expected one of: gaussian, uniform"):
        noise(shape="round")
