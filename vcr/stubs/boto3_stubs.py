"""VCR.py's names for the stubs of botocore's connections. This package itself does not need them."""

from __future__ import annotations

from importlib import import_module

from . import VCRHTTPConnection, VCRHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]


class VCRRequestsHTTPConnection(VCRHTTPConnection):
    """A stub of botocore's ``AWSHTTPConnection``."""

    _baseclass = import_module("botocore.awsrequest").AWSHTTPConnection


class VCRRequestsHTTPSConnection(VCRHTTPSConnection):
    """A stub of botocore's ``AWSHTTPSConnection``."""

    _baseclass = import_module("botocore.awsrequest").AWSHTTPSConnection
