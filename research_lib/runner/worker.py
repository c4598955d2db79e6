"""The process of one notebook: takes its task from stdin, answers in lines of JSON, and stops when it is told to.

A process of its own, because the current folder, the environment and the event loop belong to a process: threads would
share them.
"""

import json
import logging
import os
import signal
import sys
from threading import Thread, get_ident
from types import FrameType

from research_lib.runner.signals import on_signals


def main() -> None:
    """Run the task; answer ``{"cell": n}`` at each cell, and the outcome last."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1, encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever is printed from here on belongs in the log
    on_signals(_stop)
    task = json.loads(sys.stdin.readline())
    Thread(target=_stop_without_parent, args=[get_ident()], daemon=True).start()

    from research_lib.runner.kernel import Run  # takes a second, in which the process can be stopped already

    logging.getLogger("papermill").setLevel(logging.ERROR)  # its warnings are our errors
    run = Run(task, lambda number: print(json.dumps({"cell": number}), file=answers))
    try:
        run.execute()
        on_signals(signal.SIG_IGN)  # what ran is saved whole
    except KeyboardInterrupt as stop:
        run.error = f"stopped by {stop}"
    print(json.dumps(run.save()), file=answers)


def _stop(signum: int, frame: FrameType | None) -> None:
    on_signals(signal.SIG_IGN)  # a second Ctrl-C must not spoil the saving
    raise KeyboardInterrupt(signal.Signals(signum).name)


def _stop_without_parent(thread: int) -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing more is written: it returns when the parent has ended, by kill -9 too
    signal.pthread_kill(thread, signal.SIGTERM)


if __name__ == "__main__":
    main()
