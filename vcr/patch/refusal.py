"""Refuses the requests of a client that vcr cannot patch, so that none escapes a cassette. It knows no client."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator

from ..errors import UnsupportedClientError
from ..stubs.exchange import cassette_for
from .replace import Replacement, class_in, writable


def refusals(module: object, package: str, entrances: Iterable[str], reason: str) -> Iterator[Replacement]:
    """A door for each of the ``entrances`` that exists: inside a cassette a request is refused, outside it passes.

    ``package``: of the client. ``entrances``: dotted names of methods in ``module``. ``reason``: why the client cannot
    be recorded. A class that is not the client's own, such as a test's stand-in, is left alone.
    """
    for path in entrances:
        owner, _, name = path.rpartition(".")
        try:
            cls = class_in(module, owner)
            original = getattr(cls, name)
        except Exception:  # noqa: BLE001  (a stand-in may raise anything: there is no such entrance)
            continue
        if cls.__module__.partition(".")[0] == package:
            yield Replacement(writable(cls), name, _refusing(original, reason))


def _refusing(original: Callable[..., object], reason: str) -> Callable[..., object]:
    @functools.wraps(original)
    def refuse(self: object, *args: object, **kwargs: object) -> object:
        if cassette_for("", type(self)) is not None:
            raise UnsupportedClientError(
                f"{reason}, so its requests would escape the cassette; use a version that vcr supports "
                "(vcr.clients() lists them), or let them pass with skip_patchers"
            )
        return original(self, *args, **kwargs)

    return refuse
