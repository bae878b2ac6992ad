"""What is replaced in curl_cffi: the methods that tell a handle about a request or make it, and two methods of a
session.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from .. import active
from ..errors import UnsupportedClientError
from .client import Client
from .replace import Replacement

CLIENTS = (Client("curl_cffi", "curl_cffi", "curl_cffi", "0.15 to 0.16"),)
MODULES = ("curl_cffi",)


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The methods of a handle, ``AsyncCurl.add_handle``, and what a session does before a request and after it."""
    session, curl = module.requests.session, module.Curl
    if not hasattr(session.Response, "_finalize_stream"):
        # Before 0.15, which brought this, a session waits for ever for a stream that is there at once.
        yield Replacement(curl, "perform", _refusing(curl.perform, module.__version__))
        yield Replacement(module.AsyncCurl, "add_handle", _refusing(module.AsyncCurl.add_handle, module.__version__))
        return
    from ..stubs.curl_cffi import Handles, door

    handles = Handles()
    for owner, name, new in (
        (curl, "__init__", handles.init),
        (curl, "setopt", handles.setopt),
        (curl, "reset", handles.reset),
        (curl, "duphandle", handles.duphandle),
        (curl, "perform", handles.perform),
        (curl, "getinfo", handles.getinfo),
        (module.AsyncCurl, "add_handle", handles.add_handle),
        (session, "set_curl_options", handles.set_curl_options),
        (session.BaseSession, "_parse_response", handles.parse_response),
        (session.Response, "_finalize_stream", handles.leave),
        (session.Response, "aclose", handles.leave),
    ):
        yield Replacement(owner, name, door(getattr(owner, name), new))


def _refusing(original: Callable[..., Any], version: str) -> Callable[..., Any]:
    """``original`` outside of any cassette; inside one, the request would escape it."""

    @functools.wraps(original)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        if active.current() is not None:
            raise UnsupportedClientError(
                f"curl_cffi {version} cannot be recorded, so its requests would escape the cassette; "
                "use curl_cffi 0.15 or later"
            )
        return original(*args, **kwargs)

    return refuse
