import numpy as np
import pandas as pd
import pytest

from research_lib.containers.mixtures import Mixtures


def test_mixtures_from_mappings():
    table = Mixtures.from_mappings([{"Water": 70, "Ethanol": 30}, {"Water": 100}], [1, 2], total=100)
    assert (table.n_formulas, table.n_codes, len(table)) == (2, 2, 2)
    assert list(table.formulas_per_code()) == [2, 1]
    assert table.amounts_of("1").to_dict() == {"Water": 70, "Ethanol": 30}
    assert repr(table) == "Mixtures(2 formulas × 2 codes, 3 amounts, from memory)"
    assert list(table.subset([1]).formula_names) == ["2"]
    with pytest.raises(KeyError, match="No formula '3' among 2"):
        table.amounts_of("3")


def test_mixtures_without_a_code():
    table = Mixtures([[50, 50], [0, 100]], ["a", "b"], [1, 2], total=100)
    assert table.without(["a"]).amounts.toarray().tolist() == [[0, 50], [0, 100]]
    assert table.amounts.toarray().tolist() == [[50, 50], [0, 100]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amounts": [[1, -1]]}, "formula '1', code 'b': the amount is -1"),
        ({"amounts": [[1, np.nan]]}, "formula '1', code 'b': the amount is nan"),
        ({"amounts": [[50, 40]], "total": 100}, "formula '1': the amounts sum to 90, expected 100"),
        ({"target": [np.nan]}, r"formula '1': the target is \[nan\]"),
        ({"target": ["thick"]}, "memory: target of formula '1' is 'thick', expected a number"),
        ({"context": pd.DataFrame({"T": ["hot"]})}, "context 'T' of formula '1' is 'hot', expected a number"),
        ({"target": [1, 2]}, "target has shape"),
        ({"code_names": ["a"]}, "expected \\(1, 1\\)"),
        ({"code_names": ["a", "a"]}, "'a' stands twice"),
    ],
)
def test_what_is_no_mixtures(fields, message):
    with pytest.raises(ValueError, match=message):
        Mixtures(**{"amounts": [[50, 50]], "code_names": ["a", "b"], "target": [1]} | fields)
