"""How the tests run the command line: in this process, in a process whose output is a pipe, or in a terminal."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from vcr.cli.commands import cli

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "tests" / "cassettes"
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Done(NamedTuple):
    status: int
    out: str
    err: str = ""


def vcr(*arguments: object) -> Done:
    """The command in this process, its output in a pipe's place."""
    result = CliRunner().invoke(cli, [str(one) for one in arguments], prog_name="vcr")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "vcr", *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **more}


def piped(*arguments: object, **more: str) -> Done:
    """The command in a process whose output is a pipe."""
    run = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(**more),
        timeout=60,
        check=False,
    )
    return Done(run.returncode, run.stdout, run.stderr)


def in_terminal(*arguments: object, columns: int = 120, typed: tuple[str, bytes] | None = None) -> Done:
    """The command in a pseudo-terminal: all that a person sees is in ``out``.

    ``typed``: when the text is shown, these keys are pressed.
    """
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    # The first terminal that the leader of a session opens is the one whose keys send signals.
    opening = ["sh", "-c", f'exec "$@" <{os.ttyname(theirs)}', "sh"]
    process = subprocess.Popen(
        opening + command(*arguments),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
        close_fds=True,
        start_new_session=True,
    )
    os.close(theirs)
    shown = bytearray()
    try:
        while select.select([ours], [], [], 60)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # Linux's way to say that the other side has closed
                break
            if not piece:
                break
            shown += piece
            if typed is not None and typed[0].encode() in shown:
                os.write(ours, typed[1])
                typed = None
        status = process.wait(timeout=60)
    finally:
        process.kill()
        process.wait(timeout=60)
        os.close(ours)
    return Done(status, shown.decode("utf-8").replace("\r\n", "\n"))


def plain(text: str) -> str:
    """Text without what sets colours."""
    return ANSI.sub("", text)
