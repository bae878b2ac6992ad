"""``vcr show``: interactions in full, as JSON, and as code that makes the request; and what is masked."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import get
from tests.cli.running import ANSI, CASSETTES, environment, in_terminal, piped, plain, vcr
from vcr import sanitize
from vcr.request import Request
from vcr.response import Response
from vcr.sanitize.defaults import RULES
from vcr.sanitize.masking import Sanitizer
from vcr.sanitize.placeholder import fingerprint


def test_in_a_pipe_an_interaction_is_plain_text(varied):
    done = piped("show", varied, "1")

    assert (done.status, done.err) == (0, "")
    assert (
        done.out
        == """\
# 1 of 8, recorded at 2026-01-01T12:30:59+00:00
GET http://api.example/json

HTTP/1.1 200 OK
Content-Type: application/json
Content-Encoding: gzip

# application/json, 58 bytes, gzip of 42 bytes

{
  "name": "grüß",
  "list": [
    1,
    2
  ]
}
"""
    )


def test_in_a_terminal_it_is_the_same_in_colour(varied):
    done = in_terminal("show", varied, "1")
    assert done.status == 0
    assert ANSI.search(done.out)
    assert plain(done.out) == vcr("show", varied, "1").out


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (2, '<a>\n  <b x="1">text</b>\n  <c/>\n</a>\n'),
        (3, '[1]\nevent: token\n{\n  "n": 1\n}\n\n[2]\nend\n'),
        (4, "# image/png, 3 by 2 pixels, 68 bytes\n"),
        (5, "00000010  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f  ................\n"),
        (6, "<p>é</p>\n"),
        (7, "user = zoë\nempty = \n"),
        (8, "half\n# incomplete\n"),
    ],
)
def test_each_kind_of_body_is_shown_as_what_it_is(number, shown, varied):
    assert shown in vcr("show", varied, number).out


def test_all_of_them_one_after_the_other(varied):
    out = vcr("show", varied).out
    assert [line for line in out.splitlines() if line.startswith("# ") and " of 8" in line] == [
        f"# {number} of 8, recorded at 2026-01-0{number}T12:30:59+00:00" for number in range(1, 9)
    ]


@pytest.mark.parametrize(
    ("which", "numbers"),
    [
        ("post", [7]),
        ("GET */s?e", [3]),
        ("[1]", [7]),
        ("post *[1]", [7]),
        ("/x", [2]),
        ("get *", [1, 2, 3, 4, 5, 6, 8]),
    ],
)
def test_a_pattern_chooses_by_method_and_uri(which, numbers, varied):
    found = json.loads(vcr("show", varied, which, "--json").out)
    assert [one["number"] for one in found] == numbers


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("9", "there is no interaction 9: the cassette has 8"),
        ("0", "no interaction 0"),
        ("put", "no request matches 'put'"),
    ],
)
def test_what_is_not_there_is_a_usage_error(which, said, varied):
    done = vcr("show", varied, which)
    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_a_cassette_that_cannot_be_read(tmp_path):
    (tmp_path / "x.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("show", tmp_path / "x.yaml")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"{tmp_path / 'x.yaml'}, line 3: not readable as YAML")


@pytest.mark.parametrize("command", [("show", 1), ("diff", 2), ("diff", 1, "--textconv"), ("convert", 1, "x.har")])
def test_a_command_for_one_cassette_says_what_to_do_with_a_directory(command, tmp_path):
    name, count, *others = command
    done = vcr(name, *[tmp_path] * count, *others)
    assert (done.status, done.out) == (2, "")
    said = f"{tmp_path}: this is a directory; name one cassette (`vcr ls {tmp_path}` lists them)\n"
    assert done.err == said * count


def test_a_cassette_that_is_not_there_is_no_empty_one(varied, tmp_path):
    missing = vcr("show", tmp_path / "variety.yaml")
    assert (missing.status, missing.out) == (2, "")
    assert missing.err == f"{tmp_path / 'variety.yaml'}: there is no such file or directory; did you mean {varied}?\n"
    (tmp_path / "blank.yaml").write_text("", encoding="utf-8")
    assert vcr("show", tmp_path / "blank.yaml") == (0, "# The cassette has no interactions.\n", "")


def test_a_response_that_cannot_be_replayed_is_said_to_be_so(write):
    path = write("odd.yaml", get("/", status=204))
    path.write_text(path.read_text(encoding="utf-8").replace("code: 204", "code: many"), encoding="utf-8")
    assert vcr("show", path).out.endswith("# cannot be replayed: its status code is 'many', a str\n")
    assert json.loads(vcr("show", path, "--json").out)[0]["response"] is None


def test_json_has_the_bodies_decoded(varied):
    json_, *_, bytes_ = json.loads(vcr("show", varied, "GET", "--json").out)[:5]
    assert json.loads(json_["response"]["body"]["text"]) == {"name": "grüß", "list": [1, 2]}
    assert json_["response"]["body"]["codings"] == ["gzip"]
    assert bytes_["response"]["body"]["base64"].startswith("AAECAwQFBgc")


def test_every_format_can_be_shown():
    for path in CASSETTES.iterdir():
        assert vcr("show", path).status == 0
        assert json.loads(vcr("show", path, "--json").out)


# -- what is masked ------------------------------------------------------------------------------------------------

TOKEN, SESSION = "AbCdEf0123456789ghij", "S3ss10nOfTheAnswer1234567"


def test_masked_lists_what_stands_in_the_place_of_secrets_by_rule_and_place(write):
    sent = Request(
        "POST",
        f"http://api.example/notes/{TOKEN}?api_key=hello",
        b"user=joe&password=pa55word",
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "Authorization": "Basic " + base64.b64encode(b"joe:hunter22").decode(),
            "X-Key": "of-a-project",
            "Cookie": f"sid={TOKEN}",
        },
    )
    inner = base64.b64encode(f"the token {SESSION}".encode()).decode()
    body = gzip.compress(json.dumps({"access_token": "T0kenOfTheAnswer123456", "inner": inner}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Set-Cookie": f"sid={SESSION}; Path=/"}
    sanitizer = Sanitizer((sanitize.header("X-Key"), *RULES))
    for _ in range(2):  # (The path comes before the cookie that tells its secret.)
        kept, data, _ = sanitizer.pair(sent, Response.of(200, "OK", headers, body))
    path = write("masked.yaml", get("/none"), (kept, Response(data)))

    done = vcr("show", path, "--masked")

    assert (done.status, done.err) == (0, "")
    assert (
        done.out
        == f"""\
# 2: POST http://api.example/notes/<SESSION:{fingerprint(TOKEN)}>?api_key=<API_KEY:1>
API_KEY: <API_KEY:1> in the request query api_key
PASSWORD: <PASSWORD:1> in the request header Authorization
SESSION: <SESSION:{fingerprint(TOKEN)}> in the request cookie sid
PASSWORD: <PASSWORD:2> in the request body password
SESSION: <SESSION:{fingerprint(SESSION)}> in the response cookie sid
ACCESS_TOKEN: <ACCESS_TOKEN:{fingerprint("T0kenOfTheAnswer123456")}> in the response body access_token
SESSION: <SESSION:{fingerprint(TOKEN)}> in the request URI
X_KEY: <X_KEY:1> in the request header X-Key
SESSION: <SESSION:{fingerprint(SESSION)}> in the response body
"""
    )
    assert vcr("show", path, "1", "--masked").out == "# Nothing in the cassette is masked.\n"


def test_masked_shows_no_secret_that_is_not_masked(write):
    path = write("open.yaml", (Request("GET", f"http://joe:pa55word@a.example/?api_key={TOKEN}"), get("/")[1]))
    assert vcr("show", path, "--masked").out == "# Nothing in the cassette is masked.\n"
    path = write("half.yaml", (Request("GET", f"http://a.example/?api_key={TOKEN}&sig=<SIGNATURE:1>"), get("/")[1]))
    assert TOKEN not in vcr("show", path, "--masked").out


# -- code that makes the request -----------------------------------------------------------------------------------

FORM = b"a=1&b=%C3%A9"
REQUESTS = [
    ("GET", "/echo?a=1&b=[x]{y}&c=it's", None, {"X-Empty": "", "X-Quote": 'it\'s "$HOME" `id` \\'}),
    ("GET", "/echo/../echo?q=%C3%A9", None, {"Accept": "application/json", "Cookie": "a=1; b=2"}),
    ("POST", "/echo", FORM, {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "12"}),
    ("POST", "/echo", b'{"text": "it\'s\\n gr\xc3\xbc\xc3\x9f"}\r\n', {"Content-Type": "application/json"}),
    ("PUT", "/echo", bytes(range(256)), {"Content-Type": "application/octet-stream", "Accept-Encoding": "gzip"}),
    ("POST", "/echo", b"@/etc/passwd", {"@/etc/passwd": "x", "X-Latin": "caf\xe9"}),
    ("DELETE", "/echo", None, {}),
    ("HEAD", "/echo", None, {}),
    ("PATCH", "/echo", b"\xc3\xa9 \x07 '", {"Transfer-Encoding": "chunked", "Content-Type": "text/plain"}),
]


@pytest.fixture
def recorded(server, write):
    """A cassette of the requests above, made to the server."""
    answer = Response.of(200, "OK", {}, b"")
    return write("sent.yaml", *((Request(m, server.url + path, body, h), answer) for m, path, body, h in REQUESTS))


def check(server, path_as_is=True):
    """The server has received what the cassette holds."""
    assert [request.method for request in server.requests] == [method for method, *_ in REQUESTS]
    for received, (_, path, body, headers) in zip(server.requests, REQUESTS, strict=True):
        if path_as_is:
            assert received.target == path
        assert received.body == (body or b"")
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "@/etc/passwd"):
                assert received.get(name, "missing") == value
        if body and "Content-Type" not in headers:
            assert received.get("Content-Type", "none") == "none"
        assert "passwd" not in " ".join(name for name, _ in received.headers)


@pytest.mark.skipif(shutil.which("curl") is None or shutil.which("bash") is None, reason="needs curl and bash")
def test_the_curl_commands_make_the_requests(server, recorded, tmp_path):
    commands = vcr("show", recorded, "--curl").out
    assert "root:" not in commands

    done = subprocess.run(
        ["bash", "-euo", "pipefail"],
        input=commands.replace("curl ", "curl --silent --noproxy '*' "),
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    check(server)


@pytest.mark.parametrize("client", ["requests", "httpx"])
def test_the_python_programs_make_the_requests(client, server, recorded):
    pytest.importorskip(client)
    programs = vcr("show", recorded, "--python", client).out

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", programs],
        capture_output=True,
        text=True,
        env={name: value for name, value in environment().items() if not name.lower().endswith("_proxy")},
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("200 ") == len(REQUESTS)
    check(server, path_as_is=False)


def test_a_name_may_come_twice(server, write):
    headers = [("X-Many", "1"), ("X-Many", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")]
    path = write("twice.yaml", (Request("GET", f"{server.url}/echo", None, headers), Response.of(200, "OK", {}, b"")))
    assert "'X-Many': '1, 2'" in vcr("show", path, "--python", "requests").out
    assert "'Cookie': 'a=1; b=2'" in vcr("show", path, "--python", "requests").out
    assert "('X-Many', '1'),\n        ('X-Many', '2')" in vcr("show", path, "--python", "httpx").out


def test_only_one_form_at_a_time(varied):
    for two in (("--json", "--python", "httpx"), ("--json", "--curl"), ("--curl", "--masked")):
        done = vcr("show", varied, *two)
        assert (done.status, done.out) == (2, "")
        assert "give only one of --json, --curl, --masked and --python" in done.err
