"""Masks a JSON Web Token (RFC 7519) so that clients can still decode it. It must not know a message.

The claims that a client checks stay: who issued the token, for whom, for what, when it ends. Every other text in the
claims becomes the placeholder, and so does the signature.
"""

from __future__ import annotations

import base64
import json
import re

_JWT = re.compile(r"[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]*")
#: The claims that stay: they are not secret, and clients check them.
_KEPT = frozenset(
    {"iss", "aud", "azp", "tid", "client_id", "ver", "typ", "alg", "token_use", "token_type", "nonce", "acr", "amr"}
    | {"scope", "scp", "roles", "permissions"}
)
_MARK = "<"


def reshaped(token: str, placeholder: str) -> str | None:
    """The JWT ``token`` with ``placeholder`` for its secret parts; None if ``token`` is not a JWT."""
    if not _JWT.fullmatch(token):
        return None
    head, claims, _ = token.split(".")
    try:
        if not isinstance(_decoded(head), dict):
            return None
        masked = _masked(_decoded(claims), placeholder)
    except (ValueError, RecursionError):
        return None
    return f"{head}.{_encoded(json.dumps(masked, separators=(',', ':')))}.{_encoded(placeholder)}"


def stands_for_jwt(text: str) -> bool:
    """Whether ``text`` is a masked JWT, as ``reshaped`` returns it."""
    if not _JWT.fullmatch(text):
        return False
    signature = text.rpartition(".")[2]
    try:
        return _bytes(signature).startswith(_MARK.encode("ascii")) and _bytes(signature).endswith(b">")
    except ValueError:
        return False


def _masked(value: object, placeholder: str, name: str = "") -> object:
    if isinstance(value, dict):
        return {key: one if key in _KEPT else _masked(one, placeholder, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_masked(one, placeholder, name) for one in value]
    return placeholder if isinstance(value, str) else value


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _decoded(part: str) -> object:
    return json.loads(_bytes(part))


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")
