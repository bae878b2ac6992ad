"""What a command prints into a terminal and into a pipe. The terminal is a real one, in this process."""

from __future__ import annotations

import os
import sys

import pytest

from tests.cli.running import ANSI, plain
from vcr.cli import main, output

pty = pytest.importorskip("pty", reason="pseudo-terminals of POSIX")


@pytest.fixture
def printed(monkeypatch):
    """``printed(function, *arguments)``: what it prints into a terminal that stands in the place of the output."""
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in (("TERM", "xterm-256color"), ("COLUMNS", "40")):
        monkeypatch.setenv(name, value)

    def printed(function, *arguments, **options) -> str:
        ours, theirs = pty.openpty()
        try:
            with os.fdopen(theirs, "w", encoding="utf-8") as stream, monkeypatch.context() as patched:
                patched.setattr(sys, "stdout", stream)
                function(*arguments, **options)
                stream.flush()
                return os.read(ours, 65536).decode("utf-8").replace("\r\n", "\n")
        finally:
            os.close(ours)

    return printed


def test_lines_have_a_style_in_a_terminal(printed):
    assert printed(output.line, "wrong", "red") == "\x1b[31mwrong\x1b[0m\n"
    assert printed(output.line, "plain") == "plain\n"


def test_a_long_line_is_not_broken(printed):
    assert plain(printed(output.line, "x" * 100, "bold")) == "x" * 100 + "\n"


def test_code_is_in_colour_in_a_terminal(printed, monkeypatch):
    shown = printed(output.code, '{"a": 1}', "json")
    assert ANSI.search(shown)
    assert plain(shown) == '{"a": 1}\n'
    assert printed(output.code, "no language", "") == "no language\n"
    monkeypatch.setattr(output, "_MAX_COLOURED", 3)
    assert printed(output.code, "[1, 2]", "json") == "[1, 2]\n"


def test_a_table_fits_into_a_terminal(printed):
    lines = plain(
        printed(output.table, ("name", "size"), [("a" * 60, "1"), ("b", "1,000")], right=("size",))
    ).splitlines()
    assert max(map(len, lines)) <= 40
    assert [line.split() for line in lines if "b" in line] == [["b", "1,000"]]
    assert "".join(lines).count("a") - "name".count("a") == 60


def test_nothing_steers_a_terminal(printed):
    hostile = "\x1b[2J\x07\x9b31m\u202etext\u2066\x7f"
    for arguments in (
        (output.line, hostile, "bold"),
        (output.code, hostile, "json"),
        (output.table, ("a",), [(hostile,)]),
    ):
        assert not {"\x07", "\x9b", "\u202e", "\u2066", "\x7f"} & set(printed(*arguments))
        assert "\x1b[2J" not in printed(*arguments)


def test_in_a_pipe_there_are_only_lines(capsys):
    output.table(("name", "size"), [("long name", "1"), ("b", "1,000")], right=("size",))
    output.line("x", "red")
    output.code("{}", "json")
    output.error("two\nlines\x1b[0m")
    assert capsys.readouterr() == (
        "name        size\nlong name      1\nb          1,000\nx\n{}\n",
        "two lines\\x1b[0m\n",
    )


# -- without click or rich ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["click", "rich"])
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["ls", "x.yaml"], 2, "vcr ls needs {}, which this Python does not have. Install: pip install"),
        (["--version"], 0, "vcr 10"),
        (["nonsense"], 2, "invalid choice: 'nonsense'"),
    ],
)  # fmt: skip
def test_the_plain_command_line(words, status, said, missing, monkeypatch, capsys):  # noqa: PLR0917
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(sys, "argv", ["vcr", *words])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == status
    assert said.format(missing) in "".join(capsys.readouterr())


def test_the_command_line_starts_from_the_arguments_of_the_program(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["vcr", "completion", "fish"])
    with pytest.raises(SystemExit) as exited:
        main()
    assert exited.value.code == 0
    assert "_VCR_COMPLETE" in capsys.readouterr().out
