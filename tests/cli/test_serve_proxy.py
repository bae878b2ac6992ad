"""``vcr serve --proxy``: clients that name the server, over TLS too, with the CA of the proxy."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.cli.browser import dumped
from tests.cli.served import LOOPBACK, Wire, served
from tests.server import TEXT
from vcr.cli.serve.authority import CERTIFICATE, KEY, Authority, AuthorityError
from vcr.request import Request
from vcr.response import Response


@pytest.fixture(scope="module")
def ca(tmp_path_factory) -> Authority:
    return Authority(str(tmp_path_factory.mktemp("ca")))


def without_proxies(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return {**kept, **more}


def curl(*arguments: object) -> str:
    program = shutil.which("curl")
    if program is None:
        pytest.skip("there is no curl")
    done = subprocess.run(
        [program, "--silent", "--show-error", "--fail-with-body", *map(str, arguments)],
        capture_output=True,
        encoding="latin-1",
        env=without_proxies(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture
def trusted(ca_file, monkeypatch):
    """The proxy trusts the servers of the tests."""
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)


@pytest.mark.usefixtures("trusted")
def test_curl_records_and_replays_through_it_plain_and_with_tls(server, tls_server, ca, cassette_path):
    urls = [f"{server.url}/counter", f"{server.url}/echo?a=1", f"{tls_server.url}/chunked"]
    urls += [f"{tls_server.url}/until-close/1.0", f"{tls_server.url}/counter"]

    def asked(port: int) -> list[str]:
        own = ["--proxy", f"http://{LOOPBACK}:{port}", "--cacert", ca.path]
        return [curl(*own, "--output", "-", "-i", url) for url in urls]

    with served(cassette_path, authority=ca, record_mode="once") as recording:
        live = asked(recording.port)
        assert [request.uri for request in recording.cassette.requests] == urls
    hits = server.hits, tls_server.hits
    server.close(), tls_server.close()
    with served(cassette_path, authority=ca) as replaying:
        assert asked(replaying.port) == live
        assert replaying.told.await_lines(len(urls)) == [f"GET {url} 200 played" for url in urls]
    assert (server.hits, tls_server.hits) == hits == (2, 3)
    assert json.loads(live[1].rpartition("\n")[2])["target"] == "/echo?a=1"


@pytest.mark.usefixtures("trusted")
def test_several_requests_go_through_one_tunnel(tls_server, ca, cassette_path):
    target = f"{LOOPBACK}:{tls_server.port}"

    def asked(port: int) -> list[bytes]:
        with Wire(port) as wire:
            wire.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 200 Connection established\r\n\r\n"
            wire.secure(LOOPBACK, ca.path)
            return [wire.get(path) for path in ("/text", "/counter", "/headers", "/until-close/1.0")]

    with served(cassette_path, authority=ca, record_mode="once") as recording:
        live = asked(recording.port)
    with served(cassette_path, authority=ca) as replaying:
        assert asked(replaying.port) == live
        assert replaying.cassette.requests[0].uri == f"https://{target}/text"
    assert live[0].endswith(b"\r\n\r\n" + TEXT)


def test_a_tunnel_may_hold_plain_http(server, ca, cassette_path):
    with served(cassette_path, authority=ca, record_mode="once") as recording, Wire(recording.port) as wire:
        target = f"{LOOPBACK}:{server.port}"
        wire.send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        wire.until(b"\r\n\r\n")
        assert wire.get("/text").endswith(TEXT)
        assert b"a tunnel inside a tunnel" in wire.get("b.example:443", method="CONNECT")
        assert recording.cassette.requests[0].uri == f"{server.url}/text"


def test_what_cannot_be_a_tunnel_is_told_and_the_server_goes_on(ca, cassette_path):
    with served(cassette_path, authority=ca, record_mode="once") as server:
        for target in ("a.example", "a.example:x", "user@a.example:443", "a/b:443", "..:443"):
            with Wire(server.port) as wire:
                assert wire.get(target, method="CONNECT").startswith(b"HTTP/1.1 400 "), target
        with Wire(server.port) as wire:
            wire.send(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")
            wire.until(b"\r\n\r\n")
            wire.send(b"\x16no TLS at all")
        assert server.told.await_lines(6)[-1].startswith("CONNECT a.example:443: no TLS (")
        with Wire(server.port) as wire:  # and one that goes away instead
            wire.send(b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n")
            wire.until(b"\r\n\r\n")


def test_a_proxy_that_is_asked_for_itself_does_not_ask_itself(ca, cassette_path):
    with served(cassette_path, authority=ca, record_mode="once") as server, Wire(server.port) as wire:
        answer = wire.get(f"http://localhost:{server.port}/text")
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"the cassette holds no server yet" in answer


# -- the CA ------------------------------------------------------------------------------------------------------------


def test_the_ca_is_made_once_and_its_key_is_its_owners_alone(tmp_path):
    directory = tmp_path / "made" / "for it"
    first = Authority(str(directory))
    certificate, key = directory / CERTIFICATE, directory / KEY
    before = certificate.read_bytes(), key.read_bytes()
    again = Authority(str(directory))

    assert (certificate.read_bytes(), key.read_bytes()) == before
    assert first.pin == again.pin
    assert Path(first.path) == certificate.resolve()
    assert sorted(os.listdir(directory)) == sorted([CERTIFICATE, KEY])
    if os.name == "posix":
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert not again.is_exposed
        key.chmod(0o640)
        assert again.is_exposed
    key.write_text("no key", encoding="ascii")
    with pytest.raises(AuthorityError, match="cannot be used"):
        Authority(str(directory))
    assert certificate.read_bytes() == before[0]


# -- other clients -----------------------------------------------------------------------------------------------------

PAGE = """<!doctype html><title>page</title><p id=out>waiting</p><script>
function got(url) {
  const request = new XMLHttpRequest();
  request.open('GET', url, false);  // the page is loaded when all of it is there
  request.send();
  return JSON.parse(request.response).n;
}
document.getElementById('out').textContent = `got ${got('/data?n=1')} and ${got('http://api.example/data')}`;
</script>"""


def page(write, scheme: str):
    """A page at app.example that asks its own server and another one."""

    def answer(uri: str, media: str, body: str):
        headers = {"Content-Type": media, "Content-Length": str(len(body)), "Access-Control-Allow-Origin": "*"}
        return Request("GET", uri), Response.of(200, "OK", headers, body.encode())

    own, other = f"{scheme}://app.example", f"{scheme}://api.example/data"
    return write(
        f"{scheme}.yaml",
        answer(f"{own}/", "text/html", PAGE.replace("http://api", f"{scheme}://api")),
        answer(f"{own}/data?n=1", "application/json", '{"n": 1}'),
        answer(other, "application/json", '{"n": 2}'),
    )


def test_chromium_gets_a_page_of_https_servers_that_there_are_not(write, ca, tmp_path):
    with served(page(write, "https"), authority=ca) as server:
        proxy = f"--proxy-server=http://{LOOPBACK}:{server.port}"
        pin = f"--ignore-certificate-errors-spki-list={ca.pin}"
        dom = dumped("https://app.example/", tmp_path / "profile", proxy, pin)
    assert "got 1 and 2" in dom
    assert server.cassette.all_played


NODE = """
const net = require('net'), tls = require('tls'), http = require('http');
const [port, ca] = process.argv.slice(1);
const connect = http.request({port, method: 'CONNECT', path: 'app.example:443', agent: false});
connect.on('connect', (response, socket) => {
  const secure = tls.connect({socket, servername: 'app.example'}, () => {
    const agent = new http.Agent(); agent.createConnection = () => secure;
    http.get({host: 'app.example', path: '/data?n=1', agent}, answer => {
      answer.on('data', data => { console.log(String(data)); secure.destroy() });
    });
  });
  secure.on('error', error => { console.log(String(error)) });
});
connect.end();
"""


def test_node_trusts_the_ca_that_it_is_told(write, ca):
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no Node.js")

    def run(**environment: str) -> str:
        return subprocess.run(
            [node, "-e", NODE, str(server.port)],
            capture_output=True,
            encoding="utf-8",
            env=without_proxies(**environment),
            timeout=60,
            check=True,
        ).stdout

    with served(page(write, "https"), authority=ca) as server:
        assert run(NODE_EXTRA_CA_CERTS=ca.path) == '{"n": 1}\n'
        assert "certificate" in run()
        assert "does the client trust the CA of this proxy?" in server.told.await_lines(2)[-1]
