"""google-api-python-client, over httplib2: pages, uploads that resume with 308, downloads in ranges."""

from __future__ import annotations

import io

import pytest

from tests.server import all_bytes
from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import answer

discovery = pytest.importorskip("googleapiclient.discovery")

from googleapiclient.discovery_cache import get_static_doc  # noqa: E402
from googleapiclient.errors import HttpError  # noqa: E402
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload  # noqa: E402

NAMES = [f"file {number}" for number in range(5)]
PIECE = 256 * 1024  # what uploads come in multiples of
CONTENT = all_bytes(2 * PIECE + 100)


@pytest.fixture(autouse=True)
def drive(server):
    received = bytearray()

    def files(exchange, key=""):
        query = dict(exchange.request.query)
        if key == "none":
            answer(exchange, {"error": {"code": 404, "message": "It is gone."}}, 404)
        elif key:
            download(exchange)
        else:
            start = int(query.get("pageToken", "0"))
            more = {"nextPageToken": str(start + 2)} if start + 2 < len(NAMES) else {}
            answer(exchange, {"files": [{"name": name} for name in NAMES[start : start + 2]], **more})

    def download(exchange):
        first, _, last = exchange.request.get("Range").removeprefix("bytes=").partition("-")
        piece = received[int(first) : int(last) + 1]
        whole = f"bytes {first}-{int(first) + len(piece) - 1}/{len(received)}"
        exchange.respond(206, [("content-type", "application/octet-stream"), ("content-range", whole)], bytes(piece))

    def upload(exchange, *_):
        if exchange.request.method == "POST":
            return answer(exchange, {}, location=f"{server.url}/upload/session")
        received.extend(exchange.request.body)
        if len(received) < len(CONTENT):
            return exchange.respond(308, [("range", f"bytes=0-{len(received) - 1}")])
        return answer(exchange, {"id": "new", "size": str(len(received))})

    server.route("/drive/v3/files", files)
    server.route("/upload", upload)


def service(url):
    document = get_static_doc("drive", "v3").replace("https://www.googleapis.com", url)
    return discovery.build_from_document(document, developerKey="key")


def test_a_list_is_followed_from_page_to_page(twice, server):
    def act(url):
        with service(url) as drive:
            files, names = drive.files(), []
            request = files.list(pageSize=2)
            while request is not None:
                page = request.execute()
                names += [each["name"] for each in page["files"]]
                request = files.list_next(request, page)
            return names

    assert twice(act) == NAMES
    assert server.hits == 3


def test_a_file_is_uploaded_and_downloaded_in_pieces(twice, server):
    def act(url):
        with service(url) as drive:
            media = MediaIoBaseUpload(io.BytesIO(CONTENT), "application/octet-stream", chunksize=PIECE, resumable=True)
            uploaded = drive.files().create(body={"name": "new"}, media_body=media).execute()
            file = io.BytesIO()
            download = MediaIoBaseDownload(file, drive.files().get_media(fileId=uploaded["id"]), chunksize=PIECE)
            progress = []
            while not progress or progress[-1] < 1:
                status, _ = download.next_chunk()
                progress.append(status.progress())
            return uploaded, progress, file.getvalue()

    uploaded, progress, content = twice(act, serializer="json")
    assert uploaded == {"id": "new", "size": str(len(CONTENT))}
    assert len(progress) == 3
    assert content == CONTENT
    assert server.hits == 1 + 3 + 3


def test_an_error_of_the_service(twice):
    def act(url):
        with service(url) as drive, pytest.raises(HttpError) as caught:
            drive.files().get(fileId="none").execute()
        return caught.value.status_code, caught.value.reason, dict(caught.value.resp)

    assert twice(act)[:2] == (404, "It is gone.")


def test_a_refusal_is_raised_as_it_is(missed):
    def act(url):
        with service(url) as drive:
            drive.files().list(pageSize=2).execute(num_retries=2)

    _, refused = missed(act, CannotOverwriteExistingCassetteException)
    assert refused == ["/drive/v3/files"]
