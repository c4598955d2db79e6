"""Text from a file, a folder or a dump of a wiki, streamed."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from research_lib.containers.corpus import Corpus, tokenize
from research_lib.datasets import catalogue
from research_lib.datasets.reading.text_files import open_packed, stream_lines
from research_lib.datasets.reading.wiki_markup import without_markup
from research_lib.datasets.synthetic.grammar import planted_grammar

ENDINGS = "a folder, a text file (.txt, .txt.gz, .txt.bz2) or a MediaWiki dump (.xml, .xml.bz2)"
MAX_CHARACTERS = 2**16  # of a line, to be read at once


def load_text(source: str | Path = "sample", *, min_words: int = 1) -> Corpus:
    """Documents as lists of words in lower case, read anew each time they are iterated.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: sentences of a small grammar with planted relations. ``"wiki-text"``: 106 articles of Wikipedia.
        A path: a text file with a document per line; a folder with a document per text file, in it or below; or a
        MediaWiki dump with a document per article, without markup. Files may be packed as .gz or .bz2.
    min_words : int
        Shorter documents are left out.

    Returns
    -------
    Corpus
        Only the line, file or article that is being read is in memory.

    Raises
    ------
    FileNotFoundError, ValueError
        If the source is unknown or a folder without text files; and, on reading, if it is broken or empty.
    """
    if str(source) == "sample":
        return planted_grammar()
    path = Path(source)
    if path.is_dir() and not catalogue.is_known(source, "text"):
        files = tuple(sorted(file for file in path.rglob("*") if file.is_file() and ".txt" in file.suffixes))
        if not files:
            raise ValueError(f"{path}: a folder without text files (.txt, .txt.gz, .txt.bz2).")
        return Corpus(TextStream(files, "file", min_words), str(source))
    path = catalogue.path_of(source, "text", ENDINGS)
    is_dump = ".xml" in path.name  # a part of a large dump is called ….xml-p10p30302.bz2
    if not is_dump and ".txt" not in path.suffixes:
        raise ValueError(f"{path}: expected {ENDINGS}.")
    return Corpus(TextStream((path,), "article" if is_dump else "line", min_words), str(source))


@dataclass(frozen=True)
class TextStream:
    """Documents of some files, which are opened on iteration; `unit` says what a document is."""

    paths: tuple[Path, ...]
    unit: str  # line, file or article
    min_words: int = 1

    def __iter__(self) -> Iterator[list[str]]:
        read = {"line": _lines, "file": _whole, "article": _articles}[self.unit]
        empty = True
        for path in self.paths:
            for text in read(path):
                words = tokenize(text)
                if len(words) >= max(self.min_words, 1):
                    empty = False
                    yield words
        if empty:
            where = self.paths[0] if len(self.paths) == 1 else self.paths[0].parent
            raise ValueError(f"{where}: no {self.unit} with at least {max(self.min_words, 1)} words.")


def _lines(path: Path) -> Iterator[str]:
    return stream_lines(path, MAX_CHARACTERS)


def _whole(path: Path) -> Iterator[str]:
    yield "".join(stream_lines(path))


def _articles(path: Path) -> Iterator[str]:
    """The articles of a MediaWiki dump, without markup; redirects and pages about Wikipedia itself are left out."""
    n_pages = 0
    try:
        with open_packed(path) as file:
            parser = ElementTree.iterparse(file, events=("start", "end"))
            _, root = next(parser)
            for event, element in parser:
                if event == "end" and element.tag.rpartition("}")[2] == "page":
                    n_pages += 1
                    fields = {child.tag.rpartition("}")[2]: child.text or "" for child in element.iter()}
                    root.clear()  # else the whole dump would stay in memory
                    if fields.get("ns", "0") == "0" and "redirect" not in fields:
                        yield without_markup(fields.get("text", ""))
    except ElementTree.ParseError as error:
        raise ValueError(f"{path}: broken XML after {n_pages} pages ({error}).") from None
    except FileNotFoundError:
        raise
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: broken after {n_pages} pages, or not packed as its name says ({error}).") from None
    if not n_pages:
        raise ValueError(f"{path}: no page in it, expected a MediaWiki dump.")
