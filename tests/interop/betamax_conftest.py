"""Stands as ``conftest.py`` above Betamax's own tests when ``betamax_suite`` runs them.

``import betamax`` means ``vcr.betamax`` in these tests, and an httpbin on this machine answers for the sites that they
ask.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import tempfile
import threading

import httpbin
import pytest
import trustme
from werkzeug.serving import WSGIRequestHandler, make_server

import vcr.betamax

vcr.betamax.install()
pytest_plugins = ["betamax.fixtures.pytest"]

#: The sites that the tests ask, each with the page that httpbin answers with for every page of the site; None: itself.
SITES = {
    "httpbin.org": None,
    "example.com": "/html",
    "api.github.com": "/gzip",
    "www.amazon.com": "/encoding/utf8",
}


class Handler(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Print nothing."""


def application(environ, start_response):
    page = SITES[environ["HTTP_HOST"].partition(":")[0]]
    return httpbin.app(environ if page is None else {**environ, "PATH_INFO": page}, start_response)


@pytest.fixture(scope="session", autouse=True)
def sites():
    """Serve the sites, over http and https, on ports of their own, to which their names are resolved."""
    import betamax

    assert betamax is vcr.betamax, f"import betamax leads to {betamax.__file__}"
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*SITES).configure_cert(tls)
    servers = {
        80: make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler),
        443: make_server("127.0.0.1", 0, application, threaded=True, request_handler=Handler, ssl_context=tls),
    }
    resolve = socket.getaddrinfo

    def getaddrinfo(host, port, *arguments, **more):
        if host in SITES:
            host, port = "127.0.0.1", servers[port].server_port
        return resolve(host, port, *arguments, **more)

    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as replace, tempfile.TemporaryDirectory() as directory:
        bundle = os.path.join(directory, "authority.pem")
        authority.cert_pem.write_to_path(bundle)
        replace.setattr(socket, "getaddrinfo", getaddrinfo)
        replace.setenv("REQUESTS_CA_BUNDLE", bundle)
        yield
    assert sys.modules["betamax"] is vcr.betamax
    for server in servers.values():
        server.shutdown()
        server.server_close()
