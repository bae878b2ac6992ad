"""Says in one word how a text is escaped, and escapes another text so. It must not know what the text means.

The word is a **spelling**. In the text ``abc%252F``, the bytes ``abc/`` are escaped twice. Their spelling there is
``pa3b.pa3ba2``, which has a step for each escape:

===========  ======================  =====================================================================
``pa3b``     ``abc/ → abc%2F``       ``p``: percent encoding. ``a3``: three characters as they are.
                                     ``b``: one in the style ``b``, which has capital letters
``pa3ba2``   ``abc%2F → abc%252F``   ``p`` again. ``a3``, ``b`` (the ``%``), ``a2`` (``2F``)
===========  ======================  =====================================================================

The letters of escapes and styles are those of ``vcr/_http/escapes.py``. Cassettes have spellings behind placeholders,
so no letter may ever change its meaning.
"""

from __future__ import annotations

import re

from .escapes import CHAR, ESCAPES, Escape
from .views import View

#: The letter of a character that is not escaped.
_AS_IT_IS = "a"
_RUN = re.compile(r"([a-h])([1-9][0-9]{0,5})?")


def spelling(view: View, start: int, end: int) -> str | None:
    """The spelling of ``view.data[start:end]`` in the text; None if a character in it is escaped in a style that has no
    letter. It tells which characters are escaped, and nothing else about them."""
    steps = []
    while view.outer is not None:
        steps.append(view.step + _step(view, start, end))
        start, end = view.outer_span(start, end)
        view = view.outer
    return None if any("?" in step for step in steps) else ".".join(steps)


def _step(view: View, start: int, end: int) -> str:
    """The letters of the characters of ``view.data[start:end]``, each with a number if it is repeated."""
    runs: list[tuple[str, int]] = []
    at = start
    for one in view.escaped_in(start, end):
        _add(runs, _AS_IT_IS, one[0] - at)
        _add(runs, view.style_of(one), 1)
        at = one[1]
    _add(runs, _AS_IT_IS, end - at)
    return "".join(letter if count == 1 else f"{letter}{count}" for letter, count in runs)


def _add(runs: list[tuple[str, int]], letter: str, count: int) -> None:
    if count > 0 and runs and runs[-1][0] == letter:
        runs[-1] = (letter, runs[-1][1] + count)
    elif count > 0:
        runs.append((letter, count))


def spelled(plain: bytes, word: str) -> bytes | None:
    """``plain``, escaped as the spelling ``word`` says; None if ``word`` does not fit ``plain`` or is no spelling."""
    escaped: bytes | None = plain
    for step in word.split(".") if word else ():
        if escaped is None or step[:1] not in ESCAPES or _RUN.sub("", step[1:]):
            return None
        escaped = _stepped(escaped, ESCAPES[step[0]], step[1:])
    return escaped


def _stepped(plain: bytes, escape: Escape, step: str) -> bytes | None:
    """``plain``, each character escaped as the letters of a step say; None if they do not fit."""
    escaped, at = bytearray(), 0
    for letter, digits in _RUN.findall(step):
        count = int(digits or 1)
        if letter == _AS_IT_IS:
            escaped += plain[at : at + count]
            at += count
            continue
        if letter not in escape.styles:
            return None
        for _ in range(count):
            char = plain[at : at + 1] if escape.of_bytes else _char_at(plain, at)
            if not char:
                return None
            try:
                escaped += escape.styles[letter](char)
            except UnicodeDecodeError:
                return None
            at += len(char)
    return bytes(escaped) if at == len(plain) else None


def _char_at(data: bytes, at: int) -> bytes:
    found = CHAR.match(data, at)
    return found[0] if found else b""
