"""Makes the text of a refusal: why a request was refused, what is closest, how to fix it.

It is given the facts as a ``Refusal``. It must not know a cassette, a file or a client. Nothing here runs until a
message is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import CassetteLoadError
from ..matchers import Matcher, Predicate, Verdict, agrees, name_of, part, part_of, verdicts
from ..record_mode import RecordMode
from ..request import Request
from .interaction import Interaction
from .shown import Shown

MOST_SHOWN = 3
MOST_TOLD = 20  # for how many similar requests matchers are asked what differs
BODY_SHOWN = 200  # characters

#: A recorded request: ``(request, names of matchers that agree, [(name of one that does not, message)])``.
Told = tuple[Request, list[str], list[tuple[str, str]]]
#: Recorded requests, best first.
Closest = list[Told]


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
    #: What is wrong with the interactions that could not be read.
    unreadable: list[str] = field(default_factory=list, init=False)

    @cached_property
    def _groups(self) -> list[list[Similar]]:
        return similar_groups(self.request, self.recorded, self._compared, self.unreadable)

    @cached_property
    def _compared(self) -> list[Predicate]:
        """The matchers that say how like a recorded request is."""
        return [*self.matchers, *([] if part_of(self.request) is None else [part]), *self.secrets]

    def _read(self, most: int | None) -> tuple[Closest, list[Similar]]:
        """The first ``most`` of the most similar recorded requests (None: all of them), and the others, which are not
        read. What cannot be read is passed over, and noted in ``unreadable``."""
        for group in self._groups:
            read: Closest = []
            for one in group.copy():
                if len(read) == most:
                    break
                try:
                    read.append(one.told(self.request, self._compared, in_full=len(read) < MOST_TOLD))
                except CassetteLoadError as error:
                    self.unreadable.append(str(error))
                    group.remove(one)
            if read:
                return read, group[len(read) :]
        return [], []

    @cached_property
    def closest(self) -> Closest:
        """The most similar recorded requests, best first: (request, matchers that agree, those that do not)."""
        return self._read(None)[0] if self.similar is None else self.similar

    @cached_property
    def _shown(self) -> tuple[Closest, Counter[str]]:
        """The first of ``closest``, and for each text that says in what the others differ, how many these are."""
        if self.similar is None:
            shown, others = self._read(MOST_SHOWN)
            return shown, Counter(_listed(other.differing(self._compared)) for other in others)
        return self.similar[:MOST_SHOWN], Counter(map(_differing, self.similar[MOST_SHOWN:]))

    @cached_property
    def reason(self) -> str:
        """One word for why: ``cassette_not_found``, ``nothing_similar``, ``no_match`` or ``already_played``."""
        if not self.found and not self.total:
            return "cassette_not_found"
        shown, _ = self._shown
        if not shown:
            return "nothing_similar"
        return "no_match" if shown[0][2] else "already_played"

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
        shown, others = self._shown
        if self.reason == "no_match":
            return f"no recorded interaction matches it (the closest differ in {_differing(shown[0])})."
        if len(shown) == 1:
            return "it matches 1 recorded interaction, but that has already been played back."
        total = len(shown) + sum(others.values())
        return f"it matches {total} recorded interactions, but they have all been played back."

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
        for broken in self.unreadable[:MOST_SHOWN]:
            yield f"  not readable: {broken}"
        if len(self.unreadable) > MOST_SHOWN:
            yield f"  not readable: {len(self.unreadable) - MOST_SHOWN} more"

    def _filter_lines(self) -> Iterable[str]:
        if self.filters:
            yield f"  filters: {', '.join(self.filters)} (requests are shown and compared as these left them)"
        if self.hidden:
            yield f"  hidden: {self.hidden} stored interactions, which one of these dropped while loading"

    def _closest_lines(self) -> Iterable[str]:
        if self.reason != "no_match":
            return
        yield "Closest recorded requests:"
        shown, others = self._shown
        for number, (request, agreed, differing) in enumerate(shown, 1):
            yield f"  {number}. {request.method} {request.uri}"
            for name, message in differing:
                yield from _difference_lines(name, message)
            yield f"     same: {', '.join(agreed) or 'nothing'}"
        yield from _rest_lines(others)

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
        if self.reason == "no_match" and of_secrets.isdisjoint(name for name, _ in self._shown[0][0][2]):
            yield f"if the difference never matters: leave {_differing(self._shown[0][0])} out of match_on"


def _differing(similar: Told) -> str:
    """``path``, ``path and query``, ``path, query and body``: the matchers that do not agree."""
    return _listed([name for name, _ in similar[2]])


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def _difference_lines(name: str, message: str) -> Iterable[str]:
    lines = message.splitlines()
    if len(lines) > 1:
        yield f"     {name} differs:"
        yield from (f"       {line}" for line in lines)
    else:
        yield f"     {name} differs: {message}" if message else f"     {name} differs"


def _rest_lines(others: Counter[str]) -> Iterable[str]:
    """Lines that say how many more requests are as close, and in what these differ."""
    if len(others) == 1:
        ((names, number),) = others.items()
        yield f"  …and {number} more that also differ in {names}."
    elif others:
        yield f"  …and {sum(others.values())} more:"
        yield from (f"     {number} differ in {names}" for names, number in others.most_common())


class Similar:
    """A recorded interaction that is like a request. ``judged``: what each matcher says of the two."""

    __slots__ = ("_interaction", "_judged")

    def __init__(self, interaction: Interaction, judged: tuple[Verdict, ...]) -> None:
        self._interaction = interaction
        self._judged = judged

    def differing(self, matchers: Iterable[Predicate]) -> list[str]:
        """The names of the matchers that do not agree."""
        return [name_of(matcher) for matcher, said in zip(matchers, self._judged, strict=True) if said is not True]

    def told(self, request: Request, matchers: Sequence[Predicate], *, in_full: bool) -> Told:
        """The recorded request, which is read, and what agrees. ``in_full``: what differs, too, which is slow."""
        recorded = self._interaction.request
        agreed: list[str] = []
        differing: list[tuple[str, str]] = []
        for matcher, said in zip(matchers, self._judged, strict=True):
            if said is True:
                agreed.append(name_of(matcher))
            else:
                text = agrees(matcher, request, recorded)[1] if said is False and in_full else said or ""
                differing.append((name_of(matcher), text))
        return recorded, agreed, differing


def similar_groups(
    request: Request, recorded: Iterable[Interaction], matchers: Sequence[Predicate], unreadable: list[str]
) -> list[list[Similar]]:
    """The recorded interactions that agree with ``request`` in the most matchers, the most similar first; then those
    that agree in fewer matchers; at last those that agree in one.

    Where all matchers compare only methods and URIs, no more of an interaction is read. ``unreadable`` gets what is
    wrong with those that cannot be read.
    """
    is_of_target = all(type(matcher) is Matcher and matcher.of_target for matcher in matchers)
    judges = [verdicts(matcher, request) for matcher in matchers]
    groups: dict[int, list[tuple[float, int, Similar]]] = {}
    letters = Counter(request.uri)
    for place, interaction in enumerate(recorded):
        try:
            other = interaction.head if is_of_target else interaction.request
        except CassetteLoadError as error:
            unreadable.append(str(error))
            continue
        judged = tuple([judge(other) for judge in judges])
        common = sum(map(min, letters.values(), map(other.uri.count, letters)))
        unlikeness = -common / (len(request.uri) + len(other.uri))
        groups.setdefault(judged.count(True), []).append((unlikeness, place, Similar(interaction, judged)))
    groups.pop(0, None)
    return [[similar for _, _, similar in sorted(groups[agreeing])] for agreeing in sorted(groups, reverse=True)]


def most_similar(request: Request, recorded: Iterable[Request], matchers: Sequence[Predicate]) -> Closest:
    """The recorded requests that agree with ``request`` in the most matchers, at least one; the most similar first."""
    groups = similar_groups(request, map(Interaction, recorded), matchers, [])
    return [one.told(request, matchers, in_full=True) for one in (groups[0] if groups else ())]


def _preview(body: object) -> str:
    text = body.decode("utf-8", "backslashreplace") if isinstance(body, bytes) else str(body)
    text = " ".join(text.split())
    return text if len(text) <= BODY_SHOWN else f"{text[:BODY_SHOWN]}… ({len(text)} characters)"
