"""Run by VCR.py's interpreter and by ours: ``python filtered.py``. It filters the requests that are given to it.

Standard input is a JSON list of ``[filter, uri, content type, body in latin-1, replacements, options]``. Standard
output is a JSON list of what each filter has left: ``[uri, headers, body in latin-1]``, or null where it raised.
"""

import json
import sys

from vcr import filters
from vcr.request import Request


def filtered(case):
    name, uri, content_type, body, replacements, options = case
    headers = {"X-Key": "SECRET", **({"Content-Type": content_type} if content_type else {})}
    request = Request("POST", uri, body.encode("latin-1"), headers)
    try:
        left = getattr(filters, name)(request, [tuple(pair) for pair in replacements], **options)
    except Exception:  # noqa: BLE001  (whatever it is, VCR.py's user would have seen it)
        return None
    return [left.uri, sorted(left.headers.items()), left.body.decode("latin-1")]


if __name__ == "__main__":
    print(json.dumps([filtered(case) for case in json.load(sys.stdin)]))
