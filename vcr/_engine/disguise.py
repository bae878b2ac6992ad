"""Requests as they are compared where secrets do not count, and whose they are where these do. It must not know how a
secret is found.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ..errors import CassetteLoadError
from ..request import Request
from ..response import Response
from .interaction import Interaction

if TYPE_CHECKING:
    from ..matchers import Predicate
    from ..sanitize.masking import Compared
    from ..sanitize.template import Template


class Disguise(Protocol):
    """Tells what two requests have in common but for their secrets."""

    #: Whether a recording with another secret is not played.
    is_strict: bool

    def request(self, request: Request) -> Compared:
        """A request as it would be stored, and whose it is."""

    def blank(self, request: Request) -> Request:
        """A request without any secret: equal for those that differ in nothing else."""

    def may_hide_any(self, recorded: Request) -> bool:
        """Whether there may be a placeholder in a recorded request."""

    def as_sent(self, request: Request, recorded: Request) -> Request:
        """A recorded request with the secrets of one that it matches."""

    def as_answered(self, request: Request, recorded: Request, response: Response) -> Response:
        """A recorded response with the secrets of the request that it answers."""

    def template(self, recorded: Request) -> Template | None:
        """A recorded request whose placeholders stand for secrets; None where there is none in it."""


class Whose:
    """Tells interactions of one sender from those of others, by the secrets in them."""

    def __init__(self, disguise: Disguise, request: Request) -> None:
        self._disguise = disguise
        self._request = request

    @cached_property
    def compared(self) -> Compared:
        """The request that is looked up, as it would be stored."""
        return self._disguise.request(self._request)

    def of(self, interaction: Interaction) -> frozenset[tuple[str, str]]:
        """The secrets that tell whose an interaction is."""
        return self._disguise.request(unveiled(interaction).request).identity

    def may_have(self, interaction: Interaction) -> bool:
        """Whether no secret that has to be the same is another one."""
        return self._disguise.request(unveiled(interaction).request).strict == self.compared.strict


class Veiled(Interaction):
    """Another interaction, as it is compared: its request is ``veil(request)``."""

    __slots__ = ("_seen", "_veil", "original")

    def __init__(self, original: Interaction, veil: Callable[[Request], Request]) -> None:
        self.original = original
        self._veil = veil
        self._seen: Request | None = None

    @property
    def plays(self) -> int:  # type: ignore[override]
        """How often the other has been played."""
        return self.original.plays

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI, as they are compared; the other is not read for that."""
        seen = self._veil(Request(*self.original.target)) if self._seen is None else self._seen
        return seen.method, seen.uri

    @property
    def request(self) -> Request:  # type: ignore[override]
        """The request as it is compared."""
        if self._seen is None:
            self._seen = self._veil(self.original.request)
        return self._seen

    def own(self) -> tuple[Request, Response]:
        """The request as it is compared, and the response."""
        return self.request, self.original.own()[1]


class Templates:
    """Interactions that were stored with placeholders, to be compared with a request whose secrets nobody has told yet.

    ``place_of``: equal for URIs that may match.
    """

    def __init__(self, disguise: Disguise, place_of: Callable[[str], Hashable]) -> None:
        self._disguise = disguise
        self._place_of = place_of
        # By place: those to be looked at, which are read when they are needed.
        self._unread: defaultdict[Hashable, list[Interaction]] = defaultdict(list)
        self._by_place: dict[Hashable, list[Template]] = {}
        # The places that have placeholders themselves.
        self._places: dict[Hashable, Template] = {}
        self.count = 0

    def add(self, interaction: Interaction) -> None:
        """Compare it from now on."""
        self.count += 1
        place = self._place_of(interaction.target[1])
        if place not in self._by_place:
            self._by_place[place] = []
            if (template := self._disguise.template(Request("", str(place)))) is not None:
                self._places[place] = template
        self._unread[place].append(interaction)

    def filled(self, request: Request) -> Iterator[Request]:
        """``request`` as it would be stored if the same secrets were known as of each interaction that may match."""
        where = self._place_of(request.uri)
        asked = Request("", str(where))
        fitting = (place for place, template in self._places.items() if template.filled(asked) is not None)
        for place in (where, *fitting):
            for template in self._read(place):
                if (filled := template.filled(request)) is not None:
                    yield filled

    def _read(self, place: Hashable) -> list[Template]:
        templates = self._by_place.get(place, [])
        for interaction in self._unread.pop(place, ()):
            try:
                template = self._disguise.template(interaction.request)
            except CassetteLoadError:
                continue  # (Where it is the one to be played, this is said then.)
            if template is not None:
                templates.append(template)
        return templates


def unveiled(interaction: Interaction) -> Interaction:
    """The interaction behind what is compared."""
    return interaction.original if isinstance(interaction, Veiled) else interaction


def as_compared(
    disguise: Disguise | None, request: Request, recorded: Iterable[Interaction]
) -> tuple[Request, list[Interaction], list[Predicate]]:
    """A request and recorded interactions for a person to read: without secrets; and the matchers that tell secrets
    apart, where these have to be the same."""
    if disguise is None:
        return request, list(recorded), []
    veiled = [Veiled(interaction, disguise.blank) for interaction in recorded]
    blank = disguise.blank(request)
    if not disguise.is_strict:
        return blank, list(veiled), []
    strict = disguise.request(request).strict
    by_request = {id(one.request): one.original for one in veiled}

    def secrets(_: Request, other: Request) -> None:
        there = disguise.request(by_request[id(other)].request).strict
        places = sorted({place for place, _ in strict ^ there})
        if places:
            shown = ", ".join(place.removeprefix("request ").removeprefix("header ") for place in places)
            raise AssertionError(f"another value for {shown}")

    return blank, list(veiled), [secrets]
