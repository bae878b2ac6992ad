"""The options, each defined once: its name, its default, what checks and tidies a value, and what it is for.

A value that VCR.py accepts is accepted here. A part of a value that VCR.py ignores is ignored with a warning. This file
must not know what an option does.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Literal, NamedTuple, TypedDict

from . import _checks, matchers
from ._checks import BY_SUFFIX, Check, T
from ._engine.persister import Persister
from ._fields import Replacement
from ._hosts import Host
from ._http import content_coding
from .errors import UnknownNameError, nearest, unknown, warn
from .matchers import Predicate
from .persisters.filesystem import FilesystemPersister
from .record_mode import RecordMode
from .request import Request
from .response import ResponseDict
from .sanitize import Rule
from .serializers import Serializer as Serializer  # noqa: PLC0414  (programs import it from here)

StrPath = str | os.PathLike[str]
#: A value that must not stand in the file: text, or ``f(request, response)`` that returns it. None: nothing to mask.
Secret = str | bytes | int | None | Callable[..., object]
#: Names of what a filter removes, and ``(name, replacement)`` pairs; or a mapping from the one to the other.
Replacements = Iterable[str | tuple[str, Replacement]] | Mapping[str, Replacement]
RequestHook = Callable[[Request], Request | None]
#: (A program may have annotated its hook with either type.)
ResponseHook = Callable[[ResponseDict], ResponseDict | None] | Callable[[dict[str, Any]], dict[str, Any] | None]
#: ``f(request, response)`` or ``f(request, response, cassette)``.
InteractionHook = Callable[..., tuple[Request, ResponseDict] | tuple[Request, dict[str, Any]] | None]


def _option(default: object, check: Check, doc: str) -> Any:
    """A field of ``Options``. ``check``: checks and tidies a value. ``doc``: what the option is for."""
    return field(default=default, metadata={"check": check, "doc": doc})


@dataclass(frozen=True)
class Options:
    """Every option of ``VCR(...)`` and ``use_cassette(...)``, with values that have been checked.

    An option is defined here: the attributes of a ``VCR`` and the table in the README are made from these fields.
    """

    record_mode: RecordMode = _option(RecordMode.ONCE, _checks.mode, "when to record and when to replay: see the modes")
    match_on: tuple[str | Predicate, ...] = _option(
        matchers.DEFAULT_MATCH_ON, _checks.match_on, "names of matchers, or functions, that must all agree"
    )
    additional_matchers: tuple[str | Predicate, ...] = _option((), _checks.matcher_list, "matchers added to `match_on`")
    cassette_library_dir: str | None = _option(
        None, _checks.directory, "directory that relative cassette paths start from"
    )
    path_transformer: Callable[[str], StrPath] | None = _option(
        None, _checks.function, "`f(path) -> path`, called with each cassette's path"
    )
    func_path_generator: Callable[[Callable[..., object]], StrPath] | None = _option(
        None, _checks.function, "`f(function) -> path`, for decorators without a path"
    )
    serializer: str | Serializer = _option(
        BY_SUFFIX,
        _checks.serializer,
        "the format: `yaml` (`json` or `har` if the path ends so), `betamax`, `prettyjson`, `ruby`, `rubyjson` "
        "or a registered name",
    )
    persister: Persister = _option(FilesystemPersister, _checks.persister, "where cassettes are kept")
    inject_cassette: bool = _option(False, _checks.switch, "a decorator passes the cassette as the first argument")
    record_on_exception: bool = _option(True, _checks.switch, "save also when the block raises")
    save: Literal["always", "passed", "2xx"] = _option(
        "always",
        _checks.one_of("always", "passed", "2xx"),
        'when to save; `"passed"`: not when the block raises; `"2xx"`: nor after a response with status 400 or above',
    )
    on_unused: Literal["ignore", "warn", "error"] = _option(
        "ignore",
        _checks.one_of("ignore", "warn", "error"),
        'interactions that were not played in a cassette that could not record: `"ignore"`, `"warn"`, `"error"`',
    )
    on_refused: Literal["ignore", "raise"] = _option(
        "ignore",
        _checks.one_of("ignore", "raise"),
        'a refusal whose error the program caught; `"raise"`: an error when the cassette closes',
    )
    on_unrecordable: Literal["allow", "warn", "error"] = _option(
        "warn",
        _checks.one_of("allow", "warn", "error"),
        'what no cassette can hold (WebSocket, gRPC, other sockets): `"allow"`, `"warn"`, `"error"`: see '
        "[No network](#no-network)",
    )
    no_cassette: Literal["allow", "warn", "error"] = _option(
        "allow",
        _checks.one_of("allow", "warn", "error"),
        'requests outside a cassette, while this `VCR` exists: `"allow"`, `"warn"`, `"error"`: see '
        "[No network](#no-network)",
    )
    allowed_hosts: tuple[Host, ...] = _option(
        (), _checks.allowed_hosts, "hosts that the two options above allow: names, wildcards, networks, `host:port`"
    )
    block_loopback: bool = _option(False, _checks.switch, "the two options above apply to this machine, too")
    ordered: bool = _option(False, _checks.switch, "requests must come in the recorded order")
    allow_playback_repeats: bool | Literal["last"] = _option(
        False,
        _checks.repeats,
        'replay the first match again and again; `"last"`: each match once, then the last one again and again',
    )
    drop_unused_requests: bool = _option(False, _checks.switch, "do not save loaded interactions that were not played")
    re_record_interval: timedelta | None = _option(
        None,
        _checks.interval,
        "seconds, or a `timedelta`, after which a cassette is recorded anew (not in mode `none`)",
    )
    record_errors: bool = _option(
        False,
        _checks.switch,
        "record failures, too (no connection, no such host, timeout, TLS, reset): the replay raises the client's own "
        "error",
    )
    journal: bool = _option(
        False,
        _checks.switch,
        "write each interaction at once to `<cassette>.partial`; `vcr.recover(path)` adds these to the cassette",
    )
    preserve_exact_body_bytes: bool = _option(False, _checks.switch, "write bodies as base64, text or not")
    ignore_hosts: tuple[str | re.Pattern[str], ...] = _option(
        (), _checks.hosts, "hosts (names or compiled patterns) whose requests are neither recorded nor replayed"
    )
    ignore_localhost: bool = _option(False, _checks.switch, "the same for this machine")
    filter_headers: tuple[str | tuple[str, Replacement], ...] = _option(
        (), _checks.replacements, "request headers to remove, or `(name, replacement)`"
    )
    filter_query_parameters: tuple[str | tuple[str, Replacement], ...] = _option(
        (), _checks.replacements, "query parameters to remove, or `(name, replacement)`"
    )
    filter_post_data_parameters: tuple[str | tuple[str, Replacement], ...] = _option(
        (), _checks.replacements, "form or JSON fields to remove, or `(name, replacement)`"
    )
    decode_compressed_response: bool = _option(
        False, _checks.switch, "store bodies of responses decoded (gzip, deflate)"
    )
    filter_nested_post_data_parameters: bool = _option(
        False, _checks.switch, "`filter_post_data_parameters` reaches JSON keys at any depth"
    )
    on_unfilterable: Literal["redact", "warn", "error"] = _option(
        "redact",
        _checks.one_of("redact", "warn", "error"),
        'a body that may still hold such a field: store `REDACTED` (`"redact"`) or the body (`"warn"`) and warn, '
        'or raise (`"error"`)',
    )
    decoded_body_limit: int = _option(
        content_coding.MOST_DECODED,
        _checks.size,
        "bytes; a compressed body that is longer when decoded stays compressed",
    )
    filter_sensitive_data: tuple[tuple[str, Secret], ...] = _option(
        (), _checks.pairs, "`{placeholder: secret}`: the file has the placeholder instead of the secret"
    )
    placeholders: tuple[tuple[str, Secret], ...] = _option(
        (), _checks.placeholders, '`[{"placeholder": ..., "replace": secret}]`: the same, as Betamax spells it'
    )
    sanitize: bool | tuple[Rule, ...] = _option(
        True,
        _checks.rules,
        "mask secrets in what is stored: see [Secrets](#secrets)",
    )
    sanitize_compare: bool = _option(
        False, _checks.switch, "a request with another secret than the recorded one is refused"
    )
    before_record_request: tuple[RequestHook, ...] = _option(
        None, _checks.functions, "`f(request) -> request`, or None to neither record nor replay the request"
    )
    before_record_response: tuple[ResponseHook, ...] = _option(
        None, _checks.functions, "`f(response) -> response`, or None not to record it"
    )
    before_save_interaction: tuple[InteractionHook, ...] = _option(
        None, _checks.functions, "`f(request, response[, cassette])` -> the pair to save, or None to save neither"
    )
    after_load_interaction: tuple[InteractionHook, ...] = _option(
        None, _checks.functions, "`f(request, response[, cassette])` -> the pair to use, or None to use neither"
    )
    child_processes: Literal["ignore", "join", "refuse"] = _option(
        "ignore",
        _checks.one_of("ignore", "join", "refuse"),
        'Pythons started inside: `"ignore"`, `"join"` or `"refuse"` their requests: see [Processes](#processes)',
    )
    skip_patchers: tuple[str, ...] = _option(
        (), _checks.clients, "clients that are neither recorded nor replayed, by their names in `vcr.clients()`"
    )
    custom_patches: tuple[tuple[object, str, object], ...] = _option(
        (), _checks.patches, "more `(object, name, class)` to replace while a cassette is open"
    )


Mode = RecordMode | Literal["none", "once", "new_episodes", "all", "any", "rewrite"]
RequestHooks = RequestHook | Iterable[RequestHook] | None
ResponseHooks = ResponseHook | Iterable[ResponseHook] | None
#: ``(object, attribute name, replacement)`` each.
Patches = Iterable[tuple[object, str, object]] | None


class MoreArguments(TypedDict, total=False):
    """The options that VCR.py's ``Cassette`` takes by keyword only."""

    additional_matchers: Iterable[str | Predicate] | None
    cassette_library_dir: StrPath | None
    path_transformer: Callable[[str], StrPath] | None
    func_path_generator: Callable[[Callable[..., object]], StrPath] | None
    inject_cassette: bool
    record_on_exception: bool
    save: Literal["always", "passed", "2xx"]
    on_unused: Literal["ignore", "warn", "error"]
    on_refused: Literal["ignore", "raise"]
    on_unrecordable: Literal["allow", "warn", "error"]
    no_cassette: Literal["allow", "warn", "error"]
    allowed_hosts: str | Iterable[Host] | None
    block_loopback: bool
    ordered: bool
    allow_playback_repeats: bool | Literal["last"]
    drop_unused_requests: bool
    re_record_interval: float | timedelta | None
    record_errors: bool
    journal: bool
    preserve_exact_body_bytes: bool
    ignore_hosts: Iterable[str | re.Pattern[str]] | None
    ignore_localhost: bool
    filter_headers: Replacements | None
    filter_query_parameters: Replacements | None
    filter_post_data_parameters: Replacements | None
    decode_compressed_response: bool
    filter_nested_post_data_parameters: bool
    on_unfilterable: Literal["redact", "warn", "error"]
    decoded_body_limit: int
    filter_sensitive_data: Mapping[str, object] | Iterable[tuple[str, object]] | None
    placeholders: Iterable[Mapping[str, object]] | None
    sanitize: bool | Rule | Iterable[Rule]
    sanitize_compare: bool
    before_save_interaction: InteractionHook | Iterable[InteractionHook] | None
    after_load_interaction: InteractionHook | Iterable[InteractionHook] | None
    child_processes: Literal["ignore", "join", "refuse"]
    skip_patchers: Iterable[str] | None
    before_record: RequestHooks


class OptionArguments(MoreArguments, total=False):
    """The keyword arguments for options, with every type of value that VCR.py accepts for each."""

    record_mode: Mode
    match_on: Iterable[str | Predicate] | None
    serializer: str | Serializer | None
    persister: Persister | None
    before_record_request: RequestHooks
    before_record_response: ResponseHooks
    custom_patches: Patches


class CassetteArguments(OptionArguments, total=False):
    """What ``Cassette.load`` and ``Cassette.use`` take."""

    path: StrPath
    inject: bool


class Option(NamedTuple):
    """What ``Options`` says of one option."""

    name: str
    default: object
    check: Check
    doc: str


OPTIONS = {
    one.name: Option(one.name, one.default, one.metadata["check"], one.metadata["doc"]) for one in fields(Options)
}
#: The value of each option that a program does not set.
DEFAULTS = Options(**{option.name: option.check(option.default, lambda _: None) for option in OPTIONS.values()})
#: The options that change or drop what is recorded.
FILTERS = [
    name
    for name in OPTIONS
    if name.startswith(("filter_", "ignore_", "before_", "after_"))
    or name in ("decode_compressed_response", "placeholders")
]
#: The options that say where a cassette is kept, how it is opened, and what happens outside it: ``Cassette(path, ...)``
#: does not take them.
OPENING_OPTIONS = frozenset(
    {
        *("cassette_library_dir", "func_path_generator", "inject_cassette", "path_transformer", "record_on_exception"),
        "no_cassette",
    }
)
#: What ``VCR(...)`` checks at once, as VCR.py does; the others are checked when a cassette is opened.
CHECKED_AT_ONCE = ("record_mode", "skip_patchers")
_ALIASES = {"before_record": "before_record_request"}


def option_name(name: str) -> str:
    """The name of an option as ``Options`` has it: VCR.py has a second name for one."""
    return _ALIASES.get(name, name)


def unknown_option(name: str, without: Collection[str] = ()) -> str | None:
    """The sentences that say that there is no option ``name``, with the nearest one; None where there is one."""
    full_name = option_name(name)
    if full_name in OPTIONS and full_name not in without:
        return None
    return f"Unknown option {name!r}. {nearest_option(name, OPTIONS.keys() - set(without))}"


def nearest_option(name: str, valid: Iterable[str] = OPTIONS) -> str:
    """A question for the option that is nearest to ``name``, and where the list is: it is too long for a message."""
    return f'{nearest(name, valid)}The README lists all options, under "Options".'


def refuse_unknown(names: Iterable[str], without: Collection[str] = ()) -> None:
    """Raise TypeError for the first of these names that is no option's, or is in ``without``."""
    for name in names:
        if message := unknown_option(name, without):
            raise TypeError(message)


def registered(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The matcher or serializer that is registered as ``name``. Raises UnknownNameError when there is none."""
    if name not in known:
        raise UnknownNameError(unknown(kind, name, known))
    return known[name]


def _warn_of(name: str, message: str) -> None:
    warn(f"{name}: {message}")


def checked(options: Mapping[str, object]) -> dict[str, Any]:
    """``options`` by the names that ``Options`` has, each value checked.

    Raises TypeError or ValueError, naming the option, for a value that cannot work. Warns of a value, or of an option,
    that has no effect.
    """
    result: dict[str, object] = {}
    for given, value in options.items():
        name = option_name(given)
        if message := unknown_option(given):
            warn(f"{message} It has no effect.")
            continue
        try:
            result[name] = OPTIONS[name].check(value, functools.partial(_warn_of, given))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{given}: {error}") from None
    return result


def completed(chosen: Mapping[str, object]) -> Options:
    """Every option: those in ``chosen``, checked as by ``checked``, and the defaults of the others."""
    return changed(DEFAULTS, checked(chosen))


def changed(options: Options, changes: Mapping[str, object]) -> Options:
    """A copy of ``options`` with these values, which have been checked. (``dataclasses.replace`` takes ten times as
    long, three times for each opening of a cassette.)"""
    if not changes:
        return options
    twin = Options.__new__(Options)
    vars(twin).update(vars(options), **changes)
    return twin
