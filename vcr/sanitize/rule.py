"""A rule of the sanitizer: which kind of secret it is for, where such a secret stands, and in which message.

It must not know how a secret is found or replaced, or any rule in particular.

The rules (``names.py``, ``shapes.py``) also mask what a server hands out, although a test may look at it:

- A program sends back what it is given. Logins, cookies and refreshed tokens replay with every rule at work
  (``tests/sdks``, ``tests/clients/test_sanitize.py``), so no rule has to be off for that.
- A test may compare what it sends with the response: ``repeated.py`` puts it back on replay.
- A constant of a made-up server (``"abc"``) is no secret: ``answered`` says how a value looks that a service makes.
- The suite of praw passes with 155 of its cassettes masked (685 tests). In 126 cassettes of github3.py one field was
  masked that is no secret, the signature of a commit: the rule for it looks at requests only.
- What is left is a test that compares a token which only the server knows. The README says what to do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from .._http.text import as_bytes

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

    - ``name``: the name that a placeholder shows, in capitals: ``ACCESS_TOKEN``. All rules for one kind of secret have
      the same name, so that a secret has the same placeholder wherever it stands.
    - ``where``: the kind of place in which the rule looks.
    - ``names``: the names of the fields whose values are secret, in lower case; for ``env`` the names of variables
      (``*_TOKEN``: all that end with ``_TOKEN``), for ``host`` the hosts, for ``json_path`` the paths; empty for
      ``shape`` and ``userinfo``.
    - ``pattern``: a regular expression, compiled on first use. For ``shape`` it finds a secret (its group ``secret``,
      if it has one). For all others a value is a secret only if the pattern matches the whole value; empty: any value
      is.
    - ``answered``: the pattern for values in a response, if it differs.
    - ``keywords``: for ``shape``, texts of which one stands in every secret of this kind. A text without a keyword is
      not searched; a rule without keywords searches every text.
    - ``on``: the messages in which the rule looks.
    - ``chosen``: whether people choose such values (a password). Their placeholders are numbered, because a fingerprint
      would help to guess the value.
    - ``identifies``: whether the value tells who sends a request. A signature or a code does not.
    - ``compare``: whether a request with another value must not be answered from the recording.
    - ``replacement``: the text to write instead of a placeholder; not together with ``compare``.
    - ``vector``, ``counter_example``: a text in which the rule finds a secret, and a similar text in which it finds
      none: a line ``Name: value`` for ``header`` and ``cookie``, a URI for ``query`` and ``userinfo``, else a body.
    - ``source``: where the names or the shape are documented. Every default rule has one, and no rule of a project.
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

    @property
    def is_default(self) -> bool:
        """Whether this is a default rule, and not a rule of a project."""
        return bool(self.source)

    def fits(self, value: str) -> bool:
        """Whether ``value``, found under one of the names, looks like such a secret."""
        data = as_bytes(value)
        return not self.pattern or re.fullmatch(self.pattern, data) is not None

    def of(self, side: Literal["request", "response"]) -> Rule:
        """The rule for this side: for responses it has the pattern ``answered``, if there is one."""
        return replace(self, pattern=self.answered) if side == "response" and self.answered else self

    def is_at_work(self, side: Literal["request", "response"]) -> bool:
        """Whether the rule looks in messages of this side."""
        return self.on in (side, "both")
