"""What holds of any input holds of the seeds that the fuzzer begins with, which need no fuzzer; and what holds of any
exchange holds of the first ones that the fuzzer of exchanges makes up, and of those that once differed (see
tests/fuzz)."""

from __future__ import annotations

import pytest

from tests.clients.entries.aiohttp import VERSION
from tests.fuzz.exchanges import CLIENTS, case, differences
from tests.fuzz.targets import TARGETS

#: Exchanges that once differed, by their seed.
DIFFERED = {
    "a-130": "a chunk of which only the line break was missing",
    "a-993": "the same, read line by line",
    "a-437": "no chunk, and a size that ends in a bare line feed",
    "b-8835": "a second answer whose first line is no status line, and no blank line behind it",
    "b-1005": "the same, behind a 103",
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_of_untrusted_input_reads_its_seeds_whole_and_cut_anywhere(name):
    target = TARGETS[name]
    for seed in target.seeds():
        target.check(seed)
        for end in range(0, len(seed), max(1, len(seed) // 50)):
            target.check(seed[:end])


@pytest.mark.parametrize("client", CLIENTS)
def test_an_exchange_looks_the_same_live_recorded_and_replayed(client, tmp_path):
    pytest.importorskip(client)
    names = [*DIFFERED, *(f"suite-{number}" for number in range(60))]
    found, compared = differences(client, [case(name) for name in names], tmp_path / "cassette.yaml")
    if client == "aiohttp" and VERSION < (3, 10):
        found = [one for one in found if _without_words(one.live) != _without_words(one.seen)]
    assert not found, "\n".join(f"{one.case} {one.when}: {one.live} != {one.seen}" for one in found)
    assert compared > len(names) * 0.9


def _without_words(seen):
    """What was seen, without the words of the parser's error: aiohttp 3.9 makes the error anew, of its class alone,
    before vcr sees it."""
    return [(name, [*told[:-1], told[-1].partition(": ")[0]] if name == "error" else told) for name, told in seen]
