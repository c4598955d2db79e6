"""Copy the figures and records of runs to where they are published."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from filelock import FileLock

from research_lib.files import write_atomically
from research_lib.runner.execution import RunResult
from research_lib.runner.parameters import NotebookError
from research_lib.runner.records import decode, write_json


def publish(results: Iterable[RunResult], folder: str | Path = "figures") -> Path:
    """Copy the figures and records of runs to where they are published, and note what they come from.

    Parameters
    ----------
    results : iterable of RunResult
        Of each notebook in it the figures replace those published before; other notebooks' stay.
    folder : str or Path, optional
        Gets ``<notebook>/<name>.png`` and ``.svg``, ``<notebook>/records.json``, and ``manifest.json`` with the
        SHA-256, notebook, commit, source and parameters of each figure.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    NotebookError
        If one of the runs failed, or the manifest is damaged; then nothing is published.
    """
    results, folder = list(results), Path(folder)
    for result in results:
        if result.error:
            raise NotebookError(f"Not published: {result.error}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "manifest.json"
    with FileLock(folder / ".lock"):  # others may publish at the same time
        manifest = _read_manifest(path)
        for result in results:
            provenance = json.loads((result.folder / "provenance.json").read_text(encoding="utf-8"))
            before = {name for name, entry in manifest.items() if entry["notebook"] == result.notebook}
            for figure in sorted(result.folder.glob("figures/*.[ps][nv]g")):
                content, name = figure.read_bytes(), f"{result.notebook}/{figure.name}"
                write_atomically(folder / name, content)
                manifest[name] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "notebook": result.notebook,
                    "commit": provenance["commit"],
                    "source": result.parameters.get("dataset"),
                    "parameters": result.parameters,
                }
                before.discard(name)
            write_json(folder / result.notebook / "records.json", result.records)
            for name in before:  # published once, drawn no more
                (folder / name).unlink(missing_ok=True)
                del manifest[name]
        write_json(path, dict(sorted(manifest.items())))
    return path


def _read_manifest(path: Path) -> dict[str, Any]:
    """What was published before, by ``<notebook>/<file>``; a name that is none could delete what is not ours."""
    if not path.exists():
        return {}
    try:
        manifest = decode(json.loads(path.read_text(encoding="utf-8")))
        for name, entry in manifest.items():
            notebook, file = name.split("/")
            if entry["notebook"] != notebook or {notebook, file} & {"", ".", ".."} or "\\" in name:
                raise ValueError(f"a figure {name!r}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotebookError(f"{path}: not a manifest of figures ({error}). Mend or delete it.") from error
    return manifest
