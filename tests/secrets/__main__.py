"""``python -m tests.secrets [OPTION…]``: the table of what survives, by option; ``sanitize`` is the whole corpus."""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.secrets.corpus import everything
from tests.secrets.planted import BETAMAX, CLIENTS, OPTIONS, Leak, leaks, planted
from tests.server import Server

PLACES = ("file", "journal", "temporary file", "log", "refusal")
ALL = (*OPTIONS, "sanitize")
#: How many secrets are planted in one cassette.
BATCH = 100


def results(option: str, client: str) -> Iterator[tuple[int, list[Leak]]]:
    """How many secrets have been planted, and which were found: of each cassette."""
    if option in OPTIONS:
        with tempfile.TemporaryDirectory() as directory, Server() as server:
            yield planted(option, client, server, Path(directory))
        return
    corpus = [(one.secret, one.case) for one in everything()]
    for start in range(0, len(corpus), BATCH):
        with tempfile.TemporaryDirectory() as directory, Server() as server:
            some = corpus[start : start + BATCH]
            yield len(some), leaks({"sanitize": True}, some, client, server, Path(directory))


def main(options: list[str]) -> None:
    if unknown := [option for option in options if option not in ALL]:
        raise SystemExit(f"{unknown[0]!r} is no option that hides secrets; these are: {', '.join(ALL)}")
    warnings.simplefilter("ignore")
    print(f"| option | cases | {' | '.join(PLACES)} |")
    print(f"|---|---|{'---|' * len(PLACES)}")
    found = []
    for option in options or ALL:
        cases, counts = 0, Counter[str]()
        for client in (*CLIENTS, *((BETAMAX,) if option == "sanitize" else ())):
            for number, leaked in results(option, client):
                cases += number
                counts.update(leak.where for leak in leaked)
                found += [f"{option}, {client}: {leak.what} in the {leak.where}" for leak in leaked]
        print(f"| {option} | {cases} | {' | '.join(str(counts[place]) for place in PLACES)} |", flush=True)
    print(*found, sep="\n")


main(sys.argv[1:])
