"""Where the pieces of a body end once something in the body has been replaced. It must not know what was replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate

from ..response import pack_lengths


def moved(pieces: Iterable[bytes], new: bytes) -> str:
    """The lengths of the pieces of ``new``, as a file has them: each ends in the same line as before, as far from the
    beginning or, where that was replaced, from the end of the line. Empty where the lines are not the same ones."""
    old = b"".join(pieces := list(pieces))
    before, after = old.split(b"\n"), new.split(b"\n")
    if len(before) != len(after):
        return ""
    ends = list(_ends(accumulate(map(len, pieces)), before, after))
    return pack_lengths(end - start for start, end in zip([0, *ends], ends, strict=False) if end > start)


def _ends(offsets: Iterable[int], before: list[bytes], after: list[bytes]) -> Iterator[int]:
    number = start = new_start = last = 0
    for offset in offsets:
        while number < len(before) - 1 and offset > start + len(before[number]):
            start += len(before[number]) + 1
            new_start += len(after[number]) + 1
            number += 1
        last = max(last, new_start + _within(offset - start, before[number], after[number]))
        yield last


def _within(at: int, old: bytes, new: bytes) -> int:
    if old == new or old[:at] == new[:at]:
        return at if old == new else min(at, len(new))
    return max(0, len(new) - (len(old) - at))
