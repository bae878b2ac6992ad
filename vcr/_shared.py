"""The directory through which a program and its child processes share an open cassette, or an open block of the
network: the parent puts there what the children need, and the children put there what they have recorded and played.

It must not know which cassettes or blocks are open, or what a child does with them.
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

#: The value of ``child_processes`` of a block of the network: each child is inside the block, too.
BLOCK = "block"


class _HandedOver(NamedTuple):
    """What the parent hands over to a child.

    ``outline``: the path of the cassette, and why no child can take part in it (empty when one can). ``sys_path``: the
    parent's ``sys.path``, for the modules that the recipe needs. ``recipe``: pickled; the class of the cassette, the
    arguments of its ``load``, and whether the cassette was stored when it was opened.
    """

    outline: tuple[str, str]
    sys_path: list[str]
    recipe: bytes


class _Pickler(pickle.Pickler):
    """Pickles a module, such as a serializer, as its name."""

    def reducer_override(self, value: object) -> Any:
        if isinstance(value, ModuleType):
            import importlib

            return importlib.import_module, (value.__name__,)
        return NotImplemented


class _Journal(Journal):
    """The journal of what children have recorded. It is gone when the parent has closed the cassette."""

    def add(self, request: Request, response: ResponseDict, beside: Mapping[str, object] | None = None) -> None:
        """Keep an interaction. Raises OSError when it cannot be written, FileNotFoundError when the cassette is
        closed."""
        if not os.path.isdir(os.path.dirname(self.path)):
            raise FileNotFoundError("the process that has opened the cassette has closed it")
        super().add(request, response, beside)


class Shared:
    """The directory through which child processes take part in one open cassette or block."""

    def __init__(self, directory: str, owner: int | None = None) -> None:
        """``owner``: the id of the process that has opened the cassette; None in a child, which knows only the
        directory."""
        self.directory = directory
        self._owner = owner
        #: The hosts to which children outside the cassette have connected. It is filled when the cassette closes.
        self.connected: list[str] = []
        #: The Pythons that were started inside the block and could not be blocked. It is filled when the block ends.
        self.apart: list[str] = []
        self.start_anew()

    def start_anew(self) -> None:
        """Give this process a journal of its own, in which nothing is recorded yet (after a fork)."""
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
        """Inside the block no other process or thread reads or writes in the directory. When the directory is gone, the
        block is entered without waiting."""
        with ExitStack() as stack:
            with suppress(OSError):
                stack.enter_context(alone_in(os.path.realpath(self.directory)))
            yield

    # -- the parent's side --------------------------------------------------------------------------------------------

    def make(self, cassette: Cassette) -> None:
        """Make the directory, and write there what a child needs. Raises OSError."""
        os.mkdir(self.directory, 0o700)
        if cassette.child_processes != "ignore":  # (else no child reads it, and it may hold secrets)
            with open(self._file("recipe"), "wb") as file:
                pickle.dump(tuple(_handed_over_by(cassette)), file)

    def remove(self) -> None:
        """Remove the directory, which tells the children that the cassette is closed. Only its owner does so."""
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

    def count_plays(self, cassette: Cassette, held: Sequence[Interaction], offset: int) -> None:
        """Count in ``cassette`` what children have played, or given back, as the lines behind the byte ``offset`` say.

        ``held``: the interactions of the cassette. A line has the place of one among them, from 1 on; with a minus
        where the response was given back.
        """
        for number in map(int, self.lines_since("played", offset)):
            if abs(number) <= len(held):
                change = Holding.play if number > 0 else Holding.unplay
                change(cassette, held[abs(number) - 1])

    # -- the child's side ---------------------------------------------------------------------------------------------

    def outline(self) -> tuple[str, str]:
        """The path of the cassette, and why no child can take part in it; an empty text when one can."""
        return self._read().outline

    def cassette(self) -> Any:
        """Make the parent's cassette in this process. Raises whatever unpickling and loading raise."""
        handed = self._read()
        before = sys.path[:]
        sys.path += [entry for entry in handed.sys_path if entry not in before]
        try:
            cls, arguments, found = pickle.loads(handed.recipe)
        finally:
            sys.path[:] = before
        return cls.load(**arguments) if found else cls(**arguments)

    def block(self) -> dict[str, Any]:
        """The arguments of the parent's block of the network."""
        arguments: dict[str, Any] = pickle.loads(self._read().recipe)
        return arguments

    def _read(self) -> _HandedOver:
        with open(self._file("recipe"), "rb") as file:
            return _HandedOver(*pickle.load(file))

    def note_refusal(self, request: Request, place: str) -> None:
        """Tell the parent that a request was refused, and where in the program (``place``) it was made."""
        self.note("refused", json.dumps([request.method, request.uri, place]))

    def note_joined(self) -> None:
        """Tell the parent that this Python, which was started inside the cassette, takes part in it."""
        self.note("joined", os.getpid())

    @property
    def is_joined(self) -> bool:
        """Whether a Python that was started inside the cassette has called ``note_joined``."""
        return bool(self.lines_since("joined", 0))

    def note_apart(self, program: str) -> None:
        """Tell the parent that the Python with this command line cannot be kept inside the block."""
        self.note("apart", program.replace("\n", " "))

    def note(self, name: str, line: object) -> None:
        """Append a line to the file ``name`` for the parent; nothing when the cassette or the block is over."""
        with suppress(OSError), open(self._file(name), "ab", buffering=0) as file:
            file.write(f"{line}\n".encode())

    def size(self, name: str) -> int:
        """How many bytes the file ``name`` has."""
        try:
            return os.path.getsize(self._file(name))
        except OSError:
            return 0

    def lines_since(self, name: str, offset: int) -> list[str]:
        """The whole lines in the file ``name`` behind the byte ``offset``."""
        if self.size(name) <= offset:
            return []
        with suppress(FileNotFoundError), open(self._file(name), "rb") as file:
            file.seek(offset)
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
