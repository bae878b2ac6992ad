"""What is replaced in pycurl: the methods of its two classes, which are written in C.

Python cannot set an attribute of such a class, so the methods are replaced in the dictionary of the class. So it does
not matter when and from where a program has imported ``pycurl.Curl``, nor that a proxy may stand for the module
(pytest-recording has one). This works with CPython only, as pycurl does.
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
    """The doors for the methods that make a request, or tell about its response."""
    from ..stubs import pycurl as stub

    _note_options()
    handles = stub.Handles()
    yield from _doors(stub.Curl, handles, handles.TRANSFER)
    yield from _doors(stub.CurlMulti, handles, handles.MULTI)


@functools.cache
def _note_options() -> None:
    """Note the options of every handle, from the first cassette on until the process ends.

    A handle that was made between two cassettes may be used in the second, and libcurl does not tell which options a
    handle has. To find the handles, vcr has to look at all objects of the process: it does so once.
    """
    from ..stubs import pycurl as stub

    handles = stub.Handles()
    doors = list(_doors(stub.Curl, handles, handles.OPTIONS))
    handles.mark_existing()
    for replacement in doors:
        replacement.apply()


def _doors(cls: type, handles: Handles, names: Iterable[str]) -> Iterable[Replacement]:
    for name in names:
        yield Replacement(writable(cls), name, handles.method(getattr(cls, name), getattr(handles, name)))
