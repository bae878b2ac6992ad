"""VCR.py's names for the stubs of requests' connections, which are those of urllib3. This package itself does not need
them."""

from . import VCRHTTPConnection, VCRHTTPSConnection
from .urllib3_stubs import VCRRequestsHTTPConnection, VCRRequestsHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]
