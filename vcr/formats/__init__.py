"""Reads the formats of other recorders into the plain data of version 1, and writes them. It must not know texts,
serializers or files.

The structure of the data tells which format it is in, so that reading needs no option.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read(data: Any) -> Any:
    """Version 1's plain data from what a cassette of Betamax's or Ruby VCR's holds; other data as it is.

    Raises CassetteLoadError, naming the interaction, for what is in such a format but cannot be read.
    """
    if isinstance(data, Mapping) and "http_interactions" in data:
        # Ruby VCR's methods are in lower case; requests, which Betamax records, knows none that are.
        if any(method.islower() for method in _methods(data["http_interactions"])):
            from . import ruby

            return ruby.read(data)
        from . import betamax

        return betamax.read(data)
    # A list of symbols' methods: VCR 1.x. Before 1.0, VCR.py's was a list too.
    if any(method.startswith(":") for method in _methods(data)):
        from . import ruby

        return ruby.read(data)
    return data


def _methods(interactions: Any) -> list[str]:
    """The methods of the requests, where there are any."""
    found = interactions if isinstance(interactions, (list, tuple)) else ()
    requests = [interaction.get("request") for interaction in found if isinstance(interaction, Mapping)]
    return [str(request.get("method")) for request in requests if isinstance(request, Mapping)]
