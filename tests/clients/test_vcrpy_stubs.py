"""The functions of VCR.py's stubs of httpx, aiohttp and tornado: they work by hand, and replacing one is noticed."""

from __future__ import annotations

import asyncio
import importlib
import warnings

import pytest

import vcr
from tests.server import TEXT
from vcr._handle_coroutine import handle_coroutine
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException, VCRWarning
from vcr.request import Request

RECORDED = {
    "status": {"code": 200, "message": "Peachy"},
    "headers": {"Content-Type": ["text/plain"], "Set-Cookie": ["a=1", "b=2"]},
    "body": {"string": b"hello"},
}
MOVED = {"status": {"code": 302, "message": "Found"}, "headers": {"Location": ["/there"]}, "body": {"string": b""}}
HERE, THERE = (Request("GET", f"http://h.example/{name}", None, {}) for name in ("here", "there"))


def stubs(client):
    pytest.importorskip(client)
    return importlib.import_module(f"vcr.stubs.{client}_stubs")


@pytest.fixture
def cassette(cassette_path):
    """One that a program opens by hand, and the same loaded again."""

    def cassette(**options):
        return Cassette.load(path=cassette_path, **options)

    return cassette


# -- httpx -------------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["httpx", "httpx2"])
def httpx(request):
    return pytest.importorskip(request.param)


@pytest.mark.parametrize(("message", "reason"), [("Peachy", "Peachy"), (None, "OK"), ("", "OK")])
def test_a_recorded_response_becomes_one_of_httpx(message, reason, httpx):
    recorded = {**RECORDED, "status": {"code": 200, "message": message}}
    response = stubs("httpx")._deserialize_response(recorded, httpx)
    assert (response.status_code, response.reason_phrase, response.text) == (200, reason, "hello")
    assert response.headers.get_list("Set-Cookie") == ["a=1", "b=2"]


def test_a_response_of_httpx_is_taken_apart(httpx):
    response = httpx.Response(404, headers=[("A", "1"), ("A", "2")])
    assert stubs("httpx")._serialize_response(response, b"") == {
        "status": {"code": 404, "message": "Not Found"},
        "headers": {"a": ["1", "2"]},
        "body": {"string": b""},
    }


def test_a_request_of_httpx_is_played_or_not_yet_recorded_or_refused(httpx, cassette):
    module, taken = stubs("httpx"), cassette()
    known, unknown = (httpx.Request("GET", f"http://h.example/{name}") for name in ("here", "there"))
    request, response = module._vcr_request(taken, known, b"", httpx)
    assert (request.uri, response) == ("http://h.example/here", None)
    module._record_responses(taken, request, httpx.Response(200, text="hello"), b"hello")
    taken._save()
    loaded = cassette(record_mode="none")
    assert module._vcr_request(loaded, known, b"", httpx)[1].text == "hello"
    with pytest.raises(CannotOverwriteExistingCassetteException):
        module._vcr_request(loaded, unknown, b"", httpx)


@pytest.mark.parametrize("kind", ["Client", "AsyncClient"])
def test_a_transport_is_patched_by_hand(kind, httpx, server, cassette, monkeypatch):
    async def act():
        if kind == "Client":
            with httpx.Client() as client:
                return client.get(server.url + "/text").content
        async with httpx.AsyncClient() as client:
            return (await client.get(server.url + "/text")).content

    transport, name = (
        (httpx.HTTPTransport, "handle_request")
        if kind == "Client"
        else (httpx.AsyncHTTPTransport, "handle_async_request")
    )
    original = getattr(transport, name)
    for mode in ("once", "none"):
        by_hand = cassette(record_mode=mode)
        door = getattr(stubs("httpx"), f"vcr_{name}")(by_hand, original, httpx)
        with monkeypatch.context() as patches:
            patches.setattr(transport, name, door)
            assert asyncio.run(act()) == TEXT
        by_hand._save()
        assert len(by_hand) == 1
    assert server.hits == 1


# -- aiohttp -----------------------------------------------------------------------------------------------------------


def test_a_recorded_response_becomes_one_of_aiohttp():
    async def act():
        response = stubs("aiohttp").build_response(HERE, RECORDED, [])
        assert isinstance(response, stubs("aiohttp").MockClientResponse)
        assert isinstance(response.content, stubs("aiohttp").MockStream)
        assert (response.status, response.reason, str(response.url)) == (200, "Peachy", HERE.uri)
        assert {name: morsel.value for name, morsel in response.cookies.items()} == {"a": "1", "b": "2"}
        assert response.raw_headers[0] == (b"Content-Type", b"text/plain")
        return await response.text()

    assert asyncio.run(act()) == "hello"


def test_recorded_responses_are_played_through_their_redirects(cassette):
    taken = cassette()
    for _ in range(2):
        taken.append(HERE, MOVED)
    taken.append(THERE, RECORDED)
    taken._save()
    loaded = cassette(record_mode="none")

    async def act():
        played = stubs("aiohttp").play_responses
        return played(loaded, HERE, {}), played(loaded, HERE, {"allow_redirects": False})

    response, stopped = asyncio.run(act())
    assert ([past.status for past in response.history], response.status, str(response.url)) == ([302], 200, THERE.uri)
    assert (stopped.status, stopped.history) == (302, ())


def test_responses_of_aiohttp_are_recorded(cassette):
    played, recorded = cassette(), cassette()
    for request, response in ((HERE, MOVED), (THERE, RECORDED)):
        played.append(request, response)
    played.rewind()

    async def act():
        response = stubs("aiohttp").play_responses(played, HERE, {})
        await stubs("aiohttp").record_responses(recorded, HERE, response)

    asyncio.run(act())
    assert [request.uri for request in recorded.requests] == [HERE.uri, THERE.uri]
    assert [response["status"] for response in recorded.responses] == [MOVED["status"], RECORDED["status"]]
    assert [response["body"] for response in recorded.responses] == [MOVED["body"], RECORDED["body"]]


def test_a_session_of_aiohttp_is_patched_by_hand(server, cassette, monkeypatch):
    aiohttp = pytest.importorskip("aiohttp")

    async def act():
        async with aiohttp.ClientSession() as session, session.get(server.url + "/text") as response:
            return await response.read()

    original = aiohttp.ClientSession._request
    for mode in ("once", "none"):
        by_hand = cassette(record_mode=mode)
        with monkeypatch.context() as patches:
            patches.setattr(aiohttp.ClientSession, "_request", stubs("aiohttp").vcr_request(by_hand, original))
            assert asyncio.run(act()) == TEXT
        by_hand._save()
        assert len(by_hand) == 1
    assert server.hits == 1


# -- tornado -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("client", ["simple", "curl"])
def test_a_client_of_tornado_is_patched_by_hand(client, server, cassette, monkeypatch):
    module = stubs("tornado")
    if client == "curl":
        pytest.importorskip("pycurl")
    found = importlib.import_module(f"tornado.{client}_httpclient")
    cls = found.CurlAsyncHTTPClient if client == "curl" else found.SimpleAsyncHTTPClient

    async def act():
        session = cls(force_instance=True)
        try:
            return (await session.fetch(server.url + "/text")).body
        finally:
            session.close()

    original = cls.fetch_impl
    for mode in ("once", "none"):
        by_hand = cassette(record_mode=mode)
        with monkeypatch.context() as patches:
            patches.setattr(cls, "fetch_impl", module.vcr_fetch_impl(by_hand, original))
            assert asyncio.run(act()) == TEXT
        by_hand._save()
        assert len(by_hand) == 1
    assert server.hits == 1


# -- replaced ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "name"),
    [
        ("httpx", "_make_vcr_request"),
        ("aiohttp", "build_response"),
        ("aiohttp", "MockStream"),
        ("aiohttp", "MockClientResponse.release"),
        ("tornado", "vcr_fetch_impl"),
    ],
)
def test_a_replacement_that_has_no_effect_is_told(client, name, monkeypatch):
    module = stubs(client)
    owner, _, attribute = name.rpartition(".")
    replaced = getattr(module, owner) if owner else module
    original = getattr(replaced, attribute)
    with pytest.warns(VCRWarning, match=f"Replacing vcr.stubs.{client}_stubs.{name} has no effect") as caught:
        setattr(replaced, attribute, lambda *_: None)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if owner else "error")
        setattr(replaced, attribute, original)


def test_a_coroutine_runs_inside_a_cassette(cassette_path):
    async def act(cassette):
        return cassette.path

    assert asyncio.run(handle_coroutine(vcr.use_cassette(cassette_path), act)) == cassette_path
