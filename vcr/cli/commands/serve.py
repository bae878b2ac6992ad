"""``vcr serve``: a cassette as an HTTP server and as a proxy. It must not know how a request is answered."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from ..._hosts import is_loopback
from ...cassette import Cassette
from ...config import VCR
from ...errors import CassetteLoadError, SwallowedRefusalError, UnknownNameError, UnplayedInteractionsError
from ...record_mode import RecordMode
from .. import options, output, paths, reading
from ..listening import LOOPBACK, serving
from ..status import FINDINGS, FINE, USAGE

if TYPE_CHECKING:
    from ..serve.authority import Authority
    from ..serve.origins import Origins
    from ..serve.server import Server

_MODES = [str(mode) for mode in RecordMode]
#: Seconds between two looks whether the server is to end.
_LOOKS_EVERY = 0.1


class Asked(NamedTuple):
    """The words of the command line."""

    path: Sequence[str]
    port: int
    host: str
    origin: str | None
    upstream: str | None
    proxy: bool
    ca: str | None
    mode: str | None
    given: Sequence[str]
    repeats: bool
    quiet: bool


@click.command(
    "serve",
    short_help="Replay or record as an HTTP server or proxy.",
    epilog="Examples: vcr serve session.har --port 8000; vcr serve api.yaml --record https://api.example; "
    "vcr serve web.yaml --proxy --record-mode new_episodes",
)
@click.argument("path", nargs=-1, required=True, type=click.Path())
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; else a free port.")
@click.option("--host", default=LOOPBACK, show_default=True, help="The address to listen at.")
@click.option("--origin", metavar="URL", help="What the recorded URIs begin with, where the request does not tell.")
@click.option("--record", "upstream", metavar="URL", help="Send there, and record, what the cassette does not hold.")
@click.option("--proxy", is_flag=True, help="Be a proxy, too: for http, and for https with a CA of its own.")
@click.option("--ca", metavar="DIR", type=click.Path(), help="Where the CA of --proxy is; else among your settings.")
@click.option("--record-mode", "mode", type=click.Choice(_MODES), help="Else: none; with --record: new_episodes.")
@click.option("--option", "given", multiple=True, metavar="NAME=VALUE", help="An option of use_cassette; repeatable.")
@click.option(
    "--allow-playback-repeats", "repeats", is_flag=True, help="Replay each recording as often as it is asked."
)
@click.option("--quiet", is_flag=True, help="No line for each request.")
def command(**words: Any) -> int:
    """Serve the cassette PATH until Ctrl-C, for clients of any language.

    The first line of the output says where. What is not recorded is answered with status 501 and the text that a
    program would get. Each request is one line on the standard error. Several cassettes, or a directory of them, are
    served together; the first one is recorded into.

    The exit status is 1 when a request was refused.
    """
    asked = Asked(**words)
    _check_is_installed(["h11", "trustme"] if asked.proxy else ["h11"])
    recorder = _recorder(asked)
    try:
        files = _files(asked.path, recorder.record_mode)
        if not files.paths:
            return files.status
        with recorder.use_cassette(files.paths[0], on_unrecordable="allow") as cassette:  # its connections are ours
            for more in files.paths[1:]:
                cassette.borrow(more)
            return max(files.status, _serve(asked, files.paths, cassette))
    except (SwallowedRefusalError, UnplayedInteractionsError) as error:
        output.error(str(error))
        return FINDINGS
    except (CassetteLoadError, UnknownNameError, OSError, ValueError, TypeError) as error:
        output.error(str(error))
        return USAGE


def _check_is_installed(needed: Sequence[str]) -> None:
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise click.UsageError(
            f"vcr serve needs {' and '.join(missing)}, which this Python does not have. "
            "Install: pip install 'vcrpy[serve]'"
        )


def _recorder(asked: Asked) -> VCR:
    """How the cassette is opened."""
    chosen = options.of_command(asked.given, asked.mode)
    mode = RecordMode.NONE if asked.upstream is None else RecordMode.NEW_EPISODES
    return options.recorder(chosen, record_mode=mode, allow_playback_repeats=asked.repeats)


def _files(given: Sequence[str], mode: RecordMode) -> reading.Files:
    """The cassettes to serve; the first is recorded into, and need not be there then. Of several, those that cannot be
    read are left out. Raises PathError when there is none to record into."""
    first, *others = given
    records = mode.records(existing=False)
    if records and os.path.isdir(first):
        raise paths.PathError(f"{first}: this is a directory; name first the cassette that is to be recorded into")
    files = reading.Files(others if records else given)
    if records or len(files.paths) > 1:
        files.paths = list(files.map(_readable))
    if records:
        files.paths = [first, *(one for one in files.paths if one != first)]
    return files


def _readable(path: str) -> str:
    """``path`` of a cassette. Raises CassetteLoadError when it cannot be read."""
    reading.contents(path)
    return path


def _serve(asked: Asked, files: Sequence[str], cassette: Cassette) -> int:
    """Answer requests until the user ends it. Returns the exit status."""
    from ..serve.server import Server

    origins = _origins(asked, cassette)
    authority = _authority(asked.ca) if asked.proxy else None
    say = _say_nothing if asked.quiet else output.error
    try:
        server = Server((asked.host, asked.port), cassette, origins, authority, say)
    except OSError as error:
        raise OSError(f"cannot listen at {asked.host}:{asked.port}: {error.strerror or error}") from error
    with serving(server, looks_every=_LOOKS_EVERY), _until_signal() as wait:
        _introduce(server, files, asked)
        wait()
    if not asked.quiet:
        output.error(_summary(server))
    return FINDINGS if cassette.refused else FINE


def _origins(asked: Asked, cassette: Cassette) -> Origins:
    from ..serve.origins import Origins, base_of

    try:
        base, upstream = (None if url is None else base_of(url) for url in (asked.origin, asked.upstream))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    recorded = (request.uri for request in cassette.requests)
    origins = Origins(recorded, base, upstream, is_proxy=asked.proxy)
    if not origins.names and not asked.proxy:
        raise click.UsageError(
            f"{cassette.path} has no interactions: name a server to record from (--record URL), or use --proxy"
        )
    return origins


def _authority(directory: str | None) -> Authority:
    from ..serve.authority import Authority

    authority = Authority(directory or click.get_app_dir("vcr"))
    if authority.is_exposed:
        output.error(f"warning: others can read the key of the CA in {os.path.dirname(authority.path)}: chmod 600 it")
    return authority


def _say_nothing(line: str) -> None:
    """With ``--quiet``: print no line for a request."""


def _introduce(server: Server, files: Sequence[str], asked: Asked) -> None:
    """Say where the server is, and how to use it."""
    count, mode = len(server.cassette), server.cassette.record_mode
    held = output.counted(count, "interaction")
    more = f" and {len(files) - 1} more" if files[1:] else ""
    output.line(f"{server.url} serves {files[0]}{more}: {held}, record mode {mode}; Ctrl-C ends it")
    if not (asked.host and is_loopback(asked.host)):  # (without a name: everywhere)
        output.error(f"warning: {asked.host} is open to other machines: they can ask for what is recorded")
    if server.authority is not None:
        _explain_trust(server.url, server.authority)
    elif len(server.origins.names) > 1:
        output.line("Its servers, for the Host field or the first segment of the path:")
        for origin in server.origins.names:
            output.line(f"  {origin.partition('://')[2]}")


def _explain_trust(url: str, authority: Authority) -> None:
    output.line(f"It is a proxy. Its clients have to trust this CA: {authority.path}")
    output.line(f"  curl      --proxy {url} --cacert {authority.path}")
    output.line(f"  programs  HTTP_PROXY={url} HTTPS_PROXY={url} SSL_CERT_FILE={authority.path}")
    output.line(f"  Node 24   NODE_USE_ENV_PROXY=1 HTTPS_PROXY={url} NODE_EXTRA_CA_CERTS={authority.path}")
    output.line(
        f"  Chromium  --proxy-server={url} --proxy-bypass-list='<-loopback>' --user-data-dir=DIR "
        f"--ignore-certificate-errors-spki-list={authority.pin}"
    )


@contextmanager
def _until_signal() -> Iterator[Callable[[], None]]:
    """A function that waits for Ctrl-C or SIGTERM; a second one, later, ends the program as always."""
    awaited, woken = socket.socketpair()
    awaited.settimeout(0.5)  # (On Windows, nothing else lets a signal in.)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def wait() -> None:
        while True:
            with suppress(TimeoutError):
                awaited.recv(1)
                return

    with awaited, woken:
        try:
            for number in before:
                signal.signal(number, lambda *_: woken.send(b"\0"))
            yield wait
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _summary(server: Server) -> str:
    counts = ", ".join(f"{count:,} {word}" for word, count in sorted(server.counts.items()) if word)
    return f"{server.cassette.path}: {counts or 'no request came'}"
