"""The stub of urllib3-future, sync and async, whatever version of HTTP it speaks. It must not know an option or a file.

A connection of urllib3-future speaks through a *protocol*, which turns requests into bytes and bytes into events.
Inside a cassette a ``Line`` stands in the protocol's place. A request is first written to the line alone, which makes
a Request of it and takes the turn:

- replayed, the recorded bytes go through urllib3-future's own parser, a piece whenever the client waits for one;
- live, the connection connects if it has not, and the request is written again, now to the protocol itself. While its
  response is recorded, the line listens to what the protocol receives.

The files: ``doors`` (what stands in the place of the client's functions), ``line``, ``asked`` (a request that is being
written), ``live`` and ``replay`` (the two ways to a response), ``errors``, ``steps`` (code for sync and async alike).
"""

from .doors import BACKEND, CONNECTION, RESPONSE_DOORS

__all__ = ["BACKEND", "CONNECTION", "RESPONSE_DOORS"]
