"""Betamax's interface on this package's engine.

``from vcr.betamax import Betamax`` is all that changes in a program that has used Betamax; after
``vcr.betamax.install()`` not even that. README lists what its users may notice.

PYTEST_DONT_REWRITE: where Betamax is installed as well, pytest rewrites the assertions of what ``betamax`` means, and
would warn that it comes too late.
"""

from __future__ import annotations

from .alias import install, uninstall
from .decorator import use_cassette
from .exceptions import BetamaxError
from .matchers import BaseMatcher
from .recorder import Betamax
from .serializers import BaseSerializer

#: The version of Betamax whose interface this is.
__version__ = "0.9.0"
__version_info__ = (0, 9, 0)

__all__ = [
    "BaseMatcher",
    "BaseSerializer",
    "Betamax",
    "BetamaxError",
    "__version__",
    "install",
    "uninstall",
    "use_cassette",
]
