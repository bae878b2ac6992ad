"""xmlrpc.client, which brings its own use of http.client."""

from __future__ import annotations

import xmlrpc.client

import pytest

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException


def _adds(exchange):
    numbers, _ = xmlrpc.client.loads(exchange.request.body)
    if all(isinstance(number, int) for number in numbers):
        answer = xmlrpc.client.dumps((sum(numbers),), methodresponse=True)
    else:
        answer = xmlrpc.client.dumps(xmlrpc.client.Fault(4, "not numbers"), methodresponse=True)
    exchange.respond(200, [("Content-Type", "text/xml")], answer.encode())


def test_calls_and_faults_are_recorded_and_replayed(server, cassette_path):
    def act():
        with xmlrpc.client.ServerProxy(server.url + "/rpc") as proxy:
            sums = [proxy.add(1, 2), proxy.add(3, 4, 5)]
            with pytest.raises(xmlrpc.client.Fault, match="not numbers") as caught:
                proxy.add("one")
        return sums, caught.value.faultCode

    server.route("/rpc", _adds)
    with vcr.use_cassette(cassette_path, match_on=["method", "uri", "body"]):
        assert act() == ([3, 12], 4)
    assert server.connections == 1
    server.close()
    with vcr.use_cassette(cassette_path, match_on=["method", "uri", "body"], record_mode="none") as cassette:
        assert act() == ([3, 12], 4)
    assert cassette.all_played


def test_a_refusal_reaches_the_caller_unwrapped(server, cassette_path):
    with (
        vcr.use_cassette(cassette_path, record_mode="none"),
        xmlrpc.client.ServerProxy(server.url) as proxy,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        proxy.add(1, 2)
    assert server.connections == 0
