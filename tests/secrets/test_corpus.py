"""The rules of the sanitizer at work: nothing that was planted is written, and nothing ordinary is masked.

Here it is one secret of each of some kinds, in one place each; ``python -m tests.secrets`` plants all in all places.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.cli.running import CASSETTES
from tests.secrets.corpus import everything, sample
from tests.secrets.ordinary import everyday, ordinary
from tests.secrets.planted import BETAMAX, CLIENTS, leaks
from vcr.cli.reading import cassette
from vcr.errors import CassetteLoadError
from vcr.sanitize import shapes
from vcr.sanitize.defaults import RULES
from vcr.sanitize.masking import Sanitizer

RECORDED_WITH = [*CLIENTS, BETAMAX]


@pytest.mark.parametrize("client", RECORDED_WITH)
def test_no_planted_secret_is_written(client, server, tmp_path):
    planted = [(one.secret, one.case) for one in sample(seed=RECORDED_WITH.index(client), count=30)]
    assert leaks({"sanitize": True}, planted, client, server, tmp_path) == []


def test_the_search_finds_them_where_nothing_is_masked(server, tmp_path):
    planted = [(one.secret, one.case) for one in sample(seed=9, count=30)]
    found = leaks({"sanitize": False}, planted, "http.client", server, tmp_path)
    assert {leak.what for leak in found if leak.where == "file"} == {case.what for _, case in planted}


def test_the_corpus_has_each_rule_in_each_place():
    kinds = Counter(one.kind for one in everything())
    assert len(kinds) > 120
    assert {rule.name for rule in shapes.RULES} <= kinds.keys()


def test_ordinary_traffic_is_left_alone():
    for number, (request, response) in enumerate([*ordinary(200), *everyday()]):
        kept, data, masked = Sanitizer(RULES).pair(request, response)
        assert (number, masked) == (number, [])
        assert (kept.uri, kept.headers.pairs(), kept.body) == (request.uri, request.headers.pairs(), request.body)
        assert data == response.data


def test_of_golden_cassettes_the_signature_of_a_request_to_s3_is_masked_and_nothing_else():
    found = Counter()
    for path in sorted(CASSETTES.iterdir()):
        try:
            interactions = cassette(str(path)).interactions
        except CassetteLoadError:
            continue
        for one in interactions:
            found.update(Sanitizer(RULES).pair(one.request, one.response)[2])
    assert {(one.rule, one.place) for one in found} <= {
        ("ACCESS_TOKEN", "request header Authorization"),
        ("SIGNATURE", "request header Authorization"),
    }
