import hashlib
import json

import pandas as pd
import pytest
from notebook_factory import notebook, write_project
from typer.testing import CliRunner

from research_lib.cli import app
from research_lib.datasets import catalogue

DRAWS = """\
from research_lib import record
import os, pathlib
figures = pathlib.Path(os.environ["RESEARCH_LIB_RUN"]) / "figures"
figures.mkdir()
(figures / "map.png").write_bytes(b"drawn with %d epochs" % epochs)
record("hit_at_10", epochs / 7)"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_project(
        tmp_path_factory.mktemp("project"),
        _01_draws=notebook(DRAWS),
        _02_fails=notebook(
            "1 / 0", parameters='dataset = "sample"  # a name\nepochs = 3  # passes\nonly_here = 1  # mine'
        ),
    )


def command(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_run_shows_a_table_and_fails_with_1_after_all_have_run(folder):
    ran = command("run", "--quick", "--jobs", 2, "--notebooks", folder)
    assert ran.exit_code == 1
    lines = ran.stdout.splitlines()
    assert lines[0].split() == ["notebook", "seconds", "records", "figures"]
    assert [line.split()[:1] + line.split()[2:] for line in lines[1:3]] == [
        ["01_draws", "1", "1"],
        ["02_fails", "0", "0"],
    ]
    assert "    hit_at_10 = 0.1429" in lines
    assert "    figures/map.png" in lines
    [error] = ran.stderr.splitlines()
    assert error.startswith("02_fails, cell 4 (1 / 0): ZeroDivisionError: division by zero. The notebook is kept: ")
    assert not (folder.parent / "figures").exists()


def test_real_publishes_unless_its_values_were_changed(folder):
    changed = command("run", "01_draws", "--real", "-p", "epochs=2", "--notebooks", folder)
    assert (changed.exit_code, changed.stdout.splitlines()[-1][:13]) == (0, "Not published")
    ran = command("run", "01_draws", "--real", "--notebooks", folder)
    assert ran.exit_code == 0
    manifest = folder.parent / "figures" / "manifest.json"
    assert ran.stdout.splitlines()[-1] == f"Published: {manifest}"
    [(name, entry)] = json.loads(manifest.read_text()).items()
    assert (manifest.parent / name).read_bytes() == b"drawn with 150 epochs"
    assert (name, entry["parameters"]["epochs"], entry["source"]) == ("01_draws/map.png", 150, "sample")


def given_to_tasks(monkeypatch, *arguments):
    """What would run: the parameters of each task."""
    tasks = []
    monkeypatch.setattr("research_lib.cli.run_all", lambda planned, **options: tasks.extend(planned) or [])
    ran = command("run", *arguments)
    assert ran.exit_code == 0, ran.output
    return [task.parameters for task in tasks]


def test_a_later_source_of_values_wins(folder, tmp_path, monkeypatch):
    file = tmp_path / "mine.yml"
    file.write_text("epochs: 20\ndataset: mine")
    arguments = ["01_draws", "--quick", "--notebooks", folder]
    for given, expected in [
        ([], ("sample", 1)),
        (["-f", file], ("mine", 20)),
        (["-p", "epochs=30", "-f", file], ("mine", 30)),
    ]:
        [values] = given_to_tasks(monkeypatch, *arguments, *given)
        assert (values["dataset"], values["epochs"]) == expected


def test_with_several_notebooks_each_gets_what_it_takes(folder, monkeypatch):
    first, second = given_to_tasks(monkeypatch, "-p", "only_here=2", "-p", "epochs=5", "--notebooks", folder)
    assert first == {"dataset": "sample", "epochs": 5}
    assert second == {"dataset": "sample", "epochs": 5, "only_here": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["01_draws", "-p", "epoch=3"],
            "Unknown parameter 'epoch' for 01_draws. Did you mean 'epochs'? It takes: dataset, epochs.",
        ),
        (["-p", "epoch=3"], "Unknown parameter 'epoch' for 01_draws, 02_fails. Did you mean 'epochs'?"),
        (["01_draw"], "No notebook named '01_draw'. Did you mean '01_draws'?"),
        (["01_draws", "-p", "epochs=many"], "Parameter 'epochs' of 01_draws takes int (default 3), not str 'many'."),
        (["-p", "epochs"], "-p epochs: expected name=value"),
        (["-p", "epochs=1", "-p", "epochs=2"], "-p epochs: given twice"),
        (["-f", "none.yml"], "none.yml: No such file or directory."),
        (["--quick", "--real"], "Quick or real: expected one of them, not both."),
    ],
)
def test_wrong_usage_is_one_line_and_2(folder, arguments, message):
    ran = command("run", *arguments, "--notebooks", folder)
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"Error: {message}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("stop", "code", "said"), [(KeyboardInterrupt, 130, "Interrupted."), (OSError, 1, "Error: full")]
)
def test_what_stops_a_run_is_one_line_and_its_code(folder, monkeypatch, stop, code, said):
    def stopped(*_, **__):
        raise stop(said.removeprefix("Error: "))

    monkeypatch.setattr("research_lib.cli.run_all", stopped)
    ran = command("run", "--notebooks", folder)
    assert (ran.exit_code, ran.stderr) == (code, f"{said}\n")


def test_a_new_notebook_is_written_checked_and_told(tmp_path):
    folder = write_project(tmp_path, _01_good=notebook())
    for file in (folder / "parameters").iterdir():
        file.write_text("01_good: {epochs: 1}\n")
    told = command("new", "02_mine", "--from", "01_good", "-p", "epochs=7", "--notebooks", folder)
    assert (told.exit_code, told.stdout.split(":")[0]) == (0, str(folder / "02_mine.ipynb"))
    assert command("check", "--notebooks", folder).stdout == "2 checked: no problems\n"
    assert "    epochs = 7  # passes over the pairs" in command("list", "--notebooks", folder).stdout.splitlines()


def test_list_shows_titles_and_parameters(folder):
    shown = command("list", "--notebooks", folder)
    assert shown.stdout.splitlines()[:2] == [
        "01_draws: Who is near?",
        "    dataset = 'sample'  # a name of the catalogue",
    ]


def test_check_tells_and_exits_with_1(folder):
    told = command("check", "--notebooks", folder)
    assert told.exit_code == 1
    assert "02_fails: parameter 'only_here' is read by no cell after the parameters." in told.stdout.splitlines()
    assert command("check", "02_fail", "--notebooks", folder).exit_code == 2


def test_check_of_good_notebooks_exits_with_0(tmp_path):
    told = command("check", "--notebooks", write_project(tmp_path, _01_good=notebook()))
    assert (told.exit_code, told.stdout) == (0, "1 checked: no problems\n")


@pytest.fixture
def toy_catalogue(tmp_path, monkeypatch):
    """One dataset of one small file, and an empty cache."""
    content = b'["War and Peace"]\n'
    file = catalogue.File(
        "toy.ndjson", "https://example.invalid/toy", hashlib.sha256(content).hexdigest(), len(content)
    )
    toy = catalogue.Dataset("toy", "books", "one book", 1, 6, "CC0", "nobody", (file,))
    monkeypatch.setattr(catalogue, "DATASETS", (toy,))
    monkeypatch.setenv("RESEARCH_LIB_DATA", str(tmp_path / "cache"))
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "copy.txt").write_bytes(content)
    return tmp_path / "downloads"


def test_data_is_listed_imported_and_found(toy_catalogue):
    assert command("data", "path", "toy").exit_code == 1  # told where, but not there yet
    listed = command("data", "list").stdout.splitlines()[-1]
    assert listed.split() == ["toy", "books", "1", "6", "no", "CC0", "one", "book"]
    imported = command("data", "import", toy_catalogue)
    assert (imported.exit_code, imported.stdout.splitlines()[-1]) == (0, "1 file imported")
    found = command("data", "path", "toy")
    assert found.exit_code == 0
    assert pd.read_json(found.stdout.strip(), lines=True).iloc[0, 0] == "War and Peace"
    assert command("data", "fetch", "toy").stdout == found.stdout


def test_data_errors_are_one_line(toy_catalogue):
    unknown = command("data", "fetch", "toys")
    assert (unknown.exit_code, unknown.stderr[:45]) == (2, "Error: Unknown dataset 'toys'. Did you mean '")
    missing = command("data", "import", toy_catalogue / "none")
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)
