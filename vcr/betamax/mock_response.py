"""An object in the place of ``http.client``'s response, from which requests reads the cookies of a response that was
made by hand. It must not know a cassette.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.message import Message


class MockHTTPResponse:
    """A response that has nothing but header fields (``msg``). ``headers``: urllib3's ``HTTPHeaderDict``."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.msg = Message()
        for name, value in headers.items():
            self.msg[name] = value
        self._closed = False

    def isclosed(self) -> bool:
        """Whether the response has been closed."""
        return self._closed

    def close(self) -> None:
        """Close the response."""
        self._closed = True
