"""An interrupt at any point of opening, using and closing a cassette leaves nothing behind.

``VCR_INTERRUPT_STRIDE=1`` tries every point (some 3,000 for each program); by default every 41st is tried, the same
ones each time. ``VCR_INTERRUPT_OFFSET`` chooses others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Every so many-th point is tried, from this one on: all of them with a stride of 1.
STRIDE = int(os.environ.get("VCR_INTERRUPT_STRIDE", "41"))
OFFSET = int(os.environ.get("VCR_INTERRUPT_OFFSET", "7"))


@pytest.mark.timeout(0 if STRIDE == 1 else 300)
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it needs fork and /proc")
@pytest.mark.parametrize("program", ["with", "decorator", "generator"])
def test_an_interrupt_leaves_nothing_behind_wherever_it_comes(program, server, tmp_path):
    offset = OFFSET % STRIDE
    module = [sys.executable, "-W", "ignore::ResourceWarning", "-m", "tests.reliability.interrupts"]
    run = subprocess.run(
        [*module, program, server.url, str(tmp_path), str(STRIDE), str(offset)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
        timeout=None if STRIDE == 1 else 240,
    )
    found = json.loads(run.stdout)
    print(f"{program}: {found['tried']} of {found['points']} points, offset {offset}")
    assert found["points"] > 1_000  # (Python 3.13 traces fewer)
    failures = [(where, left) for where, is_real, left in found["failures"] if is_real]
    assert failures == []
    # Where Python itself interrupts nothing: between the end of ``with lock:`` and the call that gives the lock back.
    # (Of the points that Python 3.13 traces, one is between the end of a ``try:`` and its ``finally:``.)
    # What is raised in a ``__del__`` Python swallows: the program is not interrupted there. The first instruction of a
    # ``try:`` inside a ``try:``, one that does nothing, Python 3.11 puts under no handler.
    if sys.version_info < (3, 13):
        uncovered = (":__del__:", "_context.py:_opened:")
        places = [(left, where) for where, _, left in found["failures"]]
        others = {kind for left, where in places if not any(one in where for one in uncovered) for kind in left}
        assert others <= {"locked: vcr.patch._lock", "locked: vcr.patch.replace._lock"}
