"""Text <-> files: UTF-8 always, whole or not at all, never overwritten unread."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import vcr
from vcr.errors import CassetteLoadError, CassetteNotFoundError
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.response import Response
from vcr.serializers import jsonserializer, yamlserializer

EMPTY = {"requests": [], "responses": []}


def one(body: str) -> dict:
    """What is saved: one interaction."""
    response = Response.of(200, "OK", {}, body.encode()).data
    return {"requests": [Request("GET", "http://h/")], "responses": [response]}


def save(path, body: str = "body", serializer=yamlserializer) -> None:
    FilesystemPersister.save_cassette(path, one(body), serializer)


def load(path, serializer=yamlserializer) -> str:
    """The body in the file."""
    requests, responses = FilesystemPersister.load_cassette(path, serializer)
    assert [request.uri for request in requests] == ["http://h/"]
    return responses[0]["body"]["string"].decode()


# -- there and back ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("serializer", [yamlserializer, jsonserializer])
@pytest.mark.parametrize("kind", [str, Path])
def test_what_is_saved_can_be_loaded(kind, serializer, cassette_path):
    save(kind(cassette_path), "grün 日本\r\n", serializer)
    assert load(kind(cassette_path), serializer) == "grün 日本\r\n"


def test_files_are_utf_8_with_the_line_ends_of_the_serializer(cassette_path):
    save(cassette_path, "grün\nline\n")
    written = Path(cassette_path).read_bytes()
    assert "grün".encode() in written
    assert b"\r" not in written


def test_a_file_whose_line_ends_an_editor_has_changed_is_read(cassette_path):
    save(cassette_path, "one\ntwo\n")
    path = Path(cassette_path)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(cassette_path) == "one\ntwo\n"


def test_directories_are_created(tmp_path):
    path = tmp_path / "a" / "b" / "cassette.yaml"
    save(path)
    assert load(path) == "body"


def test_a_relative_path_is_relative_to_the_working_directory(tmp_path):
    save("cassette.yaml")
    assert (tmp_path / "cassette.yaml").exists()
    assert load("cassette.yaml") == "body"


@pytest.mark.parametrize("name", ["no extension", ".hidden", "ünïcode.yaml", "x" * 250, "a'b\"c.yaml"])
def test_a_file_may_have_any_name(name, tmp_path):
    save(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    assert load(tmp_path / name) == "body"


def test_saving_again_replaces_the_file(cassette_path):
    save(cassette_path, "a long old body " * 100)
    save(cassette_path, "new")
    assert load(cassette_path) == "new"


def test_saving_twice_gives_the_same_bytes(cassette_path):
    save(cassette_path)
    first = Path(cassette_path).read_bytes()
    save(cassette_path)
    assert Path(cassette_path).read_bytes() == first


# -- whole or not at all ----------------------------------------------------------------------------------------------


class Failing:
    """A user's serializer that fails."""

    @staticmethod
    def serialize(cassette_dict):
        raise ZeroDivisionError("cannot serialize")


class NotEncodable:
    """A user's serializer whose text cannot be written as UTF-8."""

    @staticmethod
    def serialize(cassette_dict):
        return "half of it \ud800"


class NotText:
    """A user's serializer that returns something else."""

    @staticmethod
    def serialize(cassette_dict):
        return 42


@pytest.mark.parametrize("serializer", [Failing, NotEncodable, NotText])
def test_a_save_that_fails_leaves_the_old_file_as_it_was_and_nothing_beside_it(serializer, tmp_path, cassette_path):
    save(cassette_path, "old")
    before = Path(cassette_path).read_bytes()
    with pytest.raises((ZeroDivisionError, UnicodeEncodeError, TypeError)):
        save(cassette_path, "new", serializer)
    assert Path(cassette_path).read_bytes() == before
    assert os.listdir(tmp_path) == ["cassette.yaml"]


@pytest.mark.parametrize("serializer", [Failing, NotEncodable, NotText])
def test_a_save_that_fails_makes_no_file(serializer, tmp_path, cassette_path):
    with pytest.raises((ZeroDivisionError, UnicodeEncodeError, TypeError)):
        save(cassette_path, "new", serializer)
    assert os.listdir(tmp_path) == []


def test_a_save_leaves_no_temporary_file(tmp_path, cassette_path):
    save(cassette_path)
    assert os.listdir(tmp_path) == ["cassette.yaml"]


def test_a_reader_of_the_old_file_keeps_reading_the_old_file(cassette_path):
    save(cassette_path, "old")
    with open(cassette_path, encoding="utf-8") as reader:
        save(cassette_path, "new")
        assert "old" in reader.read()


def test_a_path_that_is_a_directory_cannot_be_saved_to(tmp_path):
    (tmp_path / "directory").mkdir()
    with pytest.raises(OSError, match="directory"):
        save(tmp_path / "directory")
    assert os.listdir(tmp_path) == ["directory"]


# -- links and permissions --------------------------------------------------------------------------------------------


def test_a_link_stays_and_what_it_points_at_changes(tmp_path):
    target, link = tmp_path / "real" / "target.yaml", tmp_path / "link.yaml"
    save(target, "old")
    link.symlink_to(target)
    save(link, "new")
    assert link.is_symlink()
    assert load(target) == load(link) == "new"


def test_a_link_to_nothing_is_filled(tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(tmp_path / "real" / "target.yaml")
    with pytest.raises(CassetteNotFoundError):
        load(link)
    save(link, "new")
    assert link.is_symlink()
    assert load(tmp_path / "real" / "target.yaml") == "new"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_the_permissions_of_a_file_stay(mode, cassette_path):
    save(cassette_path, "old")
    os.chmod(cassette_path, mode)
    save(cassette_path, "new")
    assert stat.S_IMODE(os.stat(cassette_path).st_mode) == mode


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_a_new_file_gets_the_permissions_that_any_new_file_gets(mask, tmp_path, cassette_path):
    before = os.umask(mask)
    try:
        save(cassette_path)
        (tmp_path / "any").touch()
    finally:
        os.umask(before)
    assert os.stat(cassette_path).st_mode == os.stat(tmp_path / "any").st_mode


# -- no cassette ------------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_no_cassette(cassette_path):
    with pytest.raises(CassetteNotFoundError, match=r"cassette\.yaml"):
        load(cassette_path)


@pytest.mark.parametrize("content", ["", " ", "\n", "\n  \t\n"])
def test_a_blank_file_is_no_cassette(content, cassette_path):
    Path(cassette_path).write_text(content, encoding="utf-8")
    with pytest.raises(CassetteNotFoundError, match="blank"):
        load(cassette_path)


# -- a cassette that cannot be read -----------------------------------------------------------------------------------

UNREADABLE = {
    "not UTF-8": (b"version: 1\ninteractions: [caf\xe9]", 2, "not UTF-8"),
    "broken YAML": (b"version: 1\ninteractions: [\n", 3, "not readable as YAML"),
    "merge conflict": (b"version: 1\n<<<<<<< HEAD\ninteractions: []\n=======\n", 2, "unresolved merge conflict"),
    "a Python tag": (b"version: 1\ninteractions: !!python/object/apply:os.getcwd []\n", 2, "stands for an object"),
    "another kind of file": (b"some: thing else\n", None, 'expected a mapping with a list under "interactions"'),
    "a text": (b"just text\n", None, 'expected a mapping with a list under "interactions"'),
    "a broken interaction": (b"interactions:\n- request: {}\n", None, "interaction 1"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_cassette_that_cannot_be_read_says_which_where_and_why(kind, cassette_path):
    content, line, why = UNREADABLE[kind]
    Path(cassette_path).write_bytes(content)
    with pytest.raises(CassetteLoadError, match=why) as caught:
        load(cassette_path)
    where = f"{cassette_path}, line {line}: " if line else f"{cassette_path}: "
    assert str(caught.value).startswith(where)
    assert (caught.value.path, caught.value.line) == (cassette_path, line)


def test_broken_json_says_which_file_and_line(cassette_path):
    Path(cassette_path).write_text('{\n"version": 1,\n"interactions": [\n', encoding="utf-8")
    with pytest.raises(CassetteLoadError, match="not readable as JSON") as caught:
        load(cassette_path, jsonserializer)
    assert str(caught.value).startswith(f"{cassette_path}, line ")


def test_a_directory_is_no_cassette_that_could_be_read(tmp_path):
    with pytest.raises(CassetteLoadError, match="cannot be read: it is a directory, not a file") as caught:
        load(tmp_path)
    assert caught.value.path == str(tmp_path)


def test_a_file_in_the_way_of_the_directory_is_an_error_of_loading(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CassetteLoadError, match="cannot be read"):
        load(tmp_path / "file" / "cassette.yaml")


@pytest.mark.parametrize("record_mode", ["none", "once", "new_episodes", "all"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_cassette_that_cannot_be_read_is_never_touched(kind, record_mode, cassette_path):
    content = UNREADABLE[kind][0]
    Path(cassette_path).write_bytes(content)
    with pytest.raises(CassetteLoadError), vcr.use_cassette(cassette_path, record_mode=record_mode):
        pytest.fail("the block must not run")
    assert Path(cassette_path).read_bytes() == content


# -- a persister of one's own -----------------------------------------------------------------------------------------


class InDirectory(FilesystemPersister):
    """A user's persister, as an instance, over ours."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def load_cassette(self, cassette_path, serializer):
        return super().load_cassette(self.directory / cassette_path, serializer)

    def save_cassette(self, cassette_path, cassette_dict, serializer):
        super().save_cassette(self.directory / cassette_path, cassette_dict, serializer)


# -- what can be told of a path ---------------------------------------------------------------------------------------


def test_what_is_near_a_path_that_is_not_there(tmp_path):
    for name in ("cassete.yaml", "Cassette.yml", "nothing.txt"):
        (tmp_path / name).touch()
    assert FilesystemPersister.nearby("cassette.yaml") == (
        str(Path.cwd() / "cassette.yaml"),
        ["cassete.yaml", "Cassette.yml"],
    )
    assert FilesystemPersister.nearby("not/there.yaml") == (str(Path.cwd() / "not" / "there.yaml"), None)


def test_a_place_that_can_be_written_to_is_one_whatever_has_to_be_made(cassette_path):
    for path in (cassette_path, "new.yaml", "made/for/it.yaml"):
        assert FilesystemPersister.unwritable(path) is None


def test_a_file_in_the_way_cannot_be_written_into(tmp_path):
    (tmp_path / "file").touch()
    assert FilesystemPersister.unwritable("file/c.yaml") == f"{Path.cwd() / 'file'} is not a directory"
    assert FilesystemPersister.unwritable("file/made/c.yaml") == f"{Path.cwd() / 'file'} is not a directory"


def test_of_a_derived_persister_that_saves_elsewhere_nothing_is_told(tmp_path):
    class Elsewhere(FilesystemPersister):
        @staticmethod
        def save_cassette(cassette_path, cassette_dict, serializer): ...

    class Here(FilesystemPersister):
        pass

    (tmp_path / "file").touch()
    assert Elsewhere.unwritable("file/c.yaml") is None
    assert Here.unwritable("file/c.yaml") is not None


def test_the_persister_can_be_subclassed(tmp_path):
    persister = InDirectory(tmp_path / "tapes")
    with pytest.raises(CassetteNotFoundError):
        persister.load_cassette("cassette.yaml", yamlserializer)
    persister.save_cassette("cassette.yaml", one("body"), yamlserializer)
    assert load(tmp_path / "tapes" / "cassette.yaml") == "body"
    assert len(persister.load_cassette("cassette.yaml", yamlserializer)[0]) == 1


# -- each opening is its own -------------------------------------------------------------------------------------------


def test_a_subclass_may_change_what_it_has_loaded(cassette_path):
    save(cassette_path)
    for _ in range(3):
        contents = FilesystemPersister.load_cassette(cassette_path, yamlserializer)
        assert len(contents.interactions) == 1
        assert contents.metadata == {}
        contents.interactions.clear()
        contents.metadata["key"] = 1


def _change(request: Request, response: dict) -> None:
    request.uri, request.headers["A"] = "http://changed/", "changed"
    response["headers"]["B"].append("changed")


class Scrubbing(FilesystemPersister):
    """A persister that changes what it is given to save."""

    @staticmethod
    def save_cassette(cassette_path, cassette_dict, serializer):
        for pair in zip(cassette_dict["requests"], cassette_dict["responses"], strict=True):
            _change(*pair)


def _matcher_that_writes(_: Request, recorded: Request) -> bool:
    recorded.headers["A"] = "changed"
    return True


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"filter_headers": ["C"]},
        {"before_record_response": lambda response: response},
        {"before_save_interaction": lambda request, response, _: (request, response)},
        {"match_on": ["uri", _matcher_that_writes]},
        {"persister": Scrubbing, "record_mode": "new_episodes"},
    ],
    ids=lambda options: ", ".join(options) or "none",
)
def test_what_is_done_to_one_opening_the_next_does_not_see(options, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", "http://h/", None, {"A": "1"}), Response.of(200, "OK", {"B": "2"}, b"body").data)
        cassette.get_metadata("key", {"inner": [1]})
    for _ in range(3):
        with vcr.use_cassette(cassette_path) as cassette:
            (request,), (response,) = cassette.requests, cassette.responses
            assert (request.uri, request.headers["A"], response["headers"]["B"]) == ("http://h/", "1", ["2"])
            assert cassette.get_metadata("key", None) == {"inner": [1]}
            assert cassette.play_count == 0
        with vcr.use_cassette(cassette_path, **options) as cassette:
            assert cassette.can_play_response_for(Request("GET", "http://h/"))
            assert cassette.play_response(Request("GET", "http://h/")) is cassette.responses[0]
            _change(cassette.requests[0], cassette.responses[0])
            cassette.get_metadata("key", None)["inner"].append("changed")
            if "persister" in options:
                cassette.append(Request("GET", "http://h/new"), Response.of(200, "OK", {"B": "3"}, b"").data)


def test_a_drive_that_is_not_there_is_no_endless_search(monkeypatch):
    asked = []

    def lexists(path):
        assert path not in asked
        asked.append(path)
        return False

    monkeypatch.setattr(os.path, "lexists", lexists)
    FilesystemPersister.unwritable("made/for/it.yaml")
    assert asked[-1] == os.path.abspath(os.sep)
