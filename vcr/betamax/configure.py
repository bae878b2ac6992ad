"""The configuration of all recorders, which ``Betamax.configure()`` returns, and the configuration of a single one. It
must not open a cassette.

A setting that is given to a recorder, or set through its ``config``, counts for that recorder alone. For any other
setting the recorder uses the present one of all recorders.
"""

from __future__ import annotations

import functools
import inspect
from collections import ChainMap, defaultdict
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

from .cassette.cassette import Cassette, Hook


class Configuration:
    """The configuration of all recorders. In a ``with`` block it works as without."""

    #: The directory of the cassettes, relative to the working directory.
    CASSETTE_LIBRARY_DIR: ClassVar[str] = "vcr/cassettes"
    #: The ``after_start`` and ``before_stop`` hooks.
    recording_hooks: ClassVar[defaultdict[str, list[Hook]]] = defaultdict(list)

    def __enter__(self) -> Configuration:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave all settings as they are now."""

    @property
    def cassette_library_dir(self) -> str:
        """The directory of the cassettes. A directory that does not exist is made."""
        return Configuration.CASSETTE_LIBRARY_DIR

    @cassette_library_dir.setter
    def cassette_library_dir(self, value: str) -> None:
        Configuration.CASSETTE_LIBRARY_DIR = value

    @property
    def default_cassette_options(self) -> MutableMapping[str, Any]:
        """The options for each cassette, unless ``use_cassette`` is given others. They are checked when a cassette is
        opened."""
        return Cassette.default_cassette_options

    @default_cassette_options.setter
    def default_cassette_options(self, value: Mapping[str, object]) -> None:
        Cassette.default_cassette_options = dict(value)

    @property
    def preserve_exact_body_bytes(self) -> bool:
        """Whether all bodies are written in base64, even if they are text."""
        return bool(self.default_cassette_options.get("preserve_exact_body_bytes"))

    @preserve_exact_body_bytes.setter
    def preserve_exact_body_bytes(self, value: object) -> None:
        self.default_cassette_options["preserve_exact_body_bytes"] = bool(value)

    def define_cassette_placeholder(self, placeholder: str, replace: object) -> None:
        """Write ``placeholder`` into cassettes in the place of ``replace`` (text or bytes), escaped or encoded, too."""
        options = self.default_cassette_options
        given = {"placeholder": placeholder, "replace": replace}
        options["placeholders"] = [*options.get("placeholders", ()), given]

    def before_record(self, tag: object = None, callback: Hook | None = None) -> None:
        """Call ``callback(interaction[, cassette])`` for each response from the server, when the response is complete
        and before it is recorded. What the callback changes is recorded, and the program gets the same."""
        self._register("before_record", callback or tag, 2)

    def before_playback(self, tag: object = None, callback: Hook | None = None) -> None:
        """Call ``callback(interaction[, cassette])`` for each interaction of a cassette when the cassette is loaded,
        before the placeholders are replaced by their secrets."""
        self._register("before_playback", callback or tag, 2)

    def after_start(self, callback: Hook) -> None:
        """Call ``callback(cassette)`` when a recorder has started. ``cassette`` is None before ``use_cassette``."""
        self._register("after_start", callback, 1)

    def before_stop(self, callback: Hook) -> None:
        """Call ``callback(cassette)`` when a recorder is about to stop. The cassette is saved even if it raises."""
        self._register("before_stop", callback, 1)

    def hooks(self, name: str) -> list[Hook]:
        """The functions to call for the hook ``name``, in order."""
        return list(self._hooks(name))

    def _hooks(self, name: str) -> list[Hook]:
        return (Cassette.hooks if name.endswith(("record", "playback")) else Configuration.recording_hooks)[name]

    def _register(self, name: str, callback: object, arguments: int) -> None:
        if not callable(callback):
            raise TypeError(f"{name} needs a function, got {callback!r}")
        try:
            inspect.signature(callback).bind(*range(arguments))
        except TypeError:
            callback = functools.partial(_with_the_first, callback)
        except ValueError:  # a builtin without a signature
            pass
        self._hooks(name).append(callback)


def _with_the_first(callback: Hook, first: object, *_: object) -> object:
    return callback(first)


class RecorderConfiguration(Configuration):
    """The configuration of one recorder: its own settings, and the present ones of all recorders for the others."""

    def __init__(self, cassette_library_dir: str | None, default_cassette_options: Mapping[str, object]) -> None:
        self._library = cassette_library_dir
        self._options = dict(default_cassette_options)
        self._own = defaultdict[str, list[Hook]](list)

    @property
    def cassette_library_dir(self) -> str:
        """The directory of this recorder's cassettes."""
        return self._library or super().cassette_library_dir

    @cassette_library_dir.setter
    def cassette_library_dir(self, value: str) -> None:
        self._library = value

    @property
    def default_cassette_options(self) -> MutableMapping[str, object]:
        """The options of this recorder, then those of all recorders. An option that is set becomes this recorder's."""
        return ChainMap(self._options, Cassette.default_cassette_options)

    @default_cassette_options.setter
    def default_cassette_options(self, value: Mapping[str, object]) -> None:
        self._options = dict(value)

    def hooks(self, name: str) -> list[Hook]:
        """The functions of all recorders, then those of this one."""
        return [*super()._hooks(name), *self._own[name]]

    def _hooks(self, name: str) -> list[Hook]:
        return self._own[name]
