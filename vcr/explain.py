"""Room: why a request was refused, what is closest, how to fix it -> text.

It is given the facts as a ``Refusal`` and knows no cassette, file or client. Nothing here runs until a message is read.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from .matchers import Predicate, Verdict, agrees, name_of, verdicts
from .record_mode import RecordMode
from .request import Request

MOST_SHOWN = 3
MOST_KEPT = 20
BODY_SHOWN = 200  # characters
DIFF_LINES = 20

_REASONS = {
    "cassette_not_found": "There is no cassette yet, and this record mode does not make one.",
    "already_played": "It is recorded, but every recorded response to it has been played.",
    "no_match": "Nothing recorded matches; what comes closest is below.",
    "nothing_similar": "Nothing like it is recorded.",
}

_USERINFO = re.compile(r"://[^/@\s]+@")

Closest = list[tuple[Request, list[str], list[tuple[str, str]]]]


@dataclass(frozen=True)
class Refusal:
    """The facts of a refused request."""

    request: Request
    path: str
    record_mode: RecordMode
    matchers: Sequence[Predicate]
    found: bool
    total: int
    played: int
    hidden: int
    filters: Sequence[str]
    recorded: Callable[[], Sequence[Request]]
    mask: Callable[[str], str]

    @cached_property
    def closest(self) -> Closest:
        """The most similar recorded requests, best first: (request, matchers that agree, those that do not)."""
        return most_similar(self.request, self.recorded(), self.matchers, most=MOST_KEPT)

    @cached_property
    def reason(self) -> str:
        """One word for why."""
        if not self.found and not self.total:
            return "cassette_not_found"
        if not self.closest:
            return "nothing_similar"
        return "no_match" if self.closest[0][2] else "already_played"

    def text(self) -> str:
        """The whole message."""
        names = ", ".join(name_of(matcher) for matcher in self.matchers)
        lines = [
            f"Cannot replay or record {self.request.method} {self.request.uri}",
            f"  {_REASONS[self.reason]}",
            f"  cassette:    {self.path}",
            f"  record_mode: {self.record_mode}",
            f"  match_on:    {names}",
            f"  recorded:    {self.total} interactions, {self.played} of them played, {self.total - self.played} not",
            *self._filter_lines(),
            *self._body_line(),
            *self._closest_lines(),
            "How to fix it:",
            *(f"  - {advice}" for advice in self._advice()),
        ]
        return _USERINFO.sub("://***@", self.mask("\n".join(lines)))

    def _filter_lines(self) -> Iterable[str]:
        if self.filters:
            yield f"  filters:     {', '.join(self.filters)} (requests are shown and compared as these left them)"
        if self.hidden:
            yield f"  hidden:      {self.hidden} stored interactions, which one of these dropped while loading"

    def _body_line(self) -> Iterable[str]:
        if self.request.body and any("body" in name_of(matcher) for matcher in self.matchers):
            yield f"  body:        {_preview(self.request.body)}"

    def _closest_lines(self) -> Iterable[str]:
        if self.reason != "no_match":
            return
        yield "Closest recorded requests:"
        for number, (request, agreed, differing) in enumerate(self.closest[:MOST_SHOWN], 1):
            yield f"  {number}. {request.method} {request.uri}"
            yield f"     same:    {', '.join(agreed) or 'nothing'}"
            for name, message in differing:
                yield f"     differs: {name}"
                yield from (f"       {line}" for line in _difference(name, message, self.request, request))

    def _advice(self) -> Iterable[str]:
        if self.reason == "already_played":
            yield "to play a recorded response more than once: allow_playback_repeats=True"
        if self.reason == "no_match":
            names = ", ".join(name for name, _ in self.closest[0][2])
            yield f"if the difference does not matter, leave {names} out of match_on"
        yield 'to keep what is recorded and add this request: record_mode="new_episodes"'
        yield 'to record everything again: record_mode="all", or delete the cassette and run with record_mode="once"'


_same = itemgetter(0)  # of a verdict


def most_similar(
    request: Request, recorded: Iterable[Request], matchers: Sequence[Predicate], most: int | None = None
) -> Closest:
    """The recorded requests that agree with ``request`` in the most matchers, at least one: the ``most`` similar of
    them, or all."""
    judges = [verdicts(matcher, request) for matcher in matchers]
    groups: dict[int, list[tuple[Request, list[Verdict]]]] = {}
    for candidate in recorded:
        judged = [judge(candidate) for judge in judges]
        groups.setdefault(sum(map(_same, judged)), []).append((candidate, judged))
    groups.pop(0, None)
    if not groups:
        return []
    likeness = difflib.SequenceMatcher()
    likeness.set_seq2(request.uri)

    def unlikeness(entry: tuple[Request, list[Verdict]]) -> float:
        likeness.set_seq1(entry[0].uri)
        return -likeness.quick_ratio()

    closest: Closest = []
    for candidate, judged in sorted(groups[max(groups)], key=unlikeness)[:most]:
        named = [(matcher, *verdict) for matcher, verdict in zip(matchers, judged, strict=True)]
        agreed = [name_of(matcher) for matcher, same, _ in named if same]
        differing = [
            (name_of(matcher), agrees(matcher, request, candidate)[1] if told is None else told)
            for matcher, same, told in named
            if not same
        ]
        closest.append((candidate, agreed, differing))
    return closest


def _difference(name: str, message: str, wanted: Request, recorded: Request) -> Iterable[str]:
    if "body" not in name:
        return [message] if message else []
    old, new = _readable(recorded.body), _readable(wanted.body)
    diff = list(difflib.unified_diff(old, new, "recorded", "requested", lineterm="", n=1))
    return diff[:DIFF_LINES] + ([f"... {len(diff) - DIFF_LINES} more lines"] if len(diff) > DIFF_LINES else [])


def _readable(body: object) -> list[str]:
    text = body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else str(body or "")
    try:
        return json.dumps(json.loads(text), indent=2, sort_keys=True, ensure_ascii=False).splitlines()
    except (ValueError, RecursionError):
        return text.splitlines()


def _preview(body: object) -> str:
    text = " ".join(_readable(body))
    return text if len(text) <= BODY_SHOWN else f"{text[:BODY_SHOWN]}... ({len(text)} characters)"
