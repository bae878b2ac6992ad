"""The stubs of requests' connections, which are urllib3's, under the names that VCR.py's users import."""

from . import VCRHTTPConnection, VCRHTTPSConnection
from .urllib3_stubs import VCRRequestsHTTPConnection, VCRRequestsHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]
