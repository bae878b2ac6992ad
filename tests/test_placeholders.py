"""Secrets and placeholders: hidden in every spelling, revealed as they were."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vcr._placeholders import Placeholder, hide, mask, resolve, reveal
from vcr.request import Request
from vcr.response import Response

patient = settings(deadline=None)
secrets = st.text(min_size=4, max_size=12).filter(lambda text: text.strip() == text and text.isprintable())
surroundings = st.text(st.characters(codec="ascii", exclude_characters="<>~"), max_size=10)
SPELLINGS = [str, quote, lambda text: quote(text, safe=""), quote_plus, lambda text: json.dumps(text)[1:-1]]


def exchange(text: str) -> tuple[Request, dict]:
    return Request("GET", "http://h/", text), Response.of(200, "OK", {"X": "1"}, text.encode()).copy_data()


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@patient
@given(secrets, surroundings, surroundings, st.sampled_from(SPELLINGS))
def test_revealing_undoes_hiding_in_every_spelling(secret, before, after, spell):
    text = f"{before} {spell(secret)} {after}"
    placeholders = [Placeholder("<SECRET>", secret)]
    request, response = hide(placeholders, *exchange(text))
    assert spell(secret) not in request.body.decode()
    request, response = reveal(placeholders, request, response)
    assert request.body.decode() == response["body"]["string"].decode() == text


@patient
@given(secrets, surroundings, surroundings)
def test_a_secret_inside_base64_is_hidden_inside_base64(secret, before, after):
    assume(secret not in in_base64(before + secret + after))
    text = f"Basic {in_base64(before + secret + after)}"
    placeholders = [Placeholder("<SECRET>", secret)]
    request, response = hide(placeholders, *exchange(text))
    assert secret not in base64.b64decode(request.body.split()[1]).decode()
    request, _ = reveal(placeholders, request, response)
    assert request.body.decode() == text


@patient
@given(surroundings)
def test_what_holds_no_secret_is_not_touched(text):
    request, response = hide([Placeholder("<SECRET>", "s3cr3t value")], *exchange(text))
    assert request.body == response["body"]["string"] == text.encode()


def test_header_values_keep_their_bytes():
    request, response = exchange("")
    request.headers = {"X-Latin": "caf\xe9 s3cr3t", "X-Wide": "☃ s3cr3t"}
    request, _ = hide([Placeholder("<S>", "s3cr3t")], request, response)
    assert dict(request.headers) == {"X-Latin": "caf\xe9 <S>", "X-Wide": "☃ <S>"}


def test_the_names_of_headers_and_the_status_stay():
    request, response = exchange("")
    response["headers"] = {"X-OK": ["OK"]}
    _, response = hide([Placeholder("<S>", "OK")], request, response)
    assert response["headers"] == {"X-OK": ["<S>"]}
    assert response["status"] == {"code": 200, "message": "OK"}


def test_trailers_are_hidden_too():
    request, _ = exchange("")
    response = Response.of(200, "OK", {}, b"", trailers={"X-Sum": "s3cr3t"}).copy_data()
    assert hide([Placeholder("<S>", "s3cr3t")], request, response)[1]["trailers"] == {"X-Sum": ["<S>"]}


def test_an_empty_placeholder_hides_nothing():
    # Nobody could find the place again.
    assert resolve([("", "secret")]) == []


@pytest.mark.parametrize("empty", [None, "", b""])
def test_an_empty_secret_hides_nothing_and_its_placeholder_stays(empty):
    assert resolve([("<S>", empty)]) == []
    request, response = reveal(resolve([("<S>", empty)]), *exchange("a <S>"))
    assert request.body == response["body"]["string"] == b"a <S>"


def test_masking_is_for_people():
    assert mask([Placeholder("<S>", "s3cr3t")], "GET /?a=s3cr3t") == "GET /?a=<S>"
