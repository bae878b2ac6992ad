"""The sender of a request: told by the secrets in it. It must not know how a secret is found."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..request import Request
from .interaction import Interaction

if TYPE_CHECKING:
    from ..sanitize.masking import Compared, Sanitizer


class Sender:
    """The sender of the request that is looked up."""

    def __init__(self, sanitizer: Sanitizer, request: Request) -> None:
        self._sanitizer = sanitizer
        self._request = request

    @cached_property
    def _compared(self) -> Compared:
        return self._sanitizer.request(self._request)

    @property
    def stored(self) -> Request:
        """The request as it would be stored."""
        return self._compared.request

    @property
    def has_secrets(self) -> bool:
        """Whether the request has secrets."""
        return self._compared.has_secrets

    @property
    def identity(self) -> frozenset[tuple[str, str]]:
        """The secrets that tell who sends the request."""
        return self._compared.identity

    def identity_of(self, interaction: Interaction) -> frozenset[tuple[str, str]]:
        """The secrets that tell who sent the request of an interaction."""
        return self._sanitizer.request(interaction.original.request).identity

    def blank(self, request: Request) -> Request:
        """A request without its secrets."""
        return self._sanitizer.blank(request)

    def is_same(self, interaction: Interaction) -> bool:
        """Whether the sender of a recorded request is the same, as far as the secrets tell."""
        return self.identity_of(interaction) == self.identity

    def shown(self, recorded: Request) -> Request:
        """A recorded request as a matcher of the user's sees it: with the secrets of the new request, if the sender is
        the same."""
        is_same = self._sanitizer.request(recorded).identity == self.identity
        return self._sanitizer.as_sent(self._request, recorded) if is_same else recorded

    def may_get(self, interaction: Interaction) -> bool:
        """Whether all secrets that have to be the same are the same."""
        return self._sanitizer.request(interaction.original.request).strict == self._compared.strict
