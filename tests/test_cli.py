"""``python -m vcr``: the demo says the truth, and says when there is none to tell."""

from __future__ import annotations

import itertools
import os
import re
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

import vcr
from vcr import patch
from vcr.cli import clients, demo
from vcr.cli.clients import Client
from vcr.cli.commands import cli
from vcr.cli.listening import serving
from vcr.cli.server import Server

EVERYTHING_BROKEN = {
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
    "AWS_PROFILE": "there is no such profile",
    "AWS_CONFIG_FILE": "there is no such file",
}


STANDARD = next(client for client in clients.CLIENTS if client.name == "http.client")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A Python of its own, in which every warning is an error."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**kept, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **environment},
        timeout=120,
        check=False,
    )


def rows(output: str) -> dict[str, list[str]]:
    """The table's cells, by client."""
    lines = (re.split(r"\s*[│|]\s*", line.strip())[1:-1] for line in output.splitlines())
    return {cells[0]: cells[1:] for cells in lines if cells}


def outcome_of(client: Client) -> demo.Outcome:
    return demo.run([client])[0]


# -- the demo -----------------------------------------------------------------------------------------------------


def test_demo_replays_every_installed_client_without_the_server():
    done = run("-m", "vcr", "demo", **EVERYTHING_BROKEN)

    assert (done.returncode, done.stderr) == (0, "")
    table = rows(done.stdout)
    for client in clients.CLIENTS:
        version, *figures = table[client.name]
        if client.version is None:
            assert version == "not installed"
            continue
        recorded, replayed, hits, same = figures
        assert version == client.version
        assert int(recorded) >= 5
        assert replayed == recorded
        assert hits == f"{recorded} / 0"
        assert same == "yes"


def test_demo_leaves_nothing_on_disk(tmp_path):
    done = run("-m", "vcr", "demo", TMPDIR=str(tmp_path), TEMP=str(tmp_path), TMP=str(tmp_path))

    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("client", clients.CLIENTS, ids=lambda client: client.name)
def test_each_client_of_the_demo(client):
    if client.version is None:
        pytest.skip(f"{client.name} is not installed")

    outcome = outcome_of(client)

    assert outcome.failure is None
    assert outcome.same
    assert outcome.fine
    assert outcome.recording.hits == outcome.recording.count == outcome.replay.count
    assert outcome.replay.hits == 0


def test_no_two_answers_are_alike():
    """Or a client that asks the server twice would look as if it had been replayed."""
    with serving(Server()) as server:
        first, second = (STANDARD.run(server.url) for _ in range(2))

    assert first != second
    assert len(first) == len(second)


# -- what is wrong is shown ---------------------------------------------------------------------------------------

NUMBERS = itertools.count()


def fickle(url: str) -> object:
    """Sees something else each time."""
    return STANDARD.run(url), next(NUMBERS)


def smuggler(url: str) -> bytes:
    """Speaks HTTP by hand, so that no cassette can see it, and takes whatever comes for an answer."""
    host, port = urlsplit(url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        sock.sendall(b"GET /json HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n")
        sock.recv(1)
    return b"the same as always"


def crash(url: str) -> None:
    raise ValueError("no demo for you")


@pytest.mark.parametrize("run_client", [fickle, smuggler, crash], ids=lambda function: function.__name__)
def test_demo_fails_when_a_client_is_not_replayed(run_client, monkeypatch):
    monkeypatch.setattr(clients, "CLIENTS", [STANDARD, Client("the other", run_client, "httplib")])

    result = CliRunner().invoke(cli, ["demo"])

    assert result.exit_code == 1
    assert rows(result.output)["http.client"][-1] == "yes"
    assert "Not replayed as recorded: the other." in result.output


def test_a_client_that_sees_something_else():
    outcome = outcome_of(Client("fickle", fickle, "httplib"))

    assert not outcome.same
    assert not outcome.fine
    assert outcome.replay.count == outcome.recording.count


def test_a_request_that_gets_out_is_counted_though_the_client_sees_the_same():
    outcome = outcome_of(Client("smuggler", smuggler, "httplib"))

    assert (outcome.recording.hits, outcome.recording.count) == (1, 0)
    assert (outcome.replay.hits, outcome.replay.count) == (1, 0)
    assert outcome.same
    assert not outcome.fine


def test_a_client_that_raises():
    outcome = outcome_of(Client("crash", crash, "httplib"))

    assert outcome.failure == "recording: ValueError: no demo for you"
    assert not outcome.same
    assert not outcome.fine


def test_a_client_that_is_not_installed_is_no_error(monkeypatch):
    monkeypatch.setitem(
        patch.supported(), "ghost", patch.client.Client("ghost", "ghost", "there-is-no-such-one", "never")
    )
    monkeypatch.setattr(clients, "CLIENTS", [Client("ghost", crash, "ghost")])

    result = CliRunner().invoke(cli, ["demo"])

    assert result.exit_code == 0
    assert rows(result.output)["ghost"][0] == "not installed"


# -- the command line ---------------------------------------------------------------------------------------------


def test_version():
    done = run("-m", "vcr", "--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"vcr {vcr.__version__}\n", "")


def test_help_names_the_commands():
    done = run("-m", "vcr", "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "python -m vcr" in done.stdout
    assert "demo" in done.stdout


# -- without click and rich -------------------------------------------------------------------------------------------


def run_plainly(*arguments: str, missing: str = "click", prepare: str = "") -> subprocess.CompletedProcess[str]:
    """The command line where one of the two is not installed."""
    lines = ["import runpy, sys", f"sys.modules[{missing!r}] = None", f"sys.argv[1:] = {arguments!r}", prepare]
    return run("-c", "\n".join([*lines, "runpy.run_module('vcr', run_name='__main__')"]))


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_the_demo_prints_a_plain_table(missing):
    done = run_plainly("demo", missing=missing)

    assert (done.returncode, done.stderr) == (0, "")
    table = rows(done.stdout)
    for client in clients.CLIENTS:
        version, recorded, replayed, hits, same = table[client.name]
        assert version == (client.version or "not installed")
        assert (replayed, same) == ((recorded, "yes") if client.version else ("", ""))
        assert hits == (f"{recorded} / 0" if client.version else "")
    assert "Every client saw the same on replay" in done.stdout


def test_the_plain_demo_fails_when_a_client_is_not_replayed(counted):
    crash = "def crash(url): raise ValueError('no demo for you')"
    other = "from vcr.cli import clients; clients.CLIENTS = [clients.Client('the other', crash, 'httplib')]"

    done = run_plainly("demo", prepare=f"{crash}\n{other}")

    assert (done.returncode, done.stderr) == (1, "")
    assert rows(done.stdout)["the other"][-1] == "NO"
    assert done.stdout.endswith("recording: ValueError: no demo for you\nNot replayed as recorded: the other.\n")


def test_the_plain_command_line_has_the_same_commands():
    assert run_plainly("--version").stdout == f"vcr {vcr.__version__}\n"
    assert "demo" in run_plainly("--help").stdout
    assert run_plainly("nonsense").returncode == 2


def test_the_library_needs_neither_click_nor_rich():
    script = "import sys; sys.modules['click'] = sys.modules['rich'] = None; import vcr; print(vcr.__version__)"

    assert run("-c", script).stdout == f"{vcr.__version__}\n"
