"""The options of an easy handle. libcurl does not tell which options a handle has, so the stubs note each option when
the program sets it. This file must not know what a request is.
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

#: The method for which an option asks when it is set to a true value, and to a false one (None: the method stays). The
#: option that is set last counts.
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
#: Pairs of options that exclude each other: the one that is set last counts.
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

    ``known``: whether ``options`` has all its options. False for a handle that was made before vcr noted options: of
    such a handle only the ``url`` is known. ``kind``: the method for which the options ask; CUSTOMREQUEST may replace
    it. ``info``: the answers to ``getinfo``, if the last transfer was a replay. ``context``: the context in which the
    program set the URL. ``given``: the names of the header fields to record; None: all.
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
        """Note an option that has been set."""
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
        """Forget an option that has been unset."""
        self.options.pop(int(option), None)

    def reset(self) -> None:
        """Forget all options: they have been unset, so from now on all are known. The cookies stay, as in libcurl."""
        self.known, self.kind, self.info, self.context = True, "GET", None, None
        self.options.clear()

    def copy(self) -> Handle:
        """A copy, for a duplicate of the easy handle."""
        other = Handle(known=self.known)
        other.options, other.kind, other.has_cookies = dict(self.options), self.kind, self.has_cookies
        other.context = self.context
        return other

    def sink(self, function: Opt, data: Opt) -> Callable[[bytes], object] | None:
        """The callback that takes a part of the response: the option ``function``, or the method ``write`` of the file
        in the option ``data``; None if neither is set."""
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
        """The URL in its parts. Without a scheme it is ``http``."""
        value = self.options.get(Opt.URL) or ""
        text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)
        return urlsplit(text if "://" in text or not text else f"http://{text}")

    def cassette(self, client: type) -> Cassette | None:
        """The cassette to which a transfer that starts now belongs; None if it belongs to none."""
        url = self.url
        is_websocket = url.scheme in ("ws", "wss")
        if not url.hostname or not (is_websocket or url.scheme in DEFAULT_PORTS):
            return None
        if self.context is None or _active.entered_here():
            cassette = cassette_for(url.hostname, client)
        else:  # The transfer may run in a thread of a pool: the cassette where the URL was set counts.
            cassette = self.context.copy().run(cassette_for, url.hostname, client)
        if is_websocket and cassette is not None:
            let_upgrade(cassette, url.geturl(), "websocket")
            return None
        return cassette
