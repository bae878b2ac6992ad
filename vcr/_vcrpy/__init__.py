"""VCR.py's leftovers: names that exist only because programs written for VCR.py import or replace them.

A reader may skip this folder. It has one file for each of VCR.py's modules. The module at VCR.py's path hands on the
names that stand here; no module of the package uses them. The modules ``vcr/stubs/*_stubs.py`` are leftovers as a
whole. A program that replaces a leftover gets a warning, because replacing it has no effect.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from ..errors import warn


def leftovers(module: str) -> Callable[[str], object]:
    """The ``__getattr__`` of ``vcr.<module>``: it finds the names that stand in ``vcr/_vcrpy/<module>.py``.

    A dot in ``module`` is an underscore in the name of the file. The file is imported when a name is first asked for.
    """
    sys.modules[f"vcr.{module}"].__class__ = _HandsOn
    return functools.partial(_find, module)


def is_leftover(module: str) -> None:
    """Declare that every name which ``vcr.<module>`` defines is a leftover."""
    sys.modules[f"vcr.{module}"].__class__ = _Leftover


def _find(module: str, name: str) -> object:
    if not name.startswith("__"):  # (Python asks for such names itself)
        found = vars(import_module(f"{__name__}.{module.replace('.', '_')}"))
        if name in found:
            return found[name]
    raise AttributeError(f"module 'vcr.{module}' has no attribute {name!r}")


def _warn_of(name: str) -> None:
    warn(
        f"Replacing {name} has no effect: vcr does not use it. To change what is recorded and replayed, use "
        "before_record_request, before_record_response, a matcher or a serializer."
    )


class _HandsOn(ModuleType):
    """A module that hands on leftovers."""

    def __setattr__(self, name: str, value: object) -> None:
        # (A module of a package becomes an attribute of it when it is imported.)
        if name not in vars(self) and not name.startswith("__") and not isinstance(value, ModuleType):
            try:
                there = _find(self.__name__.removeprefix("vcr."), name)
            except AttributeError:
                there = value  # a new name, which replaces nothing
            if value is not there:
                _warn_of(f"{self.__name__}.{name}")
        super().__setattr__(name, value)


class _Leftover(ModuleType):
    """A module that defines nothing but leftovers."""

    def __setattr__(self, name: str, value: object) -> None:
        def is_defined_here(found: object) -> bool:
            return getattr(found, "__module__", None) == self.__name__

        if is_defined_here(vars(self).get(name)) and not is_defined_here(value):
            _warn_of(f"{self.__name__}.{name}")
        super().__setattr__(name, value)


class LeftoverType(type):
    """The metaclass of a class that is a leftover. Replacing an attribute of a class that a program derives is no
    mistake."""

    def __setattr__(cls, name: str, value: object) -> None:
        if cls.__module__.partition(".")[0] == "vcr" and not name.startswith("_") and hasattr(cls, name):
            _warn_of(f"{cls.__module__.replace('_vcrpy.', '')}.{cls.__name__}.{name}")
        super().__setattr__(name, value)
