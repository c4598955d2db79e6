"""The ten traps of running notebooks headless, and what a run keeps. Each trap's test fails without its remedy."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from notebook_factory import code, notebook, write_project

import research_lib
from research_lib.runner.discovery import discover, find
from research_lib.runner.execution import RunResult, plan, run, run_all, sweep
from research_lib.runner.parameters import NotebookError, read_parameters
from research_lib.runner.publishing import publish
from research_lib.runner.records import read_records
from research_lib.runner.rules import check

PARAMETERS = """\
dataset = "sample"  # a name of the catalogue, or a path
epochs: int = 3  # passes
seed: int | None = None  # of all draws
mark = "#1 of {all}"  # with a hash
rate = 0.5  # of learning
"""
LOOK_AROUND = """\
import os, sys, research_lib
from research_lib import record
record("folder", os.getcwd())
record("library", research_lib.__file__)
record("python", sys.executable)
record("parameters", [dataset, epochs, seed, mark, rate])
names = ["MPLBACKEND", "PYTHONHASHSEED", "RESEARCH_LIB_RUN", "OMP_NUM_THREADS", "MKL_NUM_THREADS"]
names += ["OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"]
record("environment", {name: os.environ[name] for name in names})
record("there_while_running", sorted(os.listdir(os.environ["RESEARCH_LIB_RUN"])))
os.system("echo said by a child of the kernel")
"""
FAILS = ("from research_lib import record\nrecord('before', 1)", "1 / 0  # here", "record('after', 2)")
NOTEBOOKS = {
    "_01_looks": notebook(LOOK_AROUND, parameters=PARAMETERS, metadata={}),  # no kernelspec: trap 9
    "_02_fails": notebook(*FAILS),
    "_03_dies": notebook("import os", "os._exit(1)"),
    "_04_exits": notebook("import sys", "sys.exit()", "x = 1"),
    "_05_cannot_be_saved": notebook(
        "import os\nos.makedirs(os.environ['RESEARCH_LIB_RUN'] + '/05_cannot_be_saved.ipynb')"
    ),
    "_06_records_twice": notebook("from research_lib import record", "record('a', 1)\nrecord('a', 2)"),
    "_07_waits": notebook("import time\nprint('waiting', flush=True)\ntime.sleep(600)"),
    "_08_draws": notebook("from research_lib import record", "record('score', epochs * 0.5)\nrecord('all', [1])"),
    "_10_no_record": notebook(
        "from IPython.display import display", "display({'application/vnd.research-lib.record+json': [1]}, raw=True)"
    ),
    "_11_colours": notebook(r"raise ValueError('\x1b[31mred\x1b[0m\nmore')"),
    "_09_prints": notebook("import sys\nprint('x' * 3_000_000)\nprint('two', file=sys.stderr)\nprint()"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Notebooks in a path with braces and blanks, where the kernelspec named python3 starts no python."""
    root = tmp_path_factory.mktemp("a {curly} project")
    spec = {"argv": ["false", "{connection_file}"], "display_name": "another python", "language": "python"}
    (root / "jupyter" / "kernels" / "python3").mkdir(parents=True)
    (root / "jupyter" / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(root / "jupyter"))
        patch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
        yield write_project(root, **NOTEBOOKS)


@pytest.fixture(scope="module")
def results(folder):
    """One run of the notebooks that end by themselves, two at a time; with what the parent looked like meanwhile."""
    given = {"01_looks": {"epochs": np.int64(7), "dataset": Path("a/b"), "seed": 1, "rate": float("nan")}}
    tasks = [
        plan(path, given.get(path.stem, {})) for path in discover(folder) if path.stem[:2] not in ("07", "08", "09")
    ]
    seen = set()

    def look(task, cell_number):
        seen.add((Path.cwd(), os.environ.get("MPLBACKEND"), os.environ.get("RESEARCH_LIB_RUN")))

    look(None, 0)
    by_name = {result.notebook: result for result in run_all(tasks, jobs=2, threads=3, progress=look)}
    assert list(by_name) == [task.notebook.stem for task in tasks]
    return by_name | {"seen": seen}


def log_of(result):
    return (result.folder / "log.txt").read_text()


def executed(result):
    return nbformat.read(result.folder / f"{result.notebook}.ipynb", as_version=4)


def test_trap_1_an_unknown_parameter_is_an_error_that_names_the_near_miss(folder):
    with pytest.raises(NotebookError) as error:
        run("02_fails", {"epoch": 3}, notebooks=folder)
    assert (
        str(error.value) == "Unknown parameter 'epoch' for 02_fails. Did you mean 'epochs'? It takes: dataset, epochs."
    )


def test_trap_2_a_value_derived_from_a_parameter_is_refused():
    cells = [code("epochs = 4  # passes\nhalf = epochs // 2  # stale when epochs is given", "parameters")]
    with pytest.raises(NotebookError, match=r"04_books, cell 1, line 2: 'half' is epochs // 2, expected a literal"):
        read_parameters(cells, "04_books")


def test_trap_3_annotated_parameters_and_hashes_are_read():
    known = read_parameters([code(PARAMETERS, "parameters")], "04_books")
    assert [(p.name, p.default, p.takes_none) for p in known.values()] == [
        ("dataset", "sample", False),
        ("epochs", 3, False),
        ("seed", None, True),
        ("mark", "#1 of {all}", False),
        ("rate", 0.5, False),
    ]
    assert known["mark"].comment == "with a hash"


@pytest.mark.parametrize(("tags", "found"), [([], "none"), (["parameters"] * 2, "cells 1, 2")])
def test_trap_4_exactly_one_cell_holds_the_parameters(tmp_path, tags, found):
    content = notebook()
    content["cells"] = [code("epochs = 3  # passes", tag) for tag in tags]
    path = write_project(tmp_path, _04_books=content) / "04_books.ipynb"
    for look in (lambda: plan(path, {}), lambda: plan(path, {}, quick=True)):
        with pytest.raises(NotebookError, match=f"exactly one code cell tagged 'parameters', found {found}"):
            look()
    assert any(f"found {found}" in problem for problem in check(path))


def test_trap_5_a_process_a_notebook_leaves_the_parent_as_it_was(folder, results):
    assert results["seen"] == {(Path.cwd(), os.environ.get("MPLBACKEND"), os.environ.get("RESEARCH_LIB_RUN"))}
    assert results["01_looks"].records["folder"] == str(folder)  # the same as in JupyterLab, wherever the command ran


def test_trap_6_numpy_scalars_paths_and_braces_arrive(results):
    result = results["01_looks"]
    assert result.error is None
    assert result.records["parameters"] == ["a/b", 7, 1, "#1 of {all}", pytest.approx(float("nan"), nan_ok=True)]
    assert "{curly}" in str(result.folder)
    with pytest.raises(NotebookError, match="Parameter 'epochs': a set cannot be given to a notebook"):
        run(find("02_fails", result.folder.parents[2] / "notebooks"), {"epochs": {1}})


def test_trap_7_a_notebook_is_saved_once_and_also_when_a_cell_failed(results):
    assert results["01_looks"].records["there_while_running"] == ["log.txt"]
    failed = executed(results["02_fails"])
    outputs = [output["output_type"] for cell in failed.cells for output in cell.get("outputs", [])]
    assert outputs[-2:] == ["display_data", "error"]


def test_trap_8_no_log_warns_of_a_connection_without_encryption(results):
    assert "said by a child of the kernel" in log_of(results["01_looks"])  # what the kernel says is there
    assert "sample" in log_of(results["02_fails"])
    assert not any("TCP" in log_of(results[name]) for name in ("01_looks", "02_fails"))


def test_trap_9_a_notebook_without_kernelspec_runs_and_check_tells(folder, results):
    assert results["01_looks"].error is None
    assert any("no kernelspec of language 'python'" in problem for problem in check(folder / "01_looks.ipynb"))


def test_trap_9_importing_the_library_does_not_import_umap():
    imports = "import sys, research_lib, research_lib.cli, research_lib.views.projection, research_lib.figures"
    told = "print({'umap', 'numba', 'nbformat', 'papermill'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", f"{imports}; {told}"], capture_output=True, text=True, check=True)
    assert answer.stdout == "set()\n"


def test_trap_10_the_kernel_has_the_threads_and_environment_of_the_run(results):
    result = results["01_looks"]
    environment = result.records["environment"]
    assert environment.pop("RESEARCH_LIB_RUN") == str(result.folder)
    assert (environment.pop("MPLBACKEND"), environment.pop("PYTHONHASHSEED")) == ("Agg", "0")
    assert set(environment.values()) == {"3"}
    assert len(environment) == 4


def test_the_kernel_is_the_python_that_runs_the_command_with_its_library(results):
    assert results["01_looks"].records["python"] == sys.executable
    assert results["01_looks"].records["library"] == research_lib.__file__


def test_a_run_folder_holds_all_of_a_run(folder, results):
    result = results["01_looks"]
    assert result.folder.parent == folder.parent / "runs" / "01_looks"
    assert {path.name for path in result.folder.iterdir()} == {
        "01_looks.ipynb",
        "log.txt",
        "provenance.json",
        "records.json",
    }
    assert read_records(result.folder).keys() == result.records.keys()
    provenance = json.loads((result.folder / "provenance.json").read_text())
    assert provenance["parameters"] == {
        "dataset": "a/b",
        "epochs": 7,
        "seed": 1,
        "mark": "#1 of {all}",
        "rate": {"__float__": "nan"},
    }
    assert provenance["threads"] == 3
    assert provenance["versions"]["numpy"] == np.__version__
    assert provenance.keys() >= {"notebook", "commit", "dirty", "cpu", "started", "seconds"}


def test_executed_notebooks_are_valid_strict_json(results):
    for name in ("01_looks", "02_fails"):
        nbformat.validate(executed(results[name]))
        text = (results[name].folder / f"{name}.ipynb").read_text()
        json.loads(text, parse_constant=pytest.fail)  # NaN: JupyterLab could not open it


def test_a_failure_names_notebook_cell_error_and_what_is_kept(results):
    result = results["02_fails"]
    kept = result.folder / "02_fails.ipynb"
    place = "02_fails, cell 5 (1 / 0  # here)"
    assert result.error == f"{place}: ZeroDivisionError: division by zero. The notebook is kept: {kept}"
    assert result.records == {"before": 1}
    assert json.loads((result.folder / "records.json").read_text()) == {"before": 1}
    assert (result.folder / "provenance.json").is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("03_dies", "03_dies, cell 5 (os._exit(1)): DeadKernelError: the kernel died"),
        ("04_exits", "04_exits, cell 5 (sys.exit()): SystemExit: the notebook stopped before its end"),
        ("06_records_twice", "06_records_twice: 'a' is recorded twice, expected once"),
        ("10_no_record", "10_no_record: a record is [1], expected what record(name, value) displays"),
    ],
)
def test_what_papermill_lets_pass_or_loses_is_an_error_and_kept(results, name, message):
    assert results[name].error.startswith(message)
    assert results[name].error.endswith(f"The notebook is kept: {results[name].folder / name}.ipynb")
    assert executed(results[name]).cells[2].outputs[0].text == "sample 3\n"


def test_a_message_is_one_line_without_colours(results):
    place = r"11_colours, cell 4 (raise ValueError('\x1b[31mred\x1b[0m\nmore'))"
    assert results["11_colours"].error.startswith(f"{place}: ValueError: red. The notebook is kept: ")


def test_what_cannot_be_saved_is_one_error_and_nothing_half_written(results):
    result = results["05_cannot_be_saved"]
    assert result.error == f"05_cannot_be_saved: {result.folder} cannot be written (Is a directory)."
    assert {path.name for path in result.folder.iterdir()} == {"05_cannot_be_saved.ipynb", "log.txt"}


def test_a_process_that_dies_at_once_is_an_error(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("research_lib.runner.execution.START_WORKER", "raise SystemExit(3)")
    result = run("08_draws", notebooks=folder, runs=tmp_path)
    assert result.error == f"08_draws: its process ended with code 3. See {result.folder / 'log.txt'}"


@pytest.fixture
def waiting(folder, tmp_path):
    """Start the command on a notebook that waits; gives it and the processes below it, which all end with the test."""
    started = []

    def start(before=None):
        command = subprocess.Popen(
            [sys.executable, "-m", "research_lib.cli", "run", "07_waits", "--notebooks", folder, "--runs", tmp_path],
            start_new_session=True,
            preexec_fn=before,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(command)
        while not any("waiting" in log.read_text() for log in tmp_path.glob("*/*/log.txt")):
            assert command.poll() is None, command.stderr.read()
            time.sleep(0.1)
        below = psutil.Process(command.pid).children(recursive=True)
        started.extend(below)
        assert len(below) >= 2  # a worker and its kernel
        return command, below

    yield start
    for process in started:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            process.kill()
            process.wait()
    for command in started[:1]:
        command.stderr.close()


def ignore_interrupts():
    """What a shell does to a command in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("signum", "before", "to_group"),
    [
        (signal.SIGINT, None, True),
        (signal.SIGINT, None, False),
        (signal.SIGINT, ignore_interrupts, False),
        (signal.SIGTERM, None, False),
        (signal.SIGHUP, None, True),
    ],
    ids=["Ctrl-C", "kill -INT", "in the background", "kill", "closed terminal"],
)
def test_a_command_that_is_stopped_stops_its_kernel_and_keeps_what_ran(waiting, tmp_path, signum, before, to_group):
    command, below = waiting(before)
    (os.killpg if to_group else os.kill)(command.pid, signum)
    _, said = command.communicate(timeout=60)
    [kept] = (tmp_path / "07_waits").iterdir()
    assert (command.returncode, said) == (128 + signum, f"Interrupted. What had run is kept in {kept}\n")
    assert {path.name for path in kept.iterdir()} == {"07_waits.ipynb", "log.txt", "provenance.json", "records.json"}
    assert "waiting" in (kept / "07_waits.ipynb").read_text()
    assert [process for process in below if process.is_running()] == []


@pytest.mark.parametrize("victim", ["command", "worker"])
def test_no_process_outlives_a_command_or_worker_that_is_killed(waiting, tmp_path, victim):
    command, below = waiting()
    [worker] = psutil.Process(command.pid).children()
    if victim == "command":
        os.kill(command.pid, signal.SIGKILL)
    else:
        worker.terminate()
    _, alive = psutil.wait_procs(below, timeout=20)
    assert alive == []
    [kept] = (tmp_path / "07_waits").iterdir()
    assert "waiting" in (kept / "07_waits.ipynb").read_text()
    assert command.wait(timeout=20) == (-signal.SIGKILL if victim == "command" else 1)


def test_a_long_line_is_kept_in_linear_time(folder, tmp_path):
    result = run("09_prints", notebooks=folder, runs=tmp_path)
    assert result.error is None
    assert result.seconds < 60  # a pattern of nbclient's took an hour and a half for it
    [stdout, stderr] = executed(result).cells[-1].outputs
    assert (len(stdout.text), stderr.text) == (3_000_002, "two\n")


def test_a_sweep_is_a_table_of_parameters_and_single_records(folder):
    table = sweep("08_draws", {"epochs": [1, 2]}, {"dataset": "mine"}, jobs=2, notebooks=folder)
    assert list(table["epochs"]) == [1, 2]
    assert list(table["score"]) == [0.5, 1.0]
    assert list(table["error"]) == [None, None]
    assert list(table.columns) == ["epochs", "score", "seconds", "folder", "error"]


def test_a_sweep_checks_everything_before_it_runs(folder, tmp_path):
    for grid in ({"epochs": [1, "two"]}, {"epochs": "12"}, {"epochs": 3}, {"epoch": [1]}):
        with pytest.raises(NotebookError, match="epoch"):
            sweep("08_draws", grid, notebooks=folder, runs=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_quick_and_real_come_before_given_values(folder):
    path = find("08_draws", folder)
    assert plan(path, {}).parameters == {"dataset": "sample", "epochs": 3}
    assert plan(path, {}, quick=True).parameters["epochs"] == 1
    assert plan(path, {}, real=True).parameters["epochs"] == 150
    assert plan(path, {"epochs": 9}, real=True).parameters["epochs"] == 9
    with pytest.raises(NotebookError, match="Quick or real"):
        plan(path, {}, quick=True, real=True)


def test_notebooks_are_found_from_any_folder_below_the_project(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder / "parameters")
    assert [path.stem for path in discover()] == sorted(name.removeprefix("_") for name in NOTEBOOKS)
    assert find("08_draws.ipynb") == find(folder / "08_draws.ipynb") == folder / "08_draws.ipynb"
    with pytest.raises(
        NotebookError, match=r"No notebook named '8_draws'\. Did you mean '08_draws'\? There are: 01_looks, "
    ):
        find("8_draws")
    with pytest.raises(NotebookError, match="No folder"):
        discover(tmp_path / "none")
    with pytest.raises(NotebookError, match="No notebook named like"):
        discover(tmp_path)


def fake_result(root, name, figures, error=None):
    run_folder = root / name
    (run_folder / "figures").mkdir(parents=True)
    for figure in figures:
        (run_folder / "figures" / figure).write_bytes(f"{name}/{figure}".encode())
    (run_folder / "provenance.json").write_text('{"commit": "c0ffee"}', encoding="utf-8")
    return RunResult(name, run_folder, {"dataset": "books-p15", "rate": float("nan")}, 1.0, {}, [], error)


def test_published_figures_replace_those_of_their_notebook_only(tmp_path):
    figures = tmp_path / "figures"
    publish([fake_result(tmp_path / "1", "04_books", ["map.png", "map.svg", "old.png"])], figures)
    publish([fake_result(tmp_path / "2", "05_films", ["map.png"])], figures)
    manifest = publish([fake_result(tmp_path / "3", "04_books", ["map.png", "map.svg"])], figures)
    entries = json.loads(manifest.read_text(), parse_constant=pytest.fail)
    assert list(entries) == ["04_books/map.png", "04_books/map.svg", "05_films/map.png"]
    assert sorted(str(path.relative_to(figures)) for path in figures.glob("*/*.[ps][nv]g")) == list(entries)
    assert entries["04_books/map.png"] == {
        "sha256": "5b4b8dc085133bc1d9a7a81289ed02bd8cb345842e4c46f9857cdead4d44d86e",
        "notebook": "04_books",
        "commit": "c0ffee",
        "source": "books-p15",
        "parameters": {"dataset": "books-p15", "rate": {"__float__": "nan"}},
    }


def test_records_are_published_with_the_figures(tmp_path):
    result = replace(fake_result(tmp_path / "1", "04_books", ["map.png"]), records={"hit": 0.5, "none": float("nan")})
    publish([result], tmp_path / "figures")
    records = json.loads((tmp_path / "figures" / "04_books" / "records.json").read_text(), parse_constant=pytest.fail)
    assert records == {"hit": 0.5, "none": {"__float__": "nan"}}


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"a/b.png": 3}',
        '{"../victim.txt": {"notebook": ".."}}',
        '{"04_books/../x": {"notebook": "04_books"}}',
    ],
)
def test_a_manifest_that_names_what_is_not_ours_deletes_nothing(tmp_path, content):
    figures = tmp_path / "figures"
    figures.mkdir()
    (tmp_path / "victim.txt").write_text("mine")
    (figures / "manifest.json").write_text(content)
    with pytest.raises(NotebookError, match=r"manifest\.json: not a manifest of figures"):
        publish([fake_result(tmp_path / "1", "04_books", ["map.png"])], figures)
    assert (tmp_path / "victim.txt").read_text() == "mine"
    assert (figures / "manifest.json").read_text() == content


def test_two_that_publish_at_once_lose_nothing(tmp_path):
    runs = [fake_result(tmp_path / str(number), f"{number:02}_books", ["map.png"]) for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        manifests = list(pool.map(lambda run: publish([run], tmp_path / "figures"), runs))
    assert len(json.loads(manifests[0].read_text())) == 12


def test_a_failed_run_is_not_published(tmp_path):
    with pytest.raises(NotebookError, match="Not published: a cell failed"):
        publish([fake_result(tmp_path, "04_books", ["map.png"], error="a cell failed")], tmp_path / "figures")
    assert not (tmp_path / "figures").exists()
