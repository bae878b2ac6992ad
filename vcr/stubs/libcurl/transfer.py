"""One transfer of libcurl: a request, and the requests that redirects lead to. It must not know pycurl or curl_cffi.

libcurl follows redirects itself, in one transfer. Each request of a transfer is a *hop*, and an interaction. In a live
transfer the turn of the next hop is taken when the head of a redirect has come, before libcurl sends the next request.
"""

from __future__ import annotations

from collections.abc import Callable

from ..._engine.cassette import Cassette, Turn
from ..._http.fields import asks_for_upgrade
from ...errors import UnsupportedClientError
from ...request import Headers, Request
from ..upgrade import let_upgrade
from . import redirects
from .abi import Opt
from .handle import Handle
from .redirects import Hop
from .request import Reader, Upload, headers_of, request_of, upload_of, uri_of


def start(handle: Handle, client: type, reads: Callable[[Reader], Reader] = lambda read: read) -> Transfer | None:
    """Start a transfer; None when it belongs to no cassette. ``client``: the class of the easy handle. ``reads``: see
    ``upload_of``. Raises a refusal, and UnsupportedClientError."""
    cassette = handle.cassette(client)
    if cassette is None:
        return None
    _check(handle, client)
    headers = headers_of(handle)
    if asks_for_upgrade(headers):
        let_upgrade(cassette, uri_of(handle.url), headers["Upgrade"])
        return None
    upload = upload_of(handle, reads)
    return Transfer(handle, cassette, client, Hop(request_of(handle, upload), handle.kind), upload)


def _check(handle: Handle, client: type) -> None:
    """Raise UnsupportedClientError for what can be neither recorded nor replayed."""
    if not handle.known:
        raise UnsupportedClientError(
            f"this {client.__module__}.{client.__qualname__} was made before the cassette was opened, and libcurl "
            "does not tell what options it was given; make it inside the cassette, or reset() it there and set "
            "its options anew"
        )
    if handle.options.get(Opt.CONNECT_ONLY):
        raise UnsupportedClientError("CONNECT_ONLY: what is sent over a bare connection cannot be recorded")
    if handle.options.get(Opt.HTTPPOST) or handle.options.get(Opt.MIMEPOST):
        raise UnsupportedClientError(
            "libcurl makes a multipart body up while it sends it, so inside a cassette it can be neither compared "
            "nor recorded; encode the form yourself, and hand the bytes over (POSTFIELDS, data=)"
        )


class Transfer:
    """One ``perform``, hop by hop.

    ``turn``: of the present hop. ``followed``: status and URI of each redirect so far. ``upload``: the body of the
    request, if a callback gave it, so that libcurl can read it again. ``is_one_play``: whether all responses of the
    transfer count as one play of the cassette.
    """

    def __init__(self, handle: Handle, cassette: Cassette, client: type, hop: Hop, upload: Upload | None) -> None:
        self.handle = handle
        self.upload = upload
        self.followed: list[tuple[int, str]] = []
        self.is_one_play = False
        self._cassette, self._client, self._hop = cassette, client, hop
        handle.info = None
        self.turn = cassette.begin(hop.request)

    @property
    def request(self) -> Request:
        """The request of the present hop."""
        return self._hop.request

    @property
    def is_live(self) -> bool:
        """Whether the present hop goes to the server."""
        return self.turn.response is None

    @property
    def is_out_of_redirects(self) -> bool:
        """Whether libcurl has followed as many redirects as it may."""
        return redirects.is_last(self.handle, len(self.followed))

    def next_hop(self, status: int, headers: Headers) -> Hop | None:
        """The request that libcurl makes after a response with this status and these headers; None when it makes
        none."""
        first_uri = self.followed[0][1] if self.followed else self.request.uri
        return redirects.next_hop(self.handle, self._hop, first_uri, status, headers)

    def go_on(self, status: int, hop: Hop) -> None:
        """Follow a redirect, and take the turn of the request that follows. Raises a refusal."""
        self.followed.append((status, self.request.uri))
        self._hop = hop
        if self._cassette.passes_by(hop.request.host or "", self._client.__mro__):
            self.turn = Turn(None, None)
            return
        self.turn = self._cassette.begin(hop.request)
        if self.is_one_play:
            self.turn.follow()
