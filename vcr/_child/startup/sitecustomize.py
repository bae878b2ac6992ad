"""Run by Python as it starts, in a process that was started inside an open cassette or an open block of the network. It
must not import much: most of these processes make no request.

``multiprocessing`` runs it too, in a process that it starts or forks from a server.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # (typing takes longer to import than the rest of this file)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_VARIABLE = "VCR_CHILD_OF"
_HERE = os.path.dirname(os.path.abspath(__file__))
#: A program imports one of these before it can reach the network, hand a block on to a process, or open a cassette.
_FIRST = frozenset(
    (
        *("asyncio", "http", "multiprocessing", "socket", "subprocess", "vcr"),
        *("aiohttp", "boto", "curl_cffi", "grpc", "httpcore", "httpcore2", "httplib2", "httpx", "httpx2", "niquests"),
        *("pycurl", "requests", "tornado", "urllib3", "urllib3_future", "uvloop", "websockets"),
    )
)


def _start(value: str) -> None:
    """``value``: lines ``<what becomes of this process> <directory>``."""
    told = [(option, directory) for option, _, directory in (line.partition(" ") for line in value.splitlines())]
    left = [(option, directory) for option, directory in told if os.path.isdir(directory)]  # The others are over.
    for option, directory in left:
        if option == "ignore":
            sys.addaudithook(_reporting(directory))
    left = [(option, directory) for option, directory in left if option != "ignore"]
    if all(option == "block" for option, _ in left) and sys.modules.keys().isdisjoint(_FIRST):
        if left:
            sys.addaudithook(_joining_later(left))
        return
    try:
        _join(left)
    except Exception as error:  # noqa: BLE001  (the process goes on, but not in silence)
        _say(error, left)


def _join(left: list[tuple[str, str]]) -> None:
    """Join each of these, and take it out of the list."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
    sys.path.insert(0, root)  # (this may be another environment, with another version of vcr)
    try:
        import vcr  # noqa: F401
    finally:
        sys.path.remove(root)
    try:
        from vcr._child.join import join
    except ModuleNotFoundError:  # (or one without what vcr needs)
        sys.path.append(root)
        from vcr._child.join import join
    while left:
        join(*left[0])
        del left[0]


def _joining_later(left: list[tuple[str, str]]) -> Callable[[str, Any], None]:
    """A hook that joins these when the process imports what it needs for the network. Where that is done in the middle
    of an import, it may fail: it is done again with the first socket."""
    is_busy = False

    def hook(event: str, arguments: Any) -> None:
        nonlocal is_busy
        is_import = event == "import"
        if is_busy or not left or not (is_import or event.startswith("socket.")):
            return
        if is_import and arguments[0].partition(".")[0] not in _FIRST:
            return
        is_busy = True
        try:
            _join(left)
        except Exception as error:  # noqa: BLE001  (the process goes on, but not in silence)
            if not is_import or isinstance(error, ModuleNotFoundError):
                _say(error, left)
                left.clear()
        finally:
            is_busy = False

    return hook


def _say(error: Exception, left: list[tuple[str, str]]) -> None:
    """Tell the process that has opened the block, and of a cassette the user."""
    for option, directory in left:
        if option == "block":
            _tell(directory, "apart", f"{sys.executable} ({error!r})")
        else:
            lost = "nothing that it requests is recorded"
            sys.stderr.write(f"vcr: this process could not join the open cassette, and {lost}: {error!r}\n")


def _tell(directory: str, name: str, line: str) -> None:
    try:
        with open(os.path.join(directory, name), "a", encoding="utf-8") as file:
            file.write(line.replace("\n", " ") + "\n")
    except OSError:
        pass  # The cassette or the block is over.


def _reporting(directory: str) -> Callable[[str, Any], None]:
    """A hook that tells the parent which other machines this process connects to."""
    name = ""
    told: set[str] = set()

    def hook(event: str, arguments: Any) -> None:
        nonlocal name
        if event == "socket.getaddrinfo" and isinstance(arguments[0], str):
            name = arguments[0]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            host = name or str(arguments[1][0])
            if host not in told and host != "localhost" and not host.startswith(("127.", "::1")):
                told.add(host)
                _tell(directory, "connected", host)

    return hook


def _run_the_hidden_one() -> None:
    """Import the sitecustomize that this one hides, if there is one."""
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
    own = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # type: ignore[import-not-found]  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        sys.modules.setdefault("sitecustomize", own)


try:
    if given := globals().get(_VARIABLE) or os.environ.get(_VARIABLE):
        _start(given)
finally:
    if __name__ == "sitecustomize":
        _run_the_hidden_one()
