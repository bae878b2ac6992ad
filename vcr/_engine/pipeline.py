"""The functions of a project that an interaction passes: when it is recorded, saved and loaded.

It must not know which functions these are (options and hooks make them), and no file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ..request import Request
from ..response import Response, ResponseDict
from .interaction import Interaction

if TYPE_CHECKING:
    from .cassette import Cassette

Pair = tuple[Request, ResponseDict]
RequestFilter = Callable[[Request], "Request | None"]
ResponseFilter = Callable[[ResponseDict], "ResponseDict | None"]
#: The third argument is the cassette.
InteractionFilter = Callable[[Request, ResponseDict, "Cassette"], "Pair | None"]


class Pipeline(NamedTuple):
    """What stands in the place of a request, a response or both. Each function may be None: nothing is changed.

    A function is given a copy, which it may change. Where it returns None, the interaction is not kept.
    """

    before_record_request: RequestFilter | None = None
    before_record_response: ResponseFilter | None = None
    before_save_interaction: InteractionFilter | None = None
    after_load_interaction: InteractionFilter | None = None

    @property
    def loads_as_stored(self) -> bool:
        """Whether nothing changes what is loaded."""
        return (self.before_record_request, self.before_record_response, self.after_load_interaction) == (None,) * 3

    def request(self, request: Request) -> Request | None:
        """``request`` as it is kept and matched."""
        return request if self.before_record_request is None else self.before_record_request(request.copy())

    def response(self, response: Response) -> Response | None:
        """``response`` as it is kept."""
        if self.before_record_response is None:
            return response
        data = self.before_record_response(response.copy_data())
        return None if data is None else Response(data, response.beside)

    def loaded(self, interaction: Interaction, cassette: Cassette) -> Interaction | None:
        """An interaction of the file as the cassette holds it."""
        request, response = interaction.own()
        if self.after_load_interaction is not None:
            pair = self.after_load_interaction(request.copy(), response.copy_data(), cassette)
            if pair is None:
                return None
            request, response = pair[0], Response(pair[1], response.beside)
        kept_request = self.request(request)
        kept_response = None if kept_request is None else self.response(response)
        return None if kept_request is None or kept_response is None else Interaction(kept_request, kept_response)

    def saved(self, interaction: Interaction, cassette: Cassette) -> Pair | None:
        """An interaction of the cassette as it is written."""
        request, response = interaction.own()
        if self.before_save_interaction is None:
            return request, response.data
        return self.before_save_interaction(request.copy(), response.copy_data(), cassette)
