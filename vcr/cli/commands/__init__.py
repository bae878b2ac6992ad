"""The commands, with click: each module here is one, and has it under the name ``command``. They are found, not listed.

A command returns its exit status (``status.py``), reads cassettes through ``reading.py``, and prints through
``output.py``: what a server has sent must not control a terminal. Its ``--help`` ends with an example. Its test is
``tests/cli/test_<command>.py``, once through a pipe and once through a pseudo-terminal; the fixture ``words`` in
``tests/cli/test_commands.py`` gives it arguments for what is tested of every command. It has a row in the README.

This file knows how a command starts and ends: its exit status, a broken pipe, an interrupt. It must not know what a
command does.
"""

from __future__ import annotations

import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NoReturn

import click

from ... import __version__
from ...errors import unknown
from ..status import BROKEN_PIPE, INTERRUPTED, USAGE

NAMES = sorted(module.name for module in pkgutil.iter_modules(__path__))


class Commands(click.Group):
    """The commands of the modules here. One is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        """The names of the commands."""
        return NAMES

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name; None when there is none."""
        if cmd_name not in NAMES:
            return None
        command: click.Command = import_module(f"{__name__}.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments name. Raises UsageError with the nearest spelling."""
        if args and not ctx.resilient_parsing and args[0] not in NAMES and not args[0].startswith("-"):
            ctx.fail(unknown("command", args[0], NAMES))
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the arguments; ``--help`` and ``--version`` are done here."""
        with _ending_quietly():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> NoReturn:
        """Run a command, up to the last byte of its output."""
        with _ending_quietly():
            status = super().invoke(ctx)
            sys.stdout.flush()
        ctx.exit(status or 0)

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> object:  # type: ignore[override]
        """Run the command line, and exit with its status."""
        try:
            status = super().main(args, prog_name, **{**extra, "standalone_mode": False})
        except click.ClickException as error:
            error.show()
            sys.exit(USAGE)
        except click.Abort:
            click.echo("Interrupted.", err=True)
            sys.exit(INTERRUPTED)
        sys.exit(status)


@contextmanager
def _ending_quietly() -> Iterator[None]:
    """When the reader of the output has gone, end the command without a message. Raises click's Exit."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(BROKEN_PIPE) from None


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 fine; 1 there are findings, or a difference; 2 usage, or something cannot be read.",
)
@click.version_option(__version__, message="vcr %(version)s")
def cli() -> None:
    """Record the HTTP traffic of any Python program to a file, and replay it."""
