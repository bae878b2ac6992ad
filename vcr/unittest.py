"""Gives each test of a ``unittest.TestCase`` a cassette of its own, named after the test. It must not know a client."""

from __future__ import annotations

import inspect
import os
import unittest
from typing import TYPE_CHECKING, Any

from .cassette import Cassette
from .config import VCR

if TYPE_CHECKING:
    from ._context import CassetteContextDecorator

    _Test = unittest.TestCase
else:
    _Test = object


class VCRMixin(_Test):
    """A base class to stand in front of ``unittest.TestCase``: ``self.cassette`` is open during each test.

    It is opened in ``setUp``, and closed after all other cleanups. The methods may be overridden. In a class, or a
    test, with ``vcr_enabled = False`` no cassette is opened.
    """

    vcr_enabled = True
    cassette: Cassette
    _did_not_pass = False

    def setUp(self) -> None:
        """Open the cassette."""
        super().setUp()
        if self.vcr_enabled:
            recorder = self._get_vcr(**self._get_vcr_kwargs())
            context = recorder.use_cassette(self._get_cassette_name())
            self.cassette = context.__enter__()
            # A refusal that the test itself catches is expected, not swallowed.
            self.cassette.is_file_of_block = inspect.getfile(type(self)).__eq__
            self.addCleanup(self._close_cassette, context)

    def doCleanups(self) -> None:  # noqa: N802  (unittest's name)
        """Run the cleanups. The last one closes the cassette, and needs to know whether the test has passed."""
        outcome = getattr(self, "_outcome", None)  # the only place where unittest says so (3.10 to 3.13)
        self._did_not_pass = outcome is not None and not outcome.success
        return super().doCleanups()

    def _close_cassette(self, context: CassetteContextDecorator) -> None:
        failure = self.failureException("the test did not pass") if self._did_not_pass else None
        context.__exit__(type(failure) if failure else None, failure, None)

    def _get_vcr(self, **kwargs: Any) -> VCR:
        """The VCR to use, with these options."""
        if "cassette_library_dir" not in kwargs:  # asked for only then: the test's file may not exist
            kwargs["cassette_library_dir"] = self._get_cassette_library_dir()
        return VCR(**kwargs)

    def _get_vcr_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        """Options of the VCR."""
        return kwargs

    def _get_cassette_library_dir(self) -> str:
        """Where the cassettes are: ``cassettes`` beside the test's file."""
        return os.path.join(os.path.dirname(inspect.getfile(type(self))), "cassettes")

    def _get_cassette_name(self) -> str:
        """The name of this test's cassette."""
        return f"{type(self).__name__}.{self._testMethodName}.yaml"


class VCRTestCase(VCRMixin, unittest.TestCase):
    """A test case with a cassette for each test."""


class VCRIsolatedAsyncioTestCase(VCRMixin, unittest.IsolatedAsyncioTestCase):
    """A test case with a cassette for each test, whose tests may be coroutines."""
