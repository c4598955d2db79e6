"""Every public dataset: what it is, where it lies, and its copy in the cache, known by its SHA-256."""

import hashlib
import os
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
import requests
from tqdm import tqdm

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


_BOOKS = (
    "https://raw.githubusercontent.com/WillKoehrsen/wikipedia-data-science/6677afca87d4c9788ea5e33fce9785eb6f6fc0ef"
)
_BOOKS_CITATION = (
    "Koehrsen, W. (2018). Building a Recommendation System Using Neural Network Embeddings. Wikipedia dump of 2018."
)
_LOGV = "https://raw.githubusercontent.com/chemcognition-lab/chemixhub/6b878cc39db059718c9a79d96e92fd5a61a2e5e6/datasets/logV"
_GAP = "https://raw.githubusercontent.com/anthony-wang/CrabNet/457b4d4835737ecbe4dd33e53174bd818bd82143/data/matbench_cv/expt_gap"
_GAP_FILES = (
    ("train0.csv", "d928f3e289cd33040e962d3d5a73c5867843d1ff19e54803749d7f064f843795", 45_308),
    ("train1.csv", "26baed1a2b983e03b28adecc83ad3a968d32633838415141c73c8133f5278d6d", 45_005),
    ("train2.csv", "dd6bcb6b7b23596b733ede0642897fcacc0264e5acd2c3b977256c111293098c", 44_979),
    ("train3.csv", "e229dc5eab74b29e030034f0b75f29d7ede3e0fad6982b2df85001ba9d0ed181", 45_224),
    ("train4.csv", "e8846e0c55d763e3418b2b2239a58deae77579875fcef138d967da795ec07849", 45_102),
    ("val0.csv", "6d7f2047b76af413146a06b24b8b2694a3a04d0931b26e39727ff0141efe75cc", 4_931),
    ("val1.csv", "a012624dd889d8c02bf4ced65d3b074f9e5a1269f70b6dc43f027a347755dc70", 5_056),
    ("val2.csv", "8c7a362d9f961efa9b48d1244d77c796ae103c950e829afa3dd0cf1b051ab341", 4_964),
    ("val3.csv", "3d34f629488bdebedd5297236d1d996744890a67bdd0b509e50bf2b805dd533d", 4_929),
    ("val4.csv", "e456aa555c24e8697d99a1d3070a231aaa2092457f5bd40c16fe21337f8f1504", 5_012),
    ("test0.csv", "ed1c22560eaae188dd0a000e89833f293a7917a0fe792aefd230e921c21a3186", 12_394),
    ("test1.csv", "874729ddea1c796105d26993a4b5e094a9879dc1b3ca35421879058b6f681025", 12_567),
    ("test2.csv", "51d222f5931b23d9fbbbe25f4971c2acb6158bee7112ba48f3d891b99771f38a", 12_691),
    ("test3.csv", "aec5255847eb036bba3e9ff5eebf81b10db8652e2e2f4dfcf72eb2a690425d17", 12_463),
    ("test4.csv", "9d20240f2155245fdece666dd47a0db3e2965823716f39791d79b193f842b242", 12_523),
)

DATASETS = (
    Dataset(
        name="books-p15",
        kind="books",
        description="book articles of one partition of the 2018 Wikipedia dump, with the pages they link to",
        rows=1413,
        columns=6,
        licence="CC BY-SA (Wikipedia text)",
        citation=_BOOKS_CITATION,
        files=(
            File(
                "p15_books.ndjson",
                f"{_BOOKS}/data/p15_books.ndjson",
                "8a5936d69be4886075c04fcec028094edb08442daceb81679acca1753ce0f0fe",
                1_962_641,
            ),
        ),
    ),
    Dataset(
        name="books",
        kind="books",
        description="all book articles of the 2018 Wikipedia dump, with the pages they link to",
        rows=37_020,
        columns=6,
        licence="CC BY-SA (Wikipedia text)",
        citation=_BOOKS_CITATION,
        files=(
            File(
                "found_books_filtered.ndjson",
                f"{_BOOKS}/data/found_books_filtered.ndjson",
                "0d486159c46313ac3498a76ef4abfc9f2db3f302e564cfe4c5fcec5298ace4b7",
                58_925_764,
            ),
        ),
    ),
    Dataset(
        name="cosing",
        kind="ingredients",
        description="the EU's inventory of cosmetic ingredients and their functions",
        rows=28_712,
        columns=4,
        licence="EU open data (reuse with attribution)",
        citation="European Commission, CosIng: Cosmetic Ingredient Database, as gathered by sohab117/inci-cas-builder.",
        files=(
            File(
                "cosing.csv",
                "https://raw.githubusercontent.com/sohab117/inci-cas-builder/c457a8e03887b0cd4a4ab4df16d4873eb835b339"
                "/data/cosing.csv",
                "13b3974654814754d3dc272332fabd55710e33801866961ee537d190fc2c22a1",
                2_113_999,
            ),
        ),
    ),
    Dataset(
        name="logv",
        kind="mixtures",
        description="viscosity of pure liquids and mixtures of two, at a temperature, with a published split",
        rows=34_374,
        columns=7,
        licence="CC BY 4.0",
        citation="CheMixHub (2025). Datasets and benchmarks for chemical mixture property prediction.",
        files=(
            File(
                "processed_logV.csv",
                f"{_LOGV}/processed_data/processed_logV.csv",
                "a92d126886603874e493484ef493d5f4eaa7c541e26919f2d09fdc308c78930c",
                2_330_887,
            ),
            File(
                "logV_compounds.csv",
                f"{_LOGV}/processed_data/compounds.csv",
                "c3edcc99be57053bba1aed2139afa59c5e1e7425d1f1123c1175fe0520eb5174",
                35_668,
            ),
        ),
    ),
    Dataset(
        name="expt-gap",
        kind="mixtures",
        description="measured band gap of inorganic compositions, with five published folds",
        rows=4_603,
        columns=2,
        licence="MIT (CrabNet repository)",
        citation="Wang, A. et al. (2021). Compositionally restricted attention-based network. Data of matbench.",
        files=tuple(File(name, f"{_GAP}/{name}", sha256, size) for name, sha256, size in _GAP_FILES),
    ),
)


def catalogue(kind: str | None = None) -> tuple[Dataset, ...]:
    """The public datasets, all or those of one kind."""
    return tuple(dataset for dataset in DATASETS if kind in (None, dataset.kind))


def find(name: str, kind: str | None = None) -> Dataset:
    """The dataset called `name`; an unknown name raises `ValueError` with the nearest known one."""
    known = {dataset.name: dataset for dataset in catalogue(kind)}
    if name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"Unknown dataset {name!r}.{hint} The catalogue has: {', '.join(known)}.")
    return known[name]


def cache_folder() -> Path:
    """Where fetched files lie: the folder in RESEARCH_LIB_DATA, or the system's cache."""
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("research-lib"))


def cached_paths(name: str) -> list[Path]:
    """Where the files of a dataset lie in the cache, whether or not they are there."""
    dataset = find(name)
    return [cache_folder() / dataset.name / file.name for file in dataset.files]


def is_cached(name: str) -> bool:
    """Whether every file of the dataset is in the cache."""
    return all(path.is_file() for path in cached_paths(name))


def fetch(name: str, kind: str | None = None) -> list[Path]:
    """The files of a dataset, fetched into the cache when they are not there yet.

    An interrupted transfer goes on where it stopped. Every file is checked against its SHA-256, also
    when it was there already.

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
        What the user gave to a loader, other than "sample".
    kind : str
        Of the catalogue's names.
    endings : str
        For the message: which files are read, as in "an .ndjson file".

    Raises
    ------
    IsADirectoryError, FileNotFoundError, ValueError
        If it is a folder, a path without a file, or an unknown name; and what `fetch` raises.
    """
    if source in [dataset.name for dataset in catalogue(kind)]:
        return fetch(source, kind)[0]  # also where a folder has that name
    path = Path(source)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: a folder, expected {endings}.")
    if path.is_file():
        return path
    if path.suffix or len(path.parts) > 1:
        raise FileNotFoundError(f"{path}: no such file (looked for in {Path.cwd()}).")
    if get_close_matches(str(source), ["sample"], cutoff=0.8):
        raise ValueError(f"Unknown dataset {source!r}. Did you mean 'sample'?")
    return fetch(str(source), kind)[0]  # says which names there are


def import_folder(folder: str | Path) -> pd.DataFrame:
    """Copy every file that the catalogue knows, by its SHA-256, from a folder into the cache.

    Parameters
    ----------
    folder : str or Path
        Searched with all its subfolders; the files' names do not matter.

    Returns
    -------
    DataFrame
        Columns ``file`` (where it was found) and ``name`` (the dataset), a row a copied file.
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
        name, place = places.get(sha256_of(found), (None, None))
        if name is not None:
            write_atomically(place, found.read_bytes())
            copied.append((str(found), name))
    return pd.DataFrame(copied, columns=["file", "name"])


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
