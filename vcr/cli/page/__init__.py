"""Makes the page of ``vcr html``: one HTML text that shows cassettes in a browser, and loads nothing.

The page is the files beside this one, put together: ``page.html``, ``page.css`` and the scripts. What is in the
cassettes stands in two data blocks, as JSON. Any server may have sent it, so that no text of it may become markup or
code: ``<`` is escaped in the data, a Content-Security-Policy allows these scripts only, by their hashes, and they set
text as text only.

It must not know files of the user, and it prints nothing.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files

from ... import __version__
from ...response import Response
from .. import bodies, comparing, shell
from ..facts import as_json, body_as_json, facts
from ..reading import NumberedInteraction, ReadCassette

#: In the order in which they run: each uses those before it.
SCRIPTS = ("dom.js", "data.js", "search.js", "json.js", "body.js", "list.js", "diff.js", "page.js")

#: What each page of this package has near its beginning.
_MARK = '<meta name="generator" content="vcr '
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_page(beginning: str) -> bool:
    """Whether a file that begins like this is a page that was made here."""
    return _MARK in beginning


def page(cassettes: Sequence[ReadCassette]) -> Iterator[str]:
    """The page, in parts."""
    style, scripts = source("page.css"), [source(name) for name in SCRIPTS]
    filled: Mapping[str, Iterable[str]] = {
        "mark": [f'{_MARK}{__version__}">'],
        "policy": [_policy(style, scripts)],
        "title": [html.escape(cassettes[0].path if len(cassettes) == 1 else f"{len(cassettes):,} cassettes")],
        "style": [style],
        "index": [_escaped(_index(cassettes))],
        "interactions": _lines(one for cassette in cassettes for one in cassette.interactions),
        "scripts": (f"<script>{script}</script>\n" for script in scripts),
    }
    # Every second part is the name of what stands in that place.
    for number, part in enumerate(_PLACE.split(source("page.html"))):
        yield from filled[part] if number % 2 else [part]


def source(name: str) -> str:
    """One of the files of which the page is made."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, scripts: Iterable[str]) -> str:
    """What the browser may run and load: what is in the page, and nothing else."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_hash, scripts))}",
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


# -- what is in the cassettes ------------------------------------------------------------------------------------------


def _escaped(data: object) -> str:
    """Data as JSON, in one line, that neither ends a script element nor begins a comment in it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str).replace("<", "\\u003c")
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _lines(interactions: Iterable[NumberedInteraction]) -> Iterator[str]:
    """Each interaction in full, one a line: the page reads a line when it is needed."""
    for number, interaction in enumerate(interactions):
        yield ("\n" if number else "") + _escaped(_in_full(interaction))


def _in_full(interaction: NumberedInteraction) -> dict[str, object]:
    return {
        **as_json(interaction, _body),
        "curl": shell.curl(interaction.request),
        "timings": _timings(interaction.response),
    }


def _body(body: bodies.Body) -> dict[str, object]:
    """A body, and what a browser need not find out by itself."""
    data = {**body_as_json(body), "media": body.media, "description": body.description}
    if body.kind in (bodies.XML, bodies.MULTIPART):
        data["laid_out"] = bodies.pretty(body)
    elif body.kind == bodies.FORM_FIELDS:
        data["fields"] = bodies.form(body.text or "")
    elif body.kind == bodies.EVENTS:
        data["events"] = [event._asdict() for event in bodies.events(body.text or "")]
    return data


def _index(cassettes: Sequence[ReadCassette]) -> dict[str, object]:
    """What the list shows, and what is chosen by."""
    return {
        "cassettes": [cassette.path for cassette in cassettes],
        "interactions": [_row(place, one) for place, cassette in enumerate(cassettes) for one in cassette.interactions],
        "volatile": sorted(comparing.VOLATILE),
    }


def _row(place: int, interaction: NumberedInteraction) -> dict[str, object]:
    """A row of the list. ``start``: milliseconds since 1970. ``duration``: milliseconds; ``received``: those of them in
    which the response came in. None where the cassette does not know."""
    recorded_at = interaction.response.recorded_at
    return {
        **facts(interaction)._asdict(),
        "cassette": place,
        "host": interaction.request.parsed_uri.netloc.rpartition("@")[2],
        "start": None if recorded_at is None else round(recorded_at.timestamp() * 1000),
        "duration": _milliseconds(_kept_by_har(interaction.response).get("time")),
        "received": _timings(interaction.response).get("receive"),
    }


#: Of an exchange, as a HAR file has them, in the order in which they come. (``ssl`` is a part of ``connect``.)
_PHASES = ("blocked", "dns", "connect", "send", "wait", "receive")


def _kept_by_har(response: Response) -> Mapping[str, object]:
    """What a HAR file knows of the exchange (``vcr/formats/har.py``)."""
    kept = response.beside.get("har")
    return kept if isinstance(kept, Mapping) else {}


def _timings(response: Response) -> dict[str, float]:
    """How many milliseconds each phase took, but for those that took none."""
    timings = _kept_by_har(response).get("timings")
    times = [(name, _milliseconds(timings.get(name))) for name in _PHASES] if isinstance(timings, Mapping) else []
    return {name: time for name, time in times if time}


def _milliseconds(value: object) -> float | None:
    """A time of a HAR file; None for one that is not known, which is -1 there."""
    return value if isinstance(value, (int, float)) and math.isfinite(value) and value >= 0 else None
