"""Interactions that match one request, in the order in which they are tried. It must not know why they match.

Of several recordings, the one is played first that is most like the request where the matchers do not look: it asks for
the same part of a resource, has a body of the same meaning (or one that differs in secrets alone), and comes from the
same sender. The others follow as they were recorded. So a **bucket**, all interactions with one key, has smaller
**rows** of those that are alike. The rows are made when they are needed: most buckets have one interaction.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from itertools import islice

from .._http.body import is_object
from .._http.meaning import meaning, plain
from ..matchers import part_of, same_as_object
from ..request import Request
from .interaction import Interaction
from .sender import Sender


class Row:
    """Interactions in recorded order. All before ``cursor`` have been played."""

    __slots__ = ("cursor", "entries")

    def __init__(self) -> None:
        self.entries: list[Interaction] = []
        self.cursor = 0

    def all(self) -> Iterator[Interaction]:
        """All interactions."""
        return iter(self.entries)

    def latest_first(self) -> Iterator[Interaction]:
        """All interactions, the last one first."""
        return reversed(self.entries)

    def unplayed(self) -> Iterator[Interaction]:
        """The interactions that have not been played."""
        entries = self.entries
        while self.cursor < len(entries) and entries[self.cursor].plays:
            self.cursor += 1
        return (entry for entry in islice(entries, self.cursor, None) if not entry.plays)


#: Which interactions of a row are tried, and in which order.
Walk = Callable[[Row], Iterator[Interaction]]
ALL, UNPLAYED, LATEST_FIRST = Row.all, Row.unplayed, Row.latest_first


def _likenesses(request: Request) -> tuple[Hashable, ...]:
    """Keys that two requests share if they are alike where the matchers need not look: they ask for the same part of a
    resource, with a body of the same meaning (the first key) or of the same bytes (the second)."""
    of_part, meant, sent = part_of(request), meaning(request) or b"", plain(request.body)
    return ((of_part, meant),) if meant == sent else ((of_part, meant), (of_part, sent))


def _likenesses_but_for_secrets(request: Request, sender: Sender) -> list[Hashable]:
    """Keys that two requests share if they are alike but for the secrets in their bodies."""
    return [("but for secrets", likeness) for likeness in _likenesses(sender.blank(request))] if request.body else []


class Bucket(Row):
    """The interactions with one key. Those that are alike (``_likenesses``) are tried first; among them, and among the
    others, those of the same sender."""

    __slots__ = ("_alike", "_objects", "_sorted", "_sorted_by_sender")

    def __init__(self) -> None:
        self.entries = []
        self.cursor = 0
        self._alike: dict[Hashable, Row] = {}
        self._objects = Row()  # those whose body is an object, which may stand for several bodies
        # How many entries have been put into the rows above: by likeness when there is more than one entry, by sender
        # when their likeness does not decide.
        self._sorted = self._sorted_by_sender = 0

    def candidates(self, request: Request, walk: Walk, sender: Sender | None) -> Iterator[Interaction]:
        """The interactions to try, the best one first. Some may come twice."""
        return walk(self) if len(self.entries) < 2 else self._best_first(request, walk, sender)

    def _best_first(self, request: Request, walk: Walk, sender: Sender | None) -> Iterator[Interaction]:
        for interaction in self.entries[self._sorted :]:
            self._sort_in(interaction)
        self._sorted = len(self.entries)
        likenesses = _likenesses(request)
        rows = [row for likeness in likenesses if (row := self._alike.get(likeness)) is not None]
        if sender is not None and not self._objects.entries and rows and len(rows[0].entries) == 1:
            yield from walk(rows[0])  # the only one that is alike: its sender does not matter
        for entry in walk(self._objects):
            if same_as_object(request, entry.request):
                yield entry
        if sender is not None and sender.has_secrets:
            for interaction in self.entries[self._sorted_by_sender :]:
                self._sort_in_by_sender(interaction, sender)
            self._sorted_by_sender = len(self.entries)
            if sender.stored.body != request.body:
                likenesses += (*_likenesses(sender.stored), *_likenesses_but_for_secrets(request, sender))
            keys = [*((likeness, sender.identity) for likeness in likenesses), *likenesses, (sender.identity,)]
            rows = [row for key in keys if (row := self._alike.get(key)) is not None]
        for row in rows:
            yield from walk(row)
        yield from walk(self)

    def _sort_in(self, interaction: Interaction) -> None:
        if is_object(interaction.request.body):
            self._objects.entries.append(interaction)
            return
        for likeness in _likenesses(interaction.request):
            self._alike.setdefault(likeness, Row()).entries.append(interaction)

    def _sort_in_by_sender(self, interaction: Interaction, sender: Sender) -> None:
        if is_object(interaction.request.body):
            return
        identity = sender.identity_of(interaction)
        keys = _likenesses_but_for_secrets(interaction.request, sender)
        if identity:
            keys += [*((likeness, identity) for likeness in (*_likenesses(interaction.request), *keys)), (identity,)]
        for key in keys:
            self._alike.setdefault(key, Row()).entries.append(interaction)
