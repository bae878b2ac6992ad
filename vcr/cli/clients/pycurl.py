"""Room: the demo of pycurl. It knows no cassette."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import Any

from . import BODY, TIMEOUT, Client


def _pycurl(url: str) -> Any:
    pycurl: Any = import_module("pycurl")  # without types of its own

    def ask(path: str, *options: tuple[int, Any]) -> Any:
        head: list[bytes] = []
        pieces: list[bytes] = []
        curl.reset()
        for option, value in (
            (pycurl.URL, url + path),
            (pycurl.PROXY, ""),
            (pycurl.TIMEOUT, TIMEOUT),
            (pycurl.FOLLOWLOCATION, True),
            (pycurl.ACCEPT_ENCODING, ""),
            (pycurl.HEADERFUNCTION, head.append),
            (pycurl.WRITEFUNCTION, pieces.append),
            *options,
        ):
            curl.setopt(option, value)
        curl.perform()
        infos = pycurl.RESPONSE_CODE, pycurl.EFFECTIVE_URL, pycurl.CONTENT_TYPE, pycurl.REDIRECT_COUNT
        return [curl.getinfo(info) for info in infos], head, b"".join(pieces)

    with contextlib.closing(pycurl.Curl()) as curl:
        return [
            ask("/json"),
            ask("/json", (pycurl.POSTFIELDS, BODY)),
            ask("/json", (pycurl.NOBODY, True)),
            ask("/gzip"),
            ask("/redirect"),
            ask("/stream"),
        ]


CLIENTS = (Client("pycurl", _pycurl, "pycurl"),)
