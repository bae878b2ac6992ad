"""The stubs, a module or a folder for each kind of client. A stub makes a ``Request`` of the client's request, and the
client's response of a ``Response``.

The classes in this file are those from which VCR.py's users derive, and which they hand to ``custom_patches``. vcr
itself does not need them: inside a cassette a connection that is built on ``http.client`` becomes a stub of its own
class.
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
    """A stub of the connection class that a subclass names in ``_baseclass``.

    An instance is also an instance of ``_baseclass``, and is made with the same arguments. Outside any cassette it is
    an ordinary connection.
    """

    _baseclass: ClassVar[type | None] = None
    #: The cassette whose ``custom_patches`` have put the class in place.
    cassette: ClassVar[Cassette | None] = None

    def __new__(cls, *_: object, **__: object) -> Self:
        """Make an instance of a class that derives from this class and from its ``_baseclass``."""
        new: Self = object.__new__(_over_baseclass(cls))
        return new

    if not TYPE_CHECKING:  # a type checker sees the constructor of http.client

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)

    @property
    def real_connection(self) -> Self:
        """This object: here a stub is the connection; VCR.py's stub holds another object that is."""
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
