"""The cassette, and which one is current, against models simple enough to be right by inspection.

Hypothesis makes the schedules: which thread does what next. (That several do it at once is tests/test_concurrency.py.)
"""

from __future__ import annotations

import queue
import threading

import h11
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from tests.test_wire import responses
from vcr import _active
from vcr._http.render import render
from vcr.cassette import Cassette
from vcr.errors import AmbiguousCassetteError, CannotOverwriteExistingCassetteException, CassetteNotFoundError
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.response import Response

patient = settings(deadline=None, max_examples=60, stateful_step_count=40)


class Worker:
    """A thread that does what it is told, one thing at a time, in a context of its own."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue = queue.SimpleQueue()
        self._results: queue.SimpleQueue = queue.SimpleQueue()
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                self._results.put((True, call()))
            except Exception as error:  # noqa: BLE001  (the caller's to judge)
                self._results.put((False, error))

    def do(self, call):
        """The result of ``call`` in this thread."""
        self._calls.put(call)
        ok, result = self._results.get()
        if not ok:
            raise result
        return result

    def stop(self) -> None:
        """Let it end."""
        self._calls.put(None)
        self.thread.join()


class Shelf:
    """A persister that keeps one cassette in memory."""

    def __init__(self) -> None:
        self.kept = None

    def load_cassette(self, path, serializer):
        if self.kept is None:
            raise CassetteNotFoundError
        return self.kept

    def save_cassette(self, path, data, serializer):
        self.kept = (list(data["requests"]), list(data["responses"]))


@patient
class CassetteMachine(RuleBasedStateMachine):
    """One cassette, opened again and again, used by three threads.

    The model: ``stored`` and ``recorded`` are lists of ``[uri, body, plays]``; a place is taken when a request begins.
    """

    turns = Bundle("turns")

    def __init__(self) -> None:
        super().__init__()
        self.workers = [Worker() for _ in range(3)]
        self.shelf = Shelf()
        self.saved: list[tuple[str, bytes]] = []
        self.number = 0

    def teardown(self) -> None:
        for worker in self.workers:
            worker.stop()

    @initialize(mode=st.sampled_from(list(RecordMode)))
    def open_first(self, mode):
        self.open_anew(mode)

    @rule(mode=st.sampled_from(list(RecordMode)))
    def abandon(self, mode):
        """Nobody closes it: nothing is saved."""
        self.open_anew(mode)

    def open_anew(self, mode):
        self.mode = mode
        self.cassette = Cassette("shelf", None, self.shelf, mode)
        self.cassette._load()
        self.existing = self.shelf.kept is not None
        self.entries = [[uri, body, 0] for uri, body in self.saved]
        self.playable = list(self.entries)
        self.recorded = []
        self.session = object()

    def expected(self, uri):
        """What the record mode's table says of this request: the entry to replay, "live" or "refused"."""
        if self.mode not in (RecordMode.ALL, RecordMode.REWRITE):
            for entry in self.playable:
                if entry[0] == uri and not entry[2]:
                    return entry
        existing = self.existing
        records = {
            RecordMode.ALL: True,
            RecordMode.REWRITE: True,
            RecordMode.ANY: True,
            RecordMode.NEW_EPISODES: True,
            RecordMode.ONCE: not existing,
            RecordMode.NONE: False,
        }[self.mode]
        return "live" if records else "refused"

    @rule(target=turns, uri=st.sampled_from(["http://h/a", "http://h/b", "http://h/c"]), who=st.integers(0, 2))
    def begin(self, uri, who):
        expected = self.expected(uri)
        try:
            turn = self.workers[who].do(lambda: self.cassette.begin(Request("GET", uri)))
        except CannotOverwriteExistingCassetteException:
            assert expected == "refused"
            return None
        if turn.response is not None:
            assert expected[1] == turn.response.body
            expected[2] += 1
            return None
        assert expected == "live"
        entry = [uri, None, 0]
        self.entries.append(entry)
        return self.session, turn, entry

    @rule(taken=consumes(turns), who=st.integers(0, 2))
    def finish(self, taken, who):
        if taken is None or taken[0] is not self.session:
            return
        _, turn, entry = taken
        self.number += 1
        entry[1] = b"%d" % self.number
        self.workers[who].do(lambda: turn.complete(Response.of(200, "OK", None, entry[1])))
        self.recorded.append(entry)

    @rule(taken=consumes(turns))
    def forget(self, taken):
        """A turn that is never completed leaves no trace."""

    @rule(who=st.integers(0, 2))
    def rewind(self, who):
        self.workers[who].do(self.cassette.rewind)
        self.existing = True
        self.playable = [entry for entry in self.entries if entry[1] is not None]
        for entry in self.playable:
            entry[2] = 0

    @rule(who=st.integers(0, 2), save=st.booleans(), mode=st.sampled_from(list(RecordMode)))
    def close(self, who, save, mode):
        self.workers[who].do(lambda: self.cassette.close(save=save))
        if save and self.recorded:
            finished = [entry for entry in self.entries if entry[1] is not None]
            if self.mode is RecordMode.ALL:
                again = {entry[0] for entry in self.recorded}
                finished = [e for e in finished if any(e is r for r in self.recorded) or e[0] not in again]
            if self.mode is RecordMode.REWRITE:
                finished = [entry for entry in finished if any(entry is one for one in self.recorded)]
            self.saved = [(entry[0], entry[1]) for entry in finished]
        self.open_anew(mode)

    @invariant()
    def they_agree(self):
        if not hasattr(self, "cassette"):
            return
        finished = [entry for entry in self.entries if entry[1] is not None]
        assert [r.uri for r in self.cassette.requests] == [entry[0] for entry in finished]
        assert [r["body"]["string"] for r in self.cassette.responses] == [entry[1] for entry in finished]
        assert self.cassette.play_count == sum(entry[2] for entry in finished)
        assert self.cassette.all_played == all(entry[2] for entry in finished)
        assert len(self.cassette) == len(finished)


TestCassette = CassetteMachine.TestCase


@patient
class CurrentMachine(RuleBasedStateMachine):
    """Cassettes opened and closed in any order by three threads; each thread asks which is current.

    The model (DESIGN): what the thread itself has open, the innermost; else what the process has, if there is no
    guessing between cassettes that different threads opened side by side.
    """

    opened = Bundle("opened")

    def __init__(self) -> None:
        super().__init__()
        self.workers = [Worker() for _ in range(3)]
        self.open: list[tuple[int, Cassette, object, tuple]] = []  # (thread, cassette, entry, what it was opened in)

    def teardown(self) -> None:
        for who, _, entry, _ in self.open:
            self.workers[who].do(lambda entry=entry: _active.leave(entry))
        for worker in self.workers:
            worker.stop()

    @rule(target=opened, who=st.integers(0, 2))
    def enter(self, who):
        cassette = Cassette(f"{len(self.open)}")
        around = tuple(c for w, c, _, _ in self.open if w == who)
        entry = self.workers[who].do(lambda: _active.Entry(cassette))
        self.workers[who].do(lambda: _active.enter(entry))
        self.open.append((who, cassette, entry, around))
        return entry

    @rule(entry=consumes(opened), who=st.integers(0, 2))
    def leave(self, entry, who):
        """Wherever in the stack it is, and from whichever thread."""
        self.workers[who].do(lambda: _active.leave(entry))
        self.open = [one for one in self.open if one[2] is not entry]

    def expected(self, who):
        own = [cassette for w, cassette, _, _ in self.open if w == who]
        if own:
            return own[-1]
        if not self.open:
            return None
        return "ambiguous" if len({w for w, _, _, _ in self.open}) > 1 else self.open[-1][1]

    @invariant()
    def each_thread_sees_its_own(self):
        for who, worker in enumerate(self.workers):
            try:
                seen = worker.do(_active.current)
            except AmbiguousCassetteError:
                seen = "ambiguous"
            assert seen is self.expected(who)


TestCurrent = CurrentMachine.TestCase


# -- the wire, with another reader than http.client ---------------------------------------------------------------


@given(responses(), st.sampled_from(["GET", "HEAD", "POST"]))
@settings(deadline=None)
def test_h11_reads_what_was_rendered(response, method):
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "h"), ("Content-Length", "0")]))
    reader.send(h11.EndOfMessage())
    try:
        for piece in render(response, method):
            reader.receive_data(piece)
        reader.receive_data(b"")
        head, body, trailers = None, b"", []
        while not isinstance(event := reader.next_event(), (h11.ConnectionClosed, type(h11.PAUSED))):
            if isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                trailers = list(event.headers)
                break
    except h11.RemoteProtocolError:
        reject()  # It is stricter than http.client about what a server may send in a field.
    assert head.status_code == response.status
    assert body == (b"" if method == "HEAD" else response.body)
    sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.pairs()]
    # h11 has its own spelling of the coding.
    got = [(name, b"Chunked" if value == b"chunked" else value) for name, value in head.headers.raw_items()]
    assert got == [(name, b"Chunked" if value.lower() == b"chunked" else value) for name, value in sent]
    if method != "HEAD":
        assert len(trailers) == len(response.trailers.pairs())
