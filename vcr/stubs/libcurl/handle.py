"""The options that an easy handle was given. libcurl does not tell them, so they are noted when they are set. This file
must not know what a request is.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ... import _active
from ..._engine.cassette import Cassette
from ..._http.uri import DEFAULT_PORTS
from ..exchange import cassette_for
from ..upgrade import let_upgrade
from .abi import Opt

#: The kind of request that an option asks for when it is set to something true, and to something false. The option
#: that is set last counts.
_KINDS = {
    Opt.HTTPGET: ("GET", None),
    Opt.POST: ("POST", "GET"),
    Opt.UPLOAD: ("PUT", "GET"),
    Opt.PUT: ("PUT", "GET"),
    Opt.NOBODY: ("HEAD", "GET"),
    Opt.POSTFIELDS: ("POST", "POST"),
    Opt.COPYPOSTFIELDS: ("POST", "POST"),
    Opt.HTTPPOST: ("POST", "POST"),
    Opt.MIMEPOST: ("POST", None),
}
#: Options of which the one that is set last counts.
_ALTERNATIVES: dict[int, int] = {
    one: other
    for pair in (
        (Opt.WRITEDATA, Opt.WRITEFUNCTION),
        (Opt.HEADERDATA, Opt.HEADERFUNCTION),
        (Opt.READDATA, Opt.READFUNCTION),
    )
    for one, other in (pair, pair[::-1])
}
_COOKIE_ENGINE = (Opt.COOKIEFILE, Opt.COOKIEJAR, Opt.COOKIELIST)


class Handle:
    """What is known of one easy handle.

    ``known``: whether ``options`` are all options that it was given; False for a handle that was made before vcr
    listened, of which only its ``url`` is known. ``kind``: the method that the options ask for, before CUSTOMREQUEST.
    ``info``: the answers to ``getinfo``, if the last transfer was a replay. ``context``: the context in which the URL
    was set. ``given``: the names of the header fields to record; None: all.
    """

    def __init__(self, *, known: bool = True, url: str | bytes = "") -> None:
        self.known = known
        self.options: dict[int, Any] = {Opt.URL: url}
        self.kind = "GET"
        self.has_cookies = False
        self.info: dict[int, object] | None = None
        self.context: contextvars.Context | None = None
        self.given: frozenset[str] | None = None

    def note(self, option: int, value: Any) -> None:
        """An option has been set."""
        option = int(option)
        if option == Opt.URL:
            self.context = contextvars.copy_context()
        if option in _COOKIE_ENGINE:
            self.has_cookies = True
        if option in _KINDS:
            on, off = _KINDS[Opt(option)]
            if option != Opt.NOBODY or value or self.kind == "HEAD":
                self.kind = (on if value else off) or self.kind
        self.options.pop(_ALTERNATIVES.get(option, -1), None)
        if option == Opt.HTTPHEADER and not isinstance(value, (list, tuple)):
            value = list(value)
        self.options[option] = value

    def forget(self, option: int) -> None:
        """An option has been unset."""
        self.options.pop(int(option), None)

    def reset(self) -> None:
        """All options have been unset, so from here on all are known. The cookies stay, as in libcurl."""
        self.known, self.kind, self.info, self.context = True, "GET", None, None
        self.options.clear()

    def copy(self) -> Handle:
        """What is known of a duplicate of the easy handle."""
        other = Handle(known=self.known)
        other.options, other.kind, other.has_cookies = dict(self.options), self.kind, self.has_cookies
        other.context = self.context
        return other

    def sink(self, function: Opt, data: Opt) -> Callable[[bytes], object] | None:
        """The callback for a part of the response: the option ``function``, or ``write`` of the file in ``data``."""
        found: Callable[[bytes], object] | None = self.options.get(function)
        return found or getattr(self.options.get(data), "write", None)

    def text(self, option: Opt) -> str:
        """The value of an option, as text; empty when the option is not set."""
        value = self.options.get(option)
        return value.decode("latin-1") if isinstance(value, bytes) else str(value or "")

    def number(self, option: Opt, default: int = 0) -> int:
        """The value of an option, as a number."""
        return int(self.options.get(option, default) or 0)

    @property
    def url(self) -> SplitResult:
        """The URL, taken apart; ``http`` when no scheme was given."""
        value = self.options.get(Opt.URL) or ""
        text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
        return urlsplit(text if "://" in text or not text else f"http://{text}")

    def cassette(self, client: type) -> Cassette | None:
        """The cassette that a transfer started now belongs to."""
        url = self.url
        is_websocket = url.scheme in ("ws", "wss")
        if not url.hostname or not (is_websocket or url.scheme in DEFAULT_PORTS):
            return None
        if self.context is None or _active.entered_here():
            cassette = cassette_for(url.hostname, client)
        else:  # A transfer may run in a thread of a pool: what counts is where the URL was set.
            cassette = self.context.copy().run(cassette_for, url.hostname, client)
        if is_websocket and cassette is not None:
            let_upgrade(cassette, url.geturl(), "websocket")
            return None
        return cassette
