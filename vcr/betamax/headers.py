"""urllib3's mapping of header fields, at the path that it has in Betamax."""

from urllib3._collections import HTTPHeaderDict

__all__ = ["HTTPHeaderDict"]
