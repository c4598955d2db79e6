"""The process of one notebook: runs it with papermill, keeps what ran, and answers in lines of JSON.

Started by the runner, with the task on stdin. A process of its own, because the current folder, the
environment and the event loop belong to a process: threads would share them.
"""

import json
import logging
import os
import platform
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Any

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill import PapermillExecutionError, execute_notebook
from papermill.engines import NBClientEngine, papermill_engines
from traitlets.config import Config

from research_lib.files import write_atomically
from research_lib.runner.records import collect, encode, write_json

INJECTED = "injected-parameters"  # papermill's tag of the cell that it adds
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")  # colours, titles of terminals
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
KERNEL_MANAGER = {
    "transport_encryption": "auto",  # else ipykernel warns of TCP
    "shutdown_wait_time": 1.5,  # seconds until a kernel that does not stop is killed
}
PACKAGES = ("research_lib", "numpy", "torch", "scikit-learn", "papermill")


@dataclass(frozen=True)
class Provenance:
    """Where the numbers of a run come from."""

    notebook: str
    parameters: dict
    versions: dict
    commit: str | None
    dirty: bool | None
    cpu: str
    threads: int
    started: str
    seconds: float


class ThisPython(AsyncKernelManager):
    """Starts the python that runs the command, whatever kernelspec named python3 the user has installed."""

    kernel_spec = KernelSpec(**get_kernel_dict())


class KeepingEngine(NBClientEngine):
    """papermill's engine, with the notebook left in `kept`: papermill drops it on Ctrl-C and when the kernel dies."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, kept, **kwargs):
        """Run the cells of the notebook that `nb_man` holds."""
        kept.append(nb_man.nb)
        super().execute_managed_notebook(nb_man, kernel_name, **kwargs)


papermill_engines.register("research_lib", KeepingEngine)


class Run:
    """One notebook on its way: the notebook as far as it ran, the cell it is at, and its error."""

    def __init__(self, task: dict, progress: Callable[[int], None]):
        self.source, self.task, self.progress = Path(task["notebook"]), task, progress
        self.kept: list[nbformat.NotebookNode] = []
        self.cell_number, self.first_line = 0, ""
        self.error: str | None = None
        self.stopped = False

    def execute(self) -> None:
        """Run the cells; whatever happens is in `error`, and what ran in `kept`."""
        try:
            execute_notebook(
                str(self.source).replace("{", "{{").replace("}", "}}"),  # papermill formats its paths
                None,  # kept in memory and saved once: saving after each cell is slow
                self.task["given"],
                engine_name="research_lib",
                kernel_name="python3",  # it and the language are else wanted in the notebook's metadata
                language="python",
                kernel_manager_class=ThisPython,
                config=Config({"KernelManager": KERNEL_MANAGER}),
                cwd=self.source.parent,
                progress_bar=False,
                stdout_file=sys.stderr,
                stderr_file=sys.stderr,
                start_timeout=180,
                iopub_timeout=60,
                on_cell_start=self.at_cell,
                kept=self.kept,
            )
            if self.cell_number < self.task["n_cells"]:  # papermill takes sys.exit() for success
                self.error = "SystemExit: the notebook stopped before its end"
        except PapermillExecutionError as failure:
            self.error = f"{failure.ename}: {failure.evalue}"
        except DeadKernelError:
            self.error = "DeadKernelError: the kernel died (out of memory?)"
        except KeyboardInterrupt:
            self.stopped = True
        except Exception as failure:  # of papermill, nbclient or zmq: told like that of a cell, and what ran is kept
            self.error = f"{type(failure).__name__}: {failure}"
        if self.stopped:
            self.error = "KeyboardInterrupt: stopped"

    def stop_with(self, pipe: int) -> None:
        """Wait until the parent closes the pipe, on purpose or by its death; then stop as on Ctrl-C."""
        while os.read(pipe, 1):
            pass
        self.stopped = True
        os.kill(os.getpid(), signal.SIGINT)  # nbclient shuts the kernel down

    def at_cell(self, cell, cell_index):
        """Count the cells as they stand in the source; nbclient calls this, by keywords."""
        if INJECTED not in cell.metadata.tags:
            self.cell_number += 1
            self.first_line = cell.source.partition("\n")[0]
            self.progress(self.cell_number)

    def save(self, started: datetime, seconds: float) -> dict[str, Any]:
        """Write what is kept, each file whole or not at all, and tell the outcome."""
        folder, path = Path(self.task["folder"]), Path(self.task["folder"]) / self.source.name
        error, records = self.located_error(), {}
        try:
            for notebook in self.kept:
                records = collect(notebook.cells, self.source.stem)
        except ValueError as failure:  # a name recorded twice, or what is no record
            error = error or one_line(str(failure)).rstrip(".")
        try:
            for notebook in self.kept:
                join_streams(notebook.cells)
                given = encode(self.task["given"], "parameters")  # strict JSON, or JupyterLab cannot open it
                notebook.metadata.papermill.update(input_path=self.source.name, parameters=given)
                write_atomically(path, nbformat.writes(notebook).encode())
            write_json(folder / "records.json", records)
            write_json(folder / "provenance.json", asdict(provenance(self.task, started, seconds)))
        except OSError as failure:
            error = f"{error or self.source.stem}: {folder} cannot be written ({failure.strerror or failure})"
        if error:
            error += f". The notebook is kept: {path}" if path.is_file() else "."
        return {"error": error, "seconds": seconds, "records": encode(records, "records")}

    def located_error(self) -> str | None:
        """The error in one line: notebook, cell with its first line, type and message."""
        if not self.error:
            return None
        cell = f", cell {self.cell_number} ({one_line(self.first_line)})" if self.cell_number else ""
        return f"{self.source.stem}{cell}: {one_line(self.error).rstrip('.')}"


def one_line(text: str) -> str:
    """The first line of a text as it can be printed: without colours and control characters."""
    first = ESCAPE.sub("", text).strip().partition("\n")[0]
    return "".join(char for char in first if char.isprintable())


def join_streams(cells: list[nbformat.NotebookNode]) -> None:
    """Make one output of all that a cell has printed, however the kernel cut it, stdout before stderr.

    nbclient can do so itself, but takes minutes for a long line.
    """
    for cell in cells:
        outputs = cell.get("outputs", [])
        streams = [output for output in outputs if output["output_type"] == "stream"]
        joined = []
        for name in ("stdout", "stderr"):
            text = "".join(stream["text"] for stream in streams if stream["name"] == name)
            joined += [nbformat.v4.new_output("stream", name=name, text=text)] if text else []
        if joined:
            cell["outputs"] = joined + [output for output in outputs if output["output_type"] != "stream"]


def provenance(task: dict, started: datetime, seconds: float) -> Provenance:
    """Versions, commit and machine of a run."""
    source = Path(task["notebook"])
    status = _git(source.parent, "status", "--porcelain")
    return Provenance(
        notebook=source.stem,
        parameters=task["parameters"],
        versions={"python": platform.python_version()} | {package: _version(package) for package in PACKAGES},
        commit=_git(source.parent, "rev-parse", "--verify", "HEAD"),
        dirty=None if status is None else bool(status),
        cpu=_cpu(),
        threads=task["threads"],
        started=started.isoformat(timespec="seconds"),
        seconds=seconds,
    )


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _git(folder: Path, *command: str) -> str | None:
    try:
        answer = subprocess.run(["git", "-C", folder, *command], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _interrupt_once(signum: int, frame: object) -> None:
    _ignore_signals()  # a second Ctrl-C must not spoil the saving
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for stopping in STOPPING:
        signal.signal(stopping, signal.SIG_IGN)


def _read_line(pipe: int) -> bytes:
    """A line, unbuffered: another thread waits on the pipe afterwards."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(pipe, 2**16)
        if not part:
            raise SystemExit("No task came.")
        line += part
    return line


def main() -> None:
    """Run the task on stdin, until that is closed; answer ``{"cell": n}`` at each cell, and the outcome last."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed from here on belongs in the log
    for stopping in STOPPING:  # set, not inherited: a shell in the background has had SIGINT ignored
        signal.signal(stopping, _interrupt_once)
    logging.getLogger("papermill").setLevel(logging.ERROR)  # its warnings are our errors
    stdin = sys.stdin.fileno()
    run = Run(json.loads(_read_line(stdin)), lambda number: print(json.dumps({"cell": number}), file=answers))
    threading.Thread(target=run.stop_with, args=[stdin], daemon=True).start()
    started, clock = datetime.now(UTC), perf_counter()
    run.execute()
    seconds = round(perf_counter() - clock, 2)
    _ignore_signals()
    outcome = run.save(started, seconds)
    with suppress(OSError):  # nobody is there to hear it
        print(json.dumps(outcome), file=answers, flush=True)
