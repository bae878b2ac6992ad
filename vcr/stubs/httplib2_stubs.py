"""VCR.py's names for the stubs of httplib2's connections. This package itself does not need them."""

from __future__ import annotations

from importlib import import_module

from . import VCRHTTPConnection, VCRHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPConnectionWithTimeout", "VCRHTTPSConnection", "VCRHTTPSConnectionWithTimeout"]


class VCRHTTPConnectionWithTimeout(VCRHTTPConnection):
    """A stub of httplib2's ``HTTPConnectionWithTimeout``."""

    _baseclass = import_module("httplib2").HTTPConnectionWithTimeout


class VCRHTTPSConnectionWithTimeout(VCRHTTPSConnection):
    """A stub of httplib2's ``HTTPSConnectionWithTimeout``."""

    _baseclass = import_module("httplib2").HTTPSConnectionWithTimeout
