"""Run by VCR.py's interpreter: ``python matched.py``. It says of two requests whether a matcher takes them for equal.

Standard input has a JSON list in each line, ``[matcher, request, request]``, where a request is ``[method, uri, body in
latin-1 or null, headers]``. Standard output has, for each line, true or false; null where the matcher raised an error.
"""

import json
import sys

from vcr import matchers
from vcr.request import Request


def equal(name, *requests):
    made = [Request(method, uri, body and body.encode("latin-1"), headers) for method, uri, body, headers in requests]
    try:
        getattr(matchers, name)(*made)
    except AssertionError:
        return False
    except Exception:  # noqa: BLE001  (it is no word on whether they are equal)
        return None
    return True


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(equal(*json.loads(line))), flush=True)
