"""The options of ``use_cassette`` under Betamax's names: their defaults, their checks, and which value counts if
several are given. It must not know a cassette.

A number as ``re_record_interval`` is a number of days, as in Betamax. An option that is given to one ``use_cassette``
does not count for the next one on the same recorder. Defaults are checked like arguments, when a cassette is opened. A
default may be called ``record`` or ``record_mode``, and ``match_requests_on`` or, as in Betamax's documentation,
``match_options``.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypedDict

from .. import sanitize
from ..errors import unknown
from ..sanitize import Rule
from .cassette.placeholder import PlaceholderData, merge_placeholder_lists
from .exceptions import InvalidOption, validation_error_map
from .matchers import matcher_registry
from .serializers import serializer_registry

#: Other names of options, accepted in defaults and by ``Cassette``.
ALIASES = {"record_mode": "record", "match_options": "match_requests_on"}


def as_interval(value: timedelta | float | None) -> timedelta | None:
    """A ``re_record_interval`` as a timedelta. A number counts days."""
    return value if value is None or isinstance(value, timedelta) else timedelta(days=value)


def validate_record(record: object) -> bool:
    """Whether ``record`` is a record mode."""
    return record in ("all", "new_episodes", "none", "once")


def validate_matchers(match_requests_on: Iterable[object]) -> bool:
    """Whether ``match_requests_on`` is a list of names of registered matchers."""
    return not isinstance(match_requests_on, str) and all(name in matcher_registry for name in match_requests_on)


def validate_serializer(serializer: object) -> bool:
    """Whether ``serializer`` is the name of a registered serializer."""
    return serializer in serializer_registry


def validate_placeholders(placeholders: object) -> bool:
    """Whether ``placeholders`` is a list of dictionaries with ``placeholder`` and ``replace``."""
    return isinstance(placeholders, (list, tuple)) and all(
        isinstance(item, Mapping) and set(item) == {"placeholder", "replace"} for item in placeholders
    )


def _is_interval(value: timedelta | float | None) -> bool:
    interval = as_interval(value)
    return interval is None or interval > timedelta(0)


def validate_sanitize(value: object) -> bool:
    """Whether ``value`` is True, False, or rules of ``vcr.sanitize``. Raises TypeError for other rules."""
    sanitize.given(value)
    return True


def _is_boolean(value: object) -> bool:
    return value in (True, False)


#: For each option: its default, the function that says whether a value is valid, and a description of the valid values.
_TABLE: dict[str, tuple[object, Callable[[Any], bool], Callable[[], str]]] = {
    "record": ("once", validate_record, lambda: "all, new_episodes, none or once"),
    "match_requests_on": (["method", "uri"], validate_matchers, lambda: f"a list of {', '.join(matcher_registry)}"),
    "re_record_interval": (None, _is_interval, lambda: "days, a timedelta or None"),
    "serialize": (None, lambda value: value is None or validate_serializer(value), lambda: "see serialize_with"),
    "serialize_with": ("json", validate_serializer, lambda: ", ".join(serializer_registry)),
    "preserve_exact_body_bytes": (False, _is_boolean, lambda: "True or False"),
    "placeholders": ([], validate_placeholders, lambda: "a list of dictionaries with placeholder and replace"),
    "allow_playback_repeats": (False, _is_boolean, lambda: "True or False"),
    "sanitize": (True, validate_sanitize, lambda: "True, False, or rules of vcr.sanitize"),
}


class Chosen(TypedDict):
    """The values of all options for one cassette."""

    record: str
    match_requests_on: Sequence[str]
    re_record_interval: timedelta | float | None
    serialize: str | None
    serialize_with: str
    preserve_exact_body_bytes: bool
    placeholders: list[PlaceholderData]
    allow_playback_repeats: bool
    sanitize: bool | Rule | Iterable[Rule]


class Options(dict[str, Any]):
    """The options that one ``use_cassette`` is given. Raises InvalidOption for an unknown name, and the ValidationError
    of the option for a value that is not valid."""

    defaults: ClassVar = {name: row[0] for name, row in _TABLE.items()}

    def __init__(self, data: Mapping[str, object] | None = None) -> None:
        super().__init__({} if data is None else data)
        self.validate()

    def validate(self) -> None:
        """Raise InvalidOption, or the ValidationError of an option, if an option is wrong."""
        for name, value in self.items():
            if name not in _TABLE:
                raise InvalidOption(f"{name} is not a valid option; {unknown('option', name, _TABLE)}")
            _, accepts, valid = _TABLE[name]
            try:
                accepted = accepts(value)
            except (TypeError, OverflowError):
                accepted = False
            if not accepted:
                raise validation_error_map[name](f"{value!r} is not valid; {name} is {valid()}")

    def over(self, defaults: Mapping[str, object]) -> Chosen:
        """The values of all options: these, then those in ``defaults``, then Betamax's. Placeholders are merged.

        ``defaults``: a mapping, or a ChainMap whose first mapping counts most.
        """
        layers = reversed(defaults.maps) if isinstance(defaults, ChainMap) else [defaults]
        renamed = [Options({ALIASES.get(name, name): value for name, value in layer.items()}) for layer in layers]
        result: Any = dict(self.defaults)
        for options in (*renamed, self):
            merged = merge_placeholder_lists(result["placeholders"], options.get("placeholders", []))
            result.update(options, placeholders=merged)
        chosen: Chosen = result
        return chosen
