"""What holds of any input holds of the seeds that the fuzzer begins with, which need no fuzzer (see tests/fuzz)."""

from __future__ import annotations

import pytest

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_of_untrusted_input_reads_its_seeds_whole_and_cut_anywhere(name):
    target = TARGETS[name]
    for seed in target.seeds():
        target.check(seed)
        for end in range(0, len(seed), max(1, len(seed) // 50)):
            target.check(seed[:end])
