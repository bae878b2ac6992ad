"""``python -m tests.secrets``: the table of what survives, by option."""

from __future__ import annotations

import tempfile
import warnings
from collections import Counter
from pathlib import Path

from tests.secrets.planted import CLIENTS, OPTIONS, planted
from tests.server import Server

PLACES = ("file", "journal", "temporary file", "log", "refusal")


def main() -> None:
    print(f"| option | cases | {' | '.join(PLACES)} |")
    print(f"|---|---|{'---|' * len(PLACES)}")
    found = []
    for option in OPTIONS:
        cases, counts = 0, Counter[str]()
        for client in CLIENTS:
            with tempfile.TemporaryDirectory() as directory, Server() as server, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                number, leaks = planted(option, client, server, Path(directory))
            cases += number
            counts.update(leak.where for leak in leaks)
            found += [f"{option}, {client}: {leak.what} in the {leak.where}" for leak in leaks]
        print(f"| {option} | {cases} | {' | '.join(str(counts[place]) for place in PLACES)} |", flush=True)
    print(*found, sep="\n")


main()
