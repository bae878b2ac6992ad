"""pytest-vcr on top of this package: what its documentation says works."""

from __future__ import annotations

import importlib.util

import pytest
import yaml

if importlib.util.find_spec("pytest_vcr") is None:
    pytest.skip("pytest-vcr is not installed: tox -e pytest-vcr", allow_module_level=True)

pytest_plugins = ["pytester"]

CASSETTE = "cassettes/test_single.yaml"
MARKED = """
    @pytest.mark.vcr()
    def test_single():
        assert fetch() == "1"
"""


def test_a_marked_test_is_recorded_and_replayed(project):
    project.write(MARKED)
    project.run(passed=1)
    assert (project.hits, project.cassettes()) == (1, [CASSETTE])
    project.run(passed=1)
    assert project.hits == 0


def test_with_the_mode_none_nothing_reaches_the_network(project):
    project.write(MARKED)
    assert "CannotOverwriteExistingCassetteException" in project.run("--vcr-record=none", failed=1)
    assert (project.hits, project.cassettes()) == (0, [])


@pytest.mark.parametrize(("mode", "hits"), [("once", 0), ("new_episodes", 0), ("all", 1), ("none", 0)])
def test_every_record_mode_on_a_cassette_that_is_there(mode, hits, project):
    project.write("@pytest.mark.vcr\ndef test_single(): assert fetch('/json')")
    project.run(passed=1)
    assert project.hits == 1
    project.run(f"--vcr-record={mode}", passed=1)
    assert project.hits == hits


def test_options_come_from_the_fixture_and_the_mark(project):
    project.write(
        """
        @pytest.fixture(scope="module")
        def vcr_config():
            return {"filter_headers": [("Authorization", "DUMMY")], "match_on": ["method", "path"]}

        @pytest.mark.vcr(filter_query_parameters=["key"])
        def test_single():
            fetch("/text?key=1", headers={"Authorization": "secret"})
        """
    )
    project.run(passed=1)
    recorded = yaml.safe_load((project.path / CASSETTE).read_text("utf-8"))["interactions"][0]["request"]
    assert recorded["headers"]["Authorization"] == ["DUMMY"]
    assert recorded["uri"].endswith("/text")
    project.run("--vcr-record=none", passed=1)


def test_the_recorder_and_the_cassette_are_fixtures(project):
    project.write(
        """
        class Reversed:
            @staticmethod
            def serialize(data):
                import json
                return json.dumps(data)[::-1]

            @staticmethod
            def deserialize(text):
                import json
                return json.loads(text[::-1])

        @pytest.fixture(scope="module")
        def vcr(vcr):
            vcr.register_serializer("reversed", Reversed)
            vcr.serializer = "reversed"
            return vcr

        @pytest.mark.vcr
        def test_single(vcr_cassette):
            fetch()
            assert len(vcr_cassette) == 1
            assert vcr_cassette.play_count == ("PLAYED" in os.environ)
        """
    )
    project.run(passed=1)
    assert (project.path / CASSETTE).read_text("utf-8").startswith("}")
    project.pytester._monkeypatch.setenv("PLAYED", "1")
    project.run("--vcr-record=none", passed=1)


def test_names_and_directories(project):
    project.write(
        """
        @pytest.fixture(scope="module")
        def vcr_cassette_dir(request):
            return os.path.join("cassettes", request.module.__name__)

        class TestClass:
            @pytest.mark.vcr
            def test_method(self):
                fetch()

        @pytest.fixture
        def vcr_cassette_name(request):
            return "my_" + request.node.name
        """
    )
    project.run(passed=1)
    assert project.cassettes() == ["cassettes/test_network/my_test_method.yaml"]


def test_it_can_be_switched_off(project):
    project.write(MARKED)
    project.run("--disable-vcr", passed=1)
    assert project.hits == 1
    assert project.cassettes() == []


def test_an_async_test(project):
    pytest.importorskip("anyio")
    project.write(
        """
        import asyncio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.vcr
        @pytest.mark.anyio
        async def test_single():
            assert await asyncio.to_thread(fetch) == "1"
        """
    )
    project.run(passed=1)
    project.run("--vcr-record=none", passed=1)
    assert project.hits == 1
