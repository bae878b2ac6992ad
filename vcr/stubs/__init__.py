"""The stubs, one module for each kind of client: they turn the client's request into a ``Request`` and a ``Response``
into the client's response.

The classes in this file are those that VCR.py's users derive from and hand to ``custom_patches``. A connection
built on ``http.client`` needs none of them: inside a cassette it becomes a stub of its own class.
"""

from __future__ import annotations

import http.client
from types import new_class
from typing import TYPE_CHECKING, ClassVar

from .._vcrpy import leftovers
from ..errors import CannotOverwriteExistingCassetteException
from ..request import Request
from .connection import StubConnection

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..cassette import Cassette

__all__ = [
    "CannotOverwriteExistingCassetteException",
    "Request",
    "VCRConnection",
    "VCRFakeSocket",
    "VCRHTTPConnection",
    "VCRHTTPResponse",
    "VCRHTTPSConnection",
    "parse_headers",
    "serialize_headers",
]

_OVER = "_vcr_over_baseclass"


class VCRConnection(StubConnection):
    """A stub of the connection class in ``_baseclass``, whatever that class is: subclass this, and set it.

    An instance is a ``_baseclass`` too: its constructor takes what that one's takes. Outside any cassette it is an
    ordinary connection.
    """

    _baseclass: ClassVar[type | None] = None
    #: The cassette for which ``custom_patches`` has put the class in place.
    cassette: ClassVar[Cassette | None] = None

    def __new__(cls, *_: object, **__: object) -> Self:
        """An instance of this class over its ``_baseclass``."""
        new: Self = object.__new__(_over_baseclass(cls))
        return new

    if not TYPE_CHECKING:  # to a type checker the constructor is http.client's

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)

    @property
    def real_connection(self) -> Self:
        """Itself: in VCR.py a stub holds the connection that it stands for, here it is that connection."""
        return self


def _over_baseclass(cls: type[VCRConnection]) -> type:
    if cls._baseclass is None or issubclass(cls, cls._baseclass):
        return cls
    over: type | None = vars(cls).get(_OVER)
    if over is None:
        names = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
        over = new_class(cls.__name__, (cls, cls._baseclass), exec_body=lambda namespace: namespace.update(names))
        setattr(cls, _OVER, over)
    return over


class VCRHTTPConnection(VCRConnection):
    """A stub of ``http.client.HTTPConnection``."""

    _baseclass = http.client.HTTPConnection


class VCRHTTPSConnection(VCRConnection):
    """A stub of ``http.client.HTTPSConnection``."""

    _baseclass = http.client.HTTPSConnection


if TYPE_CHECKING:
    from .._vcrpy.stubs import VCRFakeSocket, VCRHTTPResponse, parse_headers, serialize_headers
else:
    __getattr__ = leftovers("stubs")
