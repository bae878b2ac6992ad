"""A response as a value. It must not know a client, a cassette or a file; ``wire.py`` knows its bytes."""

from __future__ import annotations

import re
import reprlib
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any, TypedDict, cast

from ._http.failure import Failure
from .request import Headers, HeaderSource


class Status(TypedDict):
    """The status line: ``code``, and the reason phrase as ``message``."""

    code: int
    message: str | None


class _Content(TypedDict):
    string: bytes | str


class Body(_Content, total=False):
    """``string``: the content. ``encoding``: the character encoding that Betamax stores. The other keys say how the
    body arrived: see ``Response``."""

    chunks: str
    cut_chunk: str
    broken_by: str
    as_sent: bool
    encoding: str | None


class _Message(TypedDict):
    status: Status
    headers: dict[str, list[str]]
    body: Body


class ResponseDict(_Message, total=False):
    """VCR.py's dictionary of a response, which hooks and serializers see; ``Response`` says what is in it."""

    url: str
    http_version: str
    trailers: dict[str, list[str]]
    incomplete: bool
    header_order: str
    error: object
    no_reason: bool
    recorded_at: object


_CLOCK = (time.time,)  # In a tuple: freezegun, which stops the clock of a test, replaces attributes of modules.


def now() -> datetime:
    """The true time, in UTC, also in a test that has stopped its clock."""
    return datetime.fromtimestamp(_CLOCK[0](), timezone.utc)


class Response:
    """One HTTP response, read-only: a typed view of VCR.py's dictionary.

    The dictionary (``data``) is the one shape that hooks, serializers and ``cassette.responses`` see:
    ``{"status": {"code", "message"}, "headers": {name: [values]}, "body": {"string": bytes}}``. Keys that a project
    adds are kept. This package adds these where they are needed; VCR.py ignores them:

    - ``http_version``: the version, if it is not 1.1;
    - ``trailers``: the header fields behind a chunked body;
    - ``header_order``: the names in sequence, where other fields stood between two fields of one name;
    - ``no_reason``: the server sent no reason phrase (an empty one in VCR.py's files may also be one that is not
      known);
    - ``incomplete``: the connection ended before the message did;
    - ``error``: how the exchange failed;
    - in ``body``: ``chunks``, the lengths of the pieces in which the body came; ``cut_chunk``, how much there is of the
      last chunk; ``broken_by``, bytes behind the last whole chunk that are no HTTP; ``as_sent``, the server sent this
      body, though it is not coded as ``Content-Encoding`` says.

    ``beside``: what the file holds beside the request and the response: the time of recording, if that is known, and
    what a project has added.
    """

    __slots__ = ("_headers", "beside", "data")

    def __init__(self, data: ResponseDict | Mapping[str, object], beside: Mapping[str, object] | None = None) -> None:
        self.data = cast(ResponseDict, data)  # a file or a hook may give any mapping
        self.beside = dict(beside) if beside else {}
        self._headers: Headers | None = None

    @classmethod
    def of(
        cls,
        status: int,
        reason: str | None,
        headers: HeaderSource,
        body: bytes,
        *,
        http_version: str = "1.1",
        chunks: Iterable[int] = (),
        cut_chunk: tuple[int, int] | None = None,
        broken_by: bytes = b"",
        trailers: HeaderSource = None,
        incomplete: bool = False,
    ) -> Response:
        """Make a response of its parts.

        ``chunks``: the lengths, in bytes, of the pieces in which ``body`` came. ``cut_chunk``: of the chunk in which
        the message was cut off, how many bytes came and how many were announced. ``broken_by``: bytes behind the last
        whole chunk that are no HTTP. ``incomplete``: the connection ended before the message did.
        """
        fields = Headers(headers)
        pairs, grouped = fields.pairs(), fields.grouped()
        content = _body(body, chunks, cut_chunk, broken_by)
        data: ResponseDict = {"status": {"code": status, "message": reason}, "headers": grouped, "body": content}
        if len(grouped) < len(pairs) and pairs != Headers(grouped).pairs():
            data["header_order"] = " ".join(name for name, _ in pairs)
        if reason == "":
            data["no_reason"] = True
        if http_version != "1.1":
            data["http_version"] = http_version
        if trailers:
            data["trailers"] = Headers(trailers).grouped()
        if incomplete:
            data["incomplete"] = True
        return cls(data)

    @classmethod
    def failed(cls, failure: Failure, so_far: Response | None = None) -> Response:
        """Make the response that is stored for a failed exchange: ``so_far``, or an empty one, and the failure.

        VCR.py, which does not know failures, replays an empty one as status 599, as some proxies do.
        """
        response = so_far or cls.of(599, failure.message, None, b"")
        return cls({**response.data, "error": failure.to_data()})

    @property
    def fault(self) -> str | None:
        """Why this response cannot be replayed, in words; None when it can.

        A project's serializers and hooks may store anything as a response. Such a response is an error when it is asked
        for, and the other interactions of the cassette are replayed all the same.
        """
        data: object = self.data
        if not isinstance(data, Mapping):
            return f"expected a mapping, not {_shown(data)}"
        status = data.get("status")
        code = status.get("code") if isinstance(status, Mapping) else status
        if not _is_status_code(code):
            return f"its status code is {_shown(code)}"
        for part in ("headers", "trailers"):
            fault = _fault_of_fields(part, data.get(part) or {})
            if fault is not None:
                return fault
        if "body" not in data:
            return f"it has no body; it has the keys {_names(data)}"
        body = data["body"]
        if isinstance(body, Mapping) and body:  # (VCR.py stores {} for a redirect that aiohttp follows)
            if "string" not in body:
                return f'its body has no "string"; it has the keys {_names(body)}'
            body = body["string"]
        return None if not body or isinstance(body, (str, bytes, bytearray)) else f"its body is {_shown(body)}"

    @property
    def failure(self) -> Failure | None:
        """How the exchange failed, if it did."""
        error = self.data.get("error")
        return None if error is None else Failure.from_data(error)

    @property
    def _status_data(self) -> Mapping[str, Any]:
        """What stands under ``status``: a hook may have put the code alone there."""
        status: Any = self.data["status"]
        # (A dict is asked for first, because that is quick.)
        return status if isinstance(status, (dict, Mapping)) else {"code": status}

    @property
    def status(self) -> int:
        """The status code."""
        return int(float(self._status_data["code"]))

    @property
    def reason(self) -> str | None:
        """The reason phrase, in one line; None when it is not known."""
        message: object = self._status_data.get("message")
        return None if message is None else _LINE_BREAK.sub(" ", str(message))

    @property
    def has_no_reason(self) -> bool:
        """Whether the server is known to have sent no reason phrase."""
        return not self.reason and bool(self.data.get("no_reason"))

    @property
    def effective_url(self) -> str | None:
        """The address that the response came from in the end, where VCR.py followed redirects (tornado)."""
        url: str | None = self.data.get("url")
        return url

    @property
    def headers(self) -> Headers:
        """The header fields, in order, without line breaks that would end a field: see ``_unbroken``."""
        if self._headers is None:
            self._headers = _unbroken(_in_order(Headers(self.data.get("headers")), self.data.get("header_order")))
        return self._headers

    @property
    def _body_data(self) -> Mapping[str, Any]:
        """What stands under ``body``. A hook may have put the content alone there, and a person may have deleted it."""
        data: Any = self.data
        body = data.get("body") or {}
        return body if isinstance(body, (dict, Mapping)) else {"string": body}

    @property
    def body(self) -> bytes:
        """The content, without transfer coding, with content coding (gzip …) as received."""
        string = self._body_data.get("string")
        if string is None:
            return b""
        return string.encode("utf-8") if isinstance(string, str) else bytes(string)

    @property
    def pieces(self) -> list[bytes]:
        """The body in the pieces in which it came; in one piece when these are not known, or the body was changed
        since."""
        body = self.body
        packed = self._body_data.get("chunks")
        lengths = unpack_lengths(packed, len(body)) if packed else []
        if not lengths:
            return [body] if body else []
        pieces, start = [], 0
        for length in lengths:
            pieces.append(body[start : start + length])
            start += length
        return pieces

    @property
    def cut_chunk(self) -> tuple[int, int] | None:
        """Of the chunk in which the message was cut off, how many bytes came and how many were announced."""
        cut = _CUT.fullmatch(str(self._body_data.get("cut_chunk")))
        return (int(cut[1]), int(cut[2])) if cut else None

    @property
    def broken_by(self) -> bytes:
        """The bytes behind the last whole chunk, where these were no HTTP."""
        text = self._body_data.get("broken_by") or ""
        return text.encode("latin-1", "replace") if isinstance(text, str) else b""

    @property
    def is_as_sent(self) -> bool:
        """Whether the body is known to be what the server sent, though it is not coded as the headers say."""
        return bool(self._body_data.get("as_sent"))

    @property
    def http_version(self) -> str:
        """``1.1``, ``1.0`` …"""
        words = str(self.data.get("http_version") or "").split()
        return words[0] if words else "1.1"

    @property
    def trailers(self) -> Headers:
        """The trailer fields of a chunked message (RFC 9112 §7.1.2)."""
        return _unbroken(Headers(self.data.get("trailers")))

    @property
    def timestamp(self) -> object:
        """The time of recording as the file has it; None when it is not known."""
        return self.beside.get("recorded_at")

    @timestamp.setter
    def timestamp(self, timestamp: object) -> None:
        self.beside["recorded_at"] = timestamp

    @property
    def recorded_at(self) -> datetime | None:
        """The time of recording, in UTC; None when it is not known. A date without an offset is in UTC.

        The formats of other recorders keep the date in the dictionary (``data``).
        """
        value = self.timestamp
        if value is None and isinstance(self.data, Mapping):  # (a program may append anything as a response)
            value = self.data.get("recorded_at")
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                return None
        if not isinstance(value, datetime):
            return None
        try:
            return value.astimezone(timezone.utc) if value.tzinfo else value.replace(tzinfo=timezone.utc)
        except OverflowError:  # a date of year 1 or 9999 that UTC puts outside these years
            return None

    def stamp(self) -> None:
        """Set the time of recording to now, unless it is known."""
        if self.recorded_at is None:
            self.timestamp = now().isoformat(timespec="seconds")

    @property
    def incomplete(self) -> bool:
        """Whether the connection ended before the message did."""
        return bool(self.data.get("incomplete"))

    def copy_data(self) -> ResponseDict:
        """A copy of the dictionary that a hook may change at will (bytes are shared)."""
        return cast(ResponseDict, copied(self.data))

    def __repr__(self) -> str:
        return f"<Response ({self.status}) {len(self.body)} bytes>"


def _body(string: bytes, chunks: Iterable[int], cut_chunk: tuple[int, int] | None, broken_by: bytes) -> Body:
    body: Body = {"string": string}
    lengths = [length for length in chunks if length]
    if len(lengths) > 1:
        body["chunks"] = pack_lengths(lengths)
    if cut_chunk is not None:
        body["cut_chunk"] = f"{cut_chunk[0]}/{cut_chunk[1]}"
    if broken_by:
        body["broken_by"] = broken_by.decode("latin-1")
    return body


def _is_status_code(code: object) -> bool:
    if isinstance(code, str):
        return _CODE.fullmatch(code) is not None
    return isinstance(code, (int, float)) and 0 <= code < 10_000 and code == int(code)


_CODE = re.compile(r"\d{1,4}", re.ASCII)


def _fault_of_fields(part: str, fields: object) -> str | None:
    if not isinstance(fields, Mapping):
        return f"its {part} are {_shown(fields)}"
    for name, values in fields.items():
        for value in values if isinstance(values, (list, tuple)) else (values,):
            # (The second question is slow, and most values are text.)
            if not isinstance(value, str) and isinstance(value, (Mapping, list, tuple)):
                return f"the value of {name} in its {part} is {_shown(value)}"
    return None


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{reprlib.repr(value)}, a {type(value).__name__}"


def _names(mapping: Mapping[object, object]) -> str:
    return ", ".join(sorted(map(repr, mapping))) or "of nothing"


def copied(value: object) -> object:
    """A copy of plain data, with lists for tuples (bytes are shared)."""
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [copied(item) for item in value]
    return value


def _in_order(headers: Headers, order: object) -> Headers:
    """``headers`` in the sequence of names in ``order``; as they are when these are no longer the same names."""
    if not order:
        return headers
    names = str(order).split()
    if sorted(names) != sorted(name for name, _ in headers.pairs()):
        return headers
    values = {name: iter(fields) for name, fields in headers.grouped().items()}
    return Headers((name, next(values[name])) for name in names)


_LINE_BREAK = re.compile(r"[\r\n]+")
_NOT_FOLDING = re.compile(r"\r?\n(?![ \t])|\r(?!\n)")


def _unbroken(headers: Headers) -> Headers:
    """``headers`` that a client reads as the same fields.

    A line break that does not fold a line would end the field or the head: it becomes a blank. A blank in front of a
    name would make the field a part of the one before: it is removed.
    """
    pairs = headers.pairs()
    names, values = "".join([name for name, _ in pairs]), "".join([value for _, value in pairs])
    if "\r" not in values and "\n" not in values and names.split() == [names]:  # no blank in any name
        return headers
    mended = [(_LINE_BREAK.sub(" ", name).lstrip(), _NOT_FOLDING.sub(" ", value)) for name, value in pairs]
    return headers if mended == pairs else Headers(mended)


_RUN = re.compile(r"(\d{1,18})(?:\*(\d{1,18}))?", re.ASCII)
_CUT = re.compile(r"(\d{1,18})/(\d{1,18})", re.ASCII)


def pack_lengths(lengths: Iterable[int]) -> str:
    """Lengths as text for a file; repeated lengths are counted: ``[12, 8, 8, 8] -> "12 8*3"``."""
    runs: list[list[int]] = []
    for length in lengths:
        if runs and runs[-1][0] == length:
            runs[-1][1] += 1
        else:
            runs.append([length, 1])
    return " ".join(str(length) if count == 1 else f"{length}*{count}" for length, count in runs)


def unpack_lengths(packed: object, total: int) -> list[int]:
    """The inverse of ``pack_lengths``; empty when the lengths do not add up to ``total``: the body has been edited."""
    runs: list[tuple[int, int]] = []
    for word in str(packed or "").split():
        run = _RUN.fullmatch(word)
        if run is None:
            return []
        runs.append((int(run[1]), int(run[2] or 1)))
    # The sum is checked before the list is made: a wrong count in a file must not ask for a list of any size.
    if any(length < 1 or count < 1 for length, count in runs) or sum(a * b for a, b in runs) != total:
        return []
    return [length for length, count in runs for _ in range(count)]
