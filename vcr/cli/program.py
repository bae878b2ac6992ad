"""Which Python program a command line starts: a script, a module, or a console script. It must not run it."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .. import _python

#: How many bytes of a file may say which program runs it.
_BEGINNING = 4096


class ProgramError(ValueError):
    """The command line starts no Python program that can take part in a cassette."""


class Program(NamedTuple):
    """What is to be started. ``python``: the Python that runs it; None where a shell script finds that.

    ``name``: what a cassette is named after; empty where there is nothing, as in ``python -c``.
    """

    command: list[str]
    python: str | None
    name: str


def find(words: Sequence[str]) -> Program:
    """The program that these words, at least one, start as a shell would. Raises ProgramError."""
    path = shutil.which(words[0])
    if path is None:
        raise ProgramError(_missing(words))
    if _python.is_python(path):
        return _of_python(list(words), path)
    interpreter = _interpreter(path)
    if interpreter is None:
        if path.endswith((".py", ".pyw")):
            raise ProgramError(_not_by_itself(words))
        raise ProgramError(
            f"{words[0]}: this is no Python program; only Python, and the Pythons that it starts, can be recorded. "
            "Where the program starts a Python in its turn, run that: vcr run -- python …"
        )
    name = Path(path).stem
    if not interpreter:
        return Program([path, *words[1:]], None, name)
    return _of_python([*interpreter, path, *words[1:]], interpreter[0])._replace(name=name)


def _missing(words: Sequence[str]) -> str:
    if os.path.isfile(words[0]):
        return _not_by_itself(words)
    return f"{words[0]}: there is no such program"


def _not_by_itself(words: Sequence[str]) -> str:
    return f"{words[0]}: this file does not say which program runs it; run: vcr run -- python {shlex.join(words)}"


def _of_python(command: list[str], python: str) -> Program:
    arguments = _python.arguments(command[1:])
    if arguments.is_isolated:
        raise ProgramError(f"{shlex.join(command[:3])}: with -I, -E or -S Python takes no part in a cassette")
    name = ""
    if arguments.kind == "module":
        name = arguments.program
    elif arguments.kind == "script" and arguments.program != "-":
        name = Path(os.path.abspath(arguments.program)).stem
    return Program(command, python, name)


def _interpreter(path: str) -> list[str] | None:
    """The words by which the first line of a file names its Python; none in a shell script that finds Python by itself
    (as pip and uv write them where a path is long, or may change); None where the file names no Python."""
    with open(path, "rb") as file:
        first, _, rest = file.read(_BEGINNING).partition(b"\n")
    if not first.startswith(b"#!"):
        return None
    words = os.fsdecode(first[2:].strip()).split(None, 1)  # (the system splits no further)
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in shlex.split(" ".join(words[1:])) if word != "-S"]
    if words and _python.is_python(words[0]):
        return words
    is_shell = bool(words) and os.path.basename(words[0]) in ("sh", "bash")
    return [] if is_shell and rest.startswith(b"'''exec' ") else None


def is_of_here(python: str) -> bool:
    """Whether this Python belongs to the environment in which this process runs."""
    path = shutil.which(python)
    return path is not None and os.path.dirname(os.path.abspath(path)) == os.path.dirname(sys.executable)
