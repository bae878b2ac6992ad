"""The decorator ``use_cassette``: it gives each call of a function a new session, which is recorded. It must not know
how a session is recorded.
"""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import Callable, Mapping
from typing import TypeVar

import requests

from . import recorder

Returned = TypeVar("Returned")


def use_cassette(
    cassette_name: str,
    cassette_library_dir: str | None = None,
    default_cassette_options: Mapping[str, object] | None = None,
    **use_cassette_kwargs: object,
) -> Callable[[Callable[..., Returned]], Callable[..., Returned]]:
    """Call the function with a new session as its first argument, or, if it is a method, after ``self``.

    The session records into this cassette, or replays from it. The other arguments are those of ``Betamax`` and of
    ``Betamax.use_cassette``. The decorated function has a signature without the session, so that pytest takes only the
    other parameters for fixtures.
    """

    def decorate(function: Callable[..., Returned]) -> Callable[..., Returned]:
        signature = inspect.signature(function)
        parameters = list(signature.parameters.values())
        is_method = bool(parameters) and parameters[0].name in ("self", "cls")

        @functools.wraps(function)
        def with_session(*args: object, **kwargs: object) -> Returned:
            place = int(is_method or bool(args and isinstance(args[0], unittest.TestCase)))
            with requests.Session() as session:
                made = recorder.Betamax(
                    session=session,
                    cassette_library_dir=cassette_library_dir,
                    default_cassette_options=default_cassette_options or {},
                )
                with made.use_cassette(cassette_name, **use_cassette_kwargs):
                    return function(*args[:place], session, *args[place:], **kwargs)

        del parameters[int(is_method) : int(is_method) + 1]
        with_session.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return with_session

    return decorate
