"""Finds the interactions that match a request in which there are secrets. It must not know how a secret is found.

The file has a placeholder where the recorded request had a secret. The request that is looked up has a secret there,
maybe another one. So it is compared in these ways, until something matches:

1. as it is: in this session, its recording has the secrets still;
2. as it would be stored: with the same secret, that is equal to the recording;
3. where a matcher of the user's is asked: as it is, with recordings of the same sender that have its secrets;
4. without secrets, with recordings without secrets;
5. with a placeholder of a recording in the place of a text that nobody can know for a secret: in a path, for example;
6. with recordings that have its placeholder in the place of a secret: the request got it from another cassette.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from ..errors import CassetteLoadError
from ..matchers import Predicate
from ..request import Request
from ..response import Response
from .index import Index
from .interaction import Interaction
from .rows import ALL, Walk
from .sender import Sender

if TYPE_CHECKING:
    from ..sanitize.masking import Sanitizer
    from ..sanitize.template import Template


class SecretIndex(Index):
    """An ``Index`` in which requests match, too, that differ only in their secrets."""

    def __init__(self, matchers: Sequence[Predicate], sanitizer: Sanitizer) -> None:
        self._sanitizer = sanitizer
        super().__init__(matchers, sanitizer.may_hide_any)

    def clear(self) -> None:
        """Forget every interaction."""
        super().clear()
        self._blanks: Index | None = None  # the same interactions without secrets
        self._templates: Templates | None = None

    def matching(
        self, request: Request, key: Hashable, walk: Walk, *, same_sender: bool = False
    ) -> Iterator[Interaction]:
        """The interactions that match in the first way in which anything does. What has been played counts: so a
        request that is sent twice, and recorded once, gets no recording of another sender the second time."""
        sender = Sender(self._sanitizer, request)
        found = self.compared(request, key, walk, sender)
        first = next(found, None)
        if first is None:
            found = self._matching_otherwise(request, key, walk, sender, same_sender)
        else:
            found = chain((first,), found)
        return filter(sender.may_get, found) if self._sanitizer.is_strict else found

    def _matching_otherwise(
        self, request: Request, key: Hashable, walk: Walk, sender: Sender, same_sender: bool
    ) -> Iterator[Interaction]:
        tried: tuple[Index, Request, Hashable] = (self, request, key)
        for index, asked, its_key in self._other_ways(request, sender):
            if walk is not ALL and any(True for _ in tried[0].compared(*tried[1:], ALL, sender)):
                break
            found = index.compared(asked, its_key, walk, sender)
            first = next(found, None)
            if first is not None:
                found = chain((first,), found)
                if same_sender and index is self._blanks:
                    found = filter(sender.is_same, found)  # if none is left, no later way may find another sender's
                return (one.original for one in found)
            tried = index, asked, its_key
        return iter(())

    def _other_ways(self, request: Request, sender: Sender) -> Iterator[tuple[Index, Request, Hashable]]:
        """The ways from 2 on: each an index, and the request and its key as they are looked up there."""
        if sender.has_secrets:
            yield self, sender.stored, self.key(sender.stored)
            if self.asks:
                yield self._changed(sender.shown), request, self.key(request)
            blank = self._sanitizer.blank(request, shaped=self.asks)
            yield self._without_secrets(), blank, self.key(blank)
        for filled in self._read_templates().filled(sender.stored):
            yield self, filled, self.key(filled)
        template = self._sanitizer.template(sender.stored)
        if template is not None:
            masked = self._changed(lambda recorded: template.filled(recorded) or recorded)
            yield masked, sender.stored, self.key(sender.stored)

    def _changed(self, change: Callable[[Request], Request]) -> Index:
        """An index of the same interactions, with other requests."""
        changed = Index(self._matchers, self._may_hide_any)
        for interaction in self.entries:
            changed.add(Changed(interaction, change))
        return changed

    def _without_secrets(self) -> Index:
        if self._blanks is None:
            self._blanks = Index(self._matchers, self._may_hide_any)
        blank = functools.partial(self._sanitizer.blank, shaped=self.asks)
        for interaction in self.entries[len(self._blanks.entries) :]:
            self._blanks.add(Changed(interaction, blank))
        return self._blanks

    def _read_templates(self) -> Templates:
        if self._templates is None:
            self._templates = Templates(self._sanitizer, self.path_of)
        for interaction in self.entries[self._templates.count :]:
            self._templates.add(interaction)
        return self._templates


class Changed(Interaction):
    """An interaction with another request. ``change(request)``: returns the request as it is compared."""

    __slots__ = ("_change", "_changed", "_original")

    def __init__(self, original: Interaction, change: Callable[[Request], Request]) -> None:
        self._original = original
        self._change = change
        self._changed: Request | None = None

    @property
    def original(self) -> Interaction:
        """The interaction that the cassette holds."""
        return self._original

    @property
    def plays(self) -> int:  # type: ignore[override]
        """How often the original has been played."""
        return self._original.plays

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI as they are compared. The original is not parsed for that."""
        head = self.head
        return head.method, head.uri

    @property
    def head(self) -> Request:
        """A request with this method and URI."""
        return self._change(self._original.head) if self._changed is None else self._changed

    @property
    def request(self) -> Request:  # type: ignore[override]
        """The request as it is compared."""
        if self._changed is None:
            self._changed = self._change(self._original.request)
        return self._changed

    def pair(self) -> tuple[Request, Response]:
        """The request as it is compared, and the response."""
        return self.request, self._original.pair()[1]


class Templates:
    """Recorded requests with placeholders, to be compared with a request in which a secret stands where
    nothing tells that it is one.

    ``path_of(uri)``: a value that is equal for URIs that may match.
    """

    def __init__(self, sanitizer: Sanitizer, path_of: Callable[[str], Hashable]) -> None:
        self._sanitizer = sanitizer
        self._path_of = path_of
        # By path: interactions that are parsed when a request with this path is looked up.
        self._unread: defaultdict[Hashable, list[Interaction]] = defaultdict(list)
        self._by_path: dict[Hashable, list[Template]] = {}
        # The paths that contain placeholders themselves.
        self._paths: dict[Hashable, Template] = {}
        self.count = 0

    def add(self, interaction: Interaction) -> None:
        """Add a recorded interaction."""
        self.count += 1
        path = self._path_of(interaction.target[1])
        if path not in self._by_path:
            self._by_path[path] = []
            if (template := self._sanitizer.template(Request("", str(path)))) is not None:
                self._paths[path] = template
        self._unread[path].append(interaction)

    def filled(self, request: Request) -> Iterator[Request]:
        """``request`` with the placeholders of each recorded request that is equal to it but for the placeholders."""
        own = self._path_of(request.uri)
        asked = Request("", str(own))
        fitting = (path for path, template in self._paths.items() if template.filled(asked) is not None)
        for path in (own, *fitting):
            for template in self._read(path):
                if (filled := template.filled(request)) is not None:
                    yield filled

    def _read(self, path: Hashable) -> list[Template]:
        templates = self._by_path.get(path, [])
        for interaction in self._unread.pop(path, ()):
            try:
                template = self._sanitizer.template(interaction.request)
            except CassetteLoadError:
                continue  # (It is an error when this interaction is to be played.)
            if template is not None:
                templates.append(template)
        return templates
