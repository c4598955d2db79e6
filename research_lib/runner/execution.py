"""Plan runs, and run them: each notebook in a process and a folder of its own.

A run folder is ``runs/<notebook>/<UTC time>/``. It holds the executed notebook, ``figures/``, ``records.json``,
``provenance.json`` and ``log.txt``, also when a cell failed.
"""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

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
START_WORKER = "from research_lib.runner import worker; worker.main()"


@dataclass(frozen=True)
class Task:
    """A run that was found possible: `given` replaces defaults, `parameters` is all that the notebook will see."""

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
    """Everything that can be known wrong before a notebook runs, found now."""
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
    """Run `tasks`, `jobs` at a time, and tell `progress` of each cell that begins.

    On `KeyboardInterrupt` what runs is stopped and kept as far as it ran; it goes on and says where that is. No process
    outlives this one: a worker stops when its stdin is closed, by us or by the system when we are no more.
    """
    threads = threads or max(1, (os.cpu_count() or 1) // jobs)
    workers = Workers()
    try:
        with ThreadPoolExecutor(jobs) as pool:  # the threads only wait: each notebook has a process
            futures = [pool.submit(_run_one, task, Path(runs), threads, progress, workers) for task in tasks]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                workers.stop()
                raise
    except KeyboardInterrupt as stop:
        kept = ", ".join(str(folder) for folder in workers.running)
        stop.args = (f"Interrupted. What had run is kept in {kept}" if kept else "Interrupted.",)
        raise


class Workers:
    """The processes of `run_all`, by the folders of their runs."""

    def __init__(self) -> None:
        self.running: dict[Path, subprocess.Popen[str]] = {}
        self.stopping = False

    def add(self, folder: Path, process: subprocess.Popen[str]) -> None:
        """Know a process that was just started; it may be too late for it."""
        self.running[folder] = process
        if self.stopping:
            self.stop()

    def stop(self) -> None:
        """Close the pipes that the workers read: each stops its kernel, keeps what ran, and ends."""
        self.stopping = True
        for process in list(self.running.values()):
            with suppress(OSError):  # it is gone
                pipe_to(process).close()


def pipe_to(process: subprocess.Popen[str]) -> IO[str]:
    """The stdin of a process that was started with a pipe."""
    assert process.stdin is not None
    return process.stdin


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end; `code` is what it exits with."""

    def __init__(self, signum: int):
        super().__init__("Interrupted.")
        self.code = 128 + signum


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it SIGINT, SIGTERM and SIGHUP raise `Stopped`, also where a shell in the background had SIGINT ignored."""

    def stop(signum: int, frame: object) -> None:
        raise Stopped(signum)

    before = {signum: signal.signal(signum, stop) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def _run_one(task: Task, runs: Path, threads: int, progress: Callable, workers: Workers) -> RunResult:
    folder = _new_folder(project_of(task.notebook) / runs / task.notebook.stem)
    message = {
        "notebook": str(task.notebook),
        "folder": str(folder),
        "n_cells": task.n_cells,
        "given": task.given,
        "parameters": task.parameters,
        "threads": threads,
    }
    outcome = {}
    with (
        (folder / "log.txt").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-P", "-c", START_WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(folder, threads),
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C in a terminal reaches us alone, and we tell it
        ) as process,
    ):
        with suppress(BrokenPipeError):  # it died at once: told below
            pipe_to(process).write(json.dumps(message) + "\n")
            pipe_to(process).flush()
        workers.add(folder, process)
        assert process.stdout is not None
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


def project_of(notebook: Path) -> Path:
    """The folder in which the notebooks' folder lies."""
    return notebook.parent.parent


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
    environment.setdefault("GOMP_SPINCOUNT", "10000")  # waiting threads soon give way to others that can work
    package = Path(__file__).resolve().parents[2]
    if package.name != "site-packages":  # run from a checkout: the kernel, in another folder, must find it too
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
