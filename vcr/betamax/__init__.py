"""Betamax's interface to this package's engine.

A program that uses Betamax changes its import to ``from vcr.betamax import Betamax``. With ``vcr.betamax.install()`` it
changes nothing. The README lists the differences.

PYTEST_DONT_REWRITE: this word in a docstring tells pytest not to rewrite the assertions of this module. If Betamax is
installed as well, pytest wants to rewrite the module ``betamax``, which may be this one, and would warn that it is too
late for that.
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
