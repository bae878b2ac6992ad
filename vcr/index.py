"""Room: finding the recorded interactions that match a request: one look-up by the tuple of matcher keys.

It knows matchers and their keys; when something is played, and whether, is the cassette's.
"""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import chain, islice

from .body import is_object
from .locks import new_lock
from .matchers import Matcher, Predicate, agrees, path, raw_body, same_as_object, uri, url
from .request import Request
from .response import Response


class Interaction:
    """A request with its response. ``response`` is None while the request is under way."""

    __slots__ = ("plays", "request", "response")

    def __init__(self, request: Request, response: Response | None = None) -> None:
        self.request = request
        self.response = response
        self.plays = 0

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI."""
        return self.request.method, self.request.uri

    @property
    def finished(self) -> bool:
        """Whether the response is there."""
        return self.response is not None

    def own(self) -> tuple[Request, Response]:
        """Request and response, for whoever may change them; it is finished."""
        assert self.response is not None
        return self.request, self.response

    def value(self) -> Hashable:
        """Equal for interactions with the same content."""
        request, response = self.request, self.response
        content = (request.method, request.uri, request.headers.pairs(), request.body, response and response.data)
        return repr(content)


_owning = new_lock()


class StoredInteraction(Interaction):
    """One whose method and URI are known, and which is read when more of it is needed.

    What is read may be shared with other openings of the same cassette: whoever is to be free to change it is given
    what ``own`` returns.
    """

    __slots__ = ("_own", "_read", "_shared", "_target")

    def __init__(self, target: tuple[str, str], read: Callable[[], tuple[Request, Response]]) -> None:
        self._target = target
        self.plays = 0
        self._read = read
        self._shared: tuple[Request, Response] | None = None
        self._own: tuple[Request, Response] | None = None

    def again(self) -> StoredInteraction:
        """The same as it is stored, not played yet."""
        return StoredInteraction(self._target, self.read)

    def read(self) -> tuple[Request, Response]:
        """Request and response as they are stored. Raises CassetteLoadError."""
        if self._shared is None:
            self._shared = self._read()
        return self._shared

    def own(self) -> tuple[Request, Response]:
        """Request and response, this interaction's alone."""
        with _owning:
            if self._own is None:
                request, response = self.read()
                self._own = request.copy(), Response(response.copy_data(), response.beside)
            return self._own

    @property
    def target(self) -> tuple[str, str]:
        """Method and URI."""
        return self._target

    @property
    def request(self) -> Request:  # type: ignore[override]
        """The request."""
        return (self._own or self.read())[0]

    @property
    def response(self) -> Response:  # type: ignore[override]
        """The response."""
        return (self._own or self.read())[1]

    @property
    def finished(self) -> bool:
        """Yes: it is stored."""
        return True


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


def _same_body(request: Request) -> Hashable:
    return raw_body.key(request) or None


Walk = Callable[[Row], Iterator[Interaction]]
ALL, UNPLAYED, LATEST_FIRST = Row.all, Row.unplayed, Row.latest_first


class Bucket(Row):
    """The interactions of one key. Where bodies differ, those with the body of the request come first."""

    __slots__ = ("_by_body", "_filed", "_objects")

    def __init__(self) -> None:
        self.entries = []
        self.cursor = 0
        self._by_body: dict[Hashable, Row] = {}
        self._objects = Row()  # those with an object as body, which may stand for several bodies
        self._filed = 0  # how many are in there, too: bodies are compared when there is something to choose

    def candidates(self, request: Request, walk: Walk) -> Iterator[Interaction]:
        """Those to try, best first."""
        if len(self.entries) > 1:
            for interaction in self.entries[self._filed :]:
                if is_object(interaction.request.body):
                    self._objects.entries.append(interaction)
                else:
                    self._by_body.setdefault(_same_body(interaction.request), Row()).entries.append(interaction)
            self._filed = len(self.entries)
            same = self._by_body.get(_same_body(request))
            if self._objects.entries:
                alike = (entry for entry in walk(self._objects) if same_as_object(request, entry.request))
                return chain(alike, walk(same or Row()), walk(self))
            if same is not None and len(self._by_body) > 1:
                return chain(walk(same), walk(self))
        return walk(self)


#: With any of these among the keys, what matches has the same path.
_PLACES = {path, uri, url}

#: An absolute URI, and its path, in which there is nothing that ``urlsplit`` would take out.
_ABSOLUTE = re.compile(r"https?://[!$-.0->@-~]*([!$->@-~]*)[!$-~]*")


def _path_of(uri: str) -> str:
    absolute = _ABSOLUTE.fullmatch(uri)
    return (absolute[1] or "/") if absolute is not None else str(path.key(Request("", uri)))


@functools.lru_cache(maxsize=10_000)
def _target_key(keys: tuple[Callable[[Request], Hashable], ...], method: str, uri: str) -> Hashable:
    """What these matchers make of a method and a URI; other cassettes have the same."""
    request = Request(method, uri)
    return tuple([key(request) for key in keys])


class Index:
    """Finds interactions by the tuple of matcher keys; predicates are tried inside the bucket."""

    def __init__(self, matchers: Sequence[Predicate]) -> None:
        keyed = [matcher for matcher in matchers if isinstance(matcher, Matcher)]
        self._target_keys = tuple(matcher.key for matcher in keyed if matcher.of_target)
        self._other_keys = [matcher.key for matcher in keyed if not matcher.of_target]
        self._of_body = [matcher for matcher in keyed if matcher.of_body]
        self._keys_without_body = [matcher.key for matcher in keyed if not (matcher.of_target or matcher.of_body)]
        self._predicates = [matcher for matcher in matchers if not isinstance(matcher, Matcher)]
        self._place = (lambda _: "") if _PLACES.isdisjoint(keyed) else _path_of
        self.clear()

    def clear(self) -> None:
        """Forget every interaction."""
        self._buckets: defaultdict[Hashable, Bucket] = defaultdict(Bucket)
        self._added: list[Interaction] = []  # those that nothing has been looked for since
        # Where bodies are matched, those with an object as body, which has no key: by the keys of the other matchers.
        self._objects: defaultdict[Hashable, Bucket] = defaultdict(Bucket)
        # By place, until one is looked for there.
        self._waiting: defaultdict[str, list[Interaction]] = defaultdict(list)

    def key(self, request: Request) -> Hashable:
        """What requests that match have in common."""
        target = _target_key(self._target_keys, request.method, request.uri)
        return (target, *[key(request) for key in self._other_keys]) if self._other_keys else target

    def _key_without_body(self, request: Request) -> Hashable:
        target = _target_key(self._target_keys, request.method, request.uri)
        return (target, *[key(request) for key in self._keys_without_body])

    def _file(self, interaction: Interaction) -> None:
        if self._of_body and is_object(interaction.request.body):
            bucket = self._objects[self._key_without_body(interaction.request)]
        elif self._other_keys:
            bucket = self._buckets[self.key(interaction.request)]
        else:
            bucket = self._buckets[_target_key(self._target_keys, *interaction.target)]
        bucket.entries.append(interaction)

    def add(self, interaction: Interaction) -> None:
        """Make it findable."""
        self._added.append(interaction)

    def matching(self, request: Request, key: Hashable, walk: Walk) -> Iterator[Interaction]:
        """Those that match, best first (some may come twice)."""
        if self._added:
            for interaction in self._added:
                self._waiting[self._place(interaction.target[1])].append(interaction)
            self._added.clear()
        if self._waiting:
            for interaction in self._waiting.pop(self._place(request.uri), ()):
                self._file(interaction)
        bucket = self._buckets.get(key)
        found = iter(()) if bucket is None else bucket.candidates(request, walk)
        if self._objects:
            objects = walk(self._objects[self._key_without_body(request)])
            found = chain((entry for entry in objects if same_as_object(request, entry.request)), found)
        return filter(functools.partial(self._agrees, request), found) if self._predicates else found

    def _agrees(self, request: Request, interaction: Interaction) -> bool:
        recorded, _ = interaction.own()
        return all(agrees(predicate, request, recorded)[0] for predicate in self._predicates)
