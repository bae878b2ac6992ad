"""The functions that change an interaction when it is recorded, saved and loaded.

It must not know which functions these are (options and hooks make them). It must not know a file.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from ..request import Request
from ..response import Response, ResponseDict
from .interaction import Interaction, value_of

if TYPE_CHECKING:
    from ..sanitize.masking import Sanitizer
    from ..sanitize.off import Unmasked
    from .cassette import Cassette

log = logging.getLogger("vcr.cassette")

Pair = tuple[Request, ResponseDict]
RequestFilter = Callable[[Request], "Request | None"]
ResponseFilter = Callable[[ResponseDict], "ResponseDict | None"]
#: The third argument is the cassette.
InteractionFilter = Callable[[Request, ResponseDict, "Cassette"], "Pair | None"]


class Pipeline(NamedTuple):
    """The functions that change a request, a response or both. Where one is None, nothing is changed.

    A function is given a copy, which it may change. Where it returns None, the interaction is not kept. ``sanitizer``:
    masks secrets in what is written. ``unmasked``: where there is no sanitizer, it looks for secrets in what is
    written.
    """

    before_record_request: RequestFilter | None = None
    before_record_response: ResponseFilter | None = None
    before_save_interaction: InteractionFilter | None = None
    after_load_interaction: InteractionFilter | None = None
    sanitizer: Sanitizer | None = None
    unmasked: Unmasked | None = None

    @property
    def loads_as_stored(self) -> bool:
        """Whether nothing changes what is loaded."""
        return (self.before_record_request, self.before_record_response, self.after_load_interaction) == (None,) * 3

    def request(self, request: Request) -> Request | None:
        """``request`` as it is kept and matched."""
        return request if self.before_record_request is None else self.before_record_request(request.copy())

    def stored(self, request: Request) -> Request:
        """A filtered ``request`` as it is stored: with its secrets masked."""
        return request if self.sanitizer is None else self.sanitizer.request(request).request

    def response(self, response: Response) -> Response | None:
        """``response`` as it is kept."""
        if self.before_record_response is None:
            return response
        data = self.before_record_response(response.copy_data())
        return None if data is None else Response(data, response.beside)

    def all_loaded(self, interactions: list[Interaction], cassette: Cassette) -> list[Interaction]:
        """The interactions of the file as the cassette holds them. Without filters none of them is parsed now."""
        loaded = list(interactions)
        if not self.loads_as_stored:
            loaded = [kept for one in interactions if (kept := self._loaded(one, cassette)) is not None]
        for interaction in loaded if self.sanitizer is not None or self.unmasked is not None else ():
            interaction.is_from_file = True
        return loaded

    def _loaded(self, interaction: Interaction, cassette: Cassette) -> Interaction | None:
        request, response = interaction.pair()
        if self.after_load_interaction is not None:
            pair = self.after_load_interaction(request.copy(), response.copy_data(), cassette)
            if pair is None:
                return None
            request, response = pair[0], Response(pair[1], response.beside)
        as_stored = Interaction(request, response)
        is_masked = self.sanitizer is not None and self.sanitizer.may_hide_any(request)
        try:
            kept_request = self.request(request)
            kept_response = None if kept_request is None else self.response(response)
        except Exception as error:
            if not is_masked:
                raise
            # It may have asked for a real value. (A new request that matches is given to the same hooks.)
            log.info("A hook raised %s for a masked interaction, which stays as it is", type(error).__name__)
            return as_stored
        if kept_request is None and is_masked and not cassette.passes_by(request.host or "", ()):
            as_stored.is_aside = True
            return as_stored
        return None if kept_request is None or kept_response is None else Interaction(kept_request, kept_response)

    def note_changed(self, before: Request | Response, after: Request | Response) -> None:
        """Let the sanitizer know what the filters and hooks have made of a message that is recorded now."""
        if self.sanitizer is not None:
            self.sanitizer.leave_written(before, after)

    def learn_secrets(self, interactions: Iterable[Interaction]) -> None:
        """Let the sanitizer learn the secrets in all requests before any interaction is written: a secret of a later
        request may stand in an earlier response, under a name that does not tell that it is one."""
        for interaction in interactions if self.sanitizer is not None else ():
            request = interaction.request
            if not interaction.is_from_file and isinstance(request, Request) and isinstance(request.uri, str):
                self.stored(request)

    def saved(self, interaction: Interaction, cassette: Cassette) -> Pair | None:
        """The request and the response as they are written; None: the interaction is not written."""
        request, response = interaction.pair()
        pair: Pair | None = (request, response.data)
        if self.before_save_interaction is not None:
            pair = self.before_save_interaction(request.copy(), response.copy_data(), cassette)
        return None if pair is None else self.masked(interaction, pair)

    def masked(self, interaction: Interaction, pair: Pair) -> Pair:
        """``pair``, which is to be written for ``interaction``, with its secrets masked. The sanitizer leaves an
        interaction that was loaded from the file as it is."""
        if interaction.is_from_file:
            return pair
        if self.sanitizer is None:
            if self.unmasked is not None:
                self.unmasked.note(*pair)
            return pair
        kept, data, interaction.masked = self.sanitizer.pair(pair[0], Response(pair[1]))
        return kept, data

    def warn_of_secrets(self, path: str) -> None:
        """Warn, when the cassette has been written to ``path``, of secrets that are in the file because the sanitizer
        is off."""
        if self.unmasked is not None:
            self.unmasked.tell(path)

    def content(self, interaction: Interaction) -> Hashable:
        """A value that is equal for interactions that would be written with the same content."""
        if self.sanitizer is None or interaction.response is None:
            return interaction.value()
        request, response, _ = self.sanitizer.pair(interaction.request, interaction.response)
        return value_of(request, response)


NOTHING_CHANGED = Pipeline()
