"""``VCR``: a project's options, and the matchers, serializers and persister registered for it.

It must not open a cassette; ``_context.py`` does.
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, overload

from . import cassette, formats, matchers, serializers, util
from ._assembly import cassette_path, hosts_outside, matchers_of, with_mode_of_environment
from ._checks import BY_SUFFIX
from ._hosts import Hosts
from ._options import (
    CHECKED_AT_ONCE,
    DEFAULTS,
    OPENING_OPTIONS,
    OPTIONS,
    changed,
    checked,
    completed,
    nearest_option,
    option_name,
    refuse_unknown,
    registered,
    unknown_option,
)
from .errors import warn
from .matchers import Predicate
from .record_mode import RecordMode as RecordMode  # noqa: PLC0414  (VCR.py's users find it here too)

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._context import CassetteContextDecorator, Settings
    from ._engine.persister import Persister
    from ._options import OptionArguments, Options, Serializer, StrPath

F = TypeVar("F", bound=Callable[..., object])


class VCR:
    """A project's way of recording: options for all its cassettes, registered matchers, serializers and persister.

    Every option is also an attribute and an argument of ``use_cassette``. What is set on the instance counts when a
    cassette is opened, so it may be changed after functions have been decorated. Raises TypeError for an unknown
    option, and ValueError for a ``record_mode`` or ``skip_patchers`` that does not exist; other values are checked when
    a cassette is opened.
    """

    #: The registered matchers and serializers, by name.
    matchers: dict[str, Predicate]
    serializers: dict[str, Serializer]
    #: Whether ``VCR_RECORD_MODE`` sets the mode. A face with a way of its own to choose the mode sets this to False.
    uses_mode_of_environment = True

    def __init__(self, **options: Unpack[OptionArguments]) -> None:
        vars(self).update(matchers=matchers.builtin(), serializers=formats.serializers())
        for option in OPTIONS.values():
            setattr(self, option.name, option.default)
        refuse_unknown(options)
        for name, value in options.items():
            full_name = option_name(name)
            setattr(self, full_name, checked({name: value})[full_name] if full_name in CHECKED_AT_ONCE else value)

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in OPTIONS or name.startswith("_") or hasattr(type(self), name) or name in vars(self)):
            _warn_if_misspelled(name)
        if name == "no_cassette" and value != vars(self).get(name, "allow"):
            self._judge_outside(checked({name: value})[name])
        super().__setattr__(name, value)

    def _judge_outside(self, action: str) -> None:
        """Do from now on what ``no_cassette`` says with requests outside a cassette."""
        from . import _no_cassette

        reference = weakref.ref(self)

        def hosts() -> Hosts:
            recorder = reference()
            return Hosts() if recorder is None else hosts_outside(recorder._options())

        _no_cassette.judge_requests(self, action, hosts)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"VCR has no attribute {name!r}. {nearest_option(name)}")

    @overload
    def use_cassette(self, path: F) -> F: ...

    @overload
    def use_cassette(
        self,
        path: StrPath | None = None,
        *,
        with_current_defaults: bool = False,
        **options: Unpack[OptionArguments],
    ) -> CassetteContextDecorator: ...

    def use_cassette(
        self, path: Any = None, *, with_current_defaults: bool = False, **options: Unpack[OptionArguments]
    ) -> object:
        """Record into, or replay from, the cassette at ``path``: a context manager and a decorator.

        ``path`` may be left out when decorating: the cassette is then named after the function. Options override those
        of this VCR; ``custom_patches`` are added to them. ``with_current_defaults``: take this VCR's options as they
        are now, not as they are when a cassette is opened. Options are checked when a cassette is opened: then a value
        that cannot work raises TypeError or ValueError, and an unknown option is a warning.
        """
        from ._context import CassetteContextDecorator

        frozen = self._options() if with_current_defaults else None
        decorated = callable(path) or isinstance(path, (classmethod, staticmethod))
        where = None if decorated else path
        opening = CassetteContextDecorator(functools.partial(self._settings, where, options, frozen))
        return opening(path) if decorated else opening

    def recover(self, path: StrPath, **options: Unpack[OptionArguments]) -> int:
        """Add the interactions of an interrupted recording (``journal=True``) to the cassette at ``path``.

        Returns how many interactions were added. Raises CassetteNotFoundError when there is nothing to recover.
        """
        merged = self._merged(options, None)
        where = cassette_path(merged, path, None)
        return cassette.Cassette(where, **{**self._arguments(merged), **self._by_suffix(where, merged)}).recover()

    def register_matcher(self, name: str, matcher: Predicate) -> None:
        """Make ``matcher(r1, r2)`` available to ``match_on`` as ``name``; a built-in name is replaced."""
        self.matchers[name] = matcher

    def register_serializer(self, name: str, serializer: Serializer) -> None:
        """Make a serializer (``serialize(dict) -> str``, ``deserialize(str) -> dict``) available as ``name``."""
        self.serializers[name] = serializer

    def register_persister(self, persister: Persister) -> None:
        """Keep cassettes with this persister instead of in files."""
        self.persister = persister

    def get_merged_config(self, **overrides: Unpack[OptionArguments]) -> dict[str, object]:
        """The options that a cassette opened with ``overrides`` would have."""
        return vars(self._merged(overrides, None)).copy()

    @staticmethod
    def ensure_suffix(suffix: str) -> Callable[[str], str]:
        """Return a ``path_transformer`` that appends ``suffix`` to paths that do not end so."""

        def ensure(path: str) -> str:
            return path if str(path).endswith(suffix) else f"{path}{suffix}"

        return ensure

    @staticmethod
    def is_test_method(method_name: str, function: object) -> bool:
        """Whether this is a test method: a function whose name starts with ``test``."""
        return method_name.startswith("test") and isinstance(function, FunctionType)

    def test_case(self, predicate: Callable[..., bool] | None = None) -> type:
        """Return a base class. Each test method of its subclasses has a cassette of its own; with ``predicate``, so has
        each attribute for which ``predicate(name, attribute)`` is true."""
        return util.auto_decorate(self.use_cassette, predicate or self.is_test_method)

    # -- putting a cassette together --------------------------------------------------------------------------------

    def _options(self) -> Options:
        """The options of this VCR as they are now, checked. Raises TypeError or ValueError for a wrong value."""
        chosen = {
            name: value for name, option in OPTIONS.items() if (value := getattr(self, name)) is not option.default
        }
        if "before_record" in vars(self):
            chosen["before_record"] = self.before_record
        return completed(chosen)

    def _merged(self, overrides: Mapping[str, object], frozen: Options | None) -> Options:
        """The options of this VCR, or the ``frozen`` ones, with ``overrides`` in the place of those of the same
        name."""
        base = self._options() if frozen is None else frozen
        merged = checked(overrides)
        if merged.get("no_cassette", "allow") != "allow":
            warn("no_cassette says what becomes of requests outside every cassette: set it on a VCR")
        if "custom_patches" in merged:
            merged["custom_patches"] = (*base.custom_patches, *merged["custom_patches"])
        return changed(base, merged)

    def _settings(self, path: StrPath | None, overrides: Mapping[str, object], frozen: Options | None) -> Settings:
        from ._context import Settings

        options = self._merged(overrides, frozen)
        if self.uses_mode_of_environment:
            options = with_mode_of_environment(options)
        arguments = self._arguments(options)

        def load(function: Callable[..., object] | None) -> cassette.Cassette:
            where = cassette_path(options, path, function)
            return cassette.Cassette.load(path=where, **{**arguments, **self._by_suffix(where, options)})

        return Settings(load, options.record_on_exception)

    def _by_suffix(self, path: StrPath, options: Options) -> dict[str, object]:
        """The argument ``serializer`` that the suffix of ``path`` asks for (``.json``, ``.har``).

        Empty where the program has chosen a serializer, or has registered one of its own as ``yaml``.
        """
        is_chosen = options.serializer is not BY_SUFFIX or self.serializers["yaml"] is not serializers.YAML
        suffix = os.path.splitext(path)[1]
        if is_chosen or suffix not in (".json", ".har"):
            return {}
        if suffix == ".har":
            return {"serializer": self.serializers["har"]}
        from .serializers import jsonoryaml

        return {"serializer": jsonoryaml}

    def _arguments(self, options: Options) -> dict[str, Any]:
        """The keyword arguments of ``Cassette(path, ...)``: the objects that are registered under a name instead of the
        name, and no option that has its default. ``record_mode`` is always among them: a program may have replaced
        ``Cassette.load`` by a function that reads it."""
        values = vars(options)
        chosen = {name: values[name] for name, default in _OF_CASSETTE.items() if values[name] is not default}
        serializer = options.serializer
        return {
            **chosen,
            "record_mode": options.record_mode,
            "match_on": matchers_of(options, self.matchers),
            "serializer": registered("serializer", serializer, self.serializers)
            if isinstance(serializer, str)
            else serializer,
            "inject": options.inject_cassette,
        }


#: The options that ``Cassette`` takes, with their defaults. (``additional_matchers`` have been added to ``match_on``.)
_OF_CASSETTE = {
    name: value for name, value in vars(DEFAULTS).items() if name not in {*OPENING_OPTIONS, "additional_matchers"}
}

#: The VCR behind ``vcr.use_cassette``.
default_vcr: VCR = VCR()


def _warn_if_misspelled(name: str) -> None:
    import difflib

    if difflib.get_close_matches(name, OPTIONS, n=1, cutoff=0.8):
        warn(f"{unknown_option(name)} It has no effect.")
