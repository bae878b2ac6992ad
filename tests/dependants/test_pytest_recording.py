"""pytest-recording on top of this package: what its README says works."""

from __future__ import annotations

import importlib.util

import pytest
import yaml

if importlib.util.find_spec("pytest_recording") is None:
    pytest.skip("pytest-recording is not installed: tox -e pytest-recording", allow_module_level=True)

pytest_plugins = ["pytester"]

CASSETTE = "cassettes/test_network/test_single.yaml"
#: The plugin's error makes urllib3 leave its socket open, with and without a cassette.
UNCLOSED = "-Wignore:unclosed:ResourceWarning"
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
    assert project.hits == 0


def test_without_a_record_mode_nothing_reaches_the_network(project):
    project.write(MARKED)
    assert "CannotOverwriteExistingCassetteException" in project.run(failed=1)
    assert (project.hits, project.cassettes()) == (0, [])


def test_tests_without_the_mark_are_left_alone(project):
    project.write("def test_plain(vcr): assert (fetch(), vcr) == ('1', None)")
    project.run(passed=1)
    assert project.hits == 1


def test_the_cassette_is_a_fixture(project):
    project.write(
        """
        @pytest.mark.vcr
        def test_call_count(vcr):
            assert (fetch(), fetch("/text?a")[:5]) == ("1", "To be")
            assert vcr.play_count in (0, 2)
            assert [response["status"]["code"] for response in vcr.responses] == [200, 200]
        """
    )
    project.run("--record-mode=once", passed=1)
    project.run(passed=1)
    assert project.hits == 2


def test_a_cassette_can_be_named(project):
    project.write(
        """
        @pytest.mark.default_cassette("example.yaml")
        @pytest.mark.vcr
        def test_default():
            fetch()

        class TestClass:
            @pytest.mark.vcr
            @pytest.mark.parametrize("path", ["/text", "/counter"])
            def test_method(self, path):
                fetch(path)

        @pytest.fixture(scope="module")
        def vcr_cassette_dir(request):
            return str(request.path.parent / "cassettes")
        """
    )
    project.run("--record-mode=once", passed=3)
    names = ["TestClass.test_method[-counter].yaml", "TestClass.test_method[-text].yaml", "example.yaml"]
    assert project.cassettes() == [f"cassettes/{name}" for name in names]
    project.run("--block-network", passed=3)


def test_the_configuration_is_merged_from_the_fixture_and_the_marks(project):
    project.write(
        """
        pytestmark = [pytest.mark.vcr(filter_query_parameters=["key"])]

        @pytest.fixture(scope="module")
        def vcr_config():
            return {"filter_headers": ["authorization"], "serializer": "json", "sanitize": False}

        def test_both():
            fetch("/text?key=1", headers={"Authorization": "secret"})

        @pytest.mark.vcr(filter_headers=[])
        def test_one():
            fetch("/text?key=1", headers={"Authorization": "kept"})
        """
    )
    project.run("--record-mode=once", passed=2)
    both, one = (yaml.safe_load((project.path / name).read_text("utf-8")) for name in project.cassettes())
    assert "Authorization" not in both["interactions"][0]["request"]["headers"]
    assert one["interactions"][0]["request"]["headers"]["Authorization"] == ["kept"]
    assert both["interactions"][0]["request"]["uri"].endswith("/text")
    assert project.cassettes()[0].endswith("test_both.json")
    project.run(passed=2)
    assert project.hits == 2


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
        @pytest.mark.vcr("test_extra.yaml")
        def test_multiple():
            assert (fetch(), fetch("/text")[:5]) == ("1", "To be")
        """
    )
    extra = (project.path / "cassettes/test_network/test_extra.yaml").read_bytes()
    project.run("--record-mode=new_episodes", passed=1)
    assert project.hits == 1
    assert (project.path / "cassettes/test_network/test_extra.yaml").read_bytes() == extra
    project.run(passed=1)
    assert project.hits == 0


@pytest.mark.parametrize(("mode", "hits"), [("once", 0), ("new_episodes", 0), ("all", 1), ("rewrite", 1), ("none", 0)])
def test_every_record_mode_on_a_cassette_that_is_there(mode, hits, project):
    project.write("@pytest.mark.vcr\ndef test_single(): assert fetch('/json')")
    project.run("--record-mode=once", passed=1)
    assert project.hits == 1
    project.run(f"--record-mode={mode}", passed=1)
    assert project.hits == hits
    assert len(yaml.safe_load((project.path / CASSETTE).read_text("utf-8"))["interactions"]) == 1


def test_a_record_mode_from_the_configuration(project):
    project.write(MARKED + "\n    @pytest.fixture\n    def vcr_config():\n        return {'record_mode': 'rewrite'}\n")
    project.run(passed=1)
    project.run(failed=1)  # it is asked again, and counts on
    assert project.hits == 2


def test_the_network_is_blocked_but_for_what_is_recorded(project):
    project.write(
        MARKED
        + """
    @pytest.mark.block_network
    def test_blocked():
        with pytest.raises(RuntimeError, match="^Network is disabled for host "):
            fetch()

    @pytest.mark.block_network(allowed_hosts=["127.0.*"])
    def test_allowed():
        fetch()

    @pytest.mark.block_network
    @pytest.mark.vcr
    def test_replayed():
        fetch("/json")
"""
    )
    project.run("--record-mode=once", UNCLOSED, passed=4)
    assert project.hits == 3
    project.run(UNCLOSED, passed=4)
    assert project.hits == 1


def test_everything_is_blocked_by_an_option(project):
    project.write(MARKED + "\n    def test_plain():\n        fetch()\n")
    project.run("--block-network", "--record-mode=once", UNCLOSED, passed=1, failed=1)
    project.run("--block-network", "--allowed-hosts=127.0.0.1,localhost", passed=2)


def test_allowed_hosts_in_the_configuration(project):
    project.write(
        MARKED
        + """
    @pytest.fixture
    def vcr_config():
        return {"allowed_hosts": ["127.0.*"]}

    @pytest.mark.block_network
    def test_allowed():
        fetch("/json")
"""
    )
    project.run("--record-mode=once", passed=2)


def test_the_hook_is_given_the_vcr(project):
    project.pytester.makeconftest(
        """
        def jurassic(r1, r2):
            assert r1.uri == r2.uri and b"JURASSIC PARK" in r1.body, "required string not found"

        def pytest_recording_configure(config, vcr):
            vcr.register_matcher("jurassic", jurassic)
            vcr.match_on = ["method", "jurassic"]
        """
    )
    project.write(
        """
        @pytest.mark.vcr
        def test_post():
            text = os.environ.get("TEXT", "JURASSIC PARK")
            assert text in requests.post(URL + "/echo", data=text).text
        """
    )
    project.run("--record-mode=once", passed=1)
    project.run(passed=1)
    project.pytester._monkeypatch.setenv("TEXT", "other")
    assert "required string not found" in project.run(failed=1)


def test_recording_can_be_switched_off(project):
    project.write(MARKED)
    project.run("--disable-recording", passed=1)
    assert (project.hits, project.cassettes()) == (1, [])


def test_a_cassette_with_metadata_is_read(project):
    project.write(MARKED)
    project.run("--record-mode=once", passed=1)
    cassette = project.path / CASSETTE
    cassette.write_text(cassette.read_text("utf-8") + "metadata: {author: somebody}\n", "utf-8")
    project.run(passed=1)


def test_an_old_cassette_and_a_broken_one(project):
    project.write(MARKED.replace('"1"', '"old"'))
    cassette = project.path / CASSETTE
    cassette.parent.mkdir(parents=True)
    uri = f"{project.server.url}/counter"
    cassette.write_text(f"- request: {{method: GET, uri: '{uri}'}}\n  response: {{status: 200, body: old}}\n", "utf-8")
    project.run(passed=1)
    cassette.write_text("interactions: [", "utf-8")
    assert "CassetteLoadError" in project.run("--record-mode=all", errors=1)
    assert cassette.read_text("utf-8") == "interactions: ["


def test_async_tests(project):
    pytest.importorskip("anyio")
    project.write(
        """
        import asyncio

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.vcr
        @pytest.mark.anyio
        async def test_tasks():
            urls = [f"{URL}/bytes/{size}" for size in (1, 2, 3)]
            responses = await asyncio.gather(*(asyncio.to_thread(requests.get, url) for url in urls))
            assert [len(response.content) for response in responses] == [1, 2, 3]
        """
    )
    project.run("--record-mode=once", passed=1)
    project.run("--block-network", passed=1)
    assert project.hits == 3


def test_tests_in_several_processes(project):
    pytest.importorskip("xdist")
    project.write(
        """
        @pytest.mark.vcr
        @pytest.mark.parametrize("size", range(1, 9))
        def test_bytes(size):
            assert len(requests.get(f"{URL}/bytes/{size}").content) == size
        """
    )
    project.run("-n2", "--record-mode=once", passed=8)
    project.run("-n2", passed=8)
    assert project.hits == 8
