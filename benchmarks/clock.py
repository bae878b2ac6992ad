"""Room: CPU time and memory of this process."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import TracebackType

_STATUS = Path("/proc/self/status")


class Clock:
    """``with clock:`` adds the CPU seconds that this process spends inside, in all its threads, to ``cpu``."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self._start = 0.0

    def __enter__(self) -> Clock:
        self._start = time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cpu += time.process_time() - self._start


def peak() -> int:
    """The most memory that this process has had, in bytes.

    Linux counts for ``ru_maxrss`` what the parent had when it forked, so its own figure for the program is read there.
    """
    if _STATUS.exists():
        return 1024 * int(_STATUS.read_text().partition("VmHWM:")[2].split()[0])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
