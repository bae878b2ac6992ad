"""A cassette that looks like a real one, for the page and its picture in the README: an afternoon with a shop's API."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from vcr._http.failure import Failure
from vcr.request import Request
from vcr.response import Response

Pair = tuple[Request, Response]

HOST = "https://api.shop.example"
AGENT = {"User-Agent": "shop-client/4.2", "Accept": "application/json", "Authorization": "Bearer <TOKEN>"}
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 50" width="320"><rect width="80" height="50" rx="6" '
    'fill="#2563c9"/><circle cx="26" cy="25" r="11" fill="#fff"/><circle cx="54" cy="25" r="11" fill="#ffd166"/></svg>'
)
ORDER: dict[str, Any] = {
    "customer": {"id": 9007199254740993, "name": "Zoë Lindström", "vip": True},
    "items": [{"sku": "tea-green-100", "quantity": 2}, {"sku": "cup-blue", "quantity": 1}],
    "note": "Please ring twice",
}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def _pair(target: str, status: int, media: str, body: bytes, sent: object = None) -> Pair:
    method, _, path = target.partition(" ")
    reason = HTTPStatus(status).phrase
    headers = {"Content-Type": media, "Content-Length": str(len(body)), "Server": "shop", "Cache-Control": "no-store"}
    kind = {"Content-Type": "application/json"} if sent is not None else {}
    request = Request(method, HOST + path, None if sent is None else _json(sent), {**AGENT, **kind})
    return request, Response.of(status, reason, headers, body)


def _order(number: int, state: str) -> bytes:
    total = {"amount": 27.40, "currency": "EUR"}
    return _json({"id": f"ord_{number}", "state": state, "total": total, **ORDER, "history": [{"state": "created"}]})


def pairs() -> list[Pair]:
    """The interactions, in the order of their requests."""
    json_, html = "application/json", "text/html; charset=utf-8"
    form = {**AGENT, "Content-Type": "application/x-www-form-urlencoded"}
    login = Request("POST", f"{HOST}/login", urlencode({"user": "zoë", "remember": "yes"}).encode(), form)
    events = [f'id: {n}\nevent: price\ndata: {{"sku": "cup-blue", "price": {9 + n / 10}}}\n\n' for n in range(1, 7)]
    stream = Response.of(
        200, "OK", {"Content-Type": "text/event-stream"}, "".join(events).encode(), chunks=map(len, events)
    )
    products = [{"sku": f"tea-{n}", "name": f"Tea no. {n}", "price": 4.5 + n, "in_stock": n % 3 > 0} for n in range(40)]
    refused = Failure("connect", "system", "ECONNREFUSED", "Connection refused")
    cut = Response.of(200, "OK", {"Content-Type": "text/csv", "Content-Length": "9000"}, b"sku,sold\n", incomplete=True)
    return [
        _pair("GET /", 200, html, b"<!doctype html>\n<title>Shop</title>\n<h1>Welcome</h1>\n"),
        (login, Response.of(303, "See Other", {"Location": "/account", "Set-Cookie": "session=<SESSION>"}, b"")),
        _pair("GET /account", 200, json_, _json({"name": "Zoë Lindström", "orders": 2})),
        _pair("GET /v1/products?category=tea&page=1", 200, json_, _json({"products": products})),
        _pair("GET /v1/products/cup-blue/image.svg", 200, "image/svg+xml", LOGO.encode()),
        (Request("GET", "https://prices.shop.example/v1/stream", None, AGENT), stream),
        _pair("POST /v1/orders", 201, json_, _order(1041, "created"), ORDER),
        _pair("GET /v1/orders/ord_1041", 200, json_, _order(1041, "created")),
        _pair("PATCH /v1/orders/ord_1041", 409, json_, _json({"error": "locked"}), {"state": "paid"}),
        _pair("POST /v1/payments", 502, html, b"<h1>502</h1>", {"order": "ord_1041"}),
        _pair("POST /v1/payments", 200, json_, _json({"paid": True}), {"order": "ord_1041"}),
        _pair("GET /v1/orders/ord_1041", 200, json_, _order(1041, "paid")),
        (Request("GET", "https://mail.shop.example/receipt", None, AGENT), Response.failed(refused)),
        (Request("GET", f"{HOST}/v1/report.csv", None, AGENT), cut),
        _pair("GET /v1/feed.xml", 200, "application/xml", b"<feed><entry id='1'>Sale</entry></feed>"),
        _pair("DELETE /v1/session", 204, json_, b""),
    ]


def beside() -> list[dict[str, Any]]:
    """When each of them began and how long it took, as a HAR file has it."""
    spans = [(0, 84), (190, 61), (262, 48), (330, 210), (360, 95), (410, 1320), (900, 180), (1110, 52)]
    spans += [(1190, 66), (1280, 640), (1960, 140), (2130, 55), (2210, 12), (2260, 390), (2700, 70), (2800, 31)]
    return [
        {
            "recorded_at": f"2026-03-14T15:09:{26 + start // 1000:02}.{start % 1000:03}+00:00",
            "har": {"time": time, "timings": {"send": 1, "wait": time // 2, "receive": time - time // 2 - 1}},
        }
        for start, time in spans
    ]
