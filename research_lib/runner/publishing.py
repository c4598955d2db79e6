"""Copy the figures of runs to where they are published."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from research_lib.files import write_atomically
from research_lib.runner.execution import RunResult
from research_lib.runner.parameters import NotebookError
from research_lib.runner.records import decode, write_json


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
