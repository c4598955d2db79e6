import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.datasets.reading.spreadsheet import (
    find_column,
    find_separator,
    read_table,
    split_cell,
    tidy_text,
)
from research_lib.datasets.reading.text_files import read_text

KOREAN = "코드,배합목적\n1,유화제\n2,보습제\n"
cells = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=8)


@pytest.fixture
def write(tmp_path):
    """Write text, bytes, or the rows of a spreadsheet, and get the path."""

    def write(name, content, merged=()):
        path = tmp_path / name
        if isinstance(content, list):
            write_xlsx(path, content, merged)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def write_xlsx(path, rows, merged=()):
    book = openpyxl.Workbook()
    for y, row in enumerate(rows, start=1):
        for x, value in enumerate(row, start=1):
            cell = book.active.cell(y, x, value)
            cell.data_type = "s" if isinstance(value, str) else cell.data_type  # a text like "=1" is no formula
    for place in merged:
        book.active.merge_cells(place)
    book.save(path)


def as_rows(table):
    return {number: list(row) for number, row in zip(table.index, table.to_numpy(), strict=True)}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'code,purpose\n23309,"Solvent, Binding"\n\n7,Tonic\n'),
        ("a.csv", 'code;purpose\r\n23309;Solvent, Binding\r\n;\r\n7;"Tonic"\r\n'),
        ("a.csv", "\ufeffcode\tpurpose\t\n23309\tSolvent, Binding\t\n\t\n7\tTonic\n"),
        ("a.TSV", "code\tpurpose\n23309\tSolvent, Binding\n\n7\tTonic"),
        ("a.txt", '"code",purpose\r23309,"Solvent, Binding"\r\r7,Tonic\r'),
    ],
    ids=["comma", "semicolon", "tab", "tsv", "old line ends"],
)
def test_a_text_table_is_read_with_the_rows_as_a_spreadsheet_counts_them(write, name, text):
    table = read_table(write(name, text))
    assert list(table.columns) == ["code", "purpose"]
    assert as_rows(table) == {2: ["23309", "Solvent, Binding"], 4: ["7", "Tonic"]}


def test_a_spreadsheet_is_read_as_text(write):
    rows = [[], [" Ｃode ", None, "share"], [23309.0, None, 0.25], [None, None, None], ["007", None, None]]
    for name in ("a.xlsx", "renamed.csv"):  # known by its content
        table = read_table(write(name, rows))
        assert list(table.columns) == ["Code", "share"]
        assert as_rows(table) == {3: ["23309", "0.25"], 5: ["007", ""]}


@given(st.lists(st.lists(cells, min_size=2, max_size=2).filter(lambda row: "".join(row).strip()), min_size=1))
def test_any_cells_come_back_from_csv_and_xlsx(tmp_path_factory, rows):
    folder = tmp_path_factory.getbasetemp()
    pd.DataFrame(rows, columns=["name", "what"]).to_csv(folder / "any.csv", index=False)
    write_xlsx(folder / "any.xlsx", [["name", "what"], *rows])
    for name in ("any.csv", "any.xlsx"):
        assert read_table(folder / name).to_numpy().tolist() == rows


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["code", ""], ["1", ""], ["2", "Tonic"]], ": the header cell B1 is empty, but cell B3 is not"),
        ([["code", "", "x"], ["1", "Tonic", ""]], ": the header cell B1 is empty, but cell B2 is not"),
        ([["code", "x", " Code"], ["1", "2", "3"]], ": the column 'Code' stands in A1 and again in C1"),
        ([["code", "purpose"]], ": only a header, expected a row of columns' names and rows below it"),
        ([[" "], ["", ""]], ": empty, expected a row of columns' names and rows below it"),
    ],
)
def test_a_bad_header_is_named_by_its_cell(write, suffix, rows, message):
    content = rows if suffix == "xlsx" else "".join(",".join(row) + "\n" for row in rows)
    with pytest.raises(ValueError, match=rf"^a\.{suffix}{message}\.$"):
        read_table(write(f"a.{suffix}", content))


@pytest.mark.parametrize(
    ("merged", "named"), [(["A1:B1"], "A1:B1"), (["A2:A3"], "A2:A3"), (["A2:A3", "B1:C1"], "B1:C1")]
)
def test_merged_cells_are_named(write, merged, named):
    rows = [["code", "purpose", "x"], ["1", "Tonic", "y"], ["2", "Tonic", "z"]]
    with pytest.raises(ValueError, match=rf"a.xlsx, sheet 'Sheet': cells {named} are merged, expected a column's name"):
        read_table(write("a.xlsx", rows, merged))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "a.csv: empty"),
        ("a.xlsx", b"", r"a.xlsx: not a spreadsheet, or damaged \("),
        ("a.xlsx", b"code,purpose\n1,Tonic\n", r"a.xlsx: not a spreadsheet, or damaged \("),
        ("a.csv", b"PK\x03\x04 and then something else", r"a.csv: not a spreadsheet, or damaged \("),
        (
            "a.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "a.xls: an old .xls or a protected spreadsheet. Save",
        ),
        (
            "a.csv",
            b"code,purpose\n1,Solvent, Binding\n",
            "a.csv, row 2: 3 cells, the header in row 1 has 2",
        ),
        (
            "a.csv",
            b'code,purpose\n1,"Tonic\n2,Tonic\n',
            r"a.csv, row 2: broken quotation marks \(unexpected end",
        ),
        ("a.csv", b'code,purpose\n1,"Tonic" 2\n', "a.csv, row 2: broken quotation marks"),
        (
            "a.csv",
            KOREAN.encode("cp949"),
            r"a.csv, line 1: not utf-8 text \(.*\). It looks like CP949: give",
        ),
        ("a.csv", KOREAN.encode("euc-kr"), "It looks like CP949: give encoding='cp949'"),
        ("a.csv", KOREAN.encode("utf-16"), "It looks like UTF-16: give encoding='utf-16'"),
        ("a.csv", "code,purpose\n1,Tonic\n".encode("utf-16-le"), "like UTF-16-LE: give encoding='utf-16-le'"),
        ("a.csv", "code,purpose\n1,Tonic\n".encode("utf-16-be"), "like UTF-16-BE: give encoding='utf-16-be'"),
        ("a.csv", "成分,目的\n1,乳化剤\n".encode("shift_jis"), "It looks like CP932: give encoding='cp932'"),
        ("a.csv", "code,purpose\n1,crème\n".encode("latin-1"), r"a.csv, line 2: not utf-8 .*\. It looks like CP1252"),
        ("a.csv", KOREAN.encode()[:20] + b"\xff" + KOREAN.encode()[20:], r"line 2: .*\. Give the encoding it is in"),
        ("a.csv", b"code,\0purpose\n1,Tonic\n", r"a.csv: not utf-8 text \(it holds NUL.*\. Give the encoding it is in"),
    ],
)
def test_a_file_of_another_kind_is_one_clear_error(write, name, content, message):
    with pytest.raises(ValueError, match=message):
        read_table(write(name, content))


@pytest.mark.parametrize("encoding", ["cp949", "euc-kr", "utf-16", "utf-16-le", "utf-8"])
def test_a_declared_encoding_is_read(write, encoding):
    path = write("a.csv", KOREAN.encode(encoding))
    assert read_text(path, encoding) == KOREAN
    assert list(read_table(path, encoding=encoding)["배합목적"]) == [
        "유화제",
        "보습제",
    ]


def test_a_wrongly_declared_encoding_is_refused(write):
    path = write("a.csv", KOREAN)
    with pytest.raises(ValueError, match=r"line 2: not cp949 text .*It looks like UTF-8: give encoding='utf-8'\.$"):
        read_table(path, encoding="cp949")
    with pytest.raises(ValueError, match="Unknown encoding 'korean-ish', expected one such as 'utf-8' or 'cp949'"):
        read_table(path, encoding="korean-ish")
    with pytest.raises(FileNotFoundError, match=r"missing.csv: no such file"):
        read_table(path.with_name("missing.csv"))


# Columns


def find(columns, given=None):
    table = pd.DataFrame(columns=columns)
    return find_column(table, given, ("inci name", "name", "배합목적"), "names", "name_column")


def test_a_column_is_found_by_its_name_or_a_common_one():
    assert find(["Name", "INCI_Name"]) == "INCI_Name"  # the best of the common ones
    assert find(["x", "배합 목적"]) == "배합 목적"
    assert find(["x", "Name"], given="x") == "x"
    assert find(["Trade Name"], given="trade_name") == "Trade Name"


def test_a_column_that_is_not_there_lists_those_that_are():
    with pytest.raises(
        ValueError, match=r"^no column is known to hold the names \(give name_column\)\. There are: 'a'"
    ):
        find(["a", "b"])
    with pytest.raises(ValueError, match=r"Did you mean name_column='INCI-nme'\? There are: 'x', 'INCI-nme'\.$"):
        find(["x", "INCI-nme"])
    with pytest.raises(ValueError, match=r"^no column 'trade nam'. Did you mean name_column='Trade name'\?"):
        find(["x", "Trade name"], given="trade nam")
    with pytest.raises(ValueError, match=r"^no column 'zzz'\. There are: 'x', 'Name'\.$"):
        find(["x", "Name"], given="zzz")


# Separators


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["Solvent, Binding", "Skin Conditioning - Emollient"], ","),
        (["Solvent， Binding"], ","),  # full width
        (["Solvent | Binding", "Hair, Nails"], "|"),
        (["Solvents, organic; Binding", "Solvents, organic", "Solvents, organic"], ";"),
        (["Solvent\nBinding"], "\n"),
        (["Solvent,\nBinding", "Solvent,\nTonic"], ","),
        (["Solvent, Binding"] * 3 + ["Hair Waving/Straightening"] * 2, ","),
        (["Solvent, Binding"] * 30 + ["Solvent; Binding"], ","),
        (["Solvent/Binding", "Solvent"], "/"),
        (["용제·결합제", "결합제·보습제"], "·"),
        (["溶剤・結合剤", "溶剤"], "・"),
        (["溶剤、結合剤"], "、"),
        (["Solvent", "Skin Conditioning - Emollient"], ""),
        ([], ""),
    ],
)
def test_the_separator_is_found(cells, separator):
    assert find_separator(cells, None, "purpose") == separator


def test_cells_are_split_and_tidied():
    assert split_cell(" Solvent ，Skin\u00a0 conditioning,, \n", ",") == ["Solvent", "Skin conditioning"]
    assert split_cell("Solvent,\nBinding", ",") == ["Solvent", "Binding"]
    assert split_cell("Solvent, Binding", "") == ["Solvent, Binding"]
    assert split_cell(" \n", "") == []


def test_a_given_separator_is_used_or_refused():
    assert find_separator(["a/b", "c, d"], "/", "purpose") == "/"
    assert find_separator(["a + b", "c"], " + ", "purpose") == " + "
    assert find_separator(["a", "b"], ";", "purpose") == ""  # nothing to separate
    assert find_separator(["a, b"], "", "purpose") == ""
    with pytest.raises(ValueError, match=r"^the separator ';' stands in none of the 3 purpose cells; ',' in 2, '/'"):
        find_separator(["a, b", "c, d", "e/f"], ";", "purpose")


def test_an_unclear_separator_is_asked_for():
    with pytest.raises(ValueError, match=r"^'/' stands in 1 of the 2 purpose cells, as in 'Hair Waving/Str"):
        find_separator(["Hair Waving/Straightening", "Tonic"], None, "purpose")
    texts = [f"{word} and softens the skin and binds the water of it" for word in ("cleans", "dyes", "scents")]
    with pytest.raises(ValueError, match=r"^no separator in the 3 purpose cells, each another long text such as 'cle"):
        find_separator(texts, None, "purpose")
    assert find_separator(texts, "", "purpose") == ""
    assert find_separator(texts[:1] * 3, None, "purpose") == ""


@given(st.text())
def test_tidying_twice_is_tidying_once(text):
    tidy = tidy_text(text)
    assert tidy_text(tidy) == tidy


def test_an_error_of_excel_is_named_by_its_cell(tmp_path):
    book = openpyxl.Workbook()
    for row in (["code", "purposes"], ["7", "Tonic"], ["8", "#REF!"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ValueError, match=r"a\.xlsx, sheet 'Sheet': cell B3 is #REF!"):
        read_table(tmp_path / "a.xlsx")
