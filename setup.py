"""The distribution keeps VCR.py's name, so that packages which depend on it are satisfied."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+?)"', (ROOT / "vcr" / "__init__.py").read_text(encoding="utf-8"))[1]

PAGE = "https://pypi.org/project/vcrpy/"
CLI = ["click>=8.2", "jsonschema>=4", "rich>=13"]
SERVE = ["h11>=0.14", "trustme>=1.1"]
CODINGS = ["brotli", 'backports.zstd; python_version < "3.14"']
CLIENTS = [
    "aiohttp",
    "boto3",
    "curl_cffi",
    "httplib2",
    "httpx[http2]",
    "httpx2",
    "pycurl",
    "requests",
    "tornado",
    "urllib3",
]

setup(
    name="vcrpy",
    version=VERSION,
    description="Records the HTTP traffic of any Python program to a file and replays it",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author="The vcr authors",
    license="MIT",
    project_urls={"Homepage": PAGE, "Documentation": PAGE},
    keywords=["http", "testing", "record", "replay", "cassette", "mock", "vcr", "vcrpy", "betamax", "pytest"],
    packages=find_packages(include=["vcr", "vcr.*"]),
    package_data={"vcr": ["py.typed", "cassette.schema.json"], "vcr.cli.page": ["*.html", "*.css", "*.js"]},
    entry_points={
        "console_scripts": ["vcr = vcr.cli:main"],
        # pytest takes the name, which is the module's, for the plugin's: ``-p vcr.pytest_plugin`` is the same plugin.
        "pytest11": ["vcr.pytest_plugin = vcr.pytest_plugin"],
    },
    python_requires=">=3.10",
    install_requires=["PyYAML>=6", "wrapt>=1.14"],
    extras_require={
        "cli": CLI,
        "clients": CLIENTS,
        "codings": CODINGS,
        "fsspec": ["fsspec"],
        "serve": [*CLI, *SERVE],
        "tests": [
            *CLI,
            *CLIENTS,
            *CODINGS,
            *SERVE,
            'boto==2.49.0; python_version < "3.12"',
            "PySocks",
            "fsspec",
            "gevent",
            "grpcio",
            "h2",
            "hypothesis",
            "pytest>=8",
            "pytest-cov",
            "pytest-randomly",
            "pytest-rerunfailures",
            "pytest-timeout",
            "pytest-xdist",
            "setuptools>=77",
            "trio",
            'uvloop; sys_platform != "win32"',
            "websockets",
        ],
    },
    classifiers=[
        "Development Status :: 4 - Beta",
        "Framework :: AsyncIO",
        "Framework :: Pytest",
        "Intended Audience :: Developers",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Internet :: WWW/HTTP",
        "Topic :: Software Development :: Testing",
        "Typing :: Typed",
    ],
)
