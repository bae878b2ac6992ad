"""A program that is interrupted at each point of opening and closing a cassette, in turn; a child process for each.

``python -m tests.reliability.interrupts PROGRAM URL DIRECTORY STRIDE OFFSET`` prints JSON: how many points there are,
how many of them were tried, and at which of these something stayed behind. It needs ``fork`` and ``/proc``.

A point is an opcode of one of ``FILES``, or the entry of one of their functions. KeyboardInterrupt is raised there by a
trace function, before the opcode is executed. Python itself raises an exception of a signal's handler at fewer points:
as a function is entered, after a call, and as a loop begins again. At these nothing may stay behind. Of the others
there is one kind where something does: between the last opcode of ``with lock:`` and the call that gives the lock back;
in Python 3.13 also between the last opcode of a ``try:`` and its ``finally:``.
"""

from __future__ import annotations

import http.client
import json
import opcode
import os
import sys
import threading
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import vcr
from vcr import _active, patch
from vcr.patch.replace import Replacement
from vcr.persisters import locking

PACKAGE = Path(vcr.__file__).parent
FILES = frozenset(
    str(PACKAGE / name)
    for name in (
        "_context.py",
        "_active.py",
        "_locks.py",
        "_engine/storage.py",
        "patch/__init__.py",
        "patch/custom.py",
        "patch/replace.py",
        "persisters/filesystem.py",
        "persisters/locking.py",
    )
)
DOORS = {name: vars(http.client.HTTPConnection)[name] for name in ("__init__", "putrequest", "connect")}


Attempt = tuple[int, str, bool, list[str]]


class Custom:
    """What ``custom_patches`` replaces an attribute of."""

    attribute = "old"


class Interrupter:
    """A trace function that counts points, and raises KeyboardInterrupt at the one with this number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.count = 0
        self.where = ""
        self.is_real = False
        self._previous: dict[int, str] = {}
        self._of_interest: dict[CodeType, bool] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if code not in self._of_interest:
            self._of_interest[code] = code.co_filename in FILES
        if not self._of_interest[code]:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        # In Python 3.10, an error of this function where a generator goes on leaves the frame without ``finally``. A
        # signal comes later, inside.
        goes_on = frame.f_lasti >= 0 and sys.version_info < (3, 11)
        self._point(frame, is_real=not goes_on)
        return self._opcode

    def _opcode(self, frame: FrameType, event: str, _: Any) -> Any:
        if event == "opcode":
            self._point(frame, is_real=self._previous.get(id(frame), "").startswith(("CALL", "JUMP_BACK", "JUMP_ABS")))
            self._previous[id(frame)] = opcode.opname[frame.f_code.co_code[frame.f_lasti]]
        elif event == "return":
            self._previous.pop(id(frame), None)
        return self._opcode

    def _point(self, frame: FrameType, *, is_real: bool) -> None:
        self.count += 1
        if self.count == self.number:
            sys.settrace(None)
            self.is_real = is_real
            code = frame.f_code
            file = Path(code.co_filename).relative_to(PACKAGE)
            self.where = f"{file}:{code.co_name}:{frame.f_lineno}+{frame.f_lasti}"
            raise KeyboardInterrupt


def fetch(url: str) -> bytes:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url) as response:
        return bytes(response.read())


def with_statement(url: str, path: str) -> None:
    patches = [(Custom, "attribute", "new")]
    with vcr.use_cassette(path, record_mode="new_episodes", custom_patches=patches):
        fetch(f"{url}/text?new")


def decorator(url: str, path: str) -> None:
    @vcr.use_cassette(path, record_mode="new_episodes", custom_patches=[(Custom, "attribute", "new")])
    def work() -> None:
        fetch(f"{url}/text?new")

    work()


def generator(url: str, path: str) -> None:
    @vcr.use_cassette(path, record_mode="new_episodes", custom_patches=[(Custom, "attribute", "new")])
    def work() -> Any:
        fetch(f"{url}/text?new")
        yield

    list(work())


PROGRAMS: dict[str, Callable[[str, str], None]] = {
    "with": with_statement,
    "decorator": decorator,
    "generator": generator,
}


def descriptors() -> set[str]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{name} -> {os.readlink(f'/proc/self/fd/{name}')}")
        except FileNotFoundError:
            continue  # that of the listing
    return found


def locked() -> list[str]:
    """The locks that another thread cannot take now."""
    found: list[str] = []

    def look() -> None:
        for owner in (_active, patch, sys.modules["vcr.patch.replace"], locking):
            for name, value in vars(owner).items():
                lock = getattr(value, "lock", value)
                if hasattr(lock, "acquire") and hasattr(lock, "release"):
                    if lock.acquire(blocking=False):
                        lock.release()
                    else:
                        found.append(f"{owner.__name__}.{name}")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found


def left_behind(url: str, path: str, texts: tuple[bytes, bytes], before: set[str]) -> list[str]:
    """What an interrupt has left, each in a few words."""
    found = []
    if _active._in_process:
        found.append("open in the process")
    if _active.current() is not None:
        found.append("current in the context")
    if patch._holders:
        found.append("patches are installed")
    if patch._applied or Replacement._applied:
        found.append("replacements are remembered")
    if any(vars(http.client.HTTPConnection)[name] is not door for name, door in DOORS.items()):
        found.append("a door is in place")
    if Custom.attribute != "old":
        found.append("a custom patch is in place")
    found += [f"locked: {name}" for name in locked()]
    if descriptors() - before:
        found.append("a descriptor is open")
    if os.listdir(os.path.dirname(path)) != [os.path.basename(path)]:
        found.append("a file is left")
    if Path(path).read_bytes() not in texts:
        found.append("the cassette is neither the old nor the new one")
    if os.umask(0o22) != 0o22:
        found.append("the umask has changed")
    if not found:
        try:
            with vcr.use_cassette(path, record_mode="none"):
                fetch(f"{url}/text?old")
        except Exception as error:  # noqa: BLE001
            found.append(f"the next cassette: {error!r}")
    return found


def attempt(program: str, number: int, url: str, path: str, texts: tuple[bytes, bytes]) -> Attempt:
    """``(points so far, where, whether Python interrupts there, what is left behind)`` after an interrupt.

    ``texts``: what may be in the file afterwards.
    """
    before = descriptors()
    interrupter = Interrupter(number)
    sys._getframe().f_trace_opcodes = True  # Python 3.12 traces opcodes where a frame has asked before settrace()
    sys.settrace(interrupter)
    try:
        PROGRAMS[program](url, path)
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    return interrupter.count, interrupter.where, interrupter.is_real, left_behind(url, path, texts, before)


def in_a_child(work: Callable[[], Any]) -> Any:
    """What ``work`` returns in a forked child."""
    receiver, sender = os.pipe()
    child = os.fork()
    if not child:
        os.close(receiver)
        result = work()
        with open(sender, "w", encoding="utf-8") as file:
            json.dump(result, file)
        os._exit(0)
    os.close(sender)
    with open(receiver, encoding="utf-8") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else [0, "", True, ["the child died"]]


def run(program: str, url: str, directory: str, stride: int, offset: int) -> dict[str, Any]:
    path = os.path.join(directory, "cassette.yaml")
    with vcr.use_cassette(path, record_mode="all"):
        fetch(f"{url}/text?old")
    os.utime(path, (0, 0))
    old = Path(path).read_bytes()
    PROGRAMS[program](url, path)
    new = Path(path).read_bytes()
    os.umask(0o22)

    def one(number: int) -> Any:
        Path(path).write_bytes(old)
        return in_a_child(lambda: attempt(program, number, url, path, (old, new)))

    points = one(-1)[0]
    tried = range(1 + offset % stride, points + 1, stride)
    failures = []
    for number in tried:
        _, where, is_real, found = one(number)
        if found:
            failures.append([where, is_real, found])
    return {"points": points, "tried": len(tried), "failures": failures}


if __name__ == "__main__":
    program, url, directory, stride, offset = sys.argv[1:]
    json.dump(run(program, url, directory, int(stride), int(offset)), sys.stdout)
