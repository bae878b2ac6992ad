"""Escaped texts: found by what they decode to, and written again as they were."""

from __future__ import annotations

import html
import json
import re
from itertools import product
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcr._http.spellings import spelled, spelling
from vcr._http.views import views

patient = settings(deadline=None)

WAYS = {
    "percent": lambda text: quote(text, safe=""),
    "a path": quote,
    "a form": quote_plus,
    "lower case": lambda text: "".join(c if c.isalnum() else "".join(f"%{b:02x}" for b in c.encode()) for c in text),
    "every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "PHP's JSON": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "Go's JSON": lambda text: (
        json.dumps(text, ensure_ascii=False)[1:-1].replace("&", "\\u0026").replace("<", "\\u003c")
    ),
    "JSON in capitals": lambda text: re.sub(r"\\u(....)", lambda u: u[0][:2] + u[1].upper(), json.dumps(text)[1:-1]),
    "HTML": html.escape,
    "XML": lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("'", "&apos;"),
    "references": lambda text: "".join(c if c.isalnum() else f"&#{ord(c)};" for c in text),
    "references in hexadecimal": lambda text: "".join(c if c.isalnum() else f"&#x{ord(c):x};" for c in text),
}
SECRET = "p@ss/w+rd &\u00e9\"!'(x)*~<>\U0001f600"


def found(secret: bytes, text: bytes) -> list[tuple[tuple[int, int], str | None]]:
    """Where the secret stands in the text, and how it is written there."""
    places = []
    for view in views(text):
        at = view.data.find(secret)
        if at >= 0:
            places.append((view.span(at, at + len(secret)), spelling(view, at, at + len(secret))))
    return places


@pytest.mark.parametrize("ways", [*product(WAYS), *product(WAYS, repeat=2)], ids=" of ".join)
def test_a_text_is_found_in_what_escapes_make_of_it_and_written_so_again(ways):
    written = SECRET
    for way in ways:
        written = WAYS[way](written)
    text = f"a=%20&quot;\\n {written} \\u0020+&".encode()
    places = found(SECRET.encode(), text)
    assert any(text[slice(*span)] == written.encode() == spelled(SECRET.encode(), word or "") for span, word in places)


@patient
@given(
    st.text(max_size=20),
    st.text(min_size=1, max_size=8),
    st.text(max_size=20),
    st.lists(st.sampled_from(list(WAYS)), max_size=3),
)
def test_any_text_too(before, secret, after, ways):
    written = secret
    for way in ways:
        written = WAYS[way](written)
    plain, text = secret.encode(), f"{before}{written}{after}".encode()
    for span, word in found(plain, text):
        if word is not None and text[slice(*span)]:
            assert spelled(plain, word) in (text[slice(*span)], None)


@pytest.mark.parametrize("word", ["pz", "xa", "pa99", "p", "a3", "pa3b.", "jb9", "p-", "pa1000000000"])
def test_a_word_that_does_not_fit_writes_nothing(word):
    assert spelled(b"abc", word) is None


def test_a_word_tells_which_characters_are_escaped_and_nothing_else():
    assert found(b"a/b", b"a%2Fb") == [((0, 5), "paba")]
    assert found(b"a/b", b"a%2fb") == [((0, 5), "paca")]
    assert found(b"abc/", b"abc%252F") == [((0, 8), "pa3b.pa3ba2")]


@pytest.mark.parametrize(
    ("text", "secret"), [(b"&fjlig;ord", b"fjord"), (b"&fjlig;", b"fj"), (b"&bne;", b"=\xe2\x83\xa5")]
)
def test_an_entity_of_two_characters_is_found_and_no_word_tells_how_it_is_written(text, secret):
    assert ((0, len(text)), None) in found(secret, text)
    (_, view) = views(text)
    assert view.escape(b"x&y", 0, len(view.data)) == b"x&amp;y"
