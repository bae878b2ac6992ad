"""``python -m vcr.migration PATH`` rewrites cassettes of VCR.py 0.x in the present format.

VCR.py itself cannot read them any more. This package reads them as they are, so nobody has to migrate.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._vcrpy import leftovers
from .errors import CassetteLoadError
from .persisters.filesystem import FilesystemPersister
from .serializers import jsonserializer, yamlserializer

USAGE = "Usage: python -m vcr.migration PATH (a cassette, or a directory of cassettes)"

_SERIALIZERS = {".yaml": yamlserializer, ".yml": yamlserializer, ".json": jsonserializer}


def migrate(path: Path) -> bool:
    """Bring one cassette to the present format: True, or False when it has it already.

    The file is replaced whole or not at all. Raises CassetteLoadError when it is no cassette.
    """
    serializer = _serializer_of(path)
    requests, responses = FilesystemPersister.load_cassette(path, serializer)
    if not isinstance(serializer.deserialize(path.read_text(encoding="utf-8-sig")), list):
        return False
    FilesystemPersister.save_cassette(path, {"requests": requests, "responses": responses}, serializer)
    return True


def _serializer_of(path: Path) -> Any:
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
    """Migrate, and say of each file what has become of it. The exit status: 1 when something is no cassette."""
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
