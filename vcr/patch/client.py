"""What vcr knows of a client before the client is imported: names and tested versions. It must not import a client."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple


class Client(NamedTuple):
    """A client that vcr records, as the file of the client in ``vcr/patch`` declares it.

    ``name``: its name in ``skip_patchers``. ``module``: what its users import. ``distribution``: what they install;
    None for the standard library. ``tested``: the versions that the conformance suite runs with. ``package``: the
    top-level package of its connections or transports; empty where that is the package of ``module``. ``engine``: a
    package that sends requests for the client and is no client itself, if there is one (httpcore for httpx).
    """

    name: str
    module: str
    distribution: str | None
    tested: str
    package: str = ""
    engine: str = ""

    @property
    def homes(self) -> set[str]:
        """The top-level packages of the classes through which the client's requests pass."""
        return {self.package or self.module.partition(".")[0], self.engine} - {""}

    @property
    def version(self) -> str | None:
        """The installed version; None when the client is not installed."""
        if self.distribution is None:
            return sys.version.split()[0].rstrip("+")
        metadata = importlib.import_module("importlib.metadata")
        try:
            return str(metadata.version(self.distribution))
        except metadata.PackageNotFoundError:
            return None

    def version_of(self, module: object) -> str:
        """The version that ``module`` gives, which may be a stand-in; otherwise the installed version."""
        try:
            version = getattr(module, "__version__", None)
        except Exception:  # noqa: BLE001  (a stand-in may raise anything: it gives no version)
            version = None
        return version if isinstance(version, str) else self.version or "(of an unknown version)"

    @property
    def imported(self) -> bool:
        """Whether the program has imported the client."""
        return self.module in sys.modules


class ClientStatus(NamedTuple):
    """A supported client, as ``vcr.clients()`` lists it.

    ``version``: the installed version, or None. ``tested``: the versions with which vcr is tested. ``active``: whether
    the client is imported and a cassette is open, so that the client's requests go to cassettes now.
    """

    name: str
    module: str
    version: str | None
    tested: str
    active: bool
