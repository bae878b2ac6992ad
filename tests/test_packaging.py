"""What is given away: the source distribution has everything that a checkout has, and the metadata is true."""

from __future__ import annotations

import email
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import vcr

pytest.importorskip("setuptools")

ROOT = Path(__file__).parents[1]
#: What tools make in a checkout is not part of the checkout. setuptools copies the files of a distribution to
#: ``vcrpy-VERSION`` while it builds one, as tox may do for another environment while these tests run.
MADE = shutil.ignore_patterns(
    *(".git", ".tox", ".venv", "venv", "build", "dist", "vcrpy-*", "*.egg-info"),
    *("__pycache__", "*.pyc", ".*_cache", ".hypothesis", ".coverage", ".coverage.*"),
)
BUILD = "import sys; from setuptools import build_meta; print(build_meta.build_sdist(sys.argv[1]))"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of the checkout."""
    copied = tmp_path_factory.mktemp("packaging") / "checkout"
    shutil.copytree(ROOT, copied, ignore=MADE)
    return copied


@pytest.fixture(scope="module")
def archive(checkout) -> Path:
    """The source distribution, unpacked."""
    shutil.copytree(checkout, checkout.with_name("built"))
    command = [sys.executable, "-c", BUILD, str(checkout.parent)]
    run = subprocess.run(
        command, cwd=checkout.with_name("built"), check=True, capture_output=True, text=True, timeout=120
    )
    name = run.stdout.split()[-1]
    with tarfile.open(checkout.parent / name) as packed:
        # (The earliest Pythons of 3.10 and 3.11 have no filters.)
        packed.extractall(checkout.parent, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return checkout.parent / name.removesuffix(".tar.gz")


def files(directory: Path) -> set[str]:
    return {str(file.relative_to(directory)) for file in directory.rglob("*") if file.is_file()}


def test_the_source_distribution_has_every_file_of_a_checkout(checkout, archive):
    assert files(checkout) - files(archive) == set()


def test_the_metadata_is_true(archive):
    metadata = email.message_from_bytes((archive / "PKG-INFO").read_bytes())
    assert (metadata["Name"], metadata["Version"]) == ("vcrpy", vcr.__version__)
    assert metadata["Author"] in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert {name.partition(",")[0] for name in metadata.get_all("Project-URL")} == {"Homepage", "Documentation"}
    assert {"cli", "clients", "codings", "fsspec", "tests"} <= set(metadata.get_all("Provides-Extra"))
    assert "Framework :: Pytest" in metadata.get_all("Classifier")
    assert metadata["Keywords"]
