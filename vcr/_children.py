"""How the processes that a program starts inside an open cassette take part in it: what the parent hands over, what its
children leave for it, and what becomes of the cassette in the child of a fork.

A child is given the path of a private directory. There it finds the recipe of the cassette, and there it puts, at once,
what it records and plays: it may be ended at any moment. The parent takes that in when the cassette closes, and removes
the directory: a child that finds none any more knows that the cassette is over.

This file must not know how a process is started, or how a cassette is opened.
"""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _active
from ._engine.cassette import Cassette
from ._engine.holding import Holding
from ._engine.strict import Refused
from ._locks import new_lock
from .errors import AmbiguousCassetteError, ChildProcessRefusedError, place_in_program, warn
from .persisters.journal import Journal
from .persisters.locking import alone_in
from .request import Request

if TYPE_CHECKING:
    from ._engine.interaction import Interaction
    from ._engine.turn import Turn
    from .response import ResponseDict

log = logging.getLogger(__name__)

#: The environment variable that tells a child of the open cassette: ``<child_processes> <directory>``.
VARIABLE = "VCR_CHILD_OF"
#: The directory whose ``sitecustomize.py`` a child runs as it starts.
STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_child", "startup")


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
    """The directory through which child processes take part in one open cassette."""

    def __init__(self, directory: str, owner: int | None = None) -> None:
        """``owner``: the process that has opened the cassette; None in one that knows the directory only."""
        self.directory = directory
        self._owner = owner
        #: What children have connected to that take no part; known when the cassette has closed.
        self.connected: list[str] = []
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

    def note(self, name: str, line: object) -> None:
        """Leave one line for the parent, as long as the cassette is open."""
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


_shared: weakref.WeakKeyDictionary[Cassette, Shared] = weakref.WeakKeyDictionary()
_lock = new_lock()


def _share(cassette: Cassette) -> Shared:
    """The directory of this cassette, which is made now if there is none."""
    with _lock:
        shared = _shared.get(cassette)
        if shared is None:
            shared = Shared(os.path.join(tempfile.gettempdir(), f"vcr-{os.urandom(8).hex()}"), os.getpid())
            _shared[cassette] = shared
            weakref.finalize(cassette, shared.remove)
            shared.make(cassette)
    return shared


# -- a process that is started ----------------------------------------------------------------------------------------


def is_joined(cassette: Cassette) -> bool:
    """Whether a Python that was started inside this open cassette knows of it."""
    return _share(cassette).is_joined


def handed_over(*, is_python: bool) -> str | None:
    """What ``VARIABLE`` has to say in a process that is started here and now; None when no cassette is current, or when
    the process is to be ignored and is no Python that could tell what it does."""
    try:
        cassette = _active.current()
    except AmbiguousCassetteError:
        return None  # (which is refused where a request is made)
    if cassette is None or (cassette.child_processes == "ignore" and not is_python):
        return None
    return f"{cassette.child_processes} {_share(cassette).directory}"


def environment(given: Mapping[str, str] | None, value: str) -> dict[str, str]:
    """The environment of a process that is started with ``given``, and ``value`` for ``VARIABLE``."""
    before = dict(os.environ if given is None else given)
    paths = [STARTUP, *filter(None, [before.get("PYTHONPATH")])]
    return {**before, VARIABLE: value, "PYTHONPATH": os.pathsep.join(paths)}


# -- the end of the cassette ------------------------------------------------------------------------------------------


@contextmanager
def ending(cassette: Cassette) -> Iterator[None]:
    """In the block the cassette is closed: with what its children have recorded and played. They, and other threads
    that save, wait meanwhile: the cassette has nothing more to wait for itself."""
    shared = _shared.get(cassette)
    if shared is None:
        yield
        return
    told = cassette.told if isinstance(cassette, _Member) else []

    def place() -> AbstractContextManager[object]:
        is_shared = told or (shared.is_owned and shared.journal.exists)
        return cassette.storage.place.exclusive() if is_shared else nullcontext()

    with shared.alone(), place():
        if shared.is_owned:
            shared.take_in(cassette)
        elif told and not shared.is_open:
            # The parent has taken in what this child of a fork recorded before the parent's block ended.
            cassette.storage.keep_notes_in(None)
            cassette.mark_saved(told)
        try:
            yield
        finally:
            shared.remove()


def forget(cassette: Cassette) -> None:
    """The cassette is over, whether it has been saved or not."""
    if (shared := _shared.get(cassette)) is not None:
        shared.remove()


def report(cassette: Cassette) -> None:
    """Warn of what children have connected to that took no part in the cassette."""
    shared = _shared.get(cassette)
    if shared is not None and shared.connected:
        warn(
            f"processes started inside the cassette {cassette.path} have connected to {', '.join(shared.connected)}: "
            'that is neither recorded nor replayed. child_processes="join" lets them take part in the cassette, '
            '"refuse" forbids their requests'
        )


# -- a cassette in a child --------------------------------------------------------------------------------------------


class _Member(Cassette):
    """A cassette in a child process: what it plays and records is told to the parent at once."""

    shared: Shared
    #: Where each interaction stands that the parent holds, too, from 1 on.
    places: dict[Interaction, int]
    #: What has been recorded here, and the parent knows of.
    told: list[Interaction]
    #: Up to which byte it is known here what children have played.
    known: int

    def play(self, interaction: Interaction) -> None:
        """Count one replay of it, here and in the parent."""
        super().play(interaction)
        if interaction in self.places:
            self.shared.note("played", self.places[interaction])

    def unplay(self, interaction: Interaction) -> None:
        """Count one replay less of it, here and in the parent."""
        with self.changing():
            super().unplay(interaction)
            if interaction in self.places:
                self.shared.note("played", -self.places[interaction])

    @contextmanager
    def changing(self) -> Iterator[None]:
        """What is held while a request is decided about, and while an interaction is added, and left for the parent:
        here it is known what the parent's other children have played. (In this order: ``ending`` does so.)"""
        with self.shared.alone(), super().changing():
            if self.shared.size("played") > self.known:
                self.shared.count_plays(self, list(self.places), self.known)
            try:
                yield
            finally:
                self.known = self.shared.size("played")

    def note_refusal(self, refused: Refused) -> None:
        """Remember a refusal, here and in the parent."""
        super().note_refusal(refused)
        self.shared.note_refusal(refused.request, refused.place)

    def mark_recorded(self, interaction: Interaction) -> None:
        """This process has added it."""
        super().mark_recorded(interaction)
        if self.shared.is_open:
            self.told.append(interaction)


class _Joined(_Member):
    """One that a process has opened as it started: it is over when its parent's is."""

    def passes_by(self, host: str, client: Sequence[type]) -> bool:
        """Whether requests are none of this cassette's business."""
        return not self.shared.is_open or super().passes_by(host, client)


class _Refused(Cassette):
    """One that refuses every request of a child process."""

    reason: str

    def begin(self, request: Request) -> Turn:
        """Raise ChildProcessRefusedError."""
        if (shared := _shared.get(self)) is not None:
            shared.note_refusal(request, place_in_program())
        raise ChildProcessRefusedError(
            f"{request.method} {request.uri} was refused: this process was started inside the cassette {self.path}, "
            f"and {self.reason}"
        )


def _become(cassette: Cassette, kind: type[Cassette], **attributes: object) -> None:
    """Make ``cassette`` one of this kind, too."""
    own = type(cassette)
    vars(cassette).update(attributes)
    if not isinstance(cassette, kind):
        cassette.__class__ = type(own.__name__, (kind, own), {"__module__": own.__module__})


def _make_member(cassette: Cassette, kind: type[_Member], shared: Shared) -> None:
    if not isinstance(cassette, _Member):
        places = {interaction: place for place, interaction in enumerate(cassette.held(), 1)}
        _become(cassette, kind, shared=shared, places=places, told=[], known=0)
    cassette.storage.keep_notes_in(shared.journal)


def make_joined(cassette: Cassette, shared: Shared) -> None:
    """Let ``cassette``, which has been made from a recipe, take part in its parent's."""
    _tell(cassette, shared)
    _make_member(cassette, _Joined, shared)


def make_refusing(cassette: Cassette, reason: str, shared: Shared | None = None) -> None:
    """Let ``cassette`` refuse every request. ``reason``: the end of the sentence that says why. ``shared``: the
    directory through which the parent hears of it, where the cassette has none yet."""
    if shared is not None:
        _tell(cassette, shared)
    _become(cassette, _Refused, reason=reason)


def _tell(cassette: Cassette, shared: Shared) -> None:
    _shared[cassette] = shared
    shared.note_joined()


REFUSED_BY_OPTION = 'child_processes="refuse" forbids its requests'


def _before_fork() -> None:
    for cassette in _active.opened():
        try:
            _share(cassette)
        except OSError as error:  # (the fork itself goes on)
            log.warning("What a child process records into cassette %s will be lost: %s", cassette.path, error)


def _in_fork() -> None:
    for cassette in _active.opened():
        if cassette.child_processes == "refuse":
            make_refusing(cassette, REFUSED_BY_OPTION)
        elif (shared := _shared.get(cassette)) is not None and shared.is_open:
            shared.start_anew()
            _make_member(cassette, _Member, shared)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_in_fork)
