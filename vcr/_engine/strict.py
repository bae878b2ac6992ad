"""What a strict cassette reports: requests out of order, interactions that were not played, refusals that the program
swallowed, and failed exchanges that would be saved. It must not know a client, a file or a face.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..errors import SwallowedRefusalError, UnplayedInteractionsError, place_in_program, warn
from ..request import Request
from ..response import Response

if TYPE_CHECKING:
    from ..errors import CannotOverwriteExistingCassetteException
    from .cassette import Cassette
    from .interaction import Interaction

MOST_LISTED = 10


class Strictness(NamedTuple):
    """The values of the options of the same names."""

    save: str = "always"
    on_unused: str = "ignore"
    on_refused: str = "ignore"
    ordered: bool = False


DEFAULT = Strictness()


class Sent(list[Request]):
    """The requests that a program made, before any filter.

    It is equal to a list with, for each, a request of the same method, URI and body, or ``"GET http://host/path"``.
    """

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple)):
            return NotImplemented
        return len(self) == len(other) and all(_is_same(one, wanted) for one, wanted in zip(self, other, strict=True))

    def lines(self) -> list[str]:
        """Each request as ``"GET http://host/path"``."""
        return [line_of(request) for request in self]

    def __repr__(self) -> str:
        return repr([f"{request.method} {request.shown_uri}" for request in self])


def line_of(request: Request) -> str:
    """Method and URI."""
    return f"{request.method} {request.uri}"


def _is_same(request: Request, wanted: object) -> bool:
    if isinstance(wanted, str):
        return line_of(request) == wanted
    if isinstance(wanted, Request):
        return (request.method, request.uri, request.body) == (wanted.method, wanted.uri, wanted.body)
    return False


class Played(NamedTuple):
    """One replay: the request as the program made it, the recorded request, and the response."""

    sent: Request
    recorded: Request
    response: Response

    def __repr__(self) -> str:
        return f"<Played {self.sent.method} {self.sent.shown_uri}: {self.response.status}>"


class Refused(NamedTuple):
    """A refusal: the request, where in the program it was made (``file:line``), and the error, where ``on_refused``
    needs it."""

    request: Request
    place: str
    error: CannotOverwriteExistingCassetteException | None

    @classmethod
    def now(cls, request: Request, error: CannotOverwriteExistingCassetteException | None) -> Refused:
        """The refusal of a request that the code which runs now has made."""
        return cls(request, place_in_program(), error)

    def caught_in(self) -> str | None:
        """The file of the function that caught the error; None where that is not known."""
        traceback = None if self.error is None else self.error.__traceback__
        return None if traceback is None else traceback.tb_frame.f_code.co_filename


# -- in order ----------------------------------------------------------------------------------------------------------


def _loaded(cassette: Cassette) -> list[Interaction]:
    return [one for one in cassette.held(borrowed=False) if one not in cassette.recorded]


def first_unplayed(cassette: Cassette) -> Interaction | None:
    """The recorded interaction that has to be played next; None when all are played."""
    return next((one for one in _loaded(cassette) if not one.plays), None)


def out_of_order(cassette: Cassette, found: Interaction) -> str:
    """The text of an OutOfOrderError: the recorded order beside that of the program."""
    recorded = [" ".join(one.target) for one in _loaded(cassette)]
    due = first_unplayed(cassette)
    expected = "nothing" if due is None else " ".join(due.target)
    sent = [line_of(interaction.request) for _, interaction in cassette.plays]
    text = [
        f"{' '.join(found.target)} came out of order: the cassette {cassette.path} has {expected} first.",
        "Recorded order:",
        *(f"  {number}. {line}" for number, line in enumerate(recorded, 1)),
        "Order of the program:",
        *(f"  {number}. {line}" for number, line in enumerate([*sent, " ".join(found.target)], 1)),
        "How to fix it: make the requests in the recorded order, record them again, or open the cassette with "
        "ordered=False.",
    ]
    return cassette.mask("\n".join(text))


# -- at the end --------------------------------------------------------------------------------------------------------


def unplayed(cassette: Cassette) -> list[str]:
    """Method and URI, without secrets, of each interaction that was not played; none where the cassette may record."""
    if not cassette.write_protected:
        return []
    return [cassette.mask(" ".join(one.target)) for one in _missed(cassette, _loaded(cassette))]


def unplayed_places(cassette: Cassette) -> list[int] | None:
    """The places in the file, from 1 on, of the interactions that were not played. None where they are not known: the
    cassette does not replay, it has been saved, or a hook hides a part of what is stored."""
    loaded = _loaded(cassette)
    if not cassette.record_mode.replays or len(loaded) != cassette.storage.count:
        return None
    missed = set(_missed(cassette, loaded))
    return [place for place, one in enumerate(loaded, 1) if one in missed]


def _missed(cassette: Cassette, loaded: list[Interaction]) -> list[Interaction]:
    # With repeats the first match is always played: the matches behind it cannot be.
    repeated = {one.target for one in loaded if one.plays} if cassette.allow_playback_repeats is True else ()
    return [one for one in loaded if not one.plays and one.target not in repeated]


def swallowed(cassette: Cassette) -> list[Refused]:
    """The refusals that other code than that around the cassette has caught. (Where an error has no traceback, as after
    ``assertRaises``, the code that has caught it expected it.)"""
    if cassette.strictness.on_refused != "raise":
        return []
    return [
        one
        for one in cassette.refusals
        if (file := one.caught_in()) is not None and not cassette.is_file_of_block(file)
    ]


def judge(cassette: Cassette) -> None:
    """Report the interactions of a closed cassette that were not played, and the refusals that were swallowed.

    Raises SwallowedRefusalError or UnplayedInteractionsError; warns where an option says so.
    """
    refused = swallowed(cassette)
    cassette.refusals = [
        one._replace(error=None) for one in cassette.refusals
    ]  # an error holds the frames of its traceback
    if refused:
        raise SwallowedRefusalError(swallowed_text(cassette, refused), path=cassette.path)
    left = [] if cassette.strictness.on_unused == "ignore" else unplayed(cassette)
    if left:
        message = unplayed_text(cassette, left)
        if cassette.strictness.on_unused == "error":
            raise UnplayedInteractionsError(message, path=cassette.path, unplayed=left)
        warn(message)


def swallowed_text(cassette: Cassette, refused: Iterable[Refused]) -> str:
    """The text for refusals that the program swallowed, with the place of each request."""
    lines = [f"  {line_of(one.request)}, made at {one.place}" for one in refused]
    return cassette.mask(
        "\n".join(
            [
                f"the cassette {cassette.path} refused {_count(len(lines), 'request')}, and the program swallowed "
                "the error:",
                *_some(lines),
                'Record what is missing, or open the cassette with on_refused="ignore".',
            ]
        )
    )


def unplayed_text(cassette: Cassette, left: list[str]) -> str:
    """The text for interactions that were not played."""
    lines = [f"  {line}" for line in left]
    return "\n".join(
        [
            f"nothing asked for {len(left)} of the {_count(len(cassette), 'interaction')} of the cassette "
            f"{cassette.path}:",
            *_some(lines),
            'Record it again (record_mode="rewrite"), or open it with on_unused="ignore".',
        ]
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LISTED
    return lines if more <= 0 else [*lines[:MOST_LISTED], f"  and {more} more"]


# -- before it is saved ------------------------------------------------------------------------------------------------


def saves_failed(cassette: Cassette) -> bool:
    """Whether what was recorded is saved when the block raises, where no other option forbids that."""
    return cassette.record_mode.keeps and cassette.strictness.save == "always"


def may_keep(cassette: Cassette) -> bool:
    """Whether what was recorded may be saved: with ``save="2xx"`` not when an exchange failed; a warning says so."""
    if cassette.strictness.save != "2xx":
        return True
    unsaved = cassette.unsaved()
    for interaction in cassette.held():
        response = interaction.response
        if interaction in unsaved and response is not None and not _is_success(response):
            warn(
                f'the cassette {cassette.path} is not saved, as save="2xx" asks: {" ".join(interaction.target)} was '
                f"answered with {response.status}"
            )
            return False
    return True


def _is_success(response: Response) -> bool:
    """Whether ``save="2xx"`` accepts this response: a redirect counts, because the client follows it."""
    return response.failure is None and 100 <= response.status < 400
