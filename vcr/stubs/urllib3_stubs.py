"""VCR.py's names for the stubs of urllib3's connections. This package itself does not need them."""

from __future__ import annotations

from importlib import import_module

from . import VCRHTTPConnection, VCRHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]


class VCRRequestsHTTPConnection(VCRHTTPConnection):
    """A stub of urllib3's ``HTTPConnection``."""

    _baseclass = import_module("urllib3.connection").HTTPConnection


class VCRRequestsHTTPSConnection(VCRHTTPSConnection):
    """A stub of urllib3's ``HTTPSConnection``."""

    _baseclass = import_module("urllib3.connection").HTTPSConnection
