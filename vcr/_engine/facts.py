"""Gathers what a cassette knows of a request that it refuses. It must not know how a text is made of that."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..matchers import Predicate
from ..request import Request
from .explain import Closest, Refusal
from .interaction import Interaction
from .secret_index import Changed

if TYPE_CHECKING:
    from ..sanitize.masking import Sanitizer
    from .cassette import Cassette


def facts(
    cassette: Cassette,
    request: Request,
    *,
    matchers: Sequence[Predicate],
    filters: Sequence[str],
    played: int,
    similar: Closest | None,
) -> Refusal:
    """The facts that say why ``cassette`` refuses ``request``, which has been filtered; see ``Refusal``."""
    finished = [one for one in cassette.held() if cassette.may_play(one)]
    shown, recorded, secrets = _without_secrets(cassette.pipeline.sanitizer, request, finished)
    return Refusal(
        request=shown,
        path=cassette.path,
        record_mode=cassette.record_mode,
        matchers=matchers,
        found=cassette.rewound,
        total=len(finished),
        played=played,
        hidden=cassette.storage.hidden,
        filters=filters,
        recorded=recorded,
        secrets=secrets,
        mask=cassette.mask,
        similar=similar,
        place=cassette.storage.place.nearby,
        around=functools.partial(_around, cassette, request),
    )


def _around(cassette: Cassette, request: Request) -> tuple[str, bool] | None:
    """The path of the cassette around this one, if there is one, and whether that holds ``request``."""
    outer = cassette.around
    if outer is None:
        return None
    kept = outer.filter_request(request)
    return outer.path, kept is not None and bool(outer.matching(kept))


def _without_secrets(
    sanitizer: Sanitizer | None, request: Request, recorded: list[Interaction]
) -> tuple[Request, list[Interaction], list[Predicate]]:
    """What the text of a refusal compares: the request and the recorded interactions, without secrets; and a matcher
    that names the secrets that differ, where these have to be the same."""
    if sanitizer is None:
        return request, recorded, []
    asked = sanitizer.blank(request)
    # Where the request has no secret, blanks in a recorded URI make no difference to what agrees.
    kind = _WithHead if asked.uri == request.uri else Changed
    blanked: list[Interaction] = [kind(interaction, sanitizer.blank) for interaction in recorded]
    if not sanitizer.is_strict:
        return asked, blanked, []
    strict = sanitizer.request(request).strict
    by_request = {id(one.request): one.original for one in blanked}

    def secrets(_: Request, other: Request) -> None:
        there = sanitizer.request(by_request[id(other)].request).strict
        places = sorted({place for place, _ in strict ^ there})
        if places:
            shown = ", ".join(place.removeprefix("request ").removeprefix("header ") for place in places)
            raise AssertionError(f"another value for {shown}")

    return asked, blanked, [secrets]


class _WithHead(Changed):
    """An interaction whose method and URI are compared as they are recorded."""

    __slots__ = ()

    @property
    def head(self) -> Request:
        """A request with the recorded method and URI."""
        return self.original.head
