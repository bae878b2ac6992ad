"""One live exchange, without a client and without a network: what a stub says happened, and what is kept."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

import vcr
from vcr._http.failure import CANCELLED, CLOSED, RESPONSE, SEND, SYSTEM, TIMEOUT, Failure
from vcr.request import Headers, Request
from vcr.stubs import exchange as module
from vcr.stubs.cancellation import is_cancellation
from vcr.stubs.exchange import FINITE_PATIENCE, NEXT, NO_PATIENCE, OPEN_PATIENCE, REST_LIMIT, Event, Exchange, State

HEAD = b"HTTP/1.1 200 OK\r\n"
SHORT = HEAD + b"Content-Length: 6\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
EVENTS = HEAD + b"Content-Type: text/event-stream; charset=utf-8\r\n\r\n"
UNTIL_CLOSE = HEAD + b"\r\n"
LARGE = HEAD + b"Content-Length: 200000000\r\n\r\n"

RESET = Failure(RESPONSE, SYSTEM, "ECONNRESET", "Connection reset by peer")


class Cancelled(BaseException):
    """As trio's."""


@pytest.fixture
def cassette(cassette_path):
    with vcr.use_cassette(cassette_path) as opened:
        yield opened


@pytest.fixture
def clock(monkeypatch):
    """The clock of the limits, moved by hand."""
    now = [1000.0]
    monkeypatch.setattr(module, "_clock", lambda: now[0])
    return now


def live(cassette, method="GET", settle=None) -> Exchange:
    """An exchange whose request is out."""
    exchange = Exchange(cassette.begin(Request(method, "http://a.example/")), method, settle)
    exchange.sent()
    return exchange


def told(cassette, headers, method="GET", status=200, version="1.1") -> Exchange:
    """An exchange of a client that makes sense of the head itself."""
    exchange = live(cassette, method)
    exchange.head(status, "OK", Headers(headers), version)
    return exchange


def received(cassette, *data) -> Exchange:
    """An exchange of a client whose bytes are seen."""
    exchange = live(cassette)
    for piece in data:
        exchange.received(piece)
    return exchange


# -- the table ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.COMPLETE, State.FAILED, State.CANCELLED])
@pytest.mark.parametrize("event", Event)
def test_nothing_follows_an_end(event, state):
    assert (state, event) not in NEXT


@pytest.mark.parametrize("state", [State.SENDING, State.HEAD, State.BODY])
@pytest.mark.parametrize(
    ("event", "following"),
    [
        (Event.ERROR, State.FAILED),
        (Event.CANCELLED, State.CANCELLED),
        (Event.LEFT, State.LEFT),
        (Event.CLOSING, State.CLOSING),
    ],
)
def test_an_exchange_under_way_can_end_in_each_way(event, following, state):
    assert NEXT[state, event] is following


def test_the_states_of_an_exchange_that_goes_well(cassette):
    exchange = Exchange(cassette.begin(Request("GET", "http://a.example/")), "GET")
    states = [exchange.state]
    exchange.sent()
    states.append(exchange.state)
    for data in (b"HTTP/1.1 100 Continue\r\n\r\n", SHORT, b"abc", b"def"):
        exchange.received(data)
        states.append(exchange.state)
    assert states == [State.SENDING, State.HEAD, State.HEAD, State.BODY, State.BODY, State.COMPLETE]
    assert exchange.over


# -- what went well ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "kept"),
    [
        ((SHORT, b"abc", b"def"), {"string": b"abcdef"}),
        ((SHORT + b"abcdef",), {"string": b"abcdef"}),
        ((CHUNKED, b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"), {"string": b"abcdef", "chunks": "3*2"}),
        ((UNTIL_CLOSE, b"abcdef", b""), {"string": b"abcdef"}),
        ((HEAD + b"Content-Length: 0\r\n\r\n",), {"string": b""}),
    ],
)
def test_a_message_is_kept_when_its_last_byte_has_come(wire, kept, cassette):
    exchange = live(cassette)
    for data in wire:
        assert len(cassette) == 0
        exchange.received(data)
    assert cassette.responses[0]["body"] == kept
    assert "incomplete" not in cassette.responses[0]


def test_a_head_and_pieces_are_kept_when_the_client_has_seen_the_end(cassette):
    exchange = told(cassette, {"Content-Length": "6"})
    exchange.piece(b"abc")
    exchange.piece(b"def")
    assert exchange.complete
    assert len(cassette) == 0
    exchange.end(Headers({"X-Trailer": "1"}))
    (response,) = cassette.responses
    assert (response["body"], response["trailers"]) == ({"string": b"abcdef"}, {"X-Trailer": ["1"]})


@pytest.mark.parametrize(
    ("headers", "version", "kept"),
    [
        ({"Transfer-Encoding": "chunked"}, "1.1", True),
        ({"Content-Length": "6"}, "1.1", False),
        ({}, "1.1", False),
        ({"Content-Type": "text/event-stream"}, "1.1", True),
        ({}, "2", True),
        ({"Content-Length": "6"}, "2", False),
    ],
)
def test_pieces_are_kept_where_they_mean_something(headers, version, kept, cassette):
    exchange = told(cassette, headers, version=version)
    for piece in (b"a", b"", b"bc", b"def"):
        exchange.piece(piece)
    exchange.end()
    assert cassette.responses[0]["body"].get("chunks") == ("1 2 3" if kept else None)


def test_only_the_first_end_counts(cassette):
    exchange = told(cassette, {"Transfer-Encoding": "chunked"})
    exchange.piece(b"abc")
    exchange.end()
    exchange.piece(b"more")
    exchange.error(RESET)
    exchange.cancelled()
    exchange.left()
    exchange.stop()
    (response,) = cassette.responses
    assert response["body"]["string"] == b"abc"
    assert "incomplete" not in response
    assert exchange.state is State.COMPLETE


def test_an_exchange_of_a_turn_that_does_not_record_is_over_from_the_beginning(cassette_path):
    with vcr.use_cassette(cassette_path, before_record_request=lambda _: None) as cassette:
        exchange = received(cassette, SHORT, b"abc")
        exchange.left()
        assert exchange.over
        assert exchange.patience() == NO_PATIENCE
    assert len(cassette) == 0


# -- left early --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "seconds"), [(SHORT, FINITE_PATIENCE.seconds), (CHUNKED, OPEN_PATIENCE.seconds), (UNTIL_CLOSE, 1.0)]
)
def test_the_rest_of_what_the_client_leaves_is_read_within_a_limit(head, seconds, cassette, clock):
    exchange = received(cassette, head)
    exchange.left()
    assert exchange.patience() == (seconds, REST_LIMIT)
    clock[0] += seconds - 0.5
    assert exchange.patience() == (0.5, REST_LIMIT)
    clock[0] += 1
    assert exchange.patience() == NO_PATIENCE
    exchange.stop()
    assert cassette.responses[0]["incomplete"] is True


def test_what_the_client_leaves_is_whole_when_the_rest_has_come(cassette):
    exchange = received(cassette, SHORT, b"abc")
    exchange.left()
    exchange.received(b"def")
    assert exchange.patience() == NO_PATIENCE
    assert (exchange.over, exchange.state) == (True, State.COMPLETE)
    assert cassette.responses[0]["body"]["string"] == b"abcdef"
    assert "incomplete" not in cassette.responses[0]


def test_a_rest_that_is_too_long_to_be_kept_is_not_begun(cassette):
    exchange = received(cassette, LARGE, b"abc")
    exchange.left()
    assert exchange.patience() == NO_PATIENCE
    exchange.stop()
    assert (cassette.responses[0]["body"]["string"], cassette.responses[0]["incomplete"]) == (b"abc", True)


def test_little_is_kept_of_what_floods_in_after_the_client_has_left(cassette):
    exchange = received(cassette, CHUNKED)
    exchange.left()
    while exchange.patience().seconds:
        exchange.received(b"%x\r\n%b\r\n" % (65536, bytes(65536)))
    exchange.stop()
    assert REST_LIMIT <= len(cassette.responses[0]["body"]["string"]) <= REST_LIMIT + 65536


@pytest.mark.parametrize("why", ["left", "closing"])
def test_an_event_stream_is_not_waited_for(why, cassette):
    exchange = received(cassette, EVENTS, b"data: 1\n\n")
    getattr(exchange, why)()
    assert exchange.patience() == NO_PATIENCE
    exchange.stop()
    assert (cassette.responses[0]["body"]["string"], cassette.responses[0]["incomplete"]) == (b"data: 1\n\n", True)


def test_a_client_that_leaves_before_the_head_is_waited_for_all_the_same(cassette):
    """The server has the request."""
    exchange = live(cassette)
    exchange.left()
    assert exchange.patience().seconds
    exchange.received(SHORT + b"abcdef")
    assert cassette.responses[0]["body"]["string"] == b"abcdef"


def test_of_a_request_that_was_left_before_the_head_came_nothing_is_kept(cassette):
    exchange = live(cassette)
    exchange.left()
    exchange.stop()
    assert len(cassette) == 0


@pytest.mark.parametrize("error", [TimeoutError(), KeyboardInterrupt(), SystemExit()])
def test_a_client_that_leaves_in_a_hurry_does_not_wait(error, cassette):
    exchange = received(cassette, SHORT, b"abc")
    exchange.left(error)
    assert exchange.patience() == NO_PATIENCE
    exchange.stop()
    assert cassette.responses[0]["incomplete"] is True


def test_a_client_that_leaves_because_of_its_own_error_waits(cassette):
    exchange = received(cassette, SHORT, b"abc")
    exchange.left(ValueError("wrong content"))
    assert exchange.patience().seconds


# -- failed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        ((SHORT, b"abc"), {"string": b"abc"}),
        ((CHUNKED, b"3\r\nabc\r\n"), {"string": b"abc"}),
        ((CHUNKED, b"6\r\nabc"), {"string": b"abc", "cut_chunk": "3/6"}),
        ((CHUNKED, b"3\r\nabc"), {"string": b"abc", "cut_chunk": "3/3"}),
        ((CHUNKED, b"3\r\nabc\r"), {"string": b"abc", "broken_by": "\r"}),
    ],
)
def test_what_is_cut_off_is_kept_as_far_as_it_came(wire, body, cassette):
    exchange = received(cassette, *wire, b"")
    (response,) = cassette.responses
    assert (response["body"], response["incomplete"]) == (body, True)
    assert exchange.state is State.FAILED


@pytest.mark.parametrize("record_errors", [False, True])
@pytest.mark.parametrize("failure", [RESET, Failure(RESPONSE, TIMEOUT, "", "timed out")])
def test_a_failure_is_kept_where_the_cassette_keeps_errors(failure, record_errors, cassette_path):
    with vcr.use_cassette(cassette_path, record_errors=record_errors) as cassette:
        exchange = received(cassette, SHORT, b"abc")
        exchange.error(failure)
    assert [response.get("error") for response in cassette.responses] == ([failure.to_data()] if record_errors else [])


def test_a_server_that_closes_without_a_response_is_a_failure(cassette_path):
    with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
        received(cassette, b"")
    assert cassette.responses[0]["error"]["kind"] == CLOSED


def test_an_error_that_is_none_of_the_network_leaves_no_trace(cassette):
    received(cassette, SHORT, b"abc").error(None)
    assert len(cassette) == 0


def test_an_error_after_the_last_byte_changes_nothing(cassette):
    exchange = told(cassette, {"Content-Length": "3"})
    exchange.piece(b"abc")
    exchange.error(RESET)
    assert "incomplete" not in cassette.responses[0]


def test_an_error_while_the_rest_is_read_cuts_it(cassette_path):
    """The client has left, and does not hear of it."""
    with vcr.use_cassette(cassette_path, record_errors=True) as cassette:
        exchange = received(cassette, SHORT, b"abc")
        exchange.left()
        exchange.error(RESET)
    assert "error" not in cassette.responses[0]
    assert cassette.responses[0]["incomplete"] is True


# -- cancelled ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancelled", "left"])
def test_what_the_program_cancels_is_kept_as_cancelled(how, cassette):
    exchange = received(cassette, SHORT, b"abc")
    getattr(exchange, how)(Cancelled())
    (response,) = cassette.responses
    assert (response["error"]["kind"], response["error"]["phase"]) == (CANCELLED, RESPONSE)
    assert (response["body"]["string"], response["incomplete"]) == (b"abc", True)
    assert exchange.state is State.CANCELLED
    assert exchange.patience() == NO_PATIENCE


@pytest.mark.parametrize(("sent", "phase"), [(False, SEND), (True, RESPONSE)])
def test_what_is_cancelled_before_there_is_a_head_is_kept_too(sent, phase, cassette):
    exchange = Exchange(cassette.begin(Request("GET", "http://a.example/")), "GET")
    if sent:
        exchange.sent()
    exchange.cancelled()
    assert cassette.responses[0]["error"]["phase"] == phase


@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_a_cancelled_exchange_survives_the_file(serializer, cassette_path):
    with vcr.use_cassette(cassette_path, serializer=serializer) as cassette:
        received(cassette, SHORT, b"abc").cancelled()
    with vcr.use_cassette(cassette_path, serializer=serializer, record_mode="none") as cassette:
        response = cassette.begin(Request("GET", "http://a.example/")).response
    assert response.failure.kind == CANCELLED
    assert (response.body, response.incomplete) == (b"abc", True)


def test_an_interrupt_is_no_cancellation(cassette):
    """The program ends: no replay could wait for that."""
    received(cassette, SHORT, b"abc").cancelled(KeyboardInterrupt())
    assert len(cassette) == 0


def test_an_event_stream_is_kept_as_far_as_it_went_when_the_program_is_interrupted(cassette):
    received(cassette, EVENTS, b"data: 1\n\n").cancelled(KeyboardInterrupt())
    assert (cassette.responses[0]["incomplete"], "error" in cassette.responses[0]) == (True, False)


def test_a_cancellation_while_the_rest_is_read_cuts_it(cassette):
    exchange = received(cassette, SHORT, b"abc")
    exchange.left()
    exchange.cancelled(Cancelled())
    assert "error" not in cassette.responses[0]


def test_what_counts_as_a_cancellation():
    assert is_cancellation(asyncio.CancelledError())
    assert is_cancellation(Cancelled())
    assert not is_cancellation(KeyboardInterrupt())
    assert not is_cancellation(TimeoutError())
    assert not is_cancellation(None)


# -- the cassette closes -----------------------------------------------------------------------------------------------


def test_a_cassette_that_closes_keeps_what_has_come(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        exchange = received(cassette, CHUNKED, b"3\r\nabc\r\n")
    exchange.received(b"4\r\nlate\r\n0\r\n\r\n")
    (response,) = cassette.responses
    assert (response["body"]["string"], response["incomplete"]) == ("abc", True)
    assert exchange.state is State.CLOSING


class Stub:
    """Reads on while its cassette closes, from a server that is silent."""

    def __init__(self, cassette, clock) -> None:
        self.exchange = live(cassette, settle=self.settle)
        self.exchange.received(SHORT)
        self._clock = clock
        self.waited: list[float] = []

    def settle(self) -> None:
        self.exchange.closing()
        while seconds := self.exchange.patience().seconds:
            self.waited.append(seconds)
            self._clock[0] += seconds
        self.exchange.stop()


def test_a_cassette_that_closes_waits_once_for_all_its_responses(cassette_path, clock, monkeypatch):
    monkeypatch.setattr("vcr._engine.cassette._clock", lambda: clock[0])
    with vcr.use_cassette(cassette_path) as cassette:
        stubs = [Stub(cassette, clock) for _ in range(20)]
    waited = sorted(sum(stub.waited) for stub in stubs)
    assert waited[-1] == FINITE_PATIENCE.seconds
    assert sum(waited) < FINITE_PATIENCE.seconds + 2
    assert len(cassette) == 20


def test_a_stub_that_is_gone_is_not_asked_when_its_cassette_closes(cassette_path, clock):
    with vcr.use_cassette(cassette_path) as cassette:
        Stub(cassette, clock)
        gc.collect()
    assert len(cassette) == 0


def test_an_exchange_that_is_over_does_not_hold_its_cassette(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        exchange = received(cassette, SHORT, b"abcdef")
    gone = weakref.ref(cassette)
    del cassette
    gc.collect()
    assert exchange.over
    assert gone() is None


# -- the clock ---------------------------------------------------------------------------------------------------------


def test_a_library_that_stops_the_clock_does_not_stop_the_limits(cassette, monkeypatch):
    exchange = received(cassette, UNTIL_CLOSE)
    monkeypatch.setattr("time.monotonic", lambda: 0.0)
    exchange.left()
    began = exchange.patience().seconds
    threading.Event().wait(0.01)
    assert exchange.patience().seconds < began
