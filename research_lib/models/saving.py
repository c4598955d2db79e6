"""A fitted model as one safetensors file: tensors, and all else as JSON in its header. Nothing is unpickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save as tensors_as_bytes
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from research_lib.containers.embedding import Embedding
from research_lib.files import read_safetensors, write_atomically

TAG = "__type__"  # names what JSON has no word for
FORMAT = "research_lib model 1"


class Saved(BaseEstimator):
    """Gives a model `save` and `load`.

    A state is a dict of arrays, tensors, sparse arrays, embeddings, DataFrames, tuples, lists, dicts and JSON's own
    types, nested as deep as need be. A model that holds something else turns it into these in `_state`, and back in
    `_restore`.
    """

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file; `load` gives the fitted model back.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If there is nothing to save yet.
        """
        check_is_fitted(self)
        tensors: dict[str, np.ndarray] = {}
        content = {"parameters": self.get_params(deep=False), "state": self._state()}
        header = {
            "format": FORMAT,
            "model": type(self).__name__,
            "content": json.dumps(_packed(content, "", tensors), ensure_ascii=False),
        }
        return write_atomically(path, tensors_as_bytes(tensors, metadata=header))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote. Nothing is unpickled.

        Raises
        ------
        FileNotFoundError, ValueError
            If there is no such file, or it is not what this model's `save` wrote.
        """
        header, tensors = read_safetensors(path)
        if header.get("format") != FORMAT or header.get("model") != cls.__name__:
            holds = header.get("model", "something else")
            raise ValueError(f"{path}: holds {holds}, expected what {cls.__name__}.save wrote.")
        try:
            content = _unpacked(json.loads(header["content"]), tensors)
            model = cls(**content["parameters"])
            model._restore(content["state"])
        except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
            raise ValueError(f"{path}: damaged, expected what {cls.__name__}.save wrote ({error}).") from error
        return model

    def _state(self) -> dict[str, Any]:
        """What `fit` has set: every attribute that is no parameter."""
        return {name: value for name, value in vars(self).items() if name not in self.get_params(deep=False)}

    def _restore(self, state: dict[str, Any]) -> None:
        """Set the attributes of `_state`; what the class itself has is none of them."""
        for name, value in state.items():
            if hasattr(type(self), name):
                raise ValueError(f"{name!r} is not set by fit")
            setattr(self, name, value)


def _packed(value: Any, name: str, tensors: dict[str, np.ndarray]) -> Any:
    """JSON for a value; arrays go into `tensors` under names that the JSON holds."""

    def of(kind: str, **parts: Any) -> dict[str, Any]:
        return {TAG: kind} | {key: _packed(part, f"{name}.{key}", tensors) for key, part in parts.items()}

    match value:
        case np.generic():
            return _packed(value.item(), name, tensors)
        case None | bool() | int() | float() | str():
            return value
        case torch.Tensor():
            return of("tensor", values=value.detach().cpu().numpy())
        case np.ndarray() if value.dtype.kind in "biuf":
            key = name.lstrip(".")
            while key in tensors:  # a key of a dict may hold dots, too
                key += "'"
            tensors[key] = np.ascontiguousarray(value).reshape(value.shape)  # also of no axis
            return {TAG: "array", "name": key}
        case np.ndarray() if value.dtype.kind == "M":
            return of("times", unit=str(value.dtype), values=value.astype(np.int64))
        case np.ndarray():
            return of("objects", values=value.tolist())
        case sparse.csr_array():
            return of("sparse", data=value.data, indices=value.indices, indptr=value.indptr, shape=list(value.shape))
        case Embedding():
            return of("embedding", vectors=value.vectors, names=value.names_as_json())
        case pd.DataFrame():
            return of("table", columns={str(column): value[column].to_numpy() for column in value})
        case Mapping() if all(isinstance(key, str) for key in value) and TAG not in value:
            return {key: _packed(part, f"{name}.{key}", tensors) for key, part in value.items()}
        case tuple():
            return of("tuple", values=list(value))
        case list():
            return [_packed(part, f"{name}.{number}", tensors) for number, part in enumerate(value)]
    raise TypeError(f"{name.lstrip('.')}: a {type(value).__name__} cannot be saved.")


def _unpacked(value: Any, tensors: Mapping[str, np.ndarray]) -> Any:
    """Undo `_packed`."""
    if isinstance(value, list):
        return [_unpacked(part, tensors) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get(TAG) == "array":
        return tensors[value["name"]]
    parts = {key: _unpacked(part, tensors) for key, part in value.items() if key != TAG}
    match value.get(TAG):
        case None:
            return parts
        case "tensor":
            return torch.from_numpy(parts["values"])
        case "times":
            return parts["values"].view(parts["unit"])
        case "objects":
            return np.array(parts["values"], dtype=object)
        case "sparse":
            matrix = sparse.csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=tuple(parts["shape"]))
            matrix.check_format(full_check=True)  # indices beyond the shape would read foreign memory
            return matrix
        case "embedding":
            return Embedding.from_json(parts["vectors"], parts["names"])
        case "table":
            return pd.DataFrame(parts["columns"])
        case "tuple":
            return tuple(parts["values"])
    raise ValueError(f"unknown type {value[TAG]!r}")
