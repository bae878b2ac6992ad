"""What no cassette takes in: requests outside of any, and those that turn into another protocol inside one."""

from __future__ import annotations

import os
import re

import pytest

import vcr
from vcr.errors import UnsupportedProtocolError, VCRWarning
from vcr.network import NetworkBlockedError

UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade"}


def test_a_request_outside_a_cassette_is_refused_by_its_name(client, server):
    url = server.url + "/text"
    with vcr.block_network(block_loopback=True) as block, client() as session:
        with pytest.raises(NetworkBlockedError, match=re.escape(f"{url} was made outside a cassette in ")) as caught:
            session.get(url)
        assert (server.hits, set(block.blocked)) == (0, {"127.0.0.1"})
    assert caught.value.host == "127.0.0.1"
    assert os.environ["PYTEST_CURRENT_TEST"] in str(caught.value)
    assert "allowed_hosts=['127.0.0.1']" in str(caught.value)


def test_a_cassette_replays_inside_a_block(client, server, cassette_path):
    bodies = []
    for options in ({}, {"block_loopback": True}):
        with vcr.block_network(**options), vcr.use_cassette(cassette_path), client() as session:
            bodies.append(session.get(server.url + "/counter").body)
    assert (bodies, server.hits) == ([b"1", b"1"], 1)


def test_the_hosts_that_are_allowed_pass(client, server):
    with vcr.block_network([f"127.0.0.1:{server.port}"], block_loopback=True), client() as session:
        assert session.get(server.url + "/counter").body == b"1"


def test_an_upgrade_passes_and_the_warning_names_its_server(client, server, cassette_path):
    said = rf"the program reached 127\.0\.0\.1:{server.port} \(WebSocket\), which is neither recorded nor replayed"

    def act():
        with vcr.use_cassette(cassette_path), client() as session:
            assert session.get(server.url + "/text", UPGRADE).status == 200
            assert session.get(server.url + "/text").status == 200

    with pytest.warns(VCRWarning, match=said):
        act()
    assert server.hits == 2
    with vcr.use_cassette(cassette_path) as cassette:
        assert len(cassette) == 1


def test_an_upgrade_is_refused_where_nothing_may_be_recorded(client, server, cassette_path):
    refused = f"WebSocket to 127.0.0.1:{server.port} was refused"
    with (
        vcr.use_cassette(cassette_path, record_mode="none", on_unrecordable="error"),
        client() as session,
        pytest.raises(UnsupportedProtocolError, match=re.escape(refused)),
    ):
        session.get(server.url + "/text", UPGRADE)
    assert server.hits == 0
