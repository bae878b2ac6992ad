"""``vcr diff``: how two cassettes differ; and a cassette as text, for ``git diff``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from ...errors import CassetteLoadError
from .. import comparing, output, reading
from ..comparing import Difference
from ..status import FINDINGS, FINE, USAGE


@click.command(
    "diff",
    short_help="Say how two cassettes differ.",
    epilog="Example: vcr diff before.yaml after.yaml --ignore-header x-build",
)
@click.argument("path", nargs=-1, metavar="A B", type=click.Path())
@click.option("--all-headers", is_flag=True, help="Compare every header field.")
@click.option("--ignore-header", "ignored", multiple=True, metavar="NAME", help="A field not to compare; repeatable.")
@click.option("--ignore-order", is_flag=True, help="Pass over interactions that have only moved.")
@click.option("--textconv", is_flag=True, help="Print one cassette as text, for git's diff.NAME.textconv.")
@output.option_that_prints(
    "--list-volatile",
    lambda: "\n".join([*sorted(comparing.VOLATILE), ""]),
    "Print the names of the header fields that are not compared, and exit.",
)
def command(path: Sequence[str], all_headers: bool, ignored: Sequence[str], ignore_order: bool, textconv: bool) -> int:
    """Say how the cassettes A and B differ, interaction by interaction. The exit status is 1 when they do.

    JSON and forms are compared by their structure, other bodies decoded; what changes with each recording (the fields
    of --list-volatile, the date, the pieces of a body) is not compared. Interactions that have only moved are listed
    apart from those whose content differs.
    """
    if len(path) != (1 if textconv else 2):
        raise click.UsageError("--textconv takes one cassette" if textconv else "give two cassettes, A and B")
    hidden = frozenset() if all_headers else comparing.VOLATILE
    hidden |= {name.lower() for name in ignored}
    if textconv:
        return _convert(path[0], hidden)
    cassettes = []
    for name in path:
        try:
            cassettes.append(reading.cassette(name))
        except (CassetteLoadError, OSError) as error:
            output.error(str(error))
    if len(cassettes) < 2:
        return USAGE
    old, new = (cassette.interactions for cassette in cassettes)
    found = comparing.compare(old, new, hidden)
    found = [one for one in found if not (ignore_order and one.kind == comparing.MOVED)]
    for one in found:
        _show(one)
    _summarize(found, comparing.hidden_in([*old, *new], hidden))
    return FINDINGS if found else FINE


def _show(one: Difference) -> None:
    places = [str(interaction.number) for interaction in (one.old, one.new) if interaction is not None]
    request = (one.old or one.new).request  # type: ignore[union-attr]
    output.line(f"{one.kind} ({' -> '.join(places)}): {request.method} {request.uri}", "bold")
    if one.lines:
        output.code("\n".join(one.lines) + "\n", "diff")


def _summarize(found: Sequence[Difference], hidden: Sequence[str]) -> None:
    kinds = Counter(one.kind for one in found)
    if hidden:
        output.line(f"Not compared: {', '.join(hidden)}", "dim")
    output.line(", ".join(f"{kinds[kind]} {kind}" for kind in comparing.KINDS if kinds[kind]) or "No difference")


def _convert(path: str, hidden: frozenset[str]) -> int:
    """The cassette as text; a file that is none as it is: git stops at an error, and a commit may hold anything."""
    try:
        interactions = reading.cassette(path).interactions
    except CassetteLoadError as error:
        return _print_as_it_is(path, error)
    except OSError as error:
        output.error(str(error))
        return USAGE
    for interaction in interactions:
        output.line("\n".join([*comparing.text_of(interaction, hidden), ""]))
    names = comparing.hidden_in(interactions, hidden)
    if names:
        output.line(f"# Not shown: {', '.join(names)}")
    return FINE


def _print_as_it_is(path: str, error: CassetteLoadError) -> int:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        output.error(str(error))
        return USAGE
    output.line(f"# {error}\n{text}")
    return FINE
