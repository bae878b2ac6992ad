"""How a command starts and ends: help, misspellings, completion, a broken pipe, an interrupt, missing packages."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

import vcr as package
from tests.cli.running import CASSETTES, ROOT, environment, in_terminal, piped, vcr
from tests.cli.test_prune import report_of
from vcr.cli.commands import NAMES, cli


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_help_with_an_example(name):
    done = vcr(name, "--help")

    assert done.status == 0
    assert re.search(r"Examples?[:,]", done.out)
    assert re.search(rf"vcr\s+{name}", done.out)
    assert cli.commands == {}, "commands are found, not listed"


def test_help_lists_the_commands_and_the_exit_statuses():
    done = vcr("--help")

    assert [name for name in NAMES if f"\n  {name} " not in done.out] == []
    assert "Exit status: 0 fine; 1 there are findings" in done.out


def test_the_readme_has_a_row_for_each_command():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"^\| `vcr (\w+)", readme, re.MULTILINE))) == NAMES


def test_a_misspelled_command_is_told_the_nearest():
    done = vcr("sow", "x.yaml")

    assert done.status == 2
    assert "Unknown command 'sow'. Did you mean 'show'? Valid: " in done.err


def test_a_command_without_its_argument_is_a_usage_error():
    assert vcr("ls").status == 2
    assert vcr().status == 2


def test_the_version_starts_fast_and_no_command_imports_a_client():
    script = f"""
import sys
sys.argv = ["vcr", "--version"]
import vcr.cli
try: vcr.cli.main()
except SystemExit as error: assert not error.code
assert not {{"rich", "yaml", "vcr.config", "vcr.cli.commands.show"}} & set(sys.modules), sorted(sys.modules)
sys.argv = ["vcr", "show", {str(CASSETTES / "vcrpy_1.yaml")!r}]
try: vcr.cli.main()
except SystemExit as error: assert not error.code
clients = {{"requests", "httpx", "urllib3", "aiohttp", "urllib.request", "tornado", "pycurl", "asyncio"}}
assert not clients & set(sys.modules), clients & set(sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"vcr {package.__version__}\n")


def test_the_console_script_is_declared():
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    assert '"console_scripts": ["vcr = vcr.cli:main"]' in setup


# -- every command in the same way -------------------------------------------------------------------------------------


@pytest.fixture
def words(varied, tmp_path):
    """The arguments with which each command has something to say; with ``--help`` each has."""
    shutil.copy(CASSETTES / "vcrpy_0.7.0.yaml", tmp_path / "old.yaml")
    shutil.copy(varied, tmp_path / "pruned.yaml")
    report = report_of(tmp_path, "pruned.yaml", [1])
    found = {
        "check": [varied],
        "completion": ["bash"],
        "convert": [varied, tmp_path / "new.har"],
        "diff": [varied, tmp_path / "old.yaml"],
        "html": [varied],
        "ls": [varied],
        "migrate": [tmp_path / "old.yaml"],
        "prune": [report],
        "show": [varied],
    }
    return {name: [name, *map(str, found.get(name, ["--help"]))] for name in NAMES}


def test_what_is_printed_in_a_pipe_has_no_colour(words):
    for name in NAMES:
        done = vcr(*words[name])
        assert (name, "\x1b" in done.out + done.err) == (name, False)
        assert done.status in (0, 1)
        assert done.out


@pytest.mark.skipif(os.name == "nt", reason="pipes and forks of POSIX")
def test_a_broken_pipe_ends_quietly(words):
    # Each in a fork of one process: what costs time is to start Python, and to import.
    script = """
import json, os, sys
from vcr.cli import checking, comparing
from vcr.cli.commands import NAMES, cli
from vcr.serializers import yamlserializer
for name in NAMES:
    cli.get_command(None, name)
for words in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
        sys.exit(cli(words, prog_name="vcr"))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), words[0], file=sys.stderr)
"""
    given = [["--help"], ["--version"], ["ls", "--help"], *words.values()]
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(given)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert done.stderr.splitlines() == [f"141 {one[0]}" for one in given]


def test_a_terminal_is_shown_how_far_a_command_with_many_files_is(tmp_path):
    for number in range(100):
        (tmp_path / f"{number}.yaml").write_text("interactions: []\n", encoding="utf-8")
    shown = in_terminal("ls", tmp_path)
    assert "Reading" in shown.out
    assert "100%" in shown.out
    assert "Reading" not in vcr("ls", tmp_path).err


@pytest.mark.parametrize("name", ["convert", "html", "migrate", "prune"])
def test_an_interrupt_in_the_middle_of_writing_leaves_every_file_as_it_was(name, words, tmp_path, monkeypatch):
    """All has been written, but to the place where it goes."""

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.setattr(os, "fsync", interrupt)
    more = ["-o", tmp_path / "page.html"] if name == "html" else []
    done = vcr(*words[name], *more)
    assert (done.status, done.err.splitlines()[-1]) == (130, "Interrupted.")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="pipes and signals of POSIX")
def test_an_interrupt_ends_with_one_word():
    script = """
import signal
from vcr.cli import main, reading
reading.cassette = lambda path: (print("reading", path, flush=True), signal.pause())
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script, "show", "any.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert process.stdout.readline() == "reading any.yaml\n"
    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=60) == ("", "\nInterrupted.\n")
    assert process.returncode == 130


# -- completion --------------------------------------------------------------------------------------------------------


def test_bash_completes_commands(tmp_path):
    if shutil.which("bash") is None:
        pytest.skip("there is no bash")
    script = f"""
PATH={tmp_path}:$PATH
eval "$({sys.executable} -m vcr completion bash)"
COMP_WORDS=(vcr sho) COMP_CWORD=1
_vcr_completion vcr
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    program = f"import sys; sys.argv[0] = {str(tmp_path / 'vcr')!r}; from vcr.cli import main; main('vcr')"
    (tmp_path / "vcr").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}" "$@"\n', encoding="utf-8")
    (tmp_path / "vcr").chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=environment(), timeout=60, check=False
    )
    assert done.stdout.split() == ["show"], done.stderr


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_have_a_script_too(shell):
    done = vcr("completion", shell)
    assert done.status == 0
    assert "_VCR_COMPLETE" in done.out


# -- values that no recorder writes ------------------------------------------------------------------------------------

ODD_STATUSES = [{"code": 200, "message": 5}, {"code": 200.5}, {"code": -1}, {}, None]
ODD_DATES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday", 5]
READERS = ["ls -i", "show", "show --json", "show --curl", "show --masked", "check --schema", "scan", "diff --textconv"]


@pytest.mark.parametrize(
    "words", [*READERS, "html -o page.html", *(f"convert --to {to}" for to in ("har", "ruby", "yaml"))]
)
def test_odd_values_of_hand_written_cassettes_end_no_command(words, tmp_path):
    """Each is shown, or told in a line."""
    for number, (status, date) in enumerate(itertools.product(ODD_STATUSES, ODD_DATES)):
        path = tmp_path / f"{number}.json"
        request = {"method": "GET", "uri": "http://a.example/", "body": None, "headers": {}}
        response = {"status": status, "headers": {}, "body": {"string": "x"}}
        cassette = {"version": 1, "interactions": [{"request": request, "response": response, "recorded_at": date}]}
        path.write_text(json.dumps(cassette), encoding="utf-8")
        more = [tmp_path / f"{number}.converted"] if words.startswith("convert") else []
        done = vcr(*words.split(), path, *more)
        assert done.status in {0, 1, 2}
        assert done.out or done.err


# -- missing packages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_click_or_rich_a_command_says_what_to_install(missing):
    script = f"import sys; sys.modules[{missing!r}] = None; from vcr.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "ls", "x.yaml"],
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"vcr ls needs {missing}, which this Python does not have. Install: pip install 'vcrpy[cli]'\n"
    )


def test_the_output_may_be_in_an_encoding_that_does_not_know_a_character(varied):
    done = piped("show", varied, "1", PYTHONIOENCODING="iso-8859-5")
    assert (done.status, done.err) == (0, "")
    assert '"gr\\xfc\\xdf"' in done.out
