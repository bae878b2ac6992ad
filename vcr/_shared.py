"""The directory through which the processes that a program starts take part in an open cassette, or in an open block of
the network: what is handed over to them, and what they leave behind.

It must not know which cassettes or blocks are open, or what becomes of them in a child.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from ._engine.cassette import Cassette
from ._engine.holding import Holding
from ._engine.strict import Refused
from .persisters.journal import Journal
from .persisters.locking import alone_in
from .request import Request

if TYPE_CHECKING:
    from ._engine.interaction import Interaction
    from .response import ResponseDict

#: What ``child_processes`` is of a block: each child is inside it, too.
BLOCK = "block"


class _HandedOver(NamedTuple):
    """What a child is told.

    ``outline``: the path of the cassette, and why no child can take part in it. ``sys_path``: where Python looks for
    modules, which the recipe may need. ``recipe``: pickled, the class, the arguments of its ``load``, and whether the
    cassette was stored when it was opened.
    """

    outline: tuple[str, str]
    sys_path: list[str]
    recipe: bytes


class _Pickler(pickle.Pickler):
    """Takes a module, such as a serializer, by its name."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, ModuleType):
            import importlib

            return importlib.import_module, (value.__name__,)
        return NotImplemented


class _Journal(Journal):
    """What children have recorded; there is none any more when the cassette is over."""

    def add(self, request: Request, response: ResponseDict, beside: Mapping[str, object] | None = None) -> None:
        """Keep an interaction. Raises OSError."""
        if not os.path.isdir(os.path.dirname(self.path)):
            raise FileNotFoundError("the process that has opened the cassette has closed it")
        super().add(request, response, beside)


class Shared:
    """The directory through which child processes take part in one open cassette or block."""

    def __init__(self, directory: str, owner: int | None = None) -> None:
        """``owner``: the process that has opened the cassette; None in one that knows the directory only."""
        self.directory = directory
        self._owner = owner
        #: What children have connected to that take no part; known when the cassette has closed.
        self.connected: list[str] = []
        #: The Pythons that were started inside the block and took no part; known when it is over.
        self.apart: list[str] = []
        self.start_anew()

    def start_anew(self) -> None:
        """Record as a process of its own, which has recorded nothing yet."""
        self.journal = _Journal(self._file("recorded"))

    def _file(self, name: str) -> str:
        return os.path.join(self.directory, name)

    @property
    def is_owned(self) -> bool:
        """Whether this process has opened the cassette."""
        return self._owner == os.getpid()

    @property
    def is_open(self) -> bool:
        """Whether the process that has opened the cassette has not closed it yet."""
        return os.path.isdir(self.directory)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """In the block no other process, and no other thread, leaves anything in the directory or takes in what is
        there. Once the directory is gone, nobody waits."""
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(alone_in(os.path.realpath(self.directory)))
            yield

    # -- the parent's side --------------------------------------------------------------------------------------------

    def make(self, cassette: Cassette) -> None:
        """Make the directory, with what a child needs to know."""
        os.mkdir(self.directory, 0o700)
        if cassette.child_processes != "ignore":  # (what is handed over may hold secrets)
            with open(self._file("recipe"), "wb") as file:
                pickle.dump(tuple(_handed_over_by(cassette)), file)

    def remove(self) -> None:
        """Tell the children that the cassette is over."""
        if self.is_owned:
            shutil.rmtree(self.directory, ignore_errors=True)

    def take_in(self, cassette: Cassette) -> None:
        """Give the cassette what children have recorded and played until now."""
        self.count_plays(cassette, cassette.held(), 0)
        for line in self.lines_since("refused", 0):
            method, uri, place = json.loads(line)
            cassette.note_refusal(Refused(Request(method, uri), place, None))
        if self.journal.exists:
            for interaction in cassette.when_loaded(self.journal.interactions()):
                cassette.put(interaction)
                cassette.mark_recorded(interaction)
        self.connected = sorted(set(self.lines_since("connected", 0)))

    def count_plays(self, cassette: Cassette, held: Sequence[Interaction], place: int) -> None:
        """Count in ``cassette``, which holds these, what children have played, and taken back, behind this byte."""
        for number in map(int, self.lines_since("played", place)):
            if abs(number) <= len(held):
                change = Holding.play if number > 0 else Holding.unplay
                change(cassette, held[abs(number) - 1])

    # -- the child's side ---------------------------------------------------------------------------------------------

    def outline(self) -> tuple[str, str]:
        """The path of the cassette, and why no child can take part in it; an empty text when one can."""
        return self._read().outline

    def cassette(self) -> Any:
        """The same cassette, made anew. Raises what unpickling raises."""
        handed = self._read()
        before = sys.path[:]
        sys.path += [entry for entry in handed.sys_path if entry not in before]
        try:
            cls, arguments, found = pickle.loads(handed.recipe)
        finally:
            sys.path[:] = before
        return cls.load(**arguments) if found else cls(**arguments)

    def block(self) -> dict[str, Any]:
        """The arguments of the block of the network that is handed over here."""
        arguments: dict[str, Any] = pickle.loads(self._read().recipe)
        return arguments

    def _read(self) -> _HandedOver:
        with open(self._file("recipe"), "rb") as file:
            return _HandedOver(*pickle.load(file))

    def note_refusal(self, request: Request, place: str) -> None:
        """Leave for the parent that a request was refused, and where in the program it was made."""
        self.note("refused", json.dumps([request.method, request.uri, place]))

    def note_joined(self) -> None:
        """Leave for the parent that a Python which was started inside the cassette knows of it."""
        self.note("joined", os.getpid())

    @property
    def is_joined(self) -> bool:
        """Whether a Python that was started inside the cassette knows of it."""
        return bool(self.lines_since("joined", 0))

    def note_apart(self, program: str) -> None:
        """Leave for the parent that this Python takes no part in the block."""
        self.note("apart", program.replace("\n", " "))

    def note(self, name: str, line: object) -> None:
        """Leave one line for the parent, as long as the cassette or the block is open."""
        with suppress(OSError), open(self._file(name), "ab", buffering=0) as file:
            file.write(f"{line}\n".encode())

    def size(self, name: str) -> int:
        """How many bytes of lines have been left."""
        try:
            return os.path.getsize(self._file(name))
        except OSError:
            return 0

    def lines_since(self, name: str, place: int) -> list[str]:
        """The lines that have been left behind this byte."""
        if self.size(name) <= place:
            return []
        with suppress(FileNotFoundError), open(self._file(name), "rb") as file:
            file.seek(place)
            return [line.decode().rstrip("\n") for line in file if line.endswith(b"\n")]
        return []


def _handed_over_by(cassette: Cassette) -> _HandedOver:
    arguments = getattr(cassette, "arguments", None)
    if cassette.child_processes == BLOCK:
        return _HandedOver(("", ""), [], pickle.dumps(arguments))
    path = os.path.abspath(cassette.path)
    if arguments is None:
        return _HandedOver((path, "the cassette was made by hand"), [], b"")
    arguments = {**arguments, "path": path, "record_mode": str(cassette.record_mode)}
    recipe = io.BytesIO()
    try:
        _Pickler(recipe).dump((type(cassette), arguments, cassette.rewound))
    except Exception as error:  # noqa: BLE001  (a hook's own __reduce__ may raise anything)
        return _HandedOver((path, f"one of the cassette's options cannot be handed over ({error})"), [], b"")
    return _HandedOver((path, ""), sys.path, recipe.getvalue())
