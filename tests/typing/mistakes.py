"""Mistakes, each of which type checkers must report in its line: those that end in ``# mistake``."""

from __future__ import annotations

import vcr
from vcr.betamax.cassette.interaction import Interaction
from vcr.request import Request
from vcr.response import ResponseDict
from vcr.util import CaseInsensitiveDict

vcr.VCR(recordmode="none")  # mistake
vcr.VCR(record_mode="onec")  # mistake
vcr.VCR(filter_headers=7)  # mistake
vcr.use_cassette("tape.yaml", match_ons=["method"])  # mistake
vcr.use_cassette("tape.yaml", match_on=[7])  # mistake
vcr.use_cassette(7)  # mistake
vcr.use_cassette("tape.yaml", before_record_request=lambda: None)  # mistake
vcr.recover("tape.yaml", jurnal=True)  # mistake
vcr.Cassette("tape.yaml", record_mode="onec")  # mistake
vcr.Cassette("tape.yaml", jurnal=True)  # mistake
vcr.Cassette.load(path="tape.yaml", match_on=7)  # mistake
vcr.Cassette("tape.yaml").get_metadata("seed", 5).upper()  # mistake
vcr.use_cassette("tape.yaml", child_processes="joins")  # mistake

with vcr.use_cassette("tape.yaml") as cassette:
    cassette.no_such_method()  # mistake
    cassette.append("GET", {})  # mistake
    cassette.requests[0].uril  # mistake  # noqa: B018


@vcr.use_cassette("tape.yaml")
def function(number: int) -> str:
    return str(number)


@vcr.use_cassette
def bare(number: int) -> str:
    return str(number)


function("one")  # mistake
bare("one")  # mistake
total: int = function(1)  # mistake


def request_hook(request: Request) -> Request:
    request.heders["A"] = "b"  # mistake
    return request


def response_hook(response: ResponseDict) -> ResponseDict:
    response["statsu"] = {"code": 200}  # mistake
    return response


def interaction_hook(interaction: Interaction) -> None:
    interaction.data["request"]["header"] = {}  # mistake


CaseInsensitiveDict({"Age": 1})["age"].upper()  # mistake
