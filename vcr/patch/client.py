"""What is known of a client before it is imported: its names and its tested versions. It must not import a client."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple


class Client(NamedTuple):
    """A client that vcr records, as its file in ``vcr/patch`` declares it.

    ``name``: what ``skip_patchers`` calls it. ``module``: what its users import. ``distribution``: what installs it;
    None for the standard library. ``tested``: the versions that the conformance suite runs with. ``package``: where
    its connection or transport classes live, if not in ``module``'s own. ``engine``: the package below it that sends
    its requests, if there is one that is no client of this list.
    """

    name: str
    module: str
    distribution: str | None
    tested: str
    package: str = ""
    engine: str = ""

    @property
    def homes(self) -> set[str]:
        """The top-level packages of the classes that its requests pass through."""
        return {self.package or self.module.partition(".")[0], self.engine} - {""}

    @property
    def version(self) -> str | None:
        """The version that is installed; None when there is none."""
        if self.distribution is None:
            return sys.version.split()[0].rstrip("+")
        metadata = importlib.import_module("importlib.metadata")
        try:
            return str(metadata.version(self.distribution))
        except metadata.PackageNotFoundError:
            return None

    def version_of(self, module: object) -> str:
        """The version that ``module``, whatever it looks like, says it is; else the one that is installed."""
        try:
            version = getattr(module, "__version__", None)
        except Exception:  # noqa: BLE001  (an odd module may raise anything: it does not say)
            version = None
        return version if isinstance(version, str) else self.version or "(of an unknown version)"

    @property
    def imported(self) -> bool:
        """Whether the program has imported it."""
        return self.module in sys.modules


class ClientStatus(NamedTuple):
    """A supported client, as ``vcr.clients()`` lists it.

    ``version``: the installed one, or None. ``tested``: the versions that vcr is tested with. ``active``: whether it is
    imported and a cassette is open, so that its requests pass through vcr now.
    """

    name: str
    module: str
    version: str | None
    tested: str
    active: bool
