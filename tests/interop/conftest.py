"""The environments in which VCR.py is: its ``vcr`` cannot be where ours is."""

from __future__ import annotations

import os
import subprocess
import sys
import venv

import pytest

VERSIONS = ["8.5.0", pytest.param("9.4.2", marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="needs 3.11"))]


@pytest.fixture(scope="session", params=VERSIONS)
def theirs(request, tmp_path_factory) -> tuple[str, str]:
    """VCR.py's version, and a Python that has it."""
    if not os.environ.get("VCR_INTEROP"):
        pytest.skip("installs VCR.py into environments of its own: tox -e interop")
    directory = tmp_path_factory.mktemp("vcrpy")
    venv.create(directory, with_pip=True)
    python = str(directory / ("Scripts" if os.name == "nt" else "bin") / "python")
    packages = [f"vcrpy=={request.param}", "requests", "httplib2"]
    if request.param >= "9":
        packages += ["aiohttp", "boto3", "httpx", "httpx2", "pycurl", "tornado"]
    subprocess.run(
        [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *packages], timeout=300, check=True
    )
    command = [python, "-c", "import vcr; print(vcr.__version__)"]
    run = subprocess.run(command, cwd=directory, timeout=60, check=True, capture_output=True, text=True)
    assert run.stdout.strip() == request.param, "PYTHONPATH puts this package in the place of VCR.py"
    return request.param, python
