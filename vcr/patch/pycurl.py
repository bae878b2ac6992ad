"""What is replaced in pycurl: the methods of its two classes, which are written in C.

Python cannot set an attribute of such a class, so the methods are replaced in the dictionary of the class itself. A
program finds them there however, and however early, it came by ``pycurl.Curl``. (CPython only, as pycurl is.)

A proxy in the place of the module, such as pytest-recording's, changes nothing: the classes behind it are the same.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from types import ModuleType
from typing import TYPE_CHECKING

from .client import Client
from .replace import Replacement, writable

if TYPE_CHECKING:
    from ..stubs.pycurl import Handles

CLIENTS = (Client("pycurl", "pycurl", "pycurl", "7.45.7 to 7.49"),)
MODULES = {"pycurl": ("Curl.perform", "CurlMulti.add_handle")}


def replacements(_: ModuleType) -> Iterable[Replacement]:
    """Everything that makes a request, or tells about its answer."""
    from ..stubs import pycurl as stub

    _listen()
    handles = stub.Handles()
    yield from _doors(stub.Curl, handles, handles.TRANSFER)
    yield from _doors(stub.CurlMulti, handles, handles.MULTI)


@functools.cache
def _listen() -> None:
    """Hear of every handle's options, from the first cassette on and for good.

    A handle that was made between two cassettes may be used in the second, and libcurl tells nobody what options it was
    given. To find out at each opening which handles there are, one would have to look at all objects of the process.
    """
    from ..stubs import pycurl as stub

    handles = stub.Handles()
    doors = list(_doors(stub.Curl, handles, handles.OPTIONS))
    handles.meet()
    for replacement in doors:
        replacement.apply()


def _doors(cls: type, handles: Handles, names: Iterable[str]) -> Iterable[Replacement]:
    for name in names:
        yield Replacement(writable(cls), name, handles.method(getattr(cls, name), getattr(handles, name)))
