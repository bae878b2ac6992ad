"""What hooks return is looked at before anything is kept of it, and the error names the hook."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

import vcr
from vcr.errors import VCRWarning
from vcr.request import Request
from vcr.response import Response

OK = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"ok"}}
OLD, NEW = Request("GET", "http://h/old"), Request("GET", "http://h/new")

#: What VCR.py stores, and neither replays.
NOT_REPLAYED = {
    "nothing": {},
    "True": True,
    "text": "x",
    "a list": [1],
    "only a body": {"body": {"string": b"x"}},
    "headers that are a number": {**OK, "headers": 5},
    "a header that is a mapping": {**OK, "headers": {"a": [{"b": 1}]}},
    "a code that is text": {**OK, "status": {"code": "OK", "message": "x"}},
    "no code": {**OK, "status": {"code": None, "message": "x"}},
    "no status": {"headers": {}, "body": {"string": b""}},
    "no body": {"status": OK["status"], "headers": {}},
}
#: With which VCR.py writes a file that it cannot read.
NOT_READ = {
    "a body that is a mapping": {**OK, "body": {"string": {"a": 1}}},
    "a body that is an object": {**OK, "body": {"string": object()}},
}
#: What is read by VCR.py, or here, in another shape.
READ = {
    "text as body": ({**OK, "body": {"string": "x"}}, b"x"),
    "a date as body": ({**OK, "body": {"string": datetime.date(2026, 1, 2)}}, b"2026-01-02"),
    "a number as body": ({**OK, "body": {"string": 5}}, b"5"),
    "a body by itself": ({**OK, "body": b"x"}, b"x"),
    "no headers": ({"status": OK["status"], "body": {"string": b"x"}}, b"x"),
    "a code by itself": ({**OK, "status": 200}, b"ok"),
    "a code in text": ({**OK, "status": {"code": "200", "message": "OK"}}, b"ok"),
    "keys of a project": ({**OK, "tags": ["a"]}, b"ok"),
}


@pytest.fixture
def recorded(cassette_path) -> Path:
    """A cassette with something good in it."""
    with vcr.use_cassette(cassette_path) as cassette:
        cassette.begin(OLD).complete(Response(OK))
    return Path(cassette_path)


def record(path: Path, option: str, hook) -> None:
    def for_one(value):
        return hook(value) if recording else value

    def for_two(request, response):
        return hook(request, response) if request.uri == NEW.uri else (request, response)

    recording = False
    my_hook = for_two if "interaction" in option else for_one
    my_hook.__name__ = "my_hook"
    with vcr.use_cassette(str(path), record_mode="new_episodes", **{option: my_hook}) as cassette:
        recording = True
        cassette.begin(NEW).complete(Response(OK))


def replay(path: Path, request: Request) -> bytes:
    with vcr.use_cassette(str(path), record_mode="none") as cassette:
        return cassette.begin(request).response.body


@pytest.mark.parametrize("what", NOT_REPLAYED)
def test_what_vcrpy_stores_is_stored_with_a_warning(what, recorded):
    with pytest.warns(VCRWarning, match=r"before_record_response: what my_hook returned cannot be replayed.* a "):
        record(recorded, "before_record_response", lambda response: NOT_REPLAYED[what])
    assert replay(recorded, OLD) == b"ok"
    with pytest.raises(vcr.errors.CassetteLoadError):
        replay(recorded, NEW)


@pytest.mark.parametrize("what", NOT_READ)
@pytest.mark.parametrize("option", ["before_record_response", "before_save_interaction"])
def test_what_nobody_can_read_again_is_refused_and_the_file_stays(what, option, recorded):
    before = recorded.read_bytes()
    hook = {
        "before_record_response": lambda _: NOT_READ[what],
        "before_save_interaction": lambda request, response: (request, NOT_READ[what]),
    }[option]
    with pytest.raises(
        TypeError, match=rf"{option}: what my_hook returned cannot be replayed: its body is .*returned a dict"
    ):
        record(recorded, option, hook)
    assert recorded.read_bytes() == before


@pytest.mark.parametrize("what", READ)
def test_what_can_be_read_is_accepted(what, recorded):
    given, body = READ[what]
    record(recorded, "before_record_response", lambda response: given)
    assert (replay(recorded, OLD), replay(recorded, NEW)) == (b"ok", body)


@pytest.mark.parametrize("false", [None, False, "", 0, []])
def test_what_is_false_drops_a_request_as_in_vcrpy(false, recorded):
    before = recorded.read_bytes()
    record(recorded, "before_record_request", lambda request: false)
    assert recorded.read_bytes() == before


@pytest.mark.parametrize("wrong", [True, "x", 5, {"method": "GET"}, Response(OK)])
def test_what_is_no_request_is_refused_by_name(wrong, recorded):
    before = recorded.read_bytes()
    with pytest.raises(
        TypeError, match=rf"before_record_request: my_hook must return a request or None, not a {type(wrong).__name__}"
    ):
        record(recorded, "before_record_request", lambda request: wrong)
    with pytest.raises(TypeError, match="before_save_interaction: my_hook must return a request"):
        record(recorded, "before_save_interaction", lambda request, response: (wrong, response))
    assert recorded.read_bytes() == before


def test_a_hook_that_is_called_by_hand_returns_what_it_returns(cassette_path):
    with vcr.use_cassette(cassette_path, before_record_request=lambda given: ("odd", given)) as cassette:
        assert cassette._before_record_request("a stand-in") == ("odd", "a stand-in")


def test_an_object_that_is_like_a_request_is_one(recorded):
    like = SimpleNamespace(
        method="GET", uri=NEW.uri, body=None, headers={}, scheme="http", host="h", port=80, path="/new", query=[],
        _to_dict=lambda: {"method": "GET", "uri": NEW.uri, "body": None, "headers": {}},
    )  # fmt: skip
    record(recorded, "before_save_interaction", lambda request, response: (like, response))
    assert replay(recorded, NEW) == b"ok"


def test_hooks_in_a_row_may_return_what_only_the_next_can_use(recorded):
    hooks = [lambda response: response["body"]["string"], lambda body: {**OK, "body": {"string": body.upper()}}]
    with vcr.use_cassette(str(recorded), record_mode="new_episodes", before_record_response=hooks) as cassette:
        cassette.begin(NEW).complete(Response(OK))
    assert replay(recorded, NEW) == b"OK"


def test_what_a_hook_has_not_done_is_not_said_of_it(recorded):
    # A stored response that cannot be replayed, and a hook that leaves it alone.
    recorded.write_text(recorded.read_text(encoding="utf-8").replace("code: 200", "code: none"), encoding="utf-8")
    with vcr.use_cassette(
        str(recorded), record_mode="none", before_record_response=lambda response: response
    ) as cassette:
        assert len(cassette) == 1


def test_a_hook_whose_arguments_python_cannot_tell_is_called_with_two(recorded):
    class Hook:
        @property
        def __signature__(self):
            raise ValueError("as of a function in C")  # (which of them have none depends on the Python)

        def __call__(self, request, _):
            return request, OK

    with vcr.use_cassette(recorded, after_load_interaction=Hook()) as cassette:
        assert cassette.responses == [OK]
