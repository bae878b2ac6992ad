"""Room: the table, as Markdown that reads as well in a terminal, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from .model import CONTENDERS, Results, Row

_CPUINFO = Path("/proc/cpuinfo")

_EXPLAINED = """\
# Benchmarks

`python -m benchmarks --markdown` wrote this file. The figures are of CPU time, and of memory where it says so: medians
of samples that were taken in turns, each in a process of its own. Every recorder has a virtual environment to itself,
with the same versions of the clients.

- floor: the same client reading a canned answer from memory, with no recorder at all; for a file, reading or parsing
  it, and no more (`rows/` says in each part which).
- A recorder that does not know a row's client is left out of it. Rows about no client in particular are run with
  http.client (ours, VCR.py), urllib3 (cassetter) or requests (Betamax).
- cassetter 0.16.1 opens no file of more than 250,000 YAML nodes, or so large a body: it is left out of the rows about
  10 MB of YAML, 10 KB bodies and replaying 100 MB. Betamax 0.9.0 with this urllib3 cannot record a large body.
- What needs more than 20 s is measured once; VCR.py is left out where its quadratic cost would take longer than
  all the rest (8,000 and 32,000 interactions: 1,044 and 16,170 s were measured elsewhere).
- ✓ and ✗: whether ours keeps to the limit that is given in brackets.
"""


def table(rows: Sequence[Row], results: Results) -> str:
    """Each row that has a figure: what was done, everybody's figure, and ours against its targets."""
    lines: list[tuple[str, ...]] = [("work", "", *CONTENDERS, "target")]
    for row in rows:
        values = [results.value(row, contender) for contender in CONTENDERS]
        if any(value is not None for value in values):
            verdicts = [f"{'✓' if verdict.met else '✗'} {verdict.text}" for verdict in results.verdicts(row, rows)]
            lines.append((row.work, row.unit, *map(_figure, values), "; ".join(verdicts)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    head, *body = (
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |" for line in lines
    )
    return "\n".join([head, f"|{'|'.join('-' * (width + 2) for width in widths)}|", *body]) + "\n"


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:#.3g}"


def missed(rows: Sequence[Row], results: Results) -> int:
    """How many rows are not where they should be."""
    return sum(not all(verdict.met for verdict in results.verdicts(row, rows)) for row in rows)


def machine() -> str:
    """The kind of machine this is; not which."""
    model = platform.processor() or platform.machine()
    if _CPUINFO.exists():
        names = [line for line in _CPUINFO.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, {python}"


def markdown(rows: Sequence[Row], results: Results) -> str:
    """``benchmarks/README.md``."""
    return f"{_EXPLAINED}\nMeasured on: {machine()}.\n\n{table(rows, results)}"
