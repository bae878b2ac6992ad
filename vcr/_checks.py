"""What checks and tidies the value of an option: one function for each kind of value.

A check takes the value, and a function to call for a part of the value that has no effect. It returns the tidied value,
and raises TypeError or ValueError for a value that cannot work. This file must not know which options there are.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from . import _hosts, sanitize
from ._engine.persister import Persister
from .errors import choices, unknown
from .matchers import DEFAULT_MATCH_ON
from .patch import supported
from .persisters.filesystem import FilesystemPersister
from .record_mode import RecordMode
from .sanitize import Rule
from .serializers import Serializer

T = TypeVar("T")
#: Called with a sentence that says which part of a value has no effect.
WarnOf = Callable[[str], None]
#: ``check(value, warn_of)``: the tidied value. Raises TypeError or ValueError for one that cannot work.
Check = Callable[[Any, WarnOf], Any]


class _BySuffix(str):
    """The default serializer. It equals VCR.py's default, "yaml", and can be told from a "yaml" that the program chose:
    only instead of the default the suffix of a path chooses the serializer."""

    __slots__ = ()


BY_SUFFIX = _BySuffix("yaml")


def list_of(accept: Callable[[object], bool], what: str) -> Check:
    """A check for a list of items for which ``accept(item)`` is true, or for one such item; None is an empty list."""

    def check(value: object, warn_of: WarnOf) -> tuple[object, ...]:
        if value is None:
            return ()
        given = (value,) if isinstance(value, (str, bytes)) or not isinstance(value, Iterable) else tuple(value)
        kept = tuple(filter(accept, given))
        if len(kept) < len(given):
            others = ", ".join(repr(item) for item in given if not accept(item))
            warn_of(f"expected {what}; {others} has no effect")
        return kept

    return check


def functions(value: object, _: WarnOf) -> tuple[Callable[..., object], ...]:
    """A callable, an iterable of callables, or None."""
    functions = (
        () if value is None else tuple(value) if isinstance(value, Iterable) and not callable(value) else (value,)
    )
    for function in functions:
        if not callable(function):
            raise TypeError(f"expected functions, got {function!r}")
    return functions


def is_pair(item: object) -> bool:
    """Whether this is a tuple, or a list, of two."""
    return isinstance(item, (tuple, list)) and len(item) == 2


def replacements(value: object, warn_of: WarnOf) -> tuple[object, ...]:
    """Names, and ``(name, replacement)`` pairs; or a mapping from names to replacements."""
    items = tuple(value.items()) if isinstance(value, Mapping) else value
    for item in items if isinstance(items, (tuple, list, set, frozenset)) else ():
        if isinstance(item, (tuple, list)) and not is_pair(item):
            raise TypeError(f"expected names and (name, replacement) pairs, got {item!r}")
    named = list_of(lambda item: isinstance(item, (str, bytes)) or is_pair(item), "names and (name, replacement) pairs")
    return tuple(item.decode("latin-1") if isinstance(item, bytes) else item for item in named(items, warn_of))


matcher_list = list_of(lambda _: True, "names of matchers, or functions")
hosts = list_of(lambda host: isinstance(host, str) or hasattr(host, "fullmatch"), "host names and compiled patterns")


def allowed_hosts(value: Any, _: WarnOf) -> tuple[_hosts.Host, ...]:
    """Patterns of hosts in a list, or in a text with commas between them."""
    given = _hosts.host_list(value)
    _hosts.rules(given)  # raises for what is no host
    return given


def match_on(value: object, warn_of: WarnOf) -> tuple[object, ...]:
    return DEFAULT_MATCH_ON if value is None else tuple(matcher_list(value, warn_of))


def patches(value: Iterable[Any] | None, _: WarnOf) -> tuple[tuple[object, str, object], ...]:
    patches = () if value is None else tuple(value)
    for patch in patches:
        if not isinstance(patch, (tuple, list)) or len(patch) != 3:
            raise TypeError(f"expected (object, attribute name, replacement), got {patch!r}")
    return patches


def directory(value: str | os.PathLike[str] | None, _: WarnOf) -> str | None:
    return None if value is None else os.fspath(value)


def with_methods(*methods: str) -> Callable[[T], T]:
    """A check for an object that has at least one of these methods: a serializer that only reads needs only one."""

    def check(value: T) -> T:
        if not any(callable(getattr(value, method, None)) for method in methods):
            raise TypeError(f"expected something with {' and '.join(methods)}, got {value!r}")
        return value

    return check


checked_serializer = with_methods("serialize", "deserialize")
checked_persister = with_methods("load_cassette", "save_cassette")


def serializer(value: str | Serializer | None, _: WarnOf) -> str | Serializer:
    return BY_SUFFIX if value is None else value if isinstance(value, str) else checked_serializer(value)


def persister(value: Persister | None, _: WarnOf) -> Persister:
    return FilesystemPersister if value is None else checked_persister(value)


def mode(value: Any, _: WarnOf) -> RecordMode:
    return RecordMode(value)


def switch(value: object, _: WarnOf) -> bool:
    return bool(value)


def repeats(value: object, warn_of: WarnOf) -> bool | str:
    if isinstance(value, str) and value not in ("", "last"):
        warn_of(f'{value!r} means True; valid: True, False, "last"')
    return value if value == "last" else bool(value)


def pairs(value: Mapping[str, object] | Iterable[Any] | None, _: WarnOf) -> tuple[tuple[str, object], ...]:
    """``(placeholder, secret)`` pairs, or a mapping from placeholders to secrets."""
    pairs = tuple(value.items() if isinstance(value, Mapping) else value or ())
    for pair in pairs:
        if not is_pair(pair):
            raise TypeError(f"expected (placeholder, secret) pairs, got {pair!r}")
    return tuple((placeholder, secret) for placeholder, secret in pairs)


def placeholders(value: Iterable[object] | None, _: WarnOf) -> tuple[tuple[str, object], ...]:
    """Betamax's spelling of pairs: ``[{"placeholder": ..., "replace": ...}]``."""
    pairs = []
    for item in value or ():
        if isinstance(item, Mapping) and set(item) == {"placeholder", "replace"}:
            pairs.append((item["placeholder"], item["replace"]))
        elif isinstance(item, tuple) and is_pair(item):  # a pair that this check has returned
            pairs.append((item[0], item[1]))
        else:
            raise TypeError(f'expected dictionaries with "placeholder" and "replace", got {item!r}')
    return tuple(pairs)


def rules(value: Any, _: WarnOf) -> bool | tuple[Rule, ...]:
    """True, False, one rule of the sanitizer, or several."""
    return sanitize.given(value)


def size(value: object, _: WarnOf) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise TypeError(f"expected a number of bytes, got {value!r}")
    return value


def interval(value: timedelta | float | None, _: WarnOf) -> timedelta | None:
    """A timedelta, or a number of seconds."""
    if value is None:
        return None
    try:
        interval = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (TypeError, OverflowError):
        raise TypeError(f"expected a number of seconds or a timedelta, got {value!r}") from None
    if interval <= timedelta(0):
        raise ValueError(f"expected more than nothing, got {value!r}")
    return interval


def one_of(*valid: str) -> Check:
    """A check for one of these words."""

    def check(value: object, _: WarnOf) -> str:
        if value not in valid:
            raise ValueError(f"{value!r} is not a valid value. {choices(value, valid)}")
        return str(value)

    return check


def clients(value: object, warn_of: WarnOf) -> tuple[str, ...]:
    names = list_of(lambda _: True, "names of clients")(value, warn_of)
    for name in names:
        if name not in supported():
            raise ValueError(unknown("patcher", name, supported()))
    return tuple(names)


def function(value: object, warn_of: WarnOf) -> Callable[..., object] | None:
    if value and not callable(value):
        warn_of(f"expected a function or None; {value!r} has no effect")
    return value if callable(value) else None
