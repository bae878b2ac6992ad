"""Stripe: forms out, JSON in, lists that page by themselves; by requests, and by httpx for ``*_async``."""

from __future__ import annotations

from contextlib import asynccontextmanager
from urllib.parse import parse_qs

import pytest

from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import answer

stripe = pytest.importorskip("stripe")

CUSTOMERS = [{"id": f"cus_{n}", "object": "customer", "email": f"{n}@example.com"} for n in range(5)]
DECLINED = {
    "error": {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline", "message": "Declined."}
}

#: Stripe hands text to httpx in a way that httpx would rather not see.
by_httpx = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(autouse=True)
def service(server):
    def customers(exchange):
        if exchange.request.method == "POST":
            (email,) = parse_qs(exchange.request.body.decode())["email"]
            return answer(exchange, {"id": "cus_new", "object": "customer", "email": email}, request_id="req_1")
        query = dict(exchange.request.query)
        start = 1 + next((n for n, each in enumerate(CUSTOMERS) if each["id"] == query.get("starting_after")), -1)
        page = CUSTOMERS[start : start + int(query["limit"])]
        more = start + len(page) < len(CUSTOMERS)
        return answer(exchange, {"object": "list", "data": page, "has_more": more, "url": "/v1/customers"})

    server.route("/v1/customers", customers)
    server.route("/v1/payment_intents", lambda exchange: answer(exchange, DECLINED, 402))
    return server


def client(url, http_client=None, **options):
    return stripe.StripeClient("sk_test_1", base_addresses={"api": url}, http_client=http_client, **options)


@asynccontextmanager
async def httpx_client():
    http = stripe.HTTPXClient()
    yield http
    await http.close_async()


def test_a_customer_is_created(twice):
    def act(url):
        customer = client(url).v1.customers.create({"email": "me@example.com"})
        return customer.to_dict(), dict(customer.last_response.headers)

    customer, headers = twice(act)
    assert customer["email"] == "me@example.com"
    assert headers["request-id"] == "req_1"


def test_a_list_pages_by_itself(twice, server):
    def act(url):
        page = client(url).v1.customers.list({"limit": 2})
        return [customer.to_dict() for customer in page.auto_paging_iter()]

    assert twice(act) == CUSTOMERS
    assert server.hits == 3


def test_an_error_of_the_service(twice):
    def act(url):
        with pytest.raises(stripe.CardError) as caught:
            client(url).v1.payment_intents.create({"amount": 100, "currency": "eur"})
        return caught.value.code, caught.value.http_status, str(caught.value)

    assert twice(act)[:2] == ("card_declined", 402)


@by_httpx
def test_the_same_asynchronously(twice):
    async def act(url):
        async with httpx_client() as http:
            customers = client(url, http).v1.customers
            created = await customers.create_async({"email": "me@example.com"})
            page = await customers.list_async({"limit": 2})
            listed = [customer.to_dict() async for customer in page.auto_paging_iter()]
            with pytest.raises(stripe.CardError) as caught:
                await client(url, http).v1.payment_intents.create_async({"amount": 100, "currency": "eur"})
            return created.to_dict(), listed, caught.value.code

    assert twice(act)[1:] == (CUSTOMERS, "card_declined")


def test_a_refusal_is_wrapped_with_all_it_says(missed):
    def act(url):
        client(url, max_network_retries=2).v1.customers.create({"email": "me@example.com"})

    error, refused = missed(act, stripe.APIConnectionError)
    assert isinstance(error.__cause__, CannotOverwriteExistingCassetteException)
    assert str(error.__cause__) in str(error)
    assert refused == ["/v1/customers"]


@by_httpx
def test_an_asynchronous_refusal_is_wrapped_and_tried_again(missed):
    async def act(url):
        async with httpx_client() as http:
            await client(url, http, max_network_retries=1).v1.customers.create_async({"email": "me@example.com"})

    error, refused = missed(act, stripe.APIConnectionError)
    assert isinstance(error.__cause__, CannotOverwriteExistingCassetteException)
    assert refused == ["/v1/customers"] * 2
