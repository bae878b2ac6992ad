"""Paths into JSON (``$.a.b[*].token``): reads them, and replaces the strings at such a path in a body. All other bytes
of the body stay. It must not know a rule or a message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence

from .._http.json_texts import texts

_STEP = re.compile(r"\.\.|\.?([A-Za-z_$@][\w$@-]*|\*)|\[(?:(\d+|\*)|'([^']*)'|\"([^\"]*)\")\]")
_ANY = "*"
_ANY_DEPTH = ".."


class JsonPath:
    """A path into JSON: names (``$.a.b``, ``$['a']``), numbers (``$.a[0]``), any item (``$.a[*]``), and names at any
    depth (``$..token``). Raises ValueError for any other text."""

    def __init__(self, path: str) -> None:
        self.text = path
        self._steps = tuple(_steps(path))

    def fits(self, place: Sequence[str | int]) -> bool:
        """Whether this path leads to ``place``: the keys and numbers on the way to a value."""
        return _fits(self._steps, place)


def _steps(path: str) -> Iterator[str]:
    if not path.startswith("$") or len(path) < 2:
        raise ValueError(f'expected a path such as "$.user.tokens[*].value", got {path!r}')
    at = 1
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or (found[0] == _ANY_DEPTH and found.end() == len(path)):
            raise ValueError(f"{path!r} is not a path into JSON: {path[at:]!r} cannot be read")
        yield next((group for group in found.groups() if group is not None), _ANY_DEPTH)
        at = found.end()


def _fits(steps: tuple[str, ...], place: Sequence[str | int]) -> bool:
    if not steps:
        return not place
    if steps[0] == _ANY_DEPTH:
        return any(_fits(steps[1:], place[at:]) for at in range(len(place) + 1))
    return bool(place) and steps[0] in (_ANY, str(place[0])) and _fits(steps[1:], place[1:])


def replaced(body: bytes, path: JsonPath, new: Callable[[str], str]) -> bytes:
    """``body`` with each string at ``path`` replaced by what ``new(string)`` returns. All other bytes stay as they are,
    and so does a string that ``new`` returns unchanged; the same object if ``body`` is not JSON."""
    try:
        text = body.decode("utf-8")
        json.loads(text)
    except (ValueError, RecursionError):
        return body
    made, last = [], 0
    for start, end, keys in texts(text):
        if path.fits(keys):
            old = json.loads(text[start:end])
            if (masked := new(old)) != old:
                made += [text[last:start], json.dumps(masked)]
                last = end
    return "".join((*made, text[last:])).encode("utf-8") if made else body
