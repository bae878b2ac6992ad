"""The names that programs written for VCR.py import: they are there, and they work."""

from __future__ import annotations

import http.client
import io
import ssl
import urllib.request
import xmlrpc.client
from contextlib import ExitStack, closing
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

import vcr
from vcr import filters, matchers, stubs
from vcr._http import content_coding
from vcr.errors import VCRWarning
from vcr.patch import (
    PATCHER_NAMES,
    CassettePatcherBuilder,
    ConnectionRemover,
    force_reset,
    reset_patchers,
    validate_skip_patchers,
)
from vcr.request import Request
from vcr.serializers import compat as body_compat
from vcr.serializers import jsonserializer, yamlserializer
from vcr.stubs import VCRConnection, VCRFakeSocket, VCRHTTPConnection, VCRHTTPResponse, VCRHTTPSConnection
from vcr.stubs import compat as header_compat
from vcr.util import CaseInsensitiveDict, auto_decorate, compose, partition_dict, read_body

NAMES = {
    "vcr": "VCR use_cassette default_vcr mode Request __version__",
    "vcr._handle_coroutine": "handle_coroutine",
    "vcr.cassette": "Cassette CassetteContextDecorator CassetteNotFoundError CassetteDecodeError",
    "vcr.config": "VCR RecordMode",
    "vcr.errors": "CannotOverwriteExistingCassetteException UnhandledHTTPRequestError",
    "vcr.filters": "decode_response replace_headers replace_query_parameters replace_post_data_parameters"
    " remove_headers remove_query_parameters remove_post_data_parameters replace_body_parameters replace_text"
    " decompress_gzip decompress_deflate decompress_brotli AVAILABLE_DECOMPRESSORS brotli sensitive_data_hooks",
    "vcr.matchers": "method uri scheme host port path query headers body raw_body requests_match get_matchers_results"
    " _header_checker _transform_json",
    "vcr.migration": "migrate main",
    "vcr.patch": "CassettePatcherBuilder ConnectionRemover PATCHER_NAMES force_reset reset_patchers"
    " validate_skip_patchers",
    "vcr.persisters.filesystem": "FilesystemPersister CassetteNotFoundError CassetteDecodeError",
    "vcr.record_mode": "RecordMode validate_record_mode",
    "vcr.request": "Request HeadersDict",
    "vcr.serialize": "serialize deserialize CASSETTE_FORMAT_VERSION",
    "vcr.serializers.compat": "convert_to_bytes convert_to_unicode convert_body_to_bytes convert_body_to_unicode",
    "vcr.serializers.jsonserializer": "serialize deserialize",
    "vcr.serializers.yamlserializer": "serialize deserialize with_custom_tags",
    "vcr.stubs": "VCRConnection VCRHTTPConnection VCRHTTPSConnection VCRFakeSocket VCRHTTPResponse HTTPConnection"
    " HTTPSConnection HTTPResponse parse_headers serialize_headers",
    "vcr.stubs.compat": "get_header get_header_items get_headers get_httpmessage",
    "vcr.stubs.requests_stubs": "VCRRequestsHTTPConnection VCRRequestsHTTPSConnection",
    "vcr.stubs.urllib3_stubs": "VCRRequestsHTTPConnection VCRRequestsHTTPSConnection HTTPConnection HTTPHeaderDict"
    " VerifiedHTTPSConnection VCRHTTPConnection VCRHTTPSConnection",
    "vcr.stubs.httplib2_stubs": "VCRHTTPConnectionWithTimeout VCRHTTPSConnectionWithTimeout",
    "vcr.stubs.boto3_stubs": "VCRRequestsHTTPConnection VCRRequestsHTTPSConnection",
    "vcr.unittest": "VCRMixin VCRTestCase",
    "vcr.util": "CaseInsensitiveDict auto_decorate compose partition_dict read_body",
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in NAMES.items() for name in names.split()]
)
def test_every_name_can_be_imported(module, name):
    assert hasattr(import_module(module), name)


@pytest.mark.parametrize("module", ["vcr.patch", "vcr.cassette", "vcr.filters"])
def test_other_names_cannot(module):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nothing'"):
        import_module(module).nothing  # noqa: B018


#: Those of VCR.py's stubs that need their client: what they do is in tests/clients/test_vcrpy_stubs.py.
NAMES_OF_STUBS = {
    "aiohttp": "MockClientResponse MockStream build_response play_responses record_response record_responses"
    " vcr_request",
    "httpx": "_make_vcr_request _serialize_headers _deserialize_headers _serialize_response _deserialize_response"
    " _vcr_request _play_responses _record_responses vcr_handle_request vcr_handle_async_request",
    "tornado": "vcr_fetch_impl",
}


@pytest.mark.parametrize("client", NAMES_OF_STUBS)
def test_every_name_of_a_stub_can_be_imported_where_its_client_is(client):
    pytest.importorskip(client)
    module = import_module(f"vcr.stubs.{client}_stubs")
    assert [name for name in NAMES_OF_STUBS[client].split() if not hasattr(module, name)] == []


# -- vcr.matchers ------------------------------------------------------------------------------------------------------


def verdict(said: object):
    """A matcher that returns this, or raises it."""

    def matcher(one: Request, other: Request) -> object:
        if isinstance(said, Exception):
            raise said
        return said

    return matcher


@pytest.mark.parametrize(
    ("said", "verdict_and_message"),
    [
        (None, (True, None)),
        (True, (True, None)),
        (False, (False, None)),
        (AssertionError("a != b"), (False, "a != b")),
        (AssertionError(), (False, "")),
    ],
    ids=repr,
)
def test_what_a_matcher_says_is_a_verdict_and_a_message(said, verdict_and_message):
    request = Request("GET", "http://h/")
    assert matchers._evaluate_matcher(verdict(said), request, request) == verdict_and_message


@pytest.mark.parametrize(
    ("transform", "body", "data"),
    [
        ("_transform_json", b'{"a": 1}', {"a": 1}),
        ("_transform_form", b"a=1&a=2", {"a": ["1", "2"]}),
        ("_transform_xmlrpc", xmlrpc.client.dumps((1,), "f").encode(), ((1,), "f")),
        ("_dechunk", b"3\r\nabc\r\n0\r\n\r\n", b"abc"),
    ],
)
def test_what_vcrpys_body_matcher_compares(transform, body, data):
    assert getattr(matchers, transform)(body) == data
    assert getattr(matchers, transform)(None) is None


def test_what_vcrpys_body_matcher_takes_for_xmlrpc():
    asked = {"Content-Type": "text/xml; charset=utf-8", "User-Agent": b"Python-xmlrpc/3.12"}
    assert matchers._is_xmlrpc(asked)
    assert not matchers._is_xmlrpc({**asked, "User-Agent": "curl"})


# -- vcr.stubs ---------------------------------------------------------------------------------------------------------


class OwnConnection(http.client.HTTPConnection):
    """A connection class as a vendored client or a SOAP adapter has it."""

    greeting = "hello"

    def __init__(self, host, purpose="none"):
        super().__init__(host)
        self.purpose = purpose

    def putheader(self, header, *values):
        super().putheader(header, *values)
        if header == "X-Purpose":
            super().putheader("X-Own", self.purpose)


class OverBase(VCRHTTPConnection):
    """A stub as VCR.py's users write them: the base class is named."""

    _baseclass = OwnConnection


class Both(VCRHTTPConnection, OwnConnection):
    """Another way: the base class is inherited from as well."""

    _baseclass = OwnConnection


class Mixin:
    def greet(self):
        return f"{self.greeting}, {self.purpose}"


class Mixed(Mixin, VCRHTTPConnection):
    """Another: with methods of its own."""

    _baseclass = OwnConnection

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.was_made = True


STUBS = pytest.mark.parametrize("stub", [OverBase, Both, Mixed])


@pytest.fixture
def host(server) -> str:
    return server.url.removeprefix("http://")


def fetch(connection, path="/counter") -> bytes:
    connection.request("GET", path, headers={"X-Purpose": "test"})
    body = connection.getresponse().read()
    connection.close()
    return body


@pytest.mark.parametrize("stub", [VCRHTTPConnection, OverBase, Both, Mixed])
def test_a_stub_made_inside_a_cassette_is_recorded_and_replayed(stub, host, server, cassette_path):
    for _ in range(2):
        with vcr.use_cassette(cassette_path):
            assert fetch(stub(host)) == b"1"
    assert server.hits == 1


@pytest.mark.parametrize("stub", [VCRHTTPConnection, OverBase, Both, Mixed])
def test_outside_it_is_an_ordinary_connection(stub, host):
    assert fetch(stub(host)) == b"1"


def test_over_tls_too(tls_server, ca_file, cassette_path):
    host, context = tls_server.url.removeprefix("https://"), ssl.create_default_context(cafile=ca_file)
    for _ in range(2):
        with vcr.use_cassette(cassette_path):
            assert fetch(VCRHTTPSConnection(host, context=context)) == b"1"
    assert tls_server.hits == 1


@STUBS
def test_it_is_its_base_class_too_and_its_constructor_takes_what_that_takes(stub, host, server):
    connection = stub(host, purpose="testing")
    assert isinstance(connection, stub)
    assert isinstance(connection, OwnConnection)
    assert (connection.greeting, connection.purpose) == ("hello", "testing")
    assert connection.real_connection is connection
    fetch(connection)
    assert server.requests[0].get("X-Own") == "testing"


def test_what_a_subclass_adds_is_there(host, cassette_path):
    with vcr.use_cassette(cassette_path):
        connection = Mixed(host, purpose="testing")
    assert connection.was_made
    assert connection.greet() == "hello, testing"


def test_a_class_over_a_base_class_is_made_once(host):
    assert type(OverBase(host)) is type(OverBase(host))


@pytest.mark.parametrize(
    ("module", "name", "base"),
    [
        ("urllib3_stubs", "VCRRequestsHTTPConnection", "urllib3.connection.HTTPConnection"),
        ("urllib3_stubs", "VCRRequestsHTTPSConnection", "urllib3.connection.HTTPSConnection"),
        ("httplib2_stubs", "VCRHTTPConnectionWithTimeout", "httplib2.HTTPConnectionWithTimeout"),
        ("boto3_stubs", "VCRRequestsHTTPConnection", "botocore.awsrequest.AWSHTTPConnection"),
    ],
)
def test_the_stubs_of_clients_are_their_connections(module, name, base):
    module_name, _, class_name = base.rpartition(".")
    connection = getattr(import_module(f"vcr.stubs.{module}"), name)("a.example")
    assert isinstance(connection, getattr(import_module(module_name), class_name))
    assert isinstance(connection, VCRConnection)


def test_the_fake_socket_can_be_subclassed_and_has_nothing_to_connect():
    class Socket(VCRFakeSocket):
        def getpeername(self):
            return "nobody"

    sock = Socket()
    sock.settimeout(3)
    assert (sock.gettimeout(), sock.getpeername()) == (3, "nobody")
    with pytest.raises(BlockingIOError):
        sock.recv(1)
    sock.close()


RECORDED = {
    "status": {"code": 201, "message": "Made"},
    "headers": {"X-A": ["1", "2"], "Content-Length": ["2"]},
    "body": {"string": b"hi"},
}


def test_a_response_can_be_made_from_a_recorded_one():
    response = VCRHTTPResponse(RECORDED, "http://a.example/")
    assert (response.status, response.reason, response.geturl()) == (201, "Made", "http://a.example/")
    assert response.getheaders() == [("X-A", "1"), ("X-A", "2"), ("Content-Length", "2")]
    assert response.getheader("x-a") == "1, 2"
    assert response.recorded_response is RECORDED
    assert response.read() == b"hi"


def test_such_a_response_has_what_urllib3_asks_of_one():
    found = {"code": 302, "message": "Found"}, {"Location": ["/b"], "Content-Length": ["99"]}, {"string": b'{"a": 1}'}
    response = VCRHTTPResponse(dict(zip(("status", "headers", "body"), found, strict=True)))
    assert response.headers["Content-Length"] == "99"
    assert response.get_redirect_location() == "/b"
    assert response.read(1) == b"{"
    assert list(response.stream(4)) == [b'"a":', b" 1}"]
    assert (response.data, response.json()) == (b'{"a": 1}', {"a": 1})
    response.drain_conn()
    response.release_conn()
    assert VCRHTTPResponse(RECORDED).get_redirect_location() is False


@pytest.mark.parametrize("library", ["http.client", "urllib.request", "urllib3"])
def test_what_a_cassette_hands_out_is_an_instance_of_vcrs_response(library, server, cassette_path):
    module = pytest.importorskip(library)

    def is_one() -> bool:
        if library == "urllib3":
            with module.PoolManager() as pools:
                return isinstance(pools.request("GET", server.url + "/text"), VCRHTTPResponse)
        if library == "urllib.request":
            with module.urlopen(server.url + "/text") as response:
                return isinstance(response, VCRHTTPResponse)
        with closing(module.HTTPConnection("127.0.0.1", server.port)) as connection:
            connection.request("GET", "/text")
            with connection.getresponse() as response:
                return isinstance(response, VCRHTTPResponse) and not isinstance(response, Mine)

    class Mine(VCRHTTPResponse):
        """A subclass has its own instances only."""

    assert not is_one()
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode):
            assert is_one()
    assert server.hits == 2


def test_headers_are_parsed_from_a_recording_and_serialized_to_one():
    response = VCRHTTPResponse(RECORDED)
    assert stubs.parse_headers(RECORDED["headers"]).items() == [("X-A", "1"), ("X-A", "2"), ("Content-Length", "2")]
    assert stubs.serialize_headers(response) == RECORDED["headers"]


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (stubs, "VCRFakeSocket"),
        (stubs, "VCRHTTPResponse"),
        (stubs, "HTTPConnection"),
        (vcr.patch, "CassettePatcherBuilder"),
        (VCRHTTPResponse, "read"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_replacing_what_is_not_used_is_warned_of(owner, name, monkeypatch):
    with pytest.warns(VCRWarning, match=rf"Replacing .*{name} has no effect") as caught:
        monkeypatch.setattr(owner, name, object)
    assert [warning.filename for warning in caught] != [vcr.__file__]
    monkeypatch.undo()  # (a warning is an error)


def test_a_new_name_is_nobodys_business(monkeypatch):
    monkeypatch.setattr(stubs, "brand_new", object, raising=False)
    monkeypatch.setattr(VCRHTTPResponse, "brand_new", object, raising=False)


def test_names_of_patchers():
    assert {"httplib", "requests", "urllib3", "aiohttp", "httpx"} <= set(PATCHER_NAMES)
    assert validate_skip_patchers(["httpx"]) == ("httpx",)
    with pytest.raises(ValueError, match=r"Unknown patcher 'htpx'.*httpx"):
        validate_skip_patchers(["htpx"])


def test_inside_what_reset_patchers_returns_no_cassette_is_current(server, cassette_path):
    with vcr.use_cassette(cassette_path) as cassette, ExitStack() as stack:
        for patcher in reset_patchers():
            stack.enter_context(patcher)
        with urllib.request.urlopen(server.url + "/text") as response:
            assert response.status == 200
    assert (len(cassette), server.hits) == (0, 1)


def test_a_connection_remover_takes_connections_of_its_class_out_of_their_pool(server):
    urllib3 = pytest.importorskip("urllib3")
    if urllib3.__name__ == "urllib3" and not hasattr(urllib3.HTTPConnectionPool("a").pool, "mutex"):
        pytest.skip("urllib3-future's pools are not queues")
    with urllib3.HTTPConnectionPool("127.0.0.1", server.port, maxsize=1, block=True) as pool:
        for cls, connections in ((http.client.HTTPSConnection, 1), (http.client.HTTPConnection, 2)):
            pool.request("GET", "/text")
            with ConnectionRemover(cls) as remover:
                for connection in pool.pool.queue:
                    remover.add_connection_to_pool_entry(pool, connection)
            pool.request("GET", "/text")
            assert server.connections == connections


def test_headers_of_messages():
    message = header_compat.get_httpmessage(b"A: 1\r\nB: 2\r\nA: 3\r\n\r\n")
    assert header_compat.get_header(message, "a") == ["1", "3"]
    assert list(header_compat.get_headers(message)) == [("A", ["1", "3"]), ("B", ["2"])]
    assert list(header_compat.get_header_items(message)) == [("A", "1"), ("A", "3"), ("B", "2")]


# -- custom_patches ----------------------------------------------------------------------------------------------------


@pytest.fixture
def module():
    """A client's module."""
    return SimpleNamespace(
        HTTPConnection=OwnConnection, connect=http.client.HTTPConnection, Anything=None, adapter=lambda host: None
    )


@pytest.mark.parametrize("stub", [VCRHTTPConnection, OverBase, Mixed])
@pytest.mark.parametrize("name", ["HTTPConnection", "connect", "Anything", "adapter"])
def test_a_patched_name_makes_connections_that_are_recorded(stub, name, module, host, cassette_path):
    before = getattr(module, name)
    for _ in range(2):
        with vcr.use_cassette(cassette_path, custom_patches=((module, name, stub),)) as cassette:
            assert fetch(getattr(module, name)(host)) == b"1"
    assert cassette.all_played
    assert getattr(module, name) is before


def test_a_stub_in_place_belongs_to_its_cassette(module, cassette_path):
    patches = ((module, "Anything", VCRHTTPConnection), (module, "adapter", VCRHTTPConnection))
    with vcr.use_cassette(cassette_path, custom_patches=patches) as cassette:
        assert issubclass(module.Anything, VCRHTTPConnection)
        assert module.Anything is not VCRHTTPConnection
        assert module.Anything is module.adapter
        assert module.Anything.cassette is cassette
    assert module.Anything is None


def test_a_connection_class_that_is_stubbed_by_itself_stays_what_it_is(module, host, cassette_path):
    with vcr.use_cassette(cassette_path, custom_patches=((module, "HTTPConnection", VCRHTTPConnection),)):
        assert module.HTTPConnection(host, purpose="testing").greeting == "hello"


@pytest.mark.parametrize("stub", [VCRHTTPConnection, OverBase])
def test_the_names_of_http_client_itself_can_be_given(stub, host, server, cassette_path):
    for _ in range(2):
        with vcr.use_cassette(cassette_path, custom_patches=((http.client, "HTTPConnection", stub),)):
            assert urllib.request.urlopen(f"http://{host}/counter").read() == b"1"
            assert fetch(http.client.HTTPConnection(host)) == b"2"
    assert server.hits == 2


def test_what_is_no_stub_is_put_in_place_as_it_is(module, cassette_path):
    with vcr.use_cassette(cassette_path, custom_patches=((module, "Anything", OwnConnection),)):
        assert module.Anything is OwnConnection


# -- vcr.patch ---------------------------------------------------------------------------------------------------------


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def test_inside_force_reset_no_cassette_is_current(server, cassette_path):
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        with force_reset():
            assert get(f"{server.url}/counter") == b"1"
        assert cassette.refused == []
        with pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException):
            get(f"{server.url}/counter")
    assert len(cassette) == 0


def test_a_cassette_opened_inside_force_reset_is_current(server, cassette_path):
    with (
        vcr.use_cassette(cassette_path) as outer,
        force_reset(),
        vcr.use_cassette(f"{cassette_path}.inner") as inner,
    ):
        get(f"{server.url}/counter")
    assert (len(outer), len(inner)) == (0, 1)


def test_force_reset_outside_any_cassette_and_inside_itself(server):
    with force_reset(), force_reset():
        assert get(f"{server.url}/counter") == b"1"


def test_a_cassette_that_outlives_force_reset_stays_current(server, cassette_path):
    with ExitStack() as stack:
        with force_reset():
            cassette = stack.enter_context(vcr.use_cassette(cassette_path))
        get(f"{server.url}/counter")
    assert len(cassette) == 1


def test_the_patcher_builder_puts_a_cassette_in_place(server, module, cassette_path):
    cassette = vcr.Cassette(cassette_path, custom_patches=((module, "Anything", VCRHTTPConnection),))
    with ExitStack() as stack:
        for patcher in CassettePatcherBuilder(cassette).build():
            stack.enter_context(patcher)
        get(f"{server.url}/counter")
        assert issubclass(module.Anything, VCRHTTPConnection)
    get(f"{server.url}/counter")
    assert len(cassette) == 1


# -- vcr.util ----------------------------------------------------------------------------------------------------------


def test_a_case_insensitive_dict_shows_keys_as_they_were_set_last():
    headers = CaseInsensitiveDict({"X-A": 1}, b=2)
    headers["x-a"] = 3
    assert (headers["X-a"], "B" in headers, len(headers)) == (3, True, 2)
    assert list(headers) == ["x-a", "b"]
    assert list(headers.lower_items()) == [("x-a", 3), ("b", 2)]
    assert headers == {"X-A": 3, "B": 2}
    assert headers != {"X-A": 3}
    assert headers != "something else"
    assert repr(headers) == "{'x-a': 3, 'b': 2}"
    copy = headers.copy()
    del copy["X-A"]
    assert (dict(copy), "x-a" in headers) == ({"b": 2}, True)


def test_partition_dict():
    assert partition_dict(lambda _, value: value > 1, {"a": 1, "b": 2}) == ({"b": 2}, {"a": 1})


def test_compose_applies_the_last_first():
    assert compose(lambda x: x + 1, None, lambda x: x * 2)(3) == 7
    assert compose()(3) == 3


def test_read_body_reads_a_file():
    assert read_body(Request("POST", "http://a.example/", "é")) == "é".encode()
    assert read_body(SimpleNamespace(body=io.BytesIO(b"file"))) == b"file"


def test_auto_decorate_decorates_functions():
    class Decorated(auto_decorate(lambda function: "decorated")):
        constant = 1

        def method(self): ...

    assert (Decorated.constant, Decorated.method) == (1, "decorated")


# -- vcr.serializers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        ({"body": {"string": "é"}}, {"body": {"string": "é".encode()}}),
        ({"body": {"string": b"\xff"}}, {"body": {"string": b"\xff"}}),
        ({"body": {"string": None}}, {"body": {"string": None}}),
        ({"body": {"other": 1}}, {"body": {"other": 1}}),
        ({"body": None}, {"body": None}),
        ({}, {}),
    ],
)
def test_bodies_between_text_and_bytes(text, raw):
    for to_text, to_bytes in (
        (body_compat.convert_to_unicode, body_compat.convert_to_bytes),
        (body_compat.convert_body_to_unicode, body_compat.convert_body_to_bytes),
    ):
        assert to_text(deepcopy(raw)) == text
        assert to_bytes(deepcopy(text)) == raw


def test_a_body_that_is_no_mapping_becomes_text():
    assert body_compat.convert_to_unicode({"body": b"text"}) == {"body": "text"}


class Name(str):
    """A class of a client's own, which it uses for header names."""

    __slots__ = ()


TAG = f"tag:yaml.org,2002:python/object/new:{__name__}.Name"


def test_custom_tags_make_objects_of_just_these_classes(cassette_path):
    recorder = vcr.VCR(serializer="own")
    recorder.register_serializer(
        "own",
        yamlserializer.with_custom_tags({TAG: lambda loader, node: Name(loader.construct_sequence(node)[0])}),
    )
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}, "own": Name("n")}
    with recorder.use_cassette(cassette_path) as cassette:
        cassette.append(Request("GET", "http://a.example/"), response)
    with recorder.use_cassette(cassette_path) as cassette:
        assert type(cassette.responses[0]["own"]) is Name
    with pytest.raises(vcr.errors.CassetteLoadError, match=r"the tag !!python/object/new:tests\.test_compat\.Name"):
        yamlserializer.deserialize(Path(cassette_path).read_text(encoding="utf-8"))


def test_without_them_a_value_of_such_a_class_is_saved_as_the_plain_value():
    assert yamlserializer.deserialize(yamlserializer.serialize({"a": Name("n")})) == {"a": "n"}
    assert jsonserializer.deserialize(jsonserializer.serialize({"a": Name("n")})) == {"a": "n"}


def test_stubs_is_the_package_of_the_connection_classes():
    assert issubclass(stubs.VCRHTTPConnection, VCRConnection)


# -- what is built on --------------------------------------------------------------------------------------------------


def test_cassette_use_opens_what_its_arguments_make(server, cassette_path):
    for hits in (1, 1):
        with vcr.cassette.Cassette.use(path=cassette_path, match_on=(vcr.matchers.path,)) as cassette:
            urllib.request.urlopen(f"{server.url}/text").close()
        assert server.hits == hits
    assert cassette.play_count == 1


def test_cassette_use_arg_getter_asks_when_it_is_opened(server, tmp_path):
    arguments = {}
    opening = vcr.cassette.Cassette.use_arg_getter(lambda: arguments)
    arguments["path"] = str(tmp_path / "later.yaml")
    with opening as cassette:
        assert cassette.path == arguments["path"]


def test_the_responses_of_a_request_with_their_indexes():
    cassette = vcr.cassette.Cassette("tape")
    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}}
    for path in ("/a", "/b", "/a"):
        cassette.append(Request("GET", f"http://h{path}"), answer)
    assert [index for index, _ in cassette._responses(Request("GET", "http://h/a"))] == [0, 2]


def test_filters_that_remove():
    form = {"Content-Type": "application/x-www-form-urlencoded", "Key": "1"}
    request = Request("POST", "http://h/?key=1&a=2", b"key=1&a=2", form)
    vcr.filters.remove_headers(request, ["Key"])
    vcr.filters.remove_query_parameters(request, ["key"])
    vcr.filters.remove_post_data_parameters(request, ["key"])
    assert ("Key" in request.headers, request.uri, request.body) == (False, "http://h/?a=2", b"a=2")


def test_what_custom_matchers_are_made_of():
    is_json = vcr.matchers._header_checker("application/json")
    assert is_json(Request("GET", "http://h/", None, {"content-type": "Application/JSON"}).headers)
    assert not is_json({})
    assert vcr.matchers._transform_json(b'{"a": 1}') == {"a": 1}
    assert vcr.record_mode.validate_record_mode("once") is vcr.mode.ONCE


def test_what_pytest_recording_hands_on_is_no_option_of_ours(cassette_path):
    with vcr.use_cassette(cassette_path, allowed_hosts=["127.0.0.1"]):
        pass


# -- vcr.filters -------------------------------------------------------------------------------------------------------


def test_the_filter_of_post_data_is_for_post_alone():
    for method, left in (("POST", b"a=1"), ("PUT", b"key=secret&a=1")):
        request = Request(method, "http://h/", b"key=secret&a=1", {})
        assert filters.replace_post_data_parameters(request.copy(), [("key", None)]).body == left
        assert filters.remove_post_data_parameters(request.copy(), ["key"]).body == left
    request = Request("POST", "http://h/", b'{"a": {"key": 1}}', {"Content-Type": "application/json"})
    assert filters.replace_post_data_parameters(request, [("key", None)], recursive=True).body == b'{"a": {}}'


def test_what_is_to_be_removed_is_named_in_a_list():
    request = Request("GET", "http://h/?key=secret&a=1", b"", {"Key": "secret", "A": "1"})
    assert filters.remove_headers(request, ["key"]).headers == {"A": "1"}
    assert filters.remove_query_parameters(request, ["key"]).uri == "http://h/?a=1"


@pytest.mark.parametrize(
    ("coding", "decompress"),
    [("gzip", filters.decompress_gzip), ("deflate", filters.decompress_deflate), ("br", filters.decompress_brotli)],
)
def test_codings_come_off_by_hand_where_they_are_on(coding, decompress):
    assert filters.AVAILABLE_DECOMPRESSORS[coding] is decompress
    assert decompress(content_coding.encode(b"text", [coding])) == b"text"
    for other in (b"", b"plain", b"\x1f\x8b\x08 cut off", b"\xff\xfe"):
        assert decompress(other) == other
    with pytest.raises(TypeError):
        filters.AVAILABLE_DECOMPRESSORS[coding] = bytes


def test_text_is_replaced_at_any_depth_of_a_copy():
    original = {
        "uri": "http://h/?key=SECRET",
        "SECRET": ["SECRET", ("SECRET",), 42, None],
        "body": bytearray(b"SECRET!"),
        "file": io.BytesIO(b"SECRET"),
    }
    replaced = filters.replace_text(original, "SECRET", "<KEY>")
    assert replaced.pop("file").getvalue() == b"<KEY>"
    assert replaced == {"uri": "http://h/?key=<KEY>", "<KEY>": ["<KEY>", ("<KEY>",), 42, None], "body": b"<KEY>!"}
    assert original["SECRET"][0] == "SECRET"


@pytest.mark.parametrize("sensitive", [{"<KEY>": "SECRET"}, [("<KEY>", "SECRET")]])
def test_the_hooks_for_sensitive_data_hide_and_restore(sensitive):
    hide, restore = filters.sensitive_data_hooks(sensitive)
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"SECRET"}}
    hidden = hide(Request("POST", "http://h/", b"SECRET", {}), response)
    assert (hidden[0].body, hidden[1]["body"]["string"]) == (b"<KEY>", b"<KEY>")
    restored = restore(*hidden)
    assert (restored[0].body, restored[1]["body"]["string"]) == (b"SECRET", b"SECRET")
