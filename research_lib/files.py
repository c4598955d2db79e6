"""Files appear whole or not at all, and nothing is unpickled."""

import os
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open


def write_atomically(path: str | Path, content: bytes) -> Path:
    """Write `content` under a temporary name beside `path`, then rename it.

    Parameters
    ----------
    path : str or Path
        Where the file will lie; its folder is made.
    content : bytes
        All of it.

    Returns
    -------
    Path
        `path`.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:  # a full disk, Ctrl-C: leave nothing behind
        temporary.unlink(missing_ok=True)
        raise
    return path


def read_safetensors(path: str | Path, expected: str | None = None) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Header and tensors of a safetensors file; one named `expected` has to be among them.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, it has another format, or it holds other tensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    try:
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error}).") from error
    if expected is not None and expected not in tensors:
        raise ValueError(f"{path}: holds {', '.join(sorted(tensors)) or 'nothing'}, expected a tensor {expected!r}.")
    return header, tensors
