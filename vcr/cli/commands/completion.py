"""``vcr completion``: prints what makes a shell complete the words of a command. It must not know a command."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command(
    "completion",
    short_help="Print what makes a shell complete words.",
    epilog='Example, for ~/.bashrc: eval "$(vcr completion bash)"; for fish: vcr completion fish | source',
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print a script that makes a shell complete commands, options and paths."""
    completion = get_completion_class(shell)
    assert completion is not None
    click.echo(completion(context.find_root().command, {}, "vcr", "_VCR_COMPLETE").source())
