"""Ingredients and what each is for: our sample, the EU's inventory, or your own list."""

import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from research_lib.checks import check_choice
from research_lib.containers.interactions import Interactions
from research_lib.datasets import catalogue
from research_lib.datasets.reading import check_collections, cleaning_log, errors_in
from research_lib.datasets.reading.spreadsheet import (
    TABLE_ENDINGS,
    find_column,
    find_separator,
    read_table,
    split_cell,
    tidy_text,
)
from research_lib.datasets.reading.text_files import numbered_lines, read_text

SAMPLE = Path(__file__).parent / "tables" / "ingredients.csv"
FILES = "a .csv, .tsv, .xlsx or .parquet table, or a text of lines such as '23309: [1, 9, 2]'"
NAME_COLUMNS = (
    *("inci name", "inci", "ingredient name", "ingredient", "name", "성분명", "원료명", "성분", "원료"),
    *("ingredient code", "code", "성분코드", "원료코드", "코드"),
)
PURPOSE_COLUMNS = ("purposes", "purpose", "functions", "function", "배합목적", "사용목적", "목적", "기능")
GENERIC_SHARE = 0.2  # a purpose that more ingredients have than this says little about any


def load_ingredients(
    source: str | Path = "sample",
    *,
    name_column: str | None = None,
    purpose_column: str | None = None,
    separator: str | None = None,
    purposes: Mapping[int, str] | Sequence[str] | None = None,
    synonyms: Mapping[str, str] | None = None,
    dropped: Collection[str] = ("Not Reported",),
    on_error: str = "raise",
    encoding: str = "utf-8",
) -> Interactions:
    """Ingredients × purposes.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: common ingredients, compiled by us. ``"cosing"``: the EU's inventory. A path: a table with a
        column of names or codes and one of purposes, several in a cell or one per row; or any other text with lines
        such as ``23309: [1, 9, 2]``, the ids of a code's purposes. Blank lines and comments (#) are passed over.
    name_column, purpose_column : str, optional
        Columns of a table; by default, columns with one of the usual names.
    separator : str, optional
        What separates the purposes in a cell; ``""`` if a cell is one purpose. By default, see `find_separator`.
    purposes : mapping of int to str or sequence of str, optional
        Names for the ids in a text; a sequence counts from 1. By default "purpose 1" and so on.
    synonyms : mapping of str to str, optional
        Other names of purposes, ``{"emollients": "Emollient"}``, in any case; each is looked up once.
    dropped : collection of str
        Purposes that say nothing, in any case, named as after the synonyms. Ingredients without any other purpose are
        left out.
    on_error : {"raise", "skip"}
        Whether a row without a name or purposes, or an unreadable line, is an error, or is skipped and counted. Rows of
        the catalogue's tables may lack purposes.
    encoding : str
        Encoding of a text file or .csv: ``"cp949"`` for one that a Korean Excel wrote.

    Returns
    -------
    Interactions
        Distinct pairs. Ingredients in order of appearance, rows of the same name merged; purposes by falling number of
        ingredients, in their commonest spelling, whatever the case. Row metadata: ``n_purposes``, ``leading_purpose``
        (the first one written; or, if lists are in alphabetical order, which says nothing, the commonest one that no
        more than a fifth of the ingredients have), and the table's other columns (the first value of each ingredient).
        Column metadata: ``n_ingredients``. `cleaning` tells what was dropped.

    Raises
    ------
    ValueError
        If the source is unknown, the file has none of these forms, or nothing of it is left.
    """
    check_choice("on_error", on_error, ("raise", "skip"))
    check_collections(purposes=purposes, dropped=dropped)
    path = SAMPLE if str(source) == "sample" else catalogue.path_of(source, "ingredients", FILES)
    if path.suffix.lower() in TABLE_ENDINGS:
        if purposes is not None:
            raise ValueError(f"{path.name}: purposes names the ids of a text, but a table has names; see synonyms.")
        entries, metadata = _read_cells(path, name_column, purpose_column, separator, encoding)
    else:
        if (name_column, purpose_column, separator) != (None, None, None):
            raise ValueError(f"{path.name}: only tables have columns and separators, expected {FILES}.")
        entries = _read_lines(path, purposes, encoding)
        metadata = pd.DataFrame(index=[entry.number for entry in entries])
    published = str(source) == "sample" or catalogue.is_known(source, "ingredients")
    entries, story = _checked(entries, path.name, on_error, may_lack_purposes=published)
    if story["rows skipped"]:
        warnings.warn(f"{source}: {story['rows skipped']} rows could not be read and are skipped.", stacklevel=2)

    # From here on: one element per purpose as written, no loops.
    row = np.repeat(np.arange(len(entries)), [len(entry.purposes) for entry in entries])
    written = pd.Series([purpose for entry in entries for purpose in entry.purposes], dtype=object)
    spelt, replaced = _normalised(written, synonyms or {})
    kept = ~spelt.str.casefold().isin([tidy_text(purpose).casefold() for purpose in dropped]).to_numpy()
    if not kept.any():
        raise ValueError(f"{source}: the {len(entries):,} rows have no purposes but {', '.join(spelt.unique())}.")
    col, purpose_names = pd.factorize(spelt[kept])
    in_use = np.unique(row[kept])  # rows that have a purpose left
    ingredient, names = pd.factorize(np.array([entries[number].name for number in in_use], dtype=object))
    n_cols = len(purpose_names)
    mentioned_by = ingredient[np.searchsorted(in_use, row[kept])]
    keys = np.unique(mentioned_by * n_cols + col)  # every pair once
    n_ingredients = np.bincount(keys % n_cols)
    commonest = np.lexsort([purpose_names.astype(str), -n_ingredients])
    purpose_names, n_ingredients = np.asarray(purpose_names)[commonest], n_ingredients[commonest]
    col_of = np.argsort(commonest)  # the new place of a column
    pairs = np.column_stack(np.divmod(np.sort(keys - keys % n_cols + col_of[keys % n_cols]), n_cols))
    if _alphabetical(mentioned_by, purpose_names[col_of[col]]):
        leading = _commonest_but_generic(pairs, n_ingredients, len(names))
    else:
        leading = col_of[col[np.unique(mentioned_by, return_index=True)[1]]]
    others = metadata.loc[[entries[number].number for number in in_use]].groupby(ingredient).first()
    facts = {
        "n_purposes": np.bincount(pairs[:, 0]),
        "leading_purpose": purpose_names[leading],
    }
    story |= {
        "rows with only dropped purposes": len(entries) - len(in_use),
        "rows kept": len(in_use),
        "rows merged into an earlier one": len(in_use) - len(names),
        "ingredients": len(names),
        "spellings of purposes": written.nunique(),
        "purposes": spelt.nunique(),
        "purposes kept": n_cols,
        "mentions of purposes": len(written),
        "mentions replaced by synonyms": replaced,
        "mentions dropped": int((~kept).sum()),
        "pairs, distinct": len(pairs),
    }
    return Interactions(
        pairs,
        row_names=names,
        col_names=purpose_names,
        row_metadata=others.assign(**facts),
        col_metadata=pd.DataFrame({"n_ingredients": n_ingredients}),
        source=str(source),
        axes=("ingredient", "purpose"),
        cleaning=cleaning_log(story),
    )


class _Entry(NamedTuple):
    """What a row of a table or a line of a text says, or what is wrong with it."""

    number: int
    where: str  # in words
    name: str
    purposes: list[str]
    problem: str = ""


def _checked(
    entries: list[_Entry], file: str, on_error: str, may_lack_purposes: bool
) -> tuple[list[_Entry], dict[str, int]]:
    """The entries with a name and purposes, and how many have none."""
    story = {"rows": len(entries), "rows skipped": 0, "rows without purposes": 0}
    good = []
    for entry in entries:
        problem = entry.problem
        if not problem and not entry.name:
            problem = "no name or code beside it, expected one in every row"
        elif not problem and not entry.purposes:
            if may_lack_purposes:
                story["rows without purposes"] += 1
                continue
            problem = f"{entry.name!r} has no purposes, expected at least one"
        if not problem:
            good.append(entry)
        elif on_error == "raise":
            raise ValueError(f"{file}, {entry.where}: {problem}.")
        else:
            story["rows skipped"] += 1
    if not good:
        raise ValueError(f"{file}: none of the {len(entries)} rows has a name and purposes, expected {FILES}.")
    return good, story


def _read_lines(path: Path, purposes: Mapping[int, str] | Sequence[str] | None, encoding: str) -> list[_Entry]:
    """The lines ``code: [1, 2]`` of a text."""
    known = None if purposes is None else _names_of_ids(purposes)
    entries = []
    for number, line in numbered_lines(read_text(path, encoding).split("\n")):
        code, _, ids = line.rpartition(":")
        where, code, ids = f"line {number}", code.strip(), ids.strip()
        try:
            entries.append(_Entry(number, where, code, _purposes_of(code, ids, known)))
        except ValueError as error:
            entries.append(_Entry(number, where, code, [], str(error)))
    return entries


def _names_of_ids(purposes: Mapping[int, str] | Sequence[str]) -> dict[int, str]:
    pairs = purposes.items() if isinstance(purposes, Mapping) else enumerate(purposes, start=1)
    known = {int(number): tidy_text(str(name)) for number, name in pairs}
    if not known or "" in known.values():
        raise ValueError(f"purposes has {len(known)} names, expected one for every id and none of them empty.")
    return known


def _purposes_of(code: str, ids: str, known: dict[int, str] | None) -> list[str]:
    """Names of the purposes with the ids in ``[1, 2]``."""
    if not code or ids.startswith("[") != ids.endswith("]"):
        raise ValueError(
            "expected a line such as '23309: [1, 9, 2]', a code and its purposes' ids; "
            "a table's file name ends in .csv, .tsv or .xlsx"
        )
    names = []
    for word in ids.strip("[]").replace(",", " ").split():
        if not re.fullmatch(r"[+-]?[0-9]+", word):
            raise ValueError(f"the purpose id {word!r} of {code!r} is not an integer")
        number = int(word)
        if number < 0 or (known is not None and number not in known):
            expected = "0 or more" if known is None else f"one of the {len(known)} from {min(known)} to {max(known)}"
            raise ValueError(f"the purpose id {number} of {code!r} is out of range, expected {expected}")
        names.append(f"purpose {number}" if known is None else known[number])
    return names


def _read_cells(
    path: Path, name_column: str | None, purpose_column: str | None, separator: str | None, encoding: str
) -> tuple[list[_Entry], pd.DataFrame]:
    """The rows of a table, and its other columns, with None where a value is missing."""
    table = read_table(path, encoding=encoding)
    with errors_in(path):
        name = find_column(table, name_column, NAME_COLUMNS, "names or codes of ingredients", "name_column")
        purpose = find_column(table, purpose_column, PURPOSE_COLUMNS, "purposes", "purpose_column")
        if name == purpose:
            raise ValueError(f"the column {name!r} cannot hold both the names and the purposes.")
        cells = table[purpose].str.replace(r"^\s*\[(.*)\]\s*$", r"\1", regex=True)  # [1, 9, 2]
        separator = find_separator(cells, separator, "purpose")
    # Blanks within a name stay: the EU tells "PEG-8  DIMETHICONE", with two blanks, from the one with a single blank.
    entries = [
        _Entry(number, f"row {number}, column {purpose!r}", text.strip(), split_cell(cell, separator))
        for number, text, cell in zip(table.index, table[name], cells, strict=True)
    ]
    others = table.drop(columns=[name, purpose]).apply(lambda column: column.str.strip())
    return entries, others.astype(object).where(others != "", None)


def _normalised(written: pd.Series, synonyms: Mapping[str, str]) -> tuple[pd.Series, int]:
    """Each purpose in one spelling, the user's or else the commonest, and how many synonyms were replaced."""
    meant = {tidy_text(name).casefold(): tidy_text(meaning) for name, meaning in synonyms.items()}
    if "" in meant or "" in meant.values():
        raise ValueError("synonyms has an empty name, expected names of purposes; to leave one out, see dropped.")
    meaning = written.str.casefold().map(meant)
    spelling = meaning.where(meaning.notna(), written)
    key = spelling.str.casefold()
    often = spelling.groupby([key.rename("key"), spelling.rename("spelling")], sort=False).size()
    first = often.sort_values(ascending=False, kind="stable").reset_index().drop_duplicates("key")
    shown = dict(zip(first["key"], first["spelling"], strict=True)) | {name.casefold(): name for name in meant.values()}
    return key.map(shown), int(meaning.notna().sum())


def _alphabetical(mentioned_by: np.ndarray, purposes: np.ndarray) -> bool:
    """Whether purposes are in alphabetical order, with few exceptions (merged rows start anew)."""
    order = np.argsort(mentioned_by, kind="stable")
    mentioned_by, purposes = mentioned_by[order], purposes[order].astype(str)
    falls = (purposes[1:] < purposes[:-1])[mentioned_by[1:] == mentioned_by[:-1]]
    return falls.sum() <= 0.01 * len(falls)


def _commonest_but_generic(pairs: np.ndarray, n_ingredients: np.ndarray, n_rows: int) -> np.ndarray:
    """A column for each row, shape (n_rows,); `pairs` are sorted, and columns by falling number of rows."""
    generic = n_ingredients[pairs[:, 1]] > GENERIC_SHARE * n_rows
    order = np.lexsort((pairs[:, 1], generic, pairs[:, 0]))  # generic ones last, else as they stand
    _, first = np.unique(pairs[order, 0], return_index=True)
    return pairs[order[first], 1]
