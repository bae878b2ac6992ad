"""Room: VCR. It puts a cassette together from options; it opens none itself."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import filters, matchers, placeholders, serializers, util
from .cassette import Cassette, InteractionFilter, RequestFilter, ResponseFilter
from .errors import UnknownNameError, unknown
from .matchers import Predicate
from .options import FILTERS, OPTIONS, checked, completed
from .patch import supported
from .record_mode import RecordMode as RecordMode  # noqa: PLC0414  (VCR.py's users find it here too)
from .request import Request
from .response import ResponseDict

Path = str | os.PathLike[str] | None


class CassetteSettings(NamedTuple):
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
        self.serializers: dict[str, Any] = serializers.builtin()
        for option in OPTIONS.values():
            setattr(self, option.name, option.default)
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

    def recover(self, path: Any, **options: Any) -> int:
        """Add what an interrupted recording has left (``journal=True``) to the cassette at ``path``.

        Returns how many interactions that were. Raises CassetteNotFoundError when there is nothing to recover.
        """
        return self._settings(checked(options), None).make(path, None).recover()

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

    @staticmethod
    def is_test_method(method_name: str, function: Any) -> bool:
        """Whether this is a test method: a function whose name starts with ``test``."""
        return method_name.startswith("test") and isinstance(function, FunctionType)

    def test_case(self, predicate: Callable[[str, Any], bool] | None = None) -> Any:
        """A base class: each test method of its subclasses, or what ``predicate(name, function)`` chooses, has a
        cassette of its own."""
        return util.auto_decorate(self.use_cassette, predicate or self.is_test_method)

    # -- putting a cassette together --------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        options = completed(functools.partial(getattr, self))
        before = getattr(self, "before_record", None)
        return options if before is None else {**options, **checked({"before_record": before})}

    def _settings(self, chosen: Mapping[str, Any], frozen: Mapping[str, Any] | None) -> CassetteSettings:
        options = {**(self._options() if frozen is None else frozen), **chosen}
        return CassetteSettings(functools.partial(self._make, options), options["record_on_exception"])

    def _make(self, options: Mapping[str, Any], path: Path, function: Callable[..., Any] | None) -> Cassette:
        named = (*options["match_on"], *options["additional_matchers"])
        return Cassette(
            _cassette_path(options, path, function),
            serializer=self._serializer(options["serializer"]),
            persister=options["persister"],
            record_mode=options["record_mode"],
            match_on=[self._matcher(matcher) for matcher in named],
            before_record_request=_request_filter(options),
            before_record_response=_response_filter(options),
            custom_patches=options["custom_patches"],
            inject=options["inject_cassette"],
            allow_playback_repeats=options["allow_playback_repeats"],
            drop_unused_requests=options["drop_unused_requests"],
            before_save_interaction=_saving(options),
            after_load_interaction=_loading(options),
            re_record_interval=options["re_record_interval"],
            preserve_exact_body_bytes=options["preserve_exact_body_bytes"],
            journal=options["journal"],
            record_errors=options["record_errors"],
            passes_by=_passes_by(options),
            mask=functools.partial(_mask, _sensitive(options)),
            filters=[name for name in FILTERS if options[name]],
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
    return os.path.join(library, where) if library and not _is_in(library, where) else where


def _is_in(directory: str, path: str) -> bool:
    from pathlib import PurePath

    return PurePath(path).is_relative_to(directory)


def _path_after(function: Callable[..., Any], library: Any) -> str:
    if library:
        return function.__name__
    import inspect

    return os.path.join(os.path.dirname(inspect.getfile(function)), function.__name__)


def _request_filter(options: Mapping[str, Any]) -> RequestFilter | None:
    chain: list[RequestFilter] = []
    for option, function in (
        ("filter_headers", filters.replace_headers),
        ("filter_query_parameters", filters.replace_query_parameters),
        (
            "filter_post_data_parameters",
            functools.partial(filters.replace_body_parameters, recursive=options["filter_nested_post_data_parameters"]),
        ),
    ):
        if options[option]:
            chain.append(functools.partial(function, replacements=filters.by_name(options[option])))
    if hosts := _ignored_hosts(options):
        chain.append(functools.partial(filters.ignore_hosts, hosts=hosts))
    return filters.pipeline([*chain, *options["before_record_request"]])


def _ignored_hosts(options: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*options["ignore_hosts"], *(sorted(filters.LOCALHOST) if options["ignore_localhost"] else ()))


def _passes_by(options: Mapping[str, Any]) -> Callable[[str, Sequence[type]], bool] | None:
    hosts = _ignored_hosts(options)
    packages = {supported()[name].home for name in options["skip_patchers"]}
    if not hosts and not packages:
        return None
    return lambda host, client: _package_of(client) in packages or filters.is_one_of(host, hosts)


def _package_of(classes: Sequence[type]) -> str | None:
    """The package of the first class that is a client's own: of a user's subclass, what it derives from."""
    homes = {client.home for client in supported().values()}
    packages = (cls.__module__.partition(".")[0] for cls in classes)
    return next((package for package in packages if package in homes), None)


def _saving(options: Mapping[str, Any]) -> InteractionFilter | None:
    hooks = [_with_cassette(hook) for hook in options["before_save_interaction"]]
    return _pair_pipeline([*hooks, *_secrets(options, placeholders.hide)])


def _loading(options: Mapping[str, Any]) -> InteractionFilter | None:
    hooks = [_with_cassette(hook) for hook in options["after_load_interaction"]]
    return _pair_pipeline([*_secrets(options, placeholders.reveal), *hooks])


def _secrets(options: Mapping[str, Any], replace: Callable[..., Any]) -> Iterable[InteractionFilter]:
    pairs = _sensitive(options)
    if pairs:
        yield lambda request, response, _: replace(placeholders.resolve(pairs, request, response), request, response)


def _sensitive(options: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return (*options["filter_sensitive_data"], *options["placeholders"])


def _mask(pairs: Iterable[tuple[str, Any]], text: str) -> str:
    known = [(placeholder, secret) for placeholder, secret in pairs if not callable(secret)]
    return placeholders.mask(placeholders.resolve(known), text)


def _with_cassette(hook: Callable[..., Any]) -> InteractionFilter:
    """A hook as it is called: with the cassette, if it takes a third argument."""
    import inspect

    try:
        inspect.signature(hook).bind(None, None, None)
    except TypeError:
        return lambda request, response, _: hook(request, response)
    return hook


def _pair_pipeline(chain: Iterable[InteractionFilter]) -> InteractionFilter | None:
    hooks = tuple(chain)
    if not hooks:
        return None

    def run(request: Request, response: ResponseDict, cassette: Cassette) -> tuple[Request, ResponseDict] | None:
        for hook in hooks:
            pair = hook(request, response, cassette)
            if pair is None:
                return None
            request, response = pair
        return request, response

    return run


def _response_filter(options: Mapping[str, Any]) -> ResponseFilter | None:
    decode = [filters.decode_response] if options["decode_compressed_response"] else []
    return filters.pipeline([*decode, *options["before_record_response"]])
