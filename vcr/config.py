"""Room: VCR, and each option defined once. It puts a cassette together from options; it opens none itself."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from . import filters, matchers
from .cassette import Cassette, RequestFilter, ResponseFilter
from .errors import UnknownNameError, unknown
from .matchers import Predicate
from .persisters.filesystem import FilesystemPersister
from .record_mode import RecordMode
from .serializers import jsonserializer, yamlserializer

Check = Callable[[Any], Any]


def _functions(value: Any) -> tuple[Callable[..., Any], ...]:
    """A callable, an iterable of callables, or None."""
    if value is None:
        return ()
    return (value,) if callable(value) else tuple(value)


def _names(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str):
        raise TypeError(f"expected a list of names, got the string {value!r}; write ({value!r},)")
    return tuple(value)


def _mode(value: Any) -> RecordMode:
    return RecordMode(value)


def _function(value: Any) -> Any:
    if value is not None and not callable(value):
        raise TypeError(f"expected a function or None, got {value!r}")
    return value


@dataclass(frozen=True)
class Option:
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
        Option("cassette_library_dir", None, lambda value: value, "directory that relative cassette paths start from"),
        Option("path_transformer", None, _function, "`f(path) -> path`, applied to each cassette's path"),
        Option("func_path_generator", None, _function, "`f(function) -> path`, for decorators without a path"),
        Option("serializer", "yaml", lambda value: value, "`yaml`, `json`, or a registered name"),
        Option("persister", None, lambda value: value, "where cassettes are kept, instead of files"),
        Option("inject_cassette", False, bool, "a decorator passes the cassette as the first argument"),
        Option("record_on_exception", True, bool, "save also when the block is left by an exception"),
        Option("allow_playback_repeats", False, bool, "a recorded response may be replayed more than once"),
        Option("drop_unused_requests", False, bool, "do not save loaded interactions that were not played"),
        Option("ignore_hosts", (), _names, "hosts (names or compiled patterns) whose requests pass by"),
        Option("ignore_localhost", False, bool, "requests to this machine pass by"),
        Option("filter_headers", (), _names, "request headers to remove, or `(name, replacement)`"),
        Option("filter_query_parameters", (), _names, "query parameters to remove, or `(name, replacement)`"),
        Option("filter_post_data_parameters", (), _names, "form or JSON fields to remove, or `(name, replacement)`"),
        Option("decode_compressed_response", False, bool, "keep bodies without their gzip or deflate coding"),
        Option("before_record_request", None, _functions, "`f(request) -> request`, or None to let it pass by"),
        Option("before_record_response", None, _functions, "`f(response) -> response`, or None not to record it"),
        Option("custom_patches", (), tuple, "more `(object, name, class)` to replace while a cassette is open"),
    )
}
_ALIASES = {"before_record": "before_record_request"}


def checked(options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` by their own names, each value checked. Raises TypeError or ValueError naming the option."""
    result: dict[str, Any] = {}
    for given, value in options.items():
        name = _ALIASES.get(given, given)
        if name not in OPTIONS:
            raise TypeError(unknown("option", given, OPTIONS))
        try:
            result[name] = OPTIONS[name].check(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{given}: {error}") from None
    return result


Path = str | os.PathLike[str] | None


@dataclass(frozen=True)
class CassetteSettings:
    """What one opening of a cassette needs: how to make it, from a path or a function to name it after, and whether
    to save it when the block raises."""

    make: Callable[[Path, Callable[..., Any] | None], Cassette]
    record_on_exception: bool


class VCR:
    """A project's way of recording: options for all its cassettes, registered matchers, serializers and persister.

    Every option is also an attribute and an argument of ``use_cassette``. What is set on the instance counts when a
    cassette is opened, so it may be changed after functions have been decorated.
    """

    def __init__(self, **options: Any) -> None:
        self.matchers: dict[str, Predicate] = matchers.builtin()
        self.serializers: dict[str, Any] = {"yaml": yamlserializer, "json": jsonserializer}
        for option in OPTIONS.values():
            setattr(self, option.name, option.default)
        self.persister: Any = FilesystemPersister
        for name, value in checked(options).items():
            setattr(self, name, value)

    if TYPE_CHECKING:
        # The options, by the names in OPTIONS.
        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def use_cassette(self, path: Any = None, *, with_current_defaults: bool = False, **options: Any) -> Any:
        """Record into, or replay from, the cassette at ``path``: a context manager and a decorator.

        ``path`` may be left out when decorating: the cassette is then named after the function. Options override those
        of this VCR. ``with_current_defaults``: take this VCR's options as they are now, not as they are when opened.
        Raises TypeError for an unknown option.
        """
        from .context import CassetteContextDecorator

        chosen = checked(options)
        frozen = self._options() if with_current_defaults else None
        settings = functools.partial(self._settings, chosen, frozen)
        if callable(path) or isinstance(path, (classmethod, staticmethod)):
            return CassetteContextDecorator(settings)(path)
        return CassetteContextDecorator(settings, path)

    def register_matcher(self, name: str, matcher: Predicate) -> None:
        """Make ``matcher(r1, r2)`` available to ``match_on`` as ``name``; a built-in name is replaced."""
        self.matchers[name] = matcher

    def register_serializer(self, name: str, serializer: Any) -> None:
        """Make a serializer (``serialize(dict) -> str``, ``deserialize(str) -> dict``) available as ``name``."""
        self.serializers[name] = serializer

    def register_persister(self, persister: Any) -> None:
        """Keep cassettes with this persister instead of in files."""
        self.persister = persister

    def get_merged_config(self, **overrides: Any) -> dict[str, Any]:
        """The options that a cassette opened with ``overrides`` would have."""
        return {**self._options(), **checked(overrides)}

    @staticmethod
    def ensure_suffix(suffix: str) -> Callable[[str], str]:
        """A ``path_transformer`` that appends ``suffix`` where it is missing."""

        def ensure(path: str) -> str:
            return path if str(path).endswith(suffix) else f"{path}{suffix}"

        return ensure

    # -- putting a cassette together --------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        options = checked({name: getattr(self, name) for name in OPTIONS})
        before = getattr(self, "before_record", None)
        return options if before is None else {**options, "before_record_request": _functions(before)}

    def _settings(self, chosen: Mapping[str, Any], frozen: Mapping[str, Any] | None) -> CassetteSettings:
        options = {**(self._options() if frozen is None else frozen), **chosen}
        return CassetteSettings(functools.partial(self._make, options), options["record_on_exception"])

    def _make(self, options: Mapping[str, Any], path: Path, function: Callable[..., Any] | None) -> Cassette:
        named = (*options["match_on"], *options["additional_matchers"])
        return Cassette(
            _cassette_path(options, path, function),
            serializer=self._serializer(options["serializer"]),
            persister=options["persister"] or FilesystemPersister,
            record_mode=options["record_mode"],
            match_on=[self._matcher(matcher) for matcher in named],
            before_record_request=_request_filter(options),
            before_record_response=_response_filter(options),
            custom_patches=options["custom_patches"],
            inject=options["inject_cassette"],
            allow_playback_repeats=options["allow_playback_repeats"],
            drop_unused_requests=options["drop_unused_requests"],
        )

    def _matcher(self, matcher: str | Predicate) -> Predicate:
        if callable(matcher):
            return matcher
        if matcher not in self.matchers:
            raise UnknownNameError(unknown("matcher", matcher, self.matchers))
        return self.matchers[matcher]

    def _serializer(self, name: Any) -> Any:
        if not isinstance(name, str):
            return name
        if name not in self.serializers:
            raise UnknownNameError(unknown("serializer", name, self.serializers))
        return self.serializers[name]


def _cassette_path(options: Mapping[str, Any], path: Path, function: Callable[..., Any] | None) -> str:
    """Where the cassette is kept: the path given, or one after the function; transformed, then in the library."""
    if path is None:
        if function is None:
            raise TypeError("use_cassette() needs a path, except where it decorates a function to name it after")
        generate = options["func_path_generator"]
        path = generate(function) if generate else _path_after(function, options["cassette_library_dir"])
    where = os.fspath(path)
    if options["path_transformer"]:
        where = os.fspath(options["path_transformer"](where))
    library = options["cassette_library_dir"]
    if library and not PurePath(where).is_relative_to(library):
        where = os.path.join(library, where)
    return where


def _path_after(function: Callable[..., Any], library: Any) -> str:
    if library:
        return function.__name__
    return os.path.join(os.path.dirname(inspect.getfile(function)), function.__name__)


def _request_filter(options: Mapping[str, Any]) -> RequestFilter | None:
    chain: list[RequestFilter] = []
    for option, function in (
        ("filter_headers", filters.replace_headers),
        ("filter_query_parameters", filters.replace_query_parameters),
        ("filter_post_data_parameters", filters.replace_post_data_parameters),
    ):
        if options[option]:
            chain.append(functools.partial(function, wanted=filters.replacements(options[option])))
    ignored: Iterable[Any] = (*options["ignore_hosts"], *(filters.LOCALHOST if options["ignore_localhost"] else ()))
    if ignored:
        chain.append(functools.partial(filters.ignore_hosts, hosts=ignored))
    return filters.pipeline([*chain, *options["before_record_request"]])


def _response_filter(options: Mapping[str, Any]) -> ResponseFilter | None:
    decode = [filters.decode_response] if options["decode_compressed_response"] else []
    return filters.pipeline([*decode, *options["before_record_response"]])
