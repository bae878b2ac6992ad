"""The record modes, as a table. ``_engine/cassette.py`` decides by this table, and no other file does."""

from __future__ import annotations

from enum import Enum

from .errors import choices


class RecordMode(str, Enum):
    """When a cassette replays and when it records: the table below. Members compare equal to their strings.

    ``any`` is ``new_episodes`` under the name that VCR.py also accepts.
    """

    #: Whether recorded responses are replayed.
    replays: bool
    _into_new: bool
    _into_existing: bool
    #: Whether loaded interactions that were not recorded again stay in the cassette.
    keeps: bool

    def __new__(cls, value: str, *row: bool) -> RecordMode:
        """A mode with its row of the table."""
        mode = str.__new__(cls, value)
        mode._value_ = value
        mode.replays, mode._into_new, mode._into_existing, mode.keeps = row
        return mode

    # replays, records into a new cassette, records into one that was there before, keeps what was there
    NONE = "none", True, False, False, True
    ONCE = "once", True, True, False, True
    NEW_EPISODES = "new_episodes", True, True, True, True
    ALL = "all", False, True, True, True
    ANY = "any", True, True, True, True
    REWRITE = "rewrite", False, True, True, False

    def records(self, *, existing: bool) -> bool:
        """Whether this mode records into a cassette that was there before (``existing``), or that is new."""
        return self._into_existing if existing else self._into_new

    @classmethod
    def _missing_(cls, value: object) -> RecordMode:
        raise ValueError(f"{value!r} is not a valid record_mode. {choices(value, (mode.value for mode in cls))}")

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return format(str(self.value), spec)


#: VCR.py's check of a mode.
validate_record_mode = RecordMode
