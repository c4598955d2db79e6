"""The copies of public datasets in the cache: found by name, fetched, and known by their SHA-256."""

import hashlib
import json
import os
import tomllib
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urljoin

import pandas as pd
import requests
from tqdm import tqdm

from research_lib.checks import suggest
from research_lib.files import write_atomically

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its progress bar misses Jupyter's widgets; ours does not need them
    import pooch

CACHE_VARIABLE = "RESEARCH_LIB_DATA"
CHUNK_BYTES = 2**18


@dataclass(frozen=True)
class File:
    """One file of a dataset, byte for byte as published."""

    name: str
    url: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class Dataset:
    """One public dataset; `kind` is the first argument of `datasets.load`."""

    name: str
    kind: str
    description: str
    rows: int
    columns: int
    licence: str
    citation: str
    files: tuple[File, ...]


def read_catalogue(path: Path) -> tuple[Dataset, ...]:
    """The entries of a catalogue; its first lines say how they are written."""
    datasets = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["dataset"]:
        base = entry.pop("base", "")
        files = [File(**file | {"url": urljoin(base, file.get("url", file["name"]))}) for file in entry.pop("files")]
        datasets.append(Dataset(**entry, files=tuple(files)))
    return tuple(datasets)


DATASETS = read_catalogue(Path(__file__).with_name("catalogue.toml"))


def catalogue(kind: str | None = None) -> tuple[Dataset, ...]:
    """The public datasets, all or those of one kind."""
    return tuple(dataset for dataset in DATASETS if kind in (None, dataset.kind))


def is_known(source: str | Path, kind: str) -> bool:
    """Whether a source is a name from the catalogue; a `Path` is never one."""
    return source in [dataset.name for dataset in catalogue(kind)]


def find(name: str, kind: str | None = None) -> Dataset:
    """The dataset called `name`; an unknown name raises `ValueError` with the nearest known one."""
    known = {dataset.name: dataset for dataset in catalogue(kind)}
    if name not in known:
        raise ValueError(f"Unknown dataset {name!r}.{suggest(name, known)} The catalogue has: {', '.join(known)}.")
    return known[name]


def cache_folder() -> Path:
    """Where fetched files are kept: the folder in RESEARCH_LIB_DATA, or the system's cache."""
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("research-lib"))


def cached_paths(name: str) -> list[Path]:
    """Where the files of a dataset belong in the cache, whether or not they are there."""
    dataset = find(name)
    return [cache_folder() / dataset.name / file.name for file in dataset.files]


def is_cached(name: str) -> bool:
    """Whether every file of the dataset is in the cache."""
    return all(path.is_file() for path in cached_paths(name))


def fetch(name: str, kind: str | None = None) -> list[Path]:
    """The files of a dataset, fetched into the cache when they are not there yet.

    An interrupted transfer goes on where it stopped. Every file is checked against its SHA-256, even one that was
    there already.

    Raises
    ------
    ValueError
        If the dataset is unknown or a file does not have the catalogue's SHA-256.
    ConnectionError
        If a file is missing and cannot be fetched.
    """
    dataset = find(name, kind)
    paths = cached_paths(name)
    for file, path in zip(dataset.files, paths, strict=True):
        if path.is_file():
            _check_hash(path, file)
            continue
        try:
            pooch.retrieve(file.url, file.sha256, fname=path.name, path=path.parent, downloader=_resume)
        except requests.RequestException as error:
            raise ConnectionError(
                f"{name}: {file.name} is not in the cache and cannot be fetched from {file.url} "
                f"({type(error).__name__}). With a copy at hand: research-lib data import FOLDER."
            ) from error
        except ValueError as error:  # pooch has thrown the file away
            raise ValueError(f"{name}: what {file.url} sent does not have the catalogue's SHA-256.") from error
    return paths


def path_of(source: str | Path, kind: str, endings: str) -> Path:
    """The file behind a catalogue name, which is fetched, or behind a path.

    Parameters
    ----------
    source : str or Path
        What the user gave to a reader, other than "sample".
    kind : str
        Which of the catalogue's names count.
    endings : str
        Which files are read, for the message: "an .ndjson file".

    Raises
    ------
    IsADirectoryError, FileNotFoundError, ValueError
        If it is a folder, a path without a file, or an unknown name; and what `fetch` raises.
    """
    if is_known(source, kind):
        return fetch(str(source), kind)[0]  # also where a folder has that name
    path = Path(source)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: a folder, expected {endings}.")
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise FileNotFoundError(f"{path}: no such file (looked for in {Path.cwd()}).")
    if near := get_close_matches(str(source), ["sample"], cutoff=0.8):
        raise ValueError(f"Unknown dataset {source!r}. Did you mean {near[0]!r}?")
    return fetch(str(source), kind)[0]  # says which names there are


def import_folder(folder: str | Path) -> pd.DataFrame:
    """Copy every file that the catalogue knows, by its SHA-256, from a folder into the cache.

    Parameters
    ----------
    folder : str or Path
        Searched with all its subfolders; file names do not matter.

    Returns
    -------
    DataFrame
        A row for each copied file: ``file`` (where it was found) and ``name`` (the dataset).
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: not a folder.")
    sizes = {file.n_bytes for dataset in DATASETS for file in dataset.files}
    places = {
        file.sha256: (dataset.name, path)
        for dataset in DATASETS
        for file, path in zip(dataset.files, cached_paths(dataset.name), strict=True)
    }
    copied = []
    for found in sorted(folder.rglob("*")):
        if not found.is_file() or found.stat().st_size not in sizes:
            continue
        if known := places.get(sha256_of(found)):
            name, place = known
            write_atomically(place, found.read_bytes())
            copied.append((str(found), name))
    return pd.DataFrame(copied, columns=["file", "name"])


def describe(path: str | Path) -> str:
    """An entry for `catalogue.toml` that describes a local file: its size and SHA-256, and gaps to fill in.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    name, stem = (json.dumps(text, ensure_ascii=False) for text in (path.name, f"my-{path.stem}"))
    kinds = ", ".join(dict.fromkeys(dataset.kind for dataset in DATASETS))
    return f"""\
[[dataset]]
name = {stem}
kind = "…"  # one of: {kinds}
description = "…"
rows = 0
columns = 0
licence = "…"
citation = "…"
files = [
    {{ name = {name}, url = "https://…", sha256 = "{sha256_of(path)}", n_bytes = {path.stat().st_size} }},
]
"""


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_hash(path: Path, file: File) -> None:
    found = sha256_of(path)
    if found != file.sha256:
        raise ValueError(
            f"{path}: SHA-256 {found[:12]}…, expected {file.sha256[:12]}…: the file is damaged or another version. "
            f"Delete it to fetch it again."
        )


def _resume(url: str, output_file: str, _: object) -> None:
    """A pooch downloader that keeps what an interrupted transfer brought and asks for the rest."""
    name = hashlib.sha256(url.encode()).hexdigest()[:16]
    part = Path(output_file).parent / f".{name}.part"
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"}  # a range of a compressed answer is no range of the file
    if have:
        headers["Range"] = f"bytes={have}-"
    with requests.get(url, headers=headers, stream=True, timeout=60) as answer:
        if answer.status_code == 416 and have:  # the part is as long as the file, or longer: start again
            part.unlink()
            return _resume(url, output_file, _)
        answer.raise_for_status()
        continued = answer.status_code == 206
        have = have if continued else 0
        total = have + int(answer.headers.get("Content-Length", 0))
        with (
            part.open("ab" if continued else "wb") as file,
            tqdm(total=total or None, initial=have, unit="B", unit_scale=True, desc=url.rsplit("/", 1)[-1]) as bar,
        ):
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)
                bar.update(len(chunk))
    part.replace(output_file)
