"""Options of a cassette from the words of a command line: ``name=value``, each read by the kind of the option.

A switch is ``true`` or ``false``, a number a number; a list is ``a,b``, or YAML (``[a, b]``, ``{a: b}``); where a
function or another object may stand, ``package.module:name`` is that. This file must not know what an option does.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterable
from importlib import import_module
from typing import Any

import click

from .. import _checks
from .._options import DEFAULTS, OPTIONS, Option, checked, option_name, unknown_option
from ..config import VCR
from ..errors import VCRWarning

#: What a whole program has no use for, or what no word can say.
_NOT_HERE = ("child_processes", "custom_patches", "func_path_generator", "inject_cassette")
#: The checks of options that are functions, or other objects.
_OF_OBJECTS = (_checks.function, _checks.functions, _checks.serializer, _checks.persister)
_OF_MATCHERS = (_checks.match_on, _checks.matcher_list)


def of_command(given: Iterable[str], mode: str | None) -> dict[str, object]:
    """What the words behind ``--option`` and ``--record-mode`` choose. Raises UsageError."""
    try:
        chosen = read(given)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return chosen if mode is None else {**chosen, "record_mode": mode}


def read(given: Iterable[str]) -> dict[str, object]:
    """The options that these ``name=value`` words choose, checked. Raises ValueError with one sentence."""
    chosen: dict[str, object] = {}
    for word in given:
        name, equals, text = word.partition("=")
        name = option_name(name.strip().replace("-", "_")) or name
        if not equals:
            raise ValueError(f"{word}: an option is name=value")
        if message := unknown_option(name, without=_NOT_HERE):
            raise ValueError(message)
        chosen |= _checked(name, text)
    return chosen


def recorder(chosen: dict[str, Any], **others: object) -> VCR:
    """A ``VCR`` with the options that were ``chosen``, and ``others`` where nothing was. A record mode that was chosen
    stands above that of the environment."""
    made = VCR(**{**others, **chosen})
    made.uses_mode_of_environment = "record_mode" not in chosen
    return made


def _checked(name: str, text: str) -> dict[str, object]:
    """The option with the value that the text means. Raises ValueError for one that cannot work, or has no effect."""
    try:
        value = _value(OPTIONS[name], text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", VCRWarning)
            return checked({name: value})
    except (TypeError, VCRWarning) as error:
        raise ValueError(str(error)) from error


def _value(option: Option, text: str) -> object:
    default = getattr(DEFAULTS, option.name)
    if option.check is _checks.repeats and text == "last":
        return text
    if isinstance(default, bool):
        return _converted(click.BOOL, text, "true or false")
    if option.check is _checks.interval:
        return _converted(click.FLOAT, text, "a number of seconds")
    if isinstance(default, int):
        return _converted(click.INT, text, "a whole number")
    is_of_objects = option.check in _OF_OBJECTS
    if isinstance(default, tuple):
        items = _listed(text)
        return [_found(item) for item in items] if is_of_objects or option.check in _OF_MATCHERS else items
    return _found(text) if is_of_objects else text


def _converted(kind: click.ParamType[object], text: str, expected: str) -> object:
    try:
        return kind.convert(text, None, None)
    except click.BadParameter:
        raise ValueError(f"expected {expected}, got {text!r}") from None


def _listed(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return [item for item in map(str.strip, text.split(",")) if item]
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"not readable as YAML: {' '.join(str(error).split())}") from error


def _found(word: object) -> object:
    """What ``package.module:name`` names; any other word as it is. The present directory may hold the module."""
    module, colon, name = word.partition(":") if isinstance(word, str) else ("", "", "")
    if not colon:
        return word
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: object = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:  # a module of the user's raises what it likes
        raise ValueError(f"{word} is not found: {type(error).__name__}: {error}") from error
    return found
