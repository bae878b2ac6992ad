"""Run by VCR.py's interpreter and by ours: ``python exchanges.py record|replay URL CASSETTE SERIALIZER``.

Makes the same requests each time and prints, as JSON, what the clients got for them. It needs nothing of this project.
"""

import base64
import json
import sys
import urllib.request

import httplib2
import requests

import vcr

#: What VCR.py does not keep, or not as it came.
UNKEPT = ("transfer-encoding", "connection", "content-encoding", "content-length")


def seen(status, reason, headers, body):
    """What a client got, so that it can be compared. The order of the headers does not count: VCR.py shuffles them."""
    kept = sorted([name.lower(), value] for name, value in headers if name.lower() not in UNKEPT)
    return [status, reason, kept, base64.b64encode(body).decode()]


def through_urllib(method, url, data=None, headers=()):
    request = urllib.request.Request(url, data, dict(headers), method=method)
    with urllib.request.urlopen(request) as response:
        return seen(response.status, response.reason, response.getheaders(), response.read())


def through_requests(method, url, data=None, headers=()):
    response = requests.request(method, url, data=data, headers=dict(headers), timeout=10)
    return [
        seen(response.status_code, response.reason, response.raw.headers.items(), response.content),
        [[hop.status_code, hop.url] for hop in response.history],
        response.cookies.get_dict(),
    ]


def through_httplib2(method, url, data=None, headers=()):
    response, body = httplib2.Http().request(url, method, body=data, headers=dict(headers))
    # It puts notes of its own among the headers.
    noted = [item for item in response.items() if item[0] not in ("status", "content-location", "-content-encoding")]
    return seen(response.status, response.reason, noted, body)


TEXT = [
    ("GET", "/text"),
    ("GET", "/text?b=2&a=&c=%C3%A9"),
    ("GET", "/json"),
    ("GET", "/counter"),
    ("GET", "/counter"),
    ("GET", "/cookies/set?a=1&b=2"),
    ("GET", "/redirect/2"),
    ("GET", "/chunked-text"),
    ("GET", "/reason"),
    ("GET", "/status/204"),
    ("HEAD", "/text"),
    ("POST", "/echo", b"a=1&b=%C3%A9", [("Content-Type", "application/x-www-form-urlencoded")]),
    ("POST", "/echo", '{"text": "é\\nü"}'.encode(), [("Content-Type", "application/json")]),
    ("PUT", "/echo", b"several\n\tlines \n\nof text\n", [("Content-Type", "text/plain"), ("X-Own", "1")]),
    ("DELETE", "/echo"),
]
BINARY = [
    ("GET", "/bytes/300"),
    ("GET", "/chunked"),
    ("POST", "/echo", b"\x00\xff\xfe\r\n", [("Content-Type", "application/octet-stream")]),
]
GZIP = [("GET", "/gzip")]
CLIENTS = (through_urllib, through_requests, through_httplib2)

#: Suffix of the cassette, whether bodies are decoded for it, who makes which requests. VCR.py hands requests a gzip
#: body as it stands in the cassette, and requests wants the one that it has once decoded: so decoded it is.
ROUNDS = [
    ("", False, CLIENTS, TEXT + BINARY),
    (".gzip", False, (through_urllib, through_httplib2), GZIP),
    (".decoded", True, (through_requests, through_httplib2), GZIP),
]


def main(mode, base, cassette, serializer):
    # VCR.py's JSON holds no bytes.
    rounds = [("", False, CLIENTS, TEXT)] if serializer == "json" else ROUNDS
    results = []
    for suffix, decode, clients, exchanges in rounds:
        options = {
            "serializer": serializer,
            "record_mode": "once" if mode == "record" else "none",
            "match_on": ["method", "scheme", "host", "port", "path", "query", "body"],
            "decode_compressed_response": decode,
        }
        with vcr.use_cassette(cassette + suffix, **options) as opened:
            for through in clients:
                for method, path, *rest in exchanges:
                    results.append([through.__name__, method, path, through(method, base + path, *rest)])
            results.append(["recorded", len(opened)])
            if mode == "replay":
                assert opened.play_count == len(opened)
    print(json.dumps({"version": vcr.__version__, "results": results}))


if __name__ == "__main__":
    main(*sys.argv[1:])
