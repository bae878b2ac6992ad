"""What a command line that starts Python says: whether it is Python's, its options, and the program that Python is to
run. It must not know how a process is started.
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
    """Whether this program, a name or a path, is Python by its name."""
    return _NAME.fullmatch(os.path.basename(program)) is not None


class Arguments(NamedTuple):
    """What Python is given. ``options``: the letters of its options that take no value.

    ``kind``: "script", "module" (``-m``), "code" (``-c``), or "nothing"; ``program``: the script (``-`` is the standard
    input), the module or the code; empty where there is nothing.
    """

    options: frozenset[str]
    kind: str
    program: str

    @property
    def is_isolated(self) -> bool:
        """Whether this Python reads neither PYTHONPATH nor sitecustomize."""
        return not self.options.isdisjoint(_ISOLATING)


def arguments(words: Sequence[str]) -> Arguments:
    """What these words, those behind the name of Python, say."""
    options: set[str] = set()
    left = iter(words)
    for word in left:
        if word in ("--", "-") or not word.startswith("-"):
            program = next(left, "") if word == "--" else word
            return Arguments(frozenset(options), "script" if program else "nothing", program)
        if word.startswith("--"):
            if word == "--check-hash-based-pycs":
                next(left, None)
            continue
        for place, letter in enumerate(word[1:], 2):
            if letter in "cm":
                kind = "code" if letter == "c" else "module"
                return Arguments(frozenset(options), kind, word[place:] or next(left, ""))
            if letter in "WX":
                if not word[place:]:
                    next(left, None)
                break
            options.add(letter)
    return Arguments(frozenset(options), "nothing", "")
