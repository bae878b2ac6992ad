"""Masks requests and responses, for what is stored and for what is compared. It must not know a cassette or a file.

It works in three steps:

1. A quick look (``Glance``) proves for most messages that they have no secret. They stay as they are.
2. In both messages it reads the places that a rule names: headers, cookies, parameters, fields (``Places``).
3. It searches every text of both for the secrets that it has found there, and for text that looks like a secret
   (``Everywhere``). So a token from a header is masked, too, in a body that repeats it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from .._http import content_coding, known
from .._http.everywhere import Everywhere, texts_of_request, texts_of_response, to_change
from .._http.text import as_bytes, as_text
from .._locks import new_lock
from .._placeholders import Placeholder
from ..request import Request
from ..response import Response, ResponseDict, copied
from . import uris
from .glance import Glance
from .jwt import reshaped
from .lengths import correct_length, correct_lengths
from .notes import Masked, Writer
from .placeholder import Known, has_fingerprint, is_fingerprint_of, tag
from .places import Places, noted, secrets_of
from .repeated import may_hide_any, may_repeat, put_back, told, withheld
from .rule import Rule
from .ruleset import RuleSet, Side, rule_set
from .template import Template
from .values import Blanks, Secrets, Spelled
from .written import written

#: Replaces every secret if two requests are compared without regard to their secrets.
BLANK = "<secret>"


class _Looks(NamedTuple):
    """The secrets that are looked for everywhere (``of``), in all their encodings (``secrets``), and the quick looks at
    requests and at responses."""

    of: tuple[Placeholder, ...]
    secrets: Spelled
    at_requests: Glance
    at_responses: Glance

    def find_none(self, request: Request, response: Response) -> bool:
        """Whether it is certain that there is nothing to mask in a request and its response."""
        return self.at_requests.finds_none_in_request(request) and self.at_responses.finds_none_in_response(response)


class Compared(NamedTuple):
    """A request with placeholders, to be compared. ``has_secrets``: whether it has any; if not, ``request`` may be the
    request itself. ``identity``: the placeholders that tell who sends it. ``strict``: the placeholders that must be
    equal. Both are pairs of place and tag."""

    request: Request
    has_secrets: bool
    identity: frozenset[tuple[str, str]]
    strict: frozenset[tuple[str, str]]


class Sanitizer:
    """Masks by ``rules``, those of a project first. Each cassette has a sanitizer, which remembers the secrets that it
    has found.

    ``limit``: how many bytes may come out of a compressed body. ``own_placeholders``: texts that a project writes in
    the place of secrets. ``compares``: whether a request with another secret must not be answered.
    """

    def __init__(
        self,
        rules: Sequence[Rule] | RuleSet,
        *,
        limit: int = content_coding.MOST_DECODED,
        own_placeholders: Container[str] = (),
        compares: bool = False,
    ) -> None:
        # (Not asked is whether it is a RuleSet: pytester drops modules, and a set that is cached outlives its class.)
        self._rules = rule_set(tuple(rules)) if isinstance(rules, Sequence) else rules
        self._limit = limit
        self._own_placeholders = own_placeholders
        self._compares = compares
        #: Whether requests with different secrets can be different requests.
        self.is_strict = compares or self._rules.compare
        self._made_looks: _Looks | None = None
        self._lock = new_lock()
        self._made: Known | None = None

    @property
    def _known(self) -> Known:
        """The known secrets. They are made on first use, because that reads the environment, which takes longer than to
        open a cassette. A cassette that only replays may not need them."""
        if self._made is None:
            with self._lock:
                self._made = self._made or self._known_before()
        return self._made

    def _known_before(self) -> Known:
        """The secrets that are known before the first message: hosts, and the values of environment variables."""
        known = Known(self._own_placeholders)
        for number, rule in enumerate(self._rules.hosts, 1):
            for host in rule.names:
                known.placeholder(replace(rule, replacement=rule.replacement or f"host-{number}.invalid"), host)
        for rule, secret in self._rules.in_environment(os.environ):
            known.placeholder(rule, secret)
        return known

    @property
    def secrets(self) -> dict[str, str]:
        """Each secret that has been found so far, with the text that takes its place."""
        return self._known.placeholders

    def leave_written(self, before: Request | Response, after: Request | Response) -> None:
        """Do not mask what filters and hooks have written in the places of secrets. ``before``, ``after``: the message
        as it was made, and as the filters and hooks have left it."""
        if before is after or not (_is_readable(before) and _is_readable(after)):
            return
        side = self._rules.request if isinstance(before, Request) else self._rules.response
        secrets = noted(side, self._limit, before)
        if secrets.found:
            self._known.leave(written(secrets.found, secrets_of(side, self._limit, after), side.shapes))
        if isinstance(before, Request):
            self._learn_removed(secrets.rules)

    def _learn_removed(self, secrets: Mapping[str, Rule]) -> None:
        """Know the tokens of a request that a filter may have removed: the response may repeat them. A secret that
        would get a number is not learned, because a replay could not tell which secret it was."""
        for secret, rule in secrets.items():
            if has_fingerprint(rule, secret):
                self._known.placeholder(rule, secret)

    # -- what is stored -----------------------------------------------------------------------------------------------

    def pair(self, request: Request, response: Response) -> tuple[Request, ResponseDict, list[Masked]]:
        """A request and its response with their secrets masked, and what was masked: copies, or the given ones if there
        is nothing to mask. A pair that no serializer can store stays as it is: the error comes when it is stored."""
        try:
            return self._pair(request, response)
        except UnicodeEncodeError:
            if not _has_half_a_pair(request, response):
                raise
            return request, response.data, []

    def _pair(self, request: Request, response: Response) -> tuple[Request, ResponseDict, list[Masked]]:
        data: Any = response.data
        if isinstance(data, (dict, Mapping)) and isinstance(data.get("body"), (str, bytes)):  # as a hook may leave it
            kept, whole, masked = self.pair(request, Response({**data, "body": {"string": data["body"]}}))
            data = {**whole, "body": whole["body"]["string"]}
            return kept, data, masked
        is_readable = _is_readable(request)
        if is_readable and self._looks.find_none(request, response):
            return request, data, []
        if not is_readable or response.fault is not None:
            return self._odd_pair(request, response)
        put = self._writer()
        asks, answers = self._rules.request, self._rules.response
        kept = Places(asks, put, self._limit).request(request).copy()
        data = to_change(Places(answers, put, self._limit).response(response))
        self._everywhere(asks, put.at("request")).request(kept)
        self._everywhere(answers, put.at("response")).response(data)
        correct_lengths(request, kept, response, data)
        return kept, data, list(dict.fromkeys(note.masked for note in put.notes if note.is_new))

    def _odd_pair(self, request: Request, response: Response) -> tuple[Request, Any, list[Masked]]:
        """``pair`` where a hook or a program has put something else in the place of a message. It cannot be replayed,
        but its texts are masked."""
        everywhere = self._everywhere(self._rules.response, self._writer().at("response"))
        data = everywhere.anything(copied(response.data))
        return self.request(request).request if _is_readable(request) else request, data, []

    def _writer(self) -> Writer:
        return Writer(self._known.placeholder, self._rules.request.shapes)

    @property
    def _looks(self) -> _Looks:
        """What is made of the known secrets. It is made again when there is another one."""
        known, looks = self._known.anywhere, self._made_looks
        if looks is None or looks.of is not known:
            secrets, rules = Spelled(known), self._rules
            at_requests, at_responses = (Glance(side, secrets, self._limit) for side in (rules.request, rules.response))
            self._made_looks = looks = _Looks(known, secrets, at_requests, at_responses)
        return looks

    def _everywhere(self, side: Side, put: Writer) -> Everywhere:
        return Everywhere(Secrets(self._looks.secrets, side.shapes, put), self._limit)

    def text(self, text: str) -> str:
        """A text for a person to read, with placeholders for secrets."""
        side = self._rules.request
        put = self._writer()
        return self._everywhere(side, put).text(uris.replaced(text, side, put, "text"))

    # -- what is compared ---------------------------------------------------------------------------------------------

    def request(self, request: Request) -> Compared:
        """``request`` masked as it would be stored, to look for a recorded request that is equal."""
        if self._looks.at_requests.finds_none_in_request(request):
            return Compared(request, False, frozenset(), frozenset())
        put, shapes = self._writer(), self._rules.request.shapes
        kept = self._masked(request, put, lambda: Secrets(self._looks.secrets, shapes, put.at("request")))
        marks = [((note.masked.place, tag(note.masked.placeholder)), note.rule) for note in put.notes]
        identity = frozenset(mark for mark, rule in marks if rule.identifies)
        strict = frozenset(mark for mark, rule in marks if self._compares or rule.compare)
        return Compared(kept, bool(put.notes) or not _are_same(kept, request), identity, strict)

    def blank(self, request: Request, *, shaped: bool = False) -> Request:
        """``request`` with ``BLANK`` for every secret: equal for requests that differ only in their secrets.
        ``shaped``: a JWT stays one."""
        if not may_hide_any(request) and self._looks.at_requests.finds_none_in_request(request):
            return request

        def new(secret: str) -> str:
            return ((shaped and reshaped(secret, BLANK)) or BLANK) if secret else ""

        shapes = self._rules.request.shapes
        kept = self._masked(request, Writer(lambda _, secret: new(secret), shapes), lambda: Blanks(shapes, new))
        return request if _are_same(kept, request) else kept

    def _masked(self, request: Request, put: Writer, values: Callable[[], known.Values]) -> Request:
        """A copy of ``request`` with what ``put`` says in the places of rules. ``values()``: the values to replace
        everywhere, which are known when the places have been read."""
        kept = Places(self._rules.request, put, self._limit).request(request).copy()
        Everywhere(values(), self._limit).request(kept)
        correct_length(request, kept)
        return kept

    @staticmethod
    def may_hide_any(recorded: Request) -> bool:
        """Whether there may be a placeholder in a recorded request."""
        return may_hide_any(recorded)

    def as_sent(self, request: Request, recorded: Request) -> Request:
        """``recorded`` with the secrets that ``request``, which matches it, has in the same places."""
        one, other = self.blank(request), self.blank(recorded)
        kept = recorded.copy()
        kept.uri = request.uri if one.uri == other.uri else recorded.uri
        kept.body = request.body if one.body == other.body else recorded.body
        secret = {
            (name.lower(), blank): value
            for (name, value), (_, blank) in zip(request.headers.pairs(), one.headers.pairs(), strict=True)
        }
        kept.headers = [
            (name, secret.get((name.lower(), blank), value))
            for (name, value), (_, blank) in zip(recorded.headers.pairs(), other.headers.pairs(), strict=True)
        ]
        # The request may have a placeholder, which it got from another cassette, where the recorded one has the secret.
        asked = self.template(request)
        return (None if asked is None else asked.filled(kept)) or kept

    def as_answered(self, request: Request, recorded: Request, response: Response) -> Response:
        """The recorded response with the secrets of ``request``, which it answers, in the place of their placeholders;
        the same object if the response repeats no secret."""
        head = "\n".join([response.reason or "", *[value for _, value in response.headers.pairs()]])
        body = response.body
        side = self._rules.request
        pairs = withheld(side, self._limit, request, recorded, response) if b"<" in body else {}
        pairs.update(told(side, self._limit, request, recorded) if may_repeat(recorded, response, head) else {})
        if ("<" in head or b"<" in body) and self._may_hide_variable(head, body):
            sent = "\n".join([*texts_of_request(request), as_text(_bytes(request.body))])
            pairs.update(
                (old, new) for old, new in self._known.variables.items() if is_fingerprint_of(old, new) or new in sent
            )
        return put_back(pairs, request, response, self._limit) if pairs else response

    def _may_hide_variable(self, head: str, body: bytes) -> bool:
        """Whether there may be a placeholder of an environment variable in a recorded response."""
        texts = (as_bytes(head), body)
        return any(mark in text for text in texts for mark in self._rules.marks_of_variables)

    def template(self, recorded: Request) -> Template | None:
        """A recorded request as a template; None if it has no placeholder."""
        template = Template(recorded, self._limit)
        return template if template.has_placeholder else None


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else b""


def _are_same(one: Request, other: Request) -> bool:
    return (one.uri, one.body, one.headers.pairs()) == (other.uri, other.body, other.headers.pairs())


def _is_readable(message: object) -> bool:
    """Whether this is a request with a URI, or a whole response: a hook or a program may have put anything there."""
    if isinstance(message, Response):
        return message.fault is None
    return isinstance(message, Request) and isinstance(message.uri, str)


def _has_half_a_pair(request: Request, response: Response) -> bool:
    """Whether one of the texts has half of a surrogate pair, which no encoding can write."""
    body: object = response.data["body"]["string"] if response.fault is None else ""
    texts = [*texts_of_request(request), *texts_of_response(response.data), body if isinstance(body, str) else ""]
    return any("\ud800" <= letter <= "\udfff" for text in texts for letter in text)
