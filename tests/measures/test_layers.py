import numpy as np
import pytest
import torch

from research_lib.measures import layers
from research_lib.measures.layers import Bumps, has_keras, layer_equality, linearity, lookup_costs


def test_an_embedding_layer_is_one_hot_times_its_table_exactly():
    same = layer_equality(n_asked=500)
    null = same.loc["another table (null)"]
    assert same.drop(index=null.name).all(axis=None)
    assert not null.any()


def test_keras_gives_the_same_on_the_torch_backend():
    pytest.importorskip("keras")
    same = layer_equality()
    assert same.loc["keras.layers.Embedding"].all()


def test_without_keras_the_others_are_compared(monkeypatch):
    monkeypatch.setattr(layers, "find_spec", lambda name: None)
    assert not has_keras()
    assert list(layer_equality().index) == ["nn.Embedding", "nn.Linear of one-hot", "another table (null)"]


def test_the_gradient_is_the_sum_over_the_uses_of_a_row():
    weight, ids = torch.arange(6.0).reshape(3, 2), torch.tensor([2, 0, 2])
    target = torch.zeros(3, 2)
    layer, parameter, _ = layers._torch_embedding(weight)
    outputs, gradient = layers._outputs_and_gradient(lambda: layer(ids), parameter, target)
    assert outputs.tolist() == [[4, 5], [0, 1], [4, 5]]
    assert gradient.tolist() == [[0, 1], [0, 0], [8, 10]]


def test_only_an_activation_makes_it_non_linear():
    table = linearity()
    linear = table.index.isin(["embedding", "embedding, dense"])
    assert (table.loc[linear, "error"] < 1e-6).all()
    assert (table.loc[linear, "null"] > 0.5).all()
    assert (table.loc[linear, "learns either-or"] == 0).all()
    assert (table.loc[~linear, "error"] > 0.1).all()
    assert (table.loc[~linear, "learns either-or"] >= 0.5).all()


def test_linearity_repeats_itself_and_leaves_the_seed_of_others_alone(monkeypatch):
    monkeypatch.setattr(layers, "N_TRIES", 1)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    first = linearity(n_bags=20)
    assert torch.equal(torch.rand(2), expected)
    assert first.equals(linearity(n_bags=20))


def test_the_custom_layer_is_a_bell_around_its_centre():
    layer = Bumps(3)
    values = layer(torch.tensor([[-1.0, 0, 3]]))
    np.testing.assert_allclose(values.detach(), [[1, 1, np.exp(-4)]], rtol=1e-6)


def test_costs_count_bytes():
    costs = lookup_costs([10, 1000], n_dims=4, n_asked=16, n_times=1)
    assert list(costs["ids, bytes"]) == [16 * 8] * 2
    assert list(costs["one-hot, bytes"]) == [16 * 4 * 10, 16 * 4 * 1000]
    assert (costs[["lookup, ms", "product, ms"]] > 0).all(axis=None)
