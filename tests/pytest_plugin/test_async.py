"""Asynchronous tests and fixtures, by the plugins that run them."""

from __future__ import annotations

import importlib.util

import pytest

pytest_plugins = ["pytester"]

CLIENT = """
    import httpx

    async def ask(path):
        async with httpx.AsyncClient() as client:
            return (await client.get(URL + path)).text
"""


def needed(*names: str) -> pytest.MarkDecorator:
    """Skips where one of these modules is not installed."""
    missing = [name for name in ("httpx", *names) if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@needed("pytest_asyncio")
def test_pytest_asyncio(project):
    project.pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = module\n")
    project.write(
        CLIENT
        + """
    import asyncio

    @pytest.fixture
    async def client():
        before = await ask("/text?before")
        yield before
        await ask("/text?after")

    @pytest.fixture(scope="module")
    async def of_module(vcr_module):
        return await ask("/text?module")

    @pytest.mark.vcr
    async def test_one(client, vcr):
        assert client == await ask("/text?test")
        both = await asyncio.gather(ask("/text?a"), ask("/text?b"))
        assert both == [client, client]
        assert len(vcr.sent) == 4

    @pytest.mark.vcr
    @pytest.mark.asyncio(loop_scope="module")
    async def test_two(of_module):
        assert await asyncio.to_thread(fetch, "/text?thread") == of_module
"""
    )
    loaded = ["-p", "pytest_asyncio.plugin"]
    project.run(*loaded, "--record-mode=once", passed=2)
    assert project.hits == 7
    project.run(*loaded, passed=2)
    assert project.hits == 0


@needed("anyio", "trio")
def test_anyio_with_asyncio_and_trio(project):
    project.write(
        CLIENT
        + """
    @pytest.fixture(params=["asyncio", "trio"])
    def anyio_backend(request):
        return request.param

    @pytest.fixture
    async def client(anyio_backend):
        before = await ask("/text?before")
        yield before
        await ask("/text?after")

    @pytest.mark.vcr
    @pytest.mark.anyio
    async def test_it(client):
        assert client == await ask("/text?test")
"""
    )
    loaded = ["-p", "anyio"]
    project.run(*loaded, "--record-mode=once", passed=2)
    assert project.hits == 6
    assert project.cassettes() == [f"cassettes/test_network/test_it[{name}].yaml" for name in ("asyncio", "trio")]
    project.run(*loaded, passed=2)
    assert project.hits == 0
