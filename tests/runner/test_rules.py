import json

import pytest
from notebook_factory import KERNELSPEC, PARAMETERS, code, markdown, notebook, write_project

from research_lib.runner.rules import check


def problems_of(tmp_path, content):
    return check(write_project(tmp_path, _04_books=content) / "04_books.ipynb")


def edited(edit):
    content = notebook("x = 1")
    edit(content["cells"])
    return content


def test_a_good_notebook_has_no_problem(tmp_path):
    assert problems_of(tmp_path, notebook("import matplotlib.pyplot as plt\nfrom research_lib import record")) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (edited(lambda cells: cells[0].update(source="Who?")), "04_books, cell 1: expected the title"),
        (edited(lambda cells: cells.insert(1, markdown("prose"))), "cell 3: holds the parameters, expected in cell 2"),
        (edited(lambda cells: cells.pop(1)), "expected exactly one code cell tagged 'parameters', found none"),
        (edited(lambda cells: cells.pop(2)), "parameter 'dataset' is read by no cell after the parameters"),
        (edited(lambda cells: cells[3].update(execution_count=1)), "cell 4: holds what a run left"),
        (edited(lambda cells: cells[3].update(outputs=[{}])), "cell 4: holds what a run left"),
        (edited(lambda cells: cells[3]["metadata"].update(papermill={})), "cell 4: holds what a run left"),
        (edited(lambda cells: cells.extend([code("x")] * 23)), ": 26 code cells, expected at most 24"),
        (
            notebook("from research_lib.containers.space import Space"),
            "imports 'research_lib.containers.space', expected",
        ),
        (notebook(metadata=KERNELSPEC | {"language_info": {}}), ": metadata holds 'language_info'"),
        (notebook(metadata={}), "no kernelspec of language 'python'"),
        (notebook(parameters=PARAMETERS.replace("  # passes over the pairs", "")), "'epochs' has no comment"),
        (notebook("\n" * 12 + "x"), "cell 4: 13 lines, expected at most 12"),
        (notebook("for i in range(3):\n    def f(): pass"), "cell 4: defines 'f', expected no definition"),
        (notebook("class A: pass"), "cell 4: defines 'A'"),
        (notebook("import numpy, sklearn.cluster"), "cell 4: imports 'sklearn.cluster', expected only research_lib"),
        (notebook("from .secret import x"), "cell 4: imports '.secret'"),
        (notebook("from researchlib import x"), "cell 4: imports 'researchlib'"),
        (notebook("%matplotlib inline"), "cell 4: invalid syntax in line 1, expected plain Python"),
    ],
)
def test_a_broken_rule_is_named_with_its_cell(tmp_path, content, problem):
    problems = problems_of(tmp_path, content)
    assert len(problems) == 1 + ("dataset' is read" in problem), problems
    assert problem in problems[0]


@pytest.mark.parametrize("which", ["quick", "real"])
def test_presets_are_checked_against_the_parameters(tmp_path, which):
    folder = write_project(tmp_path, _04_books=notebook())
    (folder / "parameters" / f"{which}.yml").write_text(json.dumps({"04_books": {"epoch": 1}}))
    [problem] = check(folder / "04_books.ipynb")
    assert f"Unknown parameter 'epoch' for 04_books ({which}.yml). Did you mean 'epochs'?" in problem
    (folder / "parameters" / f"{which}.yml").unlink()
    [problem] = check(folder / "04_books.ipynb")
    assert f"{which}.yml: No such file" in problem


def test_a_file_that_is_no_notebook_is_one_problem(tmp_path):
    (tmp_path / "04_books.ipynb").write_text("{")
    assert len(check(tmp_path / "04_books.ipynb")) == 1
