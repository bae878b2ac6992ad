"""boto3, and aioboto3, which is the same over aiohttp: objects in S3, in pieces and by threads, items in DynamoDB."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing

import pytest

from tests.server import all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import answer, asked

boto3 = pytest.importorskip("boto3")
exceptions = pytest.importorskip("botocore.exceptions")

from boto3.s3.transfer import TransferConfig  # noqa: E402
from botocore.config import Config  # noqa: E402

OBJECTS = {f"key-{number}": all_bytes(30_000 + number) for number in range(5)}
LARGE = all_bytes(5 * 2**20 + 1)  # S3 takes no smaller part than 5 MiB, but for the last one
KEYS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "eu-central-1"}


@pytest.fixture(autouse=True)
def s3(server):
    kept, parts = {}, {}

    def xml(exchange, tag, content, status=200):
        exchange.respond(status, [("content-type", "application/xml")], f"<{tag}>{content}</{tag}>".encode())

    def page(exchange, query):
        after = [key for key in sorted(kept) if key > query.get("continuation-token", "")]
        listed = after[: int(query["max-keys"])]
        contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in listed)
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{listed[-1]}</NextContinuationToken>"
        xml(exchange, "ListBucketResult", contents + (more if after != listed else ""))

    def bucket(exchange, key=""):
        method, query = exchange.request.method, dict(exchange.request.query)
        if method == "PUT":
            (parts if "partNumber" in query else kept)[query.get("partNumber", key)] = exchange.request.body
            exchange.respond(200, [("ETag", f'"{hashlib.sha256(exchange.request.body).hexdigest()}"')])
        elif "uploads" in query:
            xml(exchange, "InitiateMultipartUploadResult", "<UploadId>1</UploadId>")
        elif "uploadId" in query:
            kept[key] = b"".join(parts[number] for number in sorted(parts))
            xml(exchange, "CompleteMultipartUploadResult", f"<Key>{key}</Key>")
        elif not key:
            page(exchange, query)
        elif key in kept:
            exchange.respond(200, [("content-type", "application/octet-stream")], kept[key])
        else:
            xml(exchange, "Error", "<Code>NoSuchKey</Code><Message>It is gone.</Message>", 404)

    server.route("/bucket", bucket)


@pytest.fixture(autouse=True)
def dynamodb(server):
    kept = {}

    def put_item(sent):
        kept[sent["Item"]["id"]["S"]] = sent["Item"]
        return {}

    def get_item(sent):
        found = kept.get(sent["Key"]["id"]["S"])
        return {} if found is None else {"Item": found}

    operations = {"PutItem": put_item, "GetItem": get_item}

    def table(exchange):
        _, _, operation = exchange.request.get("X-Amz-Target").partition(".")
        answer(exchange, operations[operation](asked(exchange)))

    server.route("/", table)


def service(module, kind, name, url):
    """A client or a resource."""
    config = Config(retries={"total_max_attempts": 1}, read_timeout=10, s3={"addressing_style": "path"})
    return getattr(module.Session(**KEYS), kind)(name, endpoint_url=url, config=config)


def test_objects_are_put_listed_and_got_in_pieces(twice, server):
    def act(url):
        with closing(service(boto3, "client", "s3", url)) as s3:
            tags = [s3.put_object(Bucket="bucket", Key=key, Body=body)["ETag"] for key, body in OBJECTS.items()]
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket", PaginationConfig={"PageSize": 2})
            listed = [each["Key"] for page in pages for each in page["Contents"]]
            pieces = [list(s3.get_object(Bucket="bucket", Key=key)["Body"].iter_chunks(8192)) for key in listed]
            with pytest.raises(s3.exceptions.NoSuchKey) as caught:
                s3.get_object(Bucket="bucket", Key="none")
            return tags, listed, pieces, caught.value.response["Error"]

    _, listed, pieces, error = twice(act)
    assert {key: b"".join(each) for key, each in zip(listed, pieces, strict=True)} == OBJECTS
    assert error == {"Code": "NoSuchKey", "Message": "It is gone."}
    assert server.hits == 5 + 3 + 5 + 1


def test_threads_upload_the_parts_of_an_object(twice, server):
    def act(url):
        config = TransferConfig(multipart_threshold=1, multipart_chunksize=5 * 2**20, max_concurrency=2)
        with closing(service(boto3, "client", "s3", url)) as s3:
            s3.upload_fileobj(io.BytesIO(LARGE), "bucket", "large", Config=config)
            return s3.get_object(Bucket="bucket", Key="large")["Body"].read()

    assert twice(act, serializer="json") == LARGE
    assert server.hits == 1 + 2 + 1 + 1


def test_items_are_kept_in_a_table(twice):
    def act(url):
        dynamodb = service(boto3, "resource", "dynamodb", url)
        with closing(dynamodb.meta.client):
            table = dynamodb.Table("books")
            for number in range(3):
                table.put_item(Item={"id": str(number), "pages": 100 * number, "cover": b"\xff\x00"})
            return [table.get_item(Key={"id": key}).get("Item") for key in "0122x"]

    items = twice(act)
    assert [item and item["pages"] for item in items] == [0, 100, 200, 200, None]
    assert bytes(items[0]["cover"]) == b"\xff\x00"


def test_the_same_asynchronously(twice):
    aioboto3 = pytest.importorskip("aioboto3")

    async def act(url):
        async with service(aioboto3, "client", "s3", url) as s3:
            for key, body in OBJECTS.items():
                await s3.put_object(Bucket="bucket", Key=key, Body=body)
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bucket", PaginationConfig={"PageSize": 2})
            listed = [each["Key"] async for page in pages for each in page["Contents"]]
            pieces = []
            for key in listed:
                body = (await s3.get_object(Bucket="bucket", Key=key))["Body"]
                pieces.append([piece async for piece in body.iter_chunks(8192)])
            with pytest.raises(s3.exceptions.NoSuchKey) as caught:
                await s3.get_object(Bucket="bucket", Key="none")
            return listed, pieces, caught.value.response["Error"]["Code"]

    listed, pieces, error = twice(act)
    assert {key: b"".join(each) for key, each in zip(listed, pieces, strict=True)} == OBJECTS
    assert error == "NoSuchKey"


def test_tasks_upload_the_parts_of_an_object(twice, server):
    aioboto3 = pytest.importorskip("aioboto3")

    async def act(url):
        config = TransferConfig(multipart_threshold=10_000, multipart_chunksize=10_000, io_chunksize=10_000)
        async with service(aioboto3, "client", "s3", url) as s3:
            await s3.upload_fileobj(io.BytesIO(LARGE[:50_000]), "bucket", "large", Config=config)
            return await (await s3.get_object(Bucket="bucket", Key="large"))["Body"].read()

    assert twice(act) == LARGE[:50_000]
    assert server.hits == 1 + 5 + 1 + 1


def test_items_are_kept_asynchronously(twice):
    aioboto3 = pytest.importorskip("aioboto3")

    async def act(url):
        async with service(aioboto3, "resource", "dynamodb", url) as dynamodb:
            table = await dynamodb.Table("books")
            await table.put_item(Item={"id": "1", "pages": 100})
            return [(await table.get_item(Key={"id": key})).get("Item") for key in "1x"]

    assert twice(act) == [{"id": "1", "pages": 100}, None]


def test_a_refusal_is_wrapped_with_all_it_says(missed):
    def act(url):
        with closing(service(boto3, "client", "s3", url)) as s3:
            s3.get_object(Bucket="bucket", Key="none")

    error, refused = missed(act, exceptions.HTTPClientError)
    assert isinstance(error.__context__, CannotOverwriteExistingCassetteException)
    assert str(error.__context__) in str(error)
    assert refused == ["/bucket/none"]


def test_an_asynchronous_refusal_is_wrapped_too(missed):
    aioboto3 = pytest.importorskip("aioboto3")

    async def act(url):
        async with service(aioboto3, "client", "s3", url) as s3:
            await s3.get_object(Bucket="bucket", Key="none")

    error, refused = missed(act, exceptions.HTTPClientError)
    assert isinstance(error.__context__, CannotOverwriteExistingCassetteException)
    assert refused == ["/bucket/none"]
