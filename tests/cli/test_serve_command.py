"""``vcr serve`` as a command: its words, its output, its end; asked by curl, Node's fetch and Chromium."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.cli.browser import dumped
from tests.cli.conftest import get
from tests.cli.running import Done, command, environment, in_terminal, vcr
from tests.cli.served import LOOPBACK, ask
from tests.server import EVENTS
from vcr.cli.commands import cli
from vcr.cli.serve.authority import KEY, Authority
from vcr.request import Request
from vcr.response import Response

pytestmark = pytest.mark.skipif(os.name == "nt", reason="ended by signals of POSIX")


class Running:
    """A ``vcr serve`` at work. ``lines``: what it has said first."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.first = process.stdout.readline()
        self.url = self.first.partition(" ")[0]
        self.port = int(self.url.rpartition(":")[2] or 0)

    def end(self, number: int = signal.SIGINT) -> Done:
        self._process.send_signal(number)
        out, err = self._process.communicate(timeout=60)
        return Done(self._process.returncode, self.first + out, err)


@contextlib.contextmanager
def running(*arguments: object, **more: str) -> Iterator[Running]:
    process = subprocess.Popen(
        command("serve", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**more),
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.communicate(timeout=60)


class _Output(io.StringIO):
    """Standard output, of which the first line is awaited."""

    def __init__(self) -> None:
        super().__init__()
        self.has_line = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if "\n" in text:
            self.has_line.set()
        return written


def here(*arguments: object, then: Callable[[int], None]) -> Done:
    """The command in this process, interrupted after ``then(port)``, which another thread runs once it serves."""
    out, err = _Output(), io.StringIO()

    def use() -> None:
        out.has_line.wait(timeout=60)
        try:
            then(int(out.getvalue().partition(" ")[0].rpartition(":")[2]))
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    with ThreadPoolExecutor(1) as pool:
        using = pool.submit(use)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli(["serve", *map(str, arguments)], "vcr")
        using.result()
    return Done(ended.value.code, out.getvalue(), err.getvalue())


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"there is no {name}")
    return found


def curl(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [program("curl"), "--silent", "--show-error", "--noproxy", "*", *arguments], stdout=subprocess.PIPE
    )


def test_curl_records_and_replays(server, tmp_path):
    path = tmp_path / "new" / "api.yaml"
    with running(path, "--record", server.url) as recording:
        with curl("--no-buffer", f"{recording.url}/sse") as stream:
            server.release()
            first = stream.stdout.read(len(EVENTS[0]))  # before the others are sent
            server.release(len(EVENTS) - 1)
            rest = stream.stdout.read()
        with curl("--head", f"{recording.url}/text") as head:
            live = head.stdout.read()
        ended = recording.end(signal.SIGTERM)
    assert (first, rest) == (EVENTS[0], b"".join(EVENTS[1:]))
    assert ended.status == 0
    assert ended.out.startswith(f"{recording.url} serves {path}: 0 interactions, record mode new_episodes; Ctrl-C ends")
    assert ended.err.splitlines() == [
        f"GET {server.url}/sse 200 recorded",
        f"HEAD {server.url}/text 200 recorded",
        f"{path}: 2 recorded",
    ]
    server.close()
    with running(path, "--quiet") as replaying:
        with curl("--head", f"{replaying.url}/text", "--next", f"{replaying.url}/sse") as both:
            assert both.stdout.read() == live + b"".join(EVENTS)
        with curl("--fail", f"{replaying.url}/other") as refused:
            refused.communicate(timeout=60)
        ended = replaying.end()
    assert refused.returncode == 22
    assert (ended.status, ended.err) == (1, "")
    assert ended.out == f"{replaying.url} serves {path}: 2 interactions, record mode none; Ctrl-C ends it\n"
    assert server.hits == 2
    assert [one.name for one in path.parent.iterdir()] == ["api.yaml"]


PAGE = """<!doctype html><link rel=stylesheet href=style.css><p id=out></p><script>
const request = new XMLHttpRequest(); request.open('POST', '/data', false); request.send('asked');
document.getElementById('out').textContent = request.status + request.response;
</script>"""
FETCH = """
const [url] = process.argv.slice(1);
(async () => {
  const answer = await fetch(url + '/data', {method: 'POST', body: 'asked'});
  console.log(answer.status, answer.statusText, answer.headers.get('x-own'), await answer.text());
  const refused = await fetch(url + '/none', {headers: {accept: 'application/json'}});
  console.log(refused.status, (await refused.json()).error);
})();
"""


def test_node_and_chromium_are_served(write, tmp_path):
    own = {"Content-Length": "2", "X-Own": "yes"}
    path = write(
        "web.yaml",
        get("/", {"Content-Type": "text/html"}, PAGE.encode()),
        get("/style.css", {"Content-Type": "text/css", "Content-Length": "1"}, b" "),
        (Request("POST", "http://api.example/data", b"asked"), Response.of(201, "As It Was", own, b"ok")),
    )
    node = shutil.which("node")
    with running(path, "--allow-playback-repeats", "--option", "match_on=method,path,body") as server:
        if node is not None:
            done = subprocess.run(
                [node, "-e", FETCH, server.url], capture_output=True, text=True, timeout=60, check=False
            )
            assert done.stdout == "201 As It Was yes ok\n501 no_match\n", done.stderr
        assert '<p id="out">201ok</p>' in dumped(f"{server.url}/", tmp_path / "profile")
        told = server.end().err
    assert "GET http://api.example/style.css 200 played\n" in told


def test_a_terminal_shows_where_it_is_and_how_to_trust_it(write, tmp_path):
    path, ca = write("one.yaml", get("/")), tmp_path / "ca"
    done = in_terminal("serve", path, "--proxy", "--ca", ca, typed=("spki-list=", b"\x03"))
    assert done.status == 0
    assert f"serves {path}: 1 interaction, record mode none" in done.out
    assert f"--cacert {ca}/vcr-ca.pem" in done.out
    assert "NODE_EXTRA_CA_CERTS=" in done.out
    assert "--ignore-certificate-errors-spki-list=" in done.out


def test_several_cassettes_are_served_together(write, tmp_path):
    write("b.json", get("/b", {"Content-Length": "1"}, b"b"))
    write("a.yaml", get("/a", {"Content-Length": "1"}, b"a"))
    as_yaml = write("c.yaml", get("/c", {"Content-Length": "1"}, b"c"))
    assert vcr("convert", as_yaml, tmp_path / "c.har").status == 0
    as_yaml.unlink()
    (tmp_path / "broken.yaml").write_text("interactions:\n- [", encoding="utf-8")

    def use(port: int) -> None:
        assert [ask(port, f"/{name}")[-1:] for name in "abc"] == [b"a", b"b", b"c"]

    ended = here(tmp_path, then=use)
    assert f"{tmp_path}/a.yaml and 2 more: 3 interactions" in ended.out
    assert ended.status == 2
    assert ended.err.startswith(f"{tmp_path}/broken.yaml, line 3: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{new}"], "there is no such file or directory"),
        (
            ["{new}", "--record-mode", "once"],
            "has no interactions: name a server to record from (--record URL), or use --proxy",
        ),
        (["{new}", "--record", "api.example"], "expected a URL like https://api.example, got 'api.example'"),
        (["{one}", "--origin", "ftp://api.example"], "expected a URL like https://api.example"),
        (["{one}", "--option", "mach_on=path"], "Did you mean 'match_on'?"),
        (["{one}", "--record-mode", "onec"], "onec"),
        (["{directory}", "--record", "http://api.example"], "name first the cassette that is to be recorded into"),
        (["{broken}"], "broken.yaml"),
        (["{one}", "--port", "{taken}"], "cannot listen at 127.0.0.1:"),
        (["{one}", "--host", "no host"], "cannot listen at no host:0: "),
        (["{one}", "--proxy", "--ca", "{one}"], "the CA in"),
    ],
)
def test_what_cannot_be_served_is_one_sentence_and_status_2(write, tmp_path, words, message):
    one, broken = write("one.yaml", get("/")), tmp_path / "broken.yaml"
    broken.write_text("interactions: [", encoding="utf-8")
    before = one.read_bytes()
    with socket.create_server((LOOPBACK, 0)) as taken:
        named = {"taken": taken.getsockname()[1], "directory": tmp_path, "new": tmp_path / "new.yaml"}
        done = vcr("serve", *(word.format(one=one, broken=broken, **named) for word in words))
    assert (done.status, done.out) == (2, "")
    assert message in " ".join(done.err.split())
    assert one.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["broken.yaml", "one.yaml"]


@pytest.mark.parametrize(("missing", "words"), [("h11", []), ("trustme", ["--proxy"])])
def test_without_its_packages_it_says_what_to_install(missing, words):
    script = f"""
import sys, importlib.util
known = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == {missing!r} else known(name, *more)
from vcr.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "serve", "x.yaml", *words],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert f"vcr serve needs {missing}, which this Python does not have" in done.stderr
    assert "pip install 'vcrpy[serve]'" in done.stderr


def test_other_machines_are_a_warning(write):
    path = write("one.yaml", get("/", {"Content-Length": "0"}))
    done = here(path, "--host", "0.0.0.0", then=lambda port: ask(port, "/"))
    assert done.status == 0
    assert "warning: 0.0.0.0 is open to other machines" in done.err
    assert "GET http://api.example/ 200 played" in done.err


def test_of_several_servers_it_says_how_to_ask(write):
    pairs = [get("/"), (Request("GET", "https://other.example:444/"), get("/")[1])]
    done = here(write("two.yaml", *pairs), then=lambda port: None)
    assert done.out.endswith("  api.example\n  other.example:444\n")
    assert done.err.endswith("two.yaml: no request came\n")


def test_the_ca_is_told_and_an_open_key_is_a_warning(write, tmp_path):
    ca = tmp_path / "ca"
    Authority(str(ca))
    (ca / KEY).chmod(0o644)
    done = here(write("one.yaml", get("/")), "--proxy", "--ca", ca, then=lambda port: None)
    assert "curl      --proxy http://127.0.0.1:" in done.out
    assert f"warning: others can read the key of the CA in {ca}: chmod 600 it" in done.err


@pytest.mark.parametrize(
    ("option", "told"),
    [("on_unused=error", "GET http://api.example/there"), ("on_refused=raise", "refused 1 request")],
)
def test_strictness_ends_in_one_sentence(write, option, told):
    path = write("one.yaml", get("/there"))
    done = here(path, "--quiet", "--option", option, then=lambda port: ask(port, "/their"))
    assert done.status == 1
    assert told in done.err
    assert done.err.count("\n") == 1


def test_the_end_waits_for_a_recording_and_leaves_a_whole_file(server, tmp_path):
    path = tmp_path / "api.yaml"
    with running(path, "--record", server.url) as recording, curl("--no-buffer", f"{recording.url}/sse") as stream:
        server.release()
        assert stream.stdout.read(len(EVENTS[0])) == EVENTS[0]
        ended = recording.end()
    assert ended.status == 0
    assert f"GET {server.url}/sse 200 recorded, client left" in ended.err
    assert vcr("show", path, "--json").out.count("event 1") == 1
    assert os.listdir(tmp_path) == ["api.yaml"]
