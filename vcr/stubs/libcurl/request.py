"""The request that libcurl makes of the options of a handle. This file must not know a cassette or a response."""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import SplitResult, unquote

from ..._http import uri as uris
from ...errors import UnsupportedClientError
from ...request import Headers, Request, header_name
from .abi import AUTH_BASIC, Opt
from .handle import Handle

#: What a read callback returns: at most as many bytes, or as much text, as it is asked for; nothing at the end; a
#: number to pause or to abort.
Read = bytes | bytearray | str | int | None
Reader = Callable[[int], Read]

#: Options that become a header field, in the order in which libcurl writes them.
_FIELDS = {
    Opt.RANGE: ("Range", "bytes={}"),
    Opt.RESUME_FROM: ("Range", "bytes={}-"),
    Opt.RESUME_FROM_LARGE: ("Range", "bytes={}-"),
    Opt.USERAGENT: ("User-Agent", "{}"),
    Opt.ACCEPT_ENCODING: ("Accept-Encoding", "{}"),
    Opt.REFERER: ("Referer", "{}"),
    Opt.COOKIE: ("Cookie", "{}"),
}
_SIZES = (Opt.INFILESIZE, Opt.INFILESIZE_LARGE, Opt.POSTFIELDSIZE, Opt.POSTFIELDSIZE_LARGE)
#: How many bytes of a body a read callback is asked for at once.
_PIECE = 65536


class Upload:
    """A request body that a read callback has given, in the pieces in which it came. ``size``: in bytes, if known."""

    def __init__(self, read: Reader, size: int | None) -> None:
        self.pieces: list[bytes] = []
        self._unread: list[bytes] = []
        left = size
        while left is None or left > 0:
            piece = read(_PIECE if left is None else min(left, _PIECE))
            if isinstance(piece, int):
                raise UnsupportedClientError(
                    "a read callback paused or aborted its upload; inside a cassette the body of a request has to be "
                    "there when the request is made: it is recorded, and compared"
                )
            if not piece:
                break
            self.pieces.append(piece.encode() if isinstance(piece, str) else bytes(piece))
            left = None if left is None else left - len(self.pieces[-1])
        self.seek(0)

    def read(self, size: int) -> bytes:
        """A read callback: the next piece, of at most ``size`` bytes."""
        if not self._unread:
            return b""
        piece = self._unread.pop(0)
        if len(piece) > size:
            self._unread.insert(0, piece[size:])
        return piece[:size]

    def seek(self, offset: int, _: int = 0) -> int:
        """A seek callback: go to a place in the body, counted from its beginning. Returns 0: it succeeds."""
        self._unread = list(self.pieces) if offset == 0 else [b"".join(self.pieces)[offset:]]
        return 0


def upload_of(handle: Handle, reads: Callable[[Reader], Reader]) -> Upload | None:
    """The body of the request, if a read callback gives it; otherwise None. ``reads``: wraps a read callback, so that
    it fails as the client has it."""
    is_read = handle.kind == "PUT" or (handle.kind == "POST" and Opt.POSTFIELDS not in handle.options)
    if not is_read or Opt.COPYPOSTFIELDS in handle.options:
        return None
    read = handle.options.get(Opt.READFUNCTION) or getattr(handle.options.get(Opt.READDATA), "read", None)
    if read is None:
        return None
    size = next((handle.options[name] for name in _SIZES if name in handle.options), -1)
    return Upload(reads(read), size if size >= 0 else None)


def request_of(handle: Handle, upload: Upload | None) -> Request:
    """The request, with the header fields that the program asked for."""
    headers = headers_of(handle)
    if handle.given is not None:
        headers = Headers([field for field in headers.pairs() if header_name(field[0]) in handle.given])
    fields = handle.options.get(Opt.COPYPOSTFIELDS) or handle.options.get(Opt.POSTFIELDS)
    body = b"".join(upload.pieces) if upload is not None else fields if handle.kind == "POST" else None
    return Request(handle.text(Opt.CUSTOMREQUEST) or handle.kind, uri_of(handle.url), body or None, headers)


def uri_of(url: SplitResult) -> str:
    """The URI of a request to ``url``: without userinfo, fragment and default port."""
    authority = uris.authority(url.scheme, url.hostname or "", url.port)
    return url._replace(netloc=authority, path=url.path or "/", fragment="").geturl()


def headers_of(handle: Handle) -> Headers:
    """The header fields that the options ask for. A field in HTTPHEADER replaces the same field of another option."""
    given = Headers()
    for line in handle.options.get(Opt.HTTPHEADER) or ():
        text = line.decode("latin-1") if isinstance(line, bytes) else str(line or "")
        name, colon, value = text.partition(":")
        if value.strip():
            given.add(name, value.strip())
        elif not colon and name.endswith(";"):
            given.add(name[:-1], "")
    headers = Headers()
    credentials = _credentials(handle)
    if credentials and handle.number(Opt.HTTPAUTH, AUTH_BASIC) == AUTH_BASIC:
        headers.add("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
    for option, (name, form) in _FIELDS.items():
        if handle.options.get(option):
            headers.add(name, form.format(handle.text(option)))
    return Headers([*(pair for pair in headers.pairs() if pair[0] not in given), *given.pairs()])


def _credentials(handle: Handle) -> str:
    if handle.options.get(Opt.USERNAME):
        return f"{handle.text(Opt.USERNAME)}:{handle.text(Opt.PASSWORD)}"
    url = handle.url
    in_url = f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else ""
    return handle.text(Opt.USERPWD) or in_url
