"""Calls the hooks of a program, and looks at what they return before anything is kept of it. It must not know a
cassette or a file.

What VCR.py refuses, and what no recorder could read again, is an error that names the hook and what it returned. What
VCR.py stores and nobody can replay is stored too, with a warning that says so: such a hook is in the suites of today.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from ._engine.pipeline import InteractionFilter, RequestFilter, ResponseFilter
from .errors import warn
from .request import Request
from .response import Response, ResponseDict

Hook = Callable[..., Any]
Pair = tuple[Request, ResponseDict]


def requests(hook: Hook) -> RequestFilter:
    """``before_record_request``: what is false (None, False, nothing at all) drops the request."""

    def run(request: Request) -> Request | None:
        new = hook(request)
        if not new:
            return None
        if isinstance(request, Request):  # (a test may call the hook by hand, with a stand-in)
            _check_request("before_record_request", hook, new)
        return new  # type: ignore[no-any-return]

    return run


def responses(hooks: Iterable[Hook]) -> Iterable[ResponseFilter]:
    """``before_record_response``: the functions one after the other, checked when the last has returned."""
    chain = tuple(hooks)

    def run(response: ResponseDict) -> ResponseDict | None:
        before = Response(response).fault
        new, hook = response, chain[0]
        for hook in chain:
            new = hook(new)
            if new is None:
                return None
        if before is None:
            _check_response("before_record_response", hook, new)
        return new

    if chain:
        yield run


def interactions(option: str, hook: Hook) -> InteractionFilter:
    """``before_save_interaction`` and ``after_load_interaction``: called with the cassette where a hook takes three
    arguments."""
    with_cassette = _takes_three(hook)

    def run(request: Request, response: ResponseDict, cassette: object) -> Pair | None:
        before = Response(response).fault
        pair = hook(request, response, cassette) if with_cassette else hook(request, response)
        if pair is None:
            return None
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            kind = type(pair).__name__
            raise TypeError(f"Interaction hook {_name(hook)} must return (request, response) or None, not {kind}")
        _check_request(option, hook, pair[0])
        if before is None:
            _check_response(option, hook, pair[1])
        return pair[0], pair[1]

    return run


def in_turn(chain: Iterable[InteractionFilter]) -> InteractionFilter | None:
    """The functions one after the other, until one drops the interaction; None when there are none."""
    filters = tuple(chain)
    if not filters:
        return None

    def run(request: Request, response: ResponseDict, cassette: Any) -> Pair | None:
        for function in filters:
            pair = function(request, response, cassette)
            if pair is None:
                return None
            request, response = pair
        return request, response

    return run


def _takes_three(hook: Hook) -> bool:
    import inspect

    try:
        inspect.signature(hook).bind(None, None, None)
    except (TypeError, ValueError):  # ValueError: Python does not know the signature of some functions in C
        return False
    return True


def _name(hook: Hook) -> str:
    name: str | None = getattr(hook, "__name__", None)
    return name or reprlib.repr(hook)


def _check_request(option: str, hook: Hook, new: object) -> None:
    if not all(hasattr(new, name) for name in ("method", "uri", "headers", "body")):
        raise TypeError(f"{option}: {_name(hook)} must return a request or None, not {_shown(new)}")


def _check_response(option: str, hook: Hook, new: ResponseDict) -> None:
    fault = Response(new).fault
    is_body = fault is not None and fault.startswith("its body is")
    if fault is None or (is_body and isinstance(_body(new), _READ_AS_TEXT)):
        return
    what = f"{option}: what {_name(hook)} returned cannot be replayed: {fault}. It returned {_shown(new)}"
    if is_body:
        raise TypeError(what)  # VCR.py's next run could not read the file, either.
    warn(what)


#: Bodies that the file holds as they are, and that are text when it is read.
_READ_AS_TEXT = (int, float, date, list, tuple)


def _body(response: ResponseDict) -> object:
    body = response["body"]
    return body["string"] if isinstance(body, Mapping) else body


def _shown(value: object) -> str:
    return f"a {type(value).__name__}: {reprlib.repr(value)}"
