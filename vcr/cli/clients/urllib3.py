"""Room: the demo of urllib3, and of what rides on it. It knows no cassette."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from . import BODY, TIMEOUT, Client


def _urllib3(url: str) -> Any:
    import urllib3

    with urllib3.PoolManager(timeout=TIMEOUT) as pool:
        answers = [
            pool.request("GET", f"{url}/json"),
            pool.request("POST", f"{url}/json", body=BODY),
            pool.request("GET", f"{url}/gzip"),
            pool.request("GET", f"{url}/redirect"),
        ]
        stream = pool.request("GET", f"{url}/stream", preload_content=False)
        pieces = list(stream.stream())
        stream.release_conn()
        return [(answer.status, list(answer.headers.items()), answer.data) for answer in answers], pieces


def _requests(url: str) -> Any:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        answers = [
            session.get(f"{url}/json", timeout=TIMEOUT),
            session.post(f"{url}/json", data=BODY, timeout=TIMEOUT),
            session.get(f"{url}/gzip", timeout=TIMEOUT),
            session.get(f"{url}/redirect", timeout=TIMEOUT),
        ]
        with session.get(f"{url}/stream", stream=True, timeout=TIMEOUT) as stream:
            pieces = list(stream.iter_content(None))
        return [
            (answer.status_code, answer.url, list(answer.headers.items()), answer.text) for answer in answers
        ], pieces


def _boto3(url: str) -> Any:
    import boto3
    import botocore.config
    import botocore.exceptions
    import botocore.session

    # Nobody's own AWS settings: neither a profile nor files.
    nothing, no_file = (None, None, None, None), (None, None, os.devnull, None)
    bare = {"profile": nothing, "config_file": no_file, "credentials_file": no_file}
    session = boto3.session.Session(
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        region_name="us-east-1",
        botocore_session=botocore.session.Session(session_vars=bare),
    )
    config = botocore.config.Config(
        proxies={}, connect_timeout=TIMEOUT, read_timeout=TIMEOUT, retries={"total_max_attempts": 1}
    )
    with contextlib.closing(session.client("s3", endpoint_url=url, config=config)) as s3:
        where = {"Bucket": "bucket", "Key": "key"}
        put = s3.put_object(**where, Body=BODY * 1000)
        whole = s3.get_object(**where)["Body"].read()
        pieces = list(s3.get_object(**where)["Body"].iter_chunks(4096))
        head = s3.head_object(**where)
        try:
            missing: Any = s3.get_object(**{**where, "Key": "missing"})
        except botocore.exceptions.ClientError as error:
            missing = error.response
        return put, whole, pieces, head, missing


CLIENTS = (
    Client("urllib3", _urllib3, "urllib3"),
    Client("requests", _requests, "requests"),
    Client("boto3", _boto3, "boto3"),
)
