import hashlib
import unicodedata
from collections import Counter
from importlib.resources import files

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research_lib.datasets import catalogue
from research_lib.datasets.ingredients import GENERIC_SHARE, load_ingredients

POOL = ["Antioxidant", "Hair Conditioning", "Humectant", "Skin Conditioning - Emollient", "Solvent", "보습제"]
codes = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1).filter(
    lambda c: c[0] not in "#\ufeff"
)
tables = st.dictionaries(codes, st.lists(st.sampled_from(POOL), min_size=1, max_size=4), min_size=1, max_size=8)
words = st.text(st.characters(codec="utf-8", categories=("L", "N", "Zs")), min_size=1).filter(str.strip)


@pytest.fixture
def write(tmp_path):
    """Write text or bytes and get the path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def purposes_of(ingredients):
    return {name: set(ingredients.cols_of(name)) for name in ingredients.row_names}


def counted(ingredients):
    return dict(ingredients.cleaning.itertuples(index=False))


def same(one, other):
    return (
        list(one.row_names) == list(other.row_names)
        and list(one.col_names) == list(other.col_names)
        and np.array_equal(one.pairs, other.pairs)
        and one.row_metadata.equals(other.row_metadata)
        and one.col_metadata.equals(other.col_metadata)
    )


# What is read


@given(tables, st.booleans())
def test_any_lists_of_ids_come_back_from_the_text(tmp_path_factory, table, brackets):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    ids = {code: ", ".join(str(POOL.index(name) + 1) for name in names) for code, names in table.items()}
    lines = [f"{code}: [{numbers}]\n" if brackets else f"{code}:{numbers}\n" for code, numbers in ids.items()]
    path.write_text("# codes\n\n" + "".join(lines), encoding="utf-8", newline="\n")
    assert purposes_of(load_ingredients(path, purposes=POOL)) == {code: set(names) for code, names in table.items()}
    numbered = {code: {f"purpose {number}" for number in numbers.split(", ")} for code, numbers in ids.items()}
    assert purposes_of(load_ingredients(path)) == numbered


@settings(max_examples=20)
@given(tables)
def test_every_form_of_a_table_reads_the_same(tmp_path_factory, table):
    folder = tmp_path_factory.getbasetemp()
    joined = pd.DataFrame({"code": table.keys(), "purposes": [", ".join(names) for names in table.values()]})
    joined.to_csv(folder / "a.csv", index=False)
    joined.to_csv(folder / "a.tsv", index=False, sep="\t")
    book = openpyxl.Workbook()
    for y, row in enumerate([joined.columns, *joined.to_numpy()], start=1):
        for x, value in enumerate(row, start=1):
            book.active.cell(y, x, value).data_type = "s"
    book.save(folder / "a.xlsx")
    pairs = [(code, name) for code, names in table.items() for name in names]
    pd.DataFrame(pairs, columns=["Code", "Purpose"]).to_csv(folder / "long.csv", index=False)
    lines = [f"{code}: {[POOL.index(name) for name in names]}\n" for code, names in table.items()]
    (folder / "a.txt").write_text("".join(lines), encoding="utf-8")
    wanted = load_ingredients(folder / "a.csv")
    assert purposes_of(wanted) == {code: set(names) for code, names in table.items()}
    for name in ("a.tsv", "a.xlsx", "long.csv"):
        assert same(load_ingredients(folder / name), wanted)
    assert same(load_ingredients(folder / "a.txt", purposes=dict(enumerate(POOL))), wanted)
    assert counted(load_ingredients(folder / "long.csv"))["rows merged into an earlier one"] == len(pairs) - len(table)


@given(st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=8))
def test_a_table_that_was_cleaned_is_clean(tmp_path_factory, lists):
    path = tmp_path_factory.getbasetemp() / "dirty.csv"

    def written_and_read(lists):
        frame = pd.DataFrame({"name": map(str, range(len(lists))), "purposes": ["|".join(names) for names in lists]})
        frame.to_csv(path, index=False)
        return load_ingredients(path, separator="|" if "|" in "".join(frame["purposes"]) else "")

    once = written_and_read(lists)
    twice = written_and_read([once.cols_of(name) for name in once.row_names])
    assert list(once.col_names) == list(twice.col_names) and np.array_equal(once.pairs, twice.pairs)
    assert counted(twice)["spellings of purposes"] == counted(twice)["purposes"]


@given(st.lists(st.lists(st.integers(1, 40), min_size=1, max_size=5), min_size=1, max_size=60))
def test_counts_and_leading_purposes_are_those_of_a_loop(tmp_path_factory, lists):
    path = tmp_path_factory.getbasetemp() / "loop.txt"
    path.write_text("".join(f"{row}: {ids}\n" for row, ids in enumerate(lists)))
    table = load_ingredients(path)
    number = Counter(f"purpose {i}" for ids in lists for i in set(ids))
    order = sorted(number, key=lambda name: (-number[name], name))
    assert list(table.col_names) == order
    assert list(table.col_metadata["n_ingredients"]) == [number[name] for name in order]
    sorted_lists = all(ids == sorted(ids, key=lambda i: f"purpose {i}") for ids in lists)
    for ids, n, leading in zip(
        lists, table.row_metadata["n_purposes"], table.row_metadata["leading_purpose"], strict=True
    ):
        mine = sorted({f"purpose {i}" for i in ids}, key=order.index)
        telling = [name for name in mine if number[name] <= GENERIC_SHARE * len(lists)]
        assert n == len(mine)
        assert leading == ((telling or mine)[0] if sorted_lists else f"purpose {ids[0]}")


def test_the_leading_purpose_is_the_first_unless_the_order_is_that_of_the_alphabet(write):
    lines = [f"{code}: 1\n" for code in range(8)] + ["8: 1, 2, 3\n", "9: 1, 3\n"]
    facts = load_ingredients(write("a.txt", "".join(lines))).row_metadata
    assert facts["leading_purpose"].tolist() == ["purpose 1"] * 8 + [
        "purpose 3",
        "purpose 3",
    ]  # 1 is for all, 2 is rarer
    facts = load_ingredients(write("a.txt", "".join([*lines, "10: 3, 1, 2\n"]))).row_metadata
    assert facts["leading_purpose"].tolist() == ["purpose 1"] * 10 + ["purpose 3"]


# How it is cleaned


def test_the_story_of_the_cleaning_number_by_number(write):
    path = write(
        "a.csv",
        "INCI Name;CAS;Function\n"
        "WATER;;Solvent\n"
        "GLYCERIN;56-81-5;Humectant,  solvent ,Moisturizer\n"
        "LACTIC ACID;;ＨＵＭＥＣＴＡＮＴ, Not reported\n"
        "MYSTERY;1;NOT REPORTED\n"
        "\n"
        " WATER ;7732-18-5;SOLVENT, Humectant, humectants\n"
        ";;Solvent\n"
        "EMPTY;2; ,\n",
    )
    with pytest.warns(UserWarning, match=r"a.csv: 2 rows could not be read and are skipped\.$"):
        table = load_ingredients(
            path, synonyms={"HUMECTANTS": "Humectant", "moisturizer": "humectants"}, on_error="skip"
        )
    assert list(table.cleaning.itertuples(index=False, name=None)) == [
        ("rows", 7),
        ("rows skipped", 2),
        ("rows without purposes", 0),
        ("rows with only dropped purposes", 1),
        ("rows kept", 4),
        ("rows merged into an earlier one", 1),
        ("ingredients", 3),
        ("spellings of purposes", 9),
        ("purposes", 4),
        ("purposes kept", 3),
        ("mentions of purposes", 10),
        ("mentions replaced by synonyms", 2),
        ("mentions dropped", 2),
        ("pairs, distinct", 6),
    ]
    assert purposes_of(table) == {
        "WATER": {"Solvent", "Humectant"},
        "GLYCERIN": {"Humectant", "Solvent", "humectants"},  # a synonym is looked up once
        "LACTIC ACID": {"Humectant"},
    }
    assert list(table.col_names) == ["Humectant", "Solvent", "humectants"]
    assert table.col_metadata.to_dict("list") == {"n_ingredients": [3, 2, 1]}
    assert table.row_metadata["CAS"].tolist() == ["7732-18-5", "56-81-5", None]  # the first that there is
    assert table.row_metadata["n_purposes"].tolist() == [2, 3, 1]
    assert table.axes == ("ingredient", "purpose")
    assert table.source == str(path)


def test_purposes_are_spelt_as_most_often_or_as_the_user_says(write):
    path = write("a.csv", "code,purpose\n1,solvent\n2,SOLVENT\n3,SOLVENT\n4,Solvents\n")
    assert list(load_ingredients(path).col_names) == ["SOLVENT", "Solvents"]
    assert list(load_ingredients(path, synonyms={"solvents": "Solvent"}).col_names) == ["Solvent"]


def test_what_is_dropped_is_the_callers(write):
    path = write("a.csv", "code,purpose\n1,Not Reported\n2,Tonic\n2,Solvent\n")
    assert purposes_of(load_ingredients(path, dropped=())) == {"1": {"Not Reported"}, "2": {"Tonic", "Solvent"}}
    assert purposes_of(load_ingredients(path, dropped=["not  reported", "TONIC"])) == {"2": {"Solvent"}}
    assert purposes_of(load_ingredients(path, dropped=["x"], synonyms={"Not Reported": "X"})) == {
        "2": {"Tonic", "Solvent"}
    }
    with pytest.raises(ValueError, match=r"a.csv: the 3 rows have no purposes but Not Reported, Tonic, Solvent\.$"):
        load_ingredients(path, dropped=["Not Reported", "tonic", "solvent"])


def test_a_table_of_ones_own_names_its_columns_and_separator(write):
    path = write("a.csv", "id,Handelsname,wozu\n1,X,Tonic + Solvent\n2,Y,Solvent\n")
    table = load_ingredients(path, name_column="handelsname", purpose_column="wozu", separator="+")
    assert purposes_of(table) == {"X": {"Tonic", "Solvent"}, "Y": {"Solvent"}}
    assert table.row_metadata["id"].tolist() == ["1", "2"]


def test_slashes_in_names_and_dashes_in_purposes_separate_nothing(write):
    path = write("a.csv", "name,function\nACRYLATES/VA COPOLYMER,Skin Conditioning - Emollient\nA|B; C,Tonic\n")
    assert purposes_of(load_ingredients(path)) == {
        "ACRYLATES/VA COPOLYMER": {"Skin Conditioning - Emollient"},
        "A|B; C": {"Tonic"},
    }


# What is refused


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7: [1, 4]", "the purpose id 4 of '7' is out of range, expected one of the 3 from 1 to 3"),
        ("7: [0]", "the purpose id 0 of '7' is out of range, expected one of the 3 from 1 to 3"),
        ("7: [-1]", "the purpose id -1 of '7' is out of range"),
        ("7: [1, b]", "the purpose id 'b' of '7' is not an integer"),
        ("7: [1.5]", "the purpose id '1.5' of '7' is not an integer"),
        ("7: [1, 2", r"expected a line such as '23309: \[1, 9, 2\]', a code and its purposes' ids; a table's file"),
        ("7, Tonic", r"expected a line such as '23309: \[1, 9, 2\]'"),
        (": [1]", r"expected a line such as '23309: \[1, 9, 2\]'"),
        ("7: []", "'7' has no purposes, expected at least one"),
        ("7:", "'7' has no purposes, expected at least one"),
    ],
)
def test_a_bad_line_is_named_or_else_skipped_and_counted(write, line, message):
    path = write("codes.txt", f"23309: [1, 2]\n\n{line}\n8: [3]\n")
    with pytest.raises(ValueError, match=rf"^codes.txt, line 3: {message}.*\.$"):
        load_ingredients(path, purposes=["Tonic", "Solvent", "Abrasive"])
    with pytest.warns(UserWarning, match="codes.txt: 1 rows could not be read and are skipped"):
        table = load_ingredients(path, purposes=["Tonic", "Solvent", "Abrasive"], on_error="skip")
    assert purposes_of(table) == {"23309": {"Tonic", "Solvent"}, "8": {"Abrasive"}}
    assert counted(table)["rows skipped"] == 1


def test_ids_without_names_count_from_zero_or_anything(write):
    assert list(load_ingredients(write("a.txt", "7: 0 12\n")).col_names) == ["purpose 0", "purpose 12"]
    with pytest.raises(ValueError, match="the purpose id -1 of '7' is out of range, expected 0 or more"):
        load_ingredients(write("a.txt", "7: -1\n"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("7,", "row 4, column 'Purpose': '7' has no purposes, expected at least one"),
        ("7,|", "row 4, column 'Purpose': '7' has no purposes"),
        (",Tonic", "row 4, column 'Purpose': no name or code beside it, expected one in every row"),
    ],
)
def test_a_bad_row_is_named_or_else_skipped_and_counted(write, row, message):
    path = write("a.csv", f"Code,Purpose\n1,Tonic|Solvent\n\n{row}\n")
    with pytest.raises(ValueError, match=rf"^a.csv, {message}.*\.$"):
        load_ingredients(path)
    with pytest.warns(UserWarning, match="1 rows could not be read"):
        assert purposes_of(load_ingredients(path, on_error="skip")) == {"1": {"Tonic", "Solvent"}}


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        (
            "a.txt",
            "",
            {},
            "a.txt: none of the 0 rows has a name and purposes, expected a .csv",
        ),
        ("a.txt", "7: [1]\n", {"separator": ","}, "a.txt: only tables have columns and separators, expected a .csv"),
        ("a.txt", "7: [1]\n", {"purposes": []}, "purposes has 0 names, expected one for every id"),
        ("a.txt", "7: [1]\n", {"purposes": {1: " "}}, "purposes has 1 names, expected .* none of them empty"),
        ("a.txt", "7: [1]\n", {"purposes": "Tonic"}, r"purposes is the text 'Tonic', expected .* such as \['Tonic'\]"),
        (
            "a.txt",
            "코드: [1]\n".encode("cp949"),
            {},
            "a.txt, line 1: not utf-8 .* looks like CP949: give",
        ),
        ("a.csv", "", {}, "a.csv: empty"),
        ("a.csv", "code,purpose\n", {}, "a.csv: only a header"),
        ("a.csv", "code,purpose\n1,\n", {"on_error": "skip"}, "a.csv: none of the 1 rows has a name and purposes"),
        ("a.csv", "code,x\n1,Tonic\n", {}, r"a.csv: no column is known to hold the purposes \(give purpose_column\)"),
        ("a.csv", "codex,purpose\n1,Tonic\n", {}, "a.csv: no column is known .* Did you mean name_column='codex'"),
        (
            "a.csv",
            "code,purpose\n1,Tonic\n",
            {"name_column": "cod"},
            "a.csv: no column 'cod'. Did you mean",
        ),
        (
            "a.csv",
            "code,purpose\n1,Tonic\n",
            {"name_column": "purpose"},
            "a.csv: the column 'purpose' cannot",
        ),
        (
            "a.csv",
            "code,purpose\n1,a|b\n",
            {"separator": ";"},
            r"a.csv: the separator ';' stands in none",
        ),
        ("a.csv", "code,purpose\n1,a/b\n", {}, "a.csv: '/' stands in 1 of the 1 purpose cells"),
        ("a.csv", "code,purpose\n1,Tonic\n", {"purposes": ["a"]}, "a.csv: purposes names the ids of a text"),
        (
            "a.csv",
            "code,purpose\n1,Tonic\n",
            {"dropped": "Tonic"},
            "dropped is the text 'Tonic', expected",
        ),
        ("a.csv", "code,purpose\n1,Tonic\n", {"synonyms": {"Tonic": ""}}, "synonyms has an empty name"),
        (
            "a.csv",
            "code,purpose\n1,Tonic\n",
            {"on_error": "warn"},
            "Unknown on_error 'warn', expected one",
        ),
        ("a.xlsx", "code,purpose\n1,Tonic\n", {}, "a.xlsx: not a spreadsheet, or damaged"),
    ],
)
def test_a_file_or_option_of_another_kind_is_one_clear_error(write, name, content, options, message):
    with pytest.raises(ValueError, match=message):
        load_ingredients(write(name, content), **options)


def test_a_declared_encoding_is_read(write):
    for name, text in (("a.csv", "코드,배합목적\n가,보습제\n"), ("a.txt", "가: 1\n")):
        path = write(name, text.encode("cp949"))
        assert list(load_ingredients(path, encoding="cp949").row_names) == ["가"]


# The catalogue's and our own


@pytest.fixture
def twin(cache, monkeypatch):
    """A small table of the catalogue, in the cache."""
    content = b"inci_name,cas_number,einecs_number,function\nA,1,,Tonic\nB,,,\nC,,,Not Reported\n"
    file = catalogue.File("twin.csv", "https://example.org/twin.csv", hashlib.sha256(content).hexdigest(), len(content))
    dataset = catalogue.Dataset("cosing-twin", "ingredients", "a twin", 3, 4, "none", "none", (file,))
    monkeypatch.setattr(catalogue, "DATASETS", (*catalogue.DATASETS, dataset))
    (cache / "cosing-twin").mkdir(parents=True)
    (cache / "cosing-twin" / "twin.csv").write_bytes(content)


def test_a_published_table_may_lack_purposes(twin):
    table = load_ingredients("cosing-twin")
    assert purposes_of(table) == {"A": {"Tonic"}}
    assert [counted(table)[step] for step in ("rows", "rows without purposes", "rows skipped")] == [3, 1, 0]
    assert table.row_metadata["cas_number"].tolist() == ["1"]
    assert table.source == "cosing-twin"


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (".", IsADirectoryError, "a folder, expected a .csv, .tsv, .xlsx or .parquet table, or a text of lines"),
        ("missing.csv", FileNotFoundError, "missing.csv: no such file"),
        ("folder/missing", FileNotFoundError, "folder/missing: no such file"),
        ("cosing-twn", ValueError, "Unknown dataset 'cosing-twn'. Did you mean 'cosing-twin'"),
        ("sampel", ValueError, "Unknown dataset 'sampel'. Did you mean 'sample'"),
    ],
)
def test_an_unknown_source_is_refused(source, error, message, twin):
    with pytest.raises(error, match=message):
        load_ingredients(source)


def test_the_sample_loads_without_a_cache(cache):
    table = load_ingredients()
    assert table.n_rows >= 300
    assert {"GLYCERIN", "TOCOPHEROL"} <= set(table.row_names)
    assert list(table.row_metadata.columns) == ["korean_name", "n_purposes", "leading_purpose"]
    assert table.row_metadata["korean_name"][list(table.row_names).index("GLYCERIN")] == "글리세린"
    assert not (table.row_metadata["korean_name"] == "").any()
    story = counted(table)
    assert story["rows"] == story["ingredients"] == table.n_rows
    assert story["spellings of purposes"] == story["purposes kept"] == table.n_cols
    assert table.source == "sample"
    assert not cache.exists()


@pytest.mark.real("cosing")
def test_the_real_table_has_the_published_numbers():
    table = load_ingredients("cosing")
    story = counted(table)
    assert story["rows"] == 28_712
    assert story["rows without purposes"] == 218
    assert story["rows with only dropped purposes"] == 472
    assert story["rows kept"] == 28_022
    assert story["rows skipped"] == 0
    assert (table.n_rows, table.n_cols, len(table)) == (28_015, 78, 50_583)
    assert len(np.unique(table.to_csr().toarray(), axis=0)) == 2_349
    assert list(table.col_names[:2]) == ["Skin Conditioning", "Hair Conditioning"]
    assert list(table.row_metadata.columns) == ["cas_number", "einecs_number", "n_purposes", "leading_purpose"]
    assert "Not Reported" not in table.col_names
    leading = table.row_metadata["leading_purpose"].value_counts()  # lists are in alphabetical order
    assert list(leading.index[:3]) == ["Skin Conditioning", "Hair Conditioning", "Skin Conditioning - Emollient"]


def test_lists_in_brackets_are_read_in_a_table_too(write):
    table = load_ingredients(write("a.csv", 'code,purposes\n7,"[1, 9, 2]"\n8,"[9]"\n'))
    assert purposes_of(table) == {"7": {"1", "9", "2"}, "8": {"9"}}


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["Tonic & Soothing", "Tonic", "Soothing & Tonic"],
            "'&' seems to separate the purposes, as in 'Soothing & Tonic'",
        ),
        (["1 9 2", "9 2", "1"], "blanks seem to separate ids, as in '1 9 2'. Give separator=' '"),
    ],
)
def test_a_mark_that_may_separate_is_asked_for(write, cells, message):
    lines = [f"{code},{cell}\n" for code, cell in enumerate(cells)]
    with pytest.raises(ValueError, match=message):
        load_ingredients(write("a.csv", "".join(["code,purposes\n", *lines])))
    families = ["Surfactant - Cleansing", "Surfactant - Foaming", "Skin Conditioning"]
    lines = [f"{code},{cell}\n" for code, cell in enumerate(families)]
    assert set(load_ingredients(write("b.csv", "".join(["code,purposes\n", *lines]))).col_names) == set(families)


# Our own table


@pytest.fixture(scope="module")
def table():
    with files("research_lib.datasets").joinpath("tables/ingredients.csv").open(encoding="utf-8") as lines:
        return pd.read_csv(lines, keep_default_na=False)


def test_every_ingredient_stands_once_in_the_order_of_its_name(table):
    assert list(table.columns) == ["inci_name", "korean_name", "purposes"]
    assert len(table) >= 300
    names = table["inci_name"]
    assert names.is_unique
    assert list(names) == sorted(names, key=str.encode)
    assert all(name.isascii() and name == name.upper().strip() != "" for name in names)


def test_korean_names_are_hangul_composed_and_unique(table):
    korean = table["korean_name"][table["korean_name"] != ""]
    assert korean.is_unique
    for name in korean:
        assert name == unicodedata.normalize("NFC", name).strip()
        assert any("가" <= character <= "힣" for character in name), name


def test_purposes_of_an_ingredient_are_distinct_and_trimmed(table):
    for purposes in table["purposes"].str.split("|"):
        assert 1 <= len(purposes) <= 7
        assert len(set(purposes)) == len(purposes)
        assert all(purpose and purpose == purpose.strip() for purpose in purposes)


def test_the_table_is_varied_enough_for_a_map(table):
    purposes = table["purposes"].str.split("|")
    counts = purposes.explode().value_counts()
    assert len(counts) >= 60
    assert 2 < purposes.str.len().mean() < 4
    assert counts.max() < len(table) / 2
