"""Finds the interactions that match a request, by the keys of the matchers.

It must not know when an interaction is played, or whether: that is the cassette's decision.

An ``Index`` has an ``OfPath`` for each path, and that has a ``Bucket`` for each key (``rows.py``): two look-ups in
dictionaries, which take no longer in a large cassette. The interactions of a path are put into buckets when a request
with that path is looked up, and not before: their keys may need their bodies, which are read from the file for that.

A request has one **exact** key. VCR.py also takes requests for the same that differ a little (with its matcher
``query``: ``?a=&b=1`` and ``?b=1``): they have one of their **loose** keys in common. They come after exact matches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain, product

from .._http.body import is_object
from .._http.uri import plain_path
from ..errors import CassetteLoadError
from ..matchers import Matcher, Predicate, part, part_of, path, requests_match, same_as_object, uri, url
from ..request import Request
from .interaction import Interaction
from .rows import LATEST_FIRST, Bucket, Row, Walk
from .sender import Sender

#: With one of these among the matchers, only requests to one path match (``;`` parameters of its last segment aside).
_PATH_MATCHERS = {path, uri, url}


def _path_of(uri: str) -> Hashable:
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
        self.are_of_target = not self._others
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


class OfPath:
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
            self._sort_in(interaction, request, key)
        self._sorted = len(self.entries)
        bucket = self._exact.get(key)
        exact = iter(()) if bucket is None else bucket.candidates(request, walk, sender)
        if self._objects:
            exact = chain(self._of_objects(request, walk), exact)
        return exact if self._keys.are_all_exact else chain(exact, self._loosely(request, walk, sender))

    def _sort_in(self, interaction: Interaction, request: Request, key: Hashable) -> None:
        if self._keys.of_body and is_object(interaction.request.body):
            self._objects[self._keys.loose_but_body(interaction.request)].entries.append(interaction)
            return
        # A key of the method and the URI alone is the same where these are.
        if not self._keys.are_of_target or interaction.target != (request.method, request.uri):
            key = self._keys.exact_of(interaction)
        self._exact[key].entries.append(interaction)

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

    ``may_hide_any``: whether a recorded request may have a placeholder; a matcher of the user's may fail for it.
    """

    def __init__(
        self, matchers: Sequence[Predicate], may_hide_any: Callable[[Request], bool] = lambda _: False
    ) -> None:
        keyed = [matcher for matcher in matchers if isinstance(matcher, Matcher)]
        self._matchers = matchers
        self._may_hide_any = may_hide_any
        self._keys = Keys(keyed)
        self.path_of: Callable[[str], Hashable] = (lambda _: "") if _PATH_MATCHERS.isdisjoint(keyed) else _path_of
        #: Whether a matcher of the user's is among the matchers.
        self.asks = len(keyed) < len(matchers)
        self.clear()

    def clear(self) -> None:
        """Forget every interaction."""
        self._all = Row()
        self._sorted = 0  # how many of them have been put into ``_waiting``
        self._of_paths: dict[Hashable, OfPath] = {}
        # By path: interactions of which none has been looked for yet.
        self._waiting: defaultdict[Hashable, list[Interaction]] = defaultdict(list)

    @property
    def entries(self) -> list[Interaction]:
        """Every interaction, in recorded order."""
        return self._all.entries

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

    def matching(
        self,
        request: Request,
        key: Hashable,
        walk: Walk,
        *,
        same_sender: bool = False,  # noqa: ARG002  (a SecretIndex tells senders apart)
    ) -> Iterator[Interaction]:
        """The interactions that match, the best one first; some may come twice. A recording of another part of a
        resource does not match. ``same_sender``: nor does one that matches only without its secrets, and has another
        sender's."""
        return self.compared(request, key, walk, None)

    def compared(self, request: Request, key: Hashable, walk: Walk, sender: Sender | None) -> Iterator[Interaction]:
        """As ``matching``. Of interactions that are alike, those of ``sender`` come first.

        A matcher of the user's is asked as VCR.py asks it: about each interaction in recorded order, also where other
        matchers do not agree. The matches come in recorded order.
        """
        if self.asks:
            return self._asked(request, walk)
        for interaction in self._all.entries[self._sorted :]:
            self._waiting[self.path_of(interaction.target[1])].append(interaction)
        self._sorted = len(self._all.entries)
        asked = self.path_of(request.uri)
        waiting, of_path = self._waiting.pop(asked, None), self._of_paths.get(asked)
        if of_path is None:
            if waiting is None:
                return iter(())
            of_path = self._of_paths[asked] = OfPath(self._keys)
        of_path.entries += waiting or ()
        found = of_path.matching(request, key, walk, sender)
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
            try:
                is_match = requests_match(request, recorded, self._matchers)
            except Exception:  # of a matcher of the user's
                if not self._may_hide_any(recorded):
                    raise
                continue  # (The matcher may read a secret, and the file has a placeholder there.)
            if is_match and interaction in may_be_played:
                yield interaction
