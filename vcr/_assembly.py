"""Makes the parts of a cassette from options: its path, its storage, its matchers, and the functions that filter.

It must not open or load a cassette, and it must not know a client.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from . import _hooks, _placeholders, filters, formats, sanitize
from ._engine.pipeline import InteractionFilter, Pair, Pipeline, RequestFilter, ResponseFilter
from ._engine.storage import Storage
from ._engine.unrecordable import BY_DEFAULT, Policy
from ._fields import by_name
from ._hosts import Hosts, is_one_of
from ._http.content_coding import MOST_DECODED
from ._options import FILTERS, Options, Serializer, changed, registered
from .errors import UnfilterableError, warn
from .matchers import Predicate
from .patch import supported
from .record_mode import RecordMode
from .request import Request
from .sanitize import Rule

Path = str | os.PathLike[str] | None


# -- the path ----------------------------------------------------------------------------------------------------------


def cassette_path(options: Options, path: Path, function: Callable[..., object] | None) -> str:
    """The path of the cassette: ``path``, or one named after ``function``; then transformed by ``path_transformer``;
    then taken relative to ``cassette_library_dir``.

    Raises TypeError when there is neither a path nor a function, or the path is in bytes.
    """
    if path is None:
        if function is None:
            raise TypeError("use_cassette() needs a path, except where it decorates a function to name it after")
        generate = options.func_path_generator
        path = generate(function) if generate else _path_named_after(function, options.cassette_library_dir)
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


def _path_named_after(function: Callable[..., object], library: object) -> str:
    if library:
        return function.__name__
    import inspect

    return os.path.join(os.path.dirname(inspect.getfile(function)), function.__name__)


def storage_of(options: Options, path: str, serializer: str | Serializer) -> Storage:
    """The storage of the cassette at ``path``. ``serializer`` may be the name of a built-in one."""
    if isinstance(serializer, str):
        serializer = registered("serializer", serializer, formats.serializers())
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
    """``options`` with the record mode of the environment variable ``VCR_RECORD_MODE``. The mode ``none`` stays.

    Raises ValueError when the variable holds no mode.
    """
    mode = os.environ.get("VCR_RECORD_MODE")
    if not mode or options.record_mode is RecordMode.NONE:
        return options
    try:
        return changed(options, {"record_mode": RecordMode(mode)})
    except ValueError as error:
        raise ValueError(f"VCR_RECORD_MODE: {error}") from None


# -- matchers ----------------------------------------------------------------------------------------------------------


def matchers_of(options: Options, known: Mapping[str, Predicate]) -> list[Predicate]:
    """The matchers in ``match_on`` and ``additional_matchers``; a name means the matcher of this name in ``known``."""
    chosen = (*options.match_on, *options.additional_matchers)
    return [matcher if callable(matcher) else registered("matcher", matcher, known) for matcher in chosen]


# -- filters -----------------------------------------------------------------------------------------------------------


def filters_of(options: Options) -> dict[str, Any]:
    """The keyword arguments of the engine's ``Cassette`` that filter, drop or mask."""
    active = [name for name in FILTERS if getattr(options, name)]
    masking = masking_of(
        options.sanitize,
        compares=options.sanitize_compare,
        limit=options.decoded_body_limit,
        own_placeholders=_own_placeholders(options) if active else (),
    )
    if not active:  # As in most cassettes: no function is made that would do nothing.
        return {"pipeline": masking, "passes_by": _passes_by(options)}
    return {
        "pipeline": masking._replace(
            before_record_request=_request_filter(options),
            before_record_response=_response_filter(options),
            before_save_interaction=_before_save(options),
            after_load_interaction=_after_load(options),
        ),
        "passes_by": _passes_by(options),
        "mask": functools.partial(_mask, _sensitive(options)),
        "filters": active,
    }


def masking_of(
    given: bool | tuple[Rule, ...],
    *,
    compares: bool = False,
    limit: int = MOST_DECODED,
    own_placeholders: Container[str] = (),
) -> Pipeline:
    """A pipeline that only masks, for the option ``sanitize``; one that only looks for secrets, where the option or the
    environment variable ``VCR_SANITIZE`` has turned masking off.

    ``compares``: whether a request with another secret is refused. ``limit``: how many bytes may come out of a
    compressed body. ``own_placeholders``: texts that a project writes in the place of secrets.
    """
    setting = os.environ.get("VCR_SANITIZE", "")
    is_off = "sanitize=False" if given is False else f"VCR_SANITIZE={setting}" if setting.lower() in _OFF else None
    if is_off is None:
        made = sanitize.sanitizer(given, compares=compares, limit=limit, own_placeholders=own_placeholders)
        return Pipeline(sanitizer=made)
    from .sanitize.off import Unmasked

    return Pipeline(unmasked=Unmasked(is_off, limit))


_OFF = frozenset({"0", "false", "no", "off"})


def _own_placeholders(options: Options) -> frozenset[str]:
    """The texts that filters and placeholders write in the place of secrets."""
    filtered = (options.filter_headers, options.filter_query_parameters, options.filter_post_data_parameters)
    replacements = [new for wanted in filtered for new in by_name(wanted).values() if isinstance(new, str)]
    return frozenset([*(placeholder for placeholder, _ in _sensitive(options)), *replacements])


def _request_filter(options: Options) -> RequestFilter | None:
    replace_body = functools.partial(
        filters.replace_body_parameters,
        recursive=options.filter_nested_post_data_parameters,
        unsure=_UncertainBodies(options),
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


class _UncertainBodies:
    """Does what ``on_unfilterable`` says with a body that may still hold a field which a filter should remove."""

    def __init__(self, options: Options) -> None:
        self._names = ", ".join(by_name(options.filter_post_data_parameters))
        self._action = options.on_unfilterable
        self._mask = functools.partial(_mask, _sensitive(options))
        self._warned: set[tuple[str, str]] = set()

    def __call__(self, request: Request) -> None:
        what = (
            f"filter_post_data_parameters ({self._names}) cannot tell what stands in the body of "
            f"{self._mask(f'{request.method} {request.uri}')}"
        )
        if self._action == "error":
            raise UnfilterableError(f'{what}, and on_unfilterable is "error"')
        if self._action == "redact":
            request.body = filters.REDACTED.encode("ascii")
        interaction = (request.method, request.uri)
        if interaction not in self._warned:
            self._warned.add(interaction)
            kept = filters.REDACTED if self._action == "redact" else "it is"
            warn(f"{what}: it is kept as {kept} (on_unfilterable={self._action!r})")


def _ignored_hosts(options: Options) -> tuple[str | re.Pattern[str], ...]:
    return (*options.ignore_hosts, *(sorted(filters.LOCALHOST) if options.ignore_localhost else ()))


def policy_of(options: Options) -> Policy:
    """What to do with traffic that no cassette can hold."""
    if options.on_unrecordable == BY_DEFAULT.action and not (options.allowed_hosts or options.block_loopback):
        return BY_DEFAULT
    return Policy(options.on_unrecordable, Hosts(options.allowed_hosts, block_loopback=options.block_loopback))


def hosts_outside(options: Options) -> Hosts:
    """The hosts to which requests outside a cassette may go: those that are allowed, and those that are ignored."""
    ignored = _ignored_hosts(options)
    return Hosts(options.allowed_hosts, block_loopback=options.block_loopback, ignored=ignored)


def _passes_by(options: Options) -> Callable[[str, Sequence[type]], bool] | None:
    hosts = _ignored_hosts(options)
    packages = {home for name in options.skip_patchers for home in supported()[name].homes}
    if not hosts and not packages:
        return None
    return lambda host, client: _package_of(client) in packages or is_one_of(host, hosts)


def _package_of(classes: Sequence[type]) -> str | None:
    """The package of the first of these classes that a client defines; a user's subclass of it is passed over."""
    homes = {home for client in supported().values() for home in client.homes}
    packages = (cls.__module__.partition(".")[0] for cls in classes)
    return next((package for package in packages if package in homes), None)


def _before_save(options: Options) -> InteractionFilter | None:
    hooks = (_hooks.interactions("before_save_interaction", hook) for hook in options.before_save_interaction)
    return _hooks.in_turn([*hooks, *_locations(options), *_secrets(options, _placeholders.mask)])


def _locations(options: Options) -> Iterable[InteractionFilter]:
    """Filters the addresses in a response (``Location`` …) in the file only: the program follows the real address."""
    wanted = by_name(options.filter_query_parameters)
    if wanted:
        yield lambda request, response, _: (request, filters.replace_in_locations(request, response, wanted))


def _after_load(options: Options) -> InteractionFilter | None:
    hooks = (_hooks.interactions("after_load_interaction", hook) for hook in options.after_load_interaction)
    return _hooks.in_turn([*_secrets(options, _placeholders.unmask), *hooks])


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
    return _placeholders.masked_text(_placeholders.resolve(known), text)


def _response_filter(options: Options) -> ResponseFilter | None:
    decode_response = functools.partial(filters.decode_response, limit=options.decoded_body_limit)
    decode = [decode_response] if options.decode_compressed_response else []
    return filters.pipeline([*decode, *_hooks.responses(options.before_record_response)])
