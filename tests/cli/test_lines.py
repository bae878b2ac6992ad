"""Where in the text of a cassette each interaction stands."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import get
from tests.cli.running import CASSETTES
from vcr.cli.lines import lines_of, without
from vcr.cli.reading import contents


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_each_line_is_where_the_request_is(suffix, write):
    path = write(f"x.{suffix}", *(get(f"/{number}", {}, b'- request:\n[{"a": "\\""}]\n' * 3) for number in range(5)))
    text = path.read_text(encoding="utf-8")

    found = lines_of(text, 5)

    mark = "- request:" if suffix == "yaml" else "        {"
    assert [text.splitlines()[line - 1] for line in found] == [mark] * 5
    assert len(set(found)) == 5


@pytest.mark.parametrize(
    "path", [one for one in CASSETTES.iterdir() if one.suffix != ".zz"], ids=lambda path: path.name
)
def test_the_lines_of_every_format_are_found(path):
    text = path.read_text(encoding="utf-8")
    count = len(contents(str(path)).interactions)
    # Not every entry of an archive is an interaction.
    found = lines_of(text)[:count] if path.suffix == ".har" else lines_of(text, count)
    assert found == sorted(found)
    one_line = text.count("\n") <= 1
    assert len(set(found)) == (1 if one_line else len(found)) > 0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('\ufeff{"log": {"version": "1.2", "pages": [],\n "entries": [{},\n {}]}}', [2, 3]),
        ('{"version": 1, "metadata": {"interactions": [1, 2]},\n"interactions": [\n{}]}', [3]),
        ("[{},\n{}]", [1, 2]),
        ('{"interactions": {}}', []),
        ('{"interactions": [{}, {', []),
        ("{", []),
        (
            "interactions:\n  # a remark\n  - request: a\n    response:\n    - b\n  - request: c\nversion: 1\n- d",
            [3, 6],
        ),
        ("interactions: []\n", []),
        ("- request: a\n\n- request: b\n", [1, 3]),
        ("", []),
    ],
)
def test_odd_texts(text, lines):
    assert lines_of(text) == lines


def test_no_line_is_better_than_a_wrong_one():
    assert lines_of(json.dumps({"interactions": [1, 2]}), 3) == []


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_an_interaction_is_cut_out_and_the_rest_stays(suffix, write):
    path = write(f"x.{suffix}", *(get(f"/{number}", {}, b'- request:\n[{"a": "\\""}]\n' * 3) for number in range(4)))
    for numbers in ([1], [4], [2, 3], [1, 4], [1, 2, 3]):
        cut = without(path.read_text(encoding="utf-8"), numbers)
        expected = write(
            f"y.{suffix}",
            *(get(f"/{n - 1}", {}, b'- request:\n[{"a": "\\""}]\n' * 3) for n in range(1, 5) if n not in numbers),
        )
        assert cut == expected.read_text(encoding="utf-8")
    assert without(path.read_text(encoding="utf-8"), [1, 2, 3, 4]) is None
    assert without(path.read_text(encoding="utf-8"), [5]) is None
