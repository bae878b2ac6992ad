"""The mapping of header fields of urllib3, under Betamax's name."""

from urllib3._collections import HTTPHeaderDict

__all__ = ["HTTPHeaderDict"]
