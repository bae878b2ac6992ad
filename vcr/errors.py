"""The exceptions and the warning of this package. It must not know how the text of a refusal is made."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Iterable
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ._engine.cassette import Cassette
    from ._engine.explain import Refusal
    from .request import Request


class CannotOverwriteExistingCassetteException(Exception):  # noqa: N818  (VCR.py's name)
    """A request that the cassette neither holds nor may record. Nothing was sent.

    The class derives from plain ``Exception`` on purpose: urllib3 and requests would wrap an ``OSError`` or an
    ``HTTPException`` into an error of their own, or send the request again.

    ``cassette``: the cassette that refused ``failed_request``. ``refusal()``: returns the facts, from which the text is
    made when somebody reads it; without ``refusal``, as programs make this error, the facts are gathered at once. A
    pickled error has the text, and no cassette.
    """

    _args: tuple[object, ...] = ()  # those that the program has assigned

    def __init__(
        self,
        *,
        cassette: Cassette,
        failed_request: Request,
        refusal: Callable[[], Refusal | _Stated] | None = None,
    ) -> None:
        super().__init__(cassette, failed_request)
        self.cassette = cassette
        self.failed_request = failed_request
        self._refusal = refusal
        self._facts: Refusal | _Stated | None = None
        if refusal is None:
            similar = getattr(cassette, "find_requests_with_most_matches", lambda _: None)(failed_request)
            self._facts = cassette.explain(failed_request, similar=similar)

    @property
    def args(self) -> tuple[object, ...]:
        """The text of the error (as VCR.py). A program may assign others, to say more."""
        return self._args or (str(self),)

    @args.setter
    def args(self, args: tuple[object, ...]) -> None:
        self._args = tuple(args)

    @property
    def refusal(self) -> Refusal | _Stated:
        """The facts behind the refusal, gathered at the first read."""
        if self._facts is None:
            assert self._refusal is not None
            self._facts = self._refusal()
        return self._facts

    @property
    def reason(self) -> str:
        """Why the request was refused: VCR.py's ``cassette_not_found``, ``already_played``, ``no_match``,
        ``nothing_similar`` or ``missing_metadata``, or ``out_of_order``."""
        return self.refusal.reason

    @property
    def similar_requests(self) -> list[tuple[Request, list[str], list[tuple[str, str]]]]:
        """The closest recorded requests: ``(request, names of matchers that agree, [(name, difference)])``."""
        return self.refusal.closest

    @classmethod
    def _get_message(cls, cassette: Cassette, failed_request: Request) -> str:
        """The text of such an error, which VCR.py's users ask for by this name."""
        return str(cls(cassette=cassette, failed_request=failed_request))

    def __str__(self) -> str:
        if self._args:
            return str(Exception(*self._args))
        try:
            return self.refusal.text()
        except Exception as error:  # noqa: BLE001  (of a matcher or a mask; the text of an error never raises)
            return (
                f"Can't play back this {getattr(self.failed_request, 'method', '')} request. What is closest to it "
                f"cannot be told: {type(error).__name__} while the recorded requests were compared with it"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {str(self).partition(chr(10))[0]}>"

    def __reduce__(self) -> tuple[Callable[..., object], tuple[type, dict[str, object]]]:
        facts = _Stated(self.reason, str(self), self.similar_requests)
        return _unpickled, (type(self), {"cassette": None, "failed_request": self.failed_request, "_facts": facts})


class _Stated(NamedTuple):
    """The facts of a refusal that need not be gathered: they are pickled, or known when the error is raised."""

    reason: str
    message: str
    closest: list[tuple[Request, list[str], list[tuple[str, str]]]] = []  # noqa: RUF012  (nothing changes it)

    def text(self) -> str:
        return self.message


class NetworkBlockedError(RuntimeError):
    """The program tried to reach a host while the network is blocked, or outside a cassette. Nothing was sent.

    ``host``: the name, address or path. ``request``: method and URI, where a request was made. ``test``: the test that
    pytest was running. ``is_brief``: whether the text says no more than pytest-recording's, which its users compare.
    """

    def __init__(self, host: object, request: str = "", test: str = "", *, is_brief: bool = False) -> None:
        self.host, self.request, self.test = host, request, test
        disabled = f"Network is disabled for host {host!r}"
        super().__init__(disabled if is_brief or not request else f"{disabled}: {self.advice}")
        self._is_brief = is_brief

    @property
    def advice(self) -> str:
        """Which request it was, in which test, and what to do about it; empty where it was no request."""
        if not self.request:
            return ""
        where = f" in {self.test}" if self.test else ""
        mark = "@pytest.mark.vcr" if self.test else "vcr.use_cassette(path)"
        return (
            f"{self.request} was made outside a cassette{where}. Record it in one ({mark}), or let the host pass "
            f"(allowed_hosts=[{str(self.host)!r}])"
        )

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        arguments = self.host, self.request, self.test
        return functools.partial(type(self), is_brief=self._is_brief), arguments


def _unpickled(cls: type[Exception], attributes: dict[str, object]) -> Exception:
    """An error of this class with these attributes."""
    error = cls.__new__(cls)
    vars(error).update(attributes)
    return error


class MissingMetadataError(CannotOverwriteExistingCassetteException):
    """``cassette.get_metadata(key, …)``: the cassette does not hold ``key`` and its record mode forbids adding it."""

    def __init__(self, *, cassette: Cassette, key: str) -> None:
        text = (
            f"the cassette {cassette.path} has no metadata {key!r}, and record_mode="
            f'"{cassette.record_mode}" forbids adding it; record it again, or use record_mode="new_episodes"'
        )
        facts = _Stated("missing_metadata", text)  # no request was refused
        super().__init__(cassette=cassette, failed_request=None, refusal=lambda: facts)  # type: ignore[arg-type]
        self.key = key

    def __reduce__(self) -> tuple[Callable[..., object], tuple[type, dict[str, object]]]:
        make, (cls, attributes) = super().__reduce__()
        return make, (cls, {**attributes, "key": self.key})


class OutOfOrderError(CannotOverwriteExistingCassetteException):
    """With ``ordered=True``: the request is recorded, but another one has to come before it. Nothing was sent."""

    def __init__(self, *, cassette: Cassette, failed_request: Request, message: str) -> None:
        facts = _Stated("out_of_order", message)
        super().__init__(cassette=cassette, failed_request=failed_request, refusal=lambda: facts)


class SwallowedRefusalError(AssertionError):
    """With ``on_refused="raise"``: a cassette refused requests, and the program caught the errors.

    ``path``: the cassette's.
    """

    def __init__(self, message: str, *, path: str | None = None) -> None:
        super().__init__(message)
        self.path = path


class UnplayedInteractionsError(AssertionError):
    """With ``on_unused="error"``: a cassette holds interactions that the program did not ask for.

    ``path``: the cassette's. ``unplayed``: the method and the URI of each.
    """

    def __init__(self, message: str, *, path: str | None = None, unplayed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.path = path
        self.unplayed = list(unplayed)


def _sentence(error: KeyError) -> str:
    """The text of a KeyError that carries a sentence: ``KeyError`` itself would put quotes around it."""
    return str(error.args[0]) if error.args else ""


class UnhandledHTTPRequestError(KeyError):
    """``cassette.play_response`` or ``responses_of`` was asked for a request that the cassette does not hold."""

    __str__ = _sentence


class CassetteNotFoundError(FileNotFoundError):
    """Raised by a persister that has no cassette under this path: the cassette is new."""


class CassetteDecodeError(ValueError):
    """Raised by a user's persister to say that what is stored counts as no cassette at all (as VCR.py)."""


class CassetteLoadError(ValueError):
    """The cassette exists but cannot be read. It never counts as an empty one, and is never overwritten.

    ``path``: the file. ``line``, ``interaction``: the place of the error, counted from 1; None when it is not known.
    ``message``: what is wrong, without the place. ``unit``: the word for an interaction in this format.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        interaction: int | None = None,
        unit: str = "interaction",
    ) -> None:
        where = "" if path is None else f"{path}: " if line is None else f"{path}, line {line}: "
        which = "" if interaction is None else f"{unit} {interaction}: "
        super().__init__(where + which + message)
        self.message = message
        self.path = path
        self.line = line
        self.interaction = interaction
        self.unit = unit

    def at(self, path: str | None) -> CassetteLoadError:
        """The same error for the file at ``path``."""
        return CassetteLoadError(self.message, path=path, line=self.line, interaction=self.interaction, unit=self.unit)


class UnknownNameError(KeyError):
    """No matcher or serializer is registered under this name (VCR.py raises KeyError)."""

    __str__ = _sentence


class AmbiguousCassetteError(RuntimeError):
    """A thread without a cassette of its own made a request while other threads or tasks had several cassettes open
    side by side: nothing tells to which of them the request belongs."""


class NotCancelledError(Exception):
    """The program cancelled the recorded request, but did not cancel its replay within 10 seconds."""


class UnsupportedProtocolError(RuntimeError):
    """A connection under a cassette tried to leave HTTP/1.x (HTTP/2, an upgrade): it cannot be recorded here."""


class UnsupportedClientError(RuntimeError):
    """An installed client lacks a function or class that ``vcr`` replaces: its requests would not pass the cassette."""


class UnfilterableError(ValueError):
    """``on_unfilterable="error"``: a field that a filter should remove may stand in a body that cannot be read."""


class ChildProcessRefusedError(RuntimeError):
    """A process that was started inside an open cassette made a request, and must not or cannot use the cassette."""


class VCRWarning(UserWarning):
    """Something that the program asked for has no effect, or something happens that is probably not meant."""


def warn(message: str) -> None:
    """Issue a ``VCRWarning`` that names the line of the program from which this package was called."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, VCRWarning, stacklevel=level)


def _is_ours(frame: FrameType) -> bool:
    return frame.f_globals.get("__name__", "").partition(".")[0] in ("vcr", "wrapt")


def file_of_caller() -> str:
    """The file of the code from which this package was called."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame) and frame.f_back is not None:
        frame = frame.f_back
    return "" if frame is None else frame.f_code.co_filename


def place_in_program() -> str:
    """``file:line`` of the innermost running code that belongs to the program: not to an installed package, nor to
    Python. Where there is none: of the innermost code outside this package."""
    frame: FrameType | None = sys._getframe(1)
    first = ""
    while frame is not None:
        if not _is_ours(frame):
            file = frame.f_code.co_filename
            place = f"{file}:{frame.f_lineno}"
            if not file.startswith(_not_of_program()):
                return place
            first = first or place
        frame = frame.f_back
    return first


@functools.cache
def _not_of_program() -> tuple[str, ...]:
    """How the names of files begin that belong to an installed package, to Python, or to no file."""
    import sysconfig

    paths = sysconfig.get_paths()
    return (*(paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")), "<")


def unknown(kind: str, name: object, valid: Iterable[str]) -> str:
    """The message for a misspelled name: the name, the nearest valid one, and all valid ones."""
    return f"Unknown {kind} {name!r}. {choices(name, valid)}"


def choices(name: object, valid: Iterable[str]) -> str:
    """The valid name that is nearest to ``name``, if one is near, and all valid names, as sentences."""
    names = sorted(valid)
    return f"{nearest(name, names)}Valid: {', '.join(names)}."


def nearest(name: object, valid: Iterable[str]) -> str:
    """A question for the valid name that is nearest to ``name``, with a blank behind it; empty if none is near."""
    import difflib

    near = difflib.get_close_matches(str(name).lower(), sorted(valid), n=1)
    return f"Did you mean {near[0]!r}? " if near else ""
