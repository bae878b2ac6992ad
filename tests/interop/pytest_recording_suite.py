"""pytest-recording's own test suite, run on this package: ``python -m tests.interop.pytest_recording_suite``.

Some of its tests ask for ``http://example.com``, to see that they are kept from it: that name is resolved here, to an
address that leads nowhere, so that the suite runs where there is no network.
"""

from __future__ import annotations

import sys

from tests.interop.suite import Suite, main

NAMES = '''"""Resolves the name of the host that the tests are kept from."""

import socket

resolve = socket.getaddrinfo


def getaddrinfo(host, *args, **kwargs):
    return resolve("192.0.2.1" if host == "example.com" else host, *args, **kwargs)


socket.getaddrinfo = getaddrinfo
'''

SUITE = Suite(
    "pytest-recording==0.14.1",
    known="pytest_recording_suite.txt",
    files={"conftest.py": NAMES},
    arguments=("-n", "2"),
)

if __name__ == "__main__":
    sys.exit(main(SUITE))
