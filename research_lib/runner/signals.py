"""The signals that stop a run: Ctrl-C, kill, and the end of the terminal."""

import signal
from collections.abc import Callable
from types import FrameType

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Let `handler` answer them, also where Ctrl-C was ignored so far.

    A shell ignores Ctrl-C for what it starts in the background, and children inherit that. Only a hangup that is
    ignored stays ignored: that is what nohup is for.
    """
    for signum in STOPPING:
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:
            signal.signal(signum, handler)
