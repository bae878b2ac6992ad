"""Brings old cassettes to the present format: those of VCR.py 0.x, and those of httpx from VCR.py 4 and 5.

VCR.py 9 cannot read these cassettes. This package can, so nobody has to migrate. ``python -m vcr.migration PATH`` is
VCR.py's command; ``vcr migrate`` prints more. This file must not know a client.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ._vcrpy import leftovers
from .errors import CassetteLoadError, CassetteNotFoundError
from .persisters.content import packed_parts
from .persisters.filesystem import FilesystemPersister
from .serializers import Deserializer, jsonserializer, yamlserializer

USAGE = "Usage: python -m vcr.migration PATH (a cassette, or a directory of cassettes)"

_SERIALIZERS = {".yaml": yamlserializer, ".yml": yamlserializer, ".json": jsonserializer}


class _Parsed:
    """A serializer that remembers the data that it has read."""

    def __init__(self, serializer: Deserializer) -> None:
        self._serializer = serializer
        self.data: object = None

    def deserialize(self, text: str) -> object:
        """The plain data in the text."""
        self.data = self._serializer.deserialize(text)
        return self.data


def migrate(path: Path, *, dry_run: bool = False) -> bool:
    """Bring the cassette at ``path`` to the present format. Returns False if it is in that format already, or blank.

    The file is replaced whole or not at all; with ``dry_run`` not at all. Raises CassetteLoadError when the file is no
    cassette, OSError when there is no file or it cannot be written.
    """
    serializer = _serializer_of(path)
    parsed = _Parsed(serializer)
    with nullcontext() if dry_run else FilesystemPersister.exclusive(path):
        try:
            contents = FilesystemPersister.load_cassette(path, parsed)
        except CassetteNotFoundError:
            if path.is_file():
                return False
            raise
        if not is_old(parsed.data):
            return False
        cassette_dict = contents.cassette_dict()
        if dry_run:
            for _ in packed_parts(str(path), cassette_dict, serializer):  # raises what saving would raise
                pass
        else:
            FilesystemPersister.save_cassette(path, cassette_dict, serializer)
    return True


def is_old(data: object) -> bool:
    """Whether the data in a cassette has a shape that VCR.py wrote once, and does not read any more."""
    if isinstance(data, list):  # 0.x: the list of the interactions, of which Ruby VCR's have symbols for methods
        return not any(str(_part(one, "request").get("method")).startswith(":") for one in data)
    interactions = data.get("interactions") if isinstance(data, Mapping) else None
    return isinstance(interactions, list) and any(map(_is_old, interactions))


def _is_old(interaction: object) -> bool:
    request, response = _part(interaction, "request"), _part(interaction, "response")
    # 0.x kept the URI in parts; the stub of httpx, in VCR.py 4 and 5, had names of its own.
    return ("host" in request and "uri" not in request) or ("status_code" in response and "status" not in response)


def _part(interaction: object, name: str) -> Mapping[str, object]:
    part = interaction.get(name) if isinstance(interaction, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _serializer_of(path: Path) -> ModuleType:
    if path.suffix in _SERIALIZERS:
        return _SERIALIZERS[path.suffix]
    return jsonserializer if path.read_bytes().lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{") else yamlserializer


def _cassettes(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for found in sorted(path.rglob("*")):
        if found.is_file() and found.suffix in ("", *_SERIALIZERS) and not found.name.startswith("."):
            yield found


def main(arguments: Sequence[str]) -> int:
    """Migrate the cassettes at the path in ``arguments``, and print a line for each file.

    Returns the exit status: 0; 1 when a file is no cassette or cannot be written; 2 for wrong arguments.
    """
    if len(arguments) != 1:
        sys.stderr.write(f"{USAGE}\n")
        return 2
    status = 0
    for path in _cassettes(Path(arguments[0])):
        try:
            sys.stdout.write(f"[OK] {path}\n" if migrate(path) else f"[OK] {path}: already in the present format\n")
        except (CassetteLoadError, OSError) as error:
            sys.stdout.write(f"[FAIL] {error}\n")  # it names the file
            status = 1
    sys.stdout.write("Done.\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

if not TYPE_CHECKING:
    __getattr__ = leftovers("migration")
