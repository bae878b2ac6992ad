"""Requests as they are compared where secrets do not count, and whose they are where these do. It must not know how a
secret is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from ..request import Request
from ..response import Response
from .interaction import Interaction

if TYPE_CHECKING:
    from ..matchers import Predicate
    from ..sanitize.masking import Compared


class Disguise(Protocol):
    """Tells what two requests have in common but for their secrets."""

    #: Whether a recording with another secret is not played.
    is_strict: bool

    def request(self, request: Request) -> Compared:
        """A request as it would be stored, and whose it is."""

    def blank(self, request: Request) -> Request:
        """A request without any secret: equal for those that differ in nothing else."""


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
