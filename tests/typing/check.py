"""Asks mypy and pyright about the files beside this one: ``python -m tests.typing.check``.

``right.py`` must pass. In ``mistakes.py`` each line that ends in ``# mistake`` must be reported, and no other.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FILES = [HERE / "right.py", HERE / "mistakes.py"]


def mypy() -> set[tuple[str, int]]:
    """The lines that mypy reports: ``(name of the file, number of the line)``."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *map(str, FILES)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    print(run.stdout, run.stderr)
    found = re.findall(r"^(?:.*[/\\])?(\w+\.py):(\d+): error:", run.stdout, re.MULTILINE)
    return {(file, int(line)) for file, line in found}


def pyright() -> set[tuple[str, int]]:
    """The lines that pyright reports."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *map(str, FILES)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    reported = json.loads(run.stdout)["generalDiagnostics"]
    for one in reported:
        print(Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["message"])
    errors = (one for one in reported if one["severity"] == "error")
    return {(Path(one["file"]).name, one["range"]["start"]["line"] + 1) for one in errors}


def main() -> int:
    """Compare what each checker reports with what is marked. Returns 0 when both are right."""
    marked = {
        (file.name, number)
        for file in FILES
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# mistake\b", line) and "``" not in line
    }
    status = 0
    for checker in (mypy, pyright):
        reported = checker()
        for file, line in sorted(marked - reported):
            print(f"{checker.__name__}: {file}, line {line}: the mistake is not reported")
        for file, line in sorted(reported - marked):
            print(f"{checker.__name__}: {file}, line {line}: reported, but no mistake")
        status = status if reported == marked else 1
    return status


if __name__ == "__main__":
    sys.exit(main())
