"""``vcr scan``: secrets in cassettes, and masking them in place."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import stat

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.cli.conftest import get
from tests.cli.running import ANSI, ROOT, in_terminal, piped, plain, vcr
from tests.secrets.made import made
from vcr.cli import reading, together
from vcr.request import Request
from vcr.response import Response

GITHUB, ACCESS, SESSION, PASSWORD = made("ghp_{a36}"), made("{a40}"), made("{l32}"), "swordfish"
JSON, GZIP = {"Content-Type": "application/json"}, {"Content-Encoding": "gzip"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = (GITHUB, ACCESS, SESSION, PASSWORD)
#: The rule and the place of each, by interaction.
FOUND = [
    (1, "API_KEY", "request query api_key"),
    (1, "ACCESS_TOKEN", "request header Authorization"),
    (1, "SESSION", "response cookie sid"),
    (1, "GITHUB_TOKEN", "response"),
    (2, "PASSWORD", "request body password"),
    (2, "ACCESS_TOKEN", "response body access_token"),
    (3, "ACCESS_TOKEN", "response"),
]


@pytest.fixture(autouse=True)
def no_secret_variables(monkeypatch):
    """The rules ask for variables named like secrets, too: a machine's own are none of the test."""
    for name in os.environ:
        if name.lower().endswith(("_key", "_token", "_secret", "_password", "_dsn")):
            monkeypatch.delenv(name)


def leaking():
    """Requests and responses with secrets that stand in the file as they are."""
    asked = Request(
        "GET",
        f"http://api.example/?api_key={SESSION}&x=1",
        None,
        {"Authorization": f"Bearer {ACCESS}", "Accept": "*/*"},
    )
    body = json.dumps({"a": GITHUB, "b": 'it\'s "x"\n'}).encode()
    login = Request("POST", "http://api.example/login", f"user=a&password={PASSWORD}".encode(), FORM)
    answer = json.dumps({"access_token": ACCESS, "n": "1: 2 #3"}, indent=1).encode()
    return [
        (asked, Response.of(200, "OK", {**JSON, "Set-Cookie": f"sid={SESSION}; Path=/"}, body)),
        (login, Response.of(200, "OK", JSON, answer)),
        get("/echo", {"Content-Type": "text/plain"}, f"you are {ACCESS}\n".encode()),
        get("/fine", JSON, b'{"a": 1}'),
    ]


def found(*arguments: object) -> list[tuple[int, str, str]]:
    done = vcr("scan", "--json", *arguments)
    return [(one["interaction"], one["rule"], one["place"]) for one in json.loads(done.out)]


@pytest.fixture
def leaky(write):
    return write("leaky.yaml", *leaking())


def test_each_finding_is_a_line_with_its_place_and_never_the_secret(leaky):
    done = piped("scan", leaky)
    assert (done.status, done.err) == (1, "")
    *lines, summary = done.out.splitlines()
    text = leaky.read_text(encoding="utf-8").splitlines()
    for line, (interaction, rule, place) in zip(lines, FOUND, strict=True):
        number = int(line.removeprefix(f"{leaky}:").partition(":")[0])
        assert line == f"{leaky}:{number}: interaction {interaction}: secret in the {place} [{rule}]"
        assert any(secret in text[number - 1] for secret in SECRETS)
    assert summary == "1 cassette: 7 secrets (vcr scan --fix masks them)"
    assert not any(secret in done.out for secret in SECRETS)


def test_in_a_terminal_the_same_in_colour(leaky):
    done = in_terminal("scan", leaky)
    assert done.status == 1
    assert ANSI.search(done.out)
    assert plain(done.out) == vcr("scan", leaky).out


def test_where_there_is_none(write):
    path = write("fine.yaml", get("/", JSON, b"{}"))
    before = path.read_bytes()
    for options in ((), ("--fix",)):
        done = vcr("scan", path, *options)
        assert (done.status, done.out) == (0, "1 cassette: no secret\n")
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["yaml", "json", "betamax", "prettyjson", "ruby", "rubyjson", "har"])
def test_masked_in_place_every_other_byte_stays(name, leaky, tmp_path):
    path = tmp_path / f"x.{name if name in ('json', 'har') else 'yaml' if name in ('yaml', 'ruby') else 'json'}"
    assert vcr("convert", leaky, path, "--to", name).status == 0
    before = path.read_bytes()
    os.chmod(path, 0o640)
    assert found(path) == FOUND

    done = vcr("scan", "--fix", path)

    assert done.status == 0
    assert done.out.splitlines()[-1] == "1 cassette: 7 masked"
    assert not any(secret in done.out for secret in SECRETS)
    after = path.read_bytes()
    for secret in SECRETS:
        before = before.replace(secret.encode(), b"<>")
    assert re.sub(rb"<[A-Z_]+:[0-9a-f]+>", b"<>", after) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert (vcr("scan", path).status, vcr("scan", path).out) == (0, "1 cassette: no secret\n")


@pytest.mark.parametrize("suffix", ["yaml", "json", "har"])
def test_what_stands_in_another_spelling_is_written_anew(suffix, write):
    body = json.dumps({"token": GITHUB, "text": "some text of some length"}).encode()
    escaped = Request("POST", "http://api.example/", b'{"a": "' + GITHUB.replace("_", "\\u005f").encode() + b'"}', JSON)
    write("x.yaml", get("/gzip", {**JSON, **GZIP}, gzip.compress(body, mtime=0)), (escaped, get("/")[1]))
    path = write("x.yaml", get("/gzip", {**JSON, **GZIP}, gzip.compress(body, mtime=0)), (escaped, get("/")[1]))
    if suffix != "yaml":
        vcr("convert", path, path.with_suffix(f".{suffix}"))
        path = path.with_suffix(f".{suffix}")

    assert vcr("scan", "--fix", path).status == 0

    first, second = reading.cassette(str(path)).interactions
    masked = json.loads(gzip.decompress(first.response.body))
    assert masked["text"] == "some text of some length"
    assert re.fullmatch(r"<GITHUB_TOKEN:[0-9a-f]{4}>", masked["token"])
    assert json.loads(second.request.body) == {"a": masked["token"]}
    assert GITHUB not in path.read_text(encoding="utf-8")
    assert found(path) == []


def test_the_address_that_betamax_has_in_the_response_too_is_masked(write, tmp_path):
    signature = made("{a20}%2F{a20}%3D")  # (in the file it is another text than the secret)
    path = tmp_path / "x.json"
    vcr("convert", write("x.yaml", get(f"/?Signature={signature}")), path, "--to", "betamax")
    assert path.read_text(encoding="utf-8").count(signature) == 2
    assert found(path) == [(1, "SIGNATURE", "request query Signature")]
    assert vcr("scan", "--fix", path).status == 0
    assert path.read_text(encoding="utf-8").count("?Signature=<SIGNATURE:") == 2


def test_a_short_secret_is_masked_where_it_stands_alone(write):
    request = Request("POST", "http://api.example/login", b"a=abc&password=abc&abcd=1", FORM)
    path = write("x.yaml", (request, get("/", {"X": "abc"})[1]))
    before = path.read_text(encoding="utf-8")
    assert vcr("scan", "--fix", path).status == 0
    assert path.read_text(encoding="utf-8") == before.replace("password=abc&", "password=<PASSWORD:1>&")


def test_the_length_that_is_announced_and_the_pieces_follow_the_body(write):
    body = b"data: 1\n\ndata: " + GITHUB.encode() + b"\n\n"
    answer = Response.of(200, "OK", {"Content-Type": "text/event-stream"}, body, chunks=(9, 20, len(body) - 29))
    sent = f"password={PASSWORD}".encode()
    asked = Request("POST", "http://api.example/", sent, {**FORM, "Content-Length": str(len(sent))})
    path = write("x.yaml", (asked, answer))
    assert vcr("scan", "--fix", path).status == 0
    ((_, request, response),) = reading.cassette(str(path)).interactions
    assert request.headers["Content-Length"] == str(len(request.body))
    assert b"".join(response.pieces) == response.body
    assert response.body.endswith(b">\n\n")


def test_large_files_are_scanned_side_by_side_and_told_in_order(write, tmp_path):
    filler = get("/large", {"Content-Type": "text/plain"}, b"some text of a page\n" * 60_000)
    for name in ("a", "b", "c", "d"):
        write(f"{name}.yaml", *leaking(), filler)
    (tmp_path / "broken.yaml").write_text("interactions: [}")
    assert sum(path.stat().st_size for path in tmp_path.glob("*.yaml")) > together._LARGE
    done = vcr("scan", "--fix", tmp_path)
    assert "broken.yaml" in done.err
    told = [line.partition(":")[0] for line in done.out.splitlines()[:-1]]
    assert told == [str(tmp_path / f"{name}.yaml") for name in "abcd" for _ in FOUND]
    assert done.out.splitlines()[-1] == f"4 cassettes: {4 * len(FOUND)} masked; 1 more cannot be read"
    assert done.status == 2
    assert not any(secret in path.read_text() for path in tmp_path.glob("?.yaml") for secret in SECRETS)


def test_broken_cassettes_among_others(tmp_path, leaky, write):
    (tmp_path / "a.yaml").write_text("interactions:\n- {", encoding="utf-8")
    two = write("two.yaml", *leaking()[1:3])
    two.write_text(two.read_text(encoding="utf-8").replace("method: GET", "method: [GET]"), encoding="utf-8")

    done = vcr("scan", tmp_path, tmp_path / "missing.yaml")

    assert done.status == 2
    assert f"{tmp_path}/a.yaml" in done.err
    assert f"{tmp_path}/two.yaml" in done.err
    assert "interaction 2: the request's method is a list" in done.err
    assert f"{tmp_path}/missing.yaml: there is no such file" in done.err
    assert done.out.splitlines()[-1] == "1 cassette: 7 secrets; 2 more cannot be read"


def test_an_interaction_that_cannot_be_read_is_told_and_the_others_are_masked(write):
    path = write("x.yaml", get("/broken", body=b"not to be read"), *leaking())
    text = path.read_text(encoding="utf-8").replace("string: not to be read", "string: !!binary '###'", 1)
    path.write_text(text, encoding="utf-8")

    done = vcr("scan", "--fix", path)

    assert done.status == 2
    assert "not readable as base64" in done.err
    after = path.read_text(encoding="utf-8")
    assert "!!binary '###'" in after
    assert [secret for secret in SECRETS if secret in after] == []


def test_an_empty_file_has_no_secrets(tmp_path):
    (tmp_path / "x.yaml").write_text("\n", encoding="utf-8")
    done = vcr("scan", tmp_path / "x.yaml")
    assert (done.status, done.err) == (0, "")


def test_what_cannot_be_masked_in_place_is_said_and_stays(write, tmp_path):
    import zlib

    path = write("x.yaml", *leaking())
    packed = tmp_path / "y.zz"
    packed.write_bytes(zlib.compress(path.read_bytes()))
    before = packed.read_bytes()
    done = vcr("scan", "--fix", packed)
    assert done.status == 1
    assert f"{packed}: interaction 1: secret in the response; not masked: the file is compressed" in done.out
    assert packed.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write to any file")
def test_a_read_only_file_stays(leaky):
    leaky.chmod(0o444)
    before = leaky.read_bytes()
    done = vcr("scan", "--fix", leaky)
    assert done.status == 2
    assert "the file is read-only" in done.err
    assert leaky.read_bytes() == before


def test_a_failed_write_leaves_the_file_and_nothing_else(leaky, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("vcr.persisters.whole.os.fsync", full)
    before = leaky.read_bytes()
    done = vcr("scan", "--fix", leaky)
    assert (done.status, f"no space left: '{os.path.realpath(leaky)}'" in done.err) == (2, True)
    assert "not masked: the file cannot be written: no space left" in done.out
    assert done.out.splitlines()[-1] == f"1 cassette: {len(FOUND)} secrets"
    assert leaky.read_bytes() == before
    assert [one.name for one in leaky.parent.iterdir()] == [leaky.name]


def test_a_link_stays_a_link(leaky, tmp_path):
    link = tmp_path / "link.yaml"
    link.symlink_to(leaky.name)
    assert vcr("scan", "--fix", link).status == 0
    assert link.is_symlink()
    assert found(leaky) == []


# -- for other programs ------------------------------------------------------------------------------------------------

_TEXT = {"type": "object", "required": ["text"]}
_RESULT = {
    "required": ["message", "ruleId", "locations"],
    "properties": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": _TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "locations": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["physicalLocation"],
                "properties": {
                    "physicalLocation": {
                        "required": ["artifactLocation"],
                        "properties": {
                            "artifactLocation": {
                                "required": ["uri"],
                                "properties": {"uri": {"format": "uri-reference"}},
                            },
                            "region": {"properties": {"startLine": {"type": "integer", "minimum": 1}}},
                        },
                    }
                },
            },
        },
    },
}
#: What the schema of SARIF 2.1.0 requires of the members that are used.
SARIF = {
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "required": ["name"],
                                "properties": {"rules": {"items": {"required": ["id"], "uniqueItems": True}}},
                            }
                        },
                    },
                    "results": {"items": _RESULT},
                },
            },
        },
    },
}


def test_sarif(leaky, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(leaky, tmp_path / "a b.yaml")
    done = vcr("scan", "--sarif", "a b.yaml")
    document = json.loads(done.out)
    Draft202012Validator(SARIF).validate(document)
    (run,) = document["runs"]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [ids[one["ruleIndex"]] for one in run["results"]] == [rule for _, rule, _ in FOUND]
    first = run["results"][1]["locations"][0]["physicalLocation"]
    assert first["artifactLocation"]["uri"] == "a%20b.yaml"
    line = (tmp_path / "a b.yaml").read_text(encoding="utf-8").splitlines()[first["region"]["startLine"] - 1]
    assert ACCESS in line
    assert not any(secret in done.out for secret in SECRETS)
    absolute = json.loads(vcr("scan", "--sarif", leaky).out)["runs"][0]["results"][0]["locations"][0]
    assert absolute["physicalLocation"]["artifactLocation"]["uri"] == leaky.as_uri()
    assert json.loads(vcr("scan", "--sarif", "--fix", leaky).out)["runs"][0]["results"][0]["level"] == "note"
    Draft202012Validator(SARIF).validate(json.loads(vcr("scan", "--sarif", leaky).out))


def test_two_kinds_of_output_are_one_too_many(leaky):
    done = vcr("scan", "--json", "--sarif", leaky)
    assert done.status == 2
    assert "give only one of --json and --sarif" in done.err


def test_the_hook_of_pre_commit_is_this_command():
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["entry"] == "vcr scan"
    assert hook["language"] == "python"
    pattern = re.compile(hook["files"])
    assert pattern.search("tests/cassettes/a.yaml")
    assert pattern.search("cassettes/test_x/b.json")
    assert not pattern.search("tests/data.yaml")
