"""``vcr check``: reads every cassette, and says what is wrong with it, and where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import click

from ...response import now
from .. import checking, output, reading
from ..checking import Finding
from ..status import FINDINGS, FINE, USAGE

_STYLES = {checking.UNREADABLE: "red", checking.WRONG: "red", checking.SCHEMA: "red"}


@click.command(
    "check",
    short_help="Say what is wrong with cassettes, and where.",
    epilog="Example: vcr check --ignore incomplete --schema tests/cassettes",
)
@reading.argument
@click.option("--schema", is_flag=True, help="Compare with the JSON Schema of version 1, too.")
@output.option_that_prints("--print-schema", checking.schema_text, "Print that JSON Schema, for an editor, and exit.")
@click.option("--older-than", type=click.IntRange(1), metavar="DAYS", help="Report what was recorded longer ago.")
@click.option(
    "--ignore", multiple=True, type=click.Choice(checking.KINDS), help="A kind of finding to pass over; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of findings.")
def command(path: Sequence[str], schema: bool, older_than: int | None, ignore: Sequence[str], as_json: bool) -> int:
    """Read cassettes, and say what is wrong with them: file, line, interaction, what it is, and its kind in brackets.

    \b
    unreadable  the file is no cassette, or an interaction in it cannot be read
    wrong       a response that cannot be replayed, a body that is not what its headers say, a URI without a host,
                an unknown version of the format
    schema      with --schema: not as the JSON Schema of version 1 has it
    old         a format that VCR.py does not read any more (vcr migrate), or, with --older-than, an old recording
    incomplete  a response that ended too early; a session that was interrupted
    failed      an exchange that failed, which is replayed as a failure
    duplicate   an interaction that is the same as an earlier one

    The exit status is 2 when something is unreadable, 1 when there is another finding.
    """
    files = reading.Files(path)
    before = None if older_than is None else now() - timedelta(days=older_than)
    findings: list[Finding] = []
    count = 0
    try:
        for one in files.each():
            findings += [found for found in checking.check(one, schema, before) if found.kind not in ignore]
            count += 1
    except checking.SchemaError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        click.echo(json.dumps([found._asdict() for found in findings], indent=2))
    else:
        _print(findings, count)
    unreadable = any(found.kind == checking.UNREADABLE for found in findings)
    return USAGE if unreadable else max(files.status, FINDINGS if findings else FINE)


def _print(findings: Sequence[Finding], count: int) -> None:
    for found in findings:
        output.line(str(found).replace("\n", " "), _STYLES.get(found.kind, "yellow"))
    kinds = Counter(found.kind for found in findings)
    details = ", ".join(f"{kinds[kind]} {kind}" for kind in checking.KINDS if kinds[kind])
    output.line(f"{output.counted(count, 'cassette')}: {details or 'nothing to report'}")
