"""``vcr.betamax``: placeholders, in every spelling of what they stand for."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from vcr.betamax import Betamax
from vcr.betamax.cassette import Placeholder
from vcr.betamax.cassette.placeholder import merge_placeholder_lists


def test_the_cassette_has_the_placeholder_and_the_program_what_it_stands_for(configuration, session, server, saved):
    configuration.define_cassette_placeholder("<TOKEN>", "s3cr3t")
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("token"):
            response = session.post(f"{server.url}/echo?key=s3cr3t", data="s3cr3t", headers={"X-Key": "s3cr3t"})
            assert response.json()["body"] == "s3cr3t"
            assert response.url.endswith("?key=s3cr3t")
    assert server.hits == 1
    assert "s3cr3t" not in str(saved("token"))
    assert saved("token")[0]["request"]["headers"]["X-Key"] == ["<TOKEN>"]


def test_when_the_cassette_is_saved_its_interactions_show_the_placeholders(configuration, session, counter):
    configuration.define_cassette_placeholder("<TOKEN>", "s3cr3t")
    with Betamax(session).use_cassette("shown") as recorder:
        session.get(counter, headers={"X-Key": "s3cr3t"})
        cassette = recorder.current_cassette
        [one] = cassette.interactions
        assert one.data["request"]["headers"]["X-Key"] == ["s3cr3t"]
    assert one.data["request"]["headers"]["X-Key"] == ["<TOKEN>"]
    assert cassette.interactions == [one]


@pytest.mark.parametrize("exact", [False, True])
def test_no_spelling_of_the_secret_is_left_in_the_cassette(session, server, exact):
    secret = "p@ss/wörd"
    encoded = base64.b64encode(f"user:{secret}".encode()).decode()
    options = {
        "placeholders": [{"placeholder": "<PASSWORD>", "replace": secret}],
        "preserve_exact_body_bytes": exact,
    }
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("spellings", **options):
            session.get(f"{server.url}/gzip", params={"q": secret})
            session.post(f"{server.url}/text", data={"password": secret})
            session.post(f"{server.url}/text", json={"password": secret})
            session.post(f"{server.url}/text", data=secret.encode())
            sent = session.post(f"{server.url}/echo", headers={"Authorization": f"Basic {encoded}"}).json()
            assert ["Authorization", f"Basic {encoded}"] in sent["headers"]
    assert server.hits == 5
    text = Path("library/spellings.json").read_text(encoding="utf-8")
    for spelled in (secret, "p%40ss", "p@ss", encoded, base64.b64encode(secret.encode()).decode()):
        assert spelled not in text


@pytest.mark.parametrize("secret", [None, "", b""])
def test_what_is_not_set_hides_nothing(configuration, session, counter, secret):
    configuration.define_cassette_placeholder("<UNSET>", secret)
    for _ in ("record", "replay"):
        with Betamax(session).use_cassette("unset"):
            assert session.get(counter).text == "1"


def test_bytes_hide_what_they_spell(configuration, session, server, saved):
    configuration.define_cassette_placeholder("<BASIC>", base64.b64encode(b"user:secret"))
    with Betamax(session).use_cassette("bytes"):
        session.get(f"{server.url}/text", auth=("user", "secret"))
    assert saved("bytes")[0]["request"]["headers"]["Authorization"] == ["Basic <BASIC>"]


def test_a_longer_secret_is_hidden_whole_though_a_shorter_one_is_part_of_it(configuration, session, server, saved):
    configuration.define_cassette_placeholder("<SHORT>", "abc")
    configuration.define_cassette_placeholder("<LONG>", "abcdef")
    with Betamax(session).use_cassette("overlap"):
        session.get(f"{server.url}/text", headers={"X-Key": "abcdef"})
    assert saved("overlap")[0]["request"]["headers"]["X-Key"] == ["<LONG>"]


def test_of_several_secrets_with_one_placeholder_all_are_hidden_and_the_first_is_played(
    configuration, session, server, saved
):
    configuration.define_cassette_placeholder("<KEY>", "first")
    configuration.define_cassette_placeholder("<KEY>", "second")
    with Betamax(session).use_cassette("several"):
        session.get(f"{server.url}/text?key=first")
        session.get(f"{server.url}/text?key=second")
    assert [i["request"]["uri"].rpartition("=")[2] for i in saved("several")] == ["<KEY>", "<KEY>"]
    with Betamax(session).use_cassette("several"):
        assert session.get(f"{server.url}/text?key=first").ok


def test_a_placeholder_of_use_cassette_goes_before_one_of_the_defaults(configuration, session, write, interaction):
    configuration.define_cassette_placeholder("<HOST>", "default.example")
    write("merged", [interaction("http://<HOST>/", "hello")])
    placeholders = [{"placeholder": "<HOST>", "replace": "other.example"}]
    with Betamax(session).use_cassette("merged", placeholders=placeholders):
        assert session.get("http://other.example/").text == "hello"


def test_a_replayed_body_may_have_another_length_than_the_recorded_one(session, write, interaction):
    write("length", [interaction("http://h.example/", "hello <NAME>")])
    placeholders = [{"placeholder": "<NAME>", "replace": "a much longer name"}]
    with Betamax(session).use_cassette("length", placeholders=placeholders):
        assert session.get("http://h.example/").text == "hello a much longer name"


def test_lists_are_merged_in_place():
    one, two, three = ({"placeholder": name, "replace": name} for name in "abc")
    other = {"placeholder": "a", "replace": "other"}
    assert merge_placeholder_lists([one, two], [three, other]) == [other, two, three]
    assert merge_placeholder_lists([], [one, other]) == [one, other]


def test_a_placeholder_is_unpacked_by_direction():
    placeholder = Placeholder.from_dict({"placeholder": "<A>", "replace": "a"})
    assert placeholder.unpack(True) == ("a", "<A>")
    assert placeholder.unpack(False) == ("<A>", "a")
