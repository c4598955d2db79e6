"""Text files, whole or streamed, packed or not, in UTF-8 or not."""

import bz2
import codecs
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from charset_normalizer import from_bytes

PACKED: dict[str, type[gzip.GzipFile] | type[bz2.BZ2File]] = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File}


def read_text(path: str | Path, encoding: str = "utf-8") -> str:
    """The text of a file, its lines ended by ``\\n``; `ValueError` says which encoding it looks like."""
    path = Path(path)
    try:
        codec = codecs.lookup(encoding).name
    except LookupError:
        raise ValueError(f"Unknown encoding {encoding!r}, expected one such as 'utf-8' or 'cp949'.") from None
    data = path.read_bytes()
    where, problem = path.name, ""
    try:
        text = data.decode("utf-8-sig" if codec == "utf-8" else codec)
        problem = "it holds NUL characters" if "\0" in text else ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where, problem = f"{path.name}, line {line}", error.reason
    if problem:
        looks = _looks_like(data)
        hint = f"It looks like {looks.upper()}: give encoding={looks!r}" if looks else "Give the encoding it is in"
        raise ValueError(f"{where}: not {codec} text ({problem}). {hint}.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _looks_like(data: bytes) -> str | None:
    """The encoding that a file seems to have, or None; few are tried, because short texts tell little."""
    candidates = ["utf_16", "utf_16_le", "utf_16_be"] if b"\0" in data else ["utf_8", "cp949", "cp932", "cp1252"]
    best = from_bytes(data, cp_isolation=candidates, threshold=0.1).best()
    return best.encoding.replace("_", "-") if best else None


def open_packed(path: Path) -> BinaryIO | gzip.GzipFile | bz2.BZ2File:
    """The bytes of a file, unpacked as its name says."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    return PACKED[path.suffix](path) if path.suffix in PACKED else path.open("rb")


def stream_lines(path: Path, longest: int = -1) -> Iterator[str]:
    """The lines of a UTF-8 file, packed or not; a line of more than `longest` characters comes in pieces.

    A piece ends at a space, if there is one. Raises `ValueError` if the file is not whole.
    """
    rest = ""
    try:
        with open_packed(path) as file, io.TextIOWrapper(file, encoding="utf-8-sig") as lines:
            while piece := lines.readline(longest):
                line = rest + piece
                is_whole = len(piece) != longest or line.endswith("\n") or " " not in line
                cut = len(line) if is_whole else line.rindex(" ") + 1
                rest = line[cut:]
                yield line[:cut]
            if rest:
                yield rest
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a whole file of UTF-8 text ({error}).") from None
    except OSError as error:
        if path.suffix not in PACKED or isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: named {path.suffix}, but packed otherwise or damaged ({error}).") from None


def numbered_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor a comment (#), numbered from 1."""
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            yield number, line
