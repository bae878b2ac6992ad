"""Tells each process that a program starts which cassette is current, and which blocks are open. It is no client's
file.

A process of ``subprocess`` learns this from its environment, a process of ``multiprocessing`` from what it unpickles
first. A forked process has a copy of everything, and needs nothing.
"""

from __future__ import annotations

import functools
import os
import runpy
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from .. import _children, _python
from ..errors import warn
from .client import Client
from .replace import Replacement, once_for_each

CLIENTS: tuple[Client, ...] = ()
MODULES: dict[str, tuple[str, ...]] = {"subprocess": (), "multiprocessing.spawn": ()}

#: The place of ``env`` among the arguments of ``subprocess.Popen``.
_ENV = 10


def replacements(module: ModuleType) -> Iterable[Replacement]:
    """The door in one of ``MODULES``."""
    if module.__name__ == "subprocess":
        yield Replacement(module.Popen, "__init__", _popen_door(module.Popen.__init__))
    elif not hasattr(module.get_preparation_data, "vcr_door"):  # a proxy of the module has the door
        yield Replacement(module, "get_preparation_data", _preparation_door(module.get_preparation_data))


@once_for_each
def _popen_door(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def __init__(self: object, args: object, *more: object, **kwargs: object) -> None:
        given, is_named = (more[_ENV - 1], False) if len(more) >= _ENV else (kwargs.get("env"), True)
        environment = _environment(args, kwargs.get("executable"), given)
        if is_named:
            kwargs["env"] = environment
        else:
            more = (*more[: _ENV - 1], environment, *more[_ENV:])
        original(self, args, *more, **kwargs)

    return __init__


def _environment(args: object, executable: Any, given: Any) -> object:
    """The environment for a process that is started with the command ``args``: ``given``, with what the process is
    told, if anything. Warns of a Python that would not read it."""
    # Anything but a list or a tuple is one word, or may be readable only once.
    words = [str(word) for word in (args if isinstance(args, (list, tuple)) else [args])]
    is_python = _python.is_python(os.fsdecode(executable) if executable else words[0] if words else "")
    value = _children.handed_over(is_python=is_python)
    if value is None:
        return given
    command = " ".join(words[:3])
    if is_python and _python.arguments(words[1:]).is_isolated and _children.note_apart(command):
        warn(
            f"{command} starts a Python that reads neither PYTHONPATH nor sitecustomize: its requests are "
            "neither recorded nor refused"
        )
    return _children.environment(given, value)


@once_for_each
def _preparation_door(original: Callable[..., dict[str, object]]) -> Callable[..., dict[str, object]]:
    @functools.wraps(original)
    def get_preparation_data(name: str) -> dict[str, object]:
        data = original(name)
        value = _children.handed_over(is_python=True)
        return data if value is None else {**data, "vcr": _Start(value)}

    get_preparation_data.vcr_door = True  # type: ignore[attr-defined]
    return get_preparation_data


class _Start:
    """Starts vcr in the new process when it is unpickled there. (The process may be unable to import vcr before that,
    so the file that starts vcr is run by its path.)"""

    def __init__(self, value: str) -> None:
        self._value = value

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return runpy.run_path, (os.path.join(_children.STARTUP, "sitecustomize.py"), {_children.VARIABLE: self._value})
