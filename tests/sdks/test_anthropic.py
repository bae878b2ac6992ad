"""Anthropic, over httpx or httpx2: messages, whole and as a stream of named events; it tries again by itself."""

from __future__ import annotations

import pytest

from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import aarriving, answer, arriving, asked, event, stream

anthropic = pytest.importorskip("anthropic")

WORDS = ["To ", "be, ", "or ", "not ", "to ", "be."]
ASKED = {"model": "claude", "max_tokens": 10, "messages": [{"role": "user", "content": "What is the question?"}]}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None}
USAGE = {"input_tokens": 5, "output_tokens": 6}
EVENTS = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None, "usage": USAGE}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}} for word in WORDS),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop"},
]


@pytest.fixture(autouse=True)
def service(server):
    def messages(exchange):
        if asked(exchange).get("stream"):
            return stream(exchange, [event(each, each["type"]) for each in EVENTS])
        content = [{"type": "text", "text": "".join(WORDS)}]
        return answer(exchange, {**MESSAGE, "content": content, "stop_reason": "end_turn", "usage": USAGE})

    def count(exchange):
        if exchange.server.hits == 1:
            error = {"type": "error", "error": {"type": "overloaded_error", "message": "Not now."}}
            return answer(exchange, error, 503, retry_after_ms="1")
        return answer(exchange, {"input_tokens": 5})

    server.route("/v1/messages", messages)
    server.route("/v1/messages/count_tokens", count)


def client(url, kind=anthropic.Anthropic, **options):
    return kind(api_key="key", base_url=url, timeout=10, **{"max_retries": 0, **options})


def count_tokens(ai):
    return ai.messages.count_tokens(model=ASKED["model"], messages=ASKED["messages"])


def test_a_message(twice):
    def act(url):
        with client(url) as ai:
            return ai.messages.create(**ASKED).to_dict()

    assert twice(act)["content"] == [{"type": "text", "text": "".join(WORDS)}]


def test_the_events_of_a_streamed_message(twice, server):
    def act(url):
        with client(url) as ai, ai.messages.create(**ASKED, stream=True) as events:
            return [each.to_dict() for each in arriving(server, events)]

    assert [each["type"] for each in twice(act)] == [each["type"] for each in EVENTS]


def test_the_text_of_a_streamed_message(twice, server):
    def act(url):
        server.release(len(EVENTS))
        with client(url) as ai, ai.messages.stream(**ASKED) as message:
            return list(message.text_stream), message.get_final_message().to_dict()

    words, message = twice(act)
    assert words == WORDS
    assert message["stop_reason"] == "end_turn"


def test_the_same_asynchronously(twice, server):
    async def act(url):
        async with client(url, anthropic.AsyncAnthropic) as ai:
            message = await ai.messages.create(**ASKED)
            async with await ai.messages.create(**ASKED, stream=True) as events:
                return message.to_dict(), [each.to_dict() async for each in aarriving(server, events)]

    message, events = twice(act)
    assert message["content"][0]["text"] == "".join(WORDS)
    assert [each["type"] for each in events] == [each["type"] for each in EVENTS]


def test_each_try_is_an_interaction(twice, server):
    def act(url):
        with client(url, max_retries=1) as ai:
            return count_tokens(ai).to_dict()

    assert twice(act) == {"input_tokens": 5}
    assert server.hits == 2


def test_an_error_of_the_service(twice):
    async def act(url):
        async with client(url, anthropic.AsyncAnthropic) as ai:
            with pytest.raises(anthropic.InternalServerError) as caught:
                await count_tokens(ai)
            return caught.value.status_code, str(caught.value), caught.value.body

    assert twice(act)[0] == 503


def test_a_refusal_is_wrapped_and_tried_again(missed):
    def act(url):
        with client(url, max_retries=1) as ai:
            ai.messages.create(**ASKED)

    error, refused = missed(act, anthropic.APIConnectionError)
    assert isinstance(error.__cause__, CannotOverwriteExistingCassetteException)
    assert refused == ["/v1/messages"] * 2


def test_an_asynchronous_refusal_is_wrapped_too(missed):
    async def act(url):
        async with client(url, anthropic.AsyncAnthropic) as ai:
            await ai.messages.create(**ASKED, stream=True)

    error, refused = missed(act, anthropic.APIConnectionError)
    assert isinstance(error.__cause__, CannotOverwriteExistingCassetteException)
    assert refused == ["/v1/messages"]
