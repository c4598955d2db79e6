"""A notebook of one's own obeys the rules from its first minute."""

import pytest
from notebook_factory import notebook, write_project

from research_lib.runner.creation import create
from research_lib.runner.parameters import NotebookError, preset, read_notebook, read_parameters
from research_lib.runner.rules import check


@pytest.fixture
def folder(tmp_path):
    folder = write_project(tmp_path, _04_books=notebook())
    for file in (folder / "parameters").iterdir():
        file.write_text("04_books:\n  epochs: 1\n", encoding="utf-8")
    return folder


def test_a_new_notebook_obeys_the_rules(folder):
    path = create("05_my_question", title="Is it so?", notebooks=folder)
    assert path == folder / "05_my_question.ipynb"
    assert check(path) == []
    assert read_notebook(path)["cells"][0]["source"].startswith("# Is it so?\n")
    assert check(folder / "04_books.ipynb") == []  # the others' values are still there
    assert preset(path, "real") == {"dataset": "cosing"}


def test_a_copy_has_parameters_of_ones_own(folder):
    path = create("05_mine", source="04_books", parameters={"dataset": 'a "b".csv'}, notebooks=folder)
    assert check(path) == []
    known = read_parameters(read_notebook(path)["cells"], "05_mine")
    assert known["dataset"].default == 'a "b".csv'
    assert (known["epochs"].default, known["epochs"].comment) == (3, "passes over the pairs")
    assert preset(path, "quick") == preset(folder / "04_books.ipynb", "quick")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("my_question", {}, "expected two digits and a slug"),
        ("../05_up", {}, "expected two digits and a slug"),
        ("04_books", {}, "is there already"),
        ("05_mine", {"source": "04_book"}, "Did you mean '04_books'"),
        ("05_mine", {"source": "04_books", "parameters": {"epoch": 1}}, "Did you mean 'epochs'"),
    ],
)
def test_what_cannot_be_created_is_told_and_nothing_is_written(folder, name, options, message):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(NotebookError, match=message):
        create(name, notebooks=folder, **options)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
