"""Room: finding the recorded interactions that match a request: one look-up by the tuple of matcher keys.

It knows matchers and their keys; when something is played, and whether, is the cassette's.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

from .matchers import Matcher, Predicate, agrees, raw_body
from .request import Request
from .response import Response


class Interaction:
    """A request with its response. ``response`` is None while the request is under way."""

    __slots__ = ("plays", "request", "response")

    def __init__(self, request: Request, response: Response | None = None) -> None:
        self.request = request
        self.response = response
        self.plays = 0

    def value(self) -> Hashable:
        """Equal for interactions with the same content."""
        request, response = self.request, self.response
        content = (request.method, request.uri, request.headers.pairs(), request.body, response and response.data)
        return repr(content)


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
        while self.cursor < len(self.entries) and self.entries[self.cursor].plays:
            self.cursor += 1
        return (self.entries[i] for i in range(self.cursor, len(self.entries)) if not self.entries[i].plays)


def _same_body(request: Request) -> Hashable:
    return raw_body.key(request) or None


Walk = Callable[[Row], Iterator[Interaction]]
ALL, UNPLAYED, LATEST_FIRST = Row.all, Row.unplayed, Row.latest_first


class Bucket:
    """The interactions of one key. Where bodies differ, those with the body of the request come first."""

    __slots__ = ("_all", "_by_body")

    def __init__(self) -> None:
        self._all = Row()
        self._by_body: dict[Hashable, Row] = {}

    def add(self, interaction: Interaction) -> None:
        """Put it behind those that are here."""
        self._all.entries.append(interaction)
        self._by_body.setdefault(_same_body(interaction.request), Row()).entries.append(interaction)

    def candidates(self, request: Request, walk: Walk) -> Iterator[Interaction]:
        """Those to try, best first."""
        same = self._by_body.get(_same_body(request))
        rows = [self._all] if same is None or len(self._by_body) == 1 else [same, self._all]
        for row in rows:
            yield from walk(row)


class Index:
    """Finds interactions by the tuple of matcher keys; predicates are tried inside the bucket."""

    def __init__(self, matchers: Sequence[Predicate]) -> None:
        keyed = [matcher for matcher in matchers if isinstance(matcher, Matcher)]
        self._target_keys = [matcher.key for matcher in keyed if matcher.of_target]
        self._other_keys = [matcher.key for matcher in keyed if not matcher.of_target]
        self._predicates = [matcher for matcher in matchers if not isinstance(matcher, Matcher)]
        self._buckets: dict[Hashable, Bucket] = {}
        # What the target keys make of a method and a URI that is in here: most requests ask for one of these.
        self._targets: dict[tuple[str, str], Hashable] = {}

    def key(self, request: Request) -> Hashable:
        """What requests that match have in common."""
        target = self._targets.get((request.method, request.uri))
        if target is None:
            target = tuple([key(request) for key in self._target_keys])
        return (target, *[key(request) for key in self._other_keys]) if self._other_keys else target

    def add(self, interaction: Interaction) -> None:
        """Make it findable."""
        request = interaction.request
        key = self.key(request)
        self._targets[request.method, request.uri] = key[0] if self._other_keys else key  # type: ignore[index]
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket()
        bucket.add(interaction)

    def matching(self, request: Request, key: Hashable, walk: Walk) -> Iterator[Interaction]:
        """Those that match, best first (some may come twice)."""
        bucket = self._buckets.get(key)
        if bucket is None:
            return
        for interaction in bucket.candidates(request, walk):
            if all(agrees(predicate, request, interaction.request)[0] for predicate in self._predicates):
                yield interaction
