"""What ``Betamax.configure()`` returns, and what a recorder has of its own over it. It must not open a cassette.

What is given to a recorder, or set through its ``config``, is that recorder's alone; what a recorder has
not set is everybody's, as it is at the moment.
"""

from __future__ import annotations

import functools
import inspect
from collections import ChainMap, defaultdict
from collections.abc import Mapping, MutableMapping
from typing import Any, ClassVar

from .cassette.cassette import Cassette, Hook


class Configuration:
    """How everybody records. It may be used in a ``with`` block, which changes nothing."""

    #: Where cassettes are kept, relative to the working directory.
    CASSETTE_LIBRARY_DIR: ClassVar[str] = "vcr/cassettes"
    #: The ``after_start`` and ``before_stop`` hooks.
    recording_hooks: ClassVar[defaultdict[str, list[Hook]]] = defaultdict(list)

    def __enter__(self) -> Configuration:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is undone."""

    @property
    def cassette_library_dir(self) -> str:
        """The directory of the cassettes. It is made when it is missing."""
        return Configuration.CASSETTE_LIBRARY_DIR

    @cassette_library_dir.setter
    def cassette_library_dir(self, value: str) -> None:
        Configuration.CASSETTE_LIBRARY_DIR = value

    @property
    def default_cassette_options(self) -> MutableMapping[str, Any]:
        """The options of a cassette whose ``use_cassette`` does not say otherwise. Checked when one is opened."""
        return Cassette.default_cassette_options

    @default_cassette_options.setter
    def default_cassette_options(self, value: Mapping[str, object]) -> None:
        Cassette.default_cassette_options = dict(value)

    @property
    def preserve_exact_body_bytes(self) -> bool:
        """Whether bodies are written as base64, text or not."""
        return bool(self.default_cassette_options.get("preserve_exact_body_bytes"))

    @preserve_exact_body_bytes.setter
    def preserve_exact_body_bytes(self, value: object) -> None:
        self.default_cassette_options["preserve_exact_body_bytes"] = bool(value)

    def define_cassette_placeholder(self, placeholder: str, replace: object) -> None:
        """Write ``placeholder`` into cassettes in the place of ``replace`` (text or bytes), however it is spelled."""
        options = self.default_cassette_options
        given = {"placeholder": placeholder, "replace": replace}
        options["placeholders"] = [*options.get("placeholders", ()), given]

    def before_record(self, tag: object = None, callback: Hook | None = None) -> None:
        """Call ``callback(interaction[, cassette])`` with each response from the server, when it is complete and before
        it is kept. What it changes is what is kept, and what the program gets."""
        self._register("before_record", callback or tag, 2)

    def before_playback(self, tag: object = None, callback: Hook | None = None) -> None:
        """Call ``callback(interaction[, cassette])`` with each interaction of a cassette when it is loaded, before the
        placeholders are replaced."""
        self._register("before_playback", callback or tag, 2)

    def after_start(self, callback: Hook) -> None:
        """Call ``callback(cassette)`` when a recorder has started; None before ``use_cassette``."""
        self._register("after_start", callback, 1)

    def before_stop(self, callback: Hook) -> None:
        """Call ``callback(cassette)`` when a recorder is about to stop. The cassette is saved whatever it raises."""
        self._register("before_stop", callback, 1)

    def hooks(self, name: str) -> list[Hook]:
        """What to call, in order."""
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
        except ValueError:  # It does not say what it takes.
            pass
        self._hooks(name).append(callback)


def _with_the_first(callback: Hook, first: object, *_: object) -> object:
    return callback(first)


class RecorderConfiguration(Configuration):
    """What one recorder has of its own, over what is everybody's."""

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
        """This recorder's options over everybody's; what is set goes into its own."""
        return ChainMap(self._options, Cassette.default_cassette_options)

    @default_cassette_options.setter
    def default_cassette_options(self, value: Mapping[str, object]) -> None:
        self._options = dict(value)

    def hooks(self, name: str) -> list[Hook]:
        """Everybody's, then its own."""
        return [*super()._hooks(name), *self._own[name]]

    def _hooks(self, name: str) -> list[Hook]:
        return self._own[name]
