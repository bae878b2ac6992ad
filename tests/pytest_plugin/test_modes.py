"""Record modes: which one counts and why, safe re-recording, and the command that records what is missing."""

from __future__ import annotations

import pytest
import yaml

pytest_plugins = ["pytester"]

CASSETTE = "cassettes/test_network/test_single.yaml"
MARKED = """
    @pytest.mark.vcr
    def test_single():
        fetch("/counter")
"""


@pytest.fixture
def counted():
    """What the plugin does in a mode runs in the tests of the other files, too, which are counted."""


def bodies(project, name: str = CASSETTE) -> list[str]:
    """The recorded bodies of a cassette."""
    stored = yaml.safe_load((project.path / name).read_text("utf-8"))
    return [interaction["response"]["body"]["string"] for interaction in stored["interactions"]]


def test_without_a_mode_nothing_reaches_the_network_and_the_command_is_told(project):
    project.write(MARKED)
    output = project.run(failed=1)
    assert "vcr: record mode none (the default; --record-mode=once records what is missing)" in output
    assert "CannotOverwriteExistingCassetteException" in output
    assert f"refused: GET {project.server.url}/counter, made at " in output
    assert "to record it: pytest test_network.py::test_single --record-mode=once" in output
    assert (project.hits, project.cassettes()) == (0, [])
    project.run("test_network.py::test_single", "--record-mode=once", passed=1)
    project.run(passed=1)


def test_the_command_is_for_the_directory_in_which_pytest_was_started(project, monkeypatch):
    project.write(MARKED, "below/test_network")
    (project.path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.chdir(project.path / "below")
    assert "to record it: pytest test_network.py::test_single --record-mode=once" in project.run(failed=1)


def test_the_command_quotes_what_a_shell_would_take_apart(project):
    project.write("@pytest.mark.vcr\n@pytest.mark.parametrize('n', ['a b'])\ndef test_it(n):\n    fetch()\n")
    assert "pytest 'test_network.py::test_it[a b]' --record-mode=once" in project.run(failed=1)


@pytest.mark.parametrize(("mode", "hits"), [("once", 0), ("new_episodes", 0), ("all", 1), ("rewrite", 1), ("none", 0)])
def test_every_mode_on_a_cassette_that_is_there(mode, hits, project):
    project.write(MARKED)
    project.run("--record-mode=once", passed=1)
    project.run(f"--record-mode={mode}", passed=1)
    assert project.server.hits == 1 + hits
    assert bodies(project) == [str(1 + hits)]


def test_the_command_line_wins_over_the_marks_and_these_over_the_settings(project, monkeypatch):
    project.write(
        """
        @pytest.mark.vcr(record_mode="new_episodes")
        def test_mark(vcr, record_mode):
            assert vcr.record_mode == os.environ["OF_MARK"]

        @pytest.mark.vcr
        def test_none(vcr, record_mode):
            assert vcr.record_mode == record_mode == os.environ["OF_RUN"]

        @pytest.mark.vcr(record_mode="none")
        def test_fixed(vcr):
            assert vcr.record_mode == os.environ.get("OF_FIXED", "none")
        """
    )

    def check(*arguments: str, mark: str, run: str, why: str, fixed: str = "none") -> None:
        monkeypatch.setenv("OF_MARK", mark)
        monkeypatch.setenv("OF_RUN", run)
        monkeypatch.setenv("OF_FIXED", fixed)
        assert f"vcr: record mode {run} ({why}" in project.run(*arguments, passed=3)

    check(mark="new_episodes", run="none", why="the default")
    monkeypatch.setenv("CI", "true")
    check(mark="new_episodes", run="none", why="CI is set")
    project.pytester.makeini("[pytest]\nvcr_record_mode = once\n")
    check(mark="new_episodes", run="once", why="vcr_record_mode")
    monkeypatch.setenv("VCR_RECORD_MODE", "all")
    check(mark="all", run="all", why="VCR_RECORD_MODE")
    check("--record-mode=once", mark="once", run="once", why="--record-mode", fixed="once")
    check("--vcr-record=none", mark="none", run="none", why="--record-mode")


def test_a_project_may_replace_the_fixture(project):
    project.pytester.makeconftest(
        """
        import pytest

        @pytest.fixture(scope="session")
        def record_mode():
            return "once"
        """
    )
    project.write(MARKED)
    project.run("--record-mode=none", passed=1)
    assert project.hits == 1


# -- a test that does not pass -----------------------------------------------------------------------------------------

FAILING = """
    @pytest.mark.vcr
    def test_single():
        fetch("/counter")
        assert not os.environ.get("FAILS")
"""


def test_a_rewrite_that_fails_leaves_the_cassette_as_it_was(project, monkeypatch):
    project.write(FAILING)
    project.run("--record-mode=once", passed=1)
    before = (project.path / CASSETTE).read_bytes()
    monkeypatch.setenv("FAILS", "1")
    output = project.run("--record-mode=rewrite", failed=1)
    assert "not saved: cassettes/test_network/test_single.yaml" in output
    assert (project.path / CASSETTE).read_bytes() == before
    monkeypatch.delenv("FAILS")
    assert "re-recorded: cassettes/test_network/test_single.yaml (1 interaction)" in project.run(
        "--record-mode=rewrite", passed=1
    )
    assert bodies(project) == ["3"]


def test_so_does_one_whose_set_up_fails_or_that_is_skipped(project):
    project.write(MARKED)
    project.run("--record-mode=once", passed=1)
    project.write(
        """
        @pytest.fixture
        def broken():
            fetch()
            raise ZeroDivisionError

        @pytest.mark.vcr
        @pytest.mark.default_cassette("test_single")
        def test_broken(broken): ...

        @pytest.mark.vcr
        @pytest.mark.default_cassette("test_single")
        def test_skipped():
            fetch()
            pytest.skip("now")

        @pytest.mark.vcr
        @pytest.mark.default_cassette("test_single")
        @pytest.mark.xfail(strict=True)
        def test_expected():
            fetch()
            assert False
        """
    )
    project.run("--record-mode=rewrite", errors=1, skipped=1, xfailed=1)
    assert project.hits == 4
    assert bodies(project) == ["1"]


@pytest.mark.parametrize("option", ["", "vcr_save = passed"])
def test_so_does_one_whose_other_fixtures_fail_at_their_end(option, project):
    project.write(MARKED)
    project.run("--record-mode=once", passed=1)
    project.pytester.makeini(f"[pytest]\n{option}\n")
    project.write(
        """
        @pytest.fixture
        def broken():
            yield
            assert not os.environ.get("BREAKS")

        @pytest.mark.vcr
        def test_single(broken):
            fetch("/counter")
        """
    )
    mode = "all" if option else "rewrite"
    project.pytester._monkeypatch.setenv("BREAKS", "1")
    assert "not saved:" in project.run(f"--record-mode={mode}", passed=1, errors=1)
    assert bodies(project) == ["1"]
    project.pytester._monkeypatch.delenv("BREAKS")
    assert "re-recorded:" in project.run(f"--record-mode={mode}", passed=1)
    assert bodies(project) == ["3"]


@pytest.mark.parametrize(("save", "is_saved"), [("always", True), ("passed", False), ("2xx", False)])
def test_what_a_failed_test_has_recorded_is_saved_as_asked(save, is_saved, project, monkeypatch):
    monkeypatch.setenv("FAILS", "1")
    project.write(FAILING)
    project.pytester.makeini(f"[pytest]\nvcr_save = {save}\n")
    project.run("--record-mode=once", failed=1)
    assert bool(project.cassettes()) is is_saved


def test_a_failed_exchange_is_not_kept_by_accident(project):
    project.write(
        """
        import urllib.error

        @pytest.mark.vcr(save="2xx")
        def test_single():
            with pytest.raises(urllib.error.HTTPError) as caught:
                fetch("/status/503")
            caught.value.close()
        """
    )
    output = project.run("--record-mode=once", "-Wdefault", passed=1)
    assert "was answered with 503" in output
    assert project.cassettes() == []


def test_a_test_that_is_run_again_may_pass_and_is_saved(project):
    pytest.importorskip("pytest_rerunfailures")
    project.write(
        """
        @pytest.mark.vcr
        def test_single():
            assert fetch() == "2"
        """
    )
    output = project.run("-p", "pytest_rerunfailures", "--reruns=2", "--record-mode=rewrite", passed=1)
    assert "1 rerun" in output
    assert "not saved" not in output
    assert bodies(project) == ["2"]
    project.run("-p", "pytest_rerunfailures", "--reruns=2", passed=1)
