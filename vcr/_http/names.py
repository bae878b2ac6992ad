"""Which names are looked for, in every form in which a program writes a name. It must not know a message, or where a
value stands.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, unquote_plus

from .text import as_bytes
from .views import views

#: A shorter name stands in binary data by chance.
_SHORTEST_IN_BINARY = 4
#: How many answers of ``Names.of`` are cached.
_MOST_KNOWN = 1000


class Names:
    """The names of the fields that are looked for. ``ends``: words with which other such names end (``api-key``, for
    ``openai_api_key`` and ``openaiApiKey``). ``of_texts``: only values that are text count, not numbers, objects or
    lists."""

    def __init__(self, names: Iterable[str], ends: Iterable[str] = (), *, of_texts: bool = False) -> None:
        self.of_texts = of_texts
        self._known: dict[str, str | None] = {}  # the answers of ``of``
        self._names = {_folded(name): name for name in names if name.strip()}
        self._ends = tuple(sorted(ends, key=len))[::-1]
        words = [as_bytes(name) for name in sorted(self._names, key=len)[::-1]]
        self._any = _one_of(words)
        self._long = _one_of([word for word in words if len(word) >= _SHORTEST_IN_BINARY])
        # (Digits that no name has are left out, because a third of the words of ordinary JSON are numbers.)
        self._left_out = b"-_" + bytes(set(b"0123456789").difference(as_bytes("".join((*self._names, *self._ends)))))
        stems = self._stems((*self._names, *self._ends))
        self._may_be_anything = b"" in stems  # (a name without a letter)
        of_a_word = [name for name in self._names if _ONE_WORD.fullmatch(name)]
        self._whole = frozenset(word for name in of_a_word for word in self._words(as_bytes(name)))
        self._plain = _Ends(self._stems((*self._names.keys() - of_a_word, *self._ends)))
        self._escaped = _Ends(stems)

    # Each pattern holds every name: with the names of the sanitizer, it takes 3 to 11 ms to compile. So it is compiled
    # when a text needs it for the first time, and not when a cassette is opened.

    @functools.cached_property
    def _unread(self) -> re.Pattern[bytes]:
        return re.compile(rb"(?<!=)([\"'])" + self._any + rb"\1(?!\s*(?:[:=]|>))", re.IGNORECASE)

    @functools.cached_property
    def _in_binary(self) -> re.Pattern[bytes]:
        return re.compile(rb"(?<![A-Za-z0-9_</])" + self._long + rb"(?![A-Za-z0-9_]|\s*[=:\"'>])", re.IGNORECASE)

    @functools.cached_property
    def bare(self) -> re.Pattern[bytes]:
        """Finds ``name:`` without quotes; group 1 is the name."""
        return re.compile(rb"(?<![\w$.\-\"'/])(" + self._any + rb")[ \t]*:(?!//)[ \t]*(?![\s$])", re.IGNORECASE)

    @functools.cached_property
    def attribute(self) -> re.Pattern[bytes]:
        """Finds ``name="``; group 1 is the name, group 2 the quote."""
        return re.compile(rb"(?<=[\s\"'])(" + self._any + rb")\s*=\s*([\"'])", re.IGNORECASE)

    def of(self, name: str) -> str | None:
        """Which of the names is meant by ``name``, as it stands in a message; ``*-`` and an end, if ``name`` only ends
        so; None if none is.

        ``name`` may be in any case, encoded once or twice, have blanks around it, or be a path that holds the name:
        ``user[name]``, ``name[]``, ``user.name``.
        """
        if name not in self._known:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            self._known[name] = self._found(name)
        return self._known[name]

    def _found(self, name: str) -> str | None:
        for spelled in (name, unquote_plus(name), unquote(unquote_plus(name)), html.unescape(name)):
            for word in (spelled, *(re.split(r"[\[\].;]+", spelled))):
                if (known := self._names.get(_folded(word))) is not None:
                    return known
                if (end := end_of(word, self._ends)) is not None:
                    return f"*-{end}"
        return None

    def stand_in(self, text: bytes) -> bool:
        """Whether one of the names stands anywhere in ``text``: alone or as a part of a word, escaped or not."""
        return any(self.may_stand_in(view.data) for view in views(text))

    def may_stand_in(self, data: bytes) -> bool:
        """Whether one of the names may stand in ``data``, not escaped. If this returns False, none does.

        A name ends where a word ends. Where nothing is escaped, most names begin where a word begins, too; an escape
        before a name looks like a part of the word. Words that are no name are remembered, because most words of a text
        come again.
        """
        if self._may_be_anything:
            return True
        for end in range(_SLICE, len(data) + _SLICE, _SLICE):
            part = data[max(0, end - _SLICE - _LONGEST) : end]
            words = self._words(part)
            if end < len(data):
                del words[-1:]  # it may be cut off: the next slice has its end
            ends = self._plain if _BACKSLASH not in part and _PERCENT not in part else self._escaped
            new = set(words).difference(ends.others)
            if not new.isdisjoint(self._whole) or ends.has_any(new):
                return True
            if len(ends.others) > _MOST_OTHERS:
                ends.others.clear()
            ends.others.update(new)
        return False

    def _words(self, text: bytes) -> list[bytes]:
        """The words of a text in small letters, without ``-``, ``_`` and digits that no name has."""
        return text.translate(_AS_WORDS, self._left_out).split()

    def _stems(self, names: Iterable[str]) -> tuple[bytes, ...]:
        """The last words of the names that end with no other of them: every name ends with one of them, so they are
        enough to look for."""
        stems: set[bytes] = set()
        for name in names:
            words = self._words(as_bytes(name))
            stems.add(words[-1] if words else b"")
        return tuple(stem for stem in stems if not any(stem[at:] in stems for at in range(1, len(stem) + 1)))

    def stand_unread_in(self, text: bytes) -> bool:
        """Whether one of the names stands in ``text`` in quotes, and no reader knows where its value is (a field that
        PHP has serialized, or a broken JSON text)."""
        return self._unread.search(text) is not None

    def stand_in_binary(self, data: bytes) -> bool:
        """Whether one of the names, of four letters or more, stands in bytes that are no text as a word of its own, and
        no reader knows where its value is."""
        return self._in_binary.search(data) is not None


@functools.lru_cache(maxsize=64)
def names_of(names: tuple[str, ...]) -> Names:
    """The ``Names`` of a tuple of names, cached."""
    return Names(names)


def _one_of(words: Sequence[bytes]) -> bytes:
    """A pattern that matches each of these words, and nothing if there are none."""
    return b"(?:" + b"|".join(map(re.escape, words)) + b")" if words else b"(?!)"


def _folded(name: str) -> str:
    return name.strip(" \t\r\n+").casefold()


#: A text is read in slices of so many bytes: after the first one with a name, the others need not be read. Each
#: begins a little before the end of the last one, because a name may be cut off there.
_SLICE, _LONGEST = 1 << 14, 200
#: How many words in which no name ends are remembered.
_MOST_OTHERS = 20_000
_BACKSLASH, _PERCENT = b"\\%"
#: Small letters for capitals, and blanks for all bytes that are neither letters nor digits of ASCII.
_AS_WORDS = bytes(byte if chr(byte).isalnum() and byte < 0x80 else 0x20 for byte in bytes(range(256)).lower())
_ONE_WORD = re.compile(r"[a-z0-9_-]+")


class _Ends:
    """With what a word ends that may be a name. ``others``: words that do not end so."""

    def __init__(self, of_names: tuple[bytes, ...]) -> None:
        self._of_names = of_names
        self._count = min((3, *map(len, of_names)))
        self._last_letters = {end[len(end) - self._count :] for end in of_names}  # most words do not end with these
        self.others: set[bytes] = set()

    def has_any(self, words: Iterable[bytes]) -> bool:
        """Whether one of the words ends so."""
        likely = [word for word in words if word[-self._count :] in self._last_letters]
        return any(word.endswith(self._of_names) for word in likely)


_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")


def end_of(name: str, ends: tuple[str, ...]) -> str | None:
    """The first of ``ends`` with which the words of ``name`` end: ``api-key`` for ``OPENAI_API_KEY`` and
    ``openaiApiKey``, not for ``monkey``."""
    words = "-" + _BETWEEN_WORDS.sub("-", name).strip("-").lower()
    return next((end for end in ends if words.endswith(f"-{end}")), None)
