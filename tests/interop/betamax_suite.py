"""Betamax 0.9.0's own test suite, run on ``vcr.betamax``: ``python -m tests.interop.betamax_suite``."""

from __future__ import annotations

import sys

from tests.interop.suite import HERE, Suite, main

SUITE = Suite(
    "betamax==0.9.0",
    known="betamax_suite.txt",
    files={
        "conftest.py": (HERE / "betamax_conftest.py").read_text(encoding="utf-8"),
        "pytest.ini": "[pytest]\n",
    },
)

if __name__ == "__main__":
    sys.exit(main(SUITE))
