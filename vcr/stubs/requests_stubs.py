"""VCR.py's names for the stubs of requests' connections, which are urllib3's."""

from .urllib3_stubs import VCRHTTPConnection, VCRHTTPSConnection, VCRRequestsHTTPConnection, VCRRequestsHTTPSConnection

__all__ = ["VCRHTTPConnection", "VCRHTTPSConnection", "VCRRequestsHTTPConnection", "VCRRequestsHTTPSConnection"]
