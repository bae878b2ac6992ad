"""Cassettes in stores that fsspec reaches: memory, a local disk, HTTP, S3. They run where fsspec is installed, and what
it needs for the store."""

from __future__ import annotations

import gc
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import urlopen

import pytest

fsspec = pytest.importorskip("fsspec")
asyn = pytest.importorskip("fsspec.asyn")

import vcr  # noqa: E402
from tests.server import Server  # noqa: E402
from vcr.errors import CassetteLoadError, CassetteNotFoundError  # noqa: E402
from vcr.persisters.filesystem import FilesystemPersister  # noqa: E402
from vcr.persisters.fsspec import FsspecPersister  # noqa: E402
from vcr.persisters.readonly import ReadOnlyCassetteError, ReadOnlyPersister  # noqa: E402
from vcr.request import Request  # noqa: E402
from vcr.response import Response  # noqa: E402
from vcr.serializers import jsonserializer, yamlserializer  # noqa: E402


def one(body: str) -> dict:
    """What is saved: one interaction."""
    response = Response.of(200, "OK", {}, body.encode()).data
    return {"requests": [Request("GET", "http://h/")], "responses": [response]}


def body_in(loaded) -> str:
    _, (response,) = loaded
    return response["body"]["string"].decode()


# -- stores ------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def fsspec_thread():
    """fsspec's own thread, which asynchronous stores run in, and its helper start before the tests and end after."""
    loop, thread = asyn.get_loop(), asyn.iothread[0]
    with ThreadPoolExecutor(1) as helper:
        helper.submit(int).result()
        loop.set_default_executor(helper)
        yield
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
    loop.close()
    asyn.reset_lock()


@pytest.fixture(autouse=True)
def nothing_stays_in_memory():
    yield
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def serve_objects(server: Server) -> dict[str, bytes]:
    """As much of S3, with paths, as a cassette library needs; what is in the bucket."""
    kept: dict[str, bytes] = {}

    def bucket(exchange, *segments):
        key, method = "/".join(segments), exchange.request.method
        if method == "PUT":
            kept[key] = exchange.request.body
        elif not key:  # a listing, by which s3fs asks whether a key that is not there is a directory
            xml = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
            return exchange.respond(200, [("Content-Type", "application/xml")], xml)
        elif key not in kept:
            xml = b"<Error><Code>NoSuchKey</Code><Message>It is not there.</Message></Error>"
            return exchange.respond(404, [("Content-Type", "application/xml")], xml)
        etag = ("ETag", f'"{hashlib.md5(kept[key]).hexdigest()}"')
        return exchange.respond(200, [etag], b"" if method == "PUT" else kept[key])

    server.route("/bucket", bucket)
    return kept


@pytest.fixture
def object_store():
    """A server of objects of its own, not the one that is recorded."""
    with Server() as running:
        running.objects = serve_objects(running)
        yield running


@pytest.fixture
def s3(object_store):
    s3fs = pytest.importorskip("s3fs")
    config = {"s3": {"addressing_style": "path"}, "retries": {"total_max_attempts": 1}}
    yield FsspecPersister(
        "s3://bucket/cassettes", key="k", secret="s", endpoint_url=object_store.url, config_kwargs=config
    )
    for store in s3fs.S3FileSystem._cache.values():
        if store._s3 is not None:
            asyn.sync(store.loop, store._s3.__aexit__, None, None, None)
    s3fs.S3FileSystem.clear_instance_cache()
    gc.collect()


@pytest.fixture(params=["memory", "file", "s3"])
def persister(request, tmp_path):
    """One of each kind of store that can be written to."""
    if request.param == "s3":
        return request.getfixturevalue("s3")
    return FsspecPersister(f"{request.param}://{tmp_path}/library")


# -- a persister like the filesystem's --------------------------------------------------------------------------------


@pytest.mark.parametrize("serializer", [yamlserializer, jsonserializer])
@pytest.mark.parametrize("path", ["cassette.yaml", Path("a", "b", "c.yaml"), "ünï code.yaml", "ruby.yml.zz"])
def test_what_is_saved_can_be_loaded(path, serializer, persister):
    persister.save_cassette(path, one("grün 日本\r\n"), serializer)
    assert body_in(persister.load_cassette(path, serializer)) == "grün 日本\r\n"


def test_what_is_not_there_is_no_cassette(persister):
    assert persister.version("none.yaml") is None
    with pytest.raises(CassetteNotFoundError, match=r"no cassette at .*/none\.yaml"):
        persister.load_cassette("none.yaml", yamlserializer)


@pytest.mark.parametrize(
    ("content", "error", "why"),
    [
        (b" \n", CassetteNotFoundError, "blank"),
        (b"version: 1\ninteractions: [\n", CassetteLoadError, "line 3: not readable as YAML"),
        (b"version: 1\ninteractions: [caf\xe9]", CassetteLoadError, "line 2: not UTF-8"),
    ],
)
def test_a_cassette_that_cannot_be_read_says_which_and_why(content, error, why):
    fsspec.filesystem("memory").pipe_file("/library/broken.yaml", content)
    with pytest.raises(error, match=why) as caught:
        FsspecPersister("memory://library").load_cassette("broken.yaml", yamlserializer)
    assert "memory://library/broken.yaml" in str(caught.value)


def test_the_version_changes_with_what_is_stored(persister):
    versions = [persister.version("cassette.yaml")]
    for body in ("one", "two"):
        persister.save_cassette("cassette.yaml", one(body), yamlserializer)
        versions.append(persister.version("cassette.yaml"))
        assert persister.version("cassette.yaml") == versions[-1]
    assert len(set(versions)) == 3


def test_a_run_records_and_the_next_one_replays(server, persister):
    recorder = vcr.VCR(persister=persister, cassette_library_dir="api")
    with recorder.use_cassette("text.yaml"):
        recorded = urlopen(server.url + "/text").read()
    server.close()
    with recorder.use_cassette("text.yaml") as cassette:
        assert urlopen(server.url + "/text").read() == recorded
    assert (cassette.path, cassette.play_count) == (os.path.join("api", "text.yaml"), 1)


def test_what_another_has_saved_meanwhile_stays(server, persister):
    one, other = (vcr.use_cassette("c.yaml", persister=persister, record_mode="new_episodes") for _ in range(2))
    with one:
        urlopen(server.url + "/text?from=one").read()
        with other:
            urlopen(server.url + "/text?from=other").read()
    with vcr.use_cassette("c.yaml", persister=persister, record_mode="none") as cassette:
        assert [request.query for request in cassette.requests] == [[("from", "other")], [("from", "one")]]


def test_what_threads_save_side_by_side_is_all_there(persister):
    together = threading.Barrier(4)

    def save(number):
        with vcr.use_cassette("c.yaml", persister=persister, record_mode="new_episodes") as cassette:
            cassette.append(Request("GET", f"http://h/{number}"), one("body")["responses"][0])
            together.wait()

    threads = [threading.Thread(target=save, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    requests, _ = persister.load_cassette("c.yaml", yamlserializer)
    assert sorted(request.path for request in requests) == ["/0", "/1", "/2", "/3"]


@pytest.mark.parametrize("path", ["/cassette.yaml", "../cassette.yaml", "a/../../cassette.yaml"])
def test_a_cassette_is_in_the_directory_of_the_store(path, persister):
    with pytest.raises(ValueError, match="relative"):
        persister.save_cassette(path, one("body"), yamlserializer)


# -- a local disk ------------------------------------------------------------------------------------------------------


def test_on_a_local_disk_it_is_the_file_that_the_filesystem_persister_writes(tmp_path):
    store = FsspecPersister(f"file://{tmp_path}")
    store.save_cassette("a/cassette.yaml", one("body"), yamlserializer)
    before = os.stat(tmp_path / "a" / "cassette.yaml")
    store.save_cassette("a/cassette.yaml", one("body"), yamlserializer)
    assert os.stat(tmp_path / "a" / "cassette.yaml").st_ino != before.st_ino  # replaced whole, not written over
    assert os.listdir(tmp_path / "a") == ["cassette.yaml"]
    assert body_in(FilesystemPersister.load_cassette(tmp_path / "a" / "cassette.yaml", yamlserializer)) == "body"


# -- S3 ----------------------------------------------------------------------------------------------------------------


def test_an_object_is_put_whole_in_one_request(s3, object_store):
    s3.save_cassette("a/cassette.yaml", one("body"), yamlserializer)
    assert [(sent.method, sent.path) for sent in object_store.requests] == [
        ("PUT", "/bucket/cassettes/a/cassette.yaml")
    ]
    assert object_store.objects["cassettes/a/cassette.yaml"].endswith(b"version: 1\n")


def test_what_passes_to_the_store_is_in_no_cassette(s3, object_store, server, tmp_path):
    outer = vcr.use_cassette(tmp_path / "outer.yaml")
    with outer as around, vcr.use_cassette("inner.yaml", persister=s3) as inner:
        urlopen(server.url + "/text").read()
    assert (len(around), len(inner)) == (0, 1)
    assert object_store.hits
    assert not os.path.exists(tmp_path / "outer.yaml")


def test_a_cassette_of_another_thread_does_not_get_it_either(s3, object_store, server):
    opened, done = threading.Event(), threading.Event()
    elsewhere = []

    def other():
        with vcr.use_cassette("other.yaml", record_mode="none") as cassette:
            opened.set()
            done.wait(10)
            elsewhere.extend(cassette.refused)

    thread = threading.Thread(target=other)
    thread.start()
    opened.wait(10)
    with vcr.use_cassette("here.yaml", persister=s3):
        urlopen(server.url + "/text").read()
    done.set()
    thread.join()
    assert elsewhere == []
    assert list(object_store.objects) == ["cassettes/here.yaml"]


def test_a_store_that_is_gone_is_an_error_that_names_the_cassette(s3, object_store):
    object_store.close()
    with pytest.raises(CassetteLoadError, match=r"s3://bucket/cassettes/c\.yaml: cannot be read"):
        s3.version("c.yaml")
    with pytest.raises(OSError, match=r"s3://bucket/cassettes/c\.yaml cannot be saved"):
        s3.save_cassette("c.yaml", one("body"), yamlserializer)


# -- HTTP --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def library():
    """A server of files that holds one cassette, and its persister. The password is shown to nobody."""
    pytest.importorskip("aiohttp")
    from fsspec.implementations.http import HTTPFileSystem

    text = yamlserializer.serialize({"version": 1, "interactions": []}).encode()
    with Server() as running:
        running.route("/library/cassette.yaml", lambda exchange: exchange.respond(body=text))
        running.route("/library/locked.yaml", lambda exchange: exchange.respond(403))
        yield running, FsspecPersister(running.url.replace("://", "://user:pass@") + "/library")
        for store in HTTPFileSystem._cache.values():
            if store._session is not None:
                asyn.sync(store.loop, store._session.close)
        HTTPFileSystem.clear_instance_cache()
        gc.collect()


def test_a_library_behind_http_is_read(library):
    _, persister = library
    with vcr.use_cassette("cassette.yaml", persister=persister, record_mode="none") as cassette:
        assert len(cassette) == 0
    assert cassette.rewound
    with pytest.raises(CassetteNotFoundError):
        persister.load_cassette("none.yaml", yamlserializer)
    with pytest.raises(CassetteLoadError, match="403"):
        persister.load_cassette("locked.yaml", yamlserializer)


def test_a_library_behind_http_cannot_be_written_and_says_so(library, server):
    files, persister = library
    with (
        pytest.raises(ReadOnlyCassetteError, match="a persister of the store behind it") as caught,
        vcr.use_cassette("cassette.yaml", persister=persister, record_mode="new_episodes"),
    ):
        urlopen(server.url + "/text").read()
    assert caught.value.path == files.url + "/library/cassette.yaml"
    assert {request.method for request in files.requests} == {"GET"}


def test_a_password_in_the_url_is_shown_to_nobody(library):
    _, persister = library
    for act in (persister.load_cassette, lambda path, serializer: persister.save_cassette(path, one(""), serializer)):
        with pytest.raises((CassetteLoadError, ReadOnlyCassetteError)) as caught:
            act("locked.yaml", yamlserializer)
        assert "pass@" not in str(caught.value) + repr(persister)


# -- read-only ---------------------------------------------------------------------------------------------------------


def test_a_library_is_read_only_where_it_is_wrapped(server, persister):
    record, ci = (vcr.VCR(persister=each) for each in (persister, ReadOnlyPersister(persister)))
    with record.use_cassette("text.yaml"):
        urlopen(server.url + "/text").read()
    with ci.use_cassette("text.yaml"):
        urlopen(server.url + "/text").read()
    with pytest.raises(ReadOnlyCassetteError, match=r"FsspecPersister\('.*://"), ci.use_cassette("new.yaml"):
        urlopen(server.url + "/text").read()
