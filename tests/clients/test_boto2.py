"""boto 2, where it still imports (Python 3.10 and 3.11): its own connection classes, over HTTP and HTTPS.

In a process of its own: importing it changes how everything after it is imported.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("boto") is None or sys.version_info >= (3, 12), reason="boto 2 does not import here"
)

PUT_AND_READ = """
import sys, warnings
mode, path, port, secure = sys.argv[1:]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from boto.s3.connection import OrdinaryCallingFormat, S3Connection
import vcr

def put_and_read():
    how = {"is_secure": secure == "https", "calling_format": OrdinaryCallingFormat()}
    s3 = S3Connection("key", "secret", host="127.0.0.1", port=int(port), **how)
    bucket = s3.get_bucket("bucket", validate=False)
    bucket.new_key("name").set_contents_from_string("hello")
    return bucket.get_key("name", validate=False).get_contents_as_string()

if mode == "live":
    assert put_and_read() == b"hello"
else:
    with vcr.use_cassette(path, record_mode=mode) as cassette:
        assert put_and_read() == b"hello"
    assert len(cassette) == 2
    assert cassette.all_played == (mode == "none")
"""


def _bucket(exchange, *_):
    stored, request = exchange.server.stored, exchange.request
    if request.method == "PUT":
        stored[request.path] = request.body
    tag = hashlib.md5(request.body, usedforsecurity=False).hexdigest()
    exchange.respond(200, [("ETag", f'"{tag}"')], b"" if request.method == "PUT" else stored[request.path])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_key_is_put_and_read(scheme, cassette_path, ca_file, request):
    server = request.getfixturevalue("tls_server" if scheme == "https" else "server")
    server.stored = {}
    server.route("/bucket", _bucket)

    def run(mode: str) -> None:
        arguments = [sys.executable, "-c", PUT_AND_READ, mode, cassette_path, str(server.port), scheme]
        subprocess.run(arguments, check=True, env={**os.environ, "SSL_CERT_FILE": str(ca_file)}, timeout=60)

    run("live")
    run("once")
    assert server.hits == 4
    server.close()
    run("none")
