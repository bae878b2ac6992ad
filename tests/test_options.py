"""Every option and hook of VCR.py, through two clients: what is in the file, and what the client sees."""

from __future__ import annotations

import base64
import contextlib
import datetime
import gzip
import http.client
import json
import re
import sys
import threading
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import requests

import vcr
from vcr.errors import CannotOverwriteExistingCassetteException, MissingMetadataError
from vcr.response import now

SECRET = 'p@ss "wörd"/+x'


class Urllib:
    """urllib.request, from the standard library."""

    @staticmethod
    def send(method, url, headers=None, body=None):
        request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
        with urllib.request.urlopen(request) as response:
            return response.read()


class Requests:
    """requests, on urllib3."""

    @staticmethod
    def send(method, url, headers=None, body=None):
        return requests.request(method, url, headers=headers, data=body).content


@pytest.fixture(params=[Urllib, Requests], ids=["urllib.request", "requests"])
def client(request):
    return request.param


def saved(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


# -- filters of the request -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("X-Key", None),
        (("X-Key", "KEY"), "KEY"),
        (("X-Key", None), None),
        (("X-Key", lambda key, value, request: f"{key} of {request.method}"), "X-Key of GET"),
    ],
    ids=["name", "replacement", "none", "callable"],
)
def test_filter_headers(client, server, cassette_path, given, stored):
    options = {"filter_headers": [given], "match_on": ["method", "uri", "headers"]}
    with vcr.use_cassette(cassette_path, **options) as cassette:
        client.send("GET", f"{server.url}/echo", {"X-Key": "secret"})
        assert cassette.requests[0].headers.get("X-Key") == stored
    assert server.requests[0].get("X-Key") == "secret"
    assert "secret" not in saved(cassette_path).split("response:")[0]
    with vcr.use_cassette(cassette_path, record_mode="none", **options):
        client.send("GET", f"{server.url}/echo", {"X-Key": "secret"})
    assert server.hits == 1


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ("key", "a=+&a=1"),
        (("key", "K Y"), "a=+&a=1&key=K+Y"),
        (("key", lambda key, value, request: value.upper()), "a=+&a=1&key=S%2FT"),
    ],
    ids=["name", "replacement", "callable"],
)
def test_filter_query_parameters_keeps_the_others_as_vcrpy_does(client, server, cassette_path, given, query):
    with vcr.use_cassette(cassette_path, filter_query_parameters=[given]) as cassette:
        client.send("GET", f"{server.url}/text?a=1&key=s%2Ft&a=%20&c")
        assert cassette.requests[0].uri == f"{server.url}/text?{query}"
    assert server.requests[0].target == "/text?a=1&key=s%2Ft&a=%20&c"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/vnd.api+json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=xYz"}
PARTS = (
    b'--xYz\r\nContent-Disposition: form-data; name="id"\r\n\r\n7\r\n'
    b'--xYz\r\nContent-Disposition: form-data; name="key"\r\n\r\nsecret\r\n--xYz--\r\n'
)


@pytest.mark.parametrize(
    ("headers", "body", "removed", "replaced"),
    [
        (FORM, b"id=7&key=secret", b"id=7", b"id=7&key=K"),
        (JSON, b'{"id": 7, "key": "secret"}', b'{"id": 7}', b'{"id": 7, "key": "K"}'),
        (
            MULTIPART,
            PARTS,
            b'--xYz\r\nContent-Disposition: form-data; name="id"\r\n\r\n7\r\n--xYz--\r\n',
            PARTS.replace(b"secret", b"K"),
        ),
    ],
    ids=["form", "json", "multipart"],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_filter_post_data_parameters(  # noqa: PLR0917
    client, server, cassette_path, headers, body, removed, replaced, method
):
    for given, stored in (["key"], removed), ([("key", "K")], replaced):
        with vcr.use_cassette(cassette_path, filter_post_data_parameters=given, record_mode="all") as cassette:
            client.send(method, f"{server.url}/text", headers, body)
            assert cassette.requests[-1].body == stored
        assert server.requests[-1].body == body


def test_filter_nested_post_data_parameters(client, server, cassette_path):
    body = json.dumps({"user": {"key": "secret", "id": 7}, "all": [{"key": "secret"}]}).encode()
    options = {"filter_post_data_parameters": [("key", "K")], "filter_nested_post_data_parameters": True}
    with vcr.use_cassette(cassette_path, **options) as cassette:
        client.send("POST", f"{server.url}/text", {"Content-Type": "application/json"}, body)
        assert json.loads(cassette.requests[0].body) == {"user": {"key": "K", "id": 7}, "all": [{"key": "K"}]}


def test_a_body_without_the_field_keeps_its_fields(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, filter_post_data_parameters=["key"]) as cassette:
        client.send("POST", f"{server.url}/text", {"Content-Type": "application/json"}, b'{ "id" :7 }')
        assert cassette.requests[0].body == b'{"id": 7}'


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_a_secret_is_in_the_file_in_none_of_its_spellings_and_is_back_on_replay(client, server, cassette_path):
    def reflect(exchange):
        answer = json.dumps({"echo": SECRET}).encode()
        fields = [("Content-Encoding", "gzip"), ("X-Token", quote_plus(SECRET))]
        exchange.respond(200, fields, gzip.compress(answer))

    def act():
        basic = base64.b64encode(f"user:{SECRET}".encode()).decode()
        url = f"{server.url}/reflect?token={quote_plus(SECRET)}"
        return client.send("POST", url, {"Authorization": f"Basic {basic}"} | JSON, json.dumps({"k": SECRET}).encode())

    server.route("/reflect", reflect)
    options = {"filter_sensitive_data": {"<PASSWORD>": SECRET}, "match_on": ["method", "uri", "body"]}
    with vcr.use_cassette(cassette_path, **options):
        recorded = act()
    text = saved(cassette_path)
    for spelling in (SECRET, quote_plus(SECRET), json.dumps(SECRET)[1:-1], base64.b64encode(SECRET.encode()).decode()):
        assert spelling not in text
    assert "token=<PASSWORD>~form" in text
    assert base64.b64encode(b"user:<PASSWORD>").decode() in text
    with vcr.use_cassette(cassette_path, record_mode="none", **options) as cassette:
        replayed = act()
        assert base64.b64decode(cassette.requests[0].headers["Authorization"][6:]).decode() == f"user:{SECRET}"
    plain = [gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body for body in (recorded, replayed)]
    assert plain[0] == plain[1] == json.dumps({"echo": SECRET}).encode()
    assert server.hits == 1


def test_of_two_secrets_the_longer_is_replaced_first(client, server, cassette_path):
    secrets = [("<SHORT>", "abc"), ("<LONG>", lambda request, response: "abcdef"), ("<UNSET>", None), ("<B>", b"bytes")]
    with vcr.use_cassette(cassette_path, filter_sensitive_data=secrets):
        client.send("GET", f"{server.url}/echo?a=abcdef&b=abc&c=bytes")
    assert "/echo?a=<LONG>&b=<SHORT>&c=<B>" in saved(cassette_path)


def test_a_refusal_does_not_show_secrets(client, server, cassette_path):
    cassette = vcr.use_cassette(cassette_path, record_mode="none", filter_sensitive_data={"<TOKEN>": "s3cr3t"})
    with cassette, pytest.raises(CannotOverwriteExistingCassetteException) as refused:
        client.send("GET", f"{server.url}/text?token=s3cr3t")
    assert "s3cr3t" not in str(refused.value)
    assert "?token=<TOKEN>" in str(refused.value)


def test_a_refusal_shows_no_password_and_no_authorization_that_it_was_not_told_of(server, cassette_path):
    options = {"match_on": ["method", "headers"], "filter_headers": ["User-Agent"], "sanitize": False}
    with vcr.use_cassette(cassette_path, **options):
        Urllib.send("GET", f"{server.url}/text", {"Authorization": "Bearer one", "X-Tag": "1"})
    with (
        vcr.use_cassette(cassette_path, **options) as cassette,
        pytest.raises(CannotOverwriteExistingCassetteException) as refused,
    ):
        Urllib.send("GET", f"{server.url}/text", {"Authorization": "Bearer two", "X-Tag": "2"})
    text = str(refused.value)
    assert "X-Tag: '2' != '1'" in text
    assert "Authorization: differs (not shown)" in text
    assert "Bearer" not in text
    assert "filters: filter_headers" in text
    for uri, shown in (
        ("http://user:pass@h/", "http://***@h/"),
        ("http://user:p@ss@h/", "http://***@h/"),
        ("http://h?to=a@b", "http://h?to=a@b"),
    ):
        assert f"GET {shown}\n" in cassette.explain(vcr.Request("GET", uri)).text()


# -- hooks ------------------------------------------------------------------------------------------------------------


def test_request_hooks_run_once_per_request_and_once_per_loaded_interaction(client, server, cassette_path):
    seen = []

    def hook(request):
        seen.append(request.path)
        return request

    with vcr.use_cassette(cassette_path, before_record_request=hook):
        client.send("GET", f"{server.url}/text")
        assert seen == ["/text"]
    seen.clear()
    with vcr.use_cassette(cassette_path, before_record_request=hook, record_mode="none"):
        assert seen == ["/text"]
        client.send("GET", f"{server.url}/text")
        assert seen == ["/text", "/text"]


def test_hooks_may_be_several_and_change_or_replace_what_they_are_given(client, server, cassette_path):
    def to_other_host(request):
        request.uri = request.uri.replace(server.url, "http://api.example")
        return request

    def no_headers(request):
        request.headers = None
        return request

    def shout(response):
        response["body"]["string"] = response["body"]["string"].upper()
        response["headers"].pop("Content-Type", None)
        return response

    options = {"before_record_request": [to_other_host, no_headers], "before_record_response": shout}
    with vcr.use_cassette(cassette_path, **options) as cassette:
        live = client.send("GET", f"{server.url}/text")
        assert cassette.requests[0].uri == "http://api.example/text"
        assert len(cassette.requests[0].headers) == 0
    assert live.islower() or live != live.upper()
    with vcr.use_cassette(cassette_path, record_mode="none", **options):
        assert client.send("GET", f"{server.url}/text") == live.upper()


def test_a_response_hook_that_returns_none_keeps_it_out_of_the_cassette(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, before_record_response=lambda response: None) as cassette:
        client.send("GET", f"{server.url}/text")
        assert len(cassette) == 0
    assert not Path(cassette_path).exists()


def test_a_request_hook_that_returns_none_lets_the_request_pass_by(client, server, cassette_path):
    options = {"before_record_request": lambda request: None, "record_mode": "none"}
    with vcr.use_cassette(cassette_path, **options) as cassette:
        client.send("GET", f"{server.url}/text")
        assert (len(cassette), cassette.refused) == (0, [])
    assert server.hits == 1


def test_pair_hooks_see_request_and_response_once_at_saving_and_once_at_loading(client, server, cassette_path):
    seen = []

    def before_save(request, response):
        seen.append(("save", request.path))
        response["body"]["string"] = b"kept"
        return request, response

    def with_cassette(request, response, cassette):
        seen.append(("save too", cassette.path == cassette_path))
        return request, response

    def after_load(request, response):
        seen.append(("load", response["body"]["string"]))
        response["body"]["string"] = b"loaded"
        return request, response

    options = {"before_save_interaction": [before_save, with_cassette], "after_load_interaction": after_load}
    with vcr.use_cassette(cassette_path, **options) as cassette:
        client.send("GET", f"{server.url}/text")
        assert seen == []
    assert seen == [("save", "/text"), ("save too", True)]
    assert cassette.responses[0]["body"]["string"] != b"kept"  # a copy was changed
    seen.clear()
    with vcr.use_cassette(cassette_path, record_mode="none", **options):
        assert client.send("GET", f"{server.url}/text") == b"loaded"
    assert seen == [("load", b"kept")]


def test_pair_hooks_that_return_none_drop_the_interaction(client, server, cassette_path):
    drop_one = {
        "before_save_interaction": lambda request, response: None if "1" in request.path else (request, response)
    }
    with vcr.use_cassette(cassette_path, **drop_one):
        for number in (1, 2):
            client.send("GET", f"{server.url}/echo/{number}")
    with vcr.use_cassette(cassette_path, after_load_interaction=lambda request, response: None) as cassette:
        assert len(cassette) == 0
        with pytest.raises(
            CannotOverwriteExistingCassetteException, match="1 stored interactions, which one of these dropped"
        ):
            client.send("GET", f"{server.url}/echo/2")


def test_a_new_cassette_of_which_a_hook_drops_everything_is_not_written(client, server, cassette_path, tmp_path):
    """A file without interactions would refuse every request of the next run."""
    for _ in range(2):
        with vcr.use_cassette(cassette_path, before_save_interaction=lambda request, response: None):
            client.send("GET", f"{server.url}/text")
        assert list(tmp_path.iterdir()) == []
    assert server.hits == 2
    with vcr.use_cassette(cassette_path):
        client.send("GET", f"{server.url}/text")
    with vcr.use_cassette(cassette_path, record_mode="all", before_save_interaction=lambda request, response: None):
        client.send("GET", f"{server.url}/text")
    with vcr.use_cassette(cassette_path) as cassette:
        assert len(cassette) == 0, "what was stored is dropped, too"


# -- requests that pass by --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hosts", [["127.0.0.1"], [re.compile(r"127\..*")]], ids=["name", "pattern"])
def test_ignore_hosts(client, server, cassette_path, hosts):
    with vcr.use_cassette(cassette_path, ignore_hosts=hosts, record_mode="none") as cassette:
        client.send("GET", f"{server.url}/text")
        assert len(cassette) == 0
    assert server.hits == 1


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
def test_ignore_localhost(client, server, cassette_path, name):
    url = server.url.replace("127.0.0.1", name)
    with vcr.use_cassette(cassette_path, ignore_localhost=True, record_mode="none"):
        client.send("GET", f"{url}/text")
    assert server.hits == 1


def test_an_ignored_upload_reaches_the_server_piece_by_piece(server, cassette_path):
    """As if there were no cassette: the body is not gathered first."""
    first_piece_sent = threading.Event()
    host, port = "127.0.0.1", server.port
    with vcr.use_cassette(cassette_path, ignore_hosts=[host]):
        connection = http.client.HTTPConnection(host, port)
        connection.putrequest("POST", "/echo")
        connection.putheader("Content-Length", "6")
        connection.endheaders()
        assert type(connection.sock).__module__ == "socket"
        connection.send(b"one")
        first_piece_sent.set()
        connection.send(b"two")
        assert json.loads(connection.getresponse().read())["body"] == "onetwo"
        connection.close()


def test_a_stored_interaction_with_an_ignored_host_is_not_replayed(client, server, cassette_path):
    with vcr.use_cassette(cassette_path):
        client.send("GET", f"{server.url}/counter")
    with vcr.use_cassette(cassette_path, ignore_localhost=True) as cassette:
        assert client.send("GET", f"{server.url}/counter") == b"2"
        assert len(cassette) == 0


@pytest.mark.parametrize(
    ("skipped", "hits"),
    [
        (("httplib",), [1, 0]),
        (("urllib3", "requests"), [0, 1]),
        (("httplib", "urllib3"), [1, 1]),
        (("httplib2",), [0, 0]),
    ],
)
def test_skip_patchers_lets_the_requests_of_those_clients_pass_by(server, cassette_path, skipped, hits):
    passed = []
    for one in (Urllib, Requests):
        before = server.hits
        cassette = vcr.use_cassette(cassette_path, skip_patchers=skipped, record_mode="none")
        with cassette, contextlib.suppress(CannotOverwriteExistingCassetteException):
            one.send("GET", f"{server.url}/text")
        passed.append(server.hits - before)
    assert passed == hits


def test_an_unknown_name_in_skip_patchers_is_an_error():
    with pytest.raises(ValueError, match=r"skip_patchers: Unknown patcher 'url3'\. Did you mean 'urllib3'"):
        vcr.VCR(skip_patchers=["url3"])


# -- the response -----------------------------------------------------------------------------------------------------


def test_decode_compressed_response_keeps_the_plain_body_and_the_client_sees_the_same(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, decode_compressed_response=True) as cassette:
        requests.get(f"{server.url}/gzip")
        (response,) = cassette.responses
        body = response["body"]["string"]
        assert "Content-Encoding" not in response["headers"]
        assert response["headers"]["content-length"] == [str(len(body))]
    with vcr.use_cassette(cassette_path, record_mode="none", match_on=["method", "path"]):
        assert client.send("GET", f"{server.url}/gzip") == body


# -- playing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repeats", "played"), [(True, b"11111"), ("last", b"12333")], ids=["the first always", "each, then the last"]
)
def test_allow_playback_repeats(client, server, cassette_path, repeats, played):
    with vcr.use_cassette(cassette_path):
        for _ in range(3):
            client.send("GET", f"{server.url}/counter")
    recorder = vcr.VCR(allow_playback_repeats=repeats, record_mode="none")
    with recorder.use_cassette(cassette_path):
        assert b"".join(client.send("GET", f"{server.url}/counter") for _ in range(5)) == played
    assert server.hits == 3


def test_among_several_matches_one_with_an_equal_body_is_preferred(client, server, cassette_path):
    """Gathered POSTs to one URL get their own answers, though the default matchers ignore bodies."""
    bodies = [b"one", b"two", b"three", b"two"]
    with vcr.use_cassette(cassette_path):
        recorded = {body: client.send("POST", f"{server.url}/echo", None, body) for body in bodies}
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        for body in (b"two", b"three", b"two", b"one"):
            assert client.send("POST", f"{server.url}/echo", None, body) == recorded[body]
        assert cassette.all_played


def test_drop_unused_requests_leaves_out_what_was_not_played(client, server, cassette_path):
    with vcr.use_cassette(cassette_path):
        for number in (1, 2):
            client.send("GET", f"{server.url}/echo/{number}")
    with vcr.use_cassette(cassette_path, drop_unused_requests=True):
        client.send("GET", f"{server.url}/echo/2")
    with vcr.use_cassette(cassette_path) as cassette:
        assert [request.path for request in cassette.requests] == ["/echo/2"]


def test_all_with_drop_unused_requests_records_from_scratch(client, server, cassette_path):
    with vcr.use_cassette(cassette_path):
        for number in (1, 2):
            client.send("GET", f"{server.url}/echo/{number}")
    with vcr.use_cassette(cassette_path, record_mode="all", drop_unused_requests=True):
        client.send("GET", f"{server.url}/echo/3")
    with vcr.use_cassette(cassette_path) as cassette:
        assert [request.path for request in cassette.requests] == ["/echo/3"]


def test_a_swallowed_refusal_stays_visible(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        with contextlib.suppress(Exception):  # as an SDK does
            client.send("GET", f"{server.url}/text")
        assert [request.path for request in cassette.refused] == ["/text"]


# -- metadata ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_metadata_is_kept_in_the_file(client, server, cassette_path, serializer):
    with vcr.use_cassette(cassette_path, serializer=serializer) as cassette:
        client.send("GET", f"{server.url}/text")
        assert cassette.get_metadata("seed", 5) == 5
        assert cassette.get_metadata("seed", 6) == 5
    with vcr.use_cassette(cassette_path, serializer=serializer) as cassette:
        client.send("GET", f"{server.url}/text")
        assert cassette.get_metadata("seed", 7) == 5
        with pytest.raises(MissingMetadataError, match="no metadata 'other'") as missing:
            cassette.get_metadata("other", 1)
    assert (missing.value.key, missing.value.reason) == ("other", "missing_metadata")
    assert isinstance(missing.value, CannotOverwriteExistingCassetteException)


# -- what Betamax and Ruby VCR have ------------------------------------------------------------------------------------


def test_placeholders_are_sensitive_data_as_betamax_spells_it(client, server, cassette_path):
    options = {"placeholders": [{"placeholder": "<TOKEN>", "replace": "secret-token"}]}
    for mode in ("once", "none"):
        with vcr.use_cassette(cassette_path, record_mode=mode, **options):
            client.send("POST", server.url + "/echo", {"Authorization": "secret-token"}, b"token=secret-token")
    assert server.hits == 1
    assert "secret-token" not in saved(cassette_path)
    assert "<TOKEN>" in saved(cassette_path)


@pytest.mark.parametrize(
    "wrong", ["<TOKEN>", {"placeholder": "<TOKEN>"}, {"placeholder": "a", "replace": "b", "c": "d"}]
)
def test_a_placeholder_is_a_dictionary_of_two(wrong):
    with pytest.raises(TypeError, match='placeholders: expected dictionaries with "placeholder" and "replace"'):
        vcr.VCR().get_merged_config(placeholders=[wrong])


def age(path: str, recorded_at: str) -> None:
    text = re.sub("(recorded_at: ).*", rf"\1'{recorded_at}'", saved(path))
    Path(path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("interval", [3600, datetime.timedelta(hours=1)])
def test_a_cassette_older_than_its_interval_is_recorded_anew(client, interval, server, cassette_path):
    def counter():
        with vcr.use_cassette(cassette_path, re_record_interval=interval):
            return client.send("GET", server.url + "/counter")

    assert [counter(), counter()] == [b"1", b"1"]
    age(cassette_path, "2001-01-01T00:00:00")
    assert [counter(), counter()] == [b"2", b"2"]
    assert saved(cassette_path).count("- request:") == 1


def test_an_old_cassette_stays_until_there_is_something_to_take_its_place(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, re_record_interval=60):
        client.send("GET", server.url + "/text")
    age(cassette_path, "2001-01-01T00:00:00Z")
    before = saved(cassette_path)
    server.close()
    with pytest.raises(OSError), vcr.use_cassette(cassette_path, re_record_interval=60):  # noqa: PT011
        client.send("GET", server.url + "/text")
    assert saved(cassette_path) == before


def test_none_replays_a_cassette_however_old_it_is(client, server, cassette_path):
    with vcr.use_cassette(cassette_path, re_record_interval=60):
        client.send("GET", server.url + "/text")
    age(cassette_path, "2001-01-01T00:00:00")
    with vcr.use_cassette(cassette_path, re_record_interval=60, record_mode="none"):
        client.send("GET", server.url + "/text")
    assert server.hits == 1


def test_a_cassette_says_when_it_was_recorded_and_nobody_else_sees_it(client, server, cassette_path):
    before = now().replace(microsecond=0)
    with vcr.use_cassette(cassette_path) as cassette:
        client.send("GET", server.url + "/text")
        assert sorted(cassette.responses[0]) == ["body", "headers", "status"]
    (written,) = re.findall(r"^  recorded_at: '(.*)'$", saved(cassette_path), re.MULTILINE)
    assert before <= datetime.datetime.fromisoformat(written) <= now()
    seen = []
    with vcr.use_cassette(cassette_path, before_record_response=lambda response: seen.append(response) or response):
        client.send("GET", server.url + "/text")
    assert sorted(seen[0]) == ["body", "headers", "status"]
    assert server.hits == 1


@pytest.mark.parametrize("serializer", ["yaml", "json"])
def test_what_was_recorded_before_keeps_its_date(client, serializer, server, cassette_path):
    options = {
        "record_mode": "new_episodes",
        "serializer": serializer,
        "after_load_interaction": lambda request, response: (request, response),
    }
    for path in ("/text?number=1", "/text?number=2"):
        with vcr.use_cassette(cassette_path, **options):
            client.send("GET", server.url + path)
        text = saved(cassette_path)
        Path(cassette_path).write_text(re.sub(r"(recorded_at\W+)\d+", r"\g<1>2001", text, count=1), encoding="utf-8")
    assert re.findall(r"recorded_at\W+(\d+)", saved(cassette_path)) == ["2001", str(now().year)]


def dated(path: str) -> str:
    return re.findall("recorded_at: '(.*)'", saved(path))[0]


def test_what_is_recorded_again_unchanged_keeps_its_date(client, server, cassette_path):
    def record(**options):
        with vcr.use_cassette(cassette_path, record_mode="all", **options):
            client.send("GET", server.url + "/unchanged")

    server.route("/unchanged", lambda exchange: exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    record()
    age(cassette_path, "2001-01-01T00:00:00+00:00")
    before = saved(cassette_path)
    record()
    assert saved(cassette_path) == before
    record(re_record_interval=60)  # or the next run would find it too old, and so on
    assert dated(cassette_path) > "2001-01-02"


def test_what_is_recorded_again_and_has_changed_has_a_new_date(client, server, cassette_path):
    for _ in range(2):
        with vcr.use_cassette(cassette_path, record_mode="all"):
            client.send("GET", server.url + "/counter")
        assert dated(cassette_path) > "2001-01-02"
        age(cassette_path, "2001-01-01T00:00:00+00:00")


def test_a_stopped_clock_does_not_count(client, server, cassette_path, monkeypatch):
    class Stopped(datetime.datetime):  # as freezegun does it: in every module that has the class
        @classmethod
        def now(cls, tz=None):
            return cls(2012, 1, 14, tzinfo=tz)

    for module in [module for name, module in sys.modules.items() if name.startswith("vcr.")]:
        if vars(module).get("datetime") is datetime.datetime:
            monkeypatch.setattr(module, "datetime", Stopped)
    monkeypatch.setattr(time, "time", lambda: Stopped.now().timestamp())
    with vcr.use_cassette(cassette_path):
        client.send("GET", server.url + "/text")
    assert dated(cassette_path) > "2026"


def test_an_age_that_is_not_known_is_said_and_does_not_count(client, server, cassette_path, caplog):
    with vcr.use_cassette(cassette_path):
        client.send("GET", server.url + "/text")
    text = saved(cassette_path)
    Path(cassette_path).write_text(re.sub(".*recorded_at.*\n", "", text), encoding="utf-8")
    for options in ({}, {"re_record_interval": 0.000001}):
        caplog.clear()
        with caplog.at_level("WARNING", "vcr"), vcr.use_cassette(cassette_path, **options):
            client.send("GET", server.url + "/text")
        said = f"Cassette {cassette_path} does not say when 1 of its 1 interactions were recorded"
        assert (said in caplog.text) == bool(options)
    assert server.hits == 1


@pytest.mark.parametrize(
    ("wrong", "error"), [(0, ValueError), (-1, ValueError), ("1 day", TypeError), (1e300, TypeError)]
)
def test_an_interval_is_a_time_to_come(wrong, error):
    with pytest.raises(error, match="re_record_interval: "):
        vcr.VCR().get_merged_config(re_record_interval=wrong)


@pytest.mark.parametrize(("serializer", "exact"), [("yaml", "!!binary"), ("json", "base64_string")])
def test_preserve_exact_body_bytes_writes_text_in_base64_too(client, serializer, exact, server, cassette_path):
    for mode in ("once", "none"):
        with vcr.use_cassette(
            cassette_path, record_mode=mode, serializer=serializer, preserve_exact_body_bytes=True
        ) as cassette:
            body = client.send("POST", server.url + "/echo", body=b"plain text")
        assert cassette.requests[0].body == b"plain text"
        assert cassette.responses[0]["body"]["string"] == (body.decode() if mode == "once" else body)
    assert server.hits == 1
    assert saved(cassette_path).count(exact) == 2
