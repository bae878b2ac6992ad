"""The network, blocked by a mark, an option or a setting: what pytest-recording's README and suite say of it."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

BLOCKED = """
    @pytest.mark.block_network
    def test_blocked():
        with pytest.raises(RuntimeError, match=r"^Network is disabled for host '127.0.0.1'$"):
            fetch()

    @pytest.mark.block_network
    @pytest.mark.vcr
    def test_recorded():
        fetch("/text")

    def test_plain():
        fetch("/text")
"""


def test_a_mark_blocks_but_for_a_cassette_that_records(project):
    project.write(BLOCKED)
    project.run("--record-mode=once", passed=3)
    assert project.hits == 2
    output = project.run(passed=3)
    assert project.hits == 1
    assert "blocked: test_network.py::test_blocked from 127.0.0.1" in output


@pytest.mark.parametrize("how", ["--block-network", "vcr_block_network"])
def test_everything_is_blocked_by_an_option_or_a_setting(how, project):
    project.write(
        """
        import socket
        import vcr.errors

        @pytest.mark.vcr
        def test_refused():
            with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
                fetch()
            assert socket.socket.connect.__name__ == "network_guard"
            assert socket.socket.connect_ex.__name__ == "network_guard"

        def test_blocked():
            with pytest.raises(RuntimeError, match="Network is disabled for host"):
                fetch()
        """
    )
    if how.startswith("vcr_"):
        project.pytester.makeini(f"[pytest]\n{how} = true\n")
    project.run(*([how] if how.startswith("--") else []), passed=2)
    assert project.hits == 0


ALLOWED = """
    {fixture}

    {mark}
    def test_allowed():
        fetch()

    {mark}
    def test_blocked():
        with pytest.raises(RuntimeError, match="^Network is disabled for host 'example.com'$"):
            urllib.request.urlopen("http://example.com")
"""


@pytest.mark.parametrize(
    ("mark", "options", "fixture", "setting"),
    [
        ('@pytest.mark.block_network(allowed_hosts=["127.0.*", "host.invalid"])', [], "", ""),
        ('@pytest.mark.allowed_hosts(["127.0.*"])\n    @pytest.mark.block_network', [], "", ""),
        ('@pytest.mark.allowed_hosts("10.0.*,127.0.*")\n    @pytest.mark.block_network', [], "", ""),
        ("", ["--block-network", "--allowed-hosts=127.0.*,127.0.1.1"], "", ""),
        ("", ["--block-network"], "", "vcr_allowed_hosts = 127.0.0.0/8"),
        (
            "@pytest.mark.block_network",
            [],
            '@pytest.fixture(autouse=True)\n    def vcr_config():\n        return {"allowed_hosts": "10.0.*,127.0.*"}',
            "",
        ),
    ],
)
def test_allowed_hosts(mark, options, fixture, setting, project):
    project.write(ALLOWED.format(mark=mark, fixture=fixture))
    if setting:
        project.pytester.makeini(f"[pytest]\n{setting}\n")
    project.run(*options, passed=2)
    assert project.hits == 1


def test_the_closest_mark_counts(project):
    project.write(
        """
        @pytest.mark.block_network
        class TestBlocked:
            @pytest.mark.block_network(allowed_hosts=["127.*"])
            def test_allowed(self):
                fetch()

            def test_blocked(self):
                with pytest.raises(RuntimeError):
                    fetch()
        """
    )
    project.run(passed=2)
    assert project.hits == 1


def test_fixtures_of_the_test_are_blocked_too(project):
    project.write(
        """
        @pytest.fixture
        def fetched():
            with pytest.raises(RuntimeError):
                fetch()
            yield
            with pytest.raises(RuntimeError):
                fetch()

        @pytest.mark.block_network
        def test_it(fetched): ...
        """
    )
    project.run(passed=1)
    assert project.hits == 0


def test_a_failure_tells_the_request_the_test_and_what_to_do(project):
    project.write(
        """
        @pytest.mark.block_network
        def test_it():
            fetch()
        """
    )
    output = project.run(failed=1)
    assert (
        f"GET {project.server.url}/counter was made outside a cassette in test_network.py::test_it (call). " in output
    )
    assert "Record it in one (@pytest.mark.vcr), or let the host pass (allowed_hosts=['127.0.0.1'])" in output
    assert project.hits == 0


WEBSOCKET = """
    import socket

    @pytest.mark.vcr
    def test_it():
        host, port = URL.rpartition("/")[2].split(":")
        with socket.create_connection((host, int(port))) as sock:
            sock.sendall(b"GET /text HTTP/1.1\\r\\nHost: a\\r\\nUpgrade: websocket\\r\\n\\r\\n")
            assert sock.recv(8) == b"HTTP/1.1"
"""


def test_what_no_cassette_can_hold_passes_as_ever_unless_a_setting_says_otherwise(project):
    project.write(WEBSOCKET)
    output = project.run("-W", "default", passed=1)
    assert "(WebSocket), which is neither recorded nor replayed" in output
    project.pytester.makeini("[pytest]\nvcr_on_unrecordable = error\n")
    output = project.run(failed=1)
    assert "WebSocket to 127.0.0.1:" in output
    assert project.hits == 1
    project.pytester.makeini("[pytest]\nvcr_on_unrecordable = eror\n")
    assert "vcr_on_unrecordable: 'eror' is not a valid value. Did you mean 'error'?" in project.run()
