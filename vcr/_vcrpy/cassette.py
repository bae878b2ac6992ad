"""VCR.py's names in ``vcr.cassette``, for programs that ask whether something is what ``use_cassette`` returns."""

from .._context import CassetteContextDecorator

__all__ = ["CassetteContextDecorator"]
