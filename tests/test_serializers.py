"""Plain data <-> text. That whole interactions come back is tested in test_serialize.py."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from types import MappingProxyType

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import vcr
from vcr.errors import CassetteLoadError
from vcr.response import Response
from vcr.serializers import jsonserializer, yamlserializer

patient = settings(deadline=None)
both_serializers = pytest.mark.parametrize("serializer", [yamlserializer, jsonserializer], ids=["yaml", "json"])

plain_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def means_bytes_in_json(data) -> bool:
    """``{"base64_string": "..."}`` is JSON's word for bytes: no data of a cassette looks like that."""
    if isinstance(data, dict):
        return "base64_string" in data or any(map(means_bytes_in_json, data.values()))
    return isinstance(data, list) and any(map(means_bytes_in_json, data))


@both_serializers
@patient
@given(data=plain_data.filter(lambda data: not means_bytes_in_json(data)))
def test_reading_undoes_writing(serializer, data):
    assert serializer.deserialize(serializer.serialize({"data": data})) == {"data": data}


def test_a_large_body_is_written_in_parts():
    data = {"bodies": [bytes(range(256)) * 20_000, "text"]}
    parts = list(yamlserializer.parts(data))
    assert max(map(len, parts)) < 1_000_000 < sum(map(len, parts))
    assert "".join(parts) == yamlserializer.serialize(data)


@both_serializers
@patient
@given(data=plain_data)
def test_the_same_data_gives_the_same_text(serializer, data):
    assert serializer.serialize({"data": data}) == serializer.serialize({"data": data})


def test_json_keys_keep_their_order():
    assert list(json.loads(jsonserializer.serialize({"z": 1, "a": 2, "M": 3}))) == ["z", "a", "M"]


def test_yaml_keys_are_sorted_but_those_of_headers():
    data = {"z": 1, "a": {"y": 1, "x": 2}, "headers": {"Z": ["1"], "A": ["2"]}}
    assert yamlserializer.serialize(data) == ("a:\n  x: 2\n  y: 1\nheaders:\n  Z:\n  - '1'\n  A:\n  - '2'\nz: 1\n")


@both_serializers
def test_the_text_ends_with_a_line_end(serializer):
    assert serializer.serialize({"a": 1}).endswith("\n")


@both_serializers
@pytest.mark.parametrize("text", ["grün", "日本", "naïve ☃", "😀"])
def test_non_ascii_text_stands_as_itself(text, serializer):
    assert text in serializer.serialize({"a": text})


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (MappingProxyType({"b": 1}), {"b": 1}),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4), "2026-01-02T03:04:00"),
        ({"one"}, ["one"]),
        (frozenset(["one"]), ["one"]),
        (bytearray(b"\xff"), {"base64_string": "/w=="}),
    ],
    ids=repr,
)
def test_json_has_a_form_for_what_yaml_knows(value, written):
    assert json.loads(jsonserializer.serialize({"a": value})) == {"a": written}


@both_serializers
def test_what_cannot_be_written_is_an_error_of_saving(serializer):
    with pytest.raises((TypeError, yaml.YAMLError), match="cannot hold a object"):
        serializer.serialize({"a": object()})


# -- YAML: for people and their diffs ---------------------------------------------------------------------------------


def test_yaml_text_of_several_lines_is_a_block():
    assert yamlserializer.serialize({"body": "one\n  two\n\nthree\n", "next": 1}) == (
        "body: |\n  one\n    two\n\n  three\nnext: 1\n"
    )


@pytest.mark.parametrize(("text", "mark"), [("a\nb", "|-"), ("a\nb\n", "|"), ("a\nb\n\n", "|+")])
def test_a_block_ends_as_the_text_does(text, mark):
    written = yamlserializer.serialize({"body": text})
    assert written.splitlines()[0] == f"body: {mark}"
    assert yamlserializer.deserialize(written) == {"body": text}


@pytest.mark.parametrize(
    "text",
    [
        "key: value\n# no comment\n",
        "grün\n日本\n",
        '{\n\t"indented": "by tab"\n}\n',
        "blank at the end \nof a line\n",
        "😀\n😀\n",
    ],
    ids=["plain", "non-ASCII", "tab", "trailing blank", "emoji"],
)
def test_all_text_of_several_lines_is_a_block(text):
    lines = yamlserializer.serialize({"body": text}).splitlines()
    assert lines[0].startswith("body: |")
    assert [line.strip() for line in lines[1:]] == [line.strip() for line in text.splitlines()]


def test_a_changed_line_changes_one_line():
    before = yamlserializer.serialize({"body": "".join(f"line {number}\n" for number in range(50))}).splitlines()
    after = yamlserializer.serialize(
        {"body": "".join(f"line {n if n != 7 else 'x'}\n" for n in range(50))}
    ).splitlines()
    assert len([1 for one, other in zip(before, after, strict=True) if one != other]) == 1


def test_yaml_lines_are_never_folded():
    long = "word " * 500 + "end"
    assert yamlserializer.serialize({"a": long}) == f"a: {long}\n"


def test_yaml_has_no_anchors_and_aliases():
    shared = ["value"]
    assert yamlserializer.serialize({"a": shared, "b": shared}) == "a:\n- value\nb:\n- value\n"


def test_yaml_with_anchors_and_aliases_is_read():
    assert yamlserializer.deserialize("a: &x [1]\nb: *x\nc: {<<: {d: 2}}\n") == {"a": [1], "b": [1], "c": {"d": 2}}


def test_yaml_bytes_are_binary():
    assert yamlserializer.serialize({"a": b"\xff\x00"}) == "a: !!binary |\n  /wA=\n"


def test_keys_of_bytes_are_written_as_ever():
    assert yamlserializer.deserialize(yamlserializer.serialize({"a": {b"k": 1}})) == {"a": {b"k": 1}}


def test_bytes_are_known_in_json_however_their_key_is_spelled():
    assert jsonserializer.deserialize('{"body": {"base64\\u005fstring": "YQ=="}}') == {"body": b"a"}


# -- YAML: no Python --------------------------------------------------------------------------------------------------


@patient
@given(plain_data)
def test_yaml_is_written_without_any_tag_of_python(data):
    assert yaml.safe_load(yamlserializer.serialize({"data": data})) == {"data": data}


@pytest.mark.parametrize(
    "attack",
    [
        "!!python/object/apply:os.mkdir [executed]",
        "!!python/object/apply:os.mkdir {args: [executed]}",
        "!!python/object/new:os.mkdir [executed]",
        "!!python/object/apply:builtins.eval [\"__import__('os').mkdir('executed')\"]",
        "!!python/object/apply:builtins.iter {args: [!!python/object/apply:os.mkdir [executed]], state: 0}",
        "!!python/object/new:_io.BytesIO {state: !!python/object/apply:os.mkdir [executed]}",
        "!!python/name:os.mkdir",
        "!!python/module:os",
        "!!python/object:http.client.HTTPConnection {}",
        "!!made-up x",
    ],
)
def test_yaml_executes_nothing_that_it_reads(attack, tmp_path):
    # Each test runs in its own directory: what was executed would be there.
    with pytest.raises(CassetteLoadError) as caught:
        yamlserializer.deserialize(f"version: 1\ninteractions: {attack}\n")
    assert caught.value.line == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("!!python/unicode 'grün'", "grün"),
        ("!!python/str 'text'", "text"),
        ("!!python/tuple [1, 2]", [1, 2]),
        ("!!python/long 7", 7),
    ],
)
def test_the_tags_of_old_cassettes_are_read_as_what_they_stand_for(written, read):
    data = yamlserializer.deserialize(f"a: {written}\n")["a"]
    assert (list(data) if isinstance(data, tuple) else data) == read


# -- YAML: errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 'open\n", 2),
        ("version: 1\n<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> theirs\n", 3),
        ("a: 1\nb: *unknown\n", 2),
        ("a: 1\n--- \nb: 2\n", 2),
        ("a: 1\nb: \x07\n", 2),
    ],
)
def test_broken_yaml_is_an_error_with_its_line(text, line):
    with pytest.raises(CassetteLoadError, match="not readable as YAML") as caught:
        yamlserializer.deserialize(text)
    assert caught.value.line == line


@pytest.mark.parametrize("text", ["a: !!binary 'x'", "a: !!int many", "a: !!timestamp never", "? {a: b}\n: c"])
def test_yaml_that_stands_for_nothing_is_an_error_too(text):
    with pytest.raises(CassetteLoadError, match="not readable as"):
        yamlserializer.deserialize(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a: &x {b: 1}\nc: {<<: [*x, {b: 2, d: 4}], e: *x}\n",
        "<<: {a: 1, b: 2}\nb: 3\n",
        "- 2001-12-14t21:59:43.10-05:00\n- 2001-01-01\n- .inf\n- 0x1F\n- 010\n- 1_000\n- 1:30\n- ~\n- yes\n- \n- ''\n",
        "- ! 12\n- ! [1]\n- !!str 12\n- !!float 1\n- !!int '7'\n- !!binary aGk=\n- !!null x\n- !!bool yes\n",
        "- !!set {a, b}\n- !!omap [a: 1, b: 2]\n- !!pairs [a: 1, a: 2]\n- !!seq [1]\n- !!map {a: 1}\n",
        "? a\n: b\n1: 2\n~: 3\n",
        "%YAML 1.1\n%TAG !y! tag:yaml.org,2002:\n---\n!y!str 1\n...\n",
        "|+\n a\n\n\n",
        ">-\n a\n b\n\n c\n",
    ],
)
def test_yaml_is_read_as_by_pyyaml(text):
    assert repr(yamlserializer.deserialize(text)) == repr(yaml.safe_load(text))


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.dates()
documents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(scalars, inner))


@given(documents, st.sampled_from([None, False, True]), st.sampled_from([None, '"', "'", "|", ">"]))
def test_all_that_pyyaml_writes_is_read_as_by_pyyaml(data, flow, style):
    text = yaml.safe_dump([data, {"again": [data, data]}], default_flow_style=flow, default_style=style)
    assert yamlserializer.deserialize(text) == yaml.safe_load(text)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a: ", "}"), ("- ", ""), ("? ", "")])
def test_yaml_of_any_depth_is_an_error_and_not_the_end_of_the_process(opening, closing):
    with pytest.raises(CassetteLoadError, match=r"it nests deeper than 200 levels|not readable as YAML"):
        yamlserializer.deserialize(opening * 100_000 + "x" + closing * 100_000)


def test_aliases_cannot_stand_for_more_than_memory_holds():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 30):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    with pytest.raises(CassetteLoadError, match="its aliases stand for more than 1,000,000 values") as caught:
        yamlserializer.deserialize("\n".join(lines))
    assert caught.value.line == 6


def test_a_number_that_takes_for_ever_to_read_is_text():
    digits = "1" + ":59" * 100_000
    assert yamlserializer.deserialize(f"a: {digits}\n") == {"a": digits}


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_json_is_indented_as_vcrpy_does():
    assert jsonserializer.serialize({"a": [1], "b": "x"}) == '{\n    "a": [\n        1\n    ],\n    "b": "x"\n}\n'


@pytest.mark.parametrize("data", [b"\xff\x00", bytearray(b"\xff\x00")])
def test_json_bytes_are_base64(data):
    text = jsonserializer.serialize({"a": data})
    assert json.loads(text) == {"a": {"base64_string": base64.b64encode(b"\xff\x00").decode()}}
    assert jsonserializer.deserialize(text) == {"a": b"\xff\x00"}


@pytest.mark.parametrize(
    "text", ['{"base64_string": 7}', '{"base64_string": "AAAA", "other": 1}', '{"base64": "AAAA"}']
)
def test_json_that_only_looks_like_bytes_is_left_alone(text):
    assert jsonserializer.deserialize(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [('{\n"a": 1,\n!}\n', 3), ('{"a": 1}\n{"b": 2}\n', 2), ('{\n"a": \n', 3), ("", 1), ("version: 1", 1)],
)
def test_broken_json_is_an_error_with_its_line(text, line):
    with pytest.raises(CassetteLoadError, match="not readable as JSON") as caught:
        jsonserializer.deserialize(text)
    assert caught.value.line == line


def test_broken_base64_in_json_is_an_error():
    with pytest.raises(CassetteLoadError, match="not readable as JSON"):
        jsonserializer.deserialize('{"base64_string": "QUJD!"}')


def test_json_too_deep_to_read_is_an_error():
    with pytest.raises(CassetteLoadError, match="not readable as JSON"):
        jsonserializer.deserialize("[" * 100_000)


# -- the suffix decides where nobody has chosen ------------------------------------------------------------------------

YAML_CASSETTE = """interactions:
- request: {method: GET, uri: "http://h.example/", headers: {}, body: null}
  response: {status: {code: 200, message: OK}, headers: {}, body: {string: old}}
version: 1
"""


def saved_as(path, **options) -> str:
    """What is in the file after an interaction has been added."""
    with vcr.use_cassette(path, record_mode="new_episodes", **options) as cassette:
        cassette.append(vcr.Request("GET", "http://h.example/new", None, {}), Response.of(200, "OK", {}, b"new").data)
    return path.read_text(encoding="utf-8")


def test_a_cassette_named_json_is_json_where_no_serializer_is_chosen(tmp_path):
    assert json.loads(saved_as(tmp_path / "x.json"))["version"] == 1
    with vcr.use_cassette(tmp_path / "x.json", record_mode="none") as cassette:
        assert [request.path for request in cassette.requests] == ["/new"]


def test_what_vcrpy_has_left_as_yaml_under_that_name_is_read(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(YAML_CASSETTE, encoding="utf-8")
    assert [pair["request"]["uri"] for pair in json.loads(saved_as(path))["interactions"]] == [
        "http://h.example/",
        "http://h.example/new",
    ]


@pytest.mark.parametrize("options", [{"serializer": "yaml"}, {"serializer": yamlserializer}])
def test_a_serializer_that_is_chosen_wins(options, tmp_path):
    assert saved_as(tmp_path / "x.json", **options).startswith("interactions:\n")


def test_a_serializer_registered_in_place_of_yaml_wins(tmp_path):
    class Own:
        serialize = staticmethod(lambda _: "own")
        deserialize = staticmethod(lambda _: {"interactions": []})

    recorder = vcr.VCR()
    recorder.register_serializer("yaml", Own)
    with recorder.use_cassette(tmp_path / "x.json") as cassette:
        cassette.append(vcr.Request("GET", "http://h.example/", None, {}), Response.of(200, "OK", {}, b"").data)
    assert (tmp_path / "x.json").read_text() == "own"


def test_text_in_json_that_is_broken_is_named_as_json(tmp_path):
    (tmp_path / "x.json").write_text('{"interactions": [', encoding="utf-8")
    with pytest.raises(CassetteLoadError, match="not readable as JSON"), vcr.use_cassette(tmp_path / "x.json"):
        pytest.fail("the cassette was opened")
