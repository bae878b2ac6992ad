"""Room: the stubs of requests' connections, which are urllib3's, under the names that VCR.py's users import."""

from .urllib3_stubs import VCRHTTPConnection, VCRHTTPSConnection, VCRRequestsHTTPConnection, VCRRequestsHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]
