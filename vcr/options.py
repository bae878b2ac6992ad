"""Room: the options, each defined once: its name, its default, what checks a value, and what it is for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from . import matchers
from .errors import unknown
from .patch import supported
from .persisters.filesystem import FilesystemPersister
from .record_mode import RecordMode

Check = Callable[[Any], Any]


def _functions(value: Any) -> tuple[Callable[..., Any], ...]:
    """A callable, an iterable of callables, or None."""
    functions = () if value is None else (value,) if callable(value) else tuple(value)
    for function in functions:
        if not callable(function):
            raise TypeError(f"expected functions, got {function!r}")
    return functions


def _names(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        raise TypeError(f"expected a list of names, got the string {value!r}; write ({value!r},)")
    return tuple(value)


def _replacements(value: Any) -> tuple[Any, ...]:
    """Names, and pairs of a name and what replaces its value."""
    items = tuple(value.items()) if isinstance(value, Mapping) else _names(value)
    for item in items:
        if not isinstance(item, str) and not (isinstance(item, (tuple, list)) and len(item) == 2):
            raise TypeError(f"expected names and (name, replacement) pairs, got {item!r}")
    return items


def _hosts(value: Any) -> tuple[Any, ...]:
    hosts = _names(value)
    for host in hosts:
        if not isinstance(host, str) and not hasattr(host, "fullmatch"):
            raise TypeError(f"expected host names and compiled patterns, got {host!r}")
    return hosts


def _patches(value: Any) -> tuple[tuple[Any, str, Any], ...]:
    patches = tuple(value)
    for patch in patches:
        if len(patch) != 3:
            raise TypeError(f"expected (object, attribute name, replacement), got {patch!r}")
    return patches


def _directory(value: Any) -> Any:
    return None if value is None else os.fspath(value)


def _with_methods(*methods: str) -> Check:
    """A check for an object of the user's that has these methods."""

    def check(value: Any) -> Any:
        missing = [method for method in methods if not callable(getattr(value, method, None))]
        if missing:
            raise TypeError(f"expected something with {' and '.join(methods)}, got {value!r}")
        return value

    return check


_is_serializer = _with_methods("serialize", "deserialize")
_is_persister = _with_methods("load_cassette", "save_cassette")


def _persister(value: Any) -> Any:
    return FilesystemPersister if value is None else _is_persister(value)


def _mode(value: Any) -> RecordMode:
    return RecordMode(value)


def _repeats(value: Any) -> bool | str:
    if isinstance(value, str) and value != "last":
        raise ValueError(f'expected True, False or "last", got {value!r}')
    return value if value == "last" else bool(value)


def _pairs(value: Any) -> tuple[tuple[str, Any], ...]:
    """A mapping, or pairs."""
    return tuple(tuple(pair) for pair in (value.items() if isinstance(value, Mapping) else value))


def _placeholders(value: Any) -> tuple[tuple[str, Any], ...]:
    """Betamax's spelling of pairs: ``[{"placeholder": ..., "replace": ...}]``."""
    for item in value:
        if not isinstance(item, Mapping) or set(item) != {"placeholder", "replace"}:
            raise TypeError(f'expected dictionaries with "placeholder" and "replace", got {item!r}')
    return tuple((item["placeholder"], item["replace"]) for item in value)


def _interval(value: Any) -> timedelta | None:
    """A timedelta, from one or from seconds."""
    if value is None:
        return None
    interval = value if isinstance(value, timedelta) else timedelta(seconds=value)
    if interval <= timedelta(0):
        raise ValueError(f"expected more than nothing, got {value!r}")
    return interval


def _clients(value: Any) -> tuple[str, ...]:
    names = _names(value)
    for name in names:
        if name not in supported():
            raise ValueError(unknown("client", name, supported()))
    return names


def _function(value: Any) -> Any:
    if value is not None and not callable(value):
        raise TypeError(f"expected a function or None, got {value!r}")
    return value


class Option(NamedTuple):
    """One option: its name, default, what checks (and tidies) a value, and what it is for."""

    name: str
    default: Any
    check: Check
    doc: str


#: Every option of ``VCR(...)`` and ``use_cassette(...)``. The table in the README is checked against this one.
OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("record_mode", RecordMode.ONCE, _mode, "when to record and when to replay: see the modes"),
        Option("match_on", matchers.DEFAULT_MATCH_ON, _names, "names of matchers, or functions, that must all agree"),
        Option("additional_matchers", (), _names, "matchers added to `match_on`"),
        Option("cassette_library_dir", None, _directory, "directory that relative cassette paths start from"),
        Option("path_transformer", None, _function, "`f(path) -> path`, applied to each cassette's path"),
        Option("func_path_generator", None, _function, "`f(function) -> path`, for decorators without a path"),
        Option(
            "serializer",
            "yaml",
            lambda value: value if isinstance(value, str) else _is_serializer(value),
            "`yaml`, `json`, `betamax`, `prettyjson`, `ruby`, `rubyjson`, or a registered name",
        ),
        Option("persister", FilesystemPersister, _persister, "where cassettes are kept"),
        Option("inject_cassette", False, bool, "a decorator passes the cassette as the first argument"),
        Option("record_on_exception", True, bool, "save also when the block is left by an exception"),
        Option(
            "allow_playback_repeats",
            False,
            _repeats,
            'replay the first match again and again; `"last"`: each, then the last',
        ),
        Option("drop_unused_requests", False, bool, "do not save loaded interactions that were not played"),
        Option(
            "re_record_interval",
            None,
            _interval,
            "seconds, or a `timedelta`, after which a cassette is recorded anew (not by `none`)",
        ),
        Option(
            "record_errors",
            False,
            bool,
            "record failures too (refused, no such host, timeout, TLS, reset): replayed as the client's own error",
        ),
        Option(
            "journal",
            False,
            bool,
            "keep what is recorded in `<cassette>.partial` until it is saved; `vcr.recover(path)` brings it back",
        ),
        Option("preserve_exact_body_bytes", False, bool, "write bodies as base64, text or not"),
        Option("ignore_hosts", (), _hosts, "hosts (names or compiled patterns) whose requests pass by"),
        Option("ignore_localhost", False, bool, "requests to this machine pass by"),
        Option("filter_headers", (), _replacements, "request headers to remove, or `(name, replacement)`"),
        Option("filter_query_parameters", (), _replacements, "query parameters to remove, or `(name, replacement)`"),
        Option(
            "filter_post_data_parameters", (), _replacements, "form or JSON fields to remove, or `(name, replacement)`"
        ),
        Option("decode_compressed_response", False, bool, "keep bodies without their gzip or deflate coding"),
        Option("filter_nested_post_data_parameters", False, bool, "that filter reaches JSON keys at any depth"),
        Option(
            "filter_sensitive_data", (), _pairs, "`{placeholder: secret}`: what stands in the file for what was sent"
        ),
        Option(
            "placeholders",
            (),
            _placeholders,
            '`[{"placeholder": ..., "replace": secret}]`: the same, as Betamax spells it',
        ),
        Option("before_record_request", None, _functions, "`f(request) -> request`, or None to let it pass by"),
        Option("before_record_response", None, _functions, "`f(response) -> response`, or None not to record it"),
        Option(
            "before_save_interaction",
            None,
            _functions,
            "`f(request, response[, cassette])` -> the pair to save, or None",
        ),
        Option(
            "after_load_interaction", None, _functions, "`f(request, response[, cassette])` -> the pair to use, or None"
        ),
        Option(
            "skip_patchers",
            (),
            _clients,
            "clients whose requests pass by, as `vcr.clients()` names them",
        ),
        Option("custom_patches", (), _patches, "more `(object, name, class)` to replace while a cassette is open"),
    )
}
_DEFAULTS = {option.name: option.check(option.default) for option in OPTIONS.values()}
#: The options that change or drop what is recorded.
FILTERS = [
    name
    for name in OPTIONS
    if name.startswith(("filter_", "ignore_", "before_", "after_"))
    or name in ("decode_compressed_response", "placeholders")
]
#: What pytest-recording reads from the same dictionary as the options of a cassette, and hands on.
_NOT_OURS = frozenset({"allowed_hosts"})
_ALIASES = {"before_record": "before_record_request"}


def completed(chosen: Callable[[str], Any]) -> dict[str, Any]:
    """Every option, checked: what ``chosen(name)`` returns for it."""
    others = {name: value for name in OPTIONS if (value := chosen(name)) is not OPTIONS[name].default}
    return {**_DEFAULTS, **checked(others)}


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` by their own names, each value checked. Raises TypeError or ValueError naming the option."""
    result: dict[str, Any] = {}
    for given, value in options.items():
        if given in _NOT_OURS:
            continue
        name = _ALIASES.get(given, given)
        if name not in OPTIONS:
            raise TypeError(unknown("option", given, OPTIONS))
        try:
            result[name] = OPTIONS[name].check(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{given}: {error}") from None
    return result
