"""The cells of one notebook: run by papermill in a kernel, and kept as far as they ran."""

import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
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
from research_lib.runner.provenance import provenance
from research_lib.runner.records import collect, encode, write_json

INJECTED = "injected-parameters"  # papermill's tag of the cell that it adds
TERMINAL_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)?|[\x00-\x1f\x7f-\x9f]")


KERNEL_MANAGER = {
    "transport_encryption": "auto",  # else ipykernel warns of TCP
    "shutdown_wait_time": 1.5,  # seconds until a kernel that does not stop is killed
}


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

    def __init__(self, task: dict[str, Any], progress: Callable[[int], None]):
        self.source, self.task, self.progress = Path(task["notebook"]), task, progress
        self.kept: list[nbformat.NotebookNode] = []
        self.cell_number, self.first_line = 0, ""
        self.error: str | None = None
        self.started, self.clock = datetime.now(UTC), perf_counter()

    def execute(self) -> None:
        """Run the cells. What goes wrong is left in `error`, what ran in `kept`; only a `KeyboardInterrupt` goes on."""
        try:
            execute_notebook(
                str(self.source).replace("{", "{{").replace("}", "}}"),  # papermill formats its paths
                None,  # kept in memory and saved once: saving after each cell is slow
                self.task["given"],
                engine_name="research_lib",
                kernel_name="python3",  # given here, so that the notebook's metadata need not hold it
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
        except Exception as failure:  # of papermill, nbclient or zmq: reported like a cell's, and what ran is kept
            self.error = f"{type(failure).__name__}: {failure}"

    def at_cell(self, cell, cell_index):
        """Count the cells as they stand in the source; nbclient calls this, by keywords."""
        if INJECTED not in cell.metadata.tags:
            self.cell_number += 1
            self.first_line = cell.source.partition("\n")[0]
            self.progress(self.cell_number)

    def save(self) -> dict[str, Any]:
        """Write what is kept, each file whole or not at all, and return the outcome."""
        seconds = round(perf_counter() - self.clock, 2)
        folder, path = Path(self.task["folder"]), Path(self.task["folder"]) / self.source.name
        error = self.located_error()
        records: dict[str, Any] = {}
        try:
            for notebook in self.kept:
                records = collect(notebook.cells, self.source.stem)
        except ValueError as failure:  # a name recorded twice, or no record at all
            error = error or str(failure).rstrip(".")
        try:
            for notebook in self.kept:
                join_streams(notebook.cells)
                given = encode(self.task["given"], "parameters")  # strict JSON, or JupyterLab cannot open it
                notebook.metadata.papermill.update(input_path=self.source.name, parameters=given)
                write_atomically(path, nbformat.writes(notebook).encode())
            write_json(folder / "records.json", records)
            write_json(folder / "provenance.json", provenance(self.task, self.started, seconds))
        except OSError as failure:
            error = f"{error or self.source.stem}: {folder} cannot be written ({failure.strerror or failure})"
        if error:
            error += f". The notebook is kept: {path}" if path.is_file() else "."
        return {"error": error, "seconds": seconds, "records": encode(records, "records")}

    def located_error(self) -> str | None:
        """The error in one line that a terminal shows as it is: notebook, cell with its first line, type, message."""
        if not self.error:
            return None
        cell = f", cell {self.cell_number} ({self.first_line})" if self.cell_number else ""
        what = self.error.strip().partition("\n")[0]
        return TERMINAL_CODES.sub("", f"{self.source.stem}{cell}: {what}").rstrip(".")


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
