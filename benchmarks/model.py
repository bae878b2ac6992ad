"""Room: what a row of the table is, and whether it reaches its target. It runs nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

OURS, VCRPY, BETAMAX, CASSETTER, FLOOR = "ours", "VCR.py", "Betamax", "cassetter", "floor"
CONTENDERS = (OURS, VCRPY, BETAMAX, CASSETTER, FLOOR)

#: What a sample's seconds (or bytes, or counts) are multiplied by.
UNITS = {"µs": 1e6, "ms": 1e3, "s": 1.0, "MB": 1e-6, "x its size": 1.0, "modules": 1.0, "clients": 1.0, "lost": 1.0}

Sample = Mapping[str, float]


@dataclass(frozen=True)
class Stored:
    """A cassette that is there before: ``count`` interactions with responses of a ``kind`` (``cassettes.py``)."""

    kind: str
    count: int
    serializer: str = "yaml"


@dataclass(frozen=True)
class Task:
    """What a process does: ``measure(**options)`` of ``rows/<part>.py``. Rows that differ in what they read from its
    samples share it."""

    part: str
    options: tuple[tuple[str, Any], ...] = ()
    stored: Stored | None = None

    def quick(self) -> Task:
        """The same with next to nothing to do."""
        options = tuple((name, max(1, value // 50) if name == "count" else value) for name, value in self.options)
        stored = self.stored and replace(self.stored, count=max(4, self.stored.count // 50))
        return replace(self, options=options, stored=stored)


@dataclass(frozen=True)
class Limit:
    """``times`` what another contender needs, in this row or in one named ``row``; or ``at_most``, in the row's unit;
    or ``at_most`` ``more`` than the other."""

    times: float | None = None
    of: str | None = FLOOR
    row: str | None = None
    at_most: float | None = None
    more: bool = False


def at_most(amount: float) -> Limit:
    """A limit in the row's own unit."""
    return Limit(of=None, at_most=amount)


@dataclass(frozen=True)
class Row:
    """A row of the table. ``metric``: which of the sample's numbers; ``contenders``: who takes part."""

    work: str
    task: Task
    unit: str
    contenders: tuple[str, ...]
    limits: tuple[Limit, ...] = ()
    metric: str = "cpu"


@dataclass(frozen=True)
class Verdict:
    """``text``: what is compared with what; ``met``: whether the limit is kept."""

    text: str
    met: bool


class Results:
    """The samples that were taken."""

    def __init__(self) -> None:
        self._samples: dict[tuple[Task, str], list[Sample]] = {}

    def add(self, task: Task, contender: str, sample: Sample) -> None:
        """One more sample."""
        self._samples.setdefault((task, contender), []).append(sample)

    def value(self, row: Row, contender: str) -> float | None:
        """The median in the row's unit; None when there is none."""
        samples = self._samples.get((row.task, contender), ()) if contender in row.contenders else ()
        values = [sample[row.metric] for sample in samples if row.metric in sample]
        return median(values) * UNITS[row.unit] if values else None

    def verdicts(self, row: Row, rows: Sequence[Row]) -> list[Verdict]:
        """Each limit of the row that can be told, and whether ours is no slower than VCR.py."""
        ours = self.value(row, OURS)
        if ours is None:
            return [Verdict("ours has no figure", False)]
        told = [self._verdict(limit, ours, row, rows) for limit in row.limits]
        vcrpy = self.value(row, VCRPY)
        behind = [Verdict("behind VCR.py", False)] if vcrpy is not None and ours > vcrpy else []
        return [verdict for verdict in told if verdict is not None] + behind

    def _verdict(self, limit: Limit, ours: float, row: Row, rows: Sequence[Row]) -> Verdict | None:
        if limit.of is None:
            assert limit.at_most is not None
            return Verdict(f"≤ {limit.at_most:g} {row.unit}", ours <= limit.at_most)
        other_row = next((other for other in rows if other.work == limit.row), None) if limit.row else row
        other = self.value(other_row, limit.of) if other_row is not None else None
        if other is None:
            return None
        if limit.more:
            assert limit.at_most is not None
            more = ours - other
            return Verdict(f"{limit.of} {more:+.2g} {row.unit} (≤ +{limit.at_most:g})", more <= limit.at_most)
        assert limit.times is not None
        name = limit.of if limit.row is None else f"“{limit.row}”"
        ratio = ours / other if other else float("inf")
        return Verdict(f"{ratio:.2f} x {name} (≤ {limit.times:g})", ratio <= limit.times)
