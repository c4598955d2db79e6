"""Results leave a notebook as display outputs of their own MIME type: an executed notebook is its own record."""

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from research_lib.files import write_atomically

MIME = "application/vnd.research-lib.record+json"
FLOAT, TIMESTAMP = "__float__", "__timestamp__"  # what strict JSON cannot say, each a dict of one key


def record(name: str, value: Any) -> None:
    """Let a result leave the notebook under a name.

    Parameters
    ----------
    name : str
        Once a notebook: `read_records` refuses a name that was recorded twice.
    value
        A bool, number (NaN and infinities too), str, None, date with time, or lists, tuples, arrays and dicts (str
        keys) of them. `read_records` gives back plain Python: numpy scalars as numbers, tuples and arrays as lists.

    Raises
    ------
    TypeError
        If `value` holds something that could not be given back.
    """
    from IPython.display import display  # there already in a notebook, and needed nowhere else

    if not isinstance(name, str) or not name:
        raise TypeError(f"record takes a name and a value, not {name!r} as name.")
    payload = {"name": name, "value": encode(value, f"record({name!r})")}
    display({MIME: payload, "text/plain": f"{name} = {brief(decode(payload['value']))}"}, raw=True)


def read_records(path: str | Path) -> dict[str, Any]:
    """Give back what an executed notebook recorded; nbformat has sorted the keys of dicts.

    Parameters
    ----------
    path : str or Path
        The executed notebook, or the folder of its run.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no notebook, or one name was recorded twice.
    """
    path = Path(path)
    if path.is_dir():
        path = next(path.glob("*.ipynb"), path / "*.ipynb")
    return collect(json.loads(path.read_text(encoding="utf-8"))["cells"], path.stem)


def collect(cells: list[dict], notebook: str) -> dict[str, Any]:
    """Records among the outputs of `cells`, in their order."""
    found: dict[str, Any] = {}
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    for payload in (output["data"][MIME] for output in outputs if MIME in output.get("data", {})):
        if not isinstance(payload, dict) or not isinstance(payload.get("name"), str) or "value" not in payload:
            raise ValueError(f"{notebook}: a record is {brief(payload)}, expected what record(name, value) displays.")
        if payload["name"] in found:
            raise ValueError(f"{notebook}: {payload['name']!r} is recorded twice, expected once.")
        found[payload["name"]] = decode(payload["value"])
    return found


def brief(value: Any, width: int = 100) -> str:
    """One line for a reader: floats to four digits, long values cut."""
    text = f"{value:.4g}" if isinstance(value, float) else repr(value).replace("\n", " ")
    return text if len(text) <= width else text[: width - 1] + "…"


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write strict JSON, which `decode` reads."""
    text = json.dumps(encode(content, path.name), indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, f"{text}\n".encode())


def encode(value: Any, where: str) -> Any:
    """Strict JSON for a plain value; `where` names it in the error."""
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufUO":
        value = value.tolist()
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {FLOAT: str(value)}
        case datetime():  # pandas' Timestamp and NaT are datetimes
            return {TIMESTAMP: pd.Timestamp(value).isoformat()}
        case list() | tuple():
            return [encode(item, f"{where}[{i}]") for i, item in enumerate(value)]
        case dict() if all(isinstance(key, str) for key in value) and not {FLOAT, TIMESTAMP} & value.keys():
            return {key: encode(item, f"{where}[{key!r}]") for key, item in value.items()}
    raise TypeError(
        f"{where}: a {type(value).__name__} could not be given back. "
        "Expected numbers, strings, None, dates with time, or lists, arrays and dicts (str keys) of them."
    )


def decode(value: Any) -> Any:
    """Undo `encode`."""
    match value:
        case list():
            return [decode(item) for item in value]
        case dict() if FLOAT in value:
            return float(value[FLOAT])
        case dict() if TIMESTAMP in value:
            return pd.Timestamp(value[TIMESTAMP])
        case dict():
            return {key: decode(item) for key, item in value.items()}
    return value
