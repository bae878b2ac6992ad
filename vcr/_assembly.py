"""Turns options into what a cassette is made of: its path, its matchers, and the functions that filter.

It must not open or load a cassette, and it must not know a client.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _hooks, _placeholders, filters, formats, sanitize
from ._engine.pipeline import InteractionFilter, Pair, Pipeline, RequestFilter, ResponseFilter
from ._engine.storage import Storage
from ._engine.unrecordable import BY_DEFAULT, Policy
from ._fields import by_name
from ._hosts import Hosts, is_one_of
from ._options import FILTERS, Options, Serializer, changed, named
from .errors import UnfilterableError, warn
from .matchers import Predicate
from .patch import supported
from .record_mode import RecordMode
from .request import Request
from .sanitize.masking import Sanitizer

if TYPE_CHECKING:
    from .sanitize.off import Unmasked

Path = str | os.PathLike[str] | None


# -- the path ----------------------------------------------------------------------------------------------------------


def cassette_path(options: Options, path: Path, function: Callable[..., object] | None) -> str:
    """Where the cassette is kept: the path given, or one named after ``function``; transformed, then in the library.

    Raises TypeError when there is neither a path nor a function, or the path is in bytes.
    """
    if path is None:
        if function is None:
            raise TypeError("use_cassette() needs a path, except where it decorates a function to name it after")
        generate = options.func_path_generator
        path = generate(function) if generate else _path_after(function, options.cassette_library_dir)
    where = os.fspath(path)
    if not isinstance(where, str):
        raise TypeError(f"expected the path of a cassette as text or as a path object, got {path!r}")
    if options.path_transformer:
        where = os.fspath(options.path_transformer(where))
    library = options.cassette_library_dir
    return os.path.join(library, where) if library and not _is_in(library, where) else where


def _is_in(directory: str, path: str) -> bool:
    from pathlib import PurePath

    return PurePath(path).is_relative_to(directory)


def _path_after(function: Callable[..., object], library: object) -> str:
    if library:
        return function.__name__
    import inspect

    return os.path.join(os.path.dirname(inspect.getfile(function)), function.__name__)


def storage_of(options: Options, path: str, serializer: str | Serializer) -> Storage:
    """Where a cassette is kept, and how; ``serializer`` may be the name of one that is built in."""
    if isinstance(serializer, str):
        serializer = named("serializer", serializer, formats.serializers())
    return Storage(
        path,
        options.persister,
        serializer,
        preserve_exact_body_bytes=options.preserve_exact_body_bytes,
        re_record_interval=options.re_record_interval,
        journal=options.journal,
    )


# -- the record mode ---------------------------------------------------------------------------------------------------


def with_mode_of_environment(options: Options) -> Options:
    """``options`` with the record mode that the variable ``VCR_RECORD_MODE`` names; ``none`` is never loosened.

    Raises ValueError when the variable names no mode.
    """
    named = os.environ.get("VCR_RECORD_MODE")
    if not named or options.record_mode is RecordMode.NONE:
        return options
    try:
        return changed(options, {"record_mode": RecordMode(named)})
    except ValueError as error:
        raise ValueError(f"VCR_RECORD_MODE: {error}") from None


# -- matchers ----------------------------------------------------------------------------------------------------------


def matchers_of(options: Options, known: Mapping[str, Predicate]) -> list[Predicate]:
    """The matchers that ``match_on`` and ``additional_matchers`` mean: functions, and names of ``known`` ones."""
    chosen = (*options.match_on, *options.additional_matchers)
    return [matcher if callable(matcher) else named("matcher", matcher, known) for matcher in chosen]


# -- filters -----------------------------------------------------------------------------------------------------------


def filters_of(options: Options) -> dict[str, Any]:
    """The arguments of a cassette that filter, drop or mask, by their names in the engine's ``Cassette``."""
    at_work = [name for name in FILTERS if getattr(options, name)]
    off = _sanitizer_off(options)
    sanitizer = _sanitizer(options) if off is None else None
    unmasked = None if off is None else _unmasked(off, options)
    if not at_work:  # As in most cassettes: functions that would do nothing are not made.
        return {"pipeline": Pipeline(sanitizer=sanitizer, unmasked=unmasked), "passes_by": _passes_by(options)}
    return {
        "pipeline": Pipeline(
            _request_filter(options),
            _response_filter(options),
            _saving(options),
            _loading(options),
            sanitizer,
            unmasked,
        ),
        "passes_by": _passes_by(options),
        "mask": functools.partial(_mask, _sensitive(options)),
        "filters": at_work,
    }


def _sanitizer_off(options: Options) -> str | None:
    """What has turned the sanitizer off, as a person has written it; None where it is on."""
    if options.sanitize is False:
        return "sanitize=False"
    said = os.environ.get("VCR_SANITIZE", "")
    return f"VCR_SANITIZE={said}" if said.lower() in _OFF else None


def _unmasked(off: str, options: Options) -> Unmasked:
    from .sanitize.off import Unmasked

    return Unmasked(off, options.decoded_body_limit)


def _sanitizer(options: Options) -> Sanitizer | None:
    """What masks secrets."""
    filtered = (options.filter_headers, options.filter_query_parameters, options.filter_post_data_parameters)
    replacements = [new for wanted in filtered for new in by_name(wanted).values() if isinstance(new, str)]
    stand_ins = [*(placeholder for placeholder, _ in _sensitive(options)), *replacements]
    return sanitize.sanitizer(
        options.sanitize,
        compares=options.sanitize_compare,
        limit=options.decoded_body_limit,
        stand_ins=stand_ins,
    )


_OFF = frozenset({"0", "false", "no", "off"})


def _request_filter(options: Options) -> RequestFilter | None:
    replace_body = functools.partial(
        filters.replace_body_parameters,
        recursive=options.filter_nested_post_data_parameters,
        unsure=_Unsure(options),
        limit=options.decoded_body_limit,
    )
    replacing: tuple[tuple[Callable[..., Any], Any], ...] = (
        (filters.replace_headers, options.filter_headers),
        (filters.replace_query_parameters, options.filter_query_parameters),
        (replace_body, options.filter_post_data_parameters),
    )
    chain: list[RequestFilter] = [
        functools.partial(function, replacements=by_name(wanted)) for function, wanted in replacing if wanted
    ]
    if hosts := _ignored_hosts(options):
        chain.append(functools.partial(filters.ignore_hosts, hosts=hosts))
    return filters.pipeline([*chain, *map(_hooks.requests, options.before_record_request)])


class _Unsure:
    """What becomes of a body in which a field that is to be taken out may be left: what ``on_unfilterable`` says."""

    def __init__(self, options: Options) -> None:
        self._names = ", ".join(by_name(options.filter_post_data_parameters))
        self._then = options.on_unfilterable
        self._mask = functools.partial(_mask, _sensitive(options))
        self._told: set[tuple[str, str]] = set()

    def __call__(self, request: Request) -> None:
        what = (
            f"filter_post_data_parameters ({self._names}) cannot tell what stands in the body of "
            f"{self._mask(f'{request.method} {request.uri}')}"
        )
        if self._then == "error":
            raise UnfilterableError(f'{what}, and on_unfilterable is "error"')
        if self._then == "redact":
            request.body = filters.REDACTED.encode("ascii")
        interaction = (request.method, request.uri)
        if interaction not in self._told:
            self._told.add(interaction)
            kept = filters.REDACTED if self._then == "redact" else "it is"
            warn(f"{what}: it is kept as {kept} (on_unfilterable={self._then!r})")


def _ignored_hosts(options: Options) -> tuple[str | re.Pattern[str], ...]:
    return (*options.ignore_hosts, *(sorted(filters.LOCALHOST) if options.ignore_localhost else ()))


def policy_of(options: Options) -> Policy:
    """What becomes of what no cassette can hold."""
    if options.on_unrecordable == BY_DEFAULT.then and not (options.allowed_hosts or options.block_loopback):
        return BY_DEFAULT
    return Policy(options.on_unrecordable, Hosts(options.allowed_hosts, block_loopback=options.block_loopback))


def hosts_outside(options: Options) -> Hosts:
    """The hosts that requests outside a cassette may go to: those that are allowed, and those that are ignored."""
    ignored = _ignored_hosts(options)
    return Hosts(options.allowed_hosts, block_loopback=options.block_loopback, ignored=ignored)


def _passes_by(options: Options) -> Callable[[str, Sequence[type]], bool] | None:
    hosts = _ignored_hosts(options)
    packages = {home for name in options.skip_patchers for home in supported()[name].homes}
    if not hosts and not packages:
        return None
    return lambda host, client: _package_of(client) in packages or is_one_of(host, hosts)


def _package_of(classes: Sequence[type]) -> str | None:
    """The package of the first class that is a client's own: of a user's subclass, what it derives from."""
    homes = {home for client in supported().values() for home in client.homes}
    packages = (cls.__module__.partition(".")[0] for cls in classes)
    return next((package for package in packages if package in homes), None)


def _saving(options: Options) -> InteractionFilter | None:
    hooks = (_hooks.interactions("before_save_interaction", hook) for hook in options.before_save_interaction)
    return _hooks.in_turn([*hooks, *_locations(options), *_secrets(options, _placeholders.hide)])


def _locations(options: Options) -> Iterable[InteractionFilter]:
    """In the file alone: the program goes where it is sent, and what it sends then has been filtered."""
    wanted = by_name(options.filter_query_parameters)
    if wanted:
        yield lambda request, response, _: (request, filters.replace_in_locations(request, response, wanted))


def _loading(options: Options) -> InteractionFilter | None:
    hooks = (_hooks.interactions("after_load_interaction", hook) for hook in options.after_load_interaction)
    return _hooks.in_turn([*_secrets(options, _placeholders.reveal), *hooks])


def _secrets(options: Options, replace: Callable[..., Pair]) -> Iterable[InteractionFilter]:
    pairs = _sensitive(options)
    if pairs:
        limit = options.decoded_body_limit
        yield lambda request, response, _: replace(
            _placeholders.resolve(pairs, request, response), request, response, limit
        )


def _sensitive(options: Options) -> tuple[tuple[str, object], ...]:
    return (*options.filter_sensitive_data, *options.placeholders)


def _mask(pairs: Iterable[tuple[str, object]], text: str) -> str:
    known = [(placeholder, secret) for placeholder, secret in pairs if not callable(secret)]
    return _placeholders.mask(_placeholders.resolve(known), text)


def _response_filter(options: Options) -> ResponseFilter | None:
    decode_response = functools.partial(filters.decode_response, limit=options.decoded_body_limit)
    decode = [decode_response] if options.decode_compressed_response else []
    return filters.pipeline([*decode, *_hooks.responses(options.before_record_response)])
