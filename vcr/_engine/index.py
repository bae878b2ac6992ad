"""Finds the interactions that match a request: one look-up by the keys of the matchers.

This module knows matchers and their keys. It must not know when something is played, and whether: that is the
cassette's decision.
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
from .disguise import Disguise, Templates, Veiled, Whose, unveiled
from .interaction import Interaction


class Row:
    """Interactions in recorded order. All before ``cursor`` have been played."""

    __slots__ = ("cursor", "entries")

    def __init__(self) -> None:
        self.entries: list[Interaction] = []
        self.cursor = 0

    def all(self) -> Iterator[Interaction]:
        """Every one."""
        return iter(self.entries)

    def latest_first(self) -> Iterator[Interaction]:
        """Every one, the last first."""
        return reversed(self.entries)

    def unplayed(self) -> Iterator[Interaction]:
        """Those that have not been played."""
        entries = self.entries
        while self.cursor < len(entries) and entries[self.cursor].plays:
            self.cursor += 1
        return (entry for entry in islice(entries, self.cursor, None) if not entry.plays)


Walk = Callable[[Row], Iterator[Interaction]]
ALL, UNPLAYED, LATEST_FIRST = Row.all, Row.unplayed, Row.latest_first


def _likenesses(request: Request) -> tuple[Hashable, ...]:
    """What requests have in common that mean the same in what matchers need not look at; the best first.

    It tells of the part of a resource, and of the body: of its meaning, then of its bytes.
    """
    of_part, meant, sent = part_of(request), meaning(request) or b"", plain(request.body)
    return ((of_part, meant),) if meant == sent else ((of_part, meant), (of_part, sent))


class Bucket(Row):
    """The interactions of one key. Those that mean what the request means come first; of these, and of the others,
    those of the same sender."""

    __slots__ = ("_alike", "_filed", "_filed_by_sender", "_objects")

    def __init__(self) -> None:
        self.entries = []
        self.cursor = 0
        self._alike: dict[Hashable, Row] = {}
        self._objects = Row()  # those with an object as body, which may stand for several bodies
        # How many are in there, too: requests are compared when there is something to choose, and senders when what
        # the requests mean does not decide.
        self._filed = self._filed_by_sender = 0

    def candidates(self, request: Request, walk: Walk, whose: Whose | None) -> Iterator[Interaction]:
        """Those to try, best first (some may come twice)."""
        return walk(self) if len(self.entries) < 2 else self._best_first(request, walk, whose)

    def _best_first(self, request: Request, walk: Walk, whose: Whose | None) -> Iterator[Interaction]:
        for interaction in self.entries[self._filed :]:
            self._file(interaction)
        self._filed = len(self.entries)
        likenesses = _likenesses(request)
        rows = [row for likeness in likenesses if (row := self._alike.get(likeness)) is not None]
        if whose is not None and not self._objects.entries and rows and len(rows[0].entries) == 1:
            yield from walk(rows[0])  # whoever has sent it: there is no other like it
        for entry in walk(self._objects):
            if same_as_object(request, entry.request):
                yield entry
        sender = None if whose is None else whose.compared.identity
        if whose is not None and sender:
            for interaction in self.entries[self._filed_by_sender :]:
                self._file_by_sender(interaction, whose)
            self._filed_by_sender = len(self.entries)
            for likeness in likenesses:
                yield from walk(self._alike.get((likeness, sender), Row()))
        for row in rows:
            yield from walk(row)
        if sender:
            yield from walk(self._alike.get((sender,), Row()))
        yield from walk(self)

    def _file(self, interaction: Interaction) -> None:
        if is_object(interaction.request.body):
            self._objects.entries.append(interaction)
            return
        for likeness in _likenesses(interaction.request):
            self._alike.setdefault(likeness, Row()).entries.append(interaction)

    def _file_by_sender(self, interaction: Interaction, whose: Whose) -> None:
        sender = whose.of(interaction)
        if sender and not is_object(interaction.request.body):
            for key in (*((likeness, sender) for likeness in _likenesses(interaction.request)), (sender,)):
                self._alike.setdefault(key, Row()).entries.append(interaction)


#: With any of these among the matchers, what matches has the same path, but for the parameters of its last segment.
_PLACES = {path, uri, url}


def _place_of(uri: str) -> Hashable:
    plain = plain_path(uri)
    return path.loose(Request("", uri))[0] if plain is None else plain


class Keys:
    """What keyed matchers make of a request."""

    def __init__(self, matchers: Sequence[Matcher]) -> None:
        self._matchers = matchers
        self._of_target = tuple(matcher for matcher in matchers if matcher.of_target)
        self._others = [matcher for matcher in matchers if not matcher.of_target]
        self._agree = [matcher.agree for matcher in matchers if matcher.agree is not None]
        self.of_body = any(matcher.of_body for matcher in matchers)
        self.are_all_exact = all(matcher.is_exact for matcher in matchers)

    def exact(self, request: Request) -> Hashable:
        """Equal for requests that match exactly."""
        target = self._target(request)
        return (target, *[matcher.key(request) for matcher in self._others]) if self._others else target

    def exact_of(self, interaction: Interaction) -> Hashable:
        """``exact``, without reading the interaction where its method and URI tell enough."""
        return self.exact(interaction.request if self._others else Request(*interaction.target))

    def loose(self, request: Request) -> list[Hashable]:
        """Two requests that VCR.py takes for the same have one of these in common; the closest come first."""
        return list(dict.fromkeys(product(*(matcher.loose(request) for matcher in self._matchers))))

    def loose_of(self, interaction: Interaction) -> list[Hashable]:
        """``loose``, without reading the interaction where its method and URI tell enough."""
        return self.loose(interaction.request if self._others else Request(*interaction.target))

    def loose_but_body(self, request: Request) -> Hashable:
        """The same for all matchers but those of the body."""
        return tuple([tuple(matcher.loose(request)) for matcher in self._matchers if not matcher.of_body])

    def target(self, method: str, uri: str) -> Hashable:
        """Equal for requests whose method and URI match exactly."""
        return self._target(Request(method, uri))

    def _target(self, request: Request) -> Hashable:
        return tuple([matcher.key(request) for matcher in self._of_target])

    def agree(self, r1: Request, r2: Request) -> bool:
        """Whether two requests with a loose key in common are the same."""
        return all(agree(r1, r2) for agree in self._agree)


class Place:
    """Interactions in recorded order, found by the keys of the matchers; each key is made when it is needed."""

    __slots__ = ("_exact", "_filed", "_keys", "_loose", "_loosely_filed", "_objects", "entries")

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self.entries: list[Interaction] = []
        self._exact: defaultdict[Hashable, Bucket] = defaultdict(Bucket)
        self._loose: defaultdict[Hashable, Bucket] = defaultdict(Bucket)
        # Where bodies are matched, those with an object as body, which has no key: by what the other matchers make.
        self._objects: defaultdict[Hashable, Row] = defaultdict(Row)
        self._filed = self._loosely_filed = 0  # how many entries are in there

    def matching(self, request: Request, key: Hashable, walk: Walk, whose: Whose | None) -> Iterator[Interaction]:
        """Those that match, best first: the exact matches, then what VCR.py takes for the same (some come twice)."""
        for interaction in self.entries[self._filed :]:
            self._file(interaction)
        self._filed = len(self.entries)
        bucket = self._exact.get(key)
        exact = iter(()) if bucket is None else bucket.candidates(request, walk, whose)
        if self._objects:
            exact = chain(self._of_objects(request, walk), exact)
        return exact if self._keys.are_all_exact else chain(exact, self._loosely(request, walk, whose))

    def _file(self, interaction: Interaction) -> None:
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

    def _loosely(self, request: Request, walk: Walk, whose: Whose | None) -> Iterator[Interaction]:
        for interaction in self.entries[self._loosely_filed :]:
            for key in self._keys.loose_of(interaction):
                self._loose[key].entries.append(interaction)
        self._loosely_filed = len(self.entries)
        for bucket in filter(None, map(self._loose.get, self._keys.loose(request))):
            for interaction in bucket.candidates(request, walk, whose):
                if self._keys.agree(request, interaction.request):
                    yield interaction


class Index:
    """Finds recorded interactions: by the keys of the built-in matchers; with a matcher of the user's, by asking.

    With a ``disguise``, what matches as it is, is found; where nothing does, what matches as it would be stored; where
    nothing does either, what matches but for its secrets; and last, what matches where a placeholder in a recorded
    request stands for a secret that only a later message has told.
    """

    def __init__(self, matchers: Sequence[Predicate], disguise: Disguise | None = None) -> None:
        self._disguise = disguise
        self._blanks: Index | None = None  # the same interactions, without any secret
        self._templates: Templates | None = None
        keyed = [matcher for matcher in matchers if isinstance(matcher, Matcher)]
        self._matchers = matchers
        self._keys = Keys(keyed)
        self._place_of: Callable[[str], Hashable] = (lambda _: "") if _PLACES.isdisjoint(keyed) else _place_of
        #: Whether a matcher of the user's is among them.
        self.asks = len(keyed) < len(matchers)
        self.clear()

    def clear(self) -> None:
        """Forget every interaction."""
        self._blanks = self._templates = None
        self._all = Row()
        self._placed = 0  # how many of them have been put where they belong
        self._places: dict[Hashable, Place] = {}
        # By place, until one is looked for there.
        self._waiting: defaultdict[Hashable, list[Interaction]] = defaultdict(list)

    def refile(self) -> None:
        """Look at each interaction anew: one that had been played has not been any more."""
        entries = self._all.entries
        self.clear()
        self._all.entries = entries

    def key(self, request: Request) -> Hashable:
        """What requests that match exactly have in common."""
        return self._keys.exact(request)

    def add(self, interaction: Interaction) -> None:
        """Make it findable."""
        self._all.entries.append(interaction)

    def matching(self, request: Request, key: Hashable, walk: Walk) -> Iterator[Interaction]:
        """Those that match, best first (some may come twice). What was recorded for another part of a resource does
        not match."""
        if self._disguise is None:
            return self._matching(request, key, walk, None)
        whose = Whose(self._disguise, request)
        found = self._disguised(request, key, walk, whose)
        return filter(whose.may_have, found) if self._disguise.is_strict else found

    def _disguised(self, request: Request, key: Hashable, walk: Walk, whose: Whose) -> Iterator[Interaction]:
        """Of what matches in one way and, where nothing does, played or not, in the next."""
        tried: tuple[Index, tuple[Request, Hashable]] | None = None
        for index, seen in self._ways(request, key, whose):
            if tried is not None and walk is not ALL and any(True for _ in tried[0]._matching(*tried[1], ALL, whose)):
                break
            found = index._matching(*seen, walk, whose)
            first = next(found, None)
            if first is not None:
                return map(unveiled, chain((first,), found))
            tried = index, seen
        return iter(())

    def _ways(self, request: Request, key: Hashable, whose: Whose) -> Iterator[tuple[Index, tuple[Request, Hashable]]]:
        """In which index, and as what, a request is looked up: as it is, as it would be stored, without its secrets,
        with the placeholders of what was recorded."""
        assert self._disguise is not None
        yield self, (request, key)
        stored = whose.compared.request
        if whose.compared.has_secrets:
            yield self, (stored, self.key(stored))
            if self._blanks is None:
                self._blanks = Index(self._matchers)
            for interaction in self._all.entries[len(self._blanks._all.entries) :]:
                self._blanks.add(Veiled(interaction, self._disguise.blank))
            blank = self._disguise.blank(request)
            yield self._blanks, (blank, self.key(blank))
        if self._templates is None:
            self._templates = Templates(self._disguise, self._place_of)
        for interaction in self._all.entries[self._templates.count :]:
            self._templates.add(interaction)
        for filled in self._templates.filled(stored):
            yield self, (filled, self.key(filled))

    def _matching(self, request: Request, key: Hashable, walk: Walk, whose: Whose | None) -> Iterator[Interaction]:
        """As ``matching``, taking every request as it is.

        A matcher of the user's is asked as VCR.py asks: about each interaction in recorded order, whatever the other
        matchers make of it; what matches comes in that order.
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
        found = place.matching(request, key, walk, whose)
        return found if part_of(request) is None else (entry for entry in found if part.same(request, entry.request))

    def _asked(self, request: Request, walk: Walk) -> Iterator[Interaction]:
        may_be_played = set(walk(self._all))
        entries = Row.latest_first(self._all) if walk is LATEST_FIRST else Row.all(self._all)
        for interaction in entries:
            try:
                recorded, _ = interaction.own()
            except CassetteLoadError:
                if self._keys.target(*interaction.target) == self._keys.target(request.method, request.uri):
                    raise
                continue  # It cannot be read, and it is none that is asked for.
            if requests_match(request, recorded, self._matchers) and interaction in may_be_played:
                yield interaction
