"""``vcr html``: one page to look at cassettes in a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from ...persisters.whole import mode_of, read_only, replace
from .. import output, paths, reading
from ..page import is_page, page
from ..reading import ReadCassette
from ..status import USAGE

_BEGINNING = 1000  # characters


@click.command(
    "html",
    short_help="Make one page that shows cassettes in a browser.",
    epilog="Example: vcr html tests/cassettes -o cassettes.html",
)
@reading.argument
@click.option("-o", "--output", "target", metavar="FILE", type=click.Path(), help="Where to write; '-' prints it.")
@click.option("--force", is_flag=True, help="Replace FILE even when it is no page of this command.")
def command(path: Sequence[str], target: str | None, force: bool) -> int:
    """Make one HTML page that shows cassettes: a list to search and filter, how the requests followed one another,
    requests and responses with their bodies laid out, and how two interactions differ.

    The page needs nothing but a browser, and loads nothing. It holds what the cassettes hold, secrets too.

    Without -o the page is printed where the output is a file or a pipe; in a terminal it is written into the present
    directory, named after PATH. A page that this command has made is replaced; any other file only with --force.
    """
    if target is None:
        target = _named_after(path) if output.is_terminal() else "-"
    files = reading.Files(path)
    if target != "-":
        try:
            _check(target, files.paths, force)
        except OSError as error:
            output.error(str(error))
            return USAGE
    cassettes = list(files.cassettes())
    if not cassettes:
        return USAGE  # (what is wrong has been said)
    try:
        _write(target, cassettes)
    except BrokenPipeError:
        raise
    except OSError as error:
        files.fail(f"{target}: not written: {error.strerror or error}")
    return files.status


def _named_after(path: Sequence[str]) -> str:
    """The name of a page in the present directory: that of the only cassette or directory."""
    name = os.path.basename(os.path.abspath(path[0])) if len(path) == 1 and os.path.exists(path[0]) else "cassettes"
    stem, suffix = os.path.splitext(name)
    return (stem if suffix in paths.SUFFIXES else name) + ".html"


def _check(target: str, cassettes: Sequence[str], force: bool) -> None:
    """Raises OSError for a place where no page may be written, and UsageError where one may with ``--force``."""
    directory = os.path.dirname(os.path.realpath(target))
    if not os.path.isdir(directory):
        raise FileNotFoundError(f"{target}: there is no directory {directory}")
    if os.path.isdir(target):
        raise IsADirectoryError(f"{target}: this is a directory; name a file in it")
    if not os.path.exists(target):
        return
    if any(os.path.samefile(target, one) for one in cassettes if os.path.exists(one)):
        raise click.UsageError(f"{target} is one of the cassettes")
    if read_only(target):
        raise PermissionError(f"{target}: the file is read-only")
    if not force:
        with open(target, encoding="utf-8", errors="replace") as file:
            if not is_page(file.read(_BEGINNING)):
                raise click.UsageError(f"{target} exists, and is no page of this command; --force replaces it")


def _write(target: str, cassettes: Sequence[ReadCassette]) -> None:
    # (The name of a file need not be text.)
    parts = (part.encode("utf-8", "replace") for part in page(cassettes))
    if target == "-":
        sys.stdout.buffer.writelines(parts)
        return
    place = os.path.realpath(target)
    replace(place, parts, mode_of(place))
    count = sum(len(cassette.interactions) for cassette in cassettes)
    output.line(f"{target}: {output.counted(count, 'interaction')}, {os.path.getsize(place):,} bytes")
