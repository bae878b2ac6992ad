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

    ``response``: the response to replay; None: the request goes live. ``records``: whether the live response is kept;
    where it is not, the cassette has nothing to do with the exchange. A turn that is never completed keeps nothing. The
    turn of a live request holds no reference to its cassette when it is over. ``closing_since``: the
    ``time.monotonic()`` at which the cassette began to close, if the exchange was not finished then.
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
        """Note that the live response is on its way. If the cassette closes first, it calls ``settle()`` once, which
        has to finish the turn with as much of the response as there is.

        ``weakly``: ``settle`` is a method, and is held weakly, so that a response which nobody reads can be collected.
        """
        self._settle = weakref.WeakMethod(settle) if weakly else lambda: settle
        if self._cassette is not None:
            self._cassette.note_streaming(self)

    def complete(self, response: Response) -> Response:
        """Keep ``response`` in the place that ``begin`` reserved. Returns ``response``.

        The exchange went well, or the client stopped reading early: then the response is marked as incomplete.
        """
        cassette, interaction = self._end()
        if interaction is not None and cassette is not None:
            cassette.keep(self, interaction, response)
        return response

    def fail(self, failure: Failure, so_far: Response | None = None) -> None:
        """Note that the exchange failed. ``failure``: what the client saw. ``so_far``: what has come of the response.

        The replay has to end as the exchange did. So a request that the program cancelled is always kept; and so is a
        response that ended too early, because its length or its chunks say that it did. Every other failure is kept
        only with ``record_errors``; without, nothing of the exchange is kept.
        """
        if failure.kind == CANCELLED or (self._cassette is not None and self._cassette.record_errors):
            self.complete(Response.failed(failure, so_far))
        elif so_far is not None and failure.kind == CLOSED:
            self.complete(so_far)
        else:
            self.drop()

    def drop(self) -> None:
        """Keep nothing of the exchange, because no replay could end as the exchange did."""
        cassette, interaction = self._end()
        if interaction is not None and cassette is not None:
            cassette.drop(self, interaction)

    def give_back(self) -> None:
        """Note that the client can never get the response: a replay counts as not played, and nothing of a live
        exchange is kept."""
        cassette, played, self._played = self._cassette, self._played, None
        if played is not None and cassette is not None:
            cassette.unplay(played)
        self.drop()

    def release(self) -> None:
        """Note that the client has the whole replayed response: it cannot be given back any more. The reference to the
        cassette is dropped."""
        self._cassette = self._played = None

    def follow(self) -> None:
        """Note that this request follows a redirect inside one fetch of its client: the replayed response and the one
        that redirected to it count as one play."""
        if self._cassette is not None and self.response is not None:
            self._cassette.followed += 1

    def amend(self, request: Request) -> None:
        """Record ``request``, filtered, instead of the request given to ``begin``: the client sent more of the body
        after the response had begun."""
        if self._interaction is not None and self._cassette is not None:
            kept = self._cassette.filter_request(request)
            if kept is not None:
                self._cassette.pipeline.note_changed(request, kept)
                self._interaction.request = kept

    def settle(self, closing_since: float | None = None) -> None:
        """Finish the turn now, if its response is on its way. ``closing_since``: see the class."""
        self.closing_since = closing_since
        settle = self._settle() if self._settle is not None else None
        if settle is None:
            return
        cassette, interaction = self._cassette, self._interaction
        settle()
        if cassette is not None and interaction is not None and not interaction.finished and not self.records:
            shown = cassette.shown(interaction.request)
            log.warning("The response to %s had not come when its cassette closed: not recorded", shown)

    def _end(self) -> tuple[Cassette | None, Interaction | None]:
        """End the turn. Returns the cassette and the reserved interaction, if it has not been ended before."""
        cassette, interaction = self._cassette, self._interaction
        if interaction is not None:
            self._cassette = self._interaction = self._settle = None
        return cassette, interaction
