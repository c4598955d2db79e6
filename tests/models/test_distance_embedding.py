import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone

from research_lib.containers.space import Space
from research_lib.datasets.synthetic.spaces import SHAPES, planted_space, planted_spaces
from research_lib.measures.geometry import stress_by_length
from research_lib.models.distance_embedding import DistanceEmbedding

QUICK = DistanceEmbedding(epochs=200, random_state=0)


def matrix_of(space):
    return space.rows(np.arange(len(space)))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_planted_space_has_distances_of_its_shape(shape):
    distances = matrix_of(planted_space(shape, 31))
    assert (distances == distances.T).all() and (np.diag(distances) == 0).all()
    assert 1 < distances.max() <= 2 + 1e-9
    assert (distances[~np.eye(31, dtype=bool)] > 0).all()


def test_the_circle_and_the_tree_are_measured_along_the_way():
    circle = matrix_of(planted_space("circle", 8))
    assert circle[0].tolist() == [0, 0.5, 1, 1.5, 2, 1.5, 1, 0.5]
    tree = matrix_of(planted_space("tree", 7))  # 0 above 1 and 2, 1 above 3 and 4, 2 above 5 and 6
    steps = np.array([[0, 1, 1, 2, 2, 2, 2], [2, 1, 3, 0, 2, 4, 4]])
    np.testing.assert_allclose(tree[[0, 3]], steps / 2)


def test_random_distances_are_those_of_the_plane_dealt_out():
    plane, dealt = (np.sort(matrix_of(planted_space(shape, 20)).ravel()) for shape in ("plane", "random"))
    np.testing.assert_array_equal(plane, dealt)
    assert list(planted_spaces(10)) == list(SHAPES)


@pytest.mark.parametrize(("shape", "n", "message"), [("ring", 9, "Unknown shape 'ring'"), ("tree", 2, "n is 2")])
def test_other_shapes_are_refused(shape, n, message):
    with pytest.raises(ValueError, match=message):
        planted_space(shape, n)


def test_a_plane_is_learnt_exactly_and_random_distances_are_not():
    stress, held_out = stress_by_length(QUICK, planted_spaces(60), [1, 2])
    assert stress.loc[2, "plane"] < 0.01 < 0.1 < stress.loc[1, "plane"]
    assert 0.05 < stress.loc[2, "circle"] < 0.2  # arcs are not chords
    assert stress.loc[2, "random"] > 0.4
    pairs = held_out["plane"][2]
    assert len(pairs) == round(0.2 * 60 * 59 / 2)
    np.testing.assert_allclose(pairs["found"], pairs["original"], atol=0.05)


def test_what_is_learnt_has_the_unit_of_the_distances():
    space = planted_space("plane", 40)
    large = Space.from_matrix(1000 * matrix_of(space))
    one, other = (clone(QUICK).fit(each) for each in (space, large))
    np.testing.assert_allclose(other.embedding_.vectors, 1000 * one.embedding_.vectors, rtol=1e-2, atol=1)
    assert other.held_out_stress_ == pytest.approx(one.held_out_stress_, abs=1e-3)
    found = Space.from_embedding(one.embedding_).between(np.array([0]), np.array([1]))[0]
    assert found == pytest.approx(matrix_of(space)[0, 1], abs=0.03)


def test_the_same_seed_gives_the_same_vectors_also_of_drawn_pairs():
    model = clone(QUICK).set_params(n_pairs=200, epochs=3)
    first, again = (clone(model).fit(planted_space("tree", 40)) for _ in range(2))
    np.testing.assert_array_equal(first.embedding_.vectors, again.embedding_.vectors)
    assert len(first.held_out_) == 40
    assert (first.held_out_["original"] > 0).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_dims": 0}, "n_dims is 0, expected a whole number of at least 1"),
        ({"n_dims": 2.5}, "n_dims is 2.5, expected a whole number of at least 1"),
        ({"epochs": None}, "epochs is None, expected a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size is 0, expected a whole number of at least 1"),
        ({"n_pairs": 1}, "n_pairs is 1, expected a whole number of at least 2"),
        ({"held_out": 1.0}, "held_out is 1.0, expected a number above 0 and below 1"),
        ({"learning_rate": 1e9}, "learning_rate is 1000000000.0, expected a number above 0 and of at most 10"),
    ],
)
def test_parameters_out_of_their_range_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        clone(QUICK).set_params(**parameters).fit(planted_space("plane", 10))


def test_something_is_learnt_and_something_compared_whatever_the_share():
    for held_out in (0.001, 0.999):
        found = DistanceEmbedding(epochs=1, held_out=held_out).fit(planted_space("plane", 4))
        assert 1 <= len(found.held_out_) <= 5


def test_torchs_own_generator_is_left_alone():
    state = torch.get_rng_state()
    DistanceEmbedding(epochs=1).fit(planted_space("plane", 4))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_saved_embedding_comes_back(tmp_path):
    model = DistanceEmbedding(epochs=1, random_state=0).fit(planted_space("tree", 9))
    again = DistanceEmbedding.load(model.save(tmp_path / "tree"))
    assert again.get_params() == model.get_params()
    np.testing.assert_array_equal(again.embedding_.vectors, model.embedding_.vectors)
    pd.testing.assert_frame_equal(again.held_out_, model.held_out_)
    assert again.held_out_stress_ == model.held_out_stress_


def test_what_has_no_distances_is_refused():
    with pytest.raises(ValueError, match="All distances are 0"):
        clone(QUICK).fit(Space.from_matrix(np.zeros((5, 5))))
    with pytest.raises(ValueError, match="2 things, expected at least 3"):
        clone(QUICK).fit(Space.from_matrix(np.array([[0, 1], [1, 0.0]])))
    with pytest.raises(TypeError, match=r"fit takes Space, not ndarray; see Space\.from_matrix"):
        clone(QUICK).fit(np.zeros((3, 3)))
