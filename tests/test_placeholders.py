"""Secrets and placeholders: masked in every spelling, and unmasked as they were."""

from __future__ import annotations

import base64
import gzip
import html
import itertools
import json
import zlib
from urllib.parse import quote, quote_plus
from xml.sax import saxutils

import httpx
import pytest
import requests
import yarl
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vcr._placeholders import Placeholder, mask, masked_text, resolve, unmask
from vcr.request import Request
from vcr.response import Response

patient = settings(deadline=None)
secrets = st.text(min_size=4, max_size=12).filter(
    lambda text: text.strip() == text and text.isprintable() and text not in "<SECRET>"
)
surroundings = st.text(st.characters(codec="ascii", exclude_characters="<>~"), max_size=10)
SPELLINGS = [str, quote, lambda text: quote(text, safe=""), quote_plus, lambda text: json.dumps(text)[1:-1]]


def exchange(text: str) -> tuple[Request, dict]:
    return Request("GET", "http://h/", text), Response.of(200, "OK", {"X": "1"}, text.encode()).copy_data()


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@patient
@given(secrets, surroundings, surroundings, st.sampled_from(SPELLINGS))
def test_unmasking_undoes_masking_in_every_spelling(secret, before, after, spell):
    text = f"{before} {spell(secret)} {after}"
    placeholders = [Placeholder("<SECRET>", secret)]
    request, response = mask(placeholders, *exchange(text))
    assert spell(secret) not in request.body.decode()
    request, response = unmask(placeholders, request, response)
    assert request.body.decode() == response["body"]["string"].decode() == text


@patient
@given(secrets, surroundings, surroundings)
def test_a_secret_inside_base64_is_hidden_inside_base64(secret, before, after):
    assume(secret not in in_base64(before + secret + after))
    text = f"Basic {in_base64(before + secret + after)}"
    placeholders = [Placeholder("<SECRET>", secret)]
    request, response = mask(placeholders, *exchange(text))
    assert secret not in base64.b64decode(request.body.split()[1]).decode()
    request, _ = unmask(placeholders, request, response)
    assert request.body.decode() == text


@patient
@given(surroundings)
def test_what_holds_no_secret_is_not_touched(text):
    request, response = mask([Placeholder("<SECRET>", "s3cr3t value")], *exchange(text))
    assert request.body == response["body"]["string"] == text.encode()


def test_header_values_keep_their_bytes():
    request, response = exchange("")
    request.headers = {"X-Latin": "caf\xe9 s3cr3t", "X-Wide": "☃ s3cr3t"}
    request, _ = mask([Placeholder("<S>", "s3cr3t")], request, response)
    assert dict(request.headers) == {"X-Latin": "caf\xe9 <S>", "X-Wide": "☃ <S>"}


def test_the_names_of_headers_and_the_reason_phrase_are_hidden_too_as_in_vcrpy():
    request, response = exchange("")
    request.headers = {"X-s3cr3t": "1"}
    response |= {
        "headers": {"X-s3cr3t": ["s3cr3t"]},
        "header_order": "X-s3cr3t",
        "status": {"code": 200, "message": "Good s3cr3t"},
        "error": {"kind": "closed", "message": "no s3cr3t"},
    }
    before = Response(response).copy_data()
    request, response = mask([Placeholder("<S>", "s3cr3t")], request, response)
    assert request.headers.pairs() == [("X-<S>", "1")]
    assert (response["headers"], response["header_order"]) == ({"X-<S>": ["<S>"]}, "X-<S>")
    assert (response["status"], response["error"]["message"]) == ({"code": 200, "message": "Good <S>"}, "no <S>")
    request, response = unmask([Placeholder("<S>", "s3cr3t")], request, response)
    assert (request.headers.pairs(), response) == ([("X-s3cr3t", "1")], before)


def test_trailers_are_hidden_too():
    request, _ = exchange("")
    response = Response.of(200, "OK", {}, b"", trailers={"X-Sum": "s3cr3t"}).copy_data()
    assert mask([Placeholder("<S>", "s3cr3t")], request, response)[1]["trailers"] == {"X-Sum": ["<S>"]}


def test_an_empty_placeholder_masks_nothing():
    # Nobody could find the place again.
    assert resolve([("", "secret")]) == []


@pytest.mark.parametrize("empty", [None, "", b""])
def test_an_empty_secret_masks_nothing_and_its_placeholder_stays(empty):
    assert resolve([("<S>", empty)]) == []
    request, response = unmask(resolve([("<S>", empty)]), *exchange("a <S>"))
    assert request.body == response["body"]["string"] == b"a <S>"


def test_masking_is_for_people():
    assert masked_text([Placeholder("<S>", "s3cr3t")], "GET /?a=s3cr3t") == "GET /?a=<S>"


# -- every spelling ----------------------------------------------------------------------------------------------------


def utf8(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


#: What clients, servers and people make of a secret; each is undone by its reader.
WAYS = {
    "URL": lambda data: quote(data, safe="").encode(),
    "path": lambda data: quote(data).encode(),
    "form": lambda data: quote_plus(data).encode(),
    "requests": lambda data: requests.utils.requote_uri("http://h/" + quote(data))[9:].encode(),
    "yarl": lambda data: yarl.URL.build(path="/", query={"a": utf8(data)}).raw_query_string[2:].encode(),
    "yarl's path": lambda data: yarl.URL.build(path="/" + utf8(data)).raw_path[1:].encode(),
    "httpx": lambda data: httpx.QueryParams({"a": utf8(data)}).__str__()[2:].encode(),
    "httpx's path": lambda data: httpx.URL("http://h/" + quote(data)).raw_path[1:],
    "encodeURIComponent": lambda data: quote(data, safe="!'()*").encode(),
    "lower case": lambda data: b"".join(bytes((b,)) if b in b"abc123st" else b"%%%02x" % b for b in data),
    "every byte": lambda data: b"".join(b"%%%02X" % b for b in data),
    "JSON": lambda data: json.dumps(utf8(data))[1:-1].encode(),
    "JSON in UTF-8": lambda data: json.dumps(utf8(data), ensure_ascii=False)[1:-1].encode(),
    "PHP's JSON": lambda data: json.dumps(utf8(data))[1:-1].replace("/", "\\/").encode(),
    "Go's JSON": lambda data: json.dumps(utf8(data))[1:-1].replace("&", "\\u0026").replace("<", "\\u003c").encode(),
    "JSON in capitals": lambda data: json.dumps(utf8(data))[1:-1].replace("\\u00e9", "\\u00E9").encode(),
    "HTML": lambda data: html.escape(utf8(data)).encode(),
    "XML": lambda data: saxutils.escape(utf8(data), {"'": "&apos;", '"': "&quot;"}).encode(),
    "Latin-1": lambda data: utf8(data).encode("latin-1"),
    "UTF-16": lambda data: utf8(data).encode("utf-16"),
    "UTF-16BE": lambda data: utf8(data).encode("utf-16-be"),
    "hexadecimal": lambda data: data.hex().encode(),
    "HEXADECIMAL": lambda data: data.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64 in longer text": lambda data: base64.b64encode(b"ab" + data + b"c"),
    "base64 after a word": lambda data: b"token_" + base64.b64encode(data),
    "base64 for URLs": base64.urlsafe_b64encode,
    "base64 without padding": lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    "MIME": lambda data: base64.encodebytes(b"x" * 70 + data + b"y" * 60),
}
COMPRESSED = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "gzip, cut off": lambda data: gzip.compress(data + b"\n-- and more", mtime=0)[:-8],
    "gzip, and more": lambda data: gzip.compress(data, mtime=0) + b"garbage",
    "zlib": zlib.compress,
}
SECRETS = ["s3cr3tvalue", "p@ss/w+rd &\u00e9\"!'(x)*~<", "Zm9v+/=bar==", "a;b?c=d#e$f,g:h"]
#: These are undone by nobody who knows no better: one more byte in front would be another text.
LOOSE = {"Latin-1", "UTF-16", "UTF-16BE", "MIME", "base64 after a word"}


def written(secret: str, ways) -> bytes:
    data = secret.encode()
    for way in ways:
        data = {**WAYS, **COMPRESSED}[way](data)
    return data


def hidden(body: bytes, secret: str) -> bytes:
    request, _ = mask([Placeholder("<KEY>", secret)], Request("POST", "http://h/", body), {})
    return request.body


def unmasked(body: bytes, secret: str) -> bytes:
    return unmask([Placeholder("<KEY>", secret)], Request("POST", "http://h/", body), {})[0].body


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("way", WAYS)
def test_a_secret_is_hidden_in_every_spelling_and_comes_back_as_it_was(way, secret):
    text = written(secret, [way])
    for body in (text, b"<a> " + text + b" &b=1", b'{"a": "' + text + b'", "b": "%20"}'):
        if way == "UTF-16" and body is not text:
            continue  # in the middle of a text it is UTF-16LE with a mark
        stored = hidden(body, secret)
        assert text not in stored
        assert secret.encode() not in stored
        assert unmasked(stored, secret) == body


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("first", [way for way in WAYS if way not in LOOSE])
def test_a_secret_is_hidden_in_one_spelling_inside_another(first, secret):
    for second in [way for way in WAYS if way not in LOOSE]:
        text = written(secret, [first, second])
        stored = hidden(text, secret)
        assert text != stored, second
        # It comes back: the same bytes but for how base64 and hexadecimal are written inside something else.
        if "base64" not in first + second and "hex" not in first.lower():
            assert unmasked(stored, secret) == text, second


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(("first", "second"), [*itertools.product(WAYS, COMPRESSED)])
def test_a_secret_is_hidden_in_what_no_header_says_is_compressed(first, second, secret):
    body = written(secret, [first, second])
    opened = zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body)
    stored = hidden(body, secret)
    assert written(secret, [first]) not in zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(stored)
    back = unmasked(stored, secret)
    assert zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(back) == opened
    # It goes on to be cut off where it was, and to have what stood behind it.
    reader = zlib.decompressobj(zlib.MAX_WBITS | 32)
    reader.decompress(back)
    assert (reader.eof, reader.unused_data) == (second != "gzip, cut off", b"garbage" if "more" in second else b"")


PUNCTUATION = [c for c in map(chr, range(33, 127)) if not c.isalnum()]


@pytest.mark.parametrize("client", ["requests", "yarl", "yarl's path", "httpx", "httpx's path"])
def test_whatever_two_marks_a_secret_has_no_client_spells_it_in_a_way_that_is_not_found(client):
    for one, other in itertools.combinations_with_replacement(PUNCTUATION, 2):
        secret = f"s3{one}cr{other}t{one}x"  # each mark behind the other
        text = written(secret, [client])
        body = b"GET /" + text + b"?a=" + text
        stored = hidden(body, secret)
        assert text not in stored
        assert unmasked(stored, secret) == body


def test_hundreds_of_secrets_are_told_apart():
    secrets = [f"{'secret' * (i % 3)}{i:04}\u00e9/{i}" for i in range(500)]
    placeholders = [Placeholder(f"<{i}>", secret) for i, secret in enumerate(secrets)]
    body = " ".join(quote(secret) if i % 2 else secret for i, secret in enumerate(secrets)).encode()
    request, _ = mask(placeholders, Request("POST", "http://h/", body), {})
    assert not any(secret.encode() in request.body for secret in secrets)
    assert unmask(placeholders, request, {})[0].body == body


@pytest.mark.parametrize(
    "text",
    ["%41", "\\u0041", "&#65;", "QUFB", "41", "s3cr3", "%73", "s3cr3t ", "czNjcjN0", "733363723374", "\0s\0", "%"],
)
def test_a_body_of_n_bytes_takes_as_long_as_n(text):
    # What is read again from each place in it takes minutes, and the limit of a test ends it.
    placeholders = [Placeholder(f"<{i}>", f"s3cr3t{i}") for i in range(20)]
    mask(placeholders, Request("POST", "http://h/", text * (400_000 // len(text))), {})


@pytest.mark.parametrize("word", ["zz", "pa99", "..", "l", "lpa3", "UN", "Uzz", ""])
def test_a_note_that_says_nothing_stands_for_the_secret_as_it_is(word):
    stored = f"a <KEY>~~{word}~ b".encode()
    assert b"s3cr3t" in unmasked(stored, "s3cr3t")


def test_masking_for_people_notes_nothing():
    assert masked_text([Placeholder("<S>", "s3/cr3t")], "a s3%2fcr3t b czMvY3IzdA") == "a <S> b PFM+"
