"""Room: what the stubs share whose clients make sense of the wire themselves: which cassette a request belongs to, and
a live response on its way into it. It knows no client, no socket and no option."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from .. import _active
from .._engine.cassette import Cassette, Turn
from .._http.failure import Failure
from .._http.wire import content_length, keeps_pieces, may_have_body, media_type
from ..request import Headers
from ..response import Response

#: Closing a live response reads the rest of it, so that the cassette has the whole: for so many seconds, and bytes,
#: of a message whose end is announced, and of one that may never end.
FINITE_DRAIN = (10.0, 64 * 2**20)
OPEN_DRAIN = (1.0, 8 * 2**20)
NO_DRAIN = (0.0, 0)


def cassette_for(host: str, client: type) -> Cassette | None:
    """The cassette that a request to ``host`` by an object of this class belongs to, here and now; None when there is
    none, or it lets the request pass by."""
    cassette = _active.current()
    return None if cassette is None or cassette.passes_by(host, client.__mro__) else cassette


def going_live(turn: Turn) -> AbstractContextManager[None]:
    """Around a live request: what the client does to answer it (a transport over another client, an application in the
    same process) is not recorded a second time; of a request that is ignored it is, for the first."""
    return _active.outside() if turn.records else nullcontext()


class Recording:
    """A live response on its way to its turn: its head is known, its body comes in the pieces that the client is given.

    Make one for a turn that ``records``. ``finish`` when the client sees the end of the body, ``cut`` when it will see
    no more of it; the first of the two counts.
    """

    def __init__(  # noqa: PLR0917
        self, turn: Turn, method: str, status: int, reason: str, headers: Headers, http_version: str = "1.1"
    ) -> None:
        self._turn = turn
        self._status, self._reason, self.headers, self._version = status, reason, headers, http_version
        self._announced = content_length(headers) if may_have_body(method, status) else 0
        self._pieces: list[bytes] = []
        self.over = False
        turn.stream(self.settle)

    @property
    def drain(self) -> tuple[float, int]:
        """For how many seconds, and bytes, to read on when the client stops early."""
        if self._announced is not None:
            return FINITE_DRAIN
        return NO_DRAIN if media_type(self.headers) == "text/event-stream" else OPEN_DRAIN

    @property
    def whole(self) -> bool:
        """Whether as much of the body has come as was announced."""
        return self._announced is not None and sum(map(len, self._pieces)) == self._announced

    def feed(self, piece: bytes) -> None:
        """Take what the client is about to be given."""
        if piece and not self.over:
            self._pieces.append(bytes(piece))

    def finish(self, trailers: Headers | None = None) -> None:
        """The body has come to its end."""
        self._end(trailers, incomplete=False)

    def cut(self, failure: Failure | None = None) -> None:
        """No more of the body will come; it is whole all the same if it is as long as it was to be. ``failure``: what
        the client sees in place of the rest."""
        self._end(None, incomplete=not self.whole, failure=failure)

    def drop(self) -> None:
        """Keep nothing: the client saw something that no replay could show."""
        self.over = True
        self._turn.drop()

    def give_up(self) -> None:
        """The program was cancelled, or interrupted, while it waited for more of the body. That is how an event stream
        is left, which is kept as far as it went; of any other response nothing is."""
        if media_type(self.headers) == "text/event-stream":
            self.cut()
        else:
            self.drop()

    def settle(self) -> None:
        """The cassette closes: what has come is what there is."""
        self.cut()

    def _end(self, trailers: Headers | None, *, incomplete: bool, failure: Failure | None = None) -> None:
        if self.over:
            return
        self.over = True
        keep = keeps_pieces(self.headers, self._version)
        response = Response.of(
            self._status,
            self._reason,
            self.headers,
            b"".join(self._pieces),
            http_version=self._version,
            chunks=[len(piece) for piece in self._pieces] if keep else (),
            trailers=trailers,
            incomplete=incomplete,
        )
        self._turn.fail(failure if incomplete else None, response)
