"""One file for any fitted model: all that a state may hold comes back, and what is no such file is refused by name."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from scipy import sparse

from research_lib.containers.embedding import Embedding
from research_lib.models.saving import Saved

STATE = {
    "vectors_": np.arange(6, dtype=np.float32).reshape(2, 3),
    "network_": {"weight": torch.ones(2, 2, dtype=torch.float64), "n_batches": torch.tensor(7)},
    "times_": np.array(["2020-01-01", "2021-05-06"], dtype="datetime64[s]"),
    "names_": np.array(["a", "é"], dtype=object),
    "matrix_": sparse.csr_array(np.eye(3)),
    "embedding_": Embedding(np.eye(2), ["x", "y"], pd.DataFrame({"label": ["a", None], "n": [1, 2]})),
    "history_": pd.DataFrame({"epoch": [1, 2], "loss": [0.5, 0.25]}),
    "lengths_": (3, 5),
    "mixed_": [None, True, 1.5, "text", {"deep": [np.int64(3)]}],
}


OUTSIDE = '"__type__": "sparse", "data": [1, 2], "indices": [0, 9], "indptr": [0, 1, 2], "shape": [2, 2]'


@dataclass(eq=False, repr=False, kw_only=True)
class Toy(Saved):
    """A model whose state is whatever a test gives it."""

    lengths: tuple[int, int] = (1, 2)
    rate: Any = 0.5

    def fit(self, state):
        self.state_ = state
        return self

    def _state(self):
        return {"state_": self.state_}


def test_all_that_a_state_may_hold_comes_back(tmp_path):
    again = Toy.load(Toy(lengths=(3, 5), rate=np.float32(0.25)).fit(STATE).save(tmp_path / "toy.safetensors"))
    assert again.get_params() == {"lengths": (3, 5), "rate": 0.25}
    found = again.state_
    assert found.keys() == STATE.keys()
    for name in ("vectors_", "times_", "names_"):
        np.testing.assert_array_equal(found[name], STATE[name])
        assert found[name].dtype == STATE[name].dtype
    assert torch.equal(found["network_"]["weight"], STATE["network_"]["weight"])
    assert torch.equal(found["network_"]["n_batches"], STATE["network_"]["n_batches"])
    assert (found["matrix_"] != STATE["matrix_"]).nnz == 0
    assert found["embedding_"].metadata.equals(STATE["embedding_"].metadata)
    pd.testing.assert_frame_equal(found["history_"], STATE["history_"])
    assert found["lengths_"] == (3, 5)
    assert found["mixed_"] == STATE["mixed_"]


class Plain(Toy):
    """A model that leaves it to `Saved` to find what `fit` has set."""

    def fit(self, state):
        self._private, self.found_ = state
        return self

    def _state(self):
        return super(Toy, self)._state()


def test_what_fit_has_set_is_saved_and_what_the_class_has_is_not_set(tmp_path):
    path = Plain(rate=2).fit((1, {"a.b": np.zeros(1), "a": {"b": np.ones(1)}})).save(tmp_path / "plain.safetensors")
    again = Plain.load(path)
    assert vars(again).keys() == {"lengths", "rate", "_private", "found_"}
    assert (again.found_["a.b"], again.found_["a"]["b"]) == (0, 1)  # two tensors, although their names join alike
    for name in ("fit", "rate", "__class__"):
        content = f'{{"parameters": {{}}, "state": {{"{name}": 1}}}}'
        with pytest.raises(ValueError, match=f"damaged.*'{name}' is not set by fit"):
            Plain.load(rewritten(path, content=content))


def test_what_cannot_be_saved_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(TypeError, match=r"^state\.state_\.a\.0: a set cannot be saved\.$"):
        Toy().fit({"a": [{1}]}).save(tmp_path / "toy.safetensors")
    assert list(tmp_path.iterdir()) == []


def rewritten(path, **changes):
    """The file with another header."""
    with safe_open(path, framework="numpy") as file:
        header, tensors = file.metadata() | changes, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, {name: text for name, text in header.items() if text is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": None}, "holds Toy, expected what Toy.save wrote"),
        ({"model": "TwoTower"}, "holds TwoTower, expected what Toy.save wrote"),
        ({"content": None}, "damaged"),
        ({"content": "{"}, "damaged"),
        ({"content": "[]"}, "damaged"),
        ({"content": '{"parameters": {"evil": 1}, "state": {}}'}, "damaged.*evil"),
        ({"content": '{"parameters": {}, "state": {"a": {"__type__": "array", "name": "gone"}}}'}, "damaged.*gone"),
        ({"content": '{"parameters": {}, "state": {"a": {"__type__": "module"}}}'}, "damaged.*unknown type 'module'"),
        ({"content": "[" * 100_000}, "damaged"),
        ({"content": '{"parameters": {}, "state": {"a": {' + OUTSIDE + "}}}"}, "damaged.*indices"),
    ],
)
def test_a_file_that_save_did_not_write_is_refused_by_name(tmp_path, changes, message):
    path = rewritten(Toy().fit(STATE).save(tmp_path / "toy.safetensors"), **changes)
    with pytest.raises(ValueError, match=f"^{path}: {message}"):
        Toy.load(path)
