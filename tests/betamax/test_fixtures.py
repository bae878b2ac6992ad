"""``vcr.betamax``: the decorator, the fixtures for pytest and for unittest, and ``import betamax``."""

from __future__ import annotations

import importlib.util
import inspect
import subprocess
import sys
import unittest
from pathlib import Path
from textwrap import dedent

import pytest
import requests

import vcr.betamax
from vcr.betamax import Betamax, use_cassette
from vcr.betamax.fixtures.unittest import BetamaxTestCase

pytest_plugins = ["pytester"]
#: A module that pytest, or ``import betamax``, loads is tested in a process of its own.
pytestmark = pytest.mark.usefixtures("counted")

#: Whether Betamax itself is installed too.
BETAMAX = importlib.util.find_spec("betamax") is not None


def run(case: type[unittest.TestCase]) -> unittest.TestResult:
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


def cassettes() -> list[str]:
    return sorted(file.name for file in Path("library").iterdir())


# -- the decorator -----------------------------------------------------------------------------------------------------


def test_the_decorator_hands_over_a_session_of_its_own(counter):
    @use_cassette("decorated", cassette_library_dir="here")
    def fetch(session, greeting, *, mark):
        assert isinstance(session, requests.Session)
        return f"{greeting} {session.get(counter).text}{mark}"

    assert [fetch("hello", mark="!") for _ in range(2)] == ["hello 1!", "hello 1!"]
    assert Path("here/decorated.json").exists()


def test_the_decorator_hands_it_to_methods_after_self(counter):
    class Plain:
        @use_cassette("method", default_cassette_options={"record_mode": "all"})
        def fetch(self, session):
            return self, session.get(counter).text

    plain = Plain()
    assert [plain.fetch(), plain.fetch()] == [(plain, "1"), (plain, "2")]


def test_the_decorator_hands_it_to_test_cases(counter):
    class Case(unittest.TestCase):
        @use_cassette("case", match_requests_on=["method"])
        def test_it(self, session):
            assert session.get(counter).text == "1"

        @use_cassette("case")
        def test_it_under_another_name(this, session):  # noqa: N805
            assert session.get(counter).text == "1"

    assert run(Case).wasSuccessful()


def test_pytest_sees_the_other_arguments_of_a_decorated_function():
    @use_cassette("signature")
    def test_it(session, tmp_path):
        pass

    assert list(inspect.signature(test_it).parameters) == ["tmp_path"]


# -- unittest ----------------------------------------------------------------------------------------------------------


def test_a_test_case_has_a_session_with_a_cassette_named_after_the_test(counter):
    class TestIt(BetamaxTestCase):
        def test_get(self):
            assert self.session.get(counter).text == "1"
            assert self.recorder.current_cassette.cassette_name == "TestIt.test_get"

    assert run(TestIt).wasSuccessful()
    assert run(TestIt).wasSuccessful()
    assert cassettes() == ["TestIt.test_get.json"]


def test_a_test_case_may_have_another_session_and_another_library(counter):
    class Session(requests.Session):
        pass

    class TestIt(BetamaxTestCase):
        SESSION_CLASS = Session
        CASSETTE_LIBRARY_DIR = "elsewhere"

        def test_get(self):
            assert isinstance(self.session, Session)
            self.session.get(counter)

    assert run(TestIt).wasSuccessful()
    assert Path("elsewhere/TestIt.test_get.json").exists()


def test_a_session_class_must_be_one(counter):
    class TestIt(BetamaxTestCase):
        SESSION_CLASS = dict

        def test_get(self):
            raise AssertionError("it does not come to this")

    [(_, message)] = run(TestIt).failures
    assert "SESSION_CLASS is to be a subclass of requests.Session" in message


def test_a_set_up_that_fails_leaves_nothing_patched():
    class TestIt(BetamaxTestCase):
        def setUp(self):
            super().setUp()
            raise KeyError

        def test_get(self):
            raise AssertionError("it does not come to this")

    assert len(run(TestIt).errors) == 1


# -- pytest ------------------------------------------------------------------------------------------------------------

TESTS = """
    import os
    import pytest
    from betamax_face import use_cassette

    URL = os.environ["SERVER"] + "/counter"

    def test_session(betamax_session):
        assert betamax_session.get(URL).ok

    def test_recorder(betamax_recorder):
        assert betamax_recorder.session.get(URL).ok

    @pytest.mark.parametrize("word", ["a b", "c/d"])
    def test_each(betamax_parametrized_session, betamax_parametrized_recorder, word):
        assert betamax_parametrized_session is betamax_parametrized_recorder.session
        assert betamax_parametrized_session.get(URL, params={"word": word}).ok

    class TestGroup:
        def test_session(self, betamax_session):
            assert betamax_session.get(URL).ok

        @use_cassette("decorated")
        def test_decorated(self, session, tmp_path):
            assert session.get(URL).ok and tmp_path

    @use_cassette("decorated-too")
    def test_decorated(session):
        assert session.get(URL).ok
"""


@pytest.mark.parametrize("name", ["vcr.betamax", "betamax"])
def test_the_fixtures_of_pytest(pytester, server, monkeypatch, name):
    monkeypatch.setenv("SERVER", server.url)
    pytester.makeconftest(
        f"""
        import vcr.betamax
        vcr.betamax.install()
        pytest_plugins = ["{name}.fixtures.pytest"]
        import {name} as face
        face.Betamax.configure().cassette_library_dir = "library"
        """
    )
    pytester.makepyfile(test_it=dedent(TESTS).replace("betamax_face", name))
    for _ in ("record", "replay"):
        run = pytester.runpytest_subprocess("-Werror", "-p", "no:randomly", "-p", "no:pytest-betamax", timeout=60)
        run.assert_outcomes(passed=7)
    assert server.hits == 7
    assert sorted(file.name for file in (pytester.path / "library").iterdir()) == [
        "decorated-too.json",
        "decorated.json",
        "test_it.TestGroup.test_session.json",
        "test_it.test_each[a-b].json",
        "test_it.test_each[c-d].json",
        "test_it.test_recorder.json",
        "test_it.test_session.json",
    ]


@pytest.mark.skipif(not BETAMAX, reason="Betamax is not installed")
def test_where_betamax_is_installed_too_its_pytest_plugin_is_warned_of_unless_install_came_first(pytester):
    source = "import vcr.betamax\nvcr.betamax.install()\n"
    pytester.makepyfile("import betamax, vcr.betamax\ndef test_it(): assert betamax is vcr.betamax")
    pytester.makeconftest(source)
    result = pytester.runpytest_subprocess(timeout=60)
    result.assert_outcomes(passed=1, warnings=1)
    result.stdout.fnmatch_lines("*was imported before vcr.betamax.install()*")
    pytester.makeconftest("")
    pytester.makepyfile(early=source)
    pytester.syspathinsert()
    result = pytester.runpytest_subprocess("-Werror", "-p", "early", timeout=60)
    result.assert_outcomes(passed=1)


@pytest.mark.skipif(BETAMAX, reason="Betamax registers its own")
def test_the_fixtures_are_nobodys_who_has_not_asked(pytester):
    pytester.makepyfile("def test_it(betamax_session): pass")
    result = pytester.runpytest_subprocess(timeout=60)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'betamax_session' not found"])


# -- import betamax ----------------------------------------------------------------------------------------------------


def in_a_new_interpreter(source: str) -> str:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(source)],
        cwd=Path(vcr.__file__).parents[1],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_import_betamax_is_this_package_after_install_and_until_uninstall():
    in_a_new_interpreter(
        """
        import sys, importlib, vcr.betamax, vcr.betamax.cassette
        spec = vcr.betamax.__spec__
        vcr.betamax.install()
        vcr.betamax.install()
        import betamax, betamax.cassette.cassette, betamax.fixtures.unittest, betamax.exceptions
        from betamax.cassette import Cassette
        from betamax.fixtures.pytest import _casette_name
        assert betamax is vcr.betamax and Cassette is vcr.betamax.cassette.Cassette
        assert sys.modules["betamax.exceptions"] is sys.modules["vcr.betamax.exceptions"]
        assert vcr.betamax.__spec__ is spec and vcr.betamax.exceptions.__spec__.name == "vcr.betamax.exceptions"
        try:
            import betamax.no_such
        except ModuleNotFoundError as error:
            assert error.name == "betamax.no_such"
        vcr.betamax.uninstall()
        vcr.betamax.uninstall()
        assert not [name for name in sys.modules if name.startswith("betamax")]
        found = importlib.util.find_spec("betamax")
        assert found is None or "vcr" not in found.origin
        """
    )


def test_another_finder_that_comes_to_stand_before_the_installed_one_does_not_lead_elsewhere(tmp_path):
    """As pytest's does when ``install`` is called before pytest starts, and Betamax is installed as well."""
    (tmp_path / "betamax").mkdir()
    for name in ("__init__", "cassette", "only_there"):
        (tmp_path / "betamax" / f"{name}.py").write_text("")
    in_a_new_interpreter(
        f"""
        import sys, vcr.betamax
        vcr.betamax.install()
        from importlib.machinery import PathFinder
        sys.path.insert(0, {str(tmp_path)!r})
        sys.meta_path.insert(0, PathFinder)
        import betamax, betamax.cassette, betamax.fixtures.unittest as fixture
        assert betamax is vcr.betamax and betamax.cassette is vcr.betamax.cassette
        assert fixture.recorder is vcr.betamax.recorder
        try:
            import betamax.only_there
        except ModuleNotFoundError:
            pass
        else:
            raise AssertionError(betamax.only_there)
        """
    )


def test_a_betamax_that_was_imported_before_is_warned_of_and_comes_back():
    in_a_new_interpreter(
        """
        import sys, types
        import warnings
        before = sys.modules["betamax"] = types.ModuleType("betamax")
        import vcr.betamax
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            vcr.betamax.install()
        [warning] = caught
        assert "was imported before vcr.betamax.install()" in str(warning.message), warning
        import betamax
        assert betamax is vcr.betamax
        vcr.betamax.uninstall()
        import betamax
        assert betamax is before
        """
    )


def test_the_packages_that_extend_betamax_extend_this_one(server):
    pytest.importorskip("betamax_matchers")
    pytest.importorskip("betamax_serializers")
    in_a_new_interpreter(
        f"""
        import tempfile, vcr.betamax
        vcr.betamax.install()
        import betamax, requests
        from betamax_matchers import json_body, form_urlencoded, multipart
        from betamax_serializers import pretty_json
        betamax.Betamax.register_serializer(pretty_json.PrettyJSONSerializer)
        for matcher in (json_body.JSONBodyMatcher, form_urlencoded.URLEncodedBodyMatcher):
            assert issubclass(matcher, vcr.betamax.BaseMatcher)
            betamax.Betamax.register_request_matcher(matcher)
        betamax.Betamax.register_request_matcher(multipart.MultipartFormDataBodyMatcher)
        session = requests.Session()
        options = dict(serialize_with="prettyjson", match_requests_on=["uri", "json-body"])
        with tempfile.TemporaryDirectory() as library, session:
            for data in ({{"a": 1, "b": 2}}, {{"b": 2, "a": 1}}):
                with betamax.Betamax(session, library).use_cassette("x", **options):
                    assert session.post("{server.url}/echo", json=data).ok
        """
    )
    assert server.hits == 1


def test_neither_import_vcr_imports_this_nor_this_pytest():
    in_a_new_interpreter(
        """
        import sys, vcr
        assert "requests" not in sys.modules and "vcr.betamax" not in sys.modules
        import vcr.betamax
        assert "pytest" not in sys.modules and "unittest" in sys.modules
        """
    )


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("", "Betamax BetamaxError BaseMatcher BaseSerializer use_cassette __version__ __version_info__"),
        (".adapter", "BetamaxAdapter"),
        (".cassette", "Cassette Interaction dispatch_hooks"),
        (".cassette.cassette", "Cassette Interaction Placeholder merge_placeholder_lists dispatch_hooks"),
        (".cassette.interaction", "Interaction"),
        (".configure", "Configuration"),
        (".decorator", "use_cassette"),
        (".exceptions", "BetamaxError MissingDirectoryError ValidationError InvalidOption validation_error_map"),
        (".fixtures.pytest", "_cassette_name _casette_name betamax_session"),
        (".fixtures.unittest", "BetamaxTestCase"),
        (".headers", "HTTPHeaderDict"),
        (".matchers", "BaseMatcher HeadersMatcher DigestAuthMatcher matcher_registry"),
        (".mock_response", "MockHTTPResponse"),
        (".options", "Options validate_record validate_matchers validate_placeholders validate_serializer"),
        (".recorder", "Betamax"),
        (".serializers", "BaseSerializer JSONSerializer SerializerProxy serializer_registry"),
        (".serializers.base", "BaseSerializer"),
        (".serializers.json_serializer", "JSONSerializer"),
        (".serializers.proxy", "SerializerProxy"),
        (".util", "deserialize_prepared_request serialize_response add_urllib3_response coerce_content"),
    ],
)
def test_what_projects_import_is_there(module, names):
    imported = __import__(f"vcr.betamax{module}", fromlist=["*"])
    assert [name for name in names.split() if not hasattr(imported, name)] == []


def test_the_helpers_of_betamax_matchers(interaction):
    from vcr.betamax import util

    request = util.deserialize_prepared_request(interaction("http://h.example/a?b=1", sent="x", A="b")["request"])
    assert (request.method, request.url, request.body) == ("GET", "http://h.example/a?b=1", "x")
    assert request.headers == {"A": "b"}
    assert (util.from_list(["a", "b"]), util.from_list("a")) == ("a", "a")
    assert (util.coerce_content(b"\xc3\xa9"), util.coerce_content("a"), util.coerce_content(None)) == ("é", "a", None)


def test_the_configuration_is_one(configuration):
    assert Betamax.configure().default_cassette_options is configuration.default_cassette_options
