"""Room: urllib3's mapping of header fields, under Betamax's name."""

from urllib3._collections import HTTPHeaderDict

__all__ = ["HTTPHeaderDict"]
