import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research_lib.checks import UnknownName
from research_lib.containers.interactions import Interactions, as_moment

BOOKS = {"War and Peace": ["Russia", "Napoleon"], "Anna Karenina": ["Russia"], "Candide": ["Voltaire", "Voltaire"]}

lists_of_links = st.dictionaries(st.text(), st.lists(st.text(max_size=3), max_size=6), min_size=1).filter(
    lambda lists: any(lists.values())
)


@st.composite
def tables(draw):
    n_rows, n_cols = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    pairs = draw(st.lists(st.tuples(st.integers(0, n_rows - 1), st.integers(0, n_cols - 1)), min_size=1, max_size=40))
    return Interactions(np.array(pairs), range(n_rows), range(n_cols), times=np.arange(len(pairs)))


@given(tables())
def test_distinct_keeps_every_pair_once_and_sorted(table):
    seen = []
    for row, col in table.pairs.tolist():
        if [row, col] not in seen:
            seen.append([row, col])
    distinct = table.distinct()
    assert distinct.pairs.tolist() == sorted(seen)
    assert distinct.times is None  # a pair that stood twice has no one time
    assert list(distinct.row_names) == list(table.row_names)


@given(tables())
def test_the_matrix_is_one_where_there_is_a_pair_and_zero_elsewhere(table):
    expected = np.zeros((table.n_rows, table.n_cols), np.float32)
    for row, col in table.pairs:
        expected[row, col] = 1
    matrix = table.to_csr()
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix.toarray(), expected)


@given(tables())
def test_a_key_tells_its_row_and_column(table):
    keys = table.keys().tolist()
    assert [list(divmod(key, table.n_cols)) for key in keys] == table.pairs.tolist()


@given(lists_of_links)
def test_lists_come_back_from_the_pairs(lists):
    table = Interactions.from_lists(lists)
    back = {name: [] for name in table.row_names}
    for row, col in table.pairs:
        back[table.row_names[row]].append(table.col_names[col])
    assert back == lists
    assert list(table.col_names) == list(dict.fromkeys(name for names in lists.values() for name in names))


def test_a_table_from_lists_knows_its_axes_and_sizes():
    books = Interactions.from_lists(BOOKS, axes=("book", "link"), source="by hand")
    assert (books.n_rows, books.n_cols, len(books), len(books.distinct())) == (3, 3, 5, 4)
    assert repr(books) == "Interactions(3 books × 3 links, 5 pairs, from by hand)"


def test_the_columns_of_a_row_are_found_by_its_name():
    books = Interactions.from_lists(
        {"Emma": ["England"], "Candide": ["Voltaire", "England", "Voltaire"]}, axes=("book", "link")
    )
    assert books.cols_of("Candide") == ["England", "Voltaire"]  # once each, in the order of the axis
    with pytest.raises(UnknownName, match=r"^No book 'Candida' among 2\. Did you mean 'Candide'\?$"):
        books.cols_of("Candida")


def test_other_pairs_stay_on_the_same_axes():
    metadata = pd.DataFrame({"year": [1869, 1878, 1759]}, index=[7, 8, 9])
    books = Interactions.from_lists(BOOKS, row_metadata=metadata)
    part = books.with_pairs(books.pairs[:1])
    assert (part.n_rows, part.n_cols, len(part)) == (3, 3, 1)
    assert list(part.row_metadata.index) == [0, 1, 2]  # numbered like the names
    assert len(books) == 5


@pytest.mark.parametrize("lists", [{}, {"Candide": []}])
def test_a_table_without_pairs_is_refused(lists):
    with pytest.raises(ValueError, match="memory: no book–link pairs"):
        Interactions.from_lists(lists, axes=("book", "link"))


def test_a_text_is_not_taken_for_a_list_of_letters():
    with pytest.raises(ValueError, match="'Candide' has the text 'Voltaire', expected a list of names"):
        Interactions.from_lists({"Candide": "Voltaire"})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pairs": np.zeros((2, 3), int)}, r"pairs have shape \(2, 3\), expected \(n_pairs, 2\)"),
        ({"pairs": np.zeros((2, 2))}, "pairs are float64, expected integers"),
        ({"pairs": [[0, 3]]}, "names column number 3, but there are 3. Are the axes the right way round"),
        ({"pairs": [[-1, 0]]}, "names row number -1, but there are 2"),
        ({"row_names": ["a", "a"]}, "row name 'a' stands twice"),
        ({"col_names": []}, "column names are empty"),
        ({"row_metadata": pd.DataFrame({"year": [1, 2, 3]})}, "row metadata has 3 rows for 2 names"),
        ({"times": [1, 2, 3]}, "3 times for 2 pairs"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_numbers(changed, message):
    fields = {"pairs": [[0, 2], [1, 0]], "row_names": ["a", "b"], "col_names": ["x", "y", "z"]}
    Interactions(**fields)
    with pytest.raises(ValueError, match=message):
        Interactions(**fields | changed)


@pytest.mark.parametrize("kind", [list, pd.Series, pd.DatetimeIndex])
def test_times_may_be_any_sequence(kind):
    times = np.array(["2020-01-02", "2020-01-01"], dtype="datetime64[s]")
    table = Interactions([[0, 0], [0, 1]], ["a"], ["x", "y"], times=kind(times))
    assert isinstance(table.times, np.ndarray) and np.array_equal(table.times.astype("datetime64[s]"), times)


def test_what_rows_have_in_common_is_told_apart():
    table = Interactions.from_lists({"a": ["x", "y"], "b": ["y", "z"], "c": ["x", "y"]})
    assert table.in_common("a", ["b", "c"]).to_dict("index") == {
        "b": {"shared": ["y"], "missing": ["x"], "additional": ["z"]},
        "c": {"shared": ["x", "y"], "missing": [], "additional": []},
    }
    with pytest.raises(KeyError, match="No row 'd' among 3"):
        table.in_common("a", ["d"])


@pytest.mark.parametrize("day", ["soon", "2020-02-30", "20150301", np.datetime64("NaT"), None, 5])
def test_what_is_not_a_day_is_named(day):
    with pytest.raises(ValueError, match="is not a day, expected one such as '2015-03-01'"):
        as_moment(day)
