"""The contents of a cassette, once its text has been read. It must not know texts, serializers or files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from .._engine.interaction import Interaction
from ..response import Response


class Contents(Sequence[Any]):
    """The contents of a cassette. As in VCR.py it is a pair: ``(requests, responses)``.

    ``interactions``: the same requests and responses as interactions, some of which are read only when they are needed.
    ``metadata``, ``beside``: the mapping ``metadata`` and all other keys at the top of the cassette. ``path``: the path
    of the cassette, for errors.
    """

    def __init__(
        self,
        metadata: Mapping[str, object],
        interactions: Iterable[Interaction] = (),
        path: str | None = None,
        beside: Mapping[str, object] | None = None,
    ) -> None:
        self.metadata = deepcopy(dict(metadata)) if metadata else {}
        self.interactions = list(interactions)
        self.beside = dict(beside or {})
        self.path = path
        #: Returns a line for each thing that the file of another recorder holds and these contents do not.
        self.losses: Callable[[], Iterable[str]] = tuple

    def cassette_dict(self) -> dict[str, object]:
        """The contents as a persister is given them to save. Dates stand beside the response, as in version 1."""
        pairs = [interaction.pair() for interaction in self.interactions]
        responses = [_with_date_beside(response) for _, response in pairs]
        return {
            "requests": [request for request, _ in pairs],
            "responses": [response.data for response in responses],
            "beside": [response.beside for response in responses],
            "metadata": self.metadata,
            "others": self.beside,
        }

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: Any) -> Any:
        pairs = [interaction.pair() for interaction in self.interactions]
        return ([request for request, _ in pairs], [response.data for _, response in pairs])[index]

    def __eq__(self, other: object) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, Contents)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]


def _with_date_beside(response: Response) -> Response:
    """The response with its date beside it, as in version 1. Cassettes of Betamax and Ruby VCR are read with the date
    in the response."""
    if "recorded_at" not in response.data or "recorded_at" in response.beside:
        return response
    data = dict(response.data)
    return Response(data, {"recorded_at": data.pop("recorded_at"), **response.beside})
