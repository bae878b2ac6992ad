"""Elasticsearch: newline-delimited bulks, searches that are POSTs to one path, any of its nodes' HTTP clients."""

from __future__ import annotations

import json

import pytest

from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import answer

elasticsearch = pytest.importorskip("elasticsearch")

from elasticsearch import helpers  # noqa: E402

BOOKS = {str(number): {"title": f"Volume {number}", "pages": 100 * number} for number in range(1, 5)}


@pytest.fixture(autouse=True)
def service(server):
    kept = {}

    def reply(exchange, data, status=200):
        answer(exchange, data, status, x_elastic_product="Elasticsearch")

    def document(exchange, key):
        if exchange.request.method == "PUT":
            kept[key] = json.loads(exchange.request.body)
            return reply(exchange, {"_index": "books", "_id": key, "result": "created", "_version": 1}, 201)
        found = {"_source": kept[key]} if key in kept else {}
        return reply(exchange, {"_id": key, "found": key in kept, **found}, 200 if found else 404)

    def bulk(exchange):
        lines = [json.loads(line) for line in exchange.request.body.splitlines()]
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            kept[action["index"]["_id"]] = source
        items = [{"index": {"_id": action["index"]["_id"], "status": 201}} for action in lines[::2]]
        reply(exchange, {"errors": False, "items": items})

    def search(exchange):
        least = json.loads(exchange.request.body)["query"]["range"]["pages"]["gte"]
        hits = [{"_id": key, "_source": book} for key, book in sorted(kept.items()) if book["pages"] >= least]
        reply(exchange, {"hits": {"total": {"value": len(hits)}, "hits": hits}})

    server.route("/books/_doc", document)
    server.route("/_bulk", bulk)
    server.route("/books/_search", search)


ACTIONS = [{"_index": "books", "_id": key, "_source": book} for key, book in BOOKS.items()]


def at_least(pages):
    return {"index": "books", "query": {"range": {"pages": {"gte": pages}}}}


def titles(found):
    return [hit["_source"]["title"] for hit in found["hits"]["hits"]]


@pytest.mark.parametrize("node", ["urllib3", "requests"])
def test_documents_are_kept_found_and_searched(node, twice):
    def act(url):
        with elasticsearch.Elasticsearch(url, node_class=node, request_timeout=10) as client:
            kept = client.index(index="books", id="0", document={"title": "Preface", "pages": 1})
            written = helpers.bulk(client, ACTIONS, chunk_size=2)
            found = [titles(client.search(**at_least(pages))) for pages in (1, 200, 400)]
            with pytest.raises(elasticsearch.NotFoundError) as caught:
                client.get(index="books", id="none")
            return kept.body, dict(kept.meta.headers), written, found, caught.value.body

    kept, _, written, (every, some, one), missing = twice(act)
    assert (kept["result"], written) == ("created", (4, []))
    assert (len(every), len(some), one) == (5, 3, ["Volume 4"])
    assert missing == {"_id": "none", "found": False}


@pytest.mark.parametrize("node", ["aiohttp", "httpxasync"])
def test_the_same_asynchronously(node, twice):
    pytest.importorskip(node.removesuffix("async"))

    async def act(url):
        async with elasticsearch.AsyncElasticsearch(url, node_class=node, request_timeout=10) as client:
            kept = await client.index(index="books", id="0", document={"title": "Preface", "pages": 1})
            written = await helpers.async_bulk(client, ACTIONS, chunk_size=2)
            found = [titles(await client.search(**at_least(pages))) for pages in (1, 200, 400)]
            with pytest.raises(elasticsearch.NotFoundError) as caught:
                await client.get(index="books", id="none")
            return kept.body, dict(kept.meta.headers), written, found, caught.value.body

    _, _, written, (every, some, one), _ = twice(act)
    assert written == (4, [])
    assert (len(every), len(some), one) == (5, 3, ["Volume 4"])


@pytest.mark.parametrize("node", ["urllib3", "requests"])
def test_a_refusal_is_wrapped_and_tried_again(node, missed):
    """A node takes whatever is raised for an error of the connection; the transport then tries the next one."""

    def act(url):
        with elasticsearch.Elasticsearch(url, node_class=node, max_retries=2) as client:
            client.get(index="books", id="1")

    error, refused = missed(act, elasticsearch.ConnectionError)
    (cause,) = error.errors[0].errors  # of the first try
    assert isinstance(cause, CannotOverwriteExistingCassetteException)
    assert str(cause) in str(error)
    assert refused == ["/books/_doc/1"] * 3
