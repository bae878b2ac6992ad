"""Compares requests that hold secrets. Where secrets do not matter, requests are compared without them; where they do,
they tell which interactions come from the same sender. It must not know how a secret is found.
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
    """What the sanitizer says about the secrets in requests."""

    #: Whether a recording with another secret is never played (``sanitize_compare``).
    is_strict: bool

    def request(self, request: Request) -> Compared:
        """A request as it would be stored, and the secrets that tell who sent it."""

    def blank(self, request: Request) -> Request:
        """A request without any secret: equal for requests that differ only in their secrets."""

    def may_hide_any(self, recorded: Request) -> bool:
        """Whether there may be a placeholder in a recorded request."""

    def as_sent(self, request: Request, recorded: Request) -> Request:
        """A recorded request with the secrets of ``request``, which it matches, instead of placeholders."""

    def as_answered(self, request: Request, recorded: Request, response: Response) -> Response:
        """A recorded response with the secrets of ``request``, which it answers, instead of placeholders."""

    def template(self, recorded: Request) -> Template | None:
        """A recorded request in which any secret may stand for a placeholder; None where it has no placeholder."""


class Sender:
    """The sender of the request that is looked up. Its secrets tell whether a recorded interaction has the same
    sender."""

    def __init__(self, disguise: Disguise, request: Request) -> None:
        self._disguise = disguise
        self._request = request

    @cached_property
    def compared(self) -> Compared:
        """The request that is looked up, as it would be stored, and its secrets."""
        return self._disguise.request(self._request)

    def identity_of(self, interaction: Interaction) -> frozenset[tuple[str, str]]:
        """The secrets that tell who sent the request of an interaction."""
        return self._disguise.request(original_of(interaction).request).identity

    def may_get(self, interaction: Interaction) -> bool:
        """Whether all secrets that have to be the same are the same."""
        return self._disguise.request(original_of(interaction).request).strict == self.compared.strict


class Disguised(Interaction):
    """An interaction as it is compared: ``change(request)`` stands in the place of the request of ``original``."""

    __slots__ = ("_change", "_changed", "original")

    def __init__(self, original: Interaction, change: Callable[[Request], Request]) -> None:
        self.original = original
        self._change = change
        self._changed: Request | None = None

    @property
    def plays(self) -> int:  # type: ignore[override]
        """How often the original has been played."""
        return self.original.plays

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI as they are compared. The original is not parsed for that."""
        changed = self._change(Request(*self.original.target)) if self._changed is None else self._changed
        return changed.method, changed.uri

    @property
    def request(self) -> Request:  # type: ignore[override]
        """The request as it is compared."""
        if self._changed is None:
            self._changed = self._change(self.original.request)
        return self._changed

    def pair(self) -> tuple[Request, Response]:
        """The request as it is compared, and the response."""
        return self.request, self.original.pair()[1]


class Templates:
    """Recorded requests with placeholders, to be compared with a request in which a secret stands in a place that does
    not tell that it is one.

    ``place_of(uri)``: a value that is equal for URIs that may match.
    """

    def __init__(self, disguise: Disguise, place_of: Callable[[str], Hashable]) -> None:
        self._disguise = disguise
        self._place_of = place_of
        # By place: interactions that are parsed when a request with this place is looked up.
        self._unread: defaultdict[Hashable, list[Interaction]] = defaultdict(list)
        self._by_place: dict[Hashable, list[Template]] = {}
        # The places that contain placeholders themselves.
        self._places: dict[Hashable, Template] = {}
        self.count = 0

    def add(self, interaction: Interaction) -> None:
        """Add a recorded interaction."""
        self.count += 1
        place = self._place_of(interaction.target[1])
        if place not in self._by_place:
            self._by_place[place] = []
            if (template := self._disguise.template(Request("", str(place)))) is not None:
                self._places[place] = template
        self._unread[place].append(interaction)

    def filled(self, request: Request) -> Iterator[Request]:
        """``request`` with the placeholders of each recorded request that is equal to it but for the placeholders."""
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
                continue  # (It is an error when this interaction is to be played.)
            if template is not None:
                templates.append(template)
        return templates


def original_of(interaction: Interaction) -> Interaction:
    """The interaction that the cassette holds."""
    return interaction.original if isinstance(interaction, Disguised) else interaction


def as_compared(
    disguise: Disguise | None, request: Request, recorded: Iterable[Interaction]
) -> tuple[Request, list[Interaction], list[Predicate]]:
    """What the text of a refusal compares: the request and the recorded interactions, without secrets; and a matcher
    that names the secrets that differ, where these have to be the same."""
    if disguise is None:
        return request, list(recorded), []
    disguised = [Disguised(interaction, disguise.blank) for interaction in recorded]
    blank = disguise.blank(request)
    if not disguise.is_strict:
        return blank, list(disguised), []
    strict = disguise.request(request).strict
    by_request = {id(one.request): one.original for one in disguised}

    def secrets(_: Request, other: Request) -> None:
        there = disguise.request(by_request[id(other)].request).strict
        places = sorted({place for place, _ in strict ^ there})
        if places:
            shown = ", ".join(place.removeprefix("request ").removeprefix("header ") for place in places)
            raise AssertionError(f"another value for {shown}")

    return blank, list(disguised), [secrets]
