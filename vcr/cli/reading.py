"""Reads the cassettes that a command is given. One that cannot be read costs one line of text, and the others go on.

It must not know what a command does with a cassette.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import click

from ..errors import CassetteLoadError, CassetteNotFoundError
from ..persisters.filesystem import FilesystemPersister
from ..request import Request
from ..response import Response
from ..serialize import Contents
from ..serializers import Deserializer
from . import output, paths
from .status import FINE, USAGE

#: From this many files on, a terminal is shown how far the command is.
_MANY = 100


Read = TypeVar("Read")
Item = TypeVar("Item")


class NumberedInteraction(NamedTuple):
    """One interaction of a cassette. ``number``: its place, from 1 on."""

    number: int
    request: Request
    response: Response


class ReadCassette(NamedTuple):
    """A cassette that has been read, as a whole."""

    path: str
    interactions: list[NumberedInteraction]


def serializer_of(path: str) -> Deserializer:
    """What reads the text of the file, whatever format of a cassette it is in."""
    if path.endswith((".json", ".har")):
        from ..serializers import jsonoryaml

        return jsonoryaml
    if path.endswith(".toml"):
        from ..formats.cassetter import TOML

        return TOML
    from ..serializers import yamlserializer

    return yamlserializer


def contents(path: str) -> Contents:
    """What is in the file, each interaction to be read when it is needed. Nothing, where the file is blank.

    Raises CassetteLoadError, and PathError when there is no such file.
    """
    paths.check_is_one(path)
    try:
        return FilesystemPersister.load_cassette(path, serializer_of(path))
    except CassetteNotFoundError:
        return Contents({})


def cassette(path: str) -> ReadCassette:
    """The whole cassette in the file. Raises CassetteLoadError, and PathError when there is no such file."""
    interactions = contents(path).interactions
    return ReadCassette(path, [NumberedInteraction(number, *one.pair()) for number, one in enumerate(interactions, 1)])


def shown_progress(items: Sequence[Item], label: str, many: int = _MANY) -> Iterator[Item]:
    """Each item; a terminal is shown how far it is when there are ``many``."""
    if len(items) < many or not sys.stderr.isatty():
        yield from items
        return
    with click.progressbar(items, label=label, file=sys.stderr) as progress:
        yield from progress


class Files:
    """The files of a command, one after the other. ``status``: USAGE once one could not be read, else FINE."""

    def __init__(self, given: Iterable[str]) -> None:
        self.status = FINE
        self.paths: list[str] = []
        for path in given:
            try:
                self.paths += [one for one in paths.files(path) if one not in self.paths]
            except paths.PathError as error:
                self.fail(error)

    def fail(self, error: object) -> None:
        """Say on the standard error what cannot be read or written."""
        output.error(str(error))
        self.status = USAGE

    def each(self) -> Iterator[str]:
        """Each path; a terminal is shown how far it is when there are many."""
        return shown_progress(self.paths, "Reading")

    def cassettes(self) -> Iterator[ReadCassette]:
        """Each cassette that can be read."""
        return self.map(cassette)

    def map(self, read: Callable[[str], Read]) -> Iterator[Read]:
        """``read(path)`` of each file, but for those of which it raises CassetteLoadError or OSError."""
        for path in self.each():
            try:
                result = read(path)
            except (CassetteLoadError, OSError) as error:
                self.fail(error)
            else:
                yield result


#: The argument of a command that takes any number of cassettes.
argument = click.argument("path", nargs=-1, required=True, type=click.Path())
