"""Failures as values: what an error stands for, and the standard library's error for it."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcr._http.failure import CONNECT, KINDS, PHASES, Failure
from vcr.response import Response

ERRORS = [
    ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
    ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
    TimeoutError(errno.ETIMEDOUT, "Connection timed out"),
    TimeoutError("timed out"),
    OSError(errno.EHOSTUNREACH, "No route to host"),
    socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
    ssl.SSLError(1, "[SSL] something"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_comes_back_as_what_it_was(error):
    failure = Failure.of(error, CONNECT)
    again = failure.error()
    assert (type(again), str(again), again.errno) == (type(error), str(error), error.errno)


def test_a_certificate_that_is_not_trusted_comes_back_with_its_reason():
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    again = Failure.of(error, CONNECT).error()
    assert (type(again), str(again), again.reason) == (type(error), str(error), error.reason)


def test_it_is_found_behind_the_clients_own_errors():
    class ClientError(Exception):
        pass

    refused = ERRORS[0]
    expected = Failure(CONNECT, "system", "ECONNREFUSED", "Connection refused")
    for how in ("cause", "reason", "argument", "group"):
        error = ClientError(refused) if how == "argument" else ClientError("it did not work")
        if how == "group":
            error.exceptions = (ClientError("nor did this"), refused)  # as ExceptionGroup has them
        if how == "cause":
            error.__cause__ = refused
        if how == "reason":
            error.reason = refused
        assert Failure.of(error, CONNECT) == expected


def test_what_has_nothing_to_do_with_the_network_is_no_failure():
    error = ValueError("no")
    error.__context__ = error
    assert Failure.of(error, CONNECT) is None
    assert Failure.of(OSError("no number"), CONNECT) is None


@given(st.builds(Failure, st.sampled_from(PHASES), st.sampled_from(KINDS), st.text(), st.text()))
def test_a_failure_is_kept_whole(failure):
    response = Response.failed(failure)
    assert Response(response.copy_data()).failure == failure
    assert isinstance(failure.error(), OSError)


@pytest.mark.parametrize("data", [None, "refused", {}, {"phase": "connect"}, {"phase": "connect", "kind": "made-up"}])
def test_what_is_none_is_none(data):
    assert Failure.from_data(data) is None


def test_an_older_reader_sees_a_response():
    data = Response.failed(Failure(CONNECT, "timeout", "", "timed out")).data
    assert data["status"] == {"code": 599, "message": "timed out"}
    assert data["body"] == {"string": b""}
