"""OpenTelemetry's instrumentation of httpx, requests, urllib3 and aiohttp: with a cassette, each request has its span,
recorded and replayed, whichever was there first."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

import vcr

trace = pytest.importorskip("opentelemetry.sdk.trace")
export = importlib.import_module("opentelemetry.sdk.trace.export")
memory = importlib.import_module("opentelemetry.sdk.trace.export.in_memory_span_exporter")


def by_httpx(url: str) -> bytes:
    return importlib.import_module("httpx").get(url).content


def by_async_httpx(url: str) -> bytes:
    async def act() -> bytes:
        async with importlib.import_module("httpx").AsyncClient() as client:
            return (await client.get(url)).content

    return asyncio.run(act())


def by_requests(url: str) -> bytes:
    return importlib.import_module("requests").get(url, timeout=20).content


def by_urllib3(url: str) -> bytes:
    with importlib.import_module("urllib3").PoolManager() as pool:
        return pool.request("GET", url).data


def by_aiohttp(url: str) -> bytes:
    async def act() -> bytes:
        async with importlib.import_module("aiohttp").ClientSession() as session, session.get(url) as response:
            return await response.read()

    return asyncio.run(act())


class Instrumented(NamedTuple):
    """A client: the module and the class of its instrumentation, and what makes a request."""

    module: str
    name: str
    fetch: Callable[[str], bytes]


CLIENTS = {
    "httpx": Instrumented("httpx", "HTTPXClientInstrumentor", by_httpx),
    "httpx-async": Instrumented("httpx", "HTTPXClientInstrumentor", by_async_httpx),
    "requests": Instrumented("requests", "RequestsInstrumentor", by_requests),
    "urllib3": Instrumented("urllib3", "URLLib3Instrumentor", by_urllib3),
    "aiohttp": Instrumented("aiohttp_client", "AioHttpClientInstrumentor", by_aiohttp),
}


class Spans:
    """What has been traced."""

    def __init__(self) -> None:
        self.provider = trace.TracerProvider()
        self._exporter = memory.InMemorySpanExporter()
        self.provider.add_span_processor(export.SimpleSpanProcessor(self._exporter))

    def taken(self) -> list[Any]:
        """The method and the status of each request that has been traced since the last time."""
        spans = self._exporter.get_finished_spans()
        self._exporter.clear()
        found = [dict(span.attributes) for span in spans]
        return [
            (
                each.get("http.request.method", each.get("http.method")),
                each.get("http.response.status_code", each.get("http.status_code")),
            )
            for each in found
        ]


@pytest.fixture
def spans() -> Iterator[Spans]:
    spans = Spans()
    yield spans
    spans.provider.shutdown()


@pytest.fixture(params=CLIENTS)
def client(request) -> Instrumented:
    return CLIENTS[request.param]


@pytest.fixture
def instrumentor(client) -> Iterator[Any]:
    made = getattr(importlib.import_module(f"opentelemetry.instrumentation.{client.module}"), client.name)()
    yield made
    if made.is_instrumented_by_opentelemetry:
        made.uninstrument()


TRACED = [("GET", 200)]


@pytest.mark.parametrize("earlier", [False, True], ids=["at first", "after a cassette"])
def test_what_is_instrumented_before_the_cassette(  # noqa: PLR0917
    earlier, client, instrumentor, spans, server, tmp_path
):
    url = server.url + "/counter"
    if earlier:
        with vcr.use_cassette(tmp_path / "earlier.yaml"):
            client.fetch(url)
    instrumentor.instrument(tracer_provider=spans.provider)
    hits = server.hits
    with vcr.use_cassette(tmp_path / "cassette.yaml") as cassette:
        recorded = client.fetch(url)
    assert (len(cassette), server.hits, spans.taken()) == (1, hits + 1, TRACED)
    with vcr.use_cassette(tmp_path / "cassette.yaml", record_mode="none"):
        assert client.fetch(url) == recorded
    assert (server.hits, spans.taken()) == (hits + 1, TRACED)
    client.fetch(url)
    assert (server.hits, spans.taken()) == (hits + 2, TRACED)
    instrumentor.uninstrument()
    client.fetch(url)
    assert spans.taken() == []


def test_what_is_instrumented_inside_the_cassette(client, instrumentor, spans, server, tmp_path):
    url = server.url + "/counter"
    for mode in ("once", "none"):
        with vcr.use_cassette(tmp_path / "cassette.yaml", record_mode=mode) as cassette:
            instrumentor.instrument(tracer_provider=spans.provider)
            assert client.fetch(url) == b"1"
            assert spans.taken() == TRACED
            instrumentor.uninstrument()
        assert (len(cassette), server.hits) == (1, 1)
    with vcr.use_cassette(tmp_path / "other.yaml", allow_playback_repeats=True) as cassette:
        client.fetch(url)
        client.fetch(url)
        assert spans.taken() == []
    assert (len(cassette), server.hits) == (1, 2)


def test_what_is_instrumented_across_the_cassettes_end(client, instrumentor, spans, server, tmp_path):
    url = server.url + "/counter"
    with vcr.use_cassette(tmp_path / "cassette.yaml"):
        instrumentor.instrument(tracer_provider=spans.provider)
        client.fetch(url)
    client.fetch(url)
    assert (server.hits, spans.taken()) == (2, TRACED * 2)
    with vcr.use_cassette(tmp_path / "cassette.yaml", record_mode="none"):
        instrumentor.uninstrument()
        client.fetch(url)
    client.fetch(url)
    assert (server.hits, spans.taken()) == (3, [])


@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
def test_one_client_of_httpx(kind, spans, server, tmp_path):
    httpx = importlib.import_module("httpx")
    instrumentor = importlib.import_module("opentelemetry.instrumentation.httpx").HTTPXClientInstrumentor

    async def act(mode: str) -> list[bytes]:
        client = getattr(httpx, kind)()
        instrumentor.instrument_client(client, tracer_provider=spans.provider)
        bodies = []
        with vcr.use_cassette(tmp_path / "cassette.yaml", record_mode=mode):
            for path in ("/counter", "/text"):
                response = client.get(server.url + path)
                bodies.append((response if kind == "Client" else await response).content)
        instrumentor.uninstrument_client(client)
        await client.aclose() if kind == "AsyncClient" else client.close()
        return bodies

    recorded = asyncio.run(act("once"))
    assert (server.hits, spans.taken()) == (2, TRACED * 2)
    assert asyncio.run(act("none")) == recorded
    assert (server.hits, spans.taken()) == (2, TRACED * 2)
