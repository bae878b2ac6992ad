"""``vcr ls``: a table of cassettes, or of the interactions of one."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from .. import output, reading
from ..facts import Facts, facts
from ..reading import ReadCassette

_INTERACTIONS = ("#", "method", "URI", "status", "type", "size", "recorded at", "remark")
_CASSETTES = ("cassette", "interactions", "size", "last recorded", "remark")


@click.command("ls", short_help="List cassettes, or the interactions of one.", epilog="Example: vcr ls tests/cassettes")
@reading.argument
@click.option("-i", "--interactions", is_flag=True, help="List the interactions of every cassette.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of cassettes with their interactions.")
def command(path: Sequence[str], interactions: bool, as_json: bool) -> int:
    """List cassettes, or the interactions of one.

    PATH is a cassette, a directory, or a pattern such as 'tests/**/*.yaml'. Sizes are those of the responses' bodies,
    in bytes, as they stand in the file. A cassette that cannot be read is named on the standard error, and the exit
    status is 2; the others are listed all the same.
    """
    files = reading.Files(path)
    found = [(one, [facts(interaction) for interaction in one.interactions]) for one in files.cassettes()]
    if as_json:
        click.echo(json.dumps([_as_json(*one) for one in found], indent=2))
    elif interactions or list(path) == files.paths[:1]:
        for number, (cassette, lines) in enumerate(found):
            if len(files.paths) > 1:
                output.line(("\n" if number else "") + cassette.path, "bold")
            output.table(_INTERACTIONS, map(_row, lines), right=("#", "size"))
    elif found:
        output.table(_CASSETTES, [_summary(*one) for one in found], right=_CASSETTES[1:3])
    return files.status


def _row(line: Facts) -> tuple[str, ...]:
    status, size = "" if line.status is None else str(line.status), f"{line.size:,}"
    return str(line.number), line.method, line.uri, status, line.media, size, _minute(line.recorded_at), line.remark


def _summary(cassette: ReadCassette, lines: Sequence[Facts]) -> tuple[str, ...]:
    size, last = sum(line.size for line in lines), max((line.recorded_at for line in lines), default="")
    counts = {"incomplete": sum(line.incomplete for line in lines), "failed": sum(bool(line.error) for line in lines)}
    remark = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return cassette.path, f"{len(lines):,}", f"{size:,}", _minute(last), remark


def _minute(recorded_at: str) -> str:
    """A date without its seconds: enough for a person."""
    return recorded_at[:16].replace("T", " ")


def _as_json(cassette: ReadCassette, lines: Sequence[Facts]) -> dict[str, object]:
    return {"cassette": cassette.path, "interactions": [line._asdict() for line in lines]}
