from itertools import pairwise

import pytest
from notebook_factory import code, notebook, write_project

from research_lib.runner.parameters import (
    NotebookError,
    Parameter,
    fit,
    preset,
    read_assignment,
    read_assignments,
    read_file,
    read_notebook,
    read_parameters,
)

KNOWN = {
    "epochs": Parameter("epochs", 15, "passes", takes_none=False),
    "rate": Parameter("rate", 0.1, "of learning", takes_none=False),
    "loss": Parameter("loss", "mse", "minimised", takes_none=True),
    "seed": Parameter("seed", None, "of all draws", takes_none=True),
    "kinds": Parameter("kinds", ["person"], "shown", takes_none=False),
    "plot": Parameter("plot", True, "or not", takes_none=False),
}


def parameters_of(source):
    return read_parameters([code(source, "parameters")], "04_books")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("epochs = ", "line 1: invalid syntax"),
        ("a = b = 1", "'a = b = 1', expected name = literal"),
        ("import numpy", "'import numpy', expected name = literal"),
        ("epochs = 1\nepochs = 2", "'epochs' is set twice"),
        ("epochs = {1, 2}", "'epochs' is {1, 2}, expected a literal"),
    ],
)
def test_a_line_that_is_no_parameter_is_named(source, message):
    with pytest.raises(NotebookError, match="04_books, cell 1, line") as error:
        parameters_of(source)
    assert message in str(error.value)


def test_a_literal_may_take_several_lines():
    kinds = parameters_of('kinds = [\n    "person",  # not this\n    "größe",\n]  # those shown')["kinds"]
    assert (kinds.default, kinds.comment) == (["person", "größe"], "those shown")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("epochs", 3, 3),
        ("rate", 1, 1.0),
        ("loss", None, None),
        ("seed", "anything", "anything"),
        ("kinds", ("place",), ["place"]),
    ],
)
def test_a_value_of_the_type_of_the_default_fits(name, value, expected):
    fitted = fit(KNOWN[name], value, "04_books")
    assert fitted == expected
    assert type(fitted) is type(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [("epochs", "three"), ("epochs", 3.0), ("epochs", True), ("epochs", None), ("plot", 1), ("kinds", "person")],
)
def test_a_value_of_another_type_is_refused(name, value):
    with pytest.raises(NotebookError, match=rf"Parameter '{name}' of 04_books takes .* \(default .*\), not "):
        fit(KNOWN[name], value, "04_books")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x=3", 3),
        ("x=1e-3", 0.001),
        ("x=-2.5E4", -25000.0),
        ("x=.nan", pytest.approx(float("nan"), nan_ok=True)),
        ("x=[a, 2]", ["a", 2]),
        ("x=null", None),
        ("x=true", True),
        ("x=2018-07-01", "2018-07-01"),
        ("x=War and Peace", "War and Peace"),
        ("x=a=b", "a=b"),
        ("x='3'", "3"),
    ],
)
def test_assignments_are_yaml_as_one_types_it(text, value):
    assert read_assignment(text) == ("x", value)


@pytest.mark.parametrize("text", ["epochs", "=3", "two words=3", "x=[1"])
def test_what_is_no_assignment_is_told(text):
    with pytest.raises(NotebookError, match=f"-p {text}".replace("[", r"\[")):
        read_assignment(text)


def test_an_assignment_that_is_given_twice_is_told():
    assert read_assignments(["a=1", "b=2"]) == {"a": 1, "b": 2}
    with pytest.raises(NotebookError, match=r"^-p a: given twice, expected once\.$"):
        read_assignments(["a=1", "b=2", "a=1"])


BOMB = "a: &a [1, 1]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in pairwise("abcdefghij"))


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("epochs: 1\nepochs: 2", "'epochs' stands twice"),
        ("04_books: {epochs: 1, epochs: 2}", "'epochs' stands twice"),
        (BOMB, "an alias, expected plain values"),
        ("a: &a\n  b: *a", "an alias, expected plain values"),
        ("a: " + "[" * 100_000, "recursion"),
    ],
)
def test_a_file_that_says_one_thing_twice_or_stands_for_many_is_told(tmp_path, content, problem):
    path = tmp_path / "mine.yml"
    path.write_text(content)
    with pytest.raises(NotebookError, match=rf"mine\.yml: not YAML: .*{problem}"):
        read_file(path)


@pytest.mark.parametrize("content", [b"just text", b"- a\n- b", b"", b"a: [", b"\xff\xfe\x00", b"1: 2"])
def test_a_file_that_holds_no_values_is_told(tmp_path, content):
    path = tmp_path / "mine.yml"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=r"mine\.yml"):
        read_file(path)


def test_a_missing_file_or_a_folder_is_told(tmp_path):
    for path in (tmp_path / "none.yml", tmp_path):
        with pytest.raises(NotebookError, match=path.name):
            read_file(path)


def test_presets_are_strict_about_the_names_of_notebooks(tmp_path):
    folder = write_project(tmp_path, _04_books=notebook(), _05_films=notebook())
    assert preset(folder / "04_books.ipynb", "quick") == {"epochs": 1}
    (folder / "parameters" / "quick.yml").write_text("04_book: {epochs: 1}")
    with pytest.raises(NotebookError, match=r"no notebook named '04_book'\. Did you mean '04_books'"):
        preset(folder / "04_books.ipynb", "quick")
    (folder / "parameters" / "quick.yml").write_text("04_books: {epochs: 1}")
    with pytest.raises(NotebookError, match="no values for 05_films"):
        preset(folder / "05_films.ipynb", "quick")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"cells": []}',
        '{"nbformat": 4, "cells": [{}]}',
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": "", "metadata": null}]}',
        '{"nbformat": 3, "cells": []}',
    ],
)
def test_a_file_that_is_no_notebook_is_told(tmp_path, content):
    path = tmp_path / "04_books.ipynb"
    path.write_text(content)
    with pytest.raises(NotebookError, match=r"04_books\.ipynb"):
        read_notebook(path)
