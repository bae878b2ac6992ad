"""Room: the clients of the demo, a file for each family. It knows no cassette.

Each is a function: it is given the server's URL, makes a few requests, and returns all that it saw: that is compared.
It must read no proxy and no other setting from the environment: a demo talks to this machine only.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple

from ...patch import supported

TIMEOUT = 10
BODY = b'{"name": "demo"}'


class Client(NamedTuple):
    """One row of the demo. ``client``: as ``vcr.clients()`` names what it runs with."""

    name: str
    run: Callable[[str], Any]
    client: str

    @property
    def version(self) -> str | None:
        """The version that is installed; None when there is none."""
        return supported()[self.client].version


def _entries() -> list[Client]:
    files = [importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
    return [client for file in files for client in file.CLIENTS]


#: One that is not installed is shown as such.
CLIENTS: list[Client] = _entries()
