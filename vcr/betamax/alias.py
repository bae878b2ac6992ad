"""Lets ``import betamax`` import ``vcr.betamax``, after ``install()``. It must not know a cassette."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..errors import warn

_ALIAS, _REAL = "betamax", __package__


class _Finder(MetaPathFinder, Loader):
    """Finds ``betamax.x`` as ``vcr.betamax.x``: the same module object, which is imported if need be."""

    def __init__(self) -> None:
        self._specs: dict[str, ModuleSpec | None] = {}

    def find_spec(self, name: str, _: Sequence[str] | None = None, __: ModuleType | None = None) -> ModuleSpec | None:
        real = _REAL + name.removeprefix(_ALIAS)
        if name.partition(".")[0] != _ALIAS or importlib.util.find_spec(real) is None:
            return None
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(_REAL + spec.name.removeprefix(_ALIAS))
        self._specs[spec.name] = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec back: the import system has put the alias's on it. The module has run before."""
        assert module.__spec__ is not None
        module.__spec__ = self._specs.pop(module.__spec__.name)


_finder = _Finder()
_displaced: dict[str, ModuleType] = {}


def install() -> None:
    """Let ``import betamax``, and the import of its modules, import ``vcr.betamax``, until ``uninstall``.

    Call this before anything imports Betamax, which need not be installed: in a conftest.py, or before pytest starts.
    Warns if Betamax has been imported already: names that were imported from it (fixtures of pytest, for example) stay
    Betamax's.
    """
    before = sys.modules.get(_ALIAS)
    is_other = before is not None and before is not sys.modules[_REAL]
    if is_other:
        _displaced.update(_take_out())
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    sys.meta_path.insert(0, _finder)
    # A finder before this one, such as pytest's, is not asked for a module in sys.modules: so all are put there now.
    for name, module in list(sys.modules.items()):
        if name == _REAL or name.startswith(f"{_REAL}."):
            sys.modules[_ALIAS + name.removeprefix(_REAL)] = module
    if is_other:
        warn(
            f"Betamax ({getattr(before, '__file__', None)}) was imported before vcr.betamax.install(): what was "
            "imported from it then goes on to record and replay by itself. Call install() earlier, uninstall betamax, "
            "or start pytest with -p no:pytest-betamax"
        )


def uninstall() -> None:
    """Undo ``install``: let ``import betamax`` import Betamax again."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
        _take_out()
        sys.modules.update(_displaced)
        _displaced.clear()


def _take_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == _ALIAS]
    return {name: sys.modules.pop(name) for name in names}
