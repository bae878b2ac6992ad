"""Where somebody has turned the sanitizer off, a well-known token in a file under version control is told of, once."""

from __future__ import annotations

import urllib.request
import warnings
from pathlib import Path

import pytest

import vcr
from tests.secrets.made import made
from vcr.errors import VCRWarning
from vcr.sanitize import off, shapes

TOKEN = made(next(rule.vector for rule in shapes.RULES if rule.name == "GITHUB_TOKEN"), 1)


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    monkeypatch.setattr(off, "_warned", set())


@pytest.fixture
def record(server, tmp_path):
    """``record(directory, token, **options)``: what is warned of as a request with this token is recorded there."""

    def record(directory: str, token: str = TOKEN, name: str = "c.yaml", **options) -> list[str]:
        path = tmp_path / directory / name
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with vcr.use_cassette(path, record_mode="new_episodes", **options):
                request = urllib.request.Request(f"{server.url}/text/{len(options)}?at={token}")
                urllib.request.urlopen(request).close()
        assert path.exists()
        return [str(one.message) for one in told if issubclass(one.category, VCRWarning)]

    for kept in ("git/.git", "hg/.hg", "jj/.jj"):
        (tmp_path / kept).mkdir(parents=True)
    (tmp_path / "worktree").mkdir()
    (tmp_path / "worktree" / ".git").write_text("gitdir: elsewhere\n")
    return record


@pytest.mark.parametrize("repository", ["git", "hg", "jj", "worktree"])
def test_one_warning_names_the_file_the_interaction_and_the_rule_and_no_token(repository, record, tmp_path, server):
    (told,) = record(f"{repository}/tests/cassettes", sanitize=False)
    assert told.startswith(f"{tmp_path / repository / 'tests' / 'cassettes' / 'c.yaml'} has a well-known token")
    assert f"GET {server.url}/text" in told
    assert "GITHUB_TOKEN" in told
    assert "sanitize=False" in told
    assert TOKEN not in told
    assert record(f"{repository}/tests", sanitize=False) == []


def test_the_variable_that_turns_it_off_is_named(record, monkeypatch):
    monkeypatch.setenv("VCR_SANITIZE", "0")
    (told,) = record("git")
    assert "VCR_SANITIZE=0 leaves it there" in told


def test_nothing_is_said_of_what_is_masked_is_no_token_or_is_in_no_repository(record):
    assert record("git") == []
    assert record("git", token="ordinary", name="other.yaml", sanitize=False) == []
    assert record("elsewhere", sanitize=False) == []


def test_what_the_file_had_before_is_not_told_of(record, tmp_path):
    recorded = tmp_path / "git" / "c.yaml"
    record("elsewhere", sanitize=False)
    (tmp_path / "elsewhere" / "c.yaml").rename(recorded)
    assert record("git", token="ordinary", sanitize=False, allow_playback_repeats=False) == []
    assert TOKEN in recorded.read_text()


def test_a_warning_that_is_an_error_comes_when_the_cassette_is_saved(server, tmp_path):
    (tmp_path / ".git").mkdir()
    path = tmp_path / "c.yaml"
    with pytest.raises(VCRWarning, match="well-known token"), vcr.use_cassette(path, sanitize=False):
        urllib.request.urlopen(f"{server.url}/text?at={TOKEN}").close()
    assert TOKEN in Path(path).read_text()
