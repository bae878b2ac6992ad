"""No planted secret is found in a byte that is written.

Here the clients share the cases: each case is planted with one of them. ``python -m tests.secrets`` plants every case
with every client, and prints the table.
"""

from __future__ import annotations

import pytest

from tests.secrets.planted import CLIENTS, OPTIONS, planted

pytestmark = pytest.mark.filterwarnings("ignore:filter_post_data_parameters:vcr.errors.VCRWarning")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("option", OPTIONS)
def test_no_secret_is_found_in_what_is_written(option, client, server, tmp_path):
    share = slice(list(CLIENTS).index(client), None, len(CLIENTS))
    number, leaks = planted(option, client, server, tmp_path, part=share)
    assert number > 0
    assert leaks == []


@pytest.mark.parametrize("option", OPTIONS)
def test_the_search_finds_them_where_nothing_is_filtered(option, server, tmp_path):
    number, leaks = planted(option, "http.client", server, tmp_path, filtered=False, part=slice(None, None, 2))
    found = {leak.what for leak in leaks if leak.where == "file"}
    # (Of the bodies, one is compressed in a way that nobody here can undo.)
    assert number - len(found) <= 1
    assert {leak.where for leak in leaks} >= {"file", "journal", "temporary file"}
