"""Replaces the secrets in header fields with credentials: ``Authorization`` with any scheme, ``Cookie``,
``Set-Cookie``. It must not know what takes the place of a secret: ``put(rule, secret)`` returns that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from .put import Put
from .rule import Rule

#: A function that returns the rule for a cookie with this name; None if there is no rule.
RuleOf = Callable[[str], "Rule | None"]

_PARAMETERS = re.compile(r"\s*[\w.-]+=(?:\"[^\"]*\"|[^,\s\"=]+=*)(?:\s*,\s*[\w.-]+=(?:\"[^\"]*\"|[^,\s\"]*))*\s*,?\s*")
_PARAMETER = re.compile(r"([\w.-]+)=(?:\"([^\"]*)\"|([^,\s\"]+))")
#: The parameters of credentials that are not secret, in Digest (RFC 7616), OAuth 1, AWS and HTTP signatures.
_READABLE = frozenset(
    word
    for words in (
        "username username* realm uri algorithm qop nc nonce cnonce opaque userhash charset",
        "oauth_version oauth_signature_method oauth_timestamp oauth_nonce oauth_callback scope version",
        "signedheaders headers keyid created expires date",
    )
    for word in words.split()
)
#: The parameters that have another value in each request, such as a signature.
_OF_ONE_REQUEST = frozenset({"response", "signature", "oauth_signature", "mac", "oauth_verifier"})


def authorization(value: str, rule: Rule, put: Put) -> str:
    """The value of an ``Authorization`` or ``Proxy-Authorization`` without its secrets. The scheme stays."""
    scheme, blank, credentials = value.partition(" ")
    if not credentials.strip():
        return put(rule, value) if value.strip() else value
    if scheme.lower() == "basic":
        return f"{scheme}{blank}{basic(credentials, rule, put)}"
    if _PARAMETERS.fullmatch(credentials):
        return f"{scheme}{blank}{_parameters(credentials, rule, put)}"
    return f"{scheme}{blank}{put(rule, credentials)}"


def basic(credentials: str, rule: Rule, put: Put) -> str:
    """The base64 of ``user:password`` (RFC 7617) without the secret. The user stays, unless there is no password: then
    the user is the secret."""
    text = credentials.strip()
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return put(rule, credentials)
    coding = "utf-8"
    try:
        pair = decoded.decode(coding)
    except UnicodeDecodeError:
        coding = "latin-1"
        pair = decoded.decode(coding)
    if ":" not in pair:
        return put(rule, credentials)
    return base64.b64encode(user_and_password(pair, rule, put).encode(coding, "replace")).decode("ascii")


def user_and_password(pair: str, rule: Rule, put: Put) -> str:
    """``user:password`` with the password replaced; with the user replaced if there is no password."""
    user, password = parted(pair)
    if password:
        return f"{user}:{put(replace(rule, name='PASSWORD', chosen=True), password)}"
    return f"{put(rule, user)}:" if user else pair


def parted(pair: str) -> tuple[str, str]:
    """The user and the password in ``user:password``. Either may be a placeholder, which has a colon in it."""
    start = pair.find(">") + 1 if pair.startswith("<") else 0
    user, _, password = pair[start:].partition(":")
    return pair[:start] + user, password


def _parameters(credentials: str, rule: Rule, put: Put) -> str:
    def new(found: re.Match[str]) -> str:
        name, secret = found[1].lower(), found[3] if found[2] is None else found[2]
        if name in _READABLE or not secret:
            return found[0]
        if name in _OF_ONE_REQUEST:
            written = put(replace(rule, name="SIGNATURE", identifies=False), secret)
        elif name == "credential":  # AWS: the key's id, then the scope
            key, slash, scope = secret.partition("/")
            written = put(rule, key) + slash + scope
        else:
            written = put(rule, secret)
        return f'{found[1]}="{written}"' if found[3] is None else f"{found[1]}={written}"

    return _PARAMETER.sub(new, credentials)


# -- cookies -----------------------------------------------------------------------------------------------------------

_COOKIE = re.compile(r"([^=;\s]+)(\s*=\s*)([^;]*)")


def cookies(value: str, rule_of: RuleOf, put_at: Callable[[str], Put]) -> str:
    """The value of a ``Cookie`` with the values of secret cookies replaced. ``put_at(name)`` returns the ``Put`` for
    the cookie with this name."""
    return _COOKIE.sub(lambda found: _cookie(found, rule_of, put_at), value)


def set_cookie(value: str, rule_of: RuleOf, put_at: Callable[[str], Put]) -> str:
    """The value of a ``Set-Cookie`` with the value of a secret cookie replaced. The attributes stay."""
    pair, semicolon, attributes = value.partition(";")
    return cookies(pair, rule_of, put_at) + semicolon + attributes


def _cookie(found: re.Match[str], rule_of: RuleOf, put_at: Callable[[str], Put]) -> str:
    value = found[3].rstrip()
    rule = rule_of(found[1]) if value else None
    if rule is None:
        return found[0]
    put = put_at(found[1])
    secret = value[1:-1] if value[:1] == value[-1:] == '"' and len(value) > 1 else value
    plain = unquote(secret)
    # Some clients escape the cookie that a replayed response has set: so a placeholder may be escaped.
    written = put(rule, plain if plain.startswith("<") else secret)
    return f"{found[1]}{found[2]}{written}{found[3][len(value) :]}"
