"""The demo: record with each client, stop the server, replay, compare. It must not print."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import use_cassette
from .clients import Client, Seen
from .listening import serving
from .server import Server, Tripwire


@dataclass(frozen=True)
class Failure:
    """What a client raised, in place of what it should have seen."""

    error: str


@dataclass(frozen=True)
class Run:
    """One run of a client in its cassette. ``count``: interactions recorded, or replayed."""

    seen: Seen | Failure
    count: int
    hits: int


@dataclass(frozen=True)
class Outcome:
    """One client's row. Both runs are None when it is not installed."""

    client: Client
    version: str | None
    recording: Run | None = None
    replay: Run | None = None

    @property
    def same(self) -> bool:
        """Whether the client saw on replay what it saw while recording."""
        if self.recording is None or self.replay is None or isinstance(self.recording.seen, Failure):
            return False
        return bool(self.recording.seen == self.replay.seen)

    @property
    def fine(self) -> bool:
        """Whether each request was recorded and replayed once, none got out, and the client saw the same."""
        if self.recording is None or self.replay is None:
            return True
        complete = self.recording.hits == self.recording.count == self.replay.count
        return self.same and complete and self.replay.hits == 0

    @property
    def failure(self) -> str | None:
        """What the client raised first, if it did."""
        for name, attempt in (("recording", self.recording), ("replay", self.replay)):
            if attempt is not None and isinstance(attempt.seen, Failure):
                return f"{name}: {attempt.seen.error}"
        return None


def _each(clients: Sequence[Client], _: str) -> Iterable[Client]:
    return clients


def run(clients: Sequence[Client], each: Callable[[Sequence[Client], str], Iterable[Client]] = _each) -> list[Outcome]:
    """Each client's outcome, in the order given. ``each(clients, word)`` hands them out, and may show how far it is."""
    versions = {client: client.version for client in clients}
    found = [client for client in clients if versions[client] is not None]
    with tempfile.TemporaryDirectory(prefix="vcr-demo-") as directory:
        paths = {client: Path(directory, f"{client.name}.yaml") for client in found}
        with serving(Server()) as server:
            recordings = {one: _record(one, paths[one], server) for one in each(found, "Recording")}
        with serving(Tripwire(server.port)) as tripwire:
            replays = {one: _replay(one, paths[one], server.url, tripwire) for one in each(found, "Replaying")}
    return [Outcome(client, versions[client], recordings.get(client), replays.get(client)) for client in clients]


def _record(client: Client, path: Path, server: Server) -> Run:
    before = server.hits
    with use_cassette(path, record_mode="once", on_unrecordable="allow") as cassette:
        seen = _seen(lambda: client.run(server.url))
        return Run(seen, len(cassette), server.hits - before)


def _replay(client: Client, path: Path, url: str, tripwire: Tripwire) -> Run:
    before = tripwire.hits
    with use_cassette(path, record_mode="none", on_unrecordable="allow") as cassette:
        seen = _seen(lambda: client.run(url))
        return Run(seen, sum(cassette.play_counts.values()), tripwire.hits - before)


def _seen(look: Callable[[], Seen]) -> Seen | Failure:
    try:
        return look()
    except Exception as error:  # noqa: BLE001  (whatever it is, it is the row's result)
        return Failure(f"{type(error).__name__}: {error}")
