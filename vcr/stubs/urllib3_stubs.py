"""VCR.py's names for the stubs of urllib3's connections. This package itself does not need them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from . import VCRHTTPConnection, VCRHTTPSConnection

_connection = import_module("urllib3.connection")
HTTPConnection = _connection.HTTPConnection
VerifiedHTTPSConnection = _connection.HTTPSConnection
HTTPHeaderDict = import_module("urllib3._collections").HTTPHeaderDict


class VCRRequestsHTTPConnection(VCRHTTPConnection):
    """A stub of urllib3's ``HTTPConnection``."""

    _baseclass = HTTPConnection


class VCRRequestsHTTPSConnection(VCRHTTPSConnection):
    """A stub of urllib3's ``HTTPSConnection``."""

    _baseclass = VerifiedHTTPSConnection


if find_spec("socks"):
    _socks = import_module("urllib3.contrib.socks")

    class VCRRequestsSOCKSConnection(VCRHTTPConnection):
        """A stub of urllib3's ``SOCKSConnection``."""

        _baseclass = _socks.SOCKSConnection

    class VCRRequestsSOCKSHTTPSConnection(VCRHTTPSConnection):
        """A stub of urllib3's ``SOCKSHTTPSConnection``."""

        _baseclass = _socks.SOCKSHTTPSConnection
