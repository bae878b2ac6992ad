"""Lets the child processes of a program take part in an open cassette, or in an open block of the network: what a child
is told, what happens to the cassette in the child of a fork, and what the parent does when the cassette closes.

A child is given the path of a private directory. The child finds the recipe of the cassette there, and writes there at
once what it records and plays, for it may be killed at any moment. When the cassette closes, the parent takes that in
and removes the directory. A child that no longer finds the directory knows that the cassette is closed. A block works
alike.

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

#: The environment variable that names the open blocks and the current cassette to a child: a line for each, with
#: ``child_processes`` of the cassette (or ``block``), a blank, and the directory.
VARIABLE = "VCR_CHILD_OF"
#: The directory whose ``sitecustomize.py`` a child runs as it starts.
STARTUP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_child", "startup")


_shared: weakref.WeakKeyDictionary[Cassette, Shared] = weakref.WeakKeyDictionary()
_lock = new_lock()


def _share(cassette: Cassette) -> Shared:
    """The directory of this cassette; it is made at the first call. Raises OSError when it cannot be made."""
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
    """Whether a Python that was started inside this open cassette takes part in it."""
    return _share(cassette).is_joined


def handed_over(*, is_python: bool) -> str | None:
    """The value of ``VARIABLE`` for a process that is started here and now; None when the process needs none.

    It names the open blocks and the current cassette. A cassette that ignores child processes is named to a Python
    only, which tells the parent what it connects to.
    """
    shared = _blocks()
    try:
        cassette = _active.current()
    except AmbiguousCassetteError:
        cassette = None  # (a request raises this error; starting a process does not)
    is_open = cassette is not None and not any(cassette is one for one in _active.fallbacks)
    if cassette is not None and is_open and (is_python or cassette.child_processes != "ignore"):
        shared.append(cassette)
    return "\n".join(f"{one.child_processes} {_share(one).directory}" for one in shared) or None


def _blocks() -> list[Cassette]:
    """The ``Outside`` of each open block, innermost last."""
    return [one for one in tuple(_active.fallbacks) if one.child_processes == BLOCK]


def note_apart(command: str) -> bool:
    """Note that the Python which this command starts cannot be kept inside the open blocks. Returns whether it should
    also take part in the current cassette, which it cannot."""
    for block in _blocks():
        _share(block).note_apart(command)
    lines = (handed_over(is_python=True) or "").splitlines()
    return any(not line.startswith(("ignore ", f"{BLOCK} ")) for line in lines)


def environment(given: Mapping[str, str] | None, value: str) -> dict[str, str]:
    """The environment of a process that is started with ``given``, and ``value`` for ``VARIABLE``."""
    before = dict(os.environ if given is None else given)
    paths = [STARTUP, *filter(None, [before.get("PYTHONPATH")])]
    return {**before, VARIABLE: value, "PYTHONPATH": os.pathsep.join(paths)}


# -- the end of the cassette, and of a block ---------------------------------------------------------------------------


@contextmanager
def ending(cassette: Cassette) -> Iterator[None]:
    """Take in what the children have recorded and played; the caller closes and saves the cassette inside this context.

    Children, and other threads that save, wait meanwhile. They cannot wait for each other: when this is entered, the
    cassette has finished all its exchanges.
    """
    shared = _shared.get(cassette)
    if shared is None:
        yield
        return
    reported = cassette.reported if isinstance(cassette, _Member) else []

    def place() -> AbstractContextManager[object]:
        is_shared = reported or (shared.is_owned and shared.journal.exists)
        return cassette.storage.place.exclusive() if is_shared else nullcontext()

    with shared.alone(), place():
        if shared.is_owned:
            shared.take_in(cassette)
        elif reported and not shared.is_open:
            # The parent has closed its cassette, and has taken in what this child of a fork had reported until then.
            cassette.storage.use_journal(None)
            cassette.mark_saved(reported)
        try:
            yield
        finally:
            shared.remove()


def forget(cassette: Cassette) -> None:
    """Remove the directory of a cassette that is over, whether it has been saved or not."""
    if (shared := _shared.get(cassette)) is not None:
        shared.remove()


def report(cassette: Cassette) -> None:
    """Warn of the hosts to which children outside the cassette have connected, and of children that could not be kept
    from the network."""
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
    """End the block for the children of this process. Returns the hosts from which the children were kept."""
    shared = _shared.get(outside)
    if shared is None or not shared.is_owned:
        return []
    blocked, shared.apart = shared.lines_since("blocked", 0), sorted(set(shared.lines_since("apart", 0)))
    shared.remove()
    return blocked


# -- a cassette in a child --------------------------------------------------------------------------------------------


class _Member(Cassette):
    """A cassette in a child process. It reports to the parent at once what it plays and records."""

    shared: Shared
    #: The place, from 1 on, of each interaction that the parent's cassette holds, too.
    places: dict[Interaction, int]
    #: The interactions that this process has recorded and reported to the parent.
    reported: list[Interaction]
    #: How many bytes of the file "played" have been counted here: it has the replays of all children.
    known: int

    def play(self, interaction: Interaction) -> None:
        """Count one replay of an interaction, here and in the parent."""
        super().play(interaction)
        if interaction in self.places:
            self.shared.note("played", self.places[interaction])

    def unplay(self, interaction: Interaction) -> None:
        """Count one replay less of an interaction, here and in the parent."""
        with self.changing():
            super().unplay(interaction)
            if interaction in self.places:
                self.shared.note("played", -self.places[interaction])

    @contextmanager
    def changing(self) -> Iterator[None]:
        """The directory and the lock, which are held while a request is decided about, and while an interaction is
        added and reported. What the other children have played is counted first. (The directory comes first: ``ending``
        takes both in this order, too.)"""
        with self.shared.alone(), super().changing():
            if self.shared.size("played") > self.known:
                self.shared.count_plays(self, list(self.places), self.known)
            try:
                yield
            finally:
                self.known = self.shared.size("played")

    def note_refusal(self, refused: Refused) -> None:
        """Note a refusal, here and in the parent."""
        super().note_refusal(refused)
        self.shared.note_refusal(refused.request, refused.place)

    def mark_recorded(self, interaction: Interaction) -> None:
        """Note that this process has added an interaction; the parent finds it in the journal."""
        super().mark_recorded(interaction)
        if self.shared.is_open:
            self.reported.append(interaction)


class _Joined(_Member):
    """The cassette of a process that took part in its parent's cassette when it started: both end together."""

    def passes_by(self, host: str, client: Sequence[type]) -> bool:
        """Whether requests go live as if there were no cassette: also when the parent's cassette is closed."""
        return not self.shared.is_open or super().passes_by(host, client)


class _Refused(Cassette):
    """A cassette that refuses every request of a child process, for ``reason``."""

    reason: str

    def begin(self, request: Request) -> Turn:
        """Note the refusal for the parent, and raise ChildProcessRefusedError."""
        if (shared := _shared.get(self)) is not None:
            shared.note_refusal(request, place_in_program())
        raise ChildProcessRefusedError(
            f"{request.method} {request.uri} was refused: this process was started inside the cassette {self.path}, "
            f"and {self.reason}"
        )


def _become(cassette: Cassette, kind: type[Cassette], **attributes: object) -> None:
    """Make ``cassette`` an object of the class ``kind``, too, with these attributes."""
    before = type(cassette)
    vars(cassette).update(attributes)
    if not isinstance(cassette, kind):
        cassette.__class__ = type(before.__name__, (kind, before), {"__module__": before.__module__})


def _make_member(cassette: Cassette, kind: type[_Member], shared: Shared) -> None:
    if not isinstance(cassette, _Member):
        places = {interaction: place for place, interaction in enumerate(cassette.held(), 1)}
        _become(cassette, kind, shared=shared, places=places, reported=[], known=0)
    cassette.storage.use_journal(shared.journal)


def make_joined(cassette: Cassette, shared: Shared) -> None:
    """Let ``cassette``, which was made from the parent's recipe, take part in the parent's cassette."""
    join(cassette, shared)
    _make_member(cassette, _Joined, shared)


def make_refusing(cassette: Cassette, reason: str, shared: Shared | None = None) -> None:
    """Let ``cassette`` refuse every request. ``reason``: the end of the sentence that says why. ``shared``: the
    directory for reports to the parent, where the cassette has none yet."""
    if shared is not None:
        join(cassette, shared)
    _become(cassette, _Refused, reason=reason)


def join(cassette: Cassette, shared: Shared) -> None:
    """Use the parent's directory for ``cassette``, or for a block's ``Outside``, and tell the parent so.

    The children of this process are given the same directory.
    """
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
