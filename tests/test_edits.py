"""Replacements in one text."""

from __future__ import annotations

from vcr._http.edits import Edits


def test_what_is_first_keeps_its_place():
    edits = Edits(b"0123456789")
    edits.add(4, 6, b"x")
    edits.keep(8, 9)
    assert [edits.are_free(*span) for span in ((0, 4), (3, 5), (6, 8), (7, 9), (5, 5))] == [
        True,
        False,
        True,
        False,
        False,
    ]
    edits.add(0, 1, b"")
    assert edits.made() == b"123x6789"
