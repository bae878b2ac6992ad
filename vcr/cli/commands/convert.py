"""``vcr convert``: writes a cassette in another format, and says what that loses."""

from __future__ import annotations

import os

import click

from ... import formats
from ...errors import CassetteLoadError
from ...persisters.content import packed, unpacked
from ...persisters.filesystem import FilesystemPersister
from ...serializers import Serializer
from .. import converting, output, paths, reading
from ..status import FINE, USAGE

_FORMATS = formats.serializers()
#: The format that a suffix stands for, where none is named.
_BY_SUFFIX = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".har": "har"}


@click.command(
    "convert",
    short_help="Write a cassette in another format.",
    epilog="Example: vcr convert session.har cassettes/session.yaml",
)
@click.argument("source", metavar="SRC", type=click.Path())
@click.argument("target", metavar="DST", type=click.Path())
@click.option(
    "--to", "name", type=click.Choice(sorted(_FORMATS)), help="The format; by default the one of DST's suffix."
)
@click.option("--force", is_flag=True, help="Replace DST where it exists.")
def command(source: str, target: str, name: str | None, force: bool) -> int:
    """Write the cassette SRC as DST in another format: VCR.py's, Betamax's, Ruby VCR's, or HAR.

    SRC may be in any of these, or cassetter's YAML or TOML. Each thing that DST does not hold is one line on the
    standard error. DST is written whole or not at all.
    """
    name = name or _BY_SUFFIX.get(os.path.splitext(target)[1])
    if name is None:
        raise click.UsageError(f"--to: name the format of {target}. Valid: {', '.join(sorted(_FORMATS))}")
    if os.path.isdir(target):
        raise click.UsageError(f"{target}: this is a directory; name a file in it")
    if os.path.exists(target) and not force:
        raise click.UsageError(f"{target} exists; --force replaces it")
    try:
        count, lost = _convert(source, target, _FORMATS[name])
    except (CassetteLoadError, OSError) as error:
        output.error(str(error))
        return USAGE
    except ValueError as error:
        output.error(f"{source}: {error}")
        return USAGE
    output.line(f"{target}: {output.counted(count, 'interaction')}, {output.counted(len(lost), 'loss', 'losses')}")
    for line in lost:
        output.error(f"{source}: {line}")
    return FINE


def _convert(source: str, target: str, serializer: Serializer) -> tuple[int, list[str]]:
    """Write it. Returns how many interactions there are in the target, and what is lost.

    Raises ValueError for what the format cannot hold.
    """
    paths.check_is_one(source)
    contents = FilesystemPersister.load_cassette(source, reading.serializer_of(source))
    cassette_dict = contents.cassette_dict()
    content = packed(target, cassette_dict, serializer)
    written = unpacked(target, lambda: content, serializer)
    lost = [*contents.losses(), *converting.lost_in_writing(contents, written)]
    FilesystemPersister.save_cassette(target, cassette_dict, serializer)
    return len(written.interactions), lost
