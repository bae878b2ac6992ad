"""Masked cassettes, with every client: none of the secrets is on disk, and a flow that carries a token replays."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path

import vcr

PASSWORD = "s3cr3t horse 1789"
TOKEN = "T0kenOfTheAnswer123456"
SESSION = "S3ss10nOfTheAnswer1234567"


def routes(server) -> None:
    def login(exchange) -> None:
        repeated = exchange.request.get("X-Api-Key")
        body = json.dumps({"access_token": TOKEN, "expires_in": 3600, "asked_by": repeated}).encode()
        headers = [("Content-Type", "application/json"), ("Set-Cookie", f"sid={SESSION}; Path=/; HttpOnly")]
        exchange.respond(200, headers, body)

    def me(exchange) -> None:
        is_known = exchange.request.get("Authorization") == f"Bearer {TOKEN}"
        exchange.json({"who": "joe", "by": exchange.request.get("Authorization")} if is_known else {"who": None})

    server.route("/login", login)
    server.route("/me", me)


def flow(session, url: str, key: str) -> list[object]:
    """Log in, then ask with the token that came: the statuses, and what the program makes of the bodies, of which one
    repeats the key."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "X-Api-Key": key}
    first = session.fetch("POST", f"{url}/login?api_key={key}", form, b"user=joe&password=" + PASSWORD.encode())
    token = json.loads(first.body)["access_token"]
    cookie = first.get_all("Set-Cookie")[0].partition(";")[0]
    second = session.fetch("GET", f"{url}/me", {"Authorization": f"Bearer {token}", "Cookie": cookie})
    return [first.status, second.status, json.loads(second.body)["who"], json.loads(first.body)["asked_by"]]


def spelled(secret: str) -> set[bytes]:
    return {secret.encode(), secret.replace(" ", "%20").encode(), base64.b64encode(secret.encode())}


def test_no_secret_is_written_and_a_flow_that_carries_a_token_replays(client, server, cassette_path, caplog):
    caplog.set_level(logging.DEBUG, "vcr")
    routes(server)
    key = "K3yOfTheProgram0123456789"
    with vcr.use_cassette(cassette_path, sanitize=True, journal=True) as cassette, client() as session:
        assert flow(session, server.url, key) == [200, 200, "joe", key]
        written = Path(cassette_path + ".partial").read_bytes()
    logged = "".join(record.getMessage() for record in caplog.records if record.name.startswith("vcr"))
    written += Path(cassette_path).read_bytes() + logged.encode() + repr(cassette.sent).encode()
    assert [one for secret in (PASSWORD, TOKEN, SESSION, key) for one in spelled(secret) if one in written] == []
    assert {"API_KEY", "PASSWORD", "ACCESS_TOKEN"} <= {one.rule for one in cassette.masked}
    hits = server.hits
    server.close()
    for other in (key, "a-dummy-key"):
        matched = ["method", "uri", "body"]
        with vcr.use_cassette(cassette_path, record_mode="none", sanitize=True, match_on=matched) as cassette:
            with client() as session:
                assert flow(session, server.url, other) == [200, 200, "joe", other]
            assert cassette.all_played
    assert server.hits == hits
