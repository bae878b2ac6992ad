"""The views of a text, as the head of the module shows them; and what they leave out of a long text."""

from __future__ import annotations

from vcr._http.views import views

TEXT = rb'{"to": "/?key=a%2Fb\u0021"}'


def test_each_escape_is_undone_in_each_view():
    assert [(view.data, view.step) for view in views(TEXT)] == [
        (TEXT, ""),
        (b'{"to": "/?key=a%2Fb!"}', "j"),
        (b'{"to": "/?key=a/b!"}', "p"),
        (rb'{"to": "/?key=a/b\u0021"}', "p"),
        (b'{"to": "/?key=a/b!"}', "j"),
    ]


def test_a_view_knows_where_it_stands_in_the_text_and_escapes_other_bytes_so():
    view = list(views(TEXT))[2]
    start = view.data.index(b"a/b!")
    first, last = view.span(start, start + 4)
    assert TEXT[first:last] == rb"a%2Fb\u0021"
    assert view.escape(b"c/d", start, start + 4) == b"c%2Fd"


def test_what_is_far_from_an_escape_is_left_out_and_places_stay():
    text = b"x" * 100 + b"a%2Fb" + b"y" * 100 + b"c%2Fd" + b"z" * 100
    view = list(views(text, near=3))[1]
    assert view.data == b"\0\n\0xxa/byy\0\n\0yyc/dzz"
    at = view.data.index(b"c/d")
    assert text[slice(*view.span(at, at + 3))] == b"c%2Fd"
