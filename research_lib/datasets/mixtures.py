"""Formulas and what was measured of them: two public tables, or your own, wide or long."""

import json
import re
import warnings
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import sparse

from research_lib.containers.mixtures import Mixtures
from research_lib.datasets import catalogue
from research_lib.datasets.reading import check_collections, cleaning_log, errors_in
from research_lib.datasets.reading.compositions import parse_composition
from research_lib.datasets.reading.spreadsheet import find_column, find_optional_column, read_table, tidy_text
from research_lib.datasets.synthetic.laboratory import formula_twin

FILES = "a .csv, .tsv, .xlsx or .parquet table with a column per code, or with results= one of formula, code and amount"
NAME_COLUMNS = ("formula id", "formula", "formula no", "formula number", "처방코드", "처방번호", "처방")
ELEMENTS = Path(__file__).parent / "tables" / "elements.csv"
CODE_COLUMNS = ("code", "ingredient code", "ingredient", "성분코드", "원료코드", "코드", "성분", "원료")
AMOUNT_COLUMNS = ("amount", "content", "percent", "wt%", "함량", "배합량")
TARGET_COLUMNS = ("target", "viscosity", "viscosity mpa s", "result", "value", "점도")
_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?"
_ATOM = r"Cl|Br|[BCNOPSFIbcnops]|\[(?!H)[A-Za-z][^\]]*\]"  # of SMILES, but for hydrogen
_RANGE = re.compile(rf"({_NUMBER})\s*(?:~|∼|–|—|-|to)\s*({_NUMBER})")


def load_mixtures(
    source: str | Path,
    *,
    results: str | Path | None = None,
    target_column: str | Sequence[str] | None = None,
    name_column: str | None = None,
    code_column: str | None = None,
    amount_column: str | None = None,
    context_columns: Collection[str] = (),
    left_out: Collection[str] = (),
    unit: str = "",
    total: float | None = None,
    encoding: str = "utf-8",
) -> Mixtures:
    """Formulas × codes, with a target.

    Parameters
    ----------
    source : str or Path
        ``"sample"``: a made-up laboratory, see `formula_twin`. ``"logv"``: the viscosity of liquids. ``"expt-gap"``:
        the band gap of compositions. A path: a wide table, with a row per formula and a column per code; or, with
        `results`, a long one, with a row for each code of a formula.
    results : str or Path, optional
        For a long table: the table of the formulas, with their target and context.
    target_column : str or sequence of str, optional
        What was measured; several columns make a target of shape (n_formulas, n_targets).
    name_column, code_column, amount_column : str, optional
        Columns of a table. By default these, and `target_column`, are columns with one of the usual names. If a wide
        table has no names of formulas, they are numbered.
    context_columns : collection of str
        What describes a formula besides its amounts.
    left_out : collection of str
        Columns of a wide table that are not codes.
    unit : str
        Unit of the target.
    total : float, optional
        What the amounts of a formula should sum to.
    encoding : str
        Encoding of text files.

    Returns
    -------
    Mixtures
        Formulas and codes in order of appearance. An empty cell is an amount of 0. If a formula lists a code twice, the
        amounts are added up. A range such as ``12000 ~ 15000`` is read as its middle, with a warning. Formulas without
        a target are left out and counted in `cleaning`.

    Raises
    ------
    ValueError
        If the source is unknown or the file is not of these forms: the message names row, column and what is there.
    """
    check_collections(context_columns=context_columns, left_out=left_out)
    if str(source) == "sample":
        return formula_twin()
    if str(source) == "logv":
        return _read_logv(*catalogue.fetch("logv", "mixtures"))
    if str(source) == "expt-gap":
        return _read_gap(catalogue.fetch("expt-gap", "mixtures"))
    path = catalogue.path_of(source, "mixtures", FILES)
    table = read_table(path, encoding=encoding)
    measured_in = path if results is None else Path(results)
    measured = table if results is None else read_table(measured_in, encoding=encoding)
    with errors_in(measured_in):
        names = _names(measured, name_column, must=results is not None)
        wanted = [target_column] if target_column is None or isinstance(target_column, str) else target_column
        targets = [find_column(measured, column, TARGET_COLUMNS, "target", "target_column") for column in wanted]
        target, n_ranges = _columns(measured, targets)
        described_by = [find_column(measured, name, (), "context", "context_columns") for name in context_columns]
        context = _columns(measured, described_by)[0]
    long_story: dict[str, int] = {}
    with errors_in(path):
        if results is None:
            others = {*targets, *described_by, names.name}
            others |= {find_column(table, name, (), "content", "left_out") for name in left_out}
            codes = np.array([column for column in table.columns if column not in others])
            dense, _ = _columns(table, codes, empty=0)
            amounts = sparse.coo_array(dense)
        else:
            amounts, codes, long_story = _long(table, names, name_column, code_column, amount_column)
    if n_ranges:
        message = f"{source}: {n_ranges} ranges in the column {' and '.join(targets)} are read as their middle."
        warnings.warn(message, stacklevel=2)
    amounts = sparse.csr_array(amounts)
    measured_rows = np.isfinite(target).all(axis=1)
    kept = measured_rows & (np.diff(amounts.indptr) > 0)
    if not kept.any():
        raise ValueError(f"{source}: none of the {len(target)} formulas has amounts and a {' and a '.join(targets)}.")
    story = {
        "formulas": len(target),
        "formulas without a target, dropped": int((~measured_rows).sum()),
        "formulas without amounts, dropped": int((measured_rows & ~kept).sum()),
        "targets read as the middle of a range": n_ranges,
        **long_story,
    }
    return Mixtures(
        amounts[kept],
        codes,
        target[kept] if len(targets) > 1 else target[kept, 0],
        unit=unit,
        context=pd.DataFrame(context[kept], columns=described_by) if described_by else None,
        formula_names=names.to_numpy()[kept],
        total=total,
        source=str(source),
        cleaning=cleaning_log(story),
    )


def _names(table: pd.DataFrame, given: str | None, must: bool) -> pd.Series:
    """Names of the formulas; numbers if the table has none and need not. The series is named like the column."""
    find = find_column if must else find_optional_column
    column = find(table, given, NAME_COLUMNS, "names of formulas", "name_column")
    if column is None:
        return pd.Series(np.arange(1, len(table) + 1).astype(str), index=table.index, name="")
    names = table[column].str.strip()
    bad = (names == "") | names.duplicated()
    if bad.any():
        row = names.index[bad.argmax()]
        problem = f"the formula {names[row]!r} appears again" if names[row] else "no name"
        raise ValueError(f"row {row}, column {column!r}: {problem}, expected every formula once.")
    return names


def _long(
    table: pd.DataFrame, names: pd.Series, name_column: str | None, code_column: str | None, amount_column: str | None
) -> tuple[sparse.coo_array, np.ndarray, dict[str, int]]:
    """Amounts by formula and code, the codes, and what was dropped."""
    name_column = find_column(table, name_column, NAME_COLUMNS, "names of formulas", "name_column")
    code_column = find_column(table, code_column, CODE_COLUMNS, "codes", "code_column")
    amount_column = find_column(table, amount_column, AMOUNT_COLUMNS, "amounts", "amount_column")
    amount = _numbers(table[amount_column], empty=np.nan)[0]
    code_text = table[code_column].map(tidy_text)
    broken = ~np.isfinite(amount) | (code_text == "")
    if broken.any():
        column = amount_column if code_text.iloc[broken.argmax()] else code_column
        raise ValueError(f"row {table.index[broken.argmax()]}, column {column!r}: the cell is empty.")
    formula = pd.Index(names).get_indexer(table[name_column].str.strip())
    known = formula >= 0
    code, codes = pd.factorize(code_text[known].to_numpy(dtype=object))
    story = {
        "rows of formulas without a result, dropped": int((~known).sum()),
        "rows added to an earlier one of the same formula and code": int(
            pd.DataFrame({"formula": formula[known], "code": code}).duplicated().sum()
        ),
    }
    amounts = sparse.coo_array((amount[known], (formula[known], code)), shape=(len(names), len(codes)))
    return amounts, codes, story


def _columns(table: pd.DataFrame, columns: Sequence[str] | np.ndarray, empty: float = np.nan) -> tuple[np.ndarray, int]:
    """Columns as numbers, shape (n_rows, n_columns), and how many cells were ranges."""
    if not len(columns):
        return np.empty((len(table), 0)), 0
    numbers, n_ranges = zip(*(_numbers(table[column], empty) for column in columns), strict=True)
    return np.column_stack(numbers), sum(n_ranges)


def _numbers(cells: pd.Series, empty: float) -> tuple[np.ndarray, int]:
    """A column as numbers, and how many cells were ranges."""
    text = cells.map(tidy_text)
    numbers = pd.to_numeric(text.where(text != "", str(empty)), errors="coerce").to_numpy(np.float64, copy=True)
    n_ranges = 0
    for place in np.flatnonzero(np.isnan(numbers) & (text != "").to_numpy()):
        between = _RANGE.fullmatch(text.iloc[place])
        try:
            ends = [float(end.replace(",", "")) for end in (between.groups() if between else (text.iloc[place],))]
        except ValueError:
            raise ValueError(
                f"row {cells.index[place]}, column {cells.name!r}: {text.iloc[place][:60]!r} is no number."
            ) from None
        numbers[place] = np.mean(ends)
        n_ranges += len(ends) == 2
    return numbers, n_ranges


def _read_logv(table: Path, compounds: Path) -> Mixtures:
    """Liquids of one or two compounds; mole fractions, temperature in K, decadic logarithm of the viscosity in cP."""
    rows = pd.read_csv(table)
    codes = pd.read_csv(compounds).sort_values("compound_id", ignore_index=True)
    ids = [json.loads(cell) for cell in rows["cmp_ids"]]
    # A pure liquid has one id, but two fractions of which one is 0.
    fractions = [[value for value in json.loads(cell) if value] for cell in rows["cmp_mole_fractions"]]
    formula = np.repeat(np.arange(len(rows)), [len(parts) for parts in ids])
    code = np.searchsorted(codes["compound_id"], np.concatenate(ids).astype(int))
    amounts = sparse.coo_array((np.concatenate(fractions), (formula, code)), shape=(len(rows), len(codes)))
    return Mixtures(
        amounts,
        codes["compound_id"],
        rows["value"].to_numpy(),
        unit="log cP",
        context=rows[["T"]].rename(columns={"T": "temperature"}),
        formula_metadata=rows[["Train_Test_Label"]].rename(columns={"Train_Test_Label": "split"}),
        code_metadata=codes[["smiles", "salt"]].assign(heavy_atoms=codes["smiles"].str.count(_ATOM)),
        total=1,
        source="logv",
        cleaning=cleaning_log({"formulas": len(rows)}),
    )


def _read_gap(paths: list[Path]) -> Mixtures:
    """Compositions in atomic fractions; ``fold_0`` … ``fold_4`` say train, val or test.

    What is known of the elements serves to look at learnt vectors; no model reads it.
    """
    read = [
        pd.read_csv(path, keep_default_na=False).assign(part=path.stem[:-1], fold=f"fold_{path.stem[-1]}")
        for path in paths  # NaN is sodium nitride
    ]
    rows = pd.concat(read, ignore_index=True)
    parts = rows.pivot(index="formula", columns="fold", values="part").rename_axis(columns=None)
    formulas = pd.unique(rows["formula"])
    amounts = [parse_composition(formula) for formula in formulas]
    elements = list(dict.fromkeys(element for parts in amounts for element in parts))
    differ = int((rows.groupby("formula")["target"].nunique() > 1).sum())
    return Mixtures.from_mappings(
        [{element: n / sum(parts.values()) for element, n in parts.items()} for parts in amounts],
        rows.drop_duplicates("formula")["target"].astype(float),
        unit="eV",
        formula_names=formulas,
        formula_metadata=parts.loc[formulas],
        code_metadata=pd.read_csv(ELEMENTS, index_col="symbol").loc[elements],
        total=1,
        source="expt-gap",
        cleaning=cleaning_log(
            {"formulas": len(formulas), "formulas with another target in another fold, the first kept": differ}
        ),
    )
