"""Room: what ``measure`` of a row is given, and the process that it is run in."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .cassettes import uri
from .clients import CLIENTS
from .clock import Clock
from .model import FLOOR
from .recorders import OPEN, SUPPORTS


class Bench:
    """One contender at its work. ``stored``: the cassette that is there; ``tiny``: another, to warm up with;
    ``directory``: for what is written."""

    def __init__(self, contender: str, stored: Path, tiny: Path, directory: Path) -> None:
        self.contender = contender
        self.is_floor = contender == FLOOR
        self.stored = stored
        self.tiny = tiny
        self.directory = directory
        self.client = SUPPORTS[contender][0]

    def open(
        self, path: Path, session: Any = None, *, mode: str = "none", match_body: bool = False
    ) -> AbstractContextManager[Any]:
        """The recorder's own context manager; the floor's does nothing. ``session``: as ``session`` makes one."""
        return OPEN[self.contender](path, mode, session, match_body)

    def session(self, client: str = "") -> Any:
        """A requests.Session, if that is the client."""
        return import_module("requests").Session() if (client or self.client) == "requests" else None

    def warm_up(self, client: str = "") -> None:
        """What is imported late, is now."""
        session = self.session(client)
        with self.open(self.tiny, session):
            self.get([uri(0)], session, client=client)

    def get(self, urls: Sequence[str], session: Any = None, *, client: str = "", live: bool = False) -> float:
        """CPU seconds for getting them all. ``live``: the floor, too, gets them from the server."""
        clock = Clock()
        CLIENTS[client or self.client](urls, self.is_floor and not live, session, clock)
        return clock.cpu


def main() -> None:
    """The sample of one task, as JSON: ``python -m benchmarks.bench part contender stored tiny options``."""
    part, contender, stored, tiny, options = sys.argv[1:]
    with TemporaryDirectory() as directory:
        bench = Bench(contender, Path(stored), Path(tiny), Path(directory))
        sample = import_module(f".rows.{part}", __package__).measure(bench, **json.loads(options))
    print(json.dumps(sample))  # noqa: T201


if __name__ == "__main__":
    main()
