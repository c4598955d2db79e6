"""Trap 11: what stops a run, and that no process outlives its command."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest
from notebook_factory import notebook, write_project

WAITS = "import time\nprint('waiting', flush=True)\ntime.sleep(600)"
KEPT = {"07_waits.ipynb", "log.txt", "provenance.json", "records.json"}


def ignore_ctrl_c():
    """As a shell does for what it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def is_alive(process):
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


@contextmanager
def waiting_command(root):
    """The command in the middle of a cell; gives it, its worker, the kernel and the run folder, and ends them all."""
    folder = write_project(root, _07_waits=notebook(WAITS))
    command = subprocess.Popen(
        [sys.executable, "-m", "research_lib.cli", "run", "07_waits", "--notebooks", folder],
        start_new_session=True,
        preexec_fn=ignore_ctrl_c,
        stderr=subprocess.PIPE,
        text=True,
    )
    processes = [psutil.Process(command.pid)]
    try:
        assert wait_until(lambda: any("waiting" in log.read_text() for log in root.glob("runs/*/*/log.txt")))
        processes += processes[0].children(recursive=True)
        assert len(processes) == 3
        yield command, *processes[1:], next(root.glob("runs/07_waits/*"))
    finally:
        if is_alive(processes[0]):
            processes += processes[0].children(recursive=True)
        for process in filter(is_alive, processes):
            process.kill()
        command.communicate()


@pytest.mark.parametrize(
    ("signum", "whole_group"),
    [(signal.SIGINT, True), (signal.SIGINT, False), (signal.SIGTERM, False)],
    ids=["Ctrl-C", "kill -INT", "kill"],
)
def test_a_signal_stops_the_kernel_and_keeps_what_ran(tmp_path, signum, whole_group):
    with waiting_command(tmp_path) as (command, worker, kernel, kept):
        (os.killpg if whole_group else os.kill)(command.pid, signum)
        _, said = command.communicate(timeout=60)
        assert not is_alive(worker) and not is_alive(kernel)
    assert (command.returncode, said) == (128 + signum, f"Interrupted. What had run is kept in {kept}\n")
    assert {path.name for path in kept.iterdir()} == KEPT
    assert "waiting" in (kept / "07_waits.ipynb").read_text()


def test_a_killed_command_leaves_no_process_and_what_ran_is_kept(tmp_path):
    with waiting_command(tmp_path) as (command, worker, kernel, kept):
        command.kill()
        assert wait_until(lambda: not is_alive(worker) and not is_alive(kernel), seconds=20)
    assert {path.name for path in kept.iterdir()} == KEPT
    assert "waiting" in (kept / "07_waits.ipynb").read_text()


def test_a_stopped_worker_is_an_error_and_what_ran_is_kept(tmp_path):
    with waiting_command(tmp_path) as (command, worker, kernel, kept):
        worker.terminate()
        _, said = command.communicate(timeout=60)
        assert not is_alive(kernel)
    place = f"07_waits, cell 4 ({WAITS.splitlines()[0]})"
    assert said == f"{place}: stopped by SIGTERM. The notebook is kept: {kept / '07_waits.ipynb'}\n"
    assert command.returncode == 1


def test_ctrl_c_while_it_starts_is_one_line(tmp_path):
    (tmp_path / "yaml.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)"
    )  # in the place of PyYAML
    search = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    ran = subprocess.run(
        [sys.executable, "-m", "research_lib.cli", "list"],
        env=os.environ | {"PYTHONPATH": search},
        preexec_fn=ignore_ctrl_c,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "Interrupted.\n")
