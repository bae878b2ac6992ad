"""What a run is strict about, what it says at its end, and errors in marks and settings."""

from __future__ import annotations

import hashlib
import json

import pytest

pytest_plugins = ["pytester"]

TWO = """
    @pytest.mark.vcr
    def test_two():
        fetch("/text?n=1")
        if not os.environ.get("LESS"):
            fetch("/text?n=2")
"""

SDK = """
def quietly(function):
    try:
        return function()
    except Exception:
        return None
"""


@pytest.fixture
def recorded(project, monkeypatch):
    """A project with a test that has two interactions in its cassette, and asks for one."""
    project.write(TWO)
    project.run("--record-mode=once", passed=1)
    monkeypatch.setenv("LESS", "1")
    return project


# -- unused ------------------------------------------------------------------------------------------------------------


def test_what_is_unused_is_said_with_the_command_that_mends_it(recorded):
    output = recorded.run(passed=1)
    assert (
        "unused: 1 interaction of cassettes/test_network/test_two.yaml: "
        "pytest test_network.py::test_two --record-mode=rewrite" in output
    )
    recorded.run("test_network.py::test_two", "--record-mode=rewrite", passed=1)
    assert "unused:" not in recorded.run(passed=1)


def test_it_can_be_an_error_that_lists_it(recorded):
    recorded.pytester.makeini("[pytest]\nvcr_on_unused = error\n")
    output = recorded.run(passed=1, errors=1)
    assert "nothing asked for 1 of the 2 interactions" in output
    assert f"GET {recorded.server.url}/text?n=2" in output
    assert "Traceback" not in output


def test_it_can_be_a_warning(recorded):
    recorded.pytester.makeini("[pytest]\nvcr_on_unused = warn\n")
    assert "VCRWarning: nothing asked for 1 of the 2" in recorded.run("-Wdefault", passed=1, warnings=1)


@pytest.mark.parametrize("end", ["assert False", "pytest.skip('now')"])
def test_never_of_a_test_that_did_not_pass(end, recorded):
    recorded.pytester.makeini("[pytest]\nvcr_on_unused = error\n")
    recorded.write(TWO + f"        {end}\n")
    recorded.run(**{"failed" if "False" in end else "skipped": 1})


def test_a_mark_says_otherwise(recorded):
    recorded.pytester.makeini("[pytest]\nvcr_on_unused = error\n")
    recorded.write(TWO.replace("mark.vcr", 'mark.vcr(on_unused="ignore")'))
    recorded.run(passed=1)


# -- refused, ordered --------------------------------------------------------------------------------------------------


def test_a_refusal_that_the_program_swallowed_fails_the_test(project):
    (project.path / "sdk.py").write_text(SDK)
    project.write(
        """
        from sdk import quietly

        @pytest.mark.vcr
        def test_quiet():
            assert quietly(fetch) is None

        @pytest.mark.vcr
        def test_expected():
            with pytest.raises(Exception, match="Can't play back"):
                fetch()
        """
    )
    output = project.run(passed=2, errors=1)
    assert "refused 1 request, and the program swallowed the error" in output
    assert f"GET {project.server.url}/counter, made at {project.path}/test_network.py:" in output
    assert "--record-mode=once" not in project.run("-k", "expected", passed=1).partition("collected")[2]
    project.pytester.makeini("[pytest]\nvcr_on_refused = ignore\n")
    assert "refused: GET" in project.run(passed=2)
    assert project.hits == 0


def test_the_order_of_requests(project, monkeypatch):
    project.write(
        """
        @pytest.mark.vcr
        def test_order():
            for number in os.environ.get("ORDER", "12"):
                fetch(f"/text?n={number}")
        """
    )
    project.run("--record-mode=once", passed=1)
    project.pytester.makeini("[pytest]\nvcr_ordered = true\n")
    project.run(passed=1)
    monkeypatch.setenv("ORDER", "21")
    output = project.run(failed=1)
    assert "Recorded order:" in output
    assert "Order of the program:" in output


# -- said in the run ---------------------------------------------------------------------------------------------------


def test_with_v_there_is_a_word_for_each_test(recorded):
    recorded.write(
        TWO
        + """
    @pytest.mark.vcr
    def test_none(): ...

    @pytest.mark.vcr
    @pytest.mark.default_cassette("test_two")
    def test_hit():
        fetch("/text?n=1")
        fetch("/text?n=2")

    @pytest.mark.vcr
    def test_miss():
        fetch("/text")

    @pytest.mark.vcr(record_mode="once")
    def test_recorded():
        fetch("/text")

    def test_plain(): ...
"""
    )
    output = recorded.run("-v", passed=5, failed=1)
    for test, said in {
        "two": "PASSED (unused)",
        "none": "PASSED (none)",
        "hit": "PASSED (hit)",
        "miss": "FAILED (miss)",
        "recorded": "PASSED (recorded)",
        "plain": "PASSED ",
    }.items():
        assert f"::test_{test} {said}" in output


def test_a_run_with_nothing_to_say_says_nothing(project):
    project.write(TWO)
    project.run("--record-mode=once", passed=1)
    assert "= vcr =" not in project.run(passed=1)


def test_the_report_for_tools(recorded):
    recorded.run("--vcr-report=report.json", passed=1)
    report = json.loads((recorded.path / "report.json").read_text("utf-8"))
    assert (report["version"], report["record_mode"], report["is_whole"]) == (1, "none", True)
    (entry,) = report["cassettes"]
    assert entry["test"] == "test_network.py::test_two"
    assert (entry["played"], entry["recorded"], entry["existed"]) == (1, 0, True)
    assert entry["unused"] == [f"GET {recorded.server.url}/text?n=2"]
    path = recorded.path / "cassettes/test_network/test_two.yaml"
    assert report["used"] == [str(path)]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert report["prune"] == {
        "refused": None,
        "orphans": [],
        "unplayed": [{"path": str(path), "sha256": digest, "interactions": [2]}],
        "unjudged": [],
    }


def test_the_report_passes_over_a_cassette_that_is_in_no_file_of_its_name(project, monkeypatch):
    project.pytester.makeconftest(
        """
        from vcr.persisters.filesystem import FilesystemPersister

        class Elsewhere:
            def load_cassette(path, serializer):
                return FilesystemPersister.load_cassette(path + ".elsewhere", serializer)

            def save_cassette(path, cassette_dict, serializer):
                FilesystemPersister.save_cassette(path + ".elsewhere", cassette_dict, serializer)

        def pytest_recording_configure(config, vcr):
            vcr.register_persister(Elsewhere)
        """
    )
    project.write(TWO)
    project.run("--record-mode=once", passed=1)
    monkeypatch.setenv("LESS", "1")
    output = project.run("--vcr-report=report.json", passed=1)
    assert "unused: 1 interaction of cassettes/test_network/test_two.yaml" in output
    report = json.loads((project.path / "report.json").read_text("utf-8"))
    assert (len(report["cassettes"]), report["prune"]["unplayed"]) == (1, [])


def test_requests_that_are_not_those_expected_are_shown_as_a_diff(recorded):
    recorded.write(
        """
        @pytest.mark.vcr
        def test_two(vcr):
            fetch("/text?n=2")
            assert vcr.sent == [f"GET {URL}/text?n=1"]
        """
    )
    output = recorded.run(failed=1)
    url = recorded.server.url
    assert "the requests are not those expected (- expected, + sent)" in output
    assert f"- GET {url}/text?n=1" in output
    assert f"+ GET {url}/text?n=2" in output


# -- orphans -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_orphan(project):
    """A project with a cassette that nothing uses, one that a test opens by hand, and one of a test that is skipped."""
    project.write(
        """
        import vcr as vcr_module

        @pytest.mark.vcr
        def test_used():
            fetch("/text")

        def test_by_hand():
            with vcr_module.use_cassette("cassettes/hand.yaml"):
                fetch("/text")

        @pytest.mark.vcr
        def test_skipped():
            if not os.environ.get("RUN_IT"):
                pytest.skip("here")
            fetch("/text")
        """
    )
    project.pytester._monkeypatch.setenv("RUN_IT", "1")
    project.run("--record-mode=once", passed=3)
    project.pytester._monkeypatch.delenv("RUN_IT")
    (project.path / "cassettes/test_network/test_gone.yaml").write_text("version: 1\ninteractions: []\n")
    return project


ORPHAN = "orphaned: cassettes/test_network/test_gone.yaml"


@pytest.mark.parametrize("workers", [0, 2])
def test_orphans_are_listed_and_deleted(workers, with_orphan):
    if workers:
        pytest.importorskip("xdist")
    arguments = ["-p", "xdist", "-n", str(workers)] if workers else []
    output = with_orphan.run("--vcr-orphans", *arguments, passed=2, skipped=1)
    assert f"{ORPHAN} (pytest --vcr-orphans=delete deletes it)" in output
    assert output.count("orphaned:") == 1
    assert f"{ORPHAN} (deleted)" in with_orphan.run("--vcr-orphans=delete", *arguments, passed=2, skipped=1)
    names = [name.rpartition("/")[2] for name in with_orphan.cassettes()]
    assert names == ["hand.yaml", "test_skipped.yaml", "test_used.yaml"]


def test_cassettes_of_a_file_that_gives_no_tests_here_are_left(with_orphan):
    with_orphan.write(
        "pytest.importorskip('no_such_package')\n\n@pytest.mark.vcr\ndef test_it(): ...\n", name="test_other"
    )
    for name in ("test_other/test_it.yaml", "test_flat.yaml"):
        file = with_orphan.path / "cassettes" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("version: 1\ninteractions: []\n")
    before = with_orphan.cassettes()
    assert f"{ORPHAN} (deleted)" in with_orphan.run("--vcr-orphans=delete", passed=2, skipped=2)
    assert set(before) - set(with_orphan.cassettes()) == {"cassettes/test_network/test_gone.yaml"}


@pytest.mark.parametrize("part", ["-kused", "-mvcr", "test_network.py", "--maxfail=1"])
def test_a_part_of_the_tests_is_not_judged(part, with_orphan):
    output = with_orphan.run("--vcr-orphans=delete", "--vcr-report=report.json", part)
    assert "orphans: not looked for: only a part of the tests was run" in output
    report = json.loads((with_orphan.path / "report.json").read_text("utf-8"))
    assert report["prune"]["refused"] == "only a part of the tests was run"
    assert len(with_orphan.cassettes()) == 4


def test_nor_is_a_run_in_which_the_project_chooses_a_cassette_of_a_test_that_did_not_run(with_orphan):
    with_orphan.write(
        """
        @pytest.mark.vcr
        def test_used():
            pytest.skip("before anything")

        @pytest.fixture
        def default_cassette_name():
            pytest.skip("unknown")
        """
    )
    output = with_orphan.run("--vcr-orphans=delete", skipped=1)
    assert "test_network.py::test_used chooses its cassette itself, and did not run" in output
    assert len(with_orphan.cassettes()) == 4


def test_nor_is_a_run_in_which_a_test_that_opens_a_cassette_by_hand_did_not_pass(with_orphan):
    by_hand = 'with vcr_module.use_cassette("cassettes/hand.yaml")'
    test_file = with_orphan.path / "test_network.py"
    text = test_file.read_text("utf-8")
    test_file.write_text(text.replace(by_hand, f"pytest.skip('not today')\n    {by_hand}"), "utf-8")
    output = with_orphan.run("--vcr-orphans=delete", passed=1, skipped=2)
    assert "test_network.py::test_by_hand did not pass, and its file opens cassettes without a mark" in output
    assert len(with_orphan.cassettes()) == 4


# -- what cannot be ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ('vcr(record_mod="once")', "Unknown option 'record_mod'. Did you mean 'record_mode'?"),
        ('vcr(record_mode="onec")', "'onec' is not a valid record_mode. Did you mean 'once'?"),
        ('vcr(on_unused="eror")', "on_unused: 'eror' is not a valid value. Did you mean 'error'?"),
        ("vcr(1)", "Expected paths of cassettes, got 1."),
        ("default_cassette()", "Invalid arguments to `default_cassette`. It takes one name."),
        ("block_network(42)", "It accepts only the following keyword arguments: `allowed_hosts`."),
        ("block_network(foo=42)", "It accepts only the following keyword arguments: `allowed_hosts`."),
        ('block_network(allowed_hosts=["exa(mple"])', "'exa(mple' is neither a host nor a regular expression"),
        ("block_network(allowed_hosts=[42])", "expected names of hosts and patterns, got 42"),
    ],
)
def test_a_mark_that_cannot_work_is_one_error_at_collection(mark, said, project):
    project.write(f"@pytest.mark.vcr\n@pytest.mark.{mark}\ndef test_it():\n    fetch()\n")
    output = project.run("--record-mode=once")
    assert "ERROR: test_network.py::test_it: Invalid" in output
    assert said in output
    assert (project.hits, project.cassettes()) == (0, [])


@pytest.mark.parametrize(
    ("setting", "nearest"),
    [
        ("vcr_record_mode = new_episode", "new_episodes"),
        ("vcr_layout = pytest-record", "pytest-recording"),
        ("vcr_on_unused = eror", "error"),
        ("vcr_on_refused = rise", "raise"),
        ("vcr_save = pass", "passed"),
    ],
)
def test_a_setting_that_cannot_work_names_the_nearest(setting, nearest, project):
    project.write("def test_it(): ...\n")
    project.pytester.makeini(f"[pytest]\n{setting}\n")
    output = project.run()
    assert f"the ini setting {setting.partition(' ')[0]}" in output
    assert f"Did you mean '{nearest}'?" in output


@pytest.mark.parametrize(
    ("setting", "arguments", "said"),
    [
        ("vcr_ordered = maybe", [], "the ini setting vcr_ordered: invalid truth value 'maybe'. Valid: true, false."),
        ("vcr_block_network = 2", [], "the ini setting vcr_block_network: invalid truth value '2'"),
        ("vcr_allowed_hosts = ok exa(mple", [], "the ini setting vcr_allowed_hosts: 'exa(mple' is neither a host nor"),
        ("", ["--allowed-hosts=ok,exa(mple"], "--allowed-hosts: 'exa(mple' is neither a host nor"),
        ("", ["--vcr-report=no/report.json"], "--vcr-report=no/report.json: there is no directory"),
        ("", ["--vcr-report=."], "--vcr-report=.: this is a directory; name a file in it"),
    ],
)
def test_a_setting_or_option_that_cannot_work_is_told_before_any_test_runs(setting, arguments, said, project):
    project.write("@pytest.mark.vcr\ndef test_it():\n    fetch()\n")
    project.pytester.makeini(f"[pytest]\n{setting}\n")
    output = project.run("--record-mode=once", *arguments)
    assert said in output
    assert "Traceback" not in output
    assert project.hits == 0


def test_a_vcr_config_that_is_no_dict_is_told_by_its_name(project):
    project.write(
        """
        @pytest.fixture
        def vcr_config():
            return None

        @pytest.mark.vcr
        def test_it():
            fetch()
        """
    )
    assert "the fixture vcr_config has to return a dict of options of use_cassette, and returned None" in project.run(
        errors=1
    )


def test_nor_can_a_mode_of_the_environment(project, monkeypatch):
    monkeypatch.setenv("VCR_RECORD_MODE", "rewrit")
    project.write("def test_it(): ...\n")
    assert "the variable VCR_RECORD_MODE: 'rewrit' is not a valid value. Did you mean 'rewrite'?" in project.run()


def test_an_orphans_option_that_took_a_path_says_what_to_write(project):
    assert "write --vcr-orphans=list" in project.run("--vcr-orphans", "tests")
