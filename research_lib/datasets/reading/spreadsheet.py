"""Tables as people keep them, CSV, TSV, XLSX or Parquet, and what is wrong with them."""

import csv
import io
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from itertools import chain
from pathlib import Path

import openpyxl
import pandas as pd
from openpyxl.utils import get_column_letter

from research_lib.datasets.reading.text_files import read_text

TABLE_ENDINGS = (".csv", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet")  # an .xls is refused with advice
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # the first bytes of an .xlsx, and of an .xls or a protected .xlsx
PARQUET = b"PAR1"
SEPARATORS = ("|", ";", "\n", ",", "、", "/", "・", "·")  # within a cell, the surest first
UNSURE = ("/", "・", "·")  # names contain these, too
ASKED = ("&", "+", "^", "#", "~", "\\", ":")  # may separate as well, but only if the user says so
EXCEL_ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"}


def read_table(path: str | Path, *, encoding: str = "utf-8") -> pd.DataFrame:
    """A CSV, TSV, XLSX or Parquet file, all of it text.

    Parameters
    ----------
    path : str or Path
        Columns of a .tsv are separated by tabs; those of another text by tab, ``;`` or ``,``, whichever the header has
        most of. Of a spreadsheet, the first sheet is read.
    encoding : str
        Encoding of a text file.

    Returns
    -------
    DataFrame of str, shape (n_rows, n_columns)
        Columns are named by the first row that is not blank; empty cells are ``""``. The index has the row numbers that
        a spreadsheet program shows. Blank rows, and columns without name and content, are left out.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such file, or it is not such a table: the message says where, and what was expected.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file.")
    with path.open("rb") as file:
        start = file.read(4)
    if start == OLE:
        raise ValueError(f"{path.name}: an old .xls or a protected spreadsheet. Save it as .xlsx without password.")
    if start == ZIP or path.suffix.lower() in (".xlsx", ".xlsm"):
        return _with_header(_xlsx_rows(path), path.name)
    if start == PARQUET or path.suffix.lower() == ".parquet":
        return _with_header(_parquet_rows(path), path.name)
    return _with_header(_csv_rows(path, encoding), path.name)


def _csv_rows(path: Path, encoding: str) -> list[list[str]]:
    text = read_text(path, encoding)
    header = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    separator = "\t" if path.suffix.lower() == ".tsv" else max("\t;,", key=header.count)
    rows: list[list[str]] = []
    try:
        rows.extend(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ValueError(f"{path.name}, row {len(rows) + 1}: broken quotation marks ({error}).") from None
    return rows


def _xlsx_rows(path: Path) -> list[list[str]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that do not matter here
            book = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=True)  # whatever its name
    except Exception as error:  # whatever its parsers stumble over
        raise ValueError(f"{path.name}: not a spreadsheet, or damaged ({error}).") from None
    if not book.worksheets:
        raise ValueError(f"{path.name}: no sheet with cells, expected a table in the first sheet.")
    sheet = book.worksheets[0]
    if sheet.merged_cells.ranges:
        merged = min(sheet.merged_cells.ranges, key=lambda cells: (cells.min_row, cells.min_col)).coord
        raise ValueError(
            f"{path.name}, sheet {sheet.title!r}: cells {merged} are merged, expected a column's name in every cell of "
            f"the first row and a value in those below. Unmerge and fill them; delete a title above the table."
        )
    rows = [[_as_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    for y, row in enumerate(rows, start=1):
        for x, text in enumerate(row, start=1):
            if text in EXCEL_ERRORS:
                raise ValueError(f"{path.name}, sheet {sheet.title!r}: cell {get_column_letter(x)}{y} is {text}.")
    return rows


def _parquet_rows(path: Path) -> list[list[str]]:
    try:
        table = pd.read_parquet(path)
    except Exception as error:  # whatever its parsers stumble over
        raise ValueError(f"{path.name}: not a Parquet file, or damaged ({error}).") from None
    cells = table.astype(object).where(table.notna(), None)
    return [list(map(str, cells.columns)), *([_as_text(value) for value in row] for row in cells.to_numpy())]


def _as_text(value: object) -> str:
    """A cell as a reader sees it; some files store the code 23309 as a float."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _with_header(rows: list[list[str]], name: str) -> pd.DataFrame:
    """The rows below the header, which is the first row that is not blank."""
    filled = {number: row for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)}
    if len(filled) < 2:
        found = "only a header" if filled else "empty"
        raise ValueError(f"{name}: {found}, expected a row of columns' names and rows below it.")
    top, header = next(iter(filled.items()))
    del filled[top]
    named = [tidy_text(cell) for cell in header]
    table = pd.DataFrame(list(filled.values()), index=list(filled)).fillna("")  # rows may be shorter
    for column in range(table.shape[1]):
        below = table.index[table[column].str.strip() != ""]
        if len(below) and column >= len(named):
            raise ValueError(
                f"{name}, row {below[0]}: {column + 1} cells, the header in row {top} has {len(named)}. "
                f"A cell that contains the separator of the columns needs quotation marks."
            )
        if len(below) and not named[column]:
            letter = get_column_letter(column + 1)
            raise ValueError(f"{name}: the header cell {letter}{top} is empty, but cell {letter}{below[0]} is not.")
    places: dict[str, str] = {}
    for column, label in enumerate(named, start=1):
        place = f"{get_column_letter(column)}{top}"
        if label and places.setdefault(label.casefold(), place) != place:
            first = places[label.casefold()]
            raise ValueError(f"{name}: the column {label!r} stands in {first} and again in {place}.")
    table = table.reindex(columns=range(len(named)), fill_value="").set_axis(named, axis="columns")
    return table[[label for label in named if label]]


def find_column(table: pd.DataFrame, given: str | None, known: Sequence[str], what: str, option: str) -> str:
    """The column called `given`, or else the column with the first of the `known` names.

    Case, blanks and punctuation do not matter: ``"inci_name"`` is ``"INCI Name"``.

    Parameters
    ----------
    table : DataFrame
        From `read_table`.
    given : str or None
        What the user asked for.
    known : sequence of str
        Usual names of such a column, the best first.
    what, option : str
        For the message: what the column holds, and the parameter that names it.

    Raises
    ------
    ValueError
        If there is no such column; the message lists all columns and suggests the nearest.
    """
    if given is not None and given in table.columns:
        return given
    columns = {_folded(column): column for column in table.columns[::-1]}  # the first of those that are alike
    wanted = [_folded(name) for name in ([given] if given is not None else known)]
    for name in wanted:
        if name in columns:
            return columns[name]
    near = [match for name in wanted for match in get_close_matches(name, columns, n=1, cutoff=0.75)]
    hint = f" Did you mean {option}={columns[near[0]]!r}?" if near else ""
    missing = f"no column {given!r}" if given is not None else f"no column is known to hold the {what} (give {option})"
    raise ValueError(f"{missing}.{hint} There are: {', '.join(map(repr, table.columns))}.")


def find_optional_column(
    table: pd.DataFrame, given: str | None, known: Sequence[str], what: str, option: str
) -> str | None:
    """Like `find_column`, but None if the column was not asked for and is not there."""
    try:
        return find_column(table, given, known, what, option)
    except ValueError:
        if given is not None:
            raise
        return None


def split_cell(cell: str, separator: str) -> list[str]:
    """The pieces of a cell, tidied, without empty ones; the separator ``""`` separates nothing."""
    pieces = _whole_lines(cell).split(separator) if separator else [cell]
    return [piece for piece in map(tidy_text, pieces) if piece]


def find_separator(cells: Iterable[str], given: str | None, what: str) -> str:
    """What separates the pieces of a cell: as given, or the surest mark among those found in many cells.

    Marks are tried in the order of `SEPARATORS`, if they are in at least a fifth as many cells as the most frequent
    one. A slash or dot must also prove that it separates: its pieces occur in other cells, too.

    Parameters
    ----------
    cells : iterable of str
        A column.
    given : str or None
        What the user asked for; ``""`` says that a cell is one piece.
    what : str
        What a piece is, for messages: "purpose".

    Returns
    -------
    str
        For `split_cell`; ``""`` if there is none.

    Raises
    ------
    ValueError
        If the given separator is in no cell while another mark is, or if it is unclear what separates.
    """
    cells = [_whole_lines(cell) for cell in cells]
    given = given and unicodedata.normalize("NFKC", given)
    if given == "" or (given and any(given in cell for cell in cells)):
        return given
    stands_in = {mark: sum(mark in cell for cell in cells) for mark in SEPARATORS}
    often = max(stands_in.values())
    if given and often:
        present = ", ".join(f"{mark!r} in {n:,}" for mark, n in stands_in.items() if n)
        raise ValueError(f"the separator {given!r} stands in none of the {len(cells):,} {what} cells; {present}.")
    advice = f'separator="" if a cell is one {what}'
    texts = {tidy_text(cell) for cell in cells}
    if not often:
        for mark in ASKED:
            having = [text for text in texts if mark in text]
            if len(having) >= max(2, len(texts) / 2) and _separates(mark, texts):
                raise ValueError(
                    f"{mark!r} seems to separate the {what}s, as in {min(having)[:60]!r}. Give separator={mark!r}, or "
                    f"{advice}."
                )
        if any(re.fullmatch(r"\d+( \d+)+", text) for text in texts):
            raise ValueError(f"blanks seem to separate ids, as in {max(texts, key=len)[:60]!r}. Give separator=' '.")
        if len(texts) == len(cells) >= 3 and sum(map(len, texts)) > 40 * len(texts):
            raise ValueError(
                f"no separator in the {len(cells):,} {what} cells, each another long text such as "
                f"{min(texts)[:60]!r}. Give the separator that they have, or {advice}."
            )
        return ""
    mark = next(mark for mark, n in stands_in.items() if 5 * n >= often)
    if mark in UNSURE and not _separates(mark, texts):
        example = min(text for text in texts if mark in text)
        raise ValueError(
            f"{mark!r} stands in {stands_in[mark]:,} of the {len(cells):,} {what} cells, as in {example[:60]!r}, and "
            f"may belong to the names. Give separator={mark!r}, or {advice}."
        )
    return mark


def _whole_lines(cell: str) -> str:
    """In NFKC, where a full-width comma is a comma; a line broken after a comma goes on."""
    return re.sub(r"([|;,、])\s*\n", r"\1 ", unicodedata.normalize("NFKC", cell))


def _separates(mark: str, texts: Collection[str]) -> bool:
    """Whether most texts with the mark share a piece with another text; lists do, names do not."""
    pieces = {text: {piece.casefold() for piece in split_cell(text, mark)} for text in texts}
    n_texts = Counter(chain.from_iterable(pieces.values()))
    shared = [any(n_texts[piece] > 1 for piece in pieces[text]) for text in texts if mark in text]
    return sum(shared) >= len(shared) / 2


def tidy_text(text: str) -> str:
    """Unicode's compatible form (NFKC: full-width letters become plain ones), with single blanks."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def _folded(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name.casefold()
