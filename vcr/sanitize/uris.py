"""Where secrets stand in a URI: before the host, and in parameters that a rule names. It must not know what takes the
place of a secret: ``put(rule, secret)`` says that.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, unquote_plus

from .credentials import parted, user_and_password
from .put import Put
from .ruleset import Side

#: It begins with a colon, and not with the scheme, because that is found ten times faster. JSON may escape a slash.
_USERINFO = re.compile(r"(:(?<=[A-Za-z0-9]:)(?:\\?/){2})([^/?#\s\"'<>@]*(?:<[^<>@\s]*>)?)@")
#: The characters that end a userinfo, besides a slash and an @.
_ENDS_USERINFO = re.compile(rb"[?#\s\"']")
_NAME = r"([?&;#])([^=&;#?\s\"']{1,200})="
_PARAMETER = re.compile(_NAME + r"([^&#\s\"']+)")
_NAMES = re.compile(_NAME)
_PARAMETER_IN_ANGLES = re.compile(_NAME + r"([^&#\s\"'<>]+)")
#: The characters that must be escaped in a value.
_ENDS_VALUE = re.compile(r"[&#%+\s\"']")
#: With fewer characters, a user without a password is no token.
_SHORTEST_TOKEN = 16


def replaced(text: str, side: Side, put: Put, place: str) -> str:
    """A URI, or a text that holds URIs, with the secrets in it replaced; the same text if it has none. ``place``: where
    the text stands, for the notes of what was masked."""
    text = without_userinfo(text, side, put, place)
    return _PARAMETER.sub(lambda found: _parameter(found, side, put, place), text) if "=" in text else text


def replaced_in_angles(text: str, side: Side, put: Put, place: str) -> str:
    """The same for a text in which each URI stands in angle brackets (``Link``, RFC 8288 §3): the angle brackets of a
    placeholder are escaped, so that they do not end the URI."""

    def new(found: re.Match[str]) -> str:
        return _parameter(found, side, put, place).replace("<", "%3C").replace(">", "%3E")

    return _PARAMETER_IN_ANGLES.sub(new, without_userinfo(text, side, put, place))


def has_parameter(text: str, side: Side) -> bool:
    """Whether a URI in a text has a parameter that a rule names."""
    return any(side.parameter(unquote_plus(name)) is not None for _, name in _NAMES.findall(text))


def may_have_userinfo(data: bytes) -> bool:
    """Whether a URI with a user may stand in ``data``. If this returns False, there is none."""
    last, at = 0, data.find(b"@")
    while at >= 0:
        slash = data.rfind(b"/", last, at)
        if slash >= 0 and not _ENDS_USERINFO.search(data, slash, at):
            return True
        last, at = at, data.find(b"@", at + 1)
    return False


def without_userinfo(text: str, side: Side, put: Put, place: str) -> str:
    """A text that holds URIs with the passwords in them replaced; the same text if it has none."""
    if "@" not in text or side.userinfo is None:
        return text
    return _USERINFO.sub(lambda found: f"{found[1]}{_userinfo(found[2], side, put.at(f'{place} userinfo'))}@", text)


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
    return found[0] if new == plain and not new.startswith("<") else f"{found[1]}{found[2]}={as_value(new)}"


def as_value(text: str) -> str:
    """``text`` escaped as the value of a parameter or of a field in a form. The brackets of a placeholder are not
    escaped, so that it stays readable."""
    return _ENDS_VALUE.sub(lambda found: quote(found[0], safe=""), text)
