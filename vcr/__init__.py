"""vcr: records the HTTP traffic of any Python program to a cassette file and replays it."""

from __future__ import annotations

import logging

from ._active import carry, outside
from .cassette import Cassette
from .config import VCR
from .network import block_network
from .patch import clients
from .record_mode import RecordMode
from .request import Request

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
    "use_cassette",
]

# A library leaves it to the program whether its messages are shown.
logging.getLogger("vcr").addHandler(logging.NullHandler())

#: ``vcr.mode.ONCE`` …, as VCR.py names it.
mode = RecordMode

#: The VCR behind ``vcr.use_cassette``.
default_vcr = VCR()
use_cassette = default_vcr.use_cassette
recover = default_vcr.recover
