"""Login, token, refresh, request: SDKs hand on what they were given. With secrets masked, none is in the cassette; and
the flow replays, also with other credentials than those that it was recorded with."""

from __future__ import annotations

import base64
import json
import secrets
import time
import urllib.parse
from pathlib import Path
from typing import NamedTuple

import pytest

import vcr

from .imitations import answer

boto3 = pytest.importorskip("boto3")
jwt = pytest.importorskip("jwt")
msal = pytest.importorskip("msal")
requests = pytest.importorskip("requests")

from authlib.integrations.requests_client import OAuth2Session  # noqa: E402
from botocore.config import Config  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from google.auth.transport.requests import AuthorizedSession, Request  # noqa: E402
from google.oauth2 import credentials, service_account  # noqa: E402

BODY, HEADERS = ["method", "uri", "body"], ["method", "uri", "headers"]
PASSWORD = "pa55 word of joe"
MICROSOFT = "https://login.microsoftonline.com"


class Keys(NamedTuple):
    """What a program has before it asks for anything."""

    client_secret: str
    refresh_token: str
    access_key: str
    secret_key: str


REAL = Keys(*(secrets.token_urlsafe(24) for _ in Keys._fields))
DUMMY = Keys("dummy-secret", "dummy-refresh", "dummy", "dummy")


class Issuer:
    """Hands out tokens, and remembers them."""

    def __init__(self, server):
        self.issued: list[str] = []
        for path, handler in {
            "/token": self.token,
            "/t/token": self.token,
            "/t/v2.0": self.discovery,
            "/common/userrealm": lambda exchange, *_: answer(exchange, {"account_type": "Managed"}),
            "/me": self.me,
            "/bucket": self.object,
            "/": self.role,
        }.items():
            server.route(path, handler)

    def new(self, prefix: str) -> str:
        self.issued.append(prefix + secrets.token_urlsafe(24))
        return self.issued[-1]

    def token(self, exchange, *_):
        form = dict(urllib.parse.parse_qsl(exchange.request.body.decode()))
        made = {
            "access_token": self.new("at-"),
            "refresh_token": self.new("rt-"),
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        if "openid" in form.get("scope", ""):
            now = int(time.time())
            claims = {
                "iss": f"{MICROSOFT}/t/v2.0",
                "aud": form["client_id"],
                "sub": "joe-subject",
                "tid": "t",
                "oid": "o",
            }
            times = {"exp": now + 3600, "iat": now, "nbf": now - 5}
            made["id_token"] = jwt.encode({**claims, **times}, "k" * 32, "HS256")
            made["client_info"] = base64.urlsafe_b64encode(b'{"uid":"o","utid":"t"}').decode().rstrip("=")
            self.issued.append(made["id_token"])
        answer(exchange, made)

    def discovery(self, exchange, *_):
        paths = {"token_endpoint": "token", "authorization_endpoint": "authorize"}
        urls = {name: f"{MICROSOFT}/t/{path}" for name, path in paths.items()}
        answer(exchange, {"issuer": f"{MICROSOFT}/t/v2.0", **urls})

    def me(self, exchange, *_):
        answer(exchange, {"is_known": exchange.request.get("Authorization").removeprefix("Bearer ") in self.issued})

    def role(self, exchange, *_):
        fields = {"AccessKeyId": self.new("ASIA"), "SecretAccessKey": self.new("sk"), "SessionToken": self.new("st")}
        fields["Expiration"] = "2030-01-01T00:00:00Z"
        text = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
        for name in ("Credentials", "AssumeRoleResult", "AssumeRoleResponse"):
            text = f"<{name}>{text}</{name}>"
        exchange.respond(200, [("content-type", "text/xml")], text.encode())

    def object(self, exchange, *_):
        is_signed = "AWS4-HMAC-SHA256" in exchange.request.get("Authorization")
        exchange.respond(200, [("content-type", "text/plain")], b"signed" if is_signed else b"not signed")


@pytest.fixture
def issuer(server, monkeypatch):
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    return Issuer(server)


# -- the programs ------------------------------------------------------------------------------------------------------


def with_authlib(url, keys):
    session = OAuth2Session("client", keys.client_secret, token_endpoint_auth_method="client_secret_post")
    given = session.fetch_token(f"{url}/token", username="joe", password=PASSWORD, grant_type="password")
    first = session.get(f"{url}/me").json()
    session.refresh_token(f"{url}/token", refresh_token=given["refresh_token"])
    return first, session.get(f"{url}/me").json()


def with_google_auth(url, keys):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    info = {
        "client_email": "a@b.example",
        "token_uri": f"{url}/token",
        "private_key": key.private_bytes(*form).decode(),
    }
    account = service_account.Credentials.from_service_account_info(info, scopes=["one"])
    account.refresh(Request())
    user = credentials.Credentials(None, keys.refresh_token, None, f"{url}/token", "client", keys.client_secret)
    return [AuthorizedSession(one).get(f"{url}/me").json() for one in (account, user)]


def with_msal(url, keys):
    class Session(requests.Session):
        def request(self, method, asked, *args, **kwargs):
            here = asked.replace(MICROSOFT, url).replace("/oauth2/v2.0/", "/")
            return super().request(method, here, *args, **kwargs)

    with Session() as session:
        app = msal.PublicClientApplication(
            "client", authority=f"{MICROSOFT}/t", instance_discovery=False, http_client=session
        )
        given = app.acquire_token_by_username_password("joe", PASSWORD, scopes=["User.Read"])
        (account,) = app.get_accounts()
        again = app.acquire_token_silent(["User.Read"], account=account, force_refresh=True)
        tokens = given["access_token"], again["access_token"]
        answers = [session.get(f"{url}/me", headers={"Authorization": f"Bearer {token}"}).json() for token in tokens]
    return answers, given["id_token_claims"]["aud"]


def with_boto3(url, keys):
    own = {"aws_access_key_id": keys.access_key, "aws_secret_access_key": keys.secret_key}
    everywhere = {"endpoint_url": url, "region_name": "eu-west-1"}
    role = boto3.client("sts", **everywhere, **own).assume_role(
        RoleArn="arn:aws:iam::1:role/one", RoleSessionName="two"
    )
    lent = {f"aws_{name}": role["Credentials"][key] for name, key in LENT.items()}
    s3 = boto3.client("s3", **everywhere, **lent, config=Config(s3={"addressing_style": "path"}))
    return s3.get_object(Bucket="bucket", Key="key")["Body"].read()


LENT = {"access_key_id": "AccessKeyId", "secret_access_key": "SecretAccessKey", "session_token": "SessionToken"}


# (msal and boto3 number their requests in headers.)
@pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows:DeprecationWarning")
@pytest.mark.parametrize(
    ("program", "match_on"),
    [
        *((with_authlib, match_on) for match_on in (None, BODY, HEADERS)),
        *((with_google_auth, match_on) for match_on in (None, BODY, HEADERS)),
        *((with_msal, match_on) for match_on in (None, BODY)),
        *((with_boto3, match_on) for match_on in (None, BODY)),
    ],
)
def test_a_flow_replays_with_secrets_masked(program, match_on, server, issuer, cassette_path):
    with vcr.use_cassette(cassette_path, match_on=match_on):
        recorded = program(server.url, REAL)
    assert "true" in json.dumps(recorded, default=repr) or recorded == b"signed"
    text = Path(cassette_path).read_text(encoding="utf-8")
    for secret in (PASSWORD, urllib.parse.quote_plus(PASSWORD), *issuer.issued, *REAL):
        assert secret not in text
    server.close()
    hits = server.hits
    with vcr.use_cassette(cassette_path, match_on=match_on, record_mode="none"):
        assert program(server.url, DUMMY) == recorded
    assert server.hits == hits
