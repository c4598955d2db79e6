"""What is refused, and how: every check names the value, what was expected, and a near miss where there is one."""

import numpy as np
import pytest

from research_lib.checks import UnknownName, check_choice, check_integers, check_labels, check_numbers, check_type


def test_an_unknown_choice_is_told_its_near_miss():
    check_choice("loss", "mse", ("mse", "bce"))
    check_choice("transform", None, (None, "log"))
    with pytest.raises(ValueError, match=r"^Unknown loss 'mce', expected one of: mse, bce\. Did you mean 'mse'\?$"):
        check_choice("loss", "mce", ("mse", "bce"))
    with pytest.raises(ValueError, match=r"^Unknown loss 7, expected one of: mse, bce\.$"):
        check_choice("loss", 7, ("mse", "bce"))


@pytest.mark.parametrize("value", [0, -3, 2.5, "4", None, float("nan"), True])
def test_only_whole_numbers_from_the_least_are_counts(value):
    check_integers(1, n_dims=np.int64(4))
    with pytest.raises(ValueError, match=r"^epochs is .*, expected a whole number of at least 1\.$"):
        check_integers(1, n_dims=4, epochs=value)


@pytest.mark.parametrize("value", [-0.1, 1.0, "0.5", None, float("nan"), float("inf"), True])
def test_a_number_has_to_be_finite_and_in_its_bounds(value):
    check_numbers(least=0, below=1, dropout=0, share=np.float32(0.5))
    with pytest.raises(ValueError, match=r"^dropout is .*, expected a number of at least 0 and below 1\.$"):
        check_numbers(least=0, below=1, dropout=value)
    with pytest.raises(ValueError, match=r"^rate is 0, expected a number above 0 and of at most 1\.$"):
        check_numbers(above=0, most=1, rate=0)
    with pytest.raises(ValueError, match=r"^rate is inf, expected a number that is finite\.$"):
        check_numbers(rate=float("inf"))


def test_a_wrong_type_is_told_what_to_use():
    check_type([1], list, "fit")
    with pytest.raises(TypeError, match=r"^fit takes list, not ndarray; see list\(\)\.$"):
        check_type(np.zeros(2), list, "fit", "list()")


def test_there_is_one_label_for_each_thing():
    check_labels(["a", "b"], 2)
    with pytest.raises(ValueError, match=r"^2 labels for 1,000 rows, expected one a row\.$"):
        check_labels(["a", "b"], 1000, "row")


def test_an_unknown_name_suggests_the_nearest():
    error = UnknownName.among(["War and Peace", "Emma"], "War and Piece", "book")
    assert str(error) == "No book 'War and Piece' among 2. Did you mean 'War and Peace'?"
