"""google-genai: httpx or httpx2 when it waits, aiohttp, where that is installed, when it does not."""

from __future__ import annotations

import pytest

from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import aarriving, answer, arriving, event, stream

genai = pytest.importorskip("google.genai")

WORDS = ["To ", "be, ", "or ", "not ", "to ", "be."]
#: It makes aiohttp's session a class of its own, which aiohttp would rather not see.
by_aiohttp = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")

ASKED = {"model": "gemini", "contents": "What is the question?"}


def generated(text):
    return {"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}]}


@pytest.fixture(autouse=True)
def service(server):
    def models(exchange, model):
        _, _, method = model.partition(":")
        if method == "streamGenerateContent":
            stream(exchange, [event(generated(word)) for word in WORDS])
        elif method == "generateContent":
            answer(exchange, generated("".join(WORDS)))
        else:
            answer(exchange, {"error": {"code": 404, "status": "NOT_FOUND", "message": "It is gone."}}, 404)

    server.route("/v1beta/models", models)


def client(url):
    options = {"base_url": url, "api_version": "v1beta", "timeout": 10_000}
    return genai.Client(api_key="key", http_options=options)


def test_content(twice):
    def act(url):
        with client(url) as ai:
            return ai.models.generate_content(**ASKED).text

    assert twice(act) == "".join(WORDS)


def test_streamed_content(twice, server):
    def act(url):
        with client(url) as ai:
            return [each.text for each in arriving(server, ai.models.generate_content_stream(**ASKED))]

    assert twice(act) == WORDS


@by_aiohttp
def test_the_same_asynchronously(twice, server):
    async def act(url):
        async with client(url).aio as ai:
            whole = await ai.models.generate_content(**ASKED)
            pieces = await ai.models.generate_content_stream(**ASKED)
            return whole.text, [each.text async for each in aarriving(server, pieces)]

    assert twice(act) == ("".join(WORDS), WORDS)


def test_an_error_of_the_service(twice):
    def act(url):
        with client(url) as ai, pytest.raises(genai.errors.ClientError) as caught:
            ai.models.count_tokens(**ASKED)
        return caught.value.code, caught.value.status, str(caught.value)

    assert twice(act)[:2] == (404, "NOT_FOUND")


def test_a_refusal_is_raised_as_it_is(missed):
    def act(url):
        with client(url) as ai:
            ai.models.generate_content(**ASKED)

    _, refused = missed(act, CannotOverwriteExistingCassetteException)
    assert refused == ["/v1beta/models/gemini:generateContent"]


@by_aiohttp
def test_an_asynchronous_refusal_is_too(missed):
    async def act(url):
        async with client(url).aio as ai:
            await ai.models.generate_content(**ASKED)

    _, refused = missed(act, CannotOverwriteExistingCassetteException)
    assert refused == ["/v1beta/models/gemini:generateContent"]
