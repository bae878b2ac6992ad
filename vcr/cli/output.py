"""What a command prints: text, tables and code. In colour and within the width of a terminal; plain in a pipe.

Any server may have sent what is in a cassette: nothing of it may control the terminal. It must not know a cassette.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

Command = TypeVar("Command", bound=Callable[..., object])

#: Control characters except tab and line feed, and characters that change the direction of writing.
_STEERING = [*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
#: Beyond this many characters a text has no colours: to find them takes long.
_MAX_COLOURED = 200_000
_SHOWN = {code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" for code in _STEERING}


def safe(text: str) -> str:
    """``text`` with each character that could control a terminal replaced by its number."""
    return text.translate(_SHOWN)


def is_terminal() -> bool:
    """Whether a person reads the standard output."""
    return sys.stdout.isatty()


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 interaction``, ``2,000 interactions``. ``many``: a plural that does not end in s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def option_that_prints(name: str, text: Callable[[], str], doc: str) -> Callable[[Command], Command]:
    """An option with which a command prints ``text()``, and does nothing else."""

    def show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
        if wanted and not context.resilient_parsing:
            click.echo(text(), nl=False)
            context.exit()

    return click.option(name, is_flag=True, is_eager=True, expose_value=False, callback=show, help=doc)


def error(text: str) -> None:
    """One line on the standard error."""
    click.echo(safe(text).replace("\n", " "), err=True)


def line(text: str = "", style: str = "") -> None:
    """One or more lines. ``style``: rich's, for a terminal."""
    if style and is_terminal():
        from rich.text import Text

        _console().print(Text(safe(text), style=style), soft_wrap=True)
    else:
        click.echo(safe(text))


def code(text: str, language: str) -> None:
    """Text in a language that pygments knows (json, xml, html, bash, python, diff)."""
    if language and is_terminal() and len(text) <= _MAX_COLOURED:
        from rich.syntax import Syntax

        console = _console()
        highlighted = Syntax(safe(text), language, theme="ansi_dark", background_color="default").highlight(safe(text))
        highlighted.rstrip()
        console.print(highlighted, soft_wrap=True)
    else:
        click.echo(safe(text))


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table. ``right``: the columns of numbers. In a pipe each row is one line, and no cell is cut."""
    cells = [[safe(cell).replace("\n", " ") for cell in row] for row in rows]
    if is_terminal():
        _drawn(columns, cells, right)
        return
    everything = [list(columns), *cells]
    widths = [max(map(len, column)) for column in zip(*everything, strict=True)]
    sides = ["rjust" if name in right else "ljust" for name in columns]
    for row in everything:
        padded = [getattr(cell, side)(width) for cell, side, width in zip(row, sides, widths, strict=True)]
        click.echo("  ".join(padded).rstrip())


def _drawn(columns: Sequence[str], cells: list[list[str]], right: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        drawn.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*map(Text, row))
    _console().print(drawn)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False)
