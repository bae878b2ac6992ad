"""The exceptions of ``vcr.betamax``, under Betamax's names. No logic."""

from __future__ import annotations


class BetamaxError(Exception):
    """The base of all errors of ``vcr.betamax``; by itself, a request that cannot be answered. It is no exception of
    requests."""

    def __init__(self, message: object) -> None:
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.args[0])  # UnknownMatcherError is a KeyError, too, and that would put quotes around the message


class MissingDirectoryError(BetamaxError):
    """The cassette library does not exist. Nothing raises this error: the directory is made."""


class MissingCassetteError(BetamaxError, ValueError):
    """``record="none"`` without a cassette, or a cassette without a name. Betamax raises ValueError."""


class ValidationError(BetamaxError):
    """An option has a value that is not valid."""


class InvalidOption(ValidationError):  # noqa: N818  (Betamax's name)
    """There is no option with this name."""


class BodyBytesValidationError(ValidationError):
    """``preserve_exact_body_bytes`` is neither True nor False."""


class MatchersValidationError(ValidationError):
    """``match_requests_on`` is not a list of registered matchers."""


class UnknownMatcherError(MatchersValidationError, KeyError):
    """The ``match_options`` of a cassette name a matcher that is not registered. Betamax raises KeyError."""


class RecordValidationError(ValidationError):
    """``record`` is not a record mode."""


class RecordIntervalValidationError(ValidationError):
    """``re_record_interval`` is neither days nor a timedelta, or is not positive."""


class PlaceholdersValidationError(ValidationError):
    """``placeholders`` is not a list of dictionaries with ``placeholder`` and ``replace``."""


class PlaybackRepeatsValidationError(ValidationError):
    """``allow_playback_repeats`` is neither True nor False."""


class SanitizeValidationError(ValidationError):
    """``sanitize`` is neither True nor False, nor rules of ``vcr.sanitize``. Betamax has no such option."""


class SerializerValidationError(ValidationError):
    """``serialize_with`` is not a registered serializer."""


validation_error_map: dict[str, type[ValidationError]] = {
    "allow_playback_repeats": PlaybackRepeatsValidationError,
    "match_requests_on": MatchersValidationError,
    "placeholders": PlaceholdersValidationError,
    "preserve_exact_body_bytes": BodyBytesValidationError,
    "re_record_interval": RecordIntervalValidationError,
    "record": RecordValidationError,
    "sanitize": SanitizeValidationError,
    "serialize": SerializerValidationError,
    "serialize_with": SerializerValidationError,
}
