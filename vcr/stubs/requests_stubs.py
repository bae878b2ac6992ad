"""VCR.py's names for the stubs of requests' connections, which are urllib3's."""

from . import VCRHTTPConnection, VCRHTTPSConnection
from .urllib3_stubs import VCRRequestsHTTPConnection, VCRRequestsHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]
