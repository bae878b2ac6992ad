"""The stub of urllib3-future, sync and async, whatever version of HTTP it speaks. It must not know an option or a file.

A connection of urllib3-future has a *protocol*, an object that makes bytes of requests, and events of the bytes that
come. Inside a cassette a ``Line`` takes the place of the protocol. The client first writes a request to the line, which
makes a Request of it and takes the turn:

- When the request is replayed, the recorded bytes go through urllib3-future's own parser, a piece each time the client
  waits for one.
- When it goes live, the connection connects if it has not, and the request is written again, to the protocol. While the
  response is recorded, the line tells a ``Listener`` what the protocol receives.

The files: ``doors`` (they take the place of the client's methods), ``line``, ``asked`` (a request that is being
written), ``live`` and ``replay`` (the two ways to a response), ``errors``, ``steps`` (code for sync and async alike),
``native`` (the attributes of urllib3-future's objects that vcr uses).
"""

from .doors import BACKEND, CONNECTION, RESPONSE_DOORS

__all__ = ["BACKEND", "CONNECTION", "RESPONSE_DOORS"]
