"""Every notebook of the project: how many there are, that each obeys the rules and runs with its quick values."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from research_lib.runner.discovery import discover
from research_lib.runner.execution import plan, run_all
from research_lib.runner.parameters import preset
from research_lib.runner.records import encode, read_records
from research_lib.runner.rules import check

FOLDER = Path(__file__).parents[1] / "notebooks"
N_NOTEBOOKS = 10
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    """Every notebook in turn."""
    return request.param


@pytest.fixture(scope="module")
def both_results(path, tmp_path_factory):
    """The notebook, run twice at a time with quick values."""
    return run_all([plan(path, {}, quick=True)] * 2, runs=tmp_path_factory.mktemp("runs"), jobs=2, threads=1)


@pytest.fixture(scope="module")
def result(both_results):
    return both_results[0]


def test_all_notebooks_are_discovered():
    assert discover(FOLDER) == NOTEBOOKS
    assert len(NOTEBOOKS) == N_NOTEBOOKS


def test_it_obeys_the_rules(path):
    assert check(path) == []
    nbformat.validate(nbformat.read(path, as_version=4))


def test_its_presets_run_offline_and_on_real_data(path):
    assert plan(path, {}).parameters["dataset"] == "sample"
    assert plan(path, {}, quick=True).parameters["dataset"] == "sample"
    assert preset(path, "real")["dataset"] != "sample"


def test_it_runs_and_its_records_and_figures_are_there(result):
    assert result.error is None
    assert result.records
    assert encode(result.records, "run") == encode(read_records(result.folder), "read back")  # NaN equals nothing
    assert result.figures
    assert all(figure.with_suffix(".svg").is_file() for figure in result.figures)


def test_it_runs_without_a_warning(path, result):
    executed = nbformat.read(result.folder / path.name, as_version=4)
    outputs = [
        output for cell in executed.cells for output in cell.get("outputs", []) if output.get("name") == "stderr"
    ]
    assert not [output.text for output in outputs if "Warning" in output.text]


def test_it_repeats_its_records_and_every_byte_of_its_figures(both_results):
    first, second = both_results
    assert encode(first.records, "first") == encode(second.records, "second")  # NaN equals nothing
    names = [file.name for file in sorted(first.folder.glob("figures/*"))]
    assert len(names) == 2 * len(first.figures)
    for name in names:
        assert (first.folder / "figures" / name).read_bytes() == (second.folder / "figures" / name).read_bytes(), name


def test_the_notebooks_on_ingredients_run_on_a_list_of_codes(tmp_path):
    rng = np.random.default_rng(0)
    lists = {code: rng.choice(12, rng.integers(1, 5), replace=False) + 1 for code in range(23300, 23340)}
    codes = tmp_path / "codes.txt"
    codes.write_text("".join(f"{code}: {ids.tolist()}\n" for code, ids in lists.items()))
    own = {"dataset": str(codes)}
    chosen = {"01_vectorization": own, "02_method1_code_embedding": own | {"favourite": "23309"}, "05_clustering": own}
    tasks = [plan(FOLDER / f"{name}.ipynb", parameters, quick=True) for name, parameters in chosen.items()]
    results = run_all(tasks, runs=tmp_path / "runs", jobs=2, threads=1)
    assert [result.error for result in results] == [None] * 3
    assert results[0].records["n_ingredients"] == 40
