"""Secrets that come in pieces: through the events of a stream."""

from __future__ import annotations

import json

import pytest

from tests.secrets.made import made
from vcr.sanitize import shapes, streams
from vcr.sanitize.finding import Shapes

ALL = Shapes(shapes.RULES)


def openai(pieces: list[str]) -> bytes:
    events = [{"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": piece}}]} for piece in pieces]
    return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events) + b"data: [DONE]\n\n"


def anthropic(pieces: list[str]) -> bytes:
    events = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}} for piece in pieces]
    return b"".join(b"event: content_block_delta\ndata: %b\n\n" % json.dumps(event).encode() for event in events)


def bare(pieces: list[str]) -> bytes:
    return b"".join(b"data:%b\r\n\r\n" % piece.encode() for piece in pieces)


def said(stream: bytes) -> str:
    """What a client makes of it."""
    lines = [line.removeprefix(b"data:").rstrip(b"\r") for line in stream.split(b"\n") if line.startswith(b"data:")]
    text = ""
    for line in lines:
        if line == b" [DONE]":
            continue
        try:
            event = json.loads(line)
        except ValueError:
            text += line.decode()
            continue
        if isinstance(event, dict):
            delta = event["choices"][0]["delta"] if "choices" in event else event["delta"]
            text += delta.get("content", delta.get("text", ""))
    return text


def masked(stream: bytes) -> bytes:
    return streams.replaced(stream, ALL, lambda rule, secret: f"<{rule.name}:{len(secret)}>")


@pytest.mark.parametrize("write", [openai, anthropic, bare])
@pytest.mark.parametrize("width", [1, 2, 3, 5, 7, 11, 30])
def test_a_token_in_pieces_of_any_width(write, width):
    token, other = made("ghp_{a36}"), made("xoxb-{d11}-{d12}-{a24}")
    text = f"use_{token},_and:{other}.Not:this"
    stream = write([text[at : at + width] for at in range(0, len(text), width)])
    new = masked(stream)
    assert said(new) == text.replace(token, "<GITHUB_TOKEN:40>").replace(other, f"<SLACK_TOKEN:{len(other)}>")
    assert new.count(b"\n") == stream.count(b"\n")


def test_where_it_is_whole_in_one_event_the_others_do_not_matter():
    token = made("ghp_{a36}")
    for stream in (openai([token, token]), openai(["a", token, "b"]), bare([token, "abc"])):
        assert masked(stream) == stream


def test_what_has_none_stays_byte_for_byte():
    for stream in (b"", b"data: {\n\n", openai(["gh", "p_ is a prefix"]), bare(["one", "two"]), b": ping\n\nid: 7\n\n"):
        assert masked(stream) is stream


def test_letters_beyond_ascii_and_escapes_stay_what_they_say():
    token = made("npm_{a36}")
    stream = openai(['é \\ " ', token[:9], token[9:20], token[20:], " 😀\n"])
    assert said(masked(stream)) == 'é \\ " <NPM_TOKEN:40> 😀\n'
