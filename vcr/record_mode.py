"""Room: the record modes, as a table. What a mode means is read here and decided in cassette.py, nowhere else."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from .errors import unknown


class RecordMode(str, Enum):
    """When a cassette replays and when it records: the table below. Members compare equal to their strings.

    ``any`` is ``new_episodes`` under the name that VCR.py also accepts.
    """

    NONE = "none"
    ONCE = "once"
    NEW_EPISODES = "new_episodes"
    ALL = "all"
    ANY = "any"

    @property
    def replays(self) -> bool:
        """Whether recorded responses are replayed."""
        return _TABLE[self].replays

    def records(self, *, existing: bool) -> bool:
        """Whether this mode records into a cassette that was there before (``existing``), or that is new."""
        return _TABLE[self].into_existing if existing else _TABLE[self].into_new

    @classmethod
    def _missing_(cls, value: object) -> RecordMode:
        raise ValueError(unknown("record mode", value, (mode.value for mode in cls)))

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


#: VCR.py's check of a mode.
validate_record_mode = RecordMode


class _Row(NamedTuple):
    replays: bool
    into_new: bool
    into_existing: bool


_TABLE = {
    RecordMode.NONE: _Row(replays=True, into_new=False, into_existing=False),
    RecordMode.ONCE: _Row(replays=True, into_new=True, into_existing=False),
    RecordMode.NEW_EPISODES: _Row(replays=True, into_new=True, into_existing=True),
    RecordMode.ALL: _Row(replays=False, into_new=True, into_existing=True),
    RecordMode.ANY: _Row(replays=True, into_new=True, into_existing=True),
}
