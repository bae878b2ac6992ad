"""``vcr.unittest``: a cassette for each test; and ``VCR.test_case``: one for each test method."""

from __future__ import annotations

import asyncio
import inspect
import os
import unittest
import urllib.request
from pathlib import Path

import pytest

import vcr
from vcr.unittest import VCRIsolatedAsyncioTestCase, VCRMixin, VCRTestCase


@pytest.fixture
def counter(server) -> str:
    """Answers 1, 2, 3 …"""
    return f"{server.url}/counter"


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def run(case: type[unittest.TestCase]) -> unittest.TestResult:
    """The result of all tests of a class."""
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def cassettes() -> list[str]:
    """What has been saved, in the directory that ``here`` chooses."""
    return sorted(file.name for file in Path("here").glob("*"))


@pytest.fixture
def here():
    """Mixed in: cassettes go into the test's own directory."""

    class Here:
        def _get_cassette_library_dir(self):
            return "here"

    return Here


# -- VCRTestCase -------------------------------------------------------------------------------------------------------


def test_each_test_has_a_cassette_named_after_it(here, counter, server):
    class Case(here, VCRTestCase):
        def test_one(self):
            assert fetch(counter) == b"1"
            assert len(self.cassette) == 1

        def test_two(self):
            assert fetch(counter) == b"2"

    assert run(Case).wasSuccessful()
    assert run(Case).wasSuccessful()
    assert server.hits == 2
    assert cassettes() == ["Case.test_one.yaml", "Case.test_two.yaml"]


def test_cassettes_are_beside_the_file_of_the_test():
    class Case(VCRTestCase):
        def test_one(self): ...

    expected = Path(inspect.getfile(Case)).parent / "cassettes"
    assert Case("test_one")._get_cassette_library_dir() == str(expected)


def test_the_recorder_its_options_and_the_name_can_be_chosen(counter):
    class Case(VCRTestCase):
        def _get_vcr(self, **kwargs):
            return super()._get_vcr(cassette_library_dir="here", **kwargs)

        def _get_vcr_kwargs(self, **kwargs):
            return super()._get_vcr_kwargs(record_mode="new_episodes", **kwargs)

        def _get_cassette_name(self):
            return "chosen"

        def test_one(self):
            assert self.cassette.record_mode == vcr.mode.NEW_EPISODES
            fetch(counter)

    assert run(Case).wasSuccessful()
    assert cassettes() == ["chosen"]


@pytest.mark.parametrize("enabled", [True, False])
def test_a_class_can_do_without(here, counter, enabled):
    class Case(here, VCRTestCase):
        vcr_enabled = enabled

        def test_one(self):
            fetch(counter)
            assert hasattr(self, "cassette") == enabled

    assert run(Case).wasSuccessful()
    assert len(cassettes()) == enabled


def test_the_mixin_goes_in_front_of_any_test_case(here, counter):
    class Base(unittest.TestCase):
        def setUp(self):
            self.prepared = True

    class Case(here, VCRMixin, Base):
        def test_one(self):
            assert self.prepared
            fetch(counter)

    assert run(Case).wasSuccessful()
    assert cassettes() == ["Case.test_one.yaml"]


def test_set_up_tear_down_and_cleanups_are_inside(here, counter):
    class Case(here, VCRTestCase):
        def setUp(self):
            super().setUp()
            fetch(counter)
            self.addCleanup(fetch, counter)

        def tearDown(self):
            fetch(counter)

        def test_one(self):
            fetch(counter)

    run(Case)
    with vcr.use_cassette("here/Case.test_one.yaml") as cassette:
        assert len(cassette) == 4


def test_a_set_up_that_fails_leaves_no_cassette_open(here, counter):
    class Case(here, VCRTestCase):
        def setUp(self):
            super().setUp()
            raise LookupError

        def test_one(self): ...

    assert len(run(Case).errors) == 1  # and conftest finds nothing left behind


def test_async_tests_have_one_too(here, counter, server):
    class Case(here, VCRMixin, unittest.IsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            fetch(counter)
            self.addAsyncCleanup(self.cleaned_up)

        async def test_one(self):
            tasks = [asyncio.create_task(asyncio.to_thread(fetch, counter)) for _ in range(3)]
            assert sorted(await asyncio.gather(*tasks)) == [b"2", b"3", b"4"]

        async def asyncTearDown(self):
            fetch(counter)

        async def cleaned_up(self):
            assert fetch(counter) == b"6"

    assert run(Case).wasSuccessful()
    assert run(Case).wasSuccessful()
    assert server.hits == 6
    with vcr.use_cassette("here/Case.test_one.yaml") as cassette:
        assert len(cassette) == 6


def test_the_directory_of_the_cassettes_is_asked_for_when_it_is_needed():
    class Case(VCRTestCase):
        def _get_vcr_kwargs(self):
            return {"cassette_library_dir": "here"}

        def _get_cassette_library_dir(self):
            raise LookupError("there is none")

        def test_one(self):
            assert self.cassette.path == os.path.join("here", "Case.test_one.yaml")

    assert run(Case).wasSuccessful()


# -- what has become of the test ------------------------------------------------------------------------------------


def fails(test):
    test.fail("on purpose")


def raises(_):
    raise LookupError


def fails_in_a_subtest(test):
    with test.subTest():
        test.fail("on purpose")


def skips(test):
    test.skipTest("on purpose")


def passes(_): ...


@pytest.mark.parametrize("end", [fails, raises, fails_in_a_subtest, skips, passes])
@pytest.mark.parametrize("kind", [unittest.TestCase, unittest.IsolatedAsyncioTestCase])
@pytest.mark.parametrize("record_on_exception", [True, False])
def test_a_test_that_did_not_pass_is_not_saved_if_so_wished(kind, end, record_on_exception, here, counter):
    class Case(here, VCRMixin, kind):
        def _get_vcr_kwargs(self):
            return {"record_on_exception": record_on_exception}

        def test_one(self):
            fetch(counter)
            end(self)

    assert run(Case).wasSuccessful() == (end in (passes, skips))
    assert bool(cassettes()) == (record_on_exception or end is passes)


def test_a_failing_tear_down_counts(here, counter):
    class Case(here, VCRTestCase):
        def _get_vcr_kwargs(self):
            return {"record_on_exception": False}

        def tearDown(self):
            raise LookupError

        def test_one(self):
            fetch(counter)

    assert len(run(Case).errors) == 1
    assert cassettes() == []


# -- VCR.test_case -----------------------------------------------------------------------------------------------------


@pytest.fixture
def recorder() -> vcr.VCR:
    return vcr.VCR(cassette_library_dir="here", path_transformer=vcr.VCR.ensure_suffix(".yaml"))


def test_every_test_method_has_a_cassette_named_after_it(recorder, counter):
    class Case(unittest.TestCase, recorder.test_case()):
        def test_one(self):
            fetch(counter)
            self.helper()

        def helper(self):
            assert vcr._active.current().path == "here/test_one.yaml"

    assert run(Case).wasSuccessful()
    assert cassettes() == ["test_one.yaml"]


def test_a_method_that_comes_later_and_one_of_a_subclass_have_one_too(recorder, counter):
    class Base(recorder.test_case()):
        pass

    class Derived(Base):
        def test_derived(self):
            fetch(counter)

    def test_later(self):
        fetch(counter)

    Base.test_later = test_later
    Derived().test_derived()
    Derived().test_later()
    assert cassettes() == ["test_derived.yaml", "test_later.yaml"]


def test_a_predicate_chooses_the_methods(recorder, counter):
    class Case(recorder.test_case(lambda name, value: name == "check")):
        def check(self):
            fetch(counter)

        def test_one(self):
            fetch(counter)

    Case().check()
    Case().test_one()
    assert cassettes() == ["check.yaml"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("test_one", fetch, True),
        ("test", fetch, True),
        ("check", fetch, False),
        ("test_one", "text", False),
        ("test_one", unittest.TestCase, False),
    ],
)
def test_what_a_test_method_is(name, value, expected):
    assert vcr.VCR.is_test_method(name, value) is expected


# -- asynchronous tests, strictness ------------------------------------------------------------------------------------


def test_asynchronous_tests_have_cassettes_too(here, counter, server):
    class Case(here, VCRIsolatedAsyncioTestCase):
        async def asyncSetUp(self):
            self.first = await asyncio.to_thread(fetch, counter)
            self.addAsyncCleanup(self.close)

        async def close(self):
            assert fetch(counter) == b"3"

        async def test_one(self):
            assert [self.first, fetch(counter)] == [b"1", b"2"]
            assert len(self.cassette.sent) == 2

    result = run(Case)
    assert result.wasSuccessful(), result.failures + result.errors
    assert server.hits == 3
    assert run(Case).wasSuccessful()
    assert server.hits == 3
    assert cassettes() == ["Case.test_one.yaml"]


def test_a_rewrite_of_a_test_that_fails_leaves_the_cassette(here, counter, server, monkeypatch):
    class Case(here, VCRTestCase):
        fails = False

        def _get_vcr_kwargs(self):
            return {"record_mode": "rewrite"}

        def test_one(self):
            fetch(counter)
            assert not self.fails

    assert run(Case).wasSuccessful()
    before = Path("here/Case.test_one.yaml").read_bytes()
    Case.fails = True
    assert not run(Case).wasSuccessful()
    assert Path("here/Case.test_one.yaml").read_bytes() == before
    assert server.hits == 2


def test_a_test_can_be_strict(here, counter):
    class Case(here, VCRTestCase):
        asks = True

        def _get_vcr_kwargs(self):
            return {"on_unused": "error", "on_refused": "raise"}

        def test_one(self):
            if self.asks:
                fetch(counter)

        def test_expected(self):
            fetch(counter)
            if not self.asks:
                with self.assertRaisesRegex(Exception, "Can't play back"):  # noqa: PT027
                    fetch(counter + "/other")

    assert run(Case).wasSuccessful()
    Case.asks = False
    ((test, text),) = run(Case).failures
    assert test.id().endswith("test_one")
    assert "nothing asked for 1 of the 1 interaction" in text
