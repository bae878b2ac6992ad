"""What type checkers must accept: the main uses of the public names. Nobody runs this file."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Session
from yaml import MappingNode, SafeLoader

import vcr
from vcr.betamax import BaseMatcher, BaseSerializer, Betamax
from vcr.betamax.cassette.interaction import Interaction
from vcr.betamax.decorator import use_cassette
from vcr.cassette import Cassette
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.persisters.filesystem import FilesystemPersister
from vcr.persisters.readonly import ReadOnlyPersister
from vcr.request import Request
from vcr.response import ResponseDict
from vcr.serializers import jsonserializer
from vcr.serializers.yamlserializer import with_custom_tags
from vcr.unittest import VCRTestCase
from vcr.util import CaseInsensitiveDict


def without_token(request: Request) -> Request | None:
    if request.path == "/token":
        return None
    request.headers["Authorization"] = "hidden"
    return request


def without_cookie(response: ResponseDict) -> ResponseDict:
    response["headers"].pop("Set-Cookie", None)
    return response


def with_plain_types(response: dict[str, Any]) -> dict[str, Any]:
    response["mine"] = 1
    return response


def save_with_plain_types(request: Request, response: dict[str, Any]) -> tuple[Request, dict[str, Any]]:
    return request, with_plain_types(response)


def same_tenant(r1: Request, r2: Request) -> bool:
    return r1.headers.get("Tenant") == r2.headers.get("Tenant")


def save(request: Request, response: ResponseDict, cassette: Cassette) -> tuple[Request, ResponseDict] | None:
    return (request, response) if cassette.path else None


recorder = vcr.VCR(
    record_mode="new_episodes",
    cassette_library_dir=Path("cassettes"),
    path_transformer=vcr.VCR.ensure_suffix(".yaml"),
    match_on=["method", "uri", same_tenant],
    filter_headers=["Authorization", ("X-Api-Key", "KEY"), ("X-Other", None)],
    filter_query_parameters={"token": "TOKEN"},
    filter_sensitive_data={"<KEY>": "secret", "<OTHER>": lambda request, response: "other"},
    ignore_hosts=["localhost", re.compile(r".*\.internal")],
    before_record_request=without_token,
    before_record_response=[without_cookie, with_plain_types],
    before_save_interaction=[save, save_with_plain_types],
    re_record_interval=timedelta(days=30),
    persister=FilesystemPersister,
    serializer=jsonserializer,
)
recorder.register_matcher("tenant", same_tenant)
recorder.register_serializer("own", jsonserializer)
recorder.record_mode = vcr.mode.NONE

with recorder.use_cassette("one.yaml", record_mode=vcr.RecordMode.ALL, allow_playback_repeats="last") as cassette:
    count: int = cassette.play_count
    requests: list[Request] = cassette.requests
    for request, response in cassette.data:
        uri: str = request.uri
        code: int = response["status"]["code"]
        body: bytes | str = response["body"]["string"]
    cassette.append(requests[0], {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b""}})
    cassette.rewind()


@vcr.use_cassette("two.yaml")
def function(number: int, *, text: str = "") -> list[str]:
    return [text] * number


@vcr.use_cassette
def bare(number: int) -> str:
    return str(number)


@recorder.use_cassette()
async def coroutine(number: int) -> str:
    async with vcr.use_cassette(Path("three.yaml")) as inner:
        return f"{number} {inner.all_played}"


@vcr.use_cassette("four.yaml")
def generator() -> Iterator[int]:
    yield 1


@vcr.use_cassette("five.yaml")
async def async_generator() -> AsyncIterator[int]:
    yield 1


@vcr.use_cassette("six.yaml")
class TestClass:
    def test_method(self) -> None: ...


class TestCase(VCRTestCase):
    def _get_vcr_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {"record_mode": "none", **kwargs}


result: list[str] = function(2, text="a")
text: str = bare(1)
TestClass().test_method()


async def run() -> str:
    async for _ in async_generator():
        pass
    return await coroutine(sum(generator()))


def refused(error: CannotOverwriteExistingCassetteException) -> str:
    return f"{error.failed_request.uri} {error.reason} {len(error.similar_requests)}"


carried = vcr.carry(bare)
again: str = carried(1)

made = Cassette("tape.yaml", jsonserializer, FilesystemPersister, "none", journal=True)
loaded = Cassette.load(path="tape.yaml", match_on=["uri", same_tenant], inject=True, child_processes="join")
seed: int = made.get_metadata("seed", 5)


# -- what programs write for this package, with types of their own ----------------------------------------------------


class InMemory:
    def load_cassette(self, cassette_path: str, serializer: Any) -> tuple[list[Request], list[ResponseDict]]:
        return [], []

    def save_cassette(self, cassette_path: str, cassette_dict: dict[str, Any], serializer: Any) -> None: ...


def header(loader: SafeLoader, node: MappingNode) -> dict[str, str]:
    return {str(key): str(value) for key, value in loader.construct_mapping(node).items()}


def is_test(name: str, method: staticmethod[..., None]) -> bool:
    return name.startswith("test")


recorder.register_persister(ReadOnlyPersister(InMemory()))
recorder.register_serializer("tags", with_custom_tags({"!header": header}))
recorder.test_case(is_test)
ages = CaseInsensitiveDict({"Age": 1})
age: int = ages["age"]


# -- Betamax ----------------------------------------------------------------------------------------------------------


class SameTenant(BaseMatcher):
    name = "tenant"

    def match(self, request: PreparedRequest, recorded_request: Mapping[str, Any]) -> bool:
        return bool(request.headers.get("Tenant") == recorded_request["headers"].get("Tenant"))


class Plain(BaseSerializer):
    name = "plain"

    def serialize(self, cassette_data: Mapping[str, Any]) -> str:
        return str(cassette_data)

    def deserialize(self, cassette_data: str) -> dict[str, Any]:
        return {"http_interactions": [cassette_data]}


def hide(interaction: Interaction) -> None:
    interaction.data["request"]["headers"]["Authorization"] = ["hidden"]
    interaction.data["response"]["body"]["string"] = interaction.recorded_at.isoformat()


@use_cassette("seven", record="none")
def with_session(session: Session, number: int) -> str:
    return session.get("http://localhost/").text * number


Betamax.register_request_matcher(SameTenant)
Betamax.register_serializer(Plain)
with Betamax.configure() as configuration:
    configuration.before_record(callback=hide)
    configuration.default_cassette_options["match_requests_on"].append("tenant")
with Betamax(Session()).use_cassette("eight") as betamax:
    where: str = betamax.current_cassette.cassette_path if betamax.current_cassette is not None else ""
seen: str = with_session(2)
