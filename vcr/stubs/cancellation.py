"""Requests that the program cancels: how a stub recognises this while it records, and how long a replay waits.

A replay has to end as the exchange did, so the replay of a cancelled request waits until the program cancels it again.
This file must not know a client.
"""

from __future__ import annotations

import time
from typing import NoReturn

from .._http.failure import CANCELLED
from ..errors import NotCancelledError
from ..request import Request
from ..response import Response

#: Seconds. The replay of a cancelled request waits at most so long to be cancelled again.
CANCEL_LIMIT = 10.0

_CANCELLATIONS = ("CancelledError", "Cancelled", "GreenletExit", "Timeout")


def is_cancellation(error: BaseException | None) -> bool:
    """Whether ``error`` cancels an operation. Such errors of asyncio, trio and gevent are no ``Exception``."""
    names = {cls.__name__ for cls in type(error).__mro__}
    return not isinstance(error, Exception) and not names.isdisjoint(_CANCELLATIONS)


def was_cancelled(recorded: Response) -> bool:
    """Whether the program cancelled the recorded request before a response came."""
    return recorded.failure is not None and recorded.failure.kind == CANCELLED and not recorded.incomplete


def not_cancelled(request: Request) -> NotCancelledError:
    """Make the error for a replay that the program has not cancelled within ``CANCEL_LIMIT``."""
    return NotCancelledError(
        f"{request.method} {request.uri}: the program cancelled this request while it was recorded, and its replay has "
        f"waited {CANCEL_LIMIT:g} seconds to be cancelled; record it again if the program no longer cancels it"
    )


def wait_for_cancellation(request: Request) -> NoReturn:
    """Block this thread until the program cancels the replay of ``request``. Raises NotCancelledError after
    ``CANCEL_LIMIT``."""
    time.sleep(CANCEL_LIMIT)  # looked up at each call, because gevent replaces time.sleep
    raise not_cancelled(request)
