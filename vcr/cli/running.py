"""Runs a program as a part of this one: the terminal is the program's, the signals that arrive here are handed on, and
this process ends as the program did. It must not know a cassette.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

_HANDED_ON = ("SIGINT", "SIGQUIT", "SIGBREAK", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
#: Those of the keyboard.
_TYPED = ("SIGINT", "SIGQUIT", "SIGBREAK")


def run(command: Sequence[str]) -> int:
    """Run a program to its end. Returns its exit status, or the negative number of the signal that ended it.

    Raises OSError when it cannot be started.
    """
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def hand_on(number: int, _: FrameType | None) -> None:
        if signal.Signals(number).name in _TYPED and _is_in_foreground():
            return  # The terminal has given it to the program, too.
        if process is None:
            early.append(number)
        else:
            process.send_signal(number)

    with _handling(hand_on):
        process = subprocess.Popen(command)
        for number in early:
            process.send_signal(number)
        return process.wait()


@contextmanager
def _handling(handler: object) -> Iterator[None]:
    """In the block each of these signals is the handler's, but for those that are ignored: the program ignores them,
    too."""
    numbers = [getattr(signal, name) for name in _HANDED_ON if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            if before[number] != signal.SIG_IGN:
                signal.signal(number, handler)  # type: ignore[arg-type]
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _is_in_foreground() -> bool:
    """Whether what is typed in the terminal (Ctrl-C) is sent to the processes of this group."""
    if os.name == "nt":
        return True
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def end_as(status: int) -> int:
    """The exit status for what ``run`` has returned; where a signal ended the program, the same one ends this process,
    so that the parent of this process sees the same end."""
    if status >= 0:
        return status
    sys.stdout.flush()
    sys.stderr.flush()
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    with suppress(OSError, ValueError):  # (no handler can be set for SIGKILL)
        signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
    return 128 - status
