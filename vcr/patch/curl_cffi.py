"""What is replaced in curl_cffi: the methods of an easy handle that set its options and make a request, those of a
session that prepare a request and parse its response, and those that end a stream.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from .client import Client
from .replace import Replacement, class_in

CLIENTS = (Client("curl_cffi", "curl_cffi", "curl_cffi", "0.15 to 0.17"),)
MODULES = {"curl_cffi": ("Curl.perform", "AsyncCurl.add_handle")}


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The doors for the methods of a handle, of ``AsyncCurl``, of a session, and of its response."""
    curl, multi = class_in(module, "Curl"), class_in(module, "AsyncCurl")
    session = module.requests.session
    response = class_in(session, "Response")
    # Raises AttributeError before 0.15: those versions wait for ever for a stream that a replay gives at once.
    response._finalize_stream  # noqa: B018
    from ..stubs.curl_cffi import Handles, door, request_door

    handles = Handles()
    requesting = class_in(session, "AsyncSession")
    yield Replacement(requesting, "request", request_door(requesting.request))
    for owner, name, new in (
        (curl, "__init__", handles.init),
        (curl, "setopt", handles.setopt),
        (curl, "reset", handles.reset),
        (curl, "duphandle", handles.duphandle),
        (curl, "perform", handles.perform),
        (curl, "getinfo", handles.getinfo),
        (curl, "clean_handles_and_buffers", handles.clean),
        (multi, "add_handle", handles.add_handle),
        (session, "set_curl_options", handles.set_curl_options),
        (class_in(session, "BaseSession"), "_parse_response", handles.parse_response),
        (response, "_finalize_stream", handles.leave),
        (response, "aclose", handles.leave),
    ):
        yield Replacement(owner, name, door(getattr(owner, name), new))
