import numpy as np
import pandas as pd
import pytest

from research_lib.datasets.mixtures import load_mixtures


@pytest.fixture
def write(tmp_path):
    """Write text and get the path."""

    def write(name, text):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8", newline="\n")
        return path

    return write


def counted(mixtures):
    return dict(mixtures.cleaning.itertuples(index=False))


# One's own tables

WIDE = 'formula,Water,Ethanol,T,pH,viscosity\nA,70,30,298,7,12000 ~ 15000\nB,100,,308,6,\nC,90,10,318,5,"1,200"\n'
LONG = "처방,코드,함량\nA,W,70\nA,E,20\nA,E,10\nB,W,100\nX,W,100\n"
RESULTS = "처방,점도\nA,10\nB,20\n"


def test_wide_table(write):
    path = write("wide.csv", WIDE)
    with pytest.warns(UserWarning, match="1 ranges in the column viscosity"):
        table = load_mixtures(path, context_columns=["T"], left_out=["pH"], unit="mPa·s", total=100)
    assert list(table.formula_names) == ["A", "C"]
    assert list(table.code_names) == ["Water", "Ethanol"]
    assert table.amounts.toarray().tolist() == [[70, 30], [90, 10]]
    assert table.target.tolist() == [13500, 1200]
    assert table.context["T"].tolist() == [298, 318]
    assert counted(table)["formulas without a target, dropped"] == 1


def test_two_targets_and_a_table_in_parquet(write, tmp_path):
    text = WIDE.replace("12000 ~ 15000", "13500")
    path = write("wide.csv", text)
    table = load_mixtures(path, context_columns=["T"], target_column=["viscosity", "pH"])
    assert table.target.tolist() == [[13500, 7], [1200, 5]]
    pd.read_csv(path).to_parquet(tmp_path / "wide.parquet")
    again = load_mixtures(tmp_path / "wide.parquet", context_columns=["T"], target_column=["viscosity", "pH"])
    assert np.array_equal(again.target, table.target)
    assert np.array_equal(again.amounts.toarray(), table.amounts.toarray())
    write("wide.parquet", text)
    with pytest.raises(ValueError, match=r"wide\.parquet: not a Parquet file"):
        load_mixtures(tmp_path / "wide.parquet")


def test_long_table_adds_up_what_stands_twice(write):
    table = load_mixtures(write("long.csv", LONG), results=write("results.csv", RESULTS))
    assert table.amounts.toarray().tolist() == [[70, 30], [100, 0]]
    assert table.target.tolist() == [10, 20]
    assert counted(table)["rows of formulas without a result, dropped"] == 1
    assert counted(table)["rows added to an earlier one of the same formula and code"] == 1


def test_wide_and_long_are_the_same(write):
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.integers(1, 9, (5, 3)), columns=list("abc"))
    wide.insert(0, "formula", [f"F{row}" for row in range(5)])
    long = wide.melt("formula", var_name="code", value_name="amount")
    wide["target"] = rng.normal(size=5)
    results = write("results.csv", wide[["formula", "target"]].to_csv(index=False))
    one = load_mixtures(write("wide.csv", wide.to_csv(index=False)))
    other = load_mixtures(write("long.csv", long.to_csv(index=False)), results=results)
    assert list(one.code_names) == list(other.code_names)
    assert np.array_equal(one.amounts.toarray(), other.amounts.toarray())
    assert np.array_equal(one.target, other.target)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            WIDE.replace("30", "much"),
            {"left_out": ["pH", "T"]},
            "wide.csv: row 2, column 'Ethanol': 'much' is no number",
        ),
        (WIDE.replace("12000 ~ 15000", "thick"), {}, "row 2, column 'viscosity': 'thick' is no number"),
        (WIDE.replace("\nB", "\nA"), {}, "row 3, column 'formula': the formula 'A' appears again"),
        (WIDE, {"target_column": "viscosty"}, "no column 'viscosty'.*Did you mean target_column='viscosity'"),
        (WIDE, {"left_out": ["acid"]}, "no column 'acid'"),
        (WIDE, {"context_columns": "T"}, r"context_columns is the text 'T', expected a collection"),
        ("formula,Water,viscosity\nA,70,\n", {}, "none of the 1 formulas has amounts and a viscosity"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*ranges")
def test_what_bad_tables_get(write, text, options, message):
    path = write("wide.csv", text)
    with pytest.raises(ValueError, match=message):
        load_mixtures(path, **options)


# The public tables


@pytest.mark.real("logv")
def test_logv():
    table = load_mixtures("logv")
    assert (table.n_formulas, table.n_codes) == (34_374, 1_628)
    assert table.formula_metadata["split"].value_counts().to_dict() == {"train": 30_936, "test": 3_438}
    np.testing.assert_allclose(table.amounts.sum(axis=1), 1, atol=0.02)


@pytest.mark.real("expt-gap")
def test_expt_gap():
    table = load_mixtures("expt-gap")
    assert (table.n_formulas, table.n_codes) == (4_603, 81)
    assert (table.code_metadata["family"].notna()).all()
    assert counted(table)["formulas with another target in another fold, the first kept"] == 3
    assert table.formula_metadata["fold_0"].value_counts().to_dict() == {"train": 3314, "test": 920, "val": 367}
