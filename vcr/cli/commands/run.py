"""``vcr run``: runs a Python program inside a cassette, as it is.

What the program requests is recorded and replayed as in any process that is started inside an open cassette
(``child_processes="join"``); this file must not know how.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import click

from ... import _children
from ...cassette import Cassette
from ...config import VCR
from ...errors import CassetteLoadError, UnknownNameError, UnplayedInteractionsError
from ...record_mode import RecordMode
from .. import options, output, program, running
from ..program import Program
from ..status import FINDINGS, FINE, USAGE

_LIBRARY = "cassettes"


class _Failed(Exception):  # noqa: N818  (a name for the end of a block)
    """The program has ended with another status than 0."""


@click.command(
    "run",
    short_help="Record or replay a Python program as it is.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="Example: vcr run --record-mode none --option match_on=method,path -- python script.py --verbose",
)
@click.argument("words", metavar="-- PROGRAM [ARGUMENTS]…", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--cassette", "path", metavar="PATH", help="The cassette; else cassettes/NAME.yaml, after the program.")
@click.option("--record-mode", "mode", type=click.Choice([str(mode) for mode in RecordMode]), help="Else: once.")
@click.option("--option", "given", multiple=True, metavar="NAME=VALUE", help="An option of use_cassette; repeatable.")
def command(words: Sequence[str], path: str | None, mode: str | None, given: Sequence[str]) -> int:
    """Run a Python program, unchanged, and record or replay what it requests, as in a block of use_cassette.

    PROGRAM is what you would type without vcr: python with a script or -m MODULE, or a console script. The Python
    processes that it starts take part. Its input, output, signals and exit status are its own; at the end one line on
    the standard error says what was recorded, played and refused.

    A list is a,b or YAML ('filter_headers=[authorization, [x-key, KEY]]'); a function is package.module:name.

    The exit status is the program's; a signal that ends it ends this command, too. It is 2 when the program could not
    be run, or the cassette not be read or saved, and 1 when the option on_unused=error finds something.
    """
    try:
        found = program.find(words)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    chosen = options.of_command(given, mode)
    if path is None:
        path = _path_after(found, chosen)
    return _run(found, options.recorder(chosen, child_processes="join"), path)


def _path_after(found: Program, chosen: dict[str, object]) -> str:
    if not found.name:
        raise click.UsageError("--cassette: name one, for there is no script or module to name it after")
    serializer = chosen.get("serializer", "yaml")
    chosen.setdefault("cassette_library_dir", _LIBRARY)
    return f"{found.name}.{serializer if isinstance(serializer, str) else 'yaml'}"


def _run(found: Program, recorder: VCR, path: str) -> int:
    """Run the program inside the cassette, and say what has happened to it. Returns the exit status."""
    cassette: Cassette | None = None
    status, failed = FINE, FINE
    try:
        with recorder.use_cassette(path) as opened:
            _check_takes_part(found, opened)
            cassette = opened
            status = running.run(found.command)
            if not _children.is_joined(opened):
                output.error(f"vcr: {found.command[0]} has started no Python that takes part: nothing is recorded")
                failed = USAGE
            if status:
                raise _Failed
    except _Failed:
        pass
    except UnplayedInteractionsError as error:
        output.error(f"vcr: {error}")
        failed = FINDINGS
    except (program.ProgramError, CassetteLoadError, UnknownNameError, OSError, ValueError, TypeError) as error:
        output.error(f"vcr: {error}")
        failed = USAGE
    if cassette is not None:
        output.error(_summary(cassette))
    return running.end_as(status or failed)


def _check_takes_part(found: Program, cassette: Cassette) -> None:
    """Raise ProgramError when the program's Python, another than this one, cannot take part in the cassette."""
    if found.python is None or program.is_of_here(found.python):
        return
    tried = subprocess.run(
        [found.python, "-c", ""], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if not _children.is_joined(cassette):
        said = tried.stderr.strip().rpartition("\n")[2].rpartition("is recorded: ")[2] or "it reads no sitecustomize"
        raise program.ProgramError(
            f"{found.python} cannot take part in a cassette ({said}); install vcrpy in its environment, and run vcr "
            "there"
        )


def _summary(cassette: Cassette) -> str:
    counts = (len(cassette.recorded), "recorded"), (cassette.play_count, "played"), (len(cassette.refused), "refused")
    return f"vcr: {cassette.path}: {', '.join(f'{count:,} {what}' for count, what in counts)}"
