"""The exceptions of the face, by Betamax's names. No logic."""

from __future__ import annotations


class BetamaxError(Exception):
    """A request that cannot be answered, and whatever else is wrong. It is none of requests' exceptions."""

    def __init__(self, message: object) -> None:
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError, which one of these is too, would quote it


class MissingDirectoryError(BetamaxError):
    """Betamax's: the cassette library is not there. Here it is made, so nothing raises this any more."""


class MissingCassetteError(BetamaxError, ValueError):
    """``record="none"`` without a cassette, or a cassette without a name (Betamax raises ValueError)."""


class ValidationError(BetamaxError):
    """An option has a value that it cannot have."""


class InvalidOption(ValidationError):  # noqa: N818  (Betamax's name)
    """There is no option of this name."""


class BodyBytesValidationError(ValidationError):
    """``preserve_exact_body_bytes`` is neither True nor False."""


class MatchersValidationError(ValidationError):
    """``match_requests_on`` is no list of registered matchers."""


class UnknownMatcherError(MatchersValidationError, KeyError):
    """A cassette's ``match_options`` name a matcher that is not registered (Betamax raises KeyError)."""


class RecordValidationError(ValidationError):
    """``record`` is no record mode."""


class RecordIntervalValidationError(ValidationError):
    """``re_record_interval`` is neither days nor a timedelta, or is not positive."""


class PlaceholdersValidationError(ValidationError):
    """``placeholders`` is no list of dictionaries with ``placeholder`` and ``replace``."""


class PlaybackRepeatsValidationError(ValidationError):
    """``allow_playback_repeats`` is neither True nor False."""


class SerializerValidationError(ValidationError):
    """``serialize_with`` is no registered serializer."""


validation_error_map: dict[str, type[ValidationError]] = {
    "allow_playback_repeats": PlaybackRepeatsValidationError,
    "match_requests_on": MatchersValidationError,
    "placeholders": PlaceholdersValidationError,
    "preserve_exact_body_bytes": BodyBytesValidationError,
    "re_record_interval": RecordIntervalValidationError,
    "record": RecordValidationError,
    "serialize": SerializerValidationError,
    "serialize_with": SerializerValidationError,
}
