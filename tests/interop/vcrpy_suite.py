"""VCR.py 9.4.2's own test suite, run on this package: ``python -m tests.interop.vcrpy_suite``."""

from __future__ import annotations

import sys

import pytest_httpbin.certs

from tests.interop.suite import Suite, main

CERTIFICATE = pytest_httpbin.certs.where()

#: What stands in its pyproject.toml for pytest, and a file of its repository's root, which one test uploads.
FILES = {
    "pytest.ini": """[pytest]
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
markers = online
""",
    ".editorconfig": "root = true\n",
}

SUITE = Suite(
    "vcrpy==9.4.2",
    known="vcrpy_suite.txt",
    files=FILES,
    environ=dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), CERTIFICATE),
    arguments=("-n", "2"),
)

if __name__ == "__main__":
    sys.exit(main(SUITE))
