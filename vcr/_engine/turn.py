"""One request's passage through a cassette. It must not know a client, or what else the cassette holds."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from .._http.failure import CANCELLED, CLOSED, Failure
from ..request import Request
from ..response import Response
from .interaction import Interaction

if TYPE_CHECKING:
    from .cassette import Cassette

log = logging.getLogger("vcr.cassette")


class Turn:
    """One request's passage through a cassette: made by ``begin``, over after ``complete``, ``fail`` or ``drop``.

    ``response``: what to replay, or None: go live. ``records``: whether what comes back is kept; when it is not, the
    exchange is none of the cassette's business. A turn that is never completed leaves no trace; one of a live request
    lets its cassette go when it is over. ``closing_since``: when the cassette began to close while this turn was under
    way, by ``time.monotonic``.
    """

    __slots__ = ("_cassette", "_interaction", "_played", "_settle", "closing_since", "response")

    def __init__(
        self,
        cassette: Cassette | None,
        interaction: Interaction | None,
        response: Response | None = None,
        played: Interaction | None = None,
    ) -> None:
        self._cassette = cassette
        self._interaction = interaction
        self._played = played
        self._settle: Callable[[], Callable[[], None] | None] | None = None
        self.closing_since: float | None = None
        self.response = response

    @property
    def records(self) -> bool:
        """Whether ``complete`` is to be called with the live response."""
        return self._interaction is not None

    def stream(self, settle: Callable[[], None], *, weakly: bool = True) -> None:
        """The live response is on its way. Should the cassette close first, ``settle`` is called once: it finishes
        the turn with what can be had. It is a method, held weakly: a response that nobody reads must be able to go."""
        self._settle = weakref.WeakMethod(settle) if weakly else lambda: settle
        if self._cassette is not None:
            self._cassette.awaits(self)

    def complete(self, response: Response) -> Response:
        """Keep ``response`` in the place that ``begin`` reserved: it went well, or the client left it early, and it is
        incomplete. The caller gets back what it gave."""
        cassette, interaction = self._take_over()
        if interaction is not None and cassette is not None:
            cassette.keep(self, interaction, response)
        return response

    def fail(self, failure: Failure, so_far: Response | None = None) -> None:
        """The exchange failed. ``failure``: what the client saw. ``so_far``: what has come of the response.

        What is kept has to end on replay as it did live. A response that ended too early says so by its own framing,
        and what the program cancelled is always kept; every other failure is kept where the cassette keeps errors, and
        there is no trace of the exchange elsewhere.
        """
        if failure.kind == CANCELLED or (self._cassette is not None and self._cassette.record_errors):
            self.complete(Response.failed(failure, so_far))
        elif so_far is not None and failure.kind == CLOSED:
            self.complete(so_far)
        else:
            self.drop()

    def drop(self) -> None:
        """Keep nothing of the exchange: no replay could end as it did."""
        cassette, interaction = self._take_over()
        if interaction is not None and cassette is not None:
            cassette.drop(self, interaction)

    def give_back(self) -> None:
        """The client can never get the response: what was to be replayed counts as not played, and nothing of a live
        exchange is kept."""
        cassette, played, self._played = self._cassette, self._played, None
        if played is not None and cassette is not None:
            cassette.unplay(played)
        self.drop()

    def let_go(self) -> None:
        """The client has the response that is replayed: it cannot be given back, and the cassette is not held."""
        self._cassette = self._played = None

    def follow(self) -> None:
        """This request follows a redirect inside one fetch of its client: what is replayed counts as one play with the
        response that redirected to it."""
        if self._cassette is not None and self.response is not None:
            self._cassette.followed += 1

    def amend(self, request: Request) -> None:
        """The request has gone on since ``begin``, while its answer came: what is recorded is ``request``, filtered."""
        if self._interaction is not None and self._cassette is not None:
            kept = self._cassette.filter_request(request)
            if kept is not None:
                self._interaction.request = kept

    def settle(self, closing_since: float | None = None) -> None:
        """Finish now, if a response is on its way. ``closing_since``: see the class."""
        self.closing_since = closing_since
        settle = self._settle() if self._settle is not None else None
        if settle is None:
            return
        cassette, interaction = self._cassette, self._interaction
        settle()
        if cassette is not None and interaction is not None and not interaction.finished and not self.records:
            shown = cassette.shown(interaction.request)
            log.warning("The response to %s had not come when its cassette closed: not recorded", shown)

    def _take_over(self) -> tuple[Cassette | None, Interaction | None]:
        """What the turn held, which is over now."""
        cassette, interaction = self._cassette, self._interaction
        if interaction is not None:
            self._cassette = self._interaction = self._settle = None
        return cassette, interaction
