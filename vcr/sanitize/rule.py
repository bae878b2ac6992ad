"""One rule of the sanitizer: which secret it is for, where that stands, and on which side of the traffic.

It must not know how a secret is found or replaced, and no rule in particular.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

#: ``header``, ``cookie``: the value of a header field, or of a cookie, of that name. ``query``: of a parameter in a
#: URI. ``field``: of a field in a form, JSON, multipart or XML body, at any depth. ``userinfo``: what stands before the
#: host in a URI. ``shape``: text that looks like a secret, anywhere. ``env``: the value of an environment variable,
#: anywhere. ``host``: the name of a host. ``json_path``: the value at a path in a JSON body.
Where = Literal["header", "cookie", "query", "field", "userinfo", "shape", "env", "host", "json_path"]
#: The messages in which a rule looks.
On = Literal["request", "response", "both"]


@dataclass(frozen=True)
class Rule:
    """One kind of secret.

    ``name``: as a placeholder shows it, in capitals: ``ACCESS_TOKEN``. Secrets of one kind have one name wherever they
    stand, for the same secret is to have the same placeholder.
    ``names``: of the fields whose values are secret, in lower case; for ``env`` of variables (``*_TOKEN``: all that end
    so), for ``host`` of hosts, for ``json_path`` the paths; empty for ``shape`` and ``userinfo``.
    ``pattern``: a regular expression, compiled when it is needed. For ``shape``: what a secret looks like, and the
    group ``secret``, where there is one, is the secret. Elsewhere: what the whole value under a name looks like.
    ``answered``: the same, for what stands under a name in a response.
    ``keywords``: for ``shape``: one of these stands in every text in which the pattern is found; without any, the text
    is always searched.
    ``on``: the side on which the rule is at work.
    ``chosen``: people choose such values (a password): they are numbered, and never get a fingerprint.
    ``identifies``: the value says who sends a request, or belongs to the request alone if not (a signature, a code).
    ``compare``: a request with another value is not answered from the recording.
    ``replacement``: what stands in the place of the secret instead of a placeholder; not together with ``compare``.
    ``vector``, ``counter_example``: a text in which the rule finds a secret, and one that is like it, in which it finds
    none: a line ``Name: value`` for ``header`` and ``cookie``, a URI for ``query`` and ``userinfo``, else a body.
    ``source``: where the fact comes from.
    """

    name: str
    where: Where
    names: tuple[str, ...] = ()
    pattern: bytes = b""
    answered: bytes = b""
    keywords: tuple[bytes, ...] = ()
    on: On = "both"
    chosen: bool = False
    identifies: bool = True
    compare: bool = False
    replacement: str | None = None
    vector: str = ""
    counter_example: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.compare and self.replacement is not None:
            raise ValueError(
                "compare=True needs the placeholder to tell secrets apart: leave out replacement, or compare"
            )

    def fits(self, value: str) -> bool:
        """Whether a value that stands under one of the names can be such a secret."""
        data = value.encode("utf-8", "surrogateescape")
        return not self.pattern or re.fullmatch(self.pattern, data) is not None

    def of(self, side: Literal["request", "response"]) -> Rule:
        """The rule as it is at work on this side of the traffic."""
        return replace(self, pattern=self.answered) if side == "response" and self.answered else self

    def is_at_work(self, side: Literal["request", "response"]) -> bool:
        """Whether it looks at this side of the traffic."""
        return self.on in (side, "both")
