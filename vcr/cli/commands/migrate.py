"""``vcr migrate``: brings old cassettes to the present format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ...migration import migrate
from .. import output, reading
from ..status import FINDINGS, FINE


@click.command(
    "migrate",
    short_help="Bring old cassettes to the present format.",
    epilog="Example: vcr migrate --dry-run tests/cassettes",
)
@reading.argument
@click.option("--dry-run", is_flag=True, help="Write nothing; the exit status is 1 when something would be migrated.")
def command(path: Sequence[str], dry_run: bool) -> int:
    """Bring cassettes of VCR.py 0.x, and those that httpx left with VCR.py 4 and 5, to the present format.

    VCR.py does not read them any more; this package does. A file is replaced whole or not at all, and a cassette in
    the present format, or in another recorder's, stays as it is.
    """
    files = reading.Files(path)
    results = list(files.map(lambda one: (one, migrate(Path(one), dry_run=dry_run))))
    old = [one for one, migrated in results if migrated]
    for one in old:
        output.line(f"{one}: {'would be migrated' if dry_run else 'migrated'}")
    output.line(f"{len(old)} of {len(results)} {'to migrate' if dry_run else 'migrated'}")
    return max(files.status, FINDINGS if dry_run and old else FINE)
