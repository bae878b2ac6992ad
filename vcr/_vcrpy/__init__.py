"""VCR.py's leftovers: names that exist only because programs written for VCR.py import or replace them.

A reader may skip this folder. It has one file for each of VCR.py's modules. The module at VCR.py's path hands on the
names that stand here; it must not use them, and neither must anything else in the package.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def leftovers(module: str) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``vcr.<module>``: it finds the names that stand in ``vcr/_vcrpy/<module>.py``.

    A dot in ``module`` is an underscore in the name of the file. The file is imported when a name is first asked for.
    """

    def find(name: str) -> Any:
        if not name.startswith("__"):  # Python's own questions need no import
            found = vars(import_module(f"{__name__}.{module.replace('.', '_')}"))
            if name in found:
                return found[name]
        raise AttributeError(f"module 'vcr.{module}' has no attribute {name!r}")

    return find
