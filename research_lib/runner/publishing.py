"""Copy the figures and records of runs to where they are published."""

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from research_lib.files import write_atomically
from research_lib.runner.execution import RunResult
from research_lib.runner.parameters import NotebookError
from research_lib.runner.records import decode, write_json

NAME = re.compile(r"([^./\\][^/\\]*)/[^./\\][^/\\]*\.(png|svg)")  # of a notebook and its figure, never a way out


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
    with _locked(folder):  # two that publish at once would each write a manifest without the other's figures
        manifest_path = folder / "manifest.json"
        manifest = _read_manifest(manifest_path)
        for result in results:
            manifest = _replaced(manifest, result, folder)
        write_json(manifest_path, dict(sorted(manifest.items())))
    return manifest_path


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)  # the folder itself is locked: no lock file is left among the figures
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _read_manifest(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        manifest = decode(json.loads(path.read_text(encoding="utf-8")))
        for name, entry in manifest.items():
            match = NAME.fullmatch(name)
            if not match or match[1] != entry["notebook"]:
                raise ValueError(f"{name!r}, expected <notebook>/<figure>.png or .svg")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise NotebookError(f"{path} is damaged: {error}. Restore it, or delete it and publish all again.") from error
    return manifest


def _replaced(manifest: dict[str, Any], result: RunResult, folder: Path) -> dict[str, Any]:
    """The manifest after the figures of one run have replaced those of its notebook."""
    provenance = json.loads((result.folder / "provenance.json").read_text(encoding="utf-8"))
    published = {}
    for path in sorted(result.folder.glob("figures/*.[ps][nv]g")):
        content, name = path.read_bytes(), f"{result.notebook}/{path.name}"
        write_atomically(folder / name, content)
        published[name] = {
            "sha256": hashlib.sha256(content).hexdigest(),
            "notebook": result.notebook,
            "commit": provenance["commit"],
            "source": result.parameters.get("dataset"),
            "parameters": result.parameters,
        }
    write_json(folder / result.notebook / "records.json", result.records)
    before = {name for name, entry in manifest.items() if entry["notebook"] == result.notebook}
    for name in before - published.keys():  # drawn no more
        (folder / name).unlink(missing_ok=True)
    return {name: entry for name, entry in manifest.items() if name not in before} | published
