"""VCR.py's leftovers: names that exist only because programs written for VCR.py import or replace them.

A reader may skip this folder. It has one file for each of VCR.py's modules. The module at VCR.py's path hands on the
names that stand here; it must not use them, and neither must anything else in the package.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from ..errors import warn


def leftovers(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``vcr.<module>``: it finds the names that stand in ``vcr/_vcrpy/<module>.py``.

    A dot in ``module`` is an underscore in the name of the file. The file is imported when a name is first asked for.
    A program that replaces one of the names is warned: nothing in the package uses them.
    """
    sys.modules[f"vcr.{module}"].__class__ = _Watched
    return functools.partial(_find, module)


def _find(module: str, name: str) -> Any:
    if not name.startswith("__"):  # Python's own questions need no import
        found = vars(import_module(f"{__name__}.{module.replace('.', '_')}"))
        if name in found:
            return found[name]
    raise AttributeError(f"module 'vcr.{module}' has no attribute {name!r}")


class _Watched(ModuleType):
    """A module that hands on leftovers."""

    def __setattr__(self, name: str, value: Any) -> None:
        # (A module of a package becomes an attribute of it when it is imported.)
        if name not in vars(self) and not name.startswith("__") and not isinstance(value, ModuleType):
            self._warn_of(name, value)
        super().__setattr__(name, value)

    def _warn_of(self, name: str, value: Any) -> None:
        try:
            there = _find(self.__name__.removeprefix("vcr."), name)
        except AttributeError:
            return  # a new name, which replaces nothing
        if value is not there:
            warn(
                f"Replacing {self.__name__}.{name} has no effect: vcr does not use it. To change what is recorded and "
                "replayed, use before_record_request, before_record_response, a matcher or a serializer."
            )
