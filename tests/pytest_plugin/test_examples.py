"""What the documentation of other plugins shows, written anew: pytest-vcr's and cassetter's. (pytest-recording's README
is in the other files, and its own suite is run by tests/interop/pytest_recording_suite.py.)"""

from __future__ import annotations

import yaml

pytest_plugins = ["pytester"]


# -- pytest-vcr --------------------------------------------------------------------------------------------------------


def test_pytest_vcr_records_on_the_first_run_beside_the_test(project):
    project.pytester.makeini("[pytest]\nvcr_layout = pytest-vcr\n")
    project.write("@pytest.mark.vcr()\ndef test_iana():\n    assert 'To be' in fetch('/text')\n", name="test_docs")
    project.run(passed=1)
    assert project.cassettes() == ["cassettes/test_iana.yaml"]
    project.run("--vcr-record=none", passed=1)
    assert project.hits == 1
    project.run("--vcr-record=all", passed=1)
    project.run("--disable-vcr", passed=1)
    assert project.hits == 2


def test_pytest_vcr_is_configured_by_fixtures(project):
    project.pytester.makeini("[pytest]\nvcr_layout = pytest-vcr\n")
    project.write(
        """
        @pytest.fixture(scope="module")
        def vcr_config():
            return {"filter_headers": [("user-agent", "DUMMY")], "record_mode": "new_episodes"}

        @pytest.fixture(scope="module")
        def vcr_cassette_dir(request):
            return os.path.join("vhs", request.module.__name__)

        @pytest.fixture
        def vcr_cassette_name(request):
            return f"tape.{request.node.name}"

        @pytest.mark.vcr(match_on=["method", "path"])
        def test_it(vcr_cassette):
            fetch("/text")
            assert vcr_cassette.write_protected is False
            assert vcr_cassette.path == os.path.join("vhs", "test_network", "tape.test_it.yaml")
        """
    )
    project.run(passed=1)
    (interaction,) = yaml.safe_load((project.path / "vhs/test_network/tape.test_it.yaml").read_text())["interactions"]
    assert interaction["request"]["headers"]["User-Agent"] == ["DUMMY"]
    project.run(passed=1)
    assert project.hits == 1


# -- cassetter ---------------------------------------------------------------------------------------------------------


def test_cassetter_looks_at_what_was_recorded(project):
    project.write(
        """
        @pytest.mark.vcr
        def test_with_cassette(vcr_cassette):
            fetch("/json")
            assert len(vcr_cassette) == 1
            assert vcr_cassette.requests[0].method == "GET"
            assert vcr_cassette.responses[0]["status"]["code"] == 200
        """
    )
    project.run("--record-mode=once", passed=1)
    project.run("--record-mode=none", passed=1)
    assert project.hits == 1


def test_cassetter_shares_a_configuration_between_the_suite_and_direct_use(project):
    project.write(
        """
        import vcr

        RECORDER = vcr.VCR(cassette_library_dir="tapes", filter_query_parameters=["key"], record_mode="once")
        SHARED = {"filter_query_parameters": ["key"], "record_mode": "once"}

        @pytest.fixture(scope="module")
        def vcr_config():
            return SHARED

        @pytest.mark.vcr
        def test_marked():
            fetch("/text?key=1")

        def test_direct():
            with RECORDER.use_cassette("direct.yaml") as cassette:
                fetch("/text?key=1")
            assert "key" not in cassette.requests[0].uri

        def test_one_option_less():
            with RECORDER.use_cassette("other.yaml", filter_query_parameters=[]) as cassette:
                fetch("/text?key=1")
            assert "key" in cassette.requests[0].uri
        """
    )
    project.run(passed=3)
    project.run(passed=3)
    assert project.hits == 3


def test_cassetter_keeps_tasks_apart_that_have_cassettes_of_their_own(project):
    project.write(
        """
        import asyncio
        import vcr

        async def ask(name):
            with vcr.use_cassette(f"tapes/{name}.yaml"):
                return await asyncio.to_thread(fetch, f"/text?{name}")

        def test_tasks():
            async def both():
                return await asyncio.gather(ask("a"), ask("b"))

            assert len(asyncio.run(both())) == 2
        """
    )
    project.run(passed=1)
    project.run(passed=1)
    assert project.hits == 2
    assert sorted(file.name for file in (project.path / "tapes").iterdir()) == ["a.yaml", "b.yaml"]
