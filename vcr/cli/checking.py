"""What is wrong with a cassette, and where: findings. It must not know how they are shown."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Hashable, Iterator
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from .._http import content_coding
from ..errors import CassetteLoadError, CassetteNotFoundError
from ..formats import vcrpy
from ..migration import is_old
from ..persisters.filesystem import FilesystemPersister
from ..request import Headers, Request
from ..response import Response
from ..serializers import Deserializer, jsonserializer
from . import bodies
from .facts import failed
from .lines import lines_of
from .reading import serializer_of

if TYPE_CHECKING:
    from .._engine.interaction import Interaction
    from ..serializers.yamlentries import Entries

KINDS = UNREADABLE, WRONG, SCHEMA, OLD, INCOMPLETE, FAILED, DUPLICATE = (
    "unreadable",
    "wrong",
    "schema",
    "old",
    "incomplete",
    "failed",
    "duplicate",
)

#: How many characters of a message of the schema's are shown: it quotes what it is about.
_MAX_MESSAGE = 200
#: A text without these is in the present format, and need not be parsed as a whole.
_MAY_BE_OTHER = re.compile(r"""status_code|^\s*(?:\[|- )|\bhost\b|\bversion["']?\s*:(?!\s*1\s)""")


class SchemaError(Exception):
    """The library that compares data with a schema is missing."""


class Finding(NamedTuple):
    """``line`` and ``interaction``: from 1 on; None where it is the whole cassette, or not known."""

    path: str
    line: int | None
    interaction: int | None
    kind: str
    message: str

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        interaction = "" if self.interaction is None else f"interaction {self.interaction}: "
        return f"{self.path}{line}: {interaction}{self.message} [{self.kind}]"


class _Text:
    """A serializer that remembers the text of a cassette, and parses it once more only if it has to."""

    def __init__(self, serializer: Deserializer) -> None:
        self._serializer = serializer
        self.text = ""
        self._data: object = None

    def split(self, text: str) -> Entries | None:
        """The text cut into interactions that can be read one by one; None if it may not be cut."""
        self.text = text
        split = getattr(self._serializer, "split", None)
        entries: Entries | None = None if split is None else split(text)
        return entries

    def deserialize(self, text: str) -> object:
        """The plain data in the text."""
        self.text = text
        self._data = self._serializer.deserialize(text)
        return self._data

    @property
    def data(self) -> object:
        """The plain data of the whole. Raises CassetteLoadError."""
        return self.deserialize(self.text) if self._data is None else self._data


def check(path: str, schema: bool = False, recorded_before: datetime | None = None) -> list[Finding]:
    """What there is to say of the cassette at ``path``, in the order of its lines.

    ``schema``: compare it with the JSON Schema of version 1, too. ``recorded_before``: what was recorded earlier is a
    finding. Raises SchemaError when there is no library for schemas.
    """
    source, is_read = _Text(serializer_of(path)), True
    try:
        contents = FilesystemPersister.load_cassette(path, source)
    except CassetteNotFoundError:
        return [Finding(path, None, None, WRONG, "the file has no interactions")]
    except CassetteLoadError as error:
        found, is_read = [_unreadable(path, error)], False
        lines = lines_of(source.text)
    else:
        lines = lines_of(source.text, len(contents.interactions))
        found = list(_of_interactions(path, contents.interactions, recorded_before))
        found += _of_format(path, source)
    if schema and source.text:
        found += _of_schema(path, source, is_read)
    if os.path.exists(f"{path}.partial"):
        message = f"a session was interrupted, and left {path}.partial; vcr.recover adds what it holds"
        found.append(Finding(path, None, None, INCOMPLETE, message))
    found = [_with_line(one, lines) for one in found]
    return sorted(found, key=lambda one: (one.line or 0, one.interaction or 0))


def _unreadable(path: str, error: CassetteLoadError) -> Finding:
    return Finding(path, error.line, error.interaction, UNREADABLE, error.message)


def _with_line(found: Finding, lines: list[int]) -> Finding:
    if found.line is not None or found.interaction is None or found.interaction > len(lines):
        return found
    return found._replace(line=lines[found.interaction - 1])


def _of_interactions(path: str, interactions: list[Interaction], recorded_before: datetime | None) -> Iterator[Finding]:
    seen: dict[Hashable, int] = {}
    for number, interaction in enumerate(interactions, 1):
        try:
            request, response = interaction.pair()
        except CassetteLoadError as error:
            yield _unreadable(path, error)
            continue
        for kind, message in _of_interaction(request, response, recorded_before):
            yield Finding(path, None, number, kind, message)
        first = seen.setdefault(interaction.value(), number)
        if first != number:
            yield Finding(path, None, number, DUPLICATE, f"it is the same as interaction {first}")


def _of_interaction(
    request: Request, response: Response, recorded_before: datetime | None
) -> Iterator[tuple[str, str]]:
    if not request.scheme or not request.host:
        yield WRONG, f"no request has the URI {request.uri!r}: it names no host"
    yield from ((WRONG, message) for message in _of_body("request", request.headers, request.body))
    fault = response.fault
    if fault is not None:
        yield WRONG, f"the response cannot be replayed: {fault}"
        return
    failure = response.failure
    if failure is not None:
        yield FAILED, failed(failure)
    elif response.incomplete:
        yield INCOMPLETE, "the response ended too early"
    else:
        yield from ((WRONG, message) for message in _of_body("response", response.headers, response.body))
    when = response.recorded_at
    if recorded_before is not None and when is not None and when < recorded_before:
        yield OLD, f"it was recorded at {when.isoformat(' ', 'minutes')}"


def _of_body(whose: str, headers: Headers, content: object) -> Iterator[str]:
    if not content or not isinstance(content, bytes):
        return
    body = bodies.read(headers, content)
    if body.left:
        fault = _coding_fault(body.left[-1], body.content)
        if fault is not None:
            yield f"the body of the {whose} {fault}, though its Content-Encoding is {body.left[-1]}"
    elif body.kind == bodies.JSON:
        try:
            json.loads(body.text or "")
        except (ValueError, RecursionError) as error:
            yield f"the body of the {whose} is no JSON, though its Content-Type is {body.media}: {error}"


def _coding_fault(coding: str, content: bytes) -> str | None:
    """Why a content coding cannot be taken off; None where that is no fault of the body's."""
    if coding not in content_coding.CODINGS:
        return None
    try:
        content_coding.CODINGS[coding].decode(content, content_coding.MOST_DECODED)
    except ImportError:
        return None
    except content_coding.TooLargeError:
        return f"is more than {content_coding.MOST_DECODED:,} bytes when it is decoded"
    except Exception:  # noqa: BLE001  (each library has errors of its own)
        return "cannot be decoded"
    return None


def _of_format(path: str, source: _Text) -> Iterator[Finding]:
    if _MAY_BE_OTHER.search(source.text) is None:
        return
    try:
        data = source.data
    except CassetteLoadError:
        return  # (another recorder's text, which its format reads in a way of its own)
    version = data.get("version", vcrpy.VERSION) if isinstance(data, dict) and vcrpy.claims(data) else vcrpy.VERSION
    if version not in (vcrpy.VERSION, str(vcrpy.VERSION)):
        message = f"version {version!r} of the format is not known: the cassette is read as version {vcrpy.VERSION}"
        yield Finding(path, None, None, WRONG, message)
    if is_old(data):
        message = "VCR.py does not read this format any more; `vcr migrate` brings it to the present one"
        yield Finding(path, None, None, OLD, message)


# -- the schema --------------------------------------------------------------------------------------------------------


def schema_text() -> str:
    """The JSON Schema of version 1."""
    return files("vcr").joinpath("cassette.schema.json").read_text(encoding="utf-8")


def _of_schema(path: str, source: _Text, is_read: bool) -> Iterator[Finding]:
    try:
        from jsonschema import Draft202012Validator
    except ModuleNotFoundError as missing:
        message = f"--schema needs {missing.name}, which this Python does not have: pip install 'vcrpy[cli]'"
        raise SchemaError(message) from missing
    try:
        # As JSON has it: bytes in base64, dates as text.
        data = json.loads(json.dumps(source.data, default=jsonserializer.encode))
    except (CassetteLoadError, TypeError, ValueError, RecursionError):
        if not is_read:
            return  # which has been said
        data = None  # (another recorder's text)
    if not isinstance(data, dict) or "interactions" not in data or not vcrpy.claims(data):
        yield Finding(path, None, None, SCHEMA, "it is in another format than version 1")
        return
    for error in Draft202012Validator(json.loads(schema_text())).iter_errors(data):
        place = list(error.absolute_path)
        number = place[1] + 1 if place[:1] == ["interactions"] and len(place) > 1 else None
        where = ".".join(map(str, place[2:] if number else place))
        message = error.message if len(error.message) <= _MAX_MESSAGE else f"{error.message[:_MAX_MESSAGE]}…"
        yield Finding(path, None, number, SCHEMA, f"{where}: {message}" if where else message)
