"""What a benchmark measured, kept as data in `benchmarks/results/`: `make results` fills the pages in from there."""

import json
import os
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pandas as pd

from research_lib.files import write_atomically

FOLDER = Path(__file__).parent / "results"
PACKAGES = ("gensim", "implicit", "keras", "numba", "numpy", "opentsne", "scikit-learn", "tensorflow-cpu", "torch")


def machine(threads: int | None = None) -> str:
    """Processor, cores, threads and versions, in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), platform.processor())
    found = {(part.name.lower().replace("_", "-"), part.version) for part in metadata.distributions()}
    versions = [f"{name} {version}" for name, version in sorted(found) if name in PACKAGES]
    cores = f"{os.cpu_count()} cores" + ("" if threads is None else f", {threads} threads")
    return f"{cpu}, {cores}; Python {platform.python_version()}, {', '.join(versions)}"


def keep(
    table: pd.DataFrame, name: str, *, more: Iterable[str] = (), less: Iterable[str] = (), threads: int | None = None
) -> None:
    """Put a table into the file of the benchmark that is running, in place of the one that had its name.

    Parameters
    ----------
    table : DataFrame
        Names in the index, numbers in the columns; what is not known is NaN.
    name : str
        Of the table, within the benchmark.
    more, less : iterable of str
        Columns of which more, or less, is better: the best number is printed in bold.
    threads : int, optional
        That it ran on.
    """
    script = Path(sys.argv[0])
    path = FOLDER / f"{script.stem}.json"
    tables = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = dict.fromkeys(more, "more") | dict.fromkeys(less, "less")
    better = {column: side for column, side in wanted.items() if column in table}
    rows = {
        str(row): {str(column): _plain(value) for column, value in values.items()} for row, values in table.iterrows()
    }
    command = " ".join(["python", f"benchmarks/{script.name}", *sys.argv[1:]]).removesuffix(" --save")
    tables[name] = {"command": command, "machine": machine(threads), "better": better, "rows": rows}
    text = json.dumps(dict(sorted(tables.items())), indent=1, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode())


def _plain(value: object) -> object:
    """A number or text as JSON has it; NaN is null."""
    if isinstance(value, str):
        return value
    number = float(value)
    return None if number != number else int(number) if number.is_integer() and abs(number) >= 100 else number
