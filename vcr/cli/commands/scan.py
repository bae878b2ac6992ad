"""``vcr scan``: finds secrets in cassettes, and masks them."""

from __future__ import annotations

import functools
import json
from collections import Counter
from collections.abc import Sequence

import click

from .. import output, reading, scanning
from ..scanning import Finding
from ..status import FINDINGS, FINE, USAGE
from ..together import on_all_processors


@click.command(
    "scan",
    short_help="Find secrets in cassettes, and mask them.",
    epilog="Example: vcr scan --fix tests/cassettes",
)
@reading.argument
@click.option("--fix", is_flag=True, help="Mask what is found in place; every other byte of the file stays.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of findings.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF 2.1.0, for code-scanning services.")
def command(path: Sequence[str], fix: bool, as_json: bool, as_sarif: bool) -> int:
    """Look for secrets by the rules of the option `sanitize`: credentials in headers, cookies, addresses and bodies,
    tokens of well-known services anywhere, in any spelling, and values of secret environment variables.

    A line for each: file, line, interaction, where it stands, and its kind in brackets; never the secret. With --fix, a
    file is replaced whole or not at all, and what cannot be masked in place is said.

    The exit status is 2 when something cannot be read or written, else 1 when there is a secret that is not masked.
    """
    if as_json and as_sarif:
        raise click.UsageError("give only one of --json and --sarif")
    files = reading.Files(path)
    findings: list[Finding] = []
    count = 0
    with on_all_processors(functools.partial(scanning.scan, fix=fix), files.paths) as scan:
        for scanned in files.map(scan):
            findings += scanned.findings
            count += 1
            for error in scanned.errors:
                files.fail(error)
    if as_json:
        click.echo(json.dumps([found._asdict() for found in findings], indent=2))
    elif as_sarif:
        from ..sarif import document

        click.echo(json.dumps(document(findings), indent=2))
    else:
        _print(findings, count, len(files.paths) - count, fix)
    left = any(not found.mended for found in findings)
    return USAGE if files.status == USAGE else FINDINGS if left else FINE


def _print(findings: Sequence[Finding], count: int, unread: int, fix: bool) -> None:
    for found in findings:
        output.line(str(found).replace("\n", " "), "green" if found.mended else "red")
    mended = Counter(bool(found.mended) for found in findings)
    details = [output.counted(mended[False], "secret")] if mended[False] else []
    details += [f"{mended[True]} masked"] if mended[True] else []
    more = (
        f"; {unread} more cannot be read" if unread else " (vcr scan --fix masks them)" if details and not fix else ""
    )
    output.line(f"{output.counted(count, 'cassette')}: {', '.join(details) or 'no secret'}{more}")
