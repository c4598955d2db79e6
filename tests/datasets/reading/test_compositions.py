import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.datasets.reading.compositions import parse_composition

elements = st.sampled_from(["H", "He", "C", "Ca", "O", "Na", "N", "Cl"])
compositions = st.dictionaries(elements, st.integers(1, 40), min_size=1, max_size=5)


@pytest.mark.parametrize(
    ("formula", "amounts"),
    [
        ("NaN", {"Na": 1, "N": 1}),
        ("Ag(W3Br7)2", {"Ag": 1, "W": 6, "Br": 14}),
        ("K[Al(SO4)2]0.5", {"K": 1, "Al": 0.5, "S": 1, "O": 4}),
        ("Ag0.5Ge1S.5", {"Ag": 0.5, "Ge": 1, "S": 0.5}),
        ("CH3CH2OH", {"C": 2, "H": 6, "O": 1}),
        ("{Ca(OH)2}3", {"Ca": 3, "O": 6, "H": 6}),
    ],
)
def test_compositions_by_hand(formula, amounts):
    assert parse_composition(formula) == pytest.approx(amounts)


@given(compositions, st.integers(1, 9))
def test_any_composition_comes_back_also_from_brackets(amounts, times):
    text = "".join(f"{element}{amount}" for element, amount in amounts.items())
    assert parse_composition(text) == amounts
    assert parse_composition(f"[({text})]{times}") == {element: n * times for element, n in amounts.items()}


@pytest.mark.parametrize(
    ("formula", "problem"),
    [
        ("", "at least one element"),
        ("Ca(OH", "'\\(' is not closed"),
        ("Ca(OH]2", "character 6 .* closes no bracket"),
        ("2H", "the number belongs to nothing"),
        ("Ca0", "more than 0 of each"),
        ("water", "character 1 .* expected an element"),
    ],
)
def test_compositions_that_cannot_be_read(formula, problem):
    with pytest.raises(ValueError, match=problem):
        parse_composition(formula)
