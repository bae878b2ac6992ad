"""botocore, which waits for ``100 Continue`` with its own connection classes."""

from __future__ import annotations

import pytest

import vcr
from tests.server import all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException

boto3 = pytest.importorskip("boto3")
botocore = pytest.importorskip("botocore")

CONTENT = all_bytes(50_000)


@pytest.fixture
def bucket(server):
    """Enough of S3 to put an object and to get it back."""
    kept = {}

    def handler(exchange, name):
        if exchange.request.method == "PUT":
            kept[name] = exchange.request.body
            exchange.respond(200, [("ETag", '"1"')])
        else:
            exchange.respond(200, [("ETag", '"1"')], kept[name])

    server.route("/bucket", handler)
    return server


@pytest.fixture
def s3():
    """Makes S3 clients for an endpoint; closes them."""
    made = []

    def s3(endpoint):
        config = botocore.config.Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required",
            read_timeout=20,
        )
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
        made.append(boto3.client("s3", endpoint_url=endpoint, config=config, **keys))
        return made[-1]

    yield s3
    for client in made:
        client.close()


def _put_and_get(client):
    client.put_object(Bucket="bucket", Key="object", Body=CONTENT)
    return client.get_object(Bucket="bucket", Key="object")["Body"].read()


def test_an_object_is_put_and_got_back(bucket, s3, cassette_path):
    assert _put_and_get(s3(bucket.url)) == CONTENT
    (live, _) = bucket.requests
    bucket.requests.clear()
    with vcr.use_cassette(cassette_path) as recording:
        assert _put_and_get(s3(bucket.url)) == CONTENT
    (sent, _) = bucket.requests
    assert sent.body == live.body == recording.requests[0].body == CONTENT
    assert [name for name, _ in sent.headers] == [name for name, _ in live.headers]
    assert sent.get("Expect") == recording.requests[0].headers["Expect"] == "100-continue"
    bucket.close()
    with vcr.use_cassette(cassette_path, record_mode="none") as cassette:
        assert _put_and_get(s3(bucket.url)) == CONTENT
    assert cassette.all_played


def test_a_client_from_before_the_cassette_and_after_it(bucket, s3, cassette_path):
    client = s3(bucket.url)
    assert _put_and_get(client) == CONTENT
    with vcr.use_cassette(cassette_path) as cassette:
        assert _put_and_get(client) == CONTENT
    assert len(cassette) == 2
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert _put_and_get(client) == CONTENT
    assert _put_and_get(client) == CONTENT
    assert bucket.hits == 6


def test_a_replay_does_not_wait_for_100_continue(bucket, s3, cassette_path, monkeypatch):
    with vcr.use_cassette(cassette_path):
        _put_and_get(s3(bucket.url))
    bucket.close()
    answers = []
    waits = botocore.awsrequest.urllib3.util.wait_for_read

    def watched(*args, **kwargs):
        answers.append(waits(*args, **kwargs))
        return answers[-1]

    monkeypatch.setattr(botocore.awsrequest.urllib3.util, "wait_for_read", watched)
    with vcr.use_cassette(cassette_path, record_mode="none"):
        _put_and_get(s3(bucket.url))
    assert answers[0] is True  # the answer to Expect was there, the rest looks for dropped connections


def test_a_stream_of_an_object(bucket, s3, cassette_path):
    def act():
        client = s3(bucket.url)
        client.put_object(Bucket="bucket", Key="object", Body=CONTENT)
        return list(client.get_object(Bucket="bucket", Key="object")["Body"].iter_chunks(20_000))

    with vcr.use_cassette(cassette_path):
        recorded = act()
    bucket.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == recorded
    assert b"".join(recorded) == CONTENT


def test_an_error_of_the_service_is_raised_the_same(server, s3, cassette_path):
    def missing(exchange, *_):
        exchange.respond(404, [], b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")

    def act():
        client = s3(server.url)
        with pytest.raises(client.exceptions.NoSuchKey) as caught:
            client.get_object(Bucket="bucket", Key="object")
        return str(caught.value)

    server.route("/bucket", missing)
    with vcr.use_cassette(cassette_path):
        recorded = act()
    server.close()
    with vcr.use_cassette(cassette_path, record_mode="none"):
        assert act() == recorded


def test_a_refusal_is_what_botocore_wraps(server, s3, cassette_path):
    """It wraps whatever is not a network error, and does not retry it."""
    with (
        vcr.use_cassette(cassette_path, record_mode="none") as cassette,
        pytest.raises(botocore.exceptions.HTTPClientError) as caught,
    ):
        _put_and_get(s3(server.url))
    assert isinstance(caught.value.__context__, CannotOverwriteExistingCassetteException)
    assert [request.method for request in cassette.refused] == ["PUT"]
    assert server.connections == 0
