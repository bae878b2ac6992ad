"""OpenAI, over httpx or httpx2: completions, whole and as a stream of events; it tries again by itself."""

from __future__ import annotations

import asyncio

import pytest

from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import aarriving, answer, arriving, asked, event, stream

openai = pytest.importorskip("openai")

WORDS = ["To ", "be, ", "or ", "not ", "to ", "be."]
MESSAGES = [{"role": "user", "content": "What is the question?"}]
CHAT = {"model": "gpt-4o", "messages": MESSAGES}
COMPLETION = {"id": "chat-1", "created": 1, "model": "gpt-4o"}
CHUNKS = [
    {**COMPLETION, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": word}}]}
    for word in WORDS
]
EVENTS = [*map(event, CHUNKS), event("[DONE]")]


@pytest.fixture(autouse=True)
def service(server):
    def completions(exchange):
        if asked(exchange).get("stream"):
            return stream(exchange, EVENTS)
        message = {"role": "assistant", "content": "".join(WORDS)}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        return answer(exchange, {**COMPLETION, "object": "chat.completion", "choices": choices}, x_request_id="req_1")

    def models(exchange):
        if exchange.server.hits == 1:
            return answer(exchange, {"error": {"message": "Not so fast."}}, 429, retry_after_ms="1")
        return answer(exchange, {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]})

    server.route("/chat/completions", completions)
    server.route("/models", models)


def client(url, kind=openai.OpenAI, **options):
    return kind(api_key="key", base_url=url, timeout=10, **{"max_retries": 0, **options})


def text(chunks):
    return "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)


def test_a_completion(twice):
    def act(url):
        with client(url) as ai:
            completion = ai.chat.completions.create(**CHAT)
            return completion.to_dict(), completion._request_id

    completion, request_id = twice(act)
    assert completion["choices"][0]["message"]["content"] == "".join(WORDS)
    assert request_id == "req_1"


def test_a_streamed_completion(twice, server):
    def act(url):
        with client(url) as ai, ai.chat.completions.create(**CHAT, stream=True) as chunks:
            return [chunk.to_dict() for chunk in arriving(server, chunks)]

    assert text(twice(act)) == "".join(WORDS)


def test_the_bytes_of_a_stream_come_in_the_same_pieces(twice, server):
    def act(url):
        with client(url) as ai, ai.chat.completions.with_streaming_response.create(**CHAT, stream=True) as response:
            return list(arriving(server, response.iter_bytes()))

    assert twice(act) == EVENTS


def test_the_same_asynchronously(twice, server):
    async def act(url):
        async with client(url, openai.AsyncOpenAI) as ai:
            completion = await ai.chat.completions.create(**CHAT)
            async with await ai.chat.completions.create(**CHAT, stream=True) as chunks:
                return completion.to_dict(), [chunk.to_dict() async for chunk in aarriving(server, chunks)]

    completion, chunks = twice(act)
    assert completion["choices"][0]["message"]["content"] == text(chunks) == "".join(WORDS)


def test_fifty_completions_at_once(twice):
    async def act(url):
        async with client(url, openai.AsyncOpenAI) as ai:
            completions = await asyncio.gather(*(ai.chat.completions.create(**CHAT) for _ in range(50)))
            return [completion.to_dict() for completion in completions]

    assert len(twice(act)) == 50


def test_each_try_is_an_interaction(twice, server):
    def act(url):
        with client(url, max_retries=1) as ai:
            return [model.id for model in ai.models.list()]

    assert twice(act) == ["gpt-4o"]
    assert server.hits == 2


def test_an_error_of_the_service(twice):
    async def act(url):
        async with client(url, openai.AsyncOpenAI) as ai:
            with pytest.raises(openai.RateLimitError) as caught:
                await ai.models.list()
            return caught.value.status_code, str(caught.value), caught.value.body

    assert twice(act)[0] == 429


#: Before openai 3 every error of a connection became one of its own, and was tried again.
REFUSAL = (openai.APIConnectionError, CannotOverwriteExistingCassetteException)


def test_a_refusal_is_raised_or_wrapped(missed):
    def act(url):
        with client(url, max_retries=1) as ai:
            ai.chat.completions.create(**CHAT)

    error, refused = missed(act, REFUSAL)
    assert isinstance(error.__cause__ or error, CannotOverwriteExistingCassetteException)
    assert refused == ["/chat/completions"] * (1 if error.__cause__ is None else 2)


def test_an_asynchronous_refusal_is_the_same(missed):
    async def act(url):
        async with client(url, openai.AsyncOpenAI) as ai:
            await ai.chat.completions.create(**CHAT, stream=True)

    error, refused = missed(act, REFUSAL)
    assert isinstance(error.__cause__ or error, CannotOverwriteExistingCassetteException)
    assert refused == ["/chat/completions"]
