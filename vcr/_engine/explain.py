"""Makes the text of a refusal: why a request was refused, what is closest, how to fix it.

It is given the facts as a ``Refusal``. It must not know a cassette, a file or a client. Nothing here runs until a
message is read.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from ..errors import CassetteLoadError
from ..matchers import Predicate, Verdict, agrees, name_of, part, part_of, verdicts
from ..record_mode import RecordMode
from ..request import Request
from .interaction import Interaction
from .shown import Shown

MOST_SHOWN = 3
MOST_TOLD = 20  # for how many similar requests matchers are asked what differs
BODY_SHOWN = 200  # characters

#: Recorded requests, best first: ``(request, names of matchers that agree, [(name of one that does not, message)])``.
Closest = list[tuple[Request, list[str], list[tuple[str, str]]]]


@dataclass(frozen=True)
class Refusal:
    """The facts of a refused request.

    ``found``: whether the cassette existed. ``total``, ``played``: how many interactions it holds, and how many of them
    had been played. ``hidden``: how many a filter dropped when the cassette was loaded. ``recorded``: the
    interactions. ``mask(text)``: takes secrets out of a text. ``secrets``: matchers that say which secret differs.
    ``similar``: the closest requests, if they are known. ``place()``: the full path, and similar names in its directory
    (None when there is no such directory). ``around()``: the path of the cassette in whose block this one was opened,
    and whether that cassette holds the request.
    """

    request: Request
    path: str
    record_mode: RecordMode
    matchers: Sequence[Predicate]
    found: bool
    total: int
    played: int
    hidden: int
    filters: Sequence[str]
    recorded: Iterable[Interaction]
    mask: Callable[[str], str]
    secrets: Sequence[Predicate] = ()
    similar: Closest | None = None
    place: Callable[[], tuple[str, Sequence[str] | None]] | None = None
    around: Callable[[], tuple[str, bool] | None] | None = None

    @cached_property
    def _recorded(self) -> tuple[list[Request], list[str]]:
        """The recorded requests, and what is wrong with the interactions that cannot be read."""
        requests, broken = [], []
        for interaction in self.recorded:
            try:
                requests.append(interaction.request)
            except CassetteLoadError as error:
                broken.append(str(error))
        return requests, broken

    @cached_property
    def closest(self) -> Closest:
        """The most similar recorded requests, best first: (request, matchers that agree, those that do not)."""
        if self.similar is not None:
            return self.similar
        of_part = [] if part_of(self.request) is None else [part]
        return most_similar(
            self.request, self._recorded[0], [*self.matchers, *of_part, *self.secrets], most_told=MOST_TOLD
        )

    @cached_property
    def reason(self) -> str:
        """One word for why: ``cassette_not_found``, ``nothing_similar``, ``no_match`` or ``already_played``."""
        if not self.found and not self.total:
            return "cassette_not_found"
        if not self.closest:
            return "nothing_similar"
        return "no_match" if self.closest[0][2] else "already_played"

    def text(self) -> str:
        """The whole message."""
        lines = [
            f"Can't play back this request: {self._headline()}",
            *self._mode_line(),
            "Request:",
            f"  {self.request.method} {self.request.uri}",
            *self._body_line(),
            "Cassette:",
            *self._path_lines(),
            f"  record_mode: {self.record_mode}",
            f"  match_on: {', '.join(map(name_of, self.matchers))}",
            *self._count_lines(),
            *self._filter_lines(),
            *self._around_lines(),
            *self._closest_lines(),
            "How to fix it:",
            *(f"  - {advice}" for advice in self._advice()),
        ]
        return str(Shown("\n".join(lines), self.mask))

    def _headline(self) -> str:
        if self.reason == "cassette_not_found":
            return f"the cassette doesn't exist, and record_mode '{self.record_mode}' doesn't record new ones."
        if self.reason == "nothing_similar":
            return "the cassette has nothing similar to it."
        if self.reason == "no_match":
            return f"no recorded interaction matches it (the closest differ in {_differing(self.closest[0])})."
        if len(self.closest) == 1:
            return "it matches 1 recorded interaction, but that has already been played back."
        return f"it matches {len(self.closest)} recorded interactions, but they have all been played back."

    def _mode_line(self) -> Iterable[str]:
        if self.reason != "cassette_not_found":
            where = " into an existing cassette" if self.record_mode.records(existing=False) else ""
            yield f"record_mode '{self.record_mode}' doesn't record new requests{where}."

    def _body_line(self) -> Iterable[str]:
        if self.request.body and any("body" in name_of(matcher) for matcher in self.matchers):
            yield f"  body: {_preview(self.request.body)}"

    def _path_lines(self) -> Iterable[str]:
        if self.reason != "cassette_not_found" or self.place is None:
            yield f"  path: {self.path}"
            return
        path, names = self.place()
        yield f"  path: {path}"
        if names is None:
            yield "  its directory doesn't exist"
        elif names:
            yield f"  similar names there: {', '.join(names)}"

    def _around_lines(self) -> Iterable[str]:
        around = None if self.around is None else self.around()
        if around is not None:
            path, holds = around
            yield f"  opened inside: {path}, which {'holds this request' if holds else 'does not hold this request'}"

    def _count_lines(self) -> Iterable[str]:
        if self.reason != "cassette_not_found":
            yield f"  recorded: {self.total} interactions, {self.played} of them played, {self.total - self.played} not"
        for broken in self._recorded[1][:MOST_SHOWN]:
            yield f"  not readable: {broken}"
        if len(self._recorded[1]) > MOST_SHOWN:
            yield f"  not readable: {len(self._recorded[1]) - MOST_SHOWN} more"

    def _filter_lines(self) -> Iterable[str]:
        if self.filters:
            yield f"  filters: {', '.join(self.filters)} (requests are shown and compared as these left them)"
        if self.hidden:
            yield f"  hidden: {self.hidden} stored interactions, which one of these dropped while loading"

    def _closest_lines(self) -> Iterable[str]:
        if self.reason != "no_match":
            return
        yield "Closest recorded requests:"
        for number, (request, agreed, differing) in enumerate(self.closest[:MOST_SHOWN], 1):
            yield f"  {number}. {request.method} {request.uri}"
            for name, message in differing:
                yield from _difference_lines(name, message)
            yield f"     same: {', '.join(agreed) or 'nothing'}"
        yield from _rest_lines(self.closest)

    def _advice(self) -> Iterable[str]:
        if self.reason == "cassette_not_found":
            yield "to record it: run once with record_mode='once'"
            yield "if it exists somewhere else: check the path, and cassette_library_dir"
            return
        if self.reason == "already_played":
            yield "to play a recorded response more than once: allow_playback_repeats=True"
        yield "to keep what is recorded and add this request: record_mode='new_episodes'"
        yield "to record everything again: record_mode='all', or delete the cassette and run with record_mode='once'"
        if self.reason == "nothing_similar":
            yield "to send requests to this host without recording them: ignore_hosts"
        of_secrets = {part.__name__, *map(name_of, self.secrets)}
        if self.reason == "no_match" and of_secrets.isdisjoint(name for name, _ in self.closest[0][2]):
            yield f"if the difference never matters: leave {_differing(self.closest[0])} out of match_on"


def _differing(similar: tuple[Request, list[str], list[tuple[str, str]]]) -> str:
    """``path``, ``path and query``, ``path, query and body``: the matchers that do not agree."""
    *most, last = [name for name, _ in similar[2]]
    return f"{', '.join(most)} and {last}" if most else last


def _difference_lines(name: str, message: str) -> Iterable[str]:
    lines = message.splitlines()
    if len(lines) > 1:
        yield f"     {name} differs:"
        yield from (f"       {line}" for line in lines)
    else:
        yield f"     {name} differs: {message}" if message else f"     {name} differs"


def _rest_lines(closest: Closest) -> Iterable[str]:
    """Lines that say how many more requests are as close, and in what these differ."""
    rest = Counter(_differing(similar) for similar in closest[MOST_SHOWN:])
    if len(rest) == 1:
        ((names, count),) = rest.items()
        yield f"  …and {count} more that also differ in {names}."
    elif rest:
        yield f"  …and {sum(rest.values())} more:"
        yield from (f"     {count} differ in {names}" for names, count in rest.most_common())


#: The first value of a verdict: whether the matcher takes both requests for the same.
_same = itemgetter(0)


def most_similar(
    request: Request, recorded: Iterable[Request], matchers: Sequence[Predicate], most_told: int | None = None
) -> Closest:
    """The recorded requests that agree with ``request`` in the most matchers, at least one; the most similar first.

    ``most_told``: for how many of them the matchers are asked what differs, which is slow; None: for all.
    """
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
    for place, (candidate, judged) in enumerate(sorted(groups[max(groups)], key=unlikeness)):
        named = [(matcher, *verdict) for matcher, verdict in zip(matchers, judged, strict=True)]
        agreed = [name_of(matcher) for matcher, same, _ in named if same]
        is_told = most_told is None or place < most_told
        differing = [
            (name_of(matcher), told or (agrees(matcher, request, candidate)[1] if is_told and told is None else ""))
            for matcher, same, told in named
            if not same
        ]
        closest.append((candidate, agreed, differing))
    return closest


def _preview(body: object) -> str:
    text = body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else str(body)
    text = " ".join(text.split())
    return text if len(text) <= BODY_SHOWN else f"{text[:BODY_SHOWN]}… ({len(text)} characters)"
