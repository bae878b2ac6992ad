"""Room: the run: every task for every contender, in turns, each in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from . import cassettes
from .model import Results, Row, Sample, Stored, Task

_SLOW = 20.0  # seconds; what takes longer is measured once
_STUCK = 900.0  # seconds; what takes longer is not waited for
_TINY = Stored("json", 1)


class Runner:
    """``pythons``: each contender's interpreter; ``log``: told what is being done."""

    def __init__(self, pythons: Mapping[str, Path], directory: Path, log: Callable[[str], None]) -> None:
        self._pythons = pythons
        self._directory = directory
        self._log = log
        self._home = directory / "home"
        self._home.mkdir()
        # Where the programs start: nothing is imported from here but this package. A recorder has its own `vcr`.
        (self._home / __package__).symlink_to(Path(__file__).parent, target_is_directory=True)

    def run(self, rows: Sequence[Row], rounds: int) -> Results:
        """So many samples of each task in these rows."""
        results = Results()
        tasks: dict[Task, dict[str, None]] = {}
        for row in rows:
            tasks.setdefault(row.task, {}).update(dict.fromkeys(row.contenders))
        for task, wanted in tasks.items():
            contenders = [contender for contender in wanted if contender in self._pythons]
            self._log(f"{task.part} {dict(task.options)}: {', '.join(contenders)}")
            for _ in range(rounds):
                for contender in tuple(contenders):
                    start = time.monotonic()
                    try:
                        results.add(task, contender, self._sample(task, contender))
                    except subprocess.SubprocessError as error:  # what it said is on standard error
                        self._log(f"{contender} has no figure: {type(error).__name__}")
                        contenders.remove(contender)
                        continue
                    if time.monotonic() - start > _SLOW:
                        contenders.remove(contender)
        return results

    def _sample(self, task: Task, contender: str) -> Sample:
        stored, tiny = (
            str(cassettes.write(kind, contender, self._directory)) for kind in (task.stored or _TINY, _TINY)
        )
        command = [str(self._pythons[contender]), "-m", f"{__package__}.bench", task.part, contender, stored, tiny]
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        done = subprocess.run(
            [*command, json.dumps(dict(task.options))],
            cwd=self._home,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=_STUCK,
        )
        sample: Sample = json.loads(done.stdout.splitlines()[-1])
        return sample


@contextmanager
def runner(pythons: Mapping[str, Path]) -> Iterator[Runner]:
    """A runner that tells standard error what it does, and leaves no file."""
    with TemporaryDirectory() as directory:
        yield Runner(pythons, Path(directory), lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
