"""The secrets that are masked without being asked for: each kind, in each place where it can stand."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import quote, urlencode

from tests.secrets.made import made
from tests.secrets.planted import FORM, Case
from vcr.sanitize import names, shapes
from vcr.sanitize.finding import Shapes
from vcr.sanitize.rule import Rule

JSON = {"Content-Type": "application/json"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=xyz"}
STREAM = (("Content-Type", "text/event-stream"),)


class Planted(NamedTuple):
    """A secret, and the request and response in which it stands. ``kind``: the rule that is for it."""

    kind: str
    secret: str
    case: Case


# -- what looks like a secret, wherever it stands ----------------------------------------------------------------------


def _words(text: str) -> str:
    return f"the value is {text} today"


def _pieces(text: str) -> tuple[bytes, ...]:
    """An event stream in chunks, of which two meet in the middle of the text, and two at its first letter."""
    data = ": hello\n\ndata: " + json.dumps({"delta": _words(text)}) + "\n\n"
    at = data.index(json.dumps(text)[1:6])
    cuts = [0, at + 1, at + len(text) // 2, len(data)]
    return tuple(data[a:b].encode() for a, b in pairwise(cuts))


def _multipart(text: str) -> bytes:
    head = '--xyz\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
    return f"{head}{_words(text)}\r\n--xyz--\r\n".encode()


def _in_base64(text: str) -> str:
    return base64.b64encode(f"user {text}\n".encode()).decode()


#: Where a text can stand that has no line feed in it, or is encoded; of a request, and of a response.
ANYWHERE: dict[str, Callable[[str], Case]] = {
    "header sent": lambda text: Case("", headers={"X-Note": _words(text)}),
    "header received": lambda text: Case("", answer_headers=(("X-Note", _words(text)),)),
    "cookie sent": lambda text: Case("", headers={"Cookie": f"a=1; note={quote(text, safe='')}; b=2"}),
    "cookie received": lambda text: Case("", answer_headers=(("Set-Cookie", f"note={quote(text, safe='')}; Path=/"),)),
    "query": lambda text: Case("", path=f"?note={quote(text, safe='')}&a=1"),
    "path": lambda text: Case("", path=f"/notes/{quote(text, safe='')}/all"),
    "form": lambda text: Case("", headers=FORM, body=urlencode({"a": "1", "note": text}).encode()),
    "JSON sent": lambda text: Case("", headers=JSON, body=json.dumps({"a": [{"note": _words(text)}]}).encode()),
    "JSON received": lambda text: Case("", answer=json.dumps({"a": [{"note": text}]}).encode()),
    "multipart": lambda text: Case("", headers=MULTIPART, body=_multipart(text)),
    "gzip": lambda text: Case(
        "",
        answer=gzip.compress(json.dumps({"note": text}).encode(), mtime=0),
        answer_headers=(("Content-Encoding", "gzip"),),
    ),
    "base64 in JSON": lambda text: Case("", answer=json.dumps({"data": _in_base64(text)}).encode()),
    "event stream in chunks": lambda text: Case("", answer_headers=STREAM, pieces=_pieces(text)),
    "error text": lambda text: Case("", status=401, answer=f"Error: {text} is not known.".encode()),
}
_OF_ONE_LINE = ("header sent", "header received")
_SHAPES = Shapes(shapes.RULES)


def of_shapes() -> Iterator[Planted]:
    for number, rule in enumerate(shapes.RULES):
        for at, (place, plant) in enumerate(ANYWHERE.items()):
            text = made(rule.vector, number * len(ANYWHERE) + at)  # (one that is known is masked everywhere)
            if "\n" in text and place in _OF_ONE_LINE:
                continue
            yield Planted(rule.name, _secret_in(text), plant(text)._replace(what=f"{rule.name}, {place}"))


def _secret_in(text: str) -> str:
    """Of an example, what may not be found: an address may, but for its key; of a key, one line is enough."""
    data = text.encode()
    (found,) = _SHAPES.find(data)
    return max(data[found.start : found.end].decode().split("\n"), key=len)


# -- what has a telling name -------------------------------------------------------------------------------------------


def _headers(name: str, secret: str) -> Iterator[Case]:
    if "authorization" not in name:
        yield Case("sent", headers={name: secret})
        yield Case("received", answer_headers=((name, secret),))
        return
    basic = base64.b64encode(f"user:{secret}".encode()).decode()
    digest = f'Digest username="u", realm="r", nonce="n", uri="/", response="{secret}", opaque="o"'
    for scheme in (f"Bearer {secret}", f"Basic {basic}", f"token {secret}", digest, f"ApiKey {secret}", secret):
        yield Case(scheme.split(" ")[0] if " " in scheme else "bare", headers={name.title(): scheme})


def _cookies(name: str, secret: str) -> Iterator[Case]:
    name = "visitor" if name == "*" else name
    yield Case("sent", headers={"Cookie": f"a=1; {name}={secret}; b=2"})
    yield Case("received", answer_headers=(("Set-Cookie", f"{name}={secret}; Path=/; HttpOnly"),))


def _parameters(name: str, secret: str) -> Iterator[Case]:
    written = f"{name}={quote(secret, safe='')}"
    yield Case("query", path=f"?a=1&{written}&b=2")
    yield Case("params", params={name.upper(): secret})
    yield Case("Location", answer_headers=(("Location", f"/next?a=1&{written}"),))
    yield Case("Referer", headers={"Referer": f"http://h.example/?{written}"})


def _fields(name: str, secret: str) -> Iterator[Case]:
    camel = re.sub(r"[_-](\w)", lambda found: found[1].upper(), name)
    yield Case("form", headers=FORM, body=urlencode({"a": "1", name: secret, "b": "2"}).encode())
    yield Case("JSON", headers=JSON, body=json.dumps({"a": [{name: secret}], "b": 1}).encode())
    yield Case("JSON, camel case", headers=JSON, body=json.dumps({camel: secret}, indent=1).encode())
    part = f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{secret}\r\n--xyz--\r\n'
    yield Case("multipart", headers=MULTIPART, body=part.encode())
    yield Case("XML", headers={"Content-Type": "text/xml"}, body=f"<a><{name}>{secret}</{name}></a>".encode())


def _answered_fields(name: str, secret: str) -> Iterator[Case]:
    data = json.dumps({"data": {name: secret}}).encode()
    kind = ("Content-Type", "application/json")
    yield Case("JSON received", answer=data, answer_headers=(kind,))
    yield Case("gzip", answer=gzip.compress(data), answer_headers=(kind, ("Content-Encoding", "gzip")))
    yield Case("event stream", answer_headers=STREAM, pieces=(b"data: " + data[:9], data[9:] + b"\n\n"))


def _userinfo(_: str, secret: str) -> Iterator[Case]:
    yield Case("Location", answer_headers=(("Location", f"http://user:{secret}@h.example/"),))
    yield Case("in JSON", answer=json.dumps({"a": f"https://user:{secret}@h.example/x"}).encode())


_BY_WHERE: dict[str, Callable[[str, str], Iterator[Case]]] = {
    "header": _headers,
    "cookie": _cookies,
    "query": _parameters,
    "field": _fields,
    "userinfo": _userinfo,
}


def of_names() -> Iterator[Planted]:
    for rule in names.RULES:
        if rule.where == "env":
            continue  # (test_flows.py has variables)
        for number, listed in enumerate(rule.names or ("",)):
            name = listed.replace("*-", "acme-")
            secret = _value(rule, number)
            cases = [*_BY_WHERE[rule.where](name, secret)]
            if rule.where == "field" and rule.is_at_work("response"):
                cases += _answered_fields(name, secret)
            kind = f"{rule.name} as {rule.where}"
            yield from (Planted(kind, secret, case._replace(what=f"{kind} {name}, {case.what}")) for case in cases)


def _value(rule: Rule, number: int) -> str:
    """A secret that the rule is for: nobody finds it by its shape."""
    for recipe in ("s3cret{a24}", "{b43}=", "{h32}", "sig={a43}"):
        if not rule.pattern or re.fullmatch(rule.pattern, made(recipe).encode()):
            return made(recipe, number)
    raise AssertionError(rule)


def everything() -> list[Planted]:
    return [*of_shapes(), *of_names()]


def sample(seed: int, count: int) -> list[Planted]:
    """Some of them: one of each of so many kinds."""
    chance = random.Random(seed)
    by_kind: dict[str, list[Planted]] = {}
    for one in everything():
        by_kind.setdefault(one.kind, []).append(one)
    return [chance.choice(by_kind[kind]) for kind in chance.sample(sorted(by_kind), count)]
