"""``python -m vcr.migration``: cassettes of VCR.py 0.x become cassettes of version 1, which VCR.py reads."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from vcr import migration
from vcr.errors import CassetteLoadError
from vcr.migration import main, migrate
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import jsonserializer, yamlserializer

CASSETTES = Path(__file__).parent / "cassettes"
OLD = ["vcrpy_0.0.1.yaml", "vcrpy_0.1.0.yaml", "vcrpy_0.3.5.json", "vcrpy_0.6.0.yaml", "vcrpy_0.7.0_files.yaml"]
PRESENT = ["vcrpy_1.0.0.yaml", "vcrpy_1.0.0.json", "vcrpy_3.0.0_files.yaml"]


@pytest.fixture
def copy(tmp_path):
    """``copy(name)``: a cassette to work on."""
    return lambda name, to="": Path(shutil.copy(CASSETTES / name, tmp_path / (to or name)))


def read(path: Path, suffix: str = "") -> tuple[list[tuple[str, str, bytes]], list[dict]]:
    serializer = jsonserializer if (suffix or path.suffix) == ".json" else yamlserializer
    requests, responses = FilesystemPersister.load_cassette(path, serializer)
    return [(request.method, request.uri, request.body) for request in requests], responses


@pytest.mark.parametrize("name", OLD)
def test_an_old_cassette_gets_the_present_shape_and_holds_the_same(name, copy):
    path = copy(name)
    assert migrate(path)
    data = yaml.safe_load(path.read_text(encoding="utf-8"))  # JSON too
    assert data["version"] == 1
    assert set(data["interactions"][0]["request"]) == {"method", "uri", "body", "headers"}
    assert read(path) == read(CASSETTES / name)


@pytest.mark.parametrize("name", PRESENT)
def test_a_cassette_of_version_1_is_left_alone(name, copy):
    path = copy(name)
    assert not migrate(path)
    assert path.read_bytes() == (CASSETTES / name).read_bytes()


@pytest.mark.parametrize(("name", "suffix"), [("vcrpy_0.3.5.json", ".json"), ("vcrpy_0.6.0.yaml", ".yaml")])
def test_a_cassette_without_a_suffix_stays_what_it_is(name, suffix, copy):
    path = copy(name, "cassette")
    assert migrate(path)
    assert read(path, suffix) == read(CASSETTES / name)


def test_migrating_again_changes_nothing(copy):
    path = copy(OLD[0])
    migrate(path)
    once = path.read_bytes()
    assert not migrate(path)
    assert path.read_bytes() == once


@pytest.mark.parametrize("text", ["", "\n", "---\n", "interactions:\nversion: 1\n"])
def test_a_cassette_without_interactions_is_left_alone(text, tmp_path):
    path = tmp_path / "cassette.yaml"
    path.write_text(text, encoding="utf-8")
    assert not migrate(path)
    assert path.read_text(encoding="utf-8") == text


FAULTY = {
    "is cut": "- request: {method: GET, uri: http://a.example/}\n  response: {status",
    "lacks a response": "- request: {method: GET, uri: http://a.example/}\n",
    "has an object": "- request: !!python/object:app.Request {}\n  response: {status: {code: 200}}\n",
    "is something else": "a: list\n",
}


@pytest.mark.parametrize("text", FAULTY.values(), ids=FAULTY)
def test_a_migration_that_fails_touches_nothing(text, tmp_path):
    path = tmp_path / "cassette.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CassetteLoadError):
        migrate(path)
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


# -- the command -------------------------------------------------------------------------------------------------------


def test_it_says_of_each_cassette_in_a_directory_what_has_become_of_it(copy, tmp_path, capsys):
    (tmp_path / "deeper").mkdir()
    copy(OLD[0], "a.yaml")
    copy(PRESENT[0], "b.yaml")
    copy(OLD[2], "deeper/c")
    (tmp_path / "d.yaml").write_text("just text", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not looked at", encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"[OK] {tmp_path / 'a.yaml'}",
        f"[OK] {tmp_path / 'b.yaml'}: already in the present format",
        f'[FAIL] {tmp_path / "d.yaml"}: not a cassette: expected a mapping with a list under "interactions"',
        f"[OK] {tmp_path / 'deeper' / 'c'}",
        "Done.",
    ]


def test_it_is_run_as_a_module(copy):
    path = copy(OLD[0])
    command = [sys.executable, "-m", "vcr.migration", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout == f"[OK] {path}\nDone.\n"


@pytest.mark.parametrize(
    ("arguments", "status", "said"), [([], 2, "Usage: python -m vcr.migration PATH"), (["missing"], 1, "[FAIL] ")]
)
def test_without_a_cassette_it_says_so(arguments, status, said, capsys):
    assert main(arguments) == status
    assert said in "".join(capsys.readouterr())


@pytest.mark.parametrize(("suffix", "migrated"), [("json", "migrate_json"), ("yaml", "migrate_yml")])
def test_programs_may_migrate_by_a_call(suffix, migrated, tmp_path):
    old = (CASSETTES / f"vcrpy_0.6.0.{suffix}").read_text(encoding="utf-8")
    path = tmp_path / f"old.{suffix}"
    path.write_text(old, encoding="utf-8")
    assert migration.try_migrate(path)
    assert not migration.try_migrate(str(path))
    written = io.StringIO()
    assert getattr(migration, migrated)(io.StringIO(old), written)
    assert written.getvalue() == path.read_text(encoding="utf-8")
    again = io.StringIO()
    assert not getattr(migration, migrated)(io.StringIO(written.getvalue()), again)
    assert again.getvalue() == ""
    path.write_text("no cassette", encoding="utf-8")
    assert not migration.try_migrate(path)
    assert path.read_text(encoding="utf-8") == "no cassette"
