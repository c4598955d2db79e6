"""Plan runs, and run them: each notebook in a process and a folder of its own.

A run folder is ``runs/<notebook>/<UTC time>/``. It holds the executed notebook, ``figures/``, ``records.json``,
``provenance.json`` and ``log.txt``, also when a cell failed.
"""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pandas as pd

from research_lib.runner.discovery import find
from research_lib.runner.parameters import (
    NotebookError,
    merge,
    preset,
    read_notebook,
    read_parameters,
    unknown_parameter,
)
from research_lib.runner.records import decode

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
WORKER = ("-P", "-m", "research_lib.runner.worker")


@dataclass(frozen=True)
class Task:
    """A run that has passed every check: `given` replaces defaults, `parameters` is all that the notebook will see."""

    notebook: Path
    n_cells: int
    given: dict[str, Any]
    parameters: dict[str, Any]


@dataclass(frozen=True)
class RunResult:
    """What came of a run. `error` is None, or one line that names notebook, cell, error and what is kept."""

    notebook: str
    folder: Path
    parameters: dict[str, Any]
    seconds: float
    records: dict[str, Any]
    figures: list[Path]
    error: str | None


def plan(path: Path, parameters: Mapping[str, Any], *, quick: bool = False, real: bool = False) -> Task:
    """Check all that can be checked before a notebook runs."""
    if quick and real:
        raise NotebookError("Quick or real: expected one of them, not both.")
    cells = read_notebook(path)["cells"]
    known = read_parameters(cells, path.stem)
    which = "quick" if quick else "real" if real else None
    given = merge(known, path.stem, preset(path, which) if which else {}, parameters)
    return Task(path, len(cells), given, {name: parameter.default for name, parameter in known.items()} | given)


def plan_all(paths: Sequence[Path], parameters: Mapping[str, Any], **options: bool) -> list[Task]:
    """`plan` for several notebooks: each is given those `parameters` that it takes, and each must be taken by one."""
    takes = {path: set(read_parameters(read_notebook(path)["cells"], path.stem)) for path in paths}
    known = set().union(*takes.values())
    for name in parameters:
        if name not in known:
            raise unknown_parameter(name, ", ".join(path.stem for path in paths), known)
    return [plan(path, {k: v for k, v in parameters.items() if k in takes[path]}, **options) for path in paths]


def run_all(
    tasks: Sequence[Task],
    *,
    runs: str | Path = "runs",
    jobs: int = 1,
    threads: int | None = None,
    progress: Callable[[Task, int], None] = lambda task, cell_number: None,
) -> list[RunResult]:
    """Run `tasks`, `jobs` at a time; `progress` is called when a cell begins.

    On Ctrl-C what runs is stopped and kept as far as it ran; a note of the `KeyboardInterrupt` says where.
    """
    threads = threads or max(1, (os.cpu_count() or 1) // jobs)
    processes: dict[Path, subprocess.Popen[str]] = {}
    stopped = Event()

    def started(folder: Path, process: subprocess.Popen[str]) -> None:
        processes[folder] = process
        if stopped.is_set():
            process.terminate()

    try:
        with ThreadPoolExecutor(jobs) as pool:  # the threads only wait: each notebook has a process
            try:
                futures = [pool.submit(_run_one, task, Path(runs), threads, progress, started) for task in tasks]
                return [future.result() for future in futures]
            except BaseException:
                stopped.set()
                pool.shutdown(wait=False, cancel_futures=True)
                for process in list(processes.values()):
                    process.terminate()
                raise
    except KeyboardInterrupt as stop:
        kept = ", ".join(str(folder) for folder in processes if any(folder.glob("*.ipynb")))
        if kept:
            stop.add_note(f"What had run is kept in {kept}")
        raise


def _run_one(
    task: Task,
    runs: Path,
    threads: int,
    progress: Callable[[Task, int], None],
    started: Callable[[Path, subprocess.Popen[str]], None],
) -> RunResult:
    folder = _new_folder(task.notebook.parent.parent / runs / task.notebook.stem)
    message = vars(task) | {"folder": folder, "threads": threads}
    outcome: dict[str, Any] = {}
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen(
            [sys.executable, *WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(folder, threads),
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we tell it
        ) as process,
    ):
        assert process.stdin and process.stdout
        started(folder, process)
        with suppress(BrokenPipeError):  # it died at once: the error says so below
            process.stdin.write(json.dumps(message, default=str) + "\n")
            process.stdin.flush()  # and left open: the worker stops when it closes, however this process ends
        for line in process.stdout:
            outcome = json.loads(line)
            if "cell" in outcome:
                progress(task, outcome["cell"])
    if "error" not in outcome:
        died = f"{task.notebook.stem}: its process ended with code {process.returncode}. See {folder / 'log.txt'}"
        outcome = {"seconds": float("nan"), "records": {}, "error": died}
    return RunResult(
        notebook=task.notebook.stem,
        folder=folder,
        parameters=task.parameters,
        seconds=outcome["seconds"],
        records=decode(outcome["records"]),
        figures=sorted(folder.glob("figures/*.png")),
        error=outcome["error"],
    )


def _new_folder(parent: Path) -> Path:
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = parent / datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
        with suppress(FileExistsError):
            folder.mkdir()
            return folder


def _environment(folder: Path, threads: int) -> dict[str, str]:
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "RESEARCH_LIB_RUN": str(folder)}
    environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    environment.setdefault("GOMP_SPINCOUNT", "10000")  # waiting threads soon give way to those with work
    package = Path(__file__).resolve().parents[2]
    if package.name != "site-packages":  # a checkout: the kernel, in another folder, must find it too
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(package), os.environ.get("PYTHONPATH"))))
    return environment


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
