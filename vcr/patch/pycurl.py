"""What is replaced in pycurl: the methods of its two classes, which are written in C.

Python cannot set an attribute of such a class, so the methods are replaced in the dictionary of the class itself. A
program finds them there however, and however early, it came by ``pycurl.Curl``. (CPython only, as pycurl is.)
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from .client import Client
from .replace import Replacement

CLIENTS = (Client("pycurl", "pycurl", "pycurl", "7.45.7 to 7.49"),)
MODULES = ("pycurl",)


class _Methods:
    """The dictionary of a class written in C, as an object whose attributes can be replaced."""

    __slots__ = ("__dict__", "_cls")
    _cls: type

    def __init__(self, cls: type) -> None:
        object.__setattr__(self, "_cls", cls)
        # A class shows its dictionary through a read-only view; this is what the view is of.
        object.__setattr__(self, "__dict__", gc.get_referents(cls.__dict__)[0])

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        # The interpreter remembers what it has found in a class until it is told that the class has changed.
        ctypes.pythonapi.PyType_Modified(ctypes.py_object(self._cls))


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """Everything that tells about a request, or makes it."""
    from ..stubs.pycurl import Handles

    handles = Handles()
    for cls, names in ((module.Curl, Handles.CURL), (module.CurlMulti, Handles.MULTI)):
        owner = _Methods(cls)
        for name in names:
            yield Replacement(owner, name, handles.method(getattr(cls, name), getattr(handles, name)))
