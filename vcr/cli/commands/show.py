"""``vcr show``: interactions in full, as a person reads them, as JSON, or as code that makes the request; or what is
masked in them."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Sequence

import click

from ...errors import CassetteLoadError
from ...request import Headers
from ...sanitize.defaults import RULES
from ...sanitize.masking import Sanitizer
from ...sanitize.standing import standing
from .. import bodies, output, reading, shell
from ..facts import as_json, facts
from ..reading import NumberedInteraction
from ..status import FINE, USAGE


@click.command(
    "show",
    short_help="Show interactions in full.",
    epilog="Examples: vcr show cassette.yaml 3; vcr show cassette.yaml 'POST */login' --curl",
)
@click.argument("path", type=click.Path())
@click.argument("which", metavar="[N|PATTERN]", required=False)
@click.option("--json", is_flag=True, help="Print JSON: a list of interactions, bodies decoded.")
@click.option("--curl", is_flag=True, help="Print curl commands, for bash or zsh, that make the requests.")
@click.option("--masked", is_flag=True, help="List what `sanitize` has masked, by which rule, and where.")
@click.option("--python", "client", type=click.Choice(shell.CLIENTS), help="Print Python that makes the requests.")
def command(path: str, which: str | None, client: str | None, **forms: bool) -> int:
    """Show interactions in full: all of them, the N-th, or those that PATTERN matches.

    PATTERN is compared with the method and the URI, without regard to case: a part of them, or, with '*' and '?', the
    whole. Bodies are shown without content coding, and laid out: JSON, XML, forms, event streams.
    """
    asked = [form for form, is_asked in forms.items() if is_asked]
    if len(asked) + (client is not None) > 1:
        raise click.UsageError("give only one of --json, --curl, --masked and --python")
    try:
        interactions = reading.cassette(path).interactions
    except (CassetteLoadError, OSError) as error:
        output.error(str(error))
        return USAGE
    chosen = _chosen(interactions, which)
    if "json" in asked:
        click.echo(json.dumps([as_json(interaction) for interaction in chosen], indent=2))
    elif "curl" in asked:
        _print_code([shell.curl(interaction.request) for interaction in chosen], "bash")
    elif "masked" in asked:
        _show_masked(chosen)
    elif client:
        _print_code([shell.python(interaction.request, client) for interaction in chosen], "python")
    elif not chosen:
        output.line("# The cassette has no interactions.", "dim")
    else:
        for place, interaction in enumerate(chosen):
            if place:
                output.line()
            _show(interaction, len(interactions))
    return FINE


def _show_masked(interactions: Sequence[NumberedInteraction]) -> None:
    """The placeholders in each interaction that has one, each with the rule and the place."""
    sanitizer = Sanitizer(RULES)
    count = 0
    for interaction in interactions:
        if masked := standing(interaction.request, interaction.response):
            if count:
                output.line()
            count += len(masked)
            request, _, _ = sanitizer.pair(interaction.request, interaction.response)
            output.line(f"# {interaction.number}: {request.method} {request.uri}", "dim")
            for one in masked:
                output.line(f"{one.rule}: {one.placeholder} in the {one.place}")
    if not count:
        output.line("# Nothing in the cassette is masked.", "dim")


def _chosen(interactions: Sequence[NumberedInteraction], which: str | None) -> list[NumberedInteraction]:
    if which is None:
        return list(interactions)
    if which.isdecimal():
        if not 1 <= int(which) <= len(interactions):
            raise click.UsageError(f"there is no interaction {which}: the cassette has {len(interactions):,}")
        return [interactions[int(which) - 1]]
    matches = _pattern(which.lower())
    found = [
        interaction
        for interaction in interactions
        if matches(f"{interaction.request.method} {interaction.request.uri}".lower())
    ]
    if not found:
        raise click.UsageError(f"no request matches {which!r}; `vcr ls` lists those of the cassette")
    return found


def _pattern(which: str) -> Callable[[str], bool]:
    if "*" not in which and "?" not in which:
        return lambda target: which in target
    # A URI has brackets and question marks of its own.
    escaped = which.replace("[", "[[]")
    return lambda target: which in target or fnmatch.fnmatchcase(target, escaped)


def _print_code(programs: Sequence[str], language: str) -> None:
    output.code("\n\n".join(programs), language)


def _show(interaction: NumberedInteraction, count: int) -> None:
    line = facts(interaction)
    when = f", recorded at {line.recorded_at}" if line.recorded_at else ""
    output.line(f"# {interaction.number} of {count}{when}", "dim")
    request, response = interaction.request, interaction.response
    output.line(f"{request.method} {request.uri}", "bold")
    _show_message(request.headers, request.body)
    output.line()
    if response.fault is None:
        reason = f" {response.reason}" if response.reason else ""
        output.line(f"HTTP/{response.http_version} {response.status}{reason}", "bold")
        _show_message(response.headers, response.body)
        _show_headers(response.trailers)
    if line.remark:
        output.line(f"# {line.remark}", "red")


def _show_headers(headers: Headers) -> None:
    for name, value in headers.pairs():
        output.line(f"{name}: {value}", "cyan")


def _show_message(headers: Headers, content: object) -> None:
    _show_headers(headers)
    body = bodies.read(headers, content)
    if body.kind == bodies.EMPTY:
        return
    shown = bodies.pretty(body)
    if body.codings or body.left or body.text is None:
        output.line(f"\n# {body.description}", "dim")
    if shown:
        output.line()
        output.code(shown.rstrip("\n"), bodies.language(body))
