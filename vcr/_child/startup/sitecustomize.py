"""Run by Python as it starts, in a process that was started inside an open cassette. It must not import much: most of
these processes make no request.

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


def _start(value: str) -> None:
    """``value``: ``<child_processes> <directory>``."""
    option, _, directory = value.partition(" ")
    if not os.path.isdir(directory):
        return  # The cassette is over.
    if option == "ignore":
        sys.addaudithook(_reporting(directory))
        return
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
    join(option, directory)


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
                try:
                    with open(os.path.join(directory, "connected"), "a", encoding="utf-8") as file:
                        file.write(f"{host}\n")
                except OSError:
                    pass  # The cassette is over.

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
except Exception as error:  # noqa: BLE001  (the process goes on, but not in silence)
    sys.stderr.write(
        f"vcr: this process could not join the open cassette, and nothing that it requests is recorded: {error!r}\n"
    )
finally:
    if __name__ == "sitecustomize":
        _run_the_hidden_one()
