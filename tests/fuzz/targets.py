"""Each reader of untrusted input: what must hold of any bytes, and the corpus to begin with."""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from vcr import _placeholders, matchers
from vcr._http import content_coding, multipart
from vcr._http.fields import field_bytes, may_have_body
from vcr._http.render import content, render
from vcr._http.wire import ChunkedReader, RequestReader, ResponseReader
from vcr.errors import CassetteLoadError, CassetteNotFoundError
from vcr.filters import replace_body_parameters
from vcr.formats import betamax, har, ruby
from vcr.request import Request
from vcr.response import Response
from vcr.serialize import deserialize, serialize
from vcr.serializers import jsonserializer, yamlserializer

GOLDEN = Path(__file__).parents[1] / "cassettes"


class Target(NamedTuple):
    """``check`` raises AssertionError, or whatever the reader should not have raised. ``words``: of its language."""

    check: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    words: tuple[bytes, ...] = ()


# -- cassettes ---------------------------------------------------------------------------------------------------------


def _cassette(*serializers: Any) -> Callable[[bytes], None]:
    """Text is read, or is no cassette; what is read can be used, and written and read again by ``serializers``."""

    def check(data: bytes) -> None:
        try:
            read = deserialize(data.decode("utf-8", "ignore"), serializers[0])
            pairs = list(zip(*read, strict=True))  # an interaction may be read when it is asked for
        except (CassetteLoadError, CassetteNotFoundError):
            return
        for request, response in pairs:
            if Response(response).fault:
                return  # it is refused when it is asked for
            _use(request, Response(response))
        for serializer in serializers:
            contents = {"requests": read[0], "responses": read[1], "metadata": read.metadata}
            again = deserialize(serialize(contents, serializer), serializer)
            assert _essence(again) == _essence(read)

    return check


def _use(request: Request, response: Response) -> None:
    """All that a cassette does with what it has loaded."""
    for matcher in (*matchers.DEFAULT_MATCH_ON, "headers", "body"):
        assert matchers.builtin()[matcher](request, request) is None
    assert response.copy_data() == response.data
    assert b"".join(response.pieces) == response.body
    assert response.recorded_at is None or response.recorded_at.tzinfo
    assert response.failure is None or isinstance(response.failure.error(), OSError)
    assert response.cut_chunk is None or len(response.cut_chunk) == 2
    render(response, request.method)


def _essence(contents: Any) -> list[Any]:
    """What every format has a place for; of header fields, what is sent."""
    return [
        (
            request.method.upper(),
            (request.scheme, request.host, request.port, request.path, request.query),
            [(name, field_bytes(value)) for name, value in request.headers.pairs()],
            response.status,
            [(name, field_bytes(value)) for name, value in response.headers.pairs()],
            response.body,
        )
        for request, response in zip(contents[0], map(Response, contents[1]), strict=True)
    ]


def _golden(*suffixes: str) -> Callable[[], Iterator[bytes]]:
    return lambda: (file.read_bytes() for file in sorted(GOLDEN.iterdir()) if file.name.endswith(suffixes))


_KEYS = (
    b"interactions", b"http_interactions", b"request", b"response", b"method", b"uri", b"url", b"headers", b"body",
    b"string", b"base64_string", b"encoding", b"status", b"code", b"message", b"status_code", b"content", b"metadata",
    b"chunks", b"cut_chunk", b"trailers", b"error", b"phase", b"kind", b"recorded_at", b"body_details", b"header_order",
    b"http_version", b"incomplete", b"host", b"port", b"protocol", b"http://h/", b"GET", b"get", b":get",
)  # fmt: skip
_YAML = (
    b"!!binary ", b"!!python/tuple ", b"!!python/unicode ", b"!!set ", b"!!omap ", b"!!pairs ", b"!!int ", b"!!float ",
    b"!!timestamp ", b"!ruby/symbol ", b"!ruby/string ", b"!binary ", b"&a ", b"*a", b"<<: ", b"? ", b"- ", b": ",
    b"|\n", b"!!python/object/new:_io.BytesIO ",
    b"!!python/object/apply:builtins.iter ", b"!!python/object:StringIO.StringIO ",
)  # fmt: skip
_JSON = (b'{"', b'":', b"[", b"]", b"{", b"}", b"null", b"1e9", b'"\\ud800"', b'"\\udcff"', b'"\\u0000"')


# -- messages ----------------------------------------------------------------------------------------------------------


def _pieces(data: bytes) -> tuple[bytes, list[bytes]]:
    """A message and one way in which it may arrive: the first byte says how many that follow it are lengths."""
    count = data[0] % 8 if data else 0
    lengths, message = data[1 : count + 1], data[count + 1 :]
    pieces, start = [], 0
    for length in lengths:
        pieces.append(message[start : start + length])
        start += length
    return message, [*pieces, message[start:]]


def _fed(reader: Any, pieces: Iterable[bytes]) -> Any:
    for piece in pieces:
        reader.feed(piece)
    return reader


def _requests(data: bytes) -> None:
    """How the bytes are split makes no difference, and nothing raises."""
    message, pieces = _pieces(data)
    whole, split = _fed(RequestReader(), [message]), _fed(RequestReader(), pieces)
    assert (whole.has_head, whole.complete) == (split.has_head, split.complete)
    assert (whole.awaits_continue, whole.upgrades) == (split.awaits_continue, split.upgrades)
    one, other = whole.request("http://h"), split.request("http://h")
    assert (one.method, one.uri, one.body) == (other.method, other.uri, other.body)
    assert one.headers.pairs() == other.headers.pairs()


def _responses(data: bytes) -> None:
    """How the bytes are split makes no difference; what is read is rendered and read again as the same, and is what
    http.client makes of those bytes."""
    message, pieces = _pieces(data)
    whole, split = _fed(ResponseReader("GET"), [message]), _fed(ResponseReader("GET"), pieces)
    for _ in ("open", "closed"):
        assert (whole.has_head, whole.complete, whole.broken) == (split.has_head, split.complete, split.broken)
        if whole.has_head:
            one, other = whole.response(), split.response()
            assert (one.status, one.reason, one.headers.pairs(), one.body) == (
                other.status, other.reason, other.headers.pairs(), other.body,
            )  # fmt: skip
            assert one.incomplete is not whole.complete
        whole.eof()
        split.eof()
    if whole.complete and not whole.broken:
        _rendered_again(whole.response())
        _as_http_client(message, whole.response())


def _rendered_again(response: Response) -> None:
    _, pieces = content(response, "GET")
    reader = _fed(ResponseReader("GET"), render(response, "GET"))
    reader.eof()
    again = reader.response()
    assert (again.status, again.body) == (response.status, b"".join(pieces))
    # A line break within a field is not sent again.
    assert [name for name, _ in again.trailers.pairs()] == [
        name.replace("\r", " ") for name, _ in response.trailers.pairs()
    ]


def _as_http_client(message: bytes, response: Response) -> None:
    codings = response.headers.get_all("Transfer-Encoding")
    if codings and (codings != ["chunked"] or not may_have_body("GET", response.status)):
        return  # It knows no list of them, and reads chunks where there can be none.
    try:
        peer = http.client.HTTPResponse(_Socket(message), method="GET")  # type: ignore[arg-type]
        peer.begin()
        body = peer.read()
    except (http.client.HTTPException, ValueError):
        return  # It is stricter, in places.
    # Of those with 1xx, it passes over 100 only.
    assert peer.status < 200 or (response.status, response.body) == (peer.status, body)


class _Socket:
    """What http.client reads from."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


def _chunks(data: bytes) -> None:
    """How the bytes are split makes no difference, and what has been read goes on."""
    message, pieces = _pieces(data)
    whole, split = _fed(ChunkedReader(), [message]), _fed(ChunkedReader(), pieces)
    for _ in ("open", "closed"):
        assert (whole.complete, whole.broken, whole.chunks) == (split.complete, split.broken, split.chunks)
        assert (whole.partial(), whole.trailers, whole.cut_chunk) == (split.partial(), split.trailers, split.cut_chunk)
        assert all(whole.chunks)
        whole.eof()
        split.eof()


_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = b"5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"
_REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /a HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
    b"POST http://h/a HTTP/1.1\nTransfer-Encoding: chunked\n\n" + _CHUNKED,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /chat HTTP/1.1\r\nUpgrade: websocket\r\nX-Fold: a\r\n b\r\n\r\n",
)
_RESPONSES = (
    _HEAD + b"Content-Length: 5\r\n\r\nhello",
    _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNKED,
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 \r\nX: 1\r\nX: 2\r\n\r\nuntil the end",
    b"HTTP/1.1 204 No Content\r\nETag: x\r\n\r\n",
    _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 25\r\n\r\n" + content_coding.encode(b"hello", ["gzip"]),  # type: ignore[operator]
)
_FIELDS = (
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"\r\n", b"\r\n\r\n", b"\n\n", b"Content-Length: ", b"Transfer-Encoding: chunked",
    b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Trailer: ", b"100 Continue", b"204", b"304",
    b"0\r\n\r\n", b"Expect: 100-continue", b"Upgrade: ", b"text/event-stream", b"ffffffff",
    b"-1", b"+5", b"0x5", b"1_0",
)  # fmt: skip


def _arriving(messages: Iterable[bytes]) -> Callable[[], Iterator[bytes]]:
    return lambda: (cuts + message for message in messages for cuts in (b"\0", b"\3\1\x10\2", b"\5\x11\1\1\1\1"))


# -- bodies ------------------------------------------------------------------------------------------------------------

_TYPES = (
    b"application/json", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b", b"text/xml",
    b"application/problem+json; charset=utf-8", b"text/plain", b'multipart/mixed; boundary="a b"',
)  # fmt: skip


#: There are several ways to write the same in base64; what is put back is in the usual one.
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{9}")


def _typed(data: bytes) -> tuple[str, bytes]:
    """A Content-Type, on the first line, and a body."""
    kind, _, body = data.partition(b"\n")
    return kind.decode("latin-1"), body


def _bodies(data: bytes) -> None:
    """A body has a key of its own under every matcher, whatever its type says; and secrets can be taken out of it."""
    kind, body = _typed(data)
    headers = {"Content-Type": kind, "User-Agent": "xmlrpc", "Authorization": "Basic aHVudGVyMg=="}
    request = Request("POST", "http://h/?hunter2", body, headers)
    for matcher in matchers.builtin().values():
        hash(matcher.key(request))  # type: ignore[attr-defined]
    assert matchers.body(request, request.copy()) is None
    response = Response.of(200, "OK", headers, body).data
    secret = _placeholders.Placeholder("<PASSWORD>", "hunter2")
    hidden, answer = _placeholders.mask([secret], request.copy(), Response(response).copy_data())
    assert b"hunter2" not in hidden.body + answer["body"]["string"]
    assert "hunter2" not in hidden.uri
    if b"PASSWORD" not in body and not _BASE64.search(body):
        assert _placeholders.unmask([secret], hidden, answer)[0].body == body


def _fields(data: bytes) -> None:
    """Whatever a body is: what is filtered once is filtered."""
    kind, body = _typed(data)

    def filtered(body: bytes) -> bytes:
        request = Request("POST", "http://h/", body, {"Content-Type": kind})
        return replace_body_parameters(request, {"token": "NEW"}, recursive=True).body

    once = filtered(body)
    assert filtered(once) == once


def _codings(data: bytes) -> None:
    """Codings come off or stay, from the last to the first; what can be put on comes off again."""
    names, body = _typed(data)
    codings = content_coding.named([names])
    plain, left = content_coding.decode(body, codings)
    assert codings[: len(left)] == left
    for name, coding in content_coding.CODINGS.items():
        coded = content_coding.encode(body, [name])
        if coded is not None and coded is not body:
            assert content_coding.decode(coded, [name]) == (body, [])
        coding.is_on(body)
    assert content_coding.decode(plain, left) == (plain, left)


def _parts(data: bytes) -> None:
    """Values that are replaced by themselves leave a body as it was, and each part has a name."""
    kind, body = _typed(data)
    assert multipart.replace_values(body, kind, lambda name, value: value) in (None, body)
    for part in multipart.split(body, kind) or [body]:
        multipart.field_name(part)


def _of_types(*bodies: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: (kind + b"\n" + body for kind in _TYPES for body in bodies)


_BODIES = (
    b'{"a": [1, 2.0, "hunter2"], "b": null}',
    b"a=1&b=%20&token=hunter2",
    b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nhunter2\r\n--b\r\n\r\n2\r\n--b--\r\n',
    b"<?xml version='1.0'?><methodCall><methodName>m</methodName><params><param><value><int>1</int></value></param>"
    b"</params></methodCall>",
    b"aHVudGVyMg==",
)

_FIELD_BODIES = (
    b"a=1;user[token]=hunter2&b=%7B%22token%22%3A%22x%22%7D",
    b'{"a": "{\\"token\\": \\"hunter2\\"}", "token": {"b": 1}, }',
    b"<a><token>hunter2</token><member><name>token</name><value><string>x</string></value></member></a>",
    b'--b\r\nContent-Disposition: form-data;\r\n name="token"\r\n\r\nhunter2\r\n--b--\r\n',
    b'mutation { login(token: "hunter2") { id } }\ntoken: hunter2',
)


TARGETS = {
    "yaml": Target(_cassette(yamlserializer), _golden(".yaml", ".yml"), _KEYS + _YAML),
    "json": Target(_cassette(jsonserializer, yamlserializer), _golden(".json"), _KEYS + _JSON),
    "betamax": Target(_cassette(*betamax.TEXTS.values()), _golden(".json"), _KEYS + _JSON),
    "ruby": Target(_cassette(ruby.TEXTS["ruby"]), _golden(".yml"), _KEYS + _YAML),
    "rubyjson": Target(_cassette(ruby.TEXTS["rubyjson"]), _golden(".json"), _KEYS + _JSON),
    "har": Target(_cassette(*har.TEXTS.values()), _golden(".har"), _KEYS + _JSON),
    "requests": Target(_requests, _arriving(_REQUESTS), _FIELDS),
    "responses": Target(_responses, _arriving(_RESPONSES), _FIELDS),
    "chunks": Target(_chunks, _arriving([_CHUNKED, b"0\n\n", b"1\nx\n00\nA: 1\n\n"]), _FIELDS),
    "bodies": Target(_bodies, _of_types(*_BODIES), _TYPES),
    "fields": Target(
        _fields, _of_types(*_BODIES, *_FIELD_BODIES), (*_TYPES, b"token", b"%74oken", b"&quot;", b"\\u0022")
    ),
    "codings": Target(
        _codings,
        lambda: (
            name.encode() + b"\n" + (coding.encode(body) if name in ("gzip", "deflate") else body)
            for name, coding in content_coding.CODINGS.items()
            for body in (b"", b"hello" * 20, b"\x28\xb5\x2f\xfd")
        ),
        (b"gzip", b"deflate", b"br", b"zstd", b"identity", b"x-gzip", b", ", b"\x1f\x8b\x08\0"),
    ),
    "multipart": Target(_parts, _of_types(*_BODIES), (*_TYPES, b"boundary*=", b"boundary*0=", b"\r\n--", b"utf-8''")),
}
