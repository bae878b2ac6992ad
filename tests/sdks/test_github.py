"""PyGithub: lists that follow ``Link`` headers, and objects that are completed when they are looked at."""

from __future__ import annotations

import pytest

from vcr.errors import CannotOverwriteExistingCassetteException

from .imitations import answer, asked

github = pytest.importorskip("github")

REPOSITORY = "/repos/octocat/hello-world"
TITLES = [f"Issue number {number}" for number in range(1, 6)]


@pytest.fixture(autouse=True)
def service(server):
    def issue(number, title):
        return {"number": number, "title": title, "state": "open", "url": f"{server.url}{REPOSITORY}/issues/{number}"}

    def repository(exchange):
        answer(exchange, {"full_name": "octocat/hello-world", "url": server.url + REPOSITORY}, etag='"1"')

    def issues(exchange):
        if exchange.request.method == "POST":
            return answer(exchange, issue(6, asked(exchange)["title"]), 201)
        page = int(dict(exchange.request.query).get("page", "1"))
        two = [issue(number, TITLES[number - 1]) for number in (2 * page - 1, 2 * page) if number <= len(TITLES)]
        following = f'<{server.url}{REPOSITORY}/issues?page={page + 1}>; rel="next"'
        return answer(exchange, two, **({"link": following} if 2 * page < len(TITLES) else {}))

    server.route(REPOSITORY, repository)
    server.route(REPOSITORY + "/issues", issues)
    server.route("/repos/octocat/gone", lambda exchange: answer(exchange, {"message": "Not Found"}, 404))


def client(url):
    return github.Github(
        base_url=url, auth=github.Auth.Token("token"), seconds_between_requests=0, seconds_between_writes=0
    )


def test_a_list_is_followed_from_page_to_page(twice, server):
    def act(url):
        with client(url) as hub:
            return [issue.title for issue in hub.get_repo("octocat/hello-world").get_issues()]

    assert twice(act) == TITLES
    assert server.hits == 4


def test_an_issue_is_created(twice):
    def act(url):
        with client(url) as hub:
            issue = hub.get_repo("octocat/hello-world").create_issue("It works", body="as before")
            return issue.number, issue.title, issue.raw_data, issue.raw_headers

    assert twice(act)[:2] == (6, "It works")


def test_what_is_not_there(twice):
    def act(url):
        with client(url) as hub, pytest.raises(github.UnknownObjectException) as caught:
            hub.get_repo("octocat/gone")
        return caught.value.status, caught.value.data

    assert twice(act) == (404, {"message": "Not Found"})


def test_a_refusal_is_raised_as_it_is(missed):
    def act(url):
        with client(url) as hub:
            hub.get_repo("octocat/hello-world")

    _, refused = missed(act, CannotOverwriteExistingCassetteException)
    assert refused == [REPOSITORY]
