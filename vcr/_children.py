"""How the processes that a program starts inside an open cassette, or an open block of the network, take part in it:
what they are told, what becomes of the cassette in the child of a fork, and what the parent does as it closes.

A child is given the path of a private directory. There it finds the recipe of the cassette, and there it puts, at once,
what it records and plays: it may be ended at any moment. The parent takes that in when the cassette closes, and removes
the directory: a child that finds none any more knows that the cassette is over. With a block it is the same.

This file must not know how a process is started, or how a cassette is opened.
"""

from __future__ import annotations

import logging
import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from . import _active
from ._engine.cassette import Cassette
from ._engine.strict import Refused
from ._locks import new_lock
from ._shared import BLOCK, Shared
from .errors import AmbiguousCassetteError, ChildProcessRefusedError, place_in_program, warn
from .request import Request

if TYPE_CHECKING:
    from ._engine.interaction import Interaction
    from ._engine.turn import Turn

log = logging.getLogger(__name__)

#: The environment variable that tells a child of the open blocks and the current cassette: a line for each, with what
#: becomes of the child (``child_processes``, or ``block``) and the directory.
VARIABLE = "VCR_CHILD_OF"
#: The directory whose ``sitecustomize.py`` a child runs as it starts.
STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_child", "startup")


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
    """What ``VARIABLE`` has to say in a process that is started here and now; None when no block is open, and either no
    cassette is current or the process is to be ignored and is no Python that could tell what it does."""
    told = _blocks()
    try:
        cassette = _active.current()
    except AmbiguousCassetteError:
        cassette = None  # (which is refused where a request is made)
    is_open = cassette is not None and not any(cassette is one for one in _active.stand_ins)
    if cassette is not None and is_open and (is_python or cassette.child_processes != "ignore"):
        told.append(cassette)
    return "\n".join(f"{one.child_processes} {_share(one).directory}" for one in told) or None


def _blocks() -> list[Cassette]:
    """What stands outside cassettes in each open block, innermost last."""
    return [one for one in tuple(_active.stand_ins) if one.child_processes == BLOCK]


def note_apart(command: str) -> bool:
    """Remember that the Python which this command starts cannot take part in the open blocks. Returns whether it could
    not take part in the current cassette either, though it should."""
    for block in _blocks():
        _share(block).note_apart(command)
    told = (handed_over(is_python=True) or "").splitlines()
    return any(not line.startswith(("ignore ", f"{BLOCK} ")) for line in told)


def environment(given: Mapping[str, str] | None, value: str) -> dict[str, str]:
    """The environment of a process that is started with ``given``, and ``value`` for ``VARIABLE``."""
    before = dict(os.environ if given is None else given)
    paths = [STARTUP, *filter(None, [before.get("PYTHONPATH")])]
    return {**before, VARIABLE: value, "PYTHONPATH": os.pathsep.join(paths)}


# -- the end of the cassette, and of a block ---------------------------------------------------------------------------


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
    """Warn of what children have connected to that took no part in the cassette, and of those that were to be kept from
    the network, and were not."""
    shared = _shared.get(cassette)
    if shared is not None and shared.apart:
        warn(
            f"processes started while the network was blocked were not kept from it: {'; '.join(shared.apart)}. Let "
            "them read PYTHONPATH and sitecustomize (no -I, -E or -S), where vcr and what it needs can be imported"
        )
    if shared is not None and shared.connected:
        warn(
            f"processes started inside the cassette {cassette.path} have connected to {', '.join(shared.connected)}: "
            'that is neither recorded nor replayed. child_processes="join" lets them take part in the cassette, '
            '"refuse" forbids their requests'
        )


def end_block(outside: Cassette) -> list[str]:
    """The block is over, in this process and for its children. Returns the hosts that they were kept from."""
    shared = _shared.get(outside)
    if shared is None or not shared.is_owned:
        return []
    blocked, shared.apart = shared.lines_since("blocked", 0), sorted(set(shared.lines_since("apart", 0)))
    shared.remove()
    return blocked


def inherit_block(outside: Cassette, shared: Shared) -> None:
    """``outside`` stands for the block that is handed over in this directory: this process's children are told so."""
    _tell(outside, shared)


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
    for cassette in (*_active.opened(), *_blocks()):
        try:
            _share(cassette)
        except OSError as error:  # (the fork itself goes on)
            log.warning("Child processes cannot hand anything to their parent for %s: %s", cassette.path, error)


def _in_fork() -> None:
    for cassette in _active.opened():
        if cassette.child_processes == "refuse":
            make_refusing(cassette, REFUSED_BY_OPTION)
        elif (shared := _shared.get(cassette)) is not None and shared.is_open:
            shared.start_anew()
            _make_member(cassette, _Member, shared)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_in_fork)
