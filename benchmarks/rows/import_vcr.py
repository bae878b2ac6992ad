"""Import the recorder in a fresh interpreter; all the clients are installed, none is imported."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

from ..model import BETAMAX, CASSETTER, OURS, VCRPY, Row, Task, at_most
from ..recorders import MODULES

if TYPE_CHECKING:
    from ..bench import Bench

_IMPORTS = 5
_TASK = Task("import_vcr")
_WHO = (OURS, VCRPY, BETAMAX, CASSETTER)
_PROGRAM = """
import sys, time
before, start = set(sys.modules), time.process_time()
import {module}
cpu, new = time.process_time() - start, set(sys.modules) - before
clients = new & {{"aiohttp", "httplib2", "httpx", "requests", "urllib3"}}
import json
print(json.dumps({{"cpu": cpu, "modules": len(new), "clients": len(clients)}}))
"""

ROWS = (
    Row("import the recorder", _TASK, "ms", _WHO, (at_most(22),)),
    Row("… how many modules that brings along", _TASK, "modules", _WHO, (), "modules"),
    Row("… how many clients", _TASK, "clients", _WHO, (at_most(0),), "clients"),
)


def measure(bench: Bench) -> dict[str, float]:
    """``cpu``; ``modules``, ``clients``: how many are new in ``sys.modules``."""
    program = _PROGRAM.format(module=MODULES[bench.contender])
    command = [sys.executable, "-I", "-c", program]
    samples = [json.loads(subprocess.check_output(command)) for _ in range(_IMPORTS)]
    return {metric: median(sample[metric] for sample in samples) for metric in samples[0]}
