"""Calls the hooks of a program, and checks what they return before it is kept. It must not know a cassette or a file.

A value that VCR.py refuses, or that could not be read again, is an error that names the hook and the value. A value
that VCR.py stores but cannot replay is stored, with a warning: there are test suites with such hooks.
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
    """Wrap a ``before_record_request`` hook. A false value (None, False) drops the request, as in VCR.py."""

    def run(request: Request) -> Request | None:
        new = hook(request)
        if not new:
            return None
        if isinstance(request, Request):  # (a test may call the hook with an object of its own)
            _check_request("before_record_request", hook, new)
        return new  # type: ignore[no-any-return]

    return run


def responses(hooks: Iterable[Hook]) -> Iterable[ResponseFilter]:
    """Make one filter of the ``before_record_response`` hooks; what the last hook returns is checked."""
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
    """Wrap a hook of ``option``: ``before_save_interaction`` or ``after_load_interaction``. A hook that takes three
    arguments is given the cassette, too."""
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
    """One function that calls the functions of ``chain`` in order, until one drops the interaction; None for an empty
    chain."""
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
        raise TypeError(what)  # VCR.py cannot read such a file, either
    warn(what)


#: Types of a body that a file can hold, and that are read as text.
_READ_AS_TEXT = (int, float, date, list, tuple)


def _body(response: ResponseDict) -> object:
    body = response["body"]
    return body["string"] if isinstance(body, Mapping) else body


def _shown(value: object) -> str:
    return f"a {type(value).__name__}: {reprlib.repr(value)}"
