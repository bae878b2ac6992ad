"""Room: a virtual environment for each recorder, kept between runs. The clients are the same in each of them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from .model import BETAMAX, CASSETTER, FLOOR, OURS, VCRPY

ROOT = Path(__file__).resolve().parent.parent

CLIENTS = ("aiohttp==3.14.5", "httplib2==0.32.1", "httpx==0.28.1", "requests==2.34.2", "urllib3==2.8.0")

RECORDERS = {
    OURS: ("--config-settings", "editable_mode=compat", "-e", str(ROOT)),  # a path, and no import hook
    VCRPY: ("vcrpy==9.4.2",),
    BETAMAX: ("betamax==0.9.0",),
    CASSETTER: ("cassetter==0.16.1",),
}


def python(contender: str, cache: Path) -> Path:
    """The contender's interpreter; its environment is made if there is none. The floor has ours, and uses the clients
    and PyYAML only."""
    owner = OURS if contender == FLOOR else contender
    wanted = (*CLIENTS, *RECORDERS[owner])
    stamp = hashlib.sha256(repr((sys.version, wanted)).encode()).hexdigest()[:12]
    home = cache / f"{owner}-{stamp}"
    interpreter = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    finished = home / "finished"
    if not finished.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([interpreter, "-m", "pip", "install", "--quiet", *wanted], check=True)
        finished.touch()
    return interpreter
