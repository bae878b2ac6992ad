"""requests_ntlm: it binds what it proves to the TLS connection, and asks three times on one connection."""

from __future__ import annotations

import base64
import hashlib
import ssl
from typing import Any

import pytest

import vcr

requests = pytest.importorskip("requests")
requests_ntlm = pytest.importorskip("requests_ntlm")
spnego = pytest.importorskip("spnego")

USER, PASSWORD = "EXAMPLE\\user", "made up"


@pytest.fixture
def users(tmp_path, monkeypatch) -> None:
    """Whom the acceptor of pyspnego knows."""
    file = tmp_path / "users"
    file.write_text(USER.replace("\\", ":") + f":{PASSWORD}\n", encoding="utf-8")
    monkeypatch.setenv("NTLM_USER_FILE", str(file))


def accept_ntlm(server, bound_to: bytes | None = None) -> list[Any]:
    """Let ``/ntlm`` ask for NTLM, which holds for a connection. Returns a list of the contexts that are completed.

    ``bound_to``: the certificate, in DER, to which the client has to bind what it proves.
    """
    contexts: dict[int, Any] = {}
    completed: list[Any] = []
    bindings = None
    if bound_to is not None:
        data = b"tls-server-end-point:" + hashlib.sha256(bound_to).digest()
        bindings = spnego.channel_bindings.GssChannelBindings(application_data=data)

    def handler(exchange) -> None:
        scheme, _, token = exchange.request.get("Authorization").partition(" ")
        if scheme != "NTLM":
            exchange.respond(401, [("WWW-Authenticate", "NTLM")])
            return
        number = exchange.request.connection
        if number not in contexts:
            contexts[number] = spnego.server(protocol="ntlm", channel_bindings=bindings)
        answer = contexts[number].step(base64.b64decode(token))
        if contexts[number].complete:
            completed.append(contexts[number])
            exchange.text("welcome")
        else:
            exchange.respond(401, [("WWW-Authenticate", f"NTLM {base64.b64encode(answer).decode()}")])

    server.route("/ntlm", handler)
    return completed


def visit(url: str, **options: Any) -> tuple[int, str]:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = requests_ntlm.HttpNtlmAuth(USER, PASSWORD)
        response = session.get(url, timeout=20, **options)
        return response.status_code, response.text


@pytest.mark.usefixtures("users")
def test_the_legs_of_ntlm_are_recorded_and_replayed(server, cassette_path):
    completed = accept_ntlm(server)
    for hits in (3, 3):
        with vcr.use_cassette(cassette_path) as cassette:
            assert visit(f"{server.url}/ntlm") == (200, "welcome")
            assert len(cassette) == 3
        assert server.hits == hits
    assert [context.client_principal for context in completed] == [USER]


@pytest.mark.usefixtures("users")
def test_ntlm_is_bound_to_the_certificate_while_it_is_recorded(tls_server, ca_file, cassette_path):
    certificate = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((tls_server.host, tls_server.port)))
    completed = accept_ntlm(tls_server, bound_to=certificate)
    for _ in ("recorded", "replayed"):
        with vcr.use_cassette(cassette_path):
            assert visit(f"{tls_server.url}/ntlm", verify=ca_file) == (200, "welcome")
    assert (len(completed), tls_server.hits) == (1, 3)
