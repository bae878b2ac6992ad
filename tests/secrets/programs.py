"""Exchanges of realistic programs, each with secrets that no rule was written for in particular: what is masked, and
what is left, with the reason.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from tests.secrets.made import made
from tests.secrets.planted import FORM, Case

_JSON = {"Content-Type": "application/json"}


class Program(NamedTuple):
    """An exchange with secrets. ``left``: why they are not masked; empty if they must be."""

    name: str
    case: Case
    secrets: tuple[str, ...]
    left: str = ""


class _Maker:
    """Makes secrets: no two programs have the same one, because a secret that is known is masked everywhere."""

    def __init__(self) -> None:
        self._number = 0

    def __call__(self, recipe: str = "{a3}7bQ{a26}") -> str:
        self._number += 1
        return made(recipe, self._number)


def _sent(data: Any, kind: str = "application/json", **headers: str) -> dict[str, Any]:
    body = data if isinstance(data, bytes) else (data if isinstance(data, str) else json.dumps(data)).encode()
    return {"headers": {"Content-Type": kind, **headers}, "body": body}


def _got(data: Any, kind: str = "application/json", **headers: str) -> dict[str, Any]:
    answer = data if isinstance(data, bytes) else (data if isinstance(data, str) else json.dumps(data)).encode()
    return {"answer": answer, "answer_headers": (("Content-Type", kind), *headers.items())}


def _form(**fields: str) -> dict[str, Any]:
    return {"headers": FORM, "body": urlencode(fields).encode()}


def programs() -> list[Program]:
    """All of them."""
    made_up = _Maker()
    return [program for each in (_logins, _apis, _heads, _pages, _files, _binary) for program in each(made_up)]


def _logins(new: _Maker) -> Iterator[Program]:
    code, verifier, access, refresh = new("4/0A{a40}"), new("{a43}"), new(), new()
    yield Program(
        "OAuth: the code for tokens, with PKCE",
        Case(
            "",
            **_form(grant_type="authorization_code", code=code, code_verifier=verifier, client_id="app"),
            **_got({"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": 3600}),
        ),
        (code, verifier, access, refresh),
    )
    code = new("{h20}")
    location = f"https://app.example/callback?code={code}&state=xyz"
    yield Program(
        "OAuth: the code in a redirect", Case("", status=302, answer_headers=(("Location", location),)), (code,)
    )
    secret, access = new(), new()
    yield Program(
        "OAuth: client credentials in Basic",
        Case(
            "",
            headers={**FORM, "Authorization": f"Basic {base64.b64encode(f'app:{secret}'.encode()).decode()}"},
            body=b"grant_type=client_credentials",
            **_got({"accessToken": access}),
        ),
        (secret, access),
    )
    device = new("{a40}")
    yield Program(
        "OAuth: a device code",
        Case("", **_form(client_id="tv"), **_got({"device_code": device, "user_code": "WDJB-MJHT", "interval": 5})),
        (device,),
    )
    password, access = new("{l9}7!"), new()
    yield Program(
        "OAuth: a password",
        Case("", **_form(grant_type="password", username="bob", password=password), **_got({"access_token": access})),
        (password, access),
    )
    assertion, exchanged = new("{a90}"), new()
    yield Program(
        "OAuth: token exchange",
        Case("", **_form(subject_token=assertion, subject_token_type="jwt"), **_got({"access_token": exchanged})),
        (assertion, exchanged),
    )
    key, signature, token = new(), new("{b27}="), new()
    signed = f'OAuth oauth_consumer_key="{key}", oauth_token="{token}", oauth_signature="{quote(signature, safe="")}"'
    yield Program(
        "OAuth 1.0",
        Case(
            "",
            headers={"Authorization": signed},
            **_got(f"oauth_token={new()}&oauth_token_secret={token}x", "text/plain"),
        ),
        (signature, token),
    )
    saml = base64.b64encode(f"<Response>{new('{a90}')}</Response>".encode()).decode()
    yield Program("SAML: a response in a form", Case("", **_form(SAMLResponse=saml, RelayState="x")), (saml,))
    totp, recovery = new("{d6}"), new("{l5}-{l5}7")
    yield Program(
        "a second factor",
        Case("", **_sent({"user": "bob", "totp_code": totp, "recovery_code": recovery})),
        (totp, recovery),
    )
    session = new("{l30}7")
    yield Program(
        "the id of a session in JSON",
        Case("", **_got({"sessionid": session})),
        (session,),
        "such ids have many other uses: it is masked in a cookie",
    )
    cookie = new("{a30}")
    yield Program(
        "cookies in JSON",
        Case(
            "", **_got({"cookies": [{"name": "connect.sid", "value": cookie, "domain": "a.example", "httpOnly": True}]})
        ),
        (cookie,),
    )


def _apis(new: _Maker) -> Iterator[Program]:
    password = new("{l9}!")
    document = "mutation Login($p: String!) { login(email: $e, password: $p) { token } }"
    token = new()
    yield Program(
        "GraphQL: variables",
        Case(
            "",
            **_sent({"query": document, "variables": {"e": "a@b.example", "password": password}}),
            **_got({"data": {"login": {"token": token}}}),
        ),
        (password, token),
    )
    password = new("{l9}!")
    document = f'mutation {{ login(email: "a@b.example", password: "{password}") {{ ok }} }}'
    yield Program("GraphQL: in the document", Case("", **_sent({"query": document})), (password,))
    key = new()
    yield Program(
        "JSON-RPC by name",
        Case("", **_sent({"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": key}, "id": 1})),
        (key,),
    )
    password = new("{l9}!")
    call = {"jsonrpc": "2.0", "method": "login", "params": ["db", "bob", password], "id": 1}
    yield Program("JSON-RPC by position", Case("", **_sent(call)), (password,), "a list has no names")
    password, session = new("{l9}!"), new()
    envelope = (
        '<soap:Envelope xmlns:soap="x"><soap:Header><wsse:Security><wsse:UsernameToken><wsse:Username>bob'
        f'</wsse:Username><wsse:Password Type="PasswordText">{password}</wsse:Password></wsse:UsernameToken>'
        "</wsse:Security></soap:Header></soap:Envelope>"
    )
    answer = f"<soap:Body><loginResponse><sessionToken>{session}</sessionToken></loginResponse></soap:Body>"
    yield Program("SOAP", Case("", **_sent(envelope, "text/xml"), **_got(answer, "text/xml")), (password, session))
    password = new("{l9}!")
    text = "<param><value><string>{}</string></value></param>".format
    call = f"<methodCall><methodName>login</methodName><params>{text('bob')}{text(password)}</params></methodCall>"
    yield Program("XML-RPC by position", Case("", **_sent(call, "text/xml")), (password,), "a list has no names")
    token = new()
    part = '--xyz\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = (
        part.format("upload_token", "x")
        + part.format("auth_token", token)
        + part.format('file"; filename="a.txt', "text")
        + "--xyz--\r\n"
    )
    yield Program("a multipart upload", Case("", **_sent(body, "multipart/form-data; boundary=xyz")), (token,))
    password = new("{l9}7")
    urls = {"databases": [f"postgres://bob:{password}@db.example/app", "redis://cache.example/0"]}
    yield Program("userinfo in a JSON list", Case("", **_got(urls)), (password,))
    amqp, mongo, redis = new("{l12}7"), new("{l12}7"), new("{l12}7")
    yield Program(
        "URIs of databases in text",
        Case(
            "",
            **_got(
                f"amqp://u:{amqp}@mq/v\nmongodb+srv://u:{mongo}@c.example/?w=1\nredis://:{redis}@r:6379/0\n",
                "text/plain",
            ),
        ),
        (amqp, mongo, redis),
    )


def _heads(new: _Maker) -> Iterator[Program]:
    bearer, protocol = new(), new("eyJ{a30}.eyJ{a40}.{a43}")
    upgrade = {"Authorization": f"Bearer {bearer}", "Sec-WebSocket-Protocol": f"chat, {protocol}"}
    yield Program("the handshake of a WebSocket", Case("", "GET", headers=upgrade, status=400), (bearer, protocol))
    key = new("base64url.bearer.authorization.k8s.io.{a43}")
    yield Program(
        "Kubernetes: a bearer as a subprotocol",
        Case("", "GET", headers={"Sec-WebSocket-Protocol": key}),
        (key.rpartition(".")[2],),
    )
    secret = new()
    settings = {"env": [{"name": "DB_HOST", "value": "db"}, {"name": "CLIENT_SECRET", "value": secret}]}
    yield Program("a list of names and values", Case("", **_sent(settings)), (secret,))
    secret = new()
    variable = {"value": secret, "protected": True, "variable_type": "env_var", "key": "DEPLOY_TOKEN"}
    yield Program("GitLab: a variable", Case("", **_sent([variable]), **_got([variable])), (secret,))
    password = new()
    user = {"username": "bob", "credentials": [{"type": "password", "temporary": False, "value": password}]}
    yield Program("Keycloak: a new user", Case("", **_sent(user)), (password,))
    password = new()
    parameter = {"ARN": "arn:aws:ssm:a:1:parameter/db", "Name": "/db", "Type": "SecureString", "Value": password}
    yield Program("AWS: a secure parameter", Case("", **_got({"Parameter": parameter})), (password,))
    token, password = new(), new()
    payload = {"type": "block_actions", "token": token, "user": {"password": password}}
    yield Program("Slack: JSON in a form", Case("", **_form(payload=json.dumps(payload))), (token, password))
    password = new()
    log_in = f'<aaaUser name="admin" pwd="{password}" />'
    session = new()
    logged_in = f'<imdata totalCount="1"><aaaLogin token="{session}" userName="admin"/></imdata>'
    yield Program(
        "Cisco: a login with attributes",
        Case("", **_sent(log_in, "application/xml"), **_got(logged_in, "text/xml")),
        (password, session),
    )
    header = new()
    mock = {"request": {"headers": [{"key": "X-Api-Key", "value": header}]}}
    yield Program("headers in JSON", Case("", **_sent(mock)), (header,))
    sas = new("{a41}%2B{a1}%3D")
    source = f"https://a.blob.core.windows.net/c/b?sp=r&st=2026-01-01&sv=2022-11-02&sr=b&sig={sas}"
    yield Program("Azure: a SAS in a header", Case("", "PUT", headers={"x-ms-copy-source": source}), (sas,))
    key = new()
    yield Program("a URI in a header", Case("", "GET", headers={"X-Original-Url": f"/v1?api_key={key}&a=1"}), (key,))
    key = new("{h64}")
    yield Program(
        "Coinbase: a signed request", Case("", "GET", headers={"CB-ACCESS-SIGN": key, "CB-ACCESS-KEY": "x"}), (key,)
    )
    key = new("{l7}")
    yield Program(
        "a webhook that is known by its path",
        Case("", path=f"/hooks/catch/1234/{key}/"),
        (key,),
        "a part of a path has no name",
    )
    listed = new()
    yield Program(
        "a list of keys",
        Case("", **_got({"api_keys": [listed]})),
        (listed,),
        "a list has no names: only text beside a name is masked",
    )
    number = new("{d12}")
    yield Program(
        "a number as a password", Case("", **_sent(f'{{"password": {number}}}')), (number,), "a number is no text"
    )


def _pages(new: _Maker) -> Iterator[Program]:
    key, session, agent = new(), new(), new()
    echoed = {"headers": {"X-Api-Key": key, "Cookie": f"sid={session}", "X-Custom": "x"}, "args": {"token": agent}}
    yield Program(
        "an error page that repeats the request",
        Case(
            "",
            "GET",
            f"?token={agent}",
            headers={"X-Api-Key": key, "Cookie": f"sid={session}"},
            status=500,
            **_got(f"<pre>{json.dumps(echoed)}</pre>", "text/html"),
        ),
        (key, session, agent),
    )
    token, saml = new("{a40}"), new("{a90}")
    page = (
        f'<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{token}">'
        f'<input value="{saml}" type=hidden name=SAMLResponse></form>'
    )
    yield Program("hidden inputs of a form", Case("", "GET", **_got(page, "text/html; charset=utf-8")), (token, saml))
    token = new("{a40}")
    yield Program(
        "a token in the head of a page",
        Case("", "GET", **_got(f'<meta name="csrf-token" content="{token}">', "text/html")),
        (token,),
    )
    token = new()
    page = f'<script id="__NEXT_DATA__" type="application/json">{{"props":{{"accessToken":"{token}"}}}}</script>'
    yield Program("JSON in a page", Case("", "GET", **_got(page, "text/html")), (token,))
    token = new()
    yield Program(
        "a variable of a script",
        Case("", "GET", **_got(f'<script>window.__TOKEN__ = "{token}";</script>', "text/html")),
        (token,),
        "a program, not data: any name may stand beside any text",
    )
    token = new()
    yield Program(
        "a script",
        Case("", "GET", **_got(f'const config = {{apiKey: "{token}"}};', "application/javascript")),
        (token,),
        "a program, not data: any name may stand beside any text",
    )
    token = new()
    yield Program(
        "text for people",
        Case("", **_sent({"messages": [{"role": "user", "content": f"My password is {token}."}]})),
        (token,),
        "a sentence: nothing says where the secret begins",
    )
    stack = new()
    yield Program(
        "a stack trace",
        Case("", "GET", status=500, **_got(f"Traceback:\n  File x, line 1\n    api_key = '{stack}'\n", "text/plain")),
        (stack,),
    )


def _files(new: _Maker) -> Iterator[Program]:
    key, password, dsn = new(), new("{l9}7!"), new("{h32}")
    env = (
        f"DEBUG=1\nOPENAI_API_KEY={key}\nPOSTGRES_PASSWORD='{password}'\nSENTRY_DSN=https://{dsn}@o1.ingest.example/1\n"
    )
    yield Program(".env", Case("", "GET", **_got(env, "text/plain")), (key, password, dsn))
    token, password = new(), new("{l9}7!")
    yaml = f"apiVersion: v1\nusers:\n- name: bob\n  user:\n    token: {token}\n    password: {password}\nother: x\n"
    yield Program("YAML", Case("", "GET", **_got(yaml, "application/yaml")), (token, password))
    key, other = new(), new()
    yield Program(
        "CSV", Case("", "GET", **_got(f'id,api_key,name\n1,{key},bob\n2,"{other}",eve\n', "text/csv")), (key, other)
    )
    password = new("{l9}7!")
    yield Program(
        "INI", Case("", "GET", **_got(f"[client]\nuser = bob\npassword = {password}\n", "text/plain")), (password,)
    )
    key = new()
    yield Program(
        "TOML", Case("", "PUT", **_sent(f'[api]\napi_key = "{key}"\nurl = "x"\n', "application/toml")), (key,)
    )
    secret = new()
    inner = base64.b64encode(json.dumps({"client_secret": secret}).encode()).decode()
    yield Program(
        "named fields in base64",
        Case("", **_sent({"payload": inner})),
        (secret,),
        "base64 is opened for known secrets and shapes only",
    )
    token = new()
    lines = "".join(json.dumps({"id": number, "auth_token": f"{token}"}) + "\n" for number in range(2))
    yield Program(
        "lines of JSON, compressed",
        Case(
            "",
            "GET",
            answer=gzip.compress(lines.encode(), mtime=0),
            answer_headers=(("Content-Encoding", "gzip"), ("Content-Type", "application/x-ndjson")),
        ),
        (token,),
    )
    auth = base64.b64encode(f"bob:{new('{l9}7')}".encode()).decode()
    yield Program("Docker: config.json", Case("", "GET", **_got({"auths": {"r.example": {"auth": auth}}})), (auth,))


def _binary(new: _Maker) -> Iterator[Program]:
    why = "no names, or names that only a reader of the format finds; known secrets and shapes are found"
    secret = new()
    packed = b"\x81\xa8password" + bytes([0xA0 + 30]) + secret.encode()
    yield Program("MessagePack", Case("", **_sent(packed, "application/msgpack")), (secret,), why)
    secret = new()
    cbor = b"\xa1\x68password" + b"\x78\x1e" + secret.encode()
    yield Program("CBOR", Case("", **_sent(cbor, "application/cbor")), (secret,), why)
    secret = new()
    protobuf = b"\x0a\x03bob\x12\x1e" + secret.encode()
    yield Program(
        "protobuf",
        Case("", **_sent(b"\0" + struct.pack(">I", len(protobuf)) + protobuf, "application/grpc")),
        (secret,),
        why,
    )
