"""A URI taken apart gives what the standard library gives, and costs what it is long."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcr._http import uri

ODD = "http:/sH?#;@[]:%80a .\t\n\\é"


@given(st.text(st.sampled_from(ODD), max_size=12), st.sampled_from(["http://", "https://h", "http://h:80/", ""]))
def test_a_uri_is_split_as_the_standard_library_splits_it(text, start):
    def parts(split):
        try:
            return split(start + text)
        except ValueError:
            return "no URI"

    assert parts(uri.split) == parts(urlsplit)


@given(st.text(st.sampled_from(ODD), max_size=12))
def test_a_plain_path_is_the_path(text):
    address = f"http://h{text}"
    path = uri.plain_path(address)
    assert path is None or path == (urlsplit(address).path or "/")


@pytest.mark.parametrize(
    ("scheme", "host", "port", "origin"),
    [
        ("http", "h", None, "http://h"),
        ("http", "h", 80, "http://h"),
        ("https", "h", 80, "https://h:80"),
        ("https", "H.example", 443, "https://H.example"),
        ("http", "::1", 8080, "http://[::1]:8080"),
        ("http", "[::1]", 80, "http://[::1]"),
    ],
)
def test_the_origin_of_a_server(scheme, host, port, origin):
    assert uri.origin(scheme, host, port) == origin
    assert uri.origin_of(f"{origin}/path?query#f") == origin
    assert uri.origin_of(f"{scheme}://user:pass@{uri.authority(scheme, host, port)}/") == origin


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("http://h:80", "http://h"),
        ("http://h:80/a:80", "http://h/a:80"),
        ("https://u:p@h:443?q", "https://u:p@h?q"),
        ("http://h:8080/", "http://h:8080/"),
        ("http://h:443/", "http://h:443/"),
        ("http://[::80]/", "http://[::80]/"),
        ("/path:80", "/path:80"),
    ],
)
def test_a_port_that_goes_without_saying_is_left_out(given, wanted):
    assert uri.without_default_port(given) == wanted


@pytest.mark.parametrize("part", ["a", ".", ":", "/", "@", "%41", "?", "=&", "a:b@", "[", "\x7f"])
def test_a_long_uri_costs_what_it_is_long(part):
    """A pattern that tried every way to cut it would not come to its end before the test's time is over."""
    long = f"http://h{part * 300_000}\n"
    assert uri.plain_path(long) is None
    assert uri.without_default_port(long) == long
    assert uri.is_absolute(long)
    assert not uri.is_absolute("a" * 300_000 + ":")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://user:pw@h/a?token=1#b", "http://h/a"),
        ("ws://h:81/a@b", "ws://h:81/a@b"),
        ("http://h?a=http://u:p@x", "http://h"),
        ("h/a?b", "h/a"),
    ],
)
def test_a_bare_uri_has_nothing_that_may_be_a_secret(address, shown):
    assert uri.bare(address) == shown
