"""VCR.py's names in ``vcr.migration``, for programs that migrate cassettes by a call."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from ..errors import CassetteLoadError
from ..migration import migrate
from ..serialize import deserialize, serialize
from ..serializers import Serializer, jsonserializer, yamlserializer


def try_migrate(path: str | os.PathLike[str]) -> bool:
    """Bring a cassette to the present format. False for one that has it already, and for a file that is none."""
    try:
        return migrate(Path(path))
    except CassetteLoadError:
        return False


def migrate_json(in_fp: IO[str], out_fp: IO[str]) -> bool:
    """Read an old cassette in JSON from one file, and write it in the present format to the other.

    False, and nothing is written, where it has that format already.
    """
    return _rewrite(in_fp, out_fp, jsonserializer)


def migrate_yml(in_fp: IO[str], out_fp: IO[str]) -> bool:
    """The same for YAML."""
    return _rewrite(in_fp, out_fp, yamlserializer)


def _rewrite(in_fp: IO[str], out_fp: IO[str], serializer: Serializer) -> bool:
    text = in_fp.read()
    if not isinstance(serializer.deserialize(text), list):
        return False
    requests, responses = deserialize(text, serializer)
    out_fp.write(serialize({"requests": requests, "responses": responses}, serializer))
    return True
