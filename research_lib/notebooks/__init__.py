"""The notebooks: discover, check and run them, read back what they recorded, publish what they drew."""

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from research_lib.files import write_atomically
from research_lib.notebooks.parameters import NotebookError, suggest
from research_lib.notebooks.records import decode, read_records, record, write_json
from research_lib.notebooks.rules import check
from research_lib.notebooks.runner import RunResult, plan, run_all

__all__ = ["NotebookError", "RunResult", "check", "discover", "publish", "read_records", "record", "run", "sweep"]

PATTERN = "[0-9][0-9]_*.ipynb"


def discover(notebooks: str | Path | None = None) -> list[Path]:
    """The numbered notebooks, in order.

    Parameters
    ----------
    notebooks : str or Path, optional
        Their folder; by default ``notebooks/`` of the current folder or of the nearest one above it.

    Raises
    ------
    NotebookError
        If there is no such folder, or no numbered notebook in it.
    """
    here = Path.cwd()
    folders = [Path(notebooks)] if notebooks else [folder / "notebooks" for folder in (here, *here.parents)]
    folder = next((folder for folder in folders if folder.is_dir()), None)
    if folder is None:
        raise NotebookError(
            f"No folder {notebooks or f'notebooks in {here} or above'}; name it with --notebooks FOLDER."
        )
    found = sorted(folder.resolve().glob(PATTERN))
    if not found:
        raise NotebookError(f"No notebook named like 04_book_wiki_links.ipynb in {folder}.")
    return found


def find(notebook: str | Path, notebooks: str | Path | None = None) -> Path:
    """A notebook by its name, with or without ``.ipynb``, or by its path."""
    path = Path(notebook)
    if len(path.parts) > 1 and path.is_file():
        return path.resolve()
    by_name = {path.stem: path for path in discover(notebooks)}
    name = str(notebook).removesuffix(".ipynb")
    if name not in by_name:
        raise NotebookError(f"No notebook named {name!r}.{suggest(name, by_name)} There are: {', '.join(by_name)}.")
    return by_name[name]


def run(
    notebook: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    quick: bool = False,
    real: bool = False,
    runs: str | Path = "runs",
    threads: int | None = None,
    notebooks: str | Path | None = None,
) -> RunResult:
    """Run one notebook in a process of its own.

    Parameters
    ----------
    notebook : str or Path
        Its name, as ``"04_book_wiki_links"``, or its path.
    parameters : dict, optional
        Values that replace the defaults of its parameters cell, and those of `quick` or `real`.
    quick, real : bool, optional
        Take the values of ``parameters/quick.yml`` (seconds) or ``parameters/real.yml`` (the real data).
    runs : str or Path, optional
        Where run folders are made; a relative path starts at the folder in which the notebooks' folder lies.
    threads : int, optional
        Threads of the kernel; by default one a processor.
    notebooks : str or Path, optional
        Folder of the notebooks, see `discover`.

    Returns
    -------
    RunResult
        With `error` set if a cell failed: that is an outcome too, and the notebook is kept as far as it ran.

    Raises
    ------
    NotebookError
        Before anything runs: unknown notebook or parameter, a value of another type, an unreadable parameters cell.
    """
    task = plan(find(notebook, notebooks), parameters or {}, quick=quick, real=real)
    return run_all([task], runs=runs, threads=threads)[0]


def sweep(
    notebook: str | Path,
    grid: Mapping[str, Sequence[Any]],
    parameters: Mapping[str, Any] | None = None,
    *,
    quick: bool = False,
    real: bool = False,
    runs: str | Path = "runs",
    jobs: int = 1,
    threads: int | None = None,
    notebooks: str | Path | None = None,
) -> pd.DataFrame:
    """Run a notebook with every combination of values; other arguments as for `run`.

    Parameters
    ----------
    grid : dict of str to list
        For each parameter the values to try. All combinations are checked before the first one runs.
    jobs : int, optional
        How many run at the same time.

    Returns
    -------
    DataFrame
        One row a run, in the order of `itertools.product`: the parameters of `grid`, every record that is one value
        (as ``<name>_recorded`` if a parameter of `grid` has its name), seconds, folder and error.
    """
    for name, values in grid.items():
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise NotebookError(f"sweep: {name!r} is {values!r}, expected a list of values to try.")
    path = find(notebook, notebooks)
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    tasks = [plan(path, {**(parameters or {}), **point}, quick=quick, real=real) for point in points]
    rows = []
    for point, result in zip(points, run_all(tasks, runs=runs, jobs=jobs, threads=threads), strict=True):
        scalars = {name: value for name, value in result.records.items() if not isinstance(value, list | dict)}
        recorded = {f"{name}_recorded" if name in point else name: value for name, value in scalars.items()}
        rows.append({**point, **recorded, "seconds": result.seconds, "folder": result.folder, "error": result.error})
    return pd.DataFrame(rows)


def publish(results: Iterable[RunResult], folder: str | Path = "figures") -> Path:
    """Copy the figures of runs to where they are published, and note what they come from.

    Parameters
    ----------
    results : iterable of RunResult
        Of each notebook in it the figures replace those published before; other notebooks' stay.
    folder : str or Path, optional
        Gets ``<notebook>/<name>.png`` and ``.svg``, and ``manifest.json`` with the SHA-256, notebook, commit,
        source and parameters of each.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    NotebookError
        If one of the runs failed; then nothing is published.
    """
    results, folder = list(results), Path(folder)
    for result in results:
        if result.error:
            raise NotebookError(f"Not published: {result.error}")
    manifest_path = folder / "manifest.json"
    manifest = decode(json.loads(manifest_path.read_text(encoding="utf-8"))) if manifest_path.exists() else {}
    for result in results:
        provenance = json.loads((result.folder / "provenance.json").read_text(encoding="utf-8"))
        before = {name for name, entry in manifest.items() if entry["notebook"] == result.notebook}
        for path in sorted(result.folder.glob("figures/*.[ps][nv]g")):
            content, name = path.read_bytes(), f"{result.notebook}/{path.name}"
            write_atomically(folder / name, content)
            manifest[name] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "notebook": result.notebook,
                "commit": provenance["commit"],
                "source": result.parameters.get("dataset"),
                "parameters": result.parameters,
            }
            before.discard(name)
        for name in before:  # published once, drawn no more
            (folder / name).unlink(missing_ok=True)
            del manifest[name]
    write_json(manifest_path, dict(sorted(manifest.items())))
    return manifest_path
