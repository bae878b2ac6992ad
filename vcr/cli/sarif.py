"""Findings of secrets as SARIF 2.1.0 (OASIS), for code-scanning services. It must not know how they are found."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from .. import __version__
from .scanning import Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def document(findings: Sequence[Finding]) -> dict[str, object]:
    """The document, as plain data: one run with one result a finding."""
    ids = sorted({found.rule for found in findings})
    rules = [{"id": name, "shortDescription": {"text": f"{_words(name)} in a cassette"}} for name in ids]
    driver = {"name": "vcr scan", "version": __version__, "rules": rules}
    results = [_result(found, ids.index(found.rule)) for found in findings]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(found: Finding, rule: int) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(found.path)}}
    if found.line is not None:
        place["region"] = {"startLine": found.line}
    text = f"{_words(found.rule)} in the {found.place} of interaction {found.interaction}"
    return {
        "ruleId": found.rule,
        "ruleIndex": rule,
        "level": "note" if found.mended else "error",
        "message": {"text": f"{text}; masked" if found.mended else text},
        "locations": [{"physicalLocation": place}],
    }


def _words(rule: str) -> str:
    return rule.replace("_", " ").capitalize()


def _uri(path: str) -> str:
    """An absolute path as a file's URI, another one relative to where the command was started."""
    return Path(path).as_uri() if os.path.isabs(path) else quote(Path(path).as_posix())
