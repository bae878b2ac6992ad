"""``python -m benchmarks``: measure, and print the table."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from . import environments, report
from .model import CONTENDERS, FLOOR, OURS
from .rows import PARTS, rows
from .run import runner

_README = Path(__file__).parent / "README.md"
_CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "vcr-benchmarks"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="What speed is claimed, measured.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; none: all")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=CONTENDERS, help="who takes part")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each figure, of which the median counts")
    parser.add_argument("--quick", action="store_true", help="once, and next to nothing: does it run?")
    parser.add_argument("--here", action="store_true", help="ours and the floor only, in this environment")
    parser.add_argument("--markdown", action="store_true", help=f"write {_README.parent.name}/{_README.name}, too")
    parser.add_argument("--cache", type=Path, default=_CACHE, help="where the environments are kept (%(default)s)")
    options = parser.parse_args(arguments)
    unknown = set(options.parts).difference(PARTS)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))} (there are {', '.join(PARTS)})")
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what is asked for, and print it."""
    options = _arguments(arguments)
    if options.here:
        pythons = dict.fromkeys((OURS, FLOOR), Path(sys.executable))
    else:
        pythons = {name: environments.python(name, options.cache) for name in options.only}
    chosen = rows(tuple(options.parts) or PARTS)
    if options.quick:
        chosen = [replace(row, task=row.task.quick()) for row in chosen]
    with runner(pythons) as run:
        results = run.run(chosen, 1 if options.quick else options.rounds)
    print(report.table(chosen, results))  # noqa: T201
    print(f"{report.missed(chosen, results)} of {len(chosen)} rows miss a target. {report.machine()}")  # noqa: T201
    if options.markdown:
        _README.write_text(report.markdown(chosen, results), encoding="utf-8")


if __name__ == "__main__":
    main()
