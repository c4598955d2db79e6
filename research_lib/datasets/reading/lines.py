"""Lines of text files, packed or not, read one by one."""

import bz2
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast


def open_packed(path: Path) -> BinaryIO:
    """The bytes of a file, unpacked if it is called .gz or .bz2."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return bz2.open(path, "rb") if path.suffix == ".bz2" else path.open("rb")


def lines(path: Path, max_characters: int = -1) -> Iterator[str]:
    """The lines of a text file; one longer than `max_characters` comes in pieces, which end at a space.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is damaged or not UTF-8.
    """
    rest = ""
    with open_packed(path) as packed, io.TextIOWrapper(packed, encoding="utf-8-sig") as file:
        try:
            while piece := file.readline(max_characters):
                line = rest + piece
                is_whole = len(piece) != max_characters or line.endswith("\n") or " " not in line
                cut = len(line) if is_whole else line.rindex(" ") + 1
                rest = line[cut:]
                yield line[:cut]
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise ValueError(f"{path}: not a whole file of UTF-8 text ({error}).") from None
    if rest:
        yield rest


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, numbered from 1."""
    return ((number, line) for number, line in enumerate(lines(path), start=1) if not line.isspace())
