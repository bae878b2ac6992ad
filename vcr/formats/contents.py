"""What is in a cassette, once its text has been read. It must not know texts, serializers or files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from .._engine.interaction import Interaction
from ..response import Response


class Contents(Sequence[Any]):
    """What is in a cassette: ``(requests, responses)``, a pair as in VCR.py, and the ``metadata`` beside them.

    ``interactions``: both in one, each of which may be read when it is needed. ``path``: where they come from.
    ``beside``: what else stands at the top of the cassette.
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
        #: Gives a line for each thing that stands in the file of another recorder's and is not in here.
        self.losses: Callable[[], Iterable[str]] = tuple

    def cassette_dict(self) -> dict[str, object]:
        """What a persister is given to save all of it; the dates stand where version 1 has them."""
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
    """The response, its date where version 1 has it: Betamax's and Ruby VCR's cassettes are read with it inside."""
    if "recorded_at" not in response.data or "recorded_at" in response.beside:
        return response
    data = dict(response.data)
    return Response(data, {"recorded_at": data.pop("recorded_at"), **response.beside})
