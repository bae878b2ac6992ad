"""README.md and CONTRIBUTING.md say what is so: their tables are compared with the code, their code is run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import vcr
from vcr import matchers
from vcr._options import OPTIONS
from vcr.patch import supported
from vcr.record_mode import RecordMode

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def table(heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, without its head."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def option_rows() -> list[list[str]]:
    """What the table of options has to say."""

    def shown(value: object) -> str:
        if isinstance(value, type):
            return value.__name__
        return repr(str(value) if isinstance(value, RecordMode) else value).replace("'", '"')

    return [[f"`{option.name}`", f"`{shown(option.default)}`", option.doc] for option in OPTIONS.values()]


def run(script: str, directory: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr


def test_options():
    wanted = option_rows()
    assert table("Options") == wanted, "\n".join(f"| {' | '.join(row)} |" for row in wanted)


@pytest.mark.parametrize("client", supported().values(), ids=lambda client: client.name)
def test_clients(client):
    (row,) = [row for row in table("Clients") if f"`{client.name}`" in row[0]]
    assert client.tested == row[2]


def test_record_modes():
    def word(value: bool) -> str:
        return "yes" if value else "no"

    assert {row[0]: row[1:] for row in table("Record modes")} == {
        f"`{mode}`": [word(mode.replays), word(mode.records(existing=False)), word(mode.records(existing=True))]
        for mode in RecordMode
    }


def test_matchers():
    assert {row[0] for row in table("Matchers")} == {f"`{name}`" for name in matchers.builtin()}


def scripts() -> list[object]:
    documents = {"README": README, "CONTRIBUTING": CONTRIBUTING}
    return [
        pytest.param(script, id=f"{name}-{number}")
        for name, text in documents.items()
        for number, script in enumerate(blocks(text, "python"), 1)
    ]


@pytest.mark.parametrize("script", scripts())
def test_python_code_runs(script, tmp_path):
    run(script, tmp_path)


#: acme, the client for which CONTRIBUTING shows a door: it is recorded, and then replayed.
ACME = """
import types

class Session:
    def fetch(self, url):
        requests.append(url)
        return 200, b"from the server"

requests = []
(found,) = replacements(types.SimpleNamespace(Session=Session))
for count in (0, 1):
    with vcr.use_cassette("acme.yaml", custom_patches=[(found.owner, found.name, found.new)]) as cassette:
        assert Session().fetch("http://acme.example/") == (200, b"from the server")
        assert (cassette.play_count, requests) == (count, ["http://acme.example/"])
"""

#: The serializer that CONTRIBUTING shows writes a cassette, and reads it.
LITERAL = """
answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"hello"}}
for before in ([], [answer["body"]]):
    with recorder.use_cassette("cassette.txt") as cassette:
        assert [response["body"] for response in cassette.responses] == before
        cassette.append(vcr.Request("GET", "http://a.example/"), answer)
with open("cassette.txt") as file:
    ast.literal_eval(file.read())
"""


def test_the_serializer_in_contributing_writes_and_reads_a_cassette(tmp_path):
    (serializer,) = [block for block in blocks(CONTRIBUTING, "python") if "deserialize=" in block]
    run(serializer + LITERAL, tmp_path)


def test_every_file_of_the_package_stands_in_contributing():
    section = CONTRIBUTING.split("\n## The files\n", 1)[1].split("\n## ", 1)[0]
    named = re.findall(r"`(\w+(?:\.py|/))`", section)
    package = {path.name for path in (ROOT / "vcr").glob("*.py")} - {"__init__.py", "__main__.py"}
    package |= {f"{path.parent.name}/" for path in (ROOT / "vcr").glob("*/__init__.py")}
    assert sorted(named) == sorted(package)


def test_the_client_in_contributing_is_recorded_and_replayed(tmp_path):
    (client,) = [block for block in blocks(CONTRIBUTING, "python") if "def replacements" in block]
    run(client + ACME, tmp_path)


def test_the_example_records_once_and_replays_for_ever(tmp_path):
    example = blocks(README, "python")[0]
    assert len(example.splitlines()) < 13

    run(example, tmp_path)
    recorded = (tmp_path / "example.yaml").read_text(encoding="utf-8")
    run(example, tmp_path)

    assert recorded.count("- request:") == 1
    assert (tmp_path / "example.yaml").read_text(encoding="utf-8") == recorded


def test_the_second_command_is_what_runs_in_ci():
    _, test_command = blocks(README, "sh")
    assert f"({test_command.strip()})" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_command_names_extras_that_exist():
    demo_command, _ = blocks(README, "sh")
    (extras,) = re.findall(r"\[(.+?)\]", demo_command)
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert [extra for extra in extras.split(",") if f'"{extra}":' not in setup] == []


def test_changelog_has_this_version():
    assert f"\n## {vcr.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
