"""``vcr.betamax``: serializers, and the cassettes of others."""

from __future__ import annotations

import json
import shutil
import zlib
from pathlib import Path

import pytest
import requests

import vcr
from vcr.betamax import BaseSerializer, Betamax
from vcr.betamax.serializers import JSONSerializer, SerializerProxy
from vcr.errors import CassetteLoadError

CASSETTES = Path(__file__).parents[1] / "cassettes"
TEXT = "To be, or not to be,\nthat is the question.\n"


@pytest.fixture
def golden():
    """Puts a cassette that Betamax itself has written into the library."""

    def take(name: str) -> None:
        Path("library").mkdir(exist_ok=True)
        shutil.copy(CASSETTES / name, "library")

    return take


# -- serializers -------------------------------------------------------------------------------------------------------


def test_json_is_betamaxs_own_in_one_line(session, counter):
    with Betamax(session).use_cassette("compact"):
        session.get(counter)
    text = Path("library/compact.json").read_text(encoding="utf-8")
    data = json.loads(text)
    assert text == json.dumps(data)
    assert list(data) == ["http_interactions", "recorded_with"]
    assert list(data["http_interactions"][0]) == ["request", "response", "recorded_at"]


def test_prettyjson_is_for_people_and_either_reads_the_other(session, counter):
    with Betamax(session).use_cassette("pretty", serialize_with="prettyjson"):
        session.get(counter)
    text = Path("library/pretty.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2)
    with Betamax(session).use_cassette("pretty"):
        assert session.get(counter).text == "1"


def test_yaml_is_the_cassette_of_vcr_itself(session, counter):
    with Betamax(session).use_cassette("ours", serialize_with="yaml"):
        session.get(counter)
    for _ in ("vcr", "betamax"):
        with vcr.use_cassette("library/ours.yaml") as cassette:
            assert requests.get(counter).text == "1"
            assert cassette.all_played
        with Betamax(session).use_cassette("ours", serialize_with="yaml"):
            assert session.get(counter).text == "1"


def test_the_old_spelling_of_serialize_with(session, counter):
    with Betamax(session).use_cassette("old", serialize="prettyjson"):
        session.get(counter)
    assert Path("library/old.json").read_text(encoding="utf-8").startswith("{\n")


def test_a_serializer_of_the_users_is_given_betamaxs_dictionary(session, counter):
    class Mine(JSONSerializer):
        name = "mine"

        def serialize(self, cassette_data):
            assert cassette_data["http_interactions"][0]["response"]["body"]["string"] == "1"
            return "# mine\n" + super().serialize(cassette_data)

        def deserialize(self, cassette_data):
            return super().deserialize(cassette_data.removeprefix("# mine\n"))

    Betamax.register_serializer(Mine)
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("mine", serialize_with="mine"):
            assert session.get(counter).text == "1"


def test_a_serializer_may_store_bytes_where_it_likes(session, counter):
    class Compressed(BaseSerializer):
        name = "compressed"
        stored_as_binary = True

        @staticmethod
        def generate_cassette_name(cassette_library_dir, cassette_name):
            return f"{cassette_library_dir}/{cassette_name}.z"

        def serialize(self, cassette_data):
            return zlib.compress(json.dumps(cassette_data).encode())

        def deserialize(self, cassette_data):
            return json.loads(zlib.decompress(cassette_data))

    Betamax.register_serializer(Compressed)
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("bytes", serialize_with="compressed"):
            assert session.get(counter).text == "1"
    assert [file.name for file in Path("library").iterdir()] == ["bytes.z"]


def test_what_a_serializer_cannot_read_is_an_error_that_names_it(session):
    class Strict(JSONSerializer):
        name = "strict"

        def deserialize(self, cassette_data):
            raise ValueError("not like this")

    Betamax.register_serializer(Strict)
    Path("library").mkdir()
    Path("library/x.json").write_text("?", encoding="utf-8")
    with pytest.raises(CassetteLoadError, match=r"x\.json: not readable by the serializer 'strict': not like this"):
        Betamax(session).use_cassette("x", serialize_with="strict")


def test_a_serializer_needs_a_name():
    with pytest.raises(ValueError, match="Serializers require a name"):
        BaseSerializer()


def test_a_serializer_has_to_say_where_and_how_it_stores():
    class Named(BaseSerializer):
        name = "named"

    serializer = Named()
    for method, arguments in (("generate_cassette_name", "ab"), ("serialize", [{}]), ("deserialize", [""])):
        with pytest.raises(NotImplementedError, match=f"{method} must be overridden"):
            getattr(serializer, method)(*arguments)


class Reversed(JSONSerializer):
    """Bytes, backwards."""

    name = "reversed"
    stored_as_binary = True

    def serialize(self, cassette_data):
        return super().serialize(cassette_data).encode()[::-1]

    def deserialize(self, cassette_data):
        assert isinstance(cassette_data, bytes)
        return super().deserialize(cassette_data[::-1].decode())


@pytest.mark.parametrize("kind", [JSONSerializer, Reversed])
def test_a_program_reads_and_writes_the_file_of_a_cassette_by_hand(kind):
    path, data = Path("library/deep/x"), {"http_interactions": [], "recorded_with": "hand"}

    SerializerProxy(kind(), str(path)).serialize(data)
    assert not path.exists()
    SerializerProxy(kind(), str(path), allow_serialization=True).serialize(data)

    assert SerializerProxy(kind(), str(path)).deserialize() == data
    assert path.read_bytes() == json.dumps(data).encode()[:: -1 if kind is Reversed else 1]


@pytest.mark.parametrize("kind", [JSONSerializer, Reversed])
def test_a_cassette_that_is_not_there_is_what_the_serializer_makes_of_nothing(kind):
    assert not SerializerProxy(kind(), "nowhere/x").deserialize()


# -- the bytes of bodies -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/bytes/300", "/gzip", "/deflate", "/br", "/chunked", "/headers", "/status/204"])
@pytest.mark.parametrize("exact", [False, True])
def test_a_body_is_replayed_byte_for_byte(session, server, path, exact):
    answers = []
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("bodies", preserve_exact_body_bytes=exact):
            response = session.get(server.url + path)
            answers.append((response.status_code, response.reason, response.content, response.headers))
    assert answers[0] == answers[1]
    assert server.hits == 1


def test_a_head_request_is_replayed_with_its_content_length(session, server):
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("head"):
            response = session.head(f"{server.url}/text")
            assert (response.content, response.headers["Content-Length"]) == (b"", str(len(TEXT)))


def test_a_stream_is_replayed_as_one(session, server):
    pieces = []
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("stream"), session.get(f"{server.url}/chunked", stream=True) as response:
            pieces.append(list(response.iter_content(None)))
    assert pieces[0] == pieces[1]
    assert len(pieces[0]) > 1


# -- a session replayed from cassettes of Betamax's --------------------------------------------------------------------


@pytest.mark.parametrize("match", [["method", "uri"], ["method", "uri", "digest-auth"]])
def test_a_session_is_replayed_from_a_cassette_of_betamaxs(session, golden, match):
    golden("betamax_0.9.0.json")
    host = "http://foreign.example"
    with Betamax(session).use_cassette("betamax_0.9.0", record="none", match_requests_on=match):
        assert session.get(f"{host}/text?c=%C3%A9&b=2&a").text == TEXT
        assert session.get(f"{host}/json").json()["greeting"] == "grüß dich"
        assert session.get(f"{host}/latin").text == "<p>café</p>"
        gzipped = session.get(f"{host}/gzip")
        assert (gzipped.text, gzipped.headers["Content-Encoding"]) == (TEXT, "gzip")
        cookies = session.get(f"{host}/cookies/set?a=1&b=2")
        assert dict(cookies.cookies) == {"a": "1", "b": "2"}
        assert cookies.headers["Set-Cookie"] == "a=1; Path=/, b=2; Path=/"
        redirected = session.get(f"{host}/redirect/2")
        assert [hop.status_code for hop in redirected.history] == [302, 302]
        assert (redirected.url, redirected.text) == (f"{host}/text", TEXT)
        digest = session.get(f"{host}/digest-auth", auth=requests.auth.HTTPDigestAuth("user", "secret"))
        assert ([hop.status_code for hop in digest.history], digest.text) == ([401], "welcome")
        assert session.get(f"{host}/status/204").content == b""
        assert session.get(f"{host}/reason").reason == "Fine By Me"


def test_bodies_in_base64_are_replayed_from_a_cassette_of_betamaxs(session, golden):
    golden("betamax_0.9.0_exact.json")
    with Betamax(session).use_cassette("betamax_0.9.0_exact", record="none"):
        assert session.get("http://foreign.example/bytes/300").content[:4] == b"\x00\x01\x02\x03"
        assert session.get("http://foreign.example/deflate").text == TEXT
        assert session.get("http://foreign.example/br").text == TEXT


def test_placeholders_are_filled_in_in_a_cassette_of_betamaxs(configuration, session, golden):
    golden("betamax_0.9.0_placeholders.json")
    configuration.define_cassette_placeholder("<KEY>", "s3cr3t")
    with Betamax(session).use_cassette("betamax_0.9.0_placeholders", record="none"):
        assert session.get("http://foreign.example/gzip?key=s3cr3t").text == TEXT


@pytest.mark.parametrize("text", ["", "short", "longer than it was when it was recorded, by far"])
def test_a_body_edited_by_hand_may_have_any_length(session, write, interaction, text):
    edited = interaction("http://h.example/", "as recorded")
    edited["response"]["body"]["string"] = text
    write("edited", [edited])
    with Betamax(session).use_cassette("edited"):
        assert session.get("http://h.example/").text == text


def test_a_cassette_of_ruby_vcrs_is_replayed(session, golden):
    golden("ruby_vcr_5.0.0.json")
    data = json.loads(Path("library/ruby_vcr_5.0.0.json").read_text(encoding="utf-8"))
    uri = next(i["request"]["uri"] for i in data["http_interactions"] if i["request"]["method"] == "get")
    with Betamax(session).use_cassette("ruby_vcr_5.0.0", record="none"):
        assert session.get(uri, allow_redirects=False).status_code
