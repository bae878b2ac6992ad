"""What a save writes can be read back, is there once whatever forks, keeps to the permissions of the file, and needs
nothing that the end of an interpreter takes away."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

import vcr
from vcr.errors import CassetteLoadError, VCRWarning
from vcr.persisters import whole
from vcr.request import Request

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks and permissions of POSIX")


def answer(**parts) -> dict:
    return {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"x"}, **parts}


def nested(depth: int) -> dict:
    return {"more": nested(depth - 1)} if depth else {}


# -- what cannot be read back is not written --------------------------------------------------------------------------

PAIRS = {
    "no uri": (Request("GET", None), answer()),
    "a number for a uri": (Request("GET", 5), answer()),
    "no method": (Request(None, "http://h/"), answer()),
    "a list for a method": (Request(["GET"], "http://h/"), answer()),
    "a port out of range": (Request("GET", "http://h:99999/"), answer()),
    "half an address": (Request("GET", "http://[/"), answer()),
    "too deep": (Request("GET", "http://h/"), answer(more=nested(300))),
    "a surrogate": (Request("GET", "http://h/"), answer(more="\ud800")),
    "a tuple for a key": (Request("GET", "http://h/"), {**answer(), ("a", 1): 2}),
}


@pytest.mark.parametrize("serializer", ["yaml", "json", "ruby", "betamax"])
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_what_could_not_be_read_back_is_not_saved_and_the_file_stays(pair, serializer, cassette_path):
    with vcr.use_cassette(cassette_path, serializer=serializer) as cassette:
        cassette.append(Request("GET", "http://h/old"), answer())
    before = Path(cassette_path).read_bytes()

    def hook(request, response):
        return (request, response) if request.path == "/old" else pair

    options = {"serializer": serializer, "record_mode": "new_episodes", "before_save_interaction": hook}
    with (
        pytest.raises(ValueError, match=r"interaction 2 could not be read back, so nothing is saved: .*hook"),
        vcr.use_cassette(cassette_path, **options) as cassette,
    ):
        cassette.append(Request("GET", "http://h/new"), answer())
    assert Path(cassette_path).read_bytes() == before


@pytest.mark.parametrize("returned", [None, 5, {"a": 1}], ids=str)
def test_a_serializer_that_returns_no_text_saves_nothing(returned, cassette_path):
    class Odd:
        serialize = staticmethod(lambda _: returned)
        deserialize = staticmethod(lambda _: {"interactions": []})

        def __repr__(self) -> str:
            return "<Odd>"

    Path(cassette_path).write_text("as it was")
    message = f"the serializer <Odd> returned .*{returned!s:.1}.*, not text"
    with pytest.raises(TypeError, match=message), vcr.use_cassette(cassette_path, serializer=Odd()) as cassette:
        cassette.append(Request("GET", "http://h/"), answer())
    assert Path(cassette_path).read_text() == "as it was"


@pytest.mark.parametrize("returned", [None, 5, (), ([],), ([], [answer()])], ids=str)
def test_a_persister_that_returns_no_pair_is_named(returned):
    class Odd:
        def load_cassette(self, cassette_path, serializer):
            return returned

        def save_cassette(self, cassette_path, cassette_dict, serializer): ...

        def __repr__(self) -> str:
            return "<Odd>"

    with (
        pytest.raises(CassetteLoadError, match=r"tape.yaml: the persister <Odd> returned .*, two lists of one length"),
        vcr.use_cassette("tape.yaml", persister=Odd()),
    ):
        pass


# -- forks ------------------------------------------------------------------------------------------------------------


def uris(path: str) -> Counter[str]:
    with vcr.use_cassette(path, record_mode="none") as cassette:
        return Counter(request.uri for request in cassette.requests)


FORKS = """
import os, sys
import vcr
from vcr.request import Request

path, first = sys.argv[1:]
ANSWER = {"status": {"code": 200, "message": "OK"}, "headers": {"B": ["2"], "A": ["1"]}, "body": {"string": b"x"}}

with vcr.use_cassette(path, record_mode="new_episodes", filter_sensitive_data={"<KEY>": "s3cret"}) as cassette:
    for _ in range(2):  # the same twice: two interactions
        cassette.append(Request("POST", "http://h/before?s3cret", b"a"), ANSWER)
    children = []
    for number in range(4):
        pid = os.fork()
        if not pid:
            cassette.append(Request("GET", f"http://h/child/{number}"), ANSWER)
            break
        children.append(pid)
    else:
        if first == "children":
            for pid in children:
                os.waitpid(pid, 0)
        cassette.append(Request("GET", "http://h/parent"), ANSWER)
if children and pid:
    if first == "parent":
        for pid in children:
            os.waitpid(pid, 0)
"""


@posix
@pytest.mark.parametrize("first", ["children", "parent"])
@pytest.mark.parametrize("old", [0, 2], ids=["new", "with the same before"])
def test_what_was_recorded_before_a_fork_is_stored_once(first, old, cassette_path):
    if old:
        with vcr.use_cassette(cassette_path) as cassette:
            for _ in range(old):
                response = answer(headers={"B": ["2"], "A": ["1"]})
                cassette.append(Request("POST", "http://h/before?s3cret", b"a"), response)
    subprocess.run([sys.executable, "-c", FORKS, cassette_path, first], timeout=60, check=True)
    counted = uris(cassette_path)
    assert sum(count for uri, count in counted.items() if "before" in uri) == 2 + old
    assert {uri: count for uri, count in counted.items() if "before" not in uri} == {
        **{f"http://h/child/{number}": 1 for number in range(4)},
        "http://h/parent": 1,
    }


@posix
def test_what_only_a_child_comes_to_save_is_saved(cassette_path):
    """As a daemon: the parent ends at once, without leaving the block."""
    program = """
import os, sys
import vcr
from vcr.request import Request

with vcr.use_cassette(sys.argv[1]) as cassette:
    cassette.append(Request("GET", "http://h/"), {"status": {"code": 200, "message": "OK"}, "body": {}})
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        os._exit(0)
"""
    subprocess.run([sys.executable, "-c", program, cassette_path], timeout=60, check=True)
    assert uris(cassette_path) == {"http://h/": 1}


# -- permissions ------------------------------------------------------------------------------------------------------


@contextmanager
def as_another_user(path: Path) -> Iterator[None]:
    """A context in which this process is not root: it owns the file and its directory."""
    if os.geteuid() != 0:
        yield
        return
    for there in (path, path.parent):
        os.chown(there, 65534, 65534)
    opened = [there for there in path.parents if not there.stat().st_mode & 0o001 and there != path.parent]
    modes = [there.stat().st_mode for there in opened]
    for there in opened:
        there.chmod(0o755)
    "h".encode("idna")  # imported while that can be read
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for there, mode in zip(opened, modes, strict=True):
            there.chmod(mode)


@pytest.fixture
def owned(tmp_path) -> Path:
    """A cassette in a directory of its own."""
    path = tmp_path / "own" / "cassette.yaml"
    with vcr.use_cassette(path) as cassette:
        cassette.append(Request("GET", "http://h/old"), answer())
    return path


@pytest.fixture
def read_only(owned):
    """A cassette that its owner has made read-only."""
    owned.chmod(0o444)
    with as_another_user(owned):
        yield owned


@posix
def test_a_file_in_a_directory_where_nothing_can_be_made_is_written_over(owned):
    owned.parent.chmod(0o555)
    inode = owned.stat().st_ino
    with as_another_user(owned):
        add(owned)
        with vcr.use_cassette(owned, record_mode="none") as cassette:
            assert [request.path for request in cassette.requests] == ["/old", "/new"]
        with pytest.raises(PermissionError):
            add(owned.with_name("other.yaml"))
    assert (owned.stat().st_ino, os.listdir(owned.parent)) == (inode, ["cassette.yaml"])


@posix
def test_a_file_of_the_current_directory_is_replaced_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cassette.yaml").write_bytes(b"old")
    with open("cassette.yaml", "rb") as before:
        whole.replace("cassette.yaml", [b"new"], 0o644)
        assert (before.read(), Path("cassette.yaml").read_bytes()) == (b"old", b"new")


@posix
def test_a_file_that_cannot_be_written_over_to_its_end_gets_its_old_bytes_back(owned):
    import resource

    before, limits = owned.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    owned.parent.chmod(0o555)
    with as_another_user(owned):
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, limits[1]))  # bytes: as on a disk that is full
        try:
            with pytest.raises(OSError, match="File too large"):
                add(owned, "http://h/" + "new" * 100)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (owned.read_bytes(), os.listdir(owned.parent)) == (before, ["cassette.yaml"])


@posix
def test_a_file_that_nothing_can_replace_because_it_is_mounted_is_written_over(owned, monkeypatch):
    def replace(source, target):
        raise OSError(errno.EBUSY, "Device or resource busy", source, None, target)

    inode = owned.stat().st_ino
    monkeypatch.setattr(os, "replace", replace)
    add(owned)
    with vcr.use_cassette(owned, record_mode="none") as cassette:
        assert [request.path for request in cassette.requests] == ["/old", "/new"]
    assert (owned.stat().st_ino, os.listdir(owned.parent)) == (inode, ["cassette.yaml"])


@posix
def test_a_file_that_its_owner_has_made_read_only_stays_as_it_is(read_only, server):
    before = read_only.read_bytes()
    with (
        pytest.raises(PermissionError, match="read-only"),
        vcr.use_cassette(read_only, record_mode="all"),
        pytest.warns(VCRWarning, match="cannot be saved: the file is read-only"),
    ):
        urlopen(server.url + "/text").read()
    assert read_only.read_bytes() == before
    assert stat.S_IMODE(read_only.stat().st_mode) == 0o444
    assert os.listdir(read_only.parent) == ["cassette.yaml"]


@posix
def test_a_read_only_file_is_replayed_without_a_word(read_only):
    with vcr.use_cassette(read_only, record_mode="new_episodes") as cassette:
        assert cassette.begin(cassette.requests[0]).response is not None


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_nothing_beside_a_cassette_can_be_read_by_whoever_cannot_read_it(mode, cassette_path, monkeypatch):
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", "http://h/old"), answer())
    os.chmod(cassette_path, mode)
    seen: dict[str, int] = {}
    real = os.replace

    def replace(source, target):
        seen[target] = stat.S_IMODE(os.stat(source).st_mode)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    journal = f"{cassette_path}.partial"
    with (
        vcr.use_cassette(cassette_path, journal=True, record_mode="new_episodes") as other,
        vcr.use_cassette(cassette_path, journal=True, record_mode="new_episodes") as cassette,
    ):
        other.append(Request("GET", "http://h/other"), answer())
        assert stat.S_IMODE(os.stat(journal).st_mode) == mode
        cassette.append(Request("GET", "http://h/new"), answer())
    assert seen == {cassette_path: mode, journal: mode}
    assert not os.path.exists(journal)


def test_what_is_appended_by_hand_is_in_the_journal(cassette_path):
    cassette = vcr.cassette.Cassette(cassette_path, journal=True)
    cassette.append(Request("GET", "http://h/"), answer())
    assert vcr.recover(cassette_path) == 1  # as after a crash
    assert uris(cassette_path) == {"http://h/": 1}


# -- at the end of the interpreter ------------------------------------------------------------------------------------

AT_EXIT = """
import sys
from urllib.request import urlopen
import vcr

url, path, kind, serializer = sys.argv[1:]

def fixture():
    with vcr.use_cassette(path, serializer=serializer, record_mode="new_episodes", journal=True):
        yield

class Closes:
    def __init__(self):
        self.context = vcr.use_cassette(path, serializer=serializer, record_mode="new_episodes", journal=True)
        self.context.__enter__()

    def __del__(self):
        self.context.__exit__()

if kind == "generator":
    opened = fixture()
    next(opened)
else:
    opened = Closes()
urlopen(url + "/text").read()
sys.modules["kept until the very end"] = opened
"""


@pytest.mark.parametrize("kind", ["generator", "__del__"])
@pytest.mark.parametrize("serializer", ["yaml", "json", "ruby", "betamax"])
def test_a_cassette_that_is_closed_when_the_interpreter_ends_is_saved(kind, serializer, server, cassette_path):
    run = subprocess.run(
        [sys.executable, "-c", AT_EXIT, server.url, cassette_path, kind, serializer],
        timeout=60,
        check=True,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    with vcr.use_cassette(cassette_path, record_mode="none", serializer=serializer) as cassette:
        assert [request.uri for request in cassette.requests] == [f"{server.url}/text"]


# -- adding to a cassette ---------------------------------------------------------------------------------------------

#: Good YAML, which is not how it is written here: whatever writes it anew changes it.
BY_HAND = """interactions:
- request:
    body: null
    headers: {}
    method: GET
    uri: http://h/old
  response:
    body:
      string: 'text'
    headers: {}
    status:
      code: 200
      message: 'OK'
version: 1
"""


def add(path: str | Path, uri: str = "http://h/new", **options) -> None:
    with vcr.use_cassette(path, record_mode="new_episodes", **options) as cassette:
        cassette.append(Request("GET", uri, "é\n", {"A": "b"}), answer())


def test_what_is_added_leaves_the_rest_of_the_file_as_it_stands(cassette_path):
    Path(cassette_path).write_text(BY_HAND)
    for number in range(3):
        add(cassette_path, f"http://h/{number}")
    text = Path(cassette_path).read_text(encoding="utf-8")
    assert text.startswith(BY_HAND.removesuffix("version: 1\n"))
    assert text.endswith("\nversion: 1\n")
    assert list(uris(cassette_path)) == ["http://h/old", "http://h/0", "http://h/1", "http://h/2"]


def test_a_cassette_to_which_nothing_is_added_can_be_saved_again(cassette_path):
    """VCR.py's users call ``_save(force=True)``."""
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", "http://h/1"), answer())
    before = Path(cassette_path).read_text("utf-8")
    with vcr.use_cassette(cassette_path) as cassette:
        cassette._save(force=True)
    assert Path(cassette_path).read_text("utf-8") == before


def test_what_two_sessions_add_at_the_same_time_is_all_there(cassette_path):
    Path(cassette_path).write_text(BY_HAND)
    with vcr.use_cassette(cassette_path, record_mode="new_episodes") as outer:
        add(cassette_path, "http://h/inner")
        outer.append(Request("GET", "http://h/outer"), answer())
    assert list(uris(cassette_path)) == ["http://h/old", "http://h/inner", "http://h/outer"]
    assert Path(cassette_path).read_text(encoding="utf-8").startswith(BY_HAND.removesuffix("version: 1\n"))


def test_what_one_session_removes_is_removed_once_beside_what_another_adds(cassette_path):
    with vcr.use_cassette(cassette_path) as cassette:
        for uri in ("http://h/twice", "http://h/twice", "http://h/kept"):
            cassette.append(Request("GET", uri), answer())
    with vcr.use_cassette(cassette_path, record_mode="new_episodes", drop_unused_requests=True) as cassette:
        for uri in ("http://h/twice", "http://h/kept"):
            assert cassette.play_response(Request("GET", uri))
        add(cassette_path)
    assert uris(cassette_path) == Counter(["http://h/twice", "http://h/kept", "http://h/new"])


def test_a_file_that_is_deleted_while_its_cassette_is_open_is_written_anew(cassette_path):
    add(cassette_path, "http://h/old")
    with vcr.use_cassette(cassette_path, record_mode="new_episodes") as cassette:
        Path(cassette_path).unlink()
        cassette.append(Request("GET", "http://h/new"), answer())
    assert uris(cassette_path) == Counter(["http://h/old", "http://h/new"])


@pytest.mark.parametrize(
    "text",
    [
        BY_HAND.replace("version: 1\n", "metadata:\n  a: 1\nversion: 1\n"),
        BY_HAND + "zone: mine\n",
        BY_HAND.replace("interactions", "# mine\ninteractions"),
        BY_HAND.replace("\n", "\r\n"),
        BY_HAND.replace("'text'", "'text\n- request:\n'"),
        '{"version": 1, "interactions": []}',
        "interactions: []\nversion: 1\n",
        "interactions:\nversion: 1\n",
        BY_HAND.replace("version: 1\n", ""),
    ],
    ids=["metadata", "more", "comment", "line ends", "quoted", "JSON", "none", "nothing", "no version"],
)
def test_a_file_that_is_not_as_usual_is_written_anew_with_all_that_was_in_it(text, cassette_path):
    Path(cassette_path).write_bytes(text.encode())
    try:
        before = uris(cassette_path)
    except vcr.errors.CannotOverwriteExistingCassetteException:
        before = Counter()
    add(cassette_path)
    assert uris(cassette_path) == {**before, "http://h/new": 1}
    after = Path(cassette_path).read_text(encoding="utf-8")
    assert ("a: 1" in after, "zone: mine" in after) == ("a: 1" in text, "zone: mine" in text)


def test_what_a_hook_or_the_program_changes_is_changed_in_the_file_when_something_is_added(cassette_path):
    Path(cassette_path).write_text(BY_HAND)
    add(cassette_path, before_save_interaction=lambda request, response: (request, {**response, "mark": 1}))
    with vcr.use_cassette(cassette_path, record_mode="new_episodes") as cassette:
        assert [response["mark"] for response in cassette.responses] == [1, 1]
        cassette.responses[0]["mark"] = 2
        cassette.append(Request("GET", "http://h/more"), answer())
    with vcr.use_cassette(cassette_path, record_mode="new_episodes", filter_headers=["A"]) as cassette:
        cassette.append(Request("GET", "http://h/filtered"), answer())
        cassette.get_metadata("seed", 5)
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert [response.get("mark") for response in cassette.responses] == [2, 1, None, None]
        assert [dict(request.headers) for request in cassette.requests] == [{}] * 4
        assert cassette.get_metadata("seed", 0) == 5


def test_a_broken_file_is_not_added_to(cassette_path):
    Path(cassette_path).write_text(BY_HAND)
    opened = vcr.use_cassette(cassette_path, record_mode="new_episodes")
    with pytest.raises(CassetteLoadError), opened as cassette:  # noqa: PT012  (raised at the end)
        cassette.append(Request("GET", "http://h/new"), answer())
        Path(cassette_path).write_text("<<<<<<< mine\n" + BY_HAND)  # by somebody else, meanwhile
    assert Path(cassette_path).read_text() == "<<<<<<< mine\n" + BY_HAND


ADDS = """
import sys
import vcr
from vcr.request import Request

answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"x" * 1000}}
print("begun", flush=True)
for number in range(100_000):
    with vcr.use_cassette(sys.argv[1], record_mode="new_episodes") as cassette:
        cassette.append(Request("GET", f"http://h/{number}"), answer)
"""


@posix
def test_a_writer_that_is_killed_while_it_adds_leaves_a_whole_file(cassette_path):
    Path(cassette_path).write_text(BY_HAND)
    for _ in range(5):
        size = os.stat(cassette_path).st_size
        with subprocess.Popen([sys.executable, "-c", ADDS, cassette_path], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"begun\n"
            while os.stat(cassette_path).st_size < size + 5_000:
                assert writer.poll() is None
            writer.kill()
        data = yaml.safe_load(Path(cassette_path).read_text())
        assert data["version"] == 1
        assert all(one["response"]["status"]["code"] == 200 for one in data["interactions"])
