"""Where secrets stand in a URI: before the host, and in parameters that a rule names. It must not know what takes the
place of a secret: ``put(rule, secret)`` says that.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, unquote_plus

from .credentials import parted, user_and_password
from .put import Put
from .ruleset import Side

_USERINFO = re.compile(r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{1,20}://)([^/?#\s\"'<>@]*(?:<[^<>@\s]*>)?)@")
_PARAMETER = re.compile(r"([?&;#])([^=&;#?\s\"']{1,200})=([^&#\s\"']+)")
#: With fewer characters, a user without a password is no token.
_SHORTEST_TOKEN = 16


def replaced(text: str, side: Side, put: Put, place: str) -> str:
    """A URI, or a text in which there are some, with new values; the same when there is nothing to replace. ``place``:
    what a note says of where it stands."""
    if "@" in text and side.userinfo is not None:
        text = _USERINFO.sub(lambda found: f"{found[1]}{_userinfo(found[2], side, put.at(f'{place} userinfo'))}@", text)
    return _PARAMETER.sub(lambda found: _parameter(found, side, put, place), text) if "=" in text else text


def _userinfo(userinfo: str, side: Side, put: Put) -> str:
    assert side.userinfo is not None
    plain = unquote(userinfo)
    user, password = parted(plain)
    if not password and len(user) < _SHORTEST_TOKEN and not user.startswith("<"):
        return userinfo
    new = user_and_password(plain, side.userinfo, put)
    return userinfo if new == plain else (new if password else new.rstrip(":"))


def _parameter(found: re.Match[str], side: Side, put: Put, place: str) -> str:
    rule = side.parameter(unquote_plus(found[2]))
    if rule is None:
        return found[0]
    plain = unquote_plus(found[3])
    new = put.at(f"{place} {found[2]}")(rule, plain)
    # (A placeholder that a client has escaped is written as it is in every other place.)
    return found[0] if new == plain and not new.startswith("<") else f"{found[1]}{found[2]}={new}"
