"""Marks and fixtures: which cassette a test has, and what is recorded into it."""

from __future__ import annotations

import yaml

pytest_plugins = ["pytester"]

CASSETTE = "cassettes/test_network/test_single.yaml"
MARKED = """
    @pytest.mark.vcr
    def test_single():
        assert fetch() == "1"
"""


def test_a_marked_test_is_recorded_and_replayed(project):
    project.write(MARKED)
    project.run("--record-mode=once", passed=1)
    assert (project.hits, project.cassettes()) == (1, [CASSETTE])
    project.run(passed=1)
    project.run("--block-network", passed=1)
    assert project.hits == 0


def test_a_test_without_the_mark_is_left_alone(project):
    project.write("def test_plain(vcr): assert (fetch(), vcr) == ('1', None)")
    project.run(passed=1)
    assert (project.hits, project.cassettes()) == (1, [])


def test_the_cassette_is_a_fixture(project):
    project.write(
        """
        @pytest.mark.vcr
        def test_marked(vcr, vcr_cassette):
            assert vcr is vcr_cassette
            assert (fetch(), fetch("/text?a")[:5]) == ("1", "To be")
            assert vcr.sent == [f"GET {URL}/counter", f"GET {URL}/text?a"]
            assert vcr.play_count in (0, 2)

        def test_unmarked(vcr_cassette):
            assert fetch("/text")[:5] == "To be"
            assert vcr_cassette.path.endswith("test_unmarked.yaml")
        """
    )
    project.run("--record-mode=once", passed=2)
    project.run(passed=2)
    assert project.hits == 3


def test_marks_are_merged_from_the_module_to_the_function(project):
    project.write(
        """
        pytestmark = pytest.mark.vcr(filter_query_parameters=["of_module"], match_on=["method", "path"])

        @pytest.fixture(scope="module")
        def vcr_config():
            return {"filter_query_parameters": ["of_config"], "filter_headers": ["user-agent"]}

        @pytest.mark.vcr(filter_query_parameters=["of_class"])
        class TestClass:
            def test_class(self):
                fetch("/text?of_config=1&of_module=1&of_class=1&of_test=1")

            @pytest.mark.vcr(filter_query_parameters=["of_test"])
            def test_own(self):
                fetch("/text?of_config=1&of_module=1&of_class=1&of_test=1")

        def test_module():
            fetch("/text?of_config=1&of_module=1&of_class=1&of_test=1")
        """
    )
    project.run("--record-mode=once", passed=3)
    kept = {}
    for name in project.cassettes():
        (interaction,) = yaml.safe_load((project.path / name).read_text("utf-8"))["interactions"]
        query = interaction["request"]["uri"].partition("?")[2]
        kept[name.rpartition("/")[2]] = [parameter.removesuffix("=1") for parameter in sorted(query.split("&"))]
        assert "User-Agent" not in interaction["request"]["headers"]
    assert kept == {
        "TestClass.test_class.yaml": ["of_config", "of_module", "of_test"],
        "TestClass.test_own.yaml": ["of_class", "of_config", "of_module"],
        "test_module.yaml": ["of_class", "of_config", "of_test"],
    }
    project.run("--block-network", passed=3)


def test_a_cassette_can_be_named(project):
    project.write(
        """
        @pytest.mark.default_cassette("example.yaml")
        @pytest.mark.vcr
        def test_mark(default_cassette_name):
            assert default_cassette_name == "example.yaml"
            fetch()

        class TestNames:
            @pytest.fixture
            def vcr_cassette_name(self):
                return "by_fixture"

            @pytest.mark.vcr
            def test_fixture(self):
                fetch()

        @pytest.fixture(scope="module")
        def vcr_cassette_dir(request):
            return str(request.path.parent / "elsewhere" / "cassettes")
        """
    )
    project.run("--record-mode=once", passed=2)
    assert project.cassettes() == ["elsewhere/cassettes/by_fixture.yaml", "elsewhere/cassettes/example.yaml"]


def test_extra_cassettes_are_replayed_and_not_written(project):
    project.write(
        """
        @pytest.mark.vcr
        def test_extra():
            fetch()
            fetch("/json")
        """
    )
    project.run("--record-mode=once", passed=1)
    assert project.hits == 2
    project.write(
        """
        @pytest.mark.vcr("test_extra.yaml", "missing.yaml")
        def test_multiple():
            assert (fetch(), fetch("/text")[:5]) == ("1", "To be")
        """
    )
    extra = (project.path / "cassettes/test_network/test_extra.yaml").read_bytes()
    project.run("--record-mode=once", passed=1)
    assert project.hits == 1
    project.run(passed=1)
    assert project.hits == 0
    assert (project.path / "cassettes/test_network/test_extra.yaml").read_bytes() == extra
    own = yaml.safe_load((project.path / "cassettes/test_network/test_multiple.yaml").read_text("utf-8"))
    assert [one["request"]["uri"].rpartition("/")[2] for one in own["interactions"]] == ["text"]


def test_the_hook_is_given_the_vcr_of_each_test(project):
    project.pytester.makeconftest(
        """
        def jurassic(r1, r2):
            assert r1.uri == r2.uri and "PARK" in r1.uri, "required string not found"

        def pytest_recording_configure(config, vcr):
            vcr.register_matcher("jurassic", jurassic)
            vcr.match_on = ["method", "jurassic"]
        """
    )
    project.write("@pytest.mark.vcr\ndef test_get():\n    fetch('/text?' + os.environ.get('TEXT', 'PARK'))\n")
    project.run("--record-mode=once", passed=1)
    project.run(passed=1)
    project.pytester._monkeypatch.setenv("TEXT", "other")
    assert "required string not found" in project.run(failed=1)


def test_recording_can_be_switched_off(project):
    project.write(
        MARKED + "\n    def test_direct(vcr_cassette):\n        fetch()\n        assert vcr_cassette.play_count == 0\n"
    )
    project.run("--disable-recording", "-k", "single", passed=1)
    assert (project.hits, project.cassettes()) == (1, [])
    assert "recording is disabled (--disable-recording)" in project.run("--disable-vcr", "-k", "direct", passed=1)
    assert (project.hits, project.cassettes()) == (1, [])


def test_the_configuration_of_a_test_without_a_cassette_is_not_asked(project):
    project.write(
        """
        @pytest.fixture
        def vcr_config():
            raise RuntimeError("should not run")

        def test_plain():
            pass
        """
    )
    project.run(passed=1)


def test_json(project):
    project.write('@pytest.mark.vcr(serializer="json")\ndef test_json():\n    fetch("/json")\n')
    project.run("--record-mode=once", passed=1)
    assert project.cassettes() == ["cassettes/test_network/test_json.json"]
    project.run("--block-network", passed=1)


# -- what surrounds a test, and what is wider --------------------------------------------------------------------------


def test_requests_of_a_tests_own_fixtures_are_in_its_cassette(project):
    project.write(
        """
        @pytest.fixture(autouse=True)
        def around():
            assert fetch("/text?before")
            yield
            assert fetch("/text?after")

        @pytest.fixture
        def client():
            assert fetch("/text?client")
            yield
            assert fetch("/text?end")

        @pytest.mark.vcr
        def test_single(client, vcr):
            fetch("/text?test")

        @pytest.mark.vcr
        class TestClass:
            def setup_method(self):
                fetch("/text?setup")

            def test_method(self):
                fetch("/text?test")
        """
    )
    project.run("--record-mode=once", passed=2)
    assert project.hits == 9
    project.run(passed=2)
    assert project.hits == 0
    own = yaml.safe_load((project.path / CASSETTE).read_text("utf-8"))
    asked = [one["request"]["uri"].rpartition("?")[2] for one in own["interactions"]]
    assert asked == ["before", "client", "test", "end", "after"]


def test_fixtures_of_a_wider_scope_have_cassettes_of_their_own(project):
    (project.path / "package").mkdir()
    (project.path / "package" / "__init__.py").touch()
    project.write(
        """
        @pytest.fixture(scope="package", autouse=True)
        def of_package(vcr_open):
            with vcr_open("package", cassette_library_dir=os.path.dirname(__file__)):
                yield fetch("/text?package")
        """,
        name="package/conftest",
    )
    project.write(
        """
        @pytest.fixture(scope="session", autouse=True)
        def token(vcr_session):
            return fetch("/text?session")

        @pytest.fixture(scope="module", autouse=True)
        def of_module(vcr_module):
            yield fetch("/text?module")
            fetch("/text?end")

        @pytest.fixture(scope="class")
        def of_class(vcr_class):
            return fetch("/text?class")

        @pytest.fixture(scope="module")
        def by_hand(vcr_open):
            with vcr_open("login", match_on=["path"]):
                return fetch("/text?hand")

        @pytest.mark.vcr
        class TestClass:
            def test_one(self, of_class, by_hand):
                fetch("/text?one")

            def test_two(self, of_class):
                fetch("/text?two")

        def test_plain():
            assert fetch("/text?plain")
        """,
        name="package/test_scopes",
    )
    project.run("--record-mode=once", passed=3)
    assert project.hits == 9
    assert project.cassettes() == [
        "cassettes/login.yaml",
        "cassettes/session.yaml",
        "package/cassettes/test_scopes/TestClass.test_one.yaml",
        "package/cassettes/test_scopes/TestClass.test_two.yaml",
        "package/cassettes/test_scopes/TestClass.yaml",
        "package/cassettes/test_scopes/module.test_scopes.yaml",
    ]
    assert (project.path / "package/package.yaml").exists()
    project.run(passed=3)
    assert project.hits == 0


def test_unittest_cases_subtests_and_doctests(project):
    project.write(
        """
        import unittest

        @pytest.mark.vcr
        class Case(unittest.TestCase):
            def setUp(self):
                fetch("/text?setup")

            def test_case(self):
                for number in range(2):
                    with self.subTest(number=number):
                        self.assertEqual(fetch(f"/text?{number}")[:5], "To be")
        """
    )
    project.run("--record-mode=once", passed=1)
    assert project.cassettes() == ["cassettes/test_network/Case.test_case.yaml"]
    assert project.hits == 3
    project.run(passed=1)
    project.pytester.makepyfile(
        documented='''
        def ask():
            """
            >>> getfixture("vcr_cassette").record_mode.value
            'none'
            """
        '''
    )
    project.run("--doctest-modules", "documented.py", passed=1)
    assert project.hits == 0


def test_a_parameter_with_and_one_without_the_mark(project):
    project.write(
        """
        @pytest.mark.parametrize("path", [pytest.param("/text?a", marks=pytest.mark.vcr), "/text?b"])
        def test_path(path, vcr):
            fetch(path)
            assert (vcr is None) == path.endswith("b")
        """
    )
    project.run("--record-mode=once", passed=2)
    assert project.cassettes() == ["cassettes/test_network/test_path[-text-a].yaml"]
