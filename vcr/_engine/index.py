"""Finds the interactions that match a request, by the keys of the matchers.

It must not know when an interaction is played, or whether: that is the cassette's decision.

The parts, from the outside: an ``Index`` has a ``Place`` for each path; a place has a ``Bucket`` for each key; a bucket
is a ``Row`` of interactions in recorded order, with smaller rows of those that are alike in what matchers do not look
at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain, islice, product

from .._http.body import is_object
from .._http.meaning import meaning, plain
from .._http.uri import plain_path
from ..errors import CassetteLoadError
from ..matchers import Matcher, Predicate, part, part_of, path, requests_match, same_as_object, uri, url
from ..request import Request
from .disguise import Disguise, Disguised, Sender, Templates, original_of
from .interaction import Interaction


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
        identity = None if sender is None else sender.compared.identity
        if sender is not None and identity:
            for interaction in self.entries[self._sorted_by_sender :]:
                self._sort_in_by_sender(interaction, sender)
            self._sorted_by_sender = len(self.entries)
            for likeness in likenesses:
                yield from walk(self._alike.get((likeness, identity), Row()))
        for row in rows:
            yield from walk(row)
        if identity:
            yield from walk(self._alike.get((identity,), Row()))
        yield from walk(self)

    def _sort_in(self, interaction: Interaction) -> None:
        if is_object(interaction.request.body):
            self._objects.entries.append(interaction)
            return
        for likeness in _likenesses(interaction.request):
            self._alike.setdefault(likeness, Row()).entries.append(interaction)

    def _sort_in_by_sender(self, interaction: Interaction, sender: Sender) -> None:
        identity = sender.identity_of(interaction)
        if identity and not is_object(interaction.request.body):
            for key in (*((likeness, identity) for likeness in _likenesses(interaction.request)), (identity,)):
                self._alike.setdefault(key, Row()).entries.append(interaction)


#: With one of these among the matchers, only requests to one path match (``;`` parameters of its last segment aside).
_PATH_MATCHERS = {path, uri, url}


def _place_of(uri: str) -> Hashable:
    plain = plain_path(uri)
    return path.loose(Request("", uri))[0] if plain is None else plain


class Keys:
    """Makes the keys of requests, with all built-in matchers together."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = matchers
        self._of_target = tuple(matcher for matcher in matchers if matcher.of_target)
        self._others = [matcher for matcher in matchers if not matcher.of_target]
        self._agree = [matcher.agree for matcher in matchers if matcher.agree is not None]
        self.of_body = any(matcher.of_body for matcher in matchers)
        self.are_all_exact = all(matcher.is_exact for matcher in matchers)

    def exact(self, request: Request) -> Hashable:
        """A value that is equal for requests that match exactly."""
        target = self._target(request)
        return (target, *[matcher.key(request) for matcher in self._others]) if self._others else target

    def exact_of(self, interaction: Interaction) -> Hashable:
        """``exact`` of a recorded request, which is parsed only if the key needs more than its method and URI."""
        return self.exact(interaction.request if self._others else Request(*interaction.target))

    def loose(self, request: Request) -> list[Hashable]:
        """Two requests that VCR.py takes for the same have one of these in common; the closest come first."""
        return list(dict.fromkeys(product(*(matcher.loose(request) for matcher in self._matchers))))

    def loose_of(self, interaction: Interaction) -> list[Hashable]:
        """``loose`` of a recorded request, which is parsed only if the keys need more than its method and URI."""
        return self.loose(interaction.request if self._others else Request(*interaction.target))

    def loose_but_body(self, request: Request) -> Hashable:
        """The loose keys of all matchers but those that compare the body."""
        return tuple([tuple(matcher.loose(request)) for matcher in self._matchers if not matcher.of_body])

    def target(self, method: str, uri: str) -> Hashable:
        """A value that is equal for requests whose method and URI match exactly."""
        return self._target(Request(method, uri))

    def _target(self, request: Request) -> Hashable:
        return tuple([matcher.key(request) for matcher in self._of_target])

    def agree(self, r1: Request, r2: Request) -> bool:
        """Whether two requests with a loose key in common are the same."""
        return all(agree(r1, r2) for agree in self._agree)


class Place:
    """The interactions of one path, in recorded order. They are put into buckets by their keys at the first look-up."""

    __slots__ = ("_exact", "_keys", "_loose", "_objects", "_sorted", "_sorted_loosely", "entries")

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.entries: list[Interaction] = []
        self._exact: defaultdict[Hashable, Bucket] = defaultdict(Bucket)
        self._loose: defaultdict[Hashable, Bucket] = defaultdict(Bucket)
        # Where bodies are matched, those whose body is an object, which has no key: by the keys of the other matchers.
        self._objects: defaultdict[Hashable, Row] = defaultdict(Row)
        self._sorted = self._sorted_loosely = 0  # how many entries are in these buckets

    def matching(self, request: Request, key: Hashable, walk: Walk, sender: Sender | None) -> Iterator[Interaction]:
        """The interactions that match, the best one first: the exact matches, then those that VCR.py takes for the
        same. Some come twice."""
        for interaction in self.entries[self._sorted :]:
            self._sort_in(interaction)
        self._sorted = len(self.entries)
        bucket = self._exact.get(key)
        exact = iter(()) if bucket is None else bucket.candidates(request, walk, sender)
        if self._objects:
            exact = chain(self._of_objects(request, walk), exact)
        return exact if self._keys.are_all_exact else chain(exact, self._loosely(request, walk, sender))

    def _sort_in(self, interaction: Interaction) -> None:
        if self._keys.of_body and is_object(interaction.request.body):
            self._objects[self._keys.loose_but_body(interaction.request)].entries.append(interaction)
        else:
            self._exact[self._keys.exact_of(interaction)].entries.append(interaction)

    def _of_objects(self, request: Request, walk: Walk) -> Iterator[Interaction]:
        row = self._objects.get(self._keys.loose_but_body(request), Row())
        for interaction in walk(row):
            recorded = interaction.request
            if same_as_object(request, recorded) and self._keys.agree(request, recorded):
                yield interaction

    def _loosely(self, request: Request, walk: Walk, sender: Sender | None) -> Iterator[Interaction]:
        for interaction in self.entries[self._sorted_loosely :]:
            for key in self._keys.loose_of(interaction):
                self._loose[key].entries.append(interaction)
        self._sorted_loosely = len(self.entries)
        for bucket in filter(None, map(self._loose.get, self._keys.loose(request))):
            for interaction in bucket.candidates(request, walk, sender):
                if self._keys.agree(request, interaction.request):
                    yield interaction


class Index:
    """Finds recorded interactions: by the keys of the built-in matchers, or by asking a matcher of the user's.

    With a ``disguise`` a request is looked up in these ways, until something matches: as it is; as it would be stored;
    without its secrets; and with a placeholder of a recorded request in the place where the request has a secret that
    the sanitizer could not know when it saw the request.
    """

    def __init__(self, matchers: Sequence[Predicate], disguise: Disguise | None = None) -> None:
        self._disguise = disguise
        self._blanks: Index | None = None  # the same interactions without secrets
        self._templates: Templates | None = None
        keyed = [matcher for matcher in matchers if isinstance(matcher, Matcher)]
        self._matchers = matchers
        self._keys = Keys(keyed)
        self._place_of: Callable[[str], Hashable] = (lambda _: "") if _PATH_MATCHERS.isdisjoint(keyed) else _place_of
        #: Whether a matcher of the user's is among the matchers.
        self.asks = len(keyed) < len(matchers)
        self.clear()

    def clear(self) -> None:
        """Forget every interaction."""
        self._blanks = self._templates = None
        self._all = Row()
        self._placed = 0  # how many of them have been put into ``_waiting`` by their place
        self._places: dict[Hashable, Place] = {}
        # By place: interactions of which none has been looked for yet.
        self._waiting: defaultdict[Hashable, list[Interaction]] = defaultdict(list)

    def rebuild(self) -> None:
        """Put every interaction into new rows, after one that had been played counts as not played."""
        entries = self._all.entries
        self.clear()
        self._all.entries = entries

    def key(self, request: Request) -> Hashable:
        """A value that is equal for requests that match exactly."""
        return self._keys.exact(request)

    def add(self, interaction: Interaction) -> None:
        """Let an interaction be found."""
        self._all.entries.append(interaction)

    def matching(self, request: Request, key: Hashable, walk: Walk) -> Iterator[Interaction]:
        """The interactions that match, the best one first; some may come twice. A recording of another part of a
        resource does not match."""
        if self._disguise is None:
            return self._matching(request, key, walk, None)
        sender = Sender(self._disguise, request)
        found = self._matching(request, key, walk, sender)
        first = next(found, None)
        found = self._disguised(request, key, walk, sender) if first is None else chain((first,), found)
        return filter(sender.may_get, found) if self._disguise.is_strict else found

    def _disguised(self, request: Request, key: Hashable, walk: Walk, sender: Sender) -> Iterator[Interaction]:
        """The matches of the first other way (``_ways``) in which anything matches, played or not; none if anything
        that has been played matches the request as it is."""
        tried: tuple[Index, Request, Hashable] = (self, request, key)
        for index, asked, its_key in self._ways(request, sender):
            if walk is not ALL and any(True for _ in tried[0]._matching(*tried[1:], ALL, sender)):
                break
            found = index._matching(asked, its_key, walk, sender)
            first = next(found, None)
            if first is not None:
                return map(original_of, chain((first,), found))
            tried = index, asked, its_key
        return iter(())

    def _ways(self, request: Request, sender: Sender) -> Iterator[tuple[Index, Request, Hashable]]:
        """The other ways in which a request is looked up, if it does not match as it is: each an index, and the request
        and its key as they are looked up there. They are described at the class."""
        assert self._disguise is not None
        stored = sender.compared.request
        if sender.compared.has_secrets:
            yield self, stored, self.key(stored)
            if self._blanks is None:
                self._blanks = Index(self._matchers)
            for interaction in self._all.entries[len(self._blanks._all.entries) :]:
                self._blanks.add(Disguised(interaction, self._disguise.blank))
            blank = self._disguise.blank(request)
            yield self._blanks, blank, self.key(blank)
        if self._templates is None:
            self._templates = Templates(self._disguise, self._place_of)
        for interaction in self._all.entries[self._templates.count :]:
            self._templates.add(interaction)
        for filled in self._templates.filled(stored):
            yield self, filled, self.key(filled)

    def _matching(self, request: Request, key: Hashable, walk: Walk, sender: Sender | None) -> Iterator[Interaction]:
        """As ``matching``, for one of the ways: the request is compared as it is.

        A matcher of the user's is asked as VCR.py asks it: about each interaction in recorded order, also where other
        matchers do not agree. The matches come in recorded order.
        """
        if self.asks:
            return self._asked(request, walk)
        for interaction in self._all.entries[self._placed :]:
            self._waiting[self._place_of(interaction.target[1])].append(interaction)
        self._placed = len(self._all.entries)
        where = self._place_of(request.uri)
        waiting, place = self._waiting.pop(where, None), self._places.get(where)
        if place is None:
            if waiting is None:
                return iter(())
            place = self._places[where] = Place(self._keys)
        place.entries += waiting or ()
        found = place.matching(request, key, walk, sender)
        return found if part_of(request) is None else (entry for entry in found if part.same(request, entry.request))

    def _asked(self, request: Request, walk: Walk) -> Iterator[Interaction]:
        may_be_played = set(walk(self._all))
        entries = Row.latest_first(self._all) if walk is LATEST_FIRST else Row.all(self._all)
        for interaction in entries:
            try:
                recorded, _ = interaction.pair()
            except CassetteLoadError:
                if self._keys.target(*interaction.target) == self._keys.target(request.method, request.uri):
                    raise
                continue  # (It cannot be read, but it is a recording of another request.)
            if requests_match(request, recorded, self._matchers) and interaction in may_be_played:
                yield interaction
