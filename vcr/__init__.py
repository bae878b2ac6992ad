"""vcr: records the HTTP traffic of any Python program to a cassette file and replays it.

A module of this package is imported when a program first asks for a name of it. So ``import vcr`` takes little time:
pytest imports this package in every run, also where no test uses a cassette.

PYTEST_DONT_REWRITE: pytest looks for this word, and leaves the ``assert`` statements of this module alone.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import sanitize
    from ._active import carry, outside
    from .cassette import Cassette
    from .config import VCR, default_vcr
    from .network import block_network
    from .patch import clients
    from .record_mode import RecordMode
    from .request import Request

    mode = RecordMode
    use_cassette = default_vcr.use_cassette
    recover = default_vcr.recover

__version__ = "10.0.0"
__all__ = [
    "VCR",
    "Cassette",
    "RecordMode",
    "Request",
    "__version__",
    "block_network",
    "carry",
    "clients",
    "default_vcr",
    "mode",
    "outside",
    "recover",
    "sanitize",
    "use_cassette",
]

# A library leaves it to the program whether its messages are shown.
logging.getLogger("vcr").addHandler(logging.NullHandler())

if not TYPE_CHECKING:
    #: For each public name the module that defines it, and its name there.
    _HOMES = {
        "VCR": ("config", "VCR"),
        "Cassette": ("cassette", "Cassette"),
        "RecordMode": ("record_mode", "RecordMode"),
        "Request": ("request", "Request"),
        "block_network": ("network", "block_network"),
        "carry": ("_active", "carry"),
        "clients": ("patch", "clients"),
        "default_vcr": ("config", "default_vcr"),
        # ``vcr.mode.ONCE`` …, as VCR.py names it.
        "mode": ("record_mode", "RecordMode"),
        "outside": ("_active", "outside"),
        "recover": ("config", "default_vcr.recover"),
        "use_cassette": ("config", "default_vcr.use_cassette"),
    }

    def __getattr__(name):
        """Return what ``vcr.<name>`` means: one of the names above, or a module of this package, as in VCR.py.

        Raises AttributeError for any other name.
        """
        from importlib import import_module
        from operator import attrgetter

        home, path = _HOMES.get(name, (name, ""))
        missing = AttributeError(f"module 'vcr' has no attribute {name!r}", name=name, obj=None)
        if name.startswith("__"):
            raise missing
        try:
            module = import_module(f"{__name__}.{home}")
        except ModuleNotFoundError as error:
            if error.name != f"{__name__}.{name}":
                raise
            raise missing from None
        globals()[name] = found = attrgetter(path)(module) if path else module
        return found

    def __dir__():
        """Every public name."""
        return sorted({*globals(), *__all__})
