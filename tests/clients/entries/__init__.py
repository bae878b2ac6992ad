"""The clients of the conformance suite, all with the same methods: a file for each family of clients.

A class lists what it ``can`` do; a test that needs more (``@having("cookies")``) is not collected for it:

- keep-alive, redirects, cookies, basic and digest (authentication), proxies, proxy-auth, streams
- decodes: gzip and deflate; brotli
- text: it takes a str as the body of a request
- utf-8: it sends request headers in UTF-8, not in latin-1
- errors: it replays errors that were recorded; nonsense: also an answer that is no HTTP
- cancels: a request that was cancelled is replayed as cancelled

and how it differs from the others:

- forgetting: when a response breaks off, it drops what it has received and not given to the program
- redialling: it does not use its first tunnel again
- overtaking: the first request to a host may be sent after later ones
- chancy: it takes or refuses a head of more than 16 KiB, depending on how the bytes arrive
- leaking: it leaves a TLS connection open that the server has closed
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import pkgutil
import re
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

Fields = Mapping[str, Any] | None


@dataclass
class Result:
    """A response as a client shows it. ``version``: 10 or 11."""

    status: int
    reason: str
    version: int
    headers: list[tuple[str, str]]
    body: bytes

    def get_all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass
class Raised:
    """An error that a client raised: its class and what it says (without addresses of objects and times)."""

    kind: type[Exception]
    text: str


def body_of(response: dict[str, Any]) -> bytes:
    """The body of one of ``cassette.responses``: bytes, or, once the cassette has been saved, text if it is text."""
    content: bytes | str = response["body"]["string"]
    return content.encode() if isinstance(content, str) else content


#: What a mistake in a test raises. It would be the same each time, and compare as equal.
_MISTAKES = (AssertionError, AttributeError, LookupError, NameError, TypeError)
_TESTS = str(Path(__file__).parents[2])


def outcome(act: Callable[[], Any]) -> Any:
    """What ``act`` returns, or a Raised: a client's own errors have to be the same, whichever way it fails.

    A mistake in a test's own code is raised.
    """
    try:
        return act()
    except Exception as error:
        if isinstance(error, _MISTAKES) and _file_of(error).startswith(_TESTS):
            raise
        return Raised(type(error), re.sub(r"0x[0-9a-f]+|\d+ (?=ms|milliseconds)", "0x", str(error)))


def _file_of(error: BaseException) -> str:
    """The file of the code that raised the error."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_code.co_filename


class Client:
    """One session of a client; ``with`` closes it.

    Options: ``ca_file`` to trust, ``proxy`` URL, ``auth`` as ``(user, password)``, ``digest`` instead of basic.
    """

    name: ClassVar[str]
    module: ClassVar[str]
    can: ClassVar[set[str]]
    #: The request headers that the client, or the connection below it, adds by itself, and VCR.py does not keep.
    automatic: ClassVar[set[str]]

    def __init__(
        self,
        *,
        ca_file: str | None = None,
        proxy: str | None = None,
        auth: tuple[str, str] | None = None,
        digest: bool = False,
        timeout: float = 20,
    ) -> None:
        self.ca_file, self.proxy, self.auth, self.digest, self.timeout = ca_file, proxy, auth, digest, timeout

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        raise NotImplementedError

    def get(self, url: str, headers: Fields = None) -> Result:
        return self.fetch("GET", url, headers)

    def stream(self, url: str) -> AbstractContextManager[Iterator[bytes]]:
        """The body in pieces, none of which waits for the next to arrive; leaving closes the response."""
        raise NotImplementedError

    def close(self) -> None:
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(Client):
    """A client of asyncio, with a loop of its own, which runs only during a call.

    The methods of a subclass, ``afetch``, ``astream`` and ``aclose``, run in the loop.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._loop = asyncio.new_event_loop()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(coroutine)

    def fetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        return self.run(self.afetch(method, url, headers, body))

    @contextmanager
    def stream(self, url: str) -> Iterator[Iterator[bytes]]:
        context = self.astream(url)
        pieces = self.run(context.__aenter__())
        try:
            yield self._pieces(pieces)
        finally:
            self.run(context.__aexit__(None, None, None))

    def _pieces(self, pieces: AsyncIterator[bytes]) -> Iterator[bytes]:
        async def piece() -> bytes | None:
            return await anext(pieces, None)

        return iter(lambda: self.run(piece()), None)

    def close(self) -> None:
        try:
            self.run(self.aclose())
            self.run(self._loop.shutdown_asyncgens())
            self.run(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def afetch(self, method: str, url: str, headers: Fields = None, body: Any = None) -> Result:
        raise NotImplementedError

    def astream(self, url: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise NotImplementedError

    async def aclose(self) -> None:
        pass


def _entries() -> list[type[Client]]:
    files = [importlib.import_module(f"{__name__}.{file.name}") for file in pkgutil.iter_modules(__path__)]
    return [client for file in files for client in file.CLIENTS]


CLIENTS = _entries()


def params(*capabilities: str) -> list[Any]:
    """The clients that have all these capabilities, as pytest parameters."""
    return [
        pytest.param(
            client,
            id=client.name,
            marks=pytest.mark.skipif(not _installed(client.module), reason=f"{client.module} is not installed"),
        )
        for client in CLIENTS
        if client.can.issuperset(capabilities)
    ]


def having(*capabilities: str) -> pytest.MarkDecorator:
    """Collect the test for the clients that have all these capabilities (without it: for every client)."""
    return pytest.mark.parametrize("client", params(*capabilities), indirect=True)


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module.partition(".")[0]) is not None
