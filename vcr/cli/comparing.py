"""How two cassettes differ, interaction by interaction. It must not know files, and it prints nothing.

Interactions are compared as text that a person reads: header names in lower case and sorted, bodies decoded, the keys
of JSON and the fields of a form sorted. What changes with every recording (dates, ids of requests) is left out.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

from ..request import Headers
from . import bodies
from .facts import facts
from .reading import NumberedInteraction

#: Header fields that a server or a client makes anew for each message, or that say what the body shows.
VOLATILE = frozenset(
    [
        "age",
        "alt-svc",
        "cf-cache-status",
        "cf-ray",
        "connection",
        "content-length",
        "date",
        "etag",
        "expires",
        "keep-alive",
        "last-modified",
        "nel",
        "ratelimit-remaining",
        "ratelimit-reset",
        "report-to",
        "server",
        "server-timing",
        "set-cookie",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        "user-agent",
        "via",
        "x-amz-cf-id",
        "x-amz-cf-pop",
        "x-amz-id-2",
        "x-amz-request-id",
        "x-amzn-requestid",
        "x-amzn-trace-id",
        "x-cache",
        "x-cache-hits",
        "x-correlation-id",
        "x-envoy-upstream-service-time",
        "x-github-request-id",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-ratelimit-used",
        "x-request-id",
        "x-response-time",
        "x-runtime",
        "x-served-by",
        "x-timer",
        "x-trace-id",
    ]
)

_LINE_BREAK = re.compile(r"\r\n?|\n")
#: With more lines than this to compare, no difference is looked for line by line: it would take minutes.
_MAX_LINES = 20_000
_CONTEXT = 3

CHANGED, REMOVED, ADDED, MOVED = KINDS = ("changed", "removed", "added", "moved")


class Difference(NamedTuple):
    """``old``, ``new``: the interaction in the first and in the second cassette, if there is one. ``lines``: of a
    unified diff, where both are there and differ."""

    kind: str
    old: NumberedInteraction | None
    new: NumberedInteraction | None
    lines: Sequence[str] = ()


def text_of(interaction: NumberedInteraction, hidden: frozenset[str]) -> list[str]:
    """An interaction in lines, without the header fields whose names are ``hidden``."""
    request, response = interaction.request, interaction.response
    lines = [f"{request.method} {request.uri}", *_message(request.headers, request.body, hidden), ""]
    if response.fault is None:
        lines += [f"{response.status} {response.reason or ''}".rstrip()]
        lines += _message(response.headers, response.body, hidden)
        lines += _fields(response.trailers, hidden)
    remark = facts(interaction).remark
    return [*lines, f"# {remark}"] if remark else lines


def hidden_in(interactions: Iterable[NumberedInteraction], hidden: frozenset[str]) -> list[str]:
    """The names of the header fields that ``text_of`` leaves out of these."""
    names: set[str] = set()
    for interaction in interactions:
        names |= {name.lower() for name in interaction.request.headers}
        if interaction.response.fault is None:
            names |= {name.lower() for name in interaction.response.headers}
    return sorted(names & hidden)


def _message(headers: Headers, content: object, hidden: frozenset[str]) -> list[str]:
    body = bodies.read(headers, content)
    lines = _fields(headers, hidden)
    if body.kind == bodies.EMPTY:
        return lines
    if body.text is None and body.kind != bodies.MULTIPART:
        digest = hashlib.sha256(body.content).hexdigest()[:16]
        return [*lines, "", f"# {body.description}, sha256 {digest}"]
    return [*lines, "", *_lines(bodies.pretty(body, in_order=False))]


def _lines(text: str) -> list[str]:
    # (str.splitlines would take a separator of Unicode inside a string of JSON for the end of a line.)
    lines = _LINE_BREAK.split(text)
    return lines if lines[-1] else lines[:-1]


def _fields(headers: Headers, hidden: frozenset[str]) -> list[str]:
    lowered = [(name.lower(), value) for name, value in headers.pairs()]
    return sorted(f"{name}: {_steady(name, value)}" for name, value in lowered if name not in hidden)


def _steady(name: str, value: str) -> str:
    """A value without the boundary of a multipart body, which is chosen afresh for each message."""
    is_multipart = name == "content-type" and value.lower().startswith("multipart/")
    return value.partition(";")[0] if is_multipart else value


# -- two cassettes -----------------------------------------------------------------------------------------------------


class _Side:
    """The interactions of one cassette that have no partner yet."""

    def __init__(self, interactions: Sequence[NumberedInteraction], hidden: frozenset[str]) -> None:
        self.interactions = interactions
        self.texts = [text_of(interaction, hidden) for interaction in interactions]
        self.left = dict.fromkeys(range(len(interactions)))


def compare(
    old: Sequence[NumberedInteraction], new: Sequence[NumberedInteraction], hidden: frozenset[str] = VOLATILE
) -> list[Difference]:
    """How the interactions of two cassettes differ: contents in the order of the first, then what has moved."""
    first, second = _Side(old, hidden), _Side(new, hidden)
    pairs: dict[int, int] = {}
    # Partners: what is the same; else what asks for the same; else what asks the same place.
    keys: list[Callable[[_Side, int], Hashable]] = [
        lambda side, place: tuple(side.texts[place]),
        lambda side, place: side.texts[place][0],
        lambda side, place: side.texts[place][0].partition("?")[0],
    ]
    for key in keys:
        pairs |= _paired(first, second, key)
    found = []
    for place, interaction in enumerate(old):
        if place not in pairs:
            found.append(Difference(REMOVED, interaction, None))
        elif first.texts[place] != second.texts[pairs[place]]:
            lines = _unified(first.texts[place], second.texts[pairs[place]])
            found.append(Difference(CHANGED, interaction, new[pairs[place]], lines))
    found += [Difference(ADDED, None, new[place]) for place in second.left]
    return found + [Difference(MOVED, old[place], new[pairs[place]]) for place in _moved(pairs)]


def _paired(first: _Side, second: _Side, key: Callable[[_Side, int], Hashable]) -> dict[int, int]:
    waiting: defaultdict[Hashable, deque[int]] = defaultdict(deque)
    for place in second.left:
        waiting[key(second, place)].append(place)
    pairs = {}
    for place in list(first.left):
        partners = waiting.get(key(first, place))
        if partners:
            pairs[place] = partners.popleft()
            del first.left[place], second.left[pairs[place]]
    return pairs


def _moved(pairs: dict[int, int]) -> list[int]:
    """The fewest places of the first cassette without which the others are in the same order in the second."""
    places = sorted(pairs)
    ends: list[int] = []  # the lowest partner that ends an ascending run of each length
    last: list[int] = []  # the place of that partner
    before: dict[int, int | None] = {}
    for place in places:
        length = bisect_left(ends, pairs[place])
        before[place] = last[length - 1] if length else None
        ends[length : length + 1] = [pairs[place]]
        last[length : length + 1] = [place]
    stays = set()
    step = last[-1] if last else None
    while step is not None:
        stays.add(step)
        step = before[step]
    return [place for place in places if place not in stays]


def _unified(old: Sequence[str], new: Sequence[str]) -> list[str]:
    if len(old) + len(new) <= _MAX_LINES:
        return list(difflib.unified_diff(old, new, lineterm="", n=_CONTEXT))[2:]
    place = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    return [
        f"@@ {len(old):,} and {len(new):,} lines: too many for all differences; the first @@",
        *(f"-{line}" for line in old[place : place + 1]),
        *(f"+{line}" for line in new[place : place + 1]),
    ]
