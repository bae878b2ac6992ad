"""Reads a command line: whether it starts Python, with which options, and which program Python is to run. It must not
know how a process is started.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

_NAME = re.compile(r"python[\d.]*[a-z]?(\.exe)?", re.IGNORECASE)
#: The options without which a Python reads neither PYTHONPATH nor sitecustomize.
_ISOLATING = frozenset("EIS")


def is_python(program: str) -> bool:
    """Whether this program (a name or a path) has the name of a Python."""
    return _NAME.fullmatch(os.path.basename(program)) is not None


class Arguments(NamedTuple):
    """The arguments of a Python. ``options``: the letters of the options that take no value.

    ``kind``: "script", "module" (``-m``), "code" (``-c``), or "nothing". ``program``: the script (``-`` is the standard
    input), the module or the code; empty where ``kind`` is "nothing".
    """

    options: frozenset[str]
    kind: str
    program: str

    @property
    def is_isolated(self) -> bool:
        """Whether this Python reads neither PYTHONPATH nor sitecustomize."""
        return not self.options.isdisjoint(_ISOLATING)


def arguments(words: Sequence[str]) -> Arguments:
    """Read the words of a command line that follow the name of Python."""
    options: set[str] = set()
    rest = iter(words)
    for word in rest:
        if word in ("--", "-") or not word.startswith("-"):
            program = next(rest, "") if word == "--" else word
            return Arguments(frozenset(options), "script" if program else "nothing", program)
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                next(rest, None)
            continue
        for end, letter in enumerate(word[1:], 2):
            if letter in "cm":
                kind = "code" if letter == "c" else "module"
                return Arguments(frozenset(options), kind, word[end:] or next(rest, ""))
            if letter in "WX":
                if not word[end:]:
                    next(rest, None)
                break
            options.add(letter)
    return Arguments(frozenset(options), "nothing", "")
