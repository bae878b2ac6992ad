"""The page of ``vcr html`` in a browser: headless Chromium, driven by Playwright.

It runs where ``playwright`` is installed (in tox: py313) and Chromium is on the path, or named by ``VCR_CHROMIUM``.
After a change of the page, ``VCR_PICTURE=1 pytest tests/cli/test_page.py`` makes the picture in the README anew.
"""

from __future__ import annotations

import json
import os
import struct
import time
from pathlib import Path

import pytest

from tests.cli import session
from tests.cli.browser import driven
from tests.cli.conftest import get
from tests.cli.running import CASSETTES, ROOT, vcr
from vcr.cli.comparing import VOLATILE, text_of
from vcr.cli.reading import cassette
from vcr.request import Request
from vcr.response import Response

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PICTURE = ROOT / "docs" / "page.png"
SIZE = {"width": 1240, "height": 700}


@pytest.fixture(scope="module")
def browser():
    with driven() as started:
        yield started


class Shown:
    """A page that is open, and what the browser has said and asked for."""

    def __init__(self, browser, path: Path, **options) -> None:
        self.context = browser.new_context(viewport=SIZE, **options)
        self.page = self.context.new_page()
        self.said: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_function("document.getElementById('count').textContent")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def settle(self) -> None:
        """Wait until what was chosen is drawn."""
        self.page.evaluate("new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume)))")

    def texts(self, selector: str) -> list[str]:
        return self.page.locator(selector).all_inner_texts()

    def count(self, text: str) -> None:
        """Wait until the list says that there are so many."""
        playwright.expect(self.page.locator("#count")).to_have_text(text)

    @property
    def chosen(self) -> str:
        return self.page.locator("#details .bar strong").inner_text()


@pytest.fixture
def show(browser, tmp_path):
    """``show(*cassettes)``: their page, open. In the end: it has loaded nothing, and no script has complained."""
    opened: list[Shown] = []

    def show(*cassettes, **options) -> Shown:
        path = tmp_path / "page.html"
        assert vcr("html", *cassettes, "-o", path).status == 0
        opened.append(Shown(browser, path, **options))
        return opened[-1]

    yield show
    for one in opened:
        one.context.close()
    assert [said for one in opened for said in one.said] == []
    assert {url.partition(":")[0] for one in opened for url in one.requests} <= {"file", "data"}


@pytest.fixture
def shop(write):
    return write("shop.yaml", *session.pairs(), beside=session.beside())


def test_a_person_finds_an_interaction_by_search_and_filters(show, shop):
    shown = show(shop)
    shown.count("16 interactions")
    for search, count in [
        ("LINDSTRÖM", "4 of 16"),  # in bodies
        ("session=", "1 of 16"),  # in a header
        ("ord_1041 patch", "1 of 16"),  # words that stand in different places
        ('"sku": "tea-3"', "1 of 16"),  # as it stands in the body, and escaped in the data
        ("laid_out", "0 of 16"),  # a word of the page's own data
        ("<h1>", "2 of 16"),
    ]:
        shown.page.locator("#search").fill(search)
        shown.count(count)
    assert shown.page.locator("#nothing").is_hidden()
    shown.page.locator("#search").fill("no such text")
    shown.count("0 of 16")
    assert shown.page.locator("#nothing").is_visible()
    assert shown.page.locator("#details").is_hidden(), "what was chosen before is not what was searched for"
    shown.page.locator("#search").fill("")
    shown.count("16 interactions")
    assert shown.page.locator("#details").is_visible()
    for name, value, count in [
        ("method", "PATCH", "1 of 16"),
        ("status", "5xx", "1 of 16"),
        ("status", "failed", "1 of 16"),
        ("status", "201", "1 of 16"),
        ("host", "prices.shop.example", "1 of 16"),
        ("media", "application/json", "8 of 16"),
        ("state", "incomplete", "1 of 16"),
        ("state", "failed", "1 of 16"),
    ]:
        shown.page.locator(f"#{name}").select_option(value)
        shown.count(count)
        shown.page.locator("#clear").click()
        shown.count("16 interactions")
    assert shown.page.locator("#cassette").is_hidden(), "there is one cassette"


def test_the_keyboard_is_enough(show, shop):
    shown = show(shop, permissions=["clipboard-read", "clipboard-write"])
    assert shown.chosen == "#1"
    shown.press("j", "j", "ArrowDown")
    assert shown.chosen == "#4"
    shown.press("k")
    assert shown.chosen == "#3"
    shown.press("G")
    assert shown.chosen == "#16"
    shown.press("j", "g")
    assert shown.chosen == "#1"
    shown.press("/")
    shown.page.keyboard.type("orders")
    shown.count("5 of 16")
    shown.press("Enter", "j", "j")
    assert shown.texts("#details .line")[0] == "GET https://api.shop.example/v1/orders/ord_1041"
    shown.press("c")
    playwright.expect(shown.page.locator("#said.shown")).to_have_text("Copied: the curl command")
    assert shown.page.evaluate("navigator.clipboard.readText()") + "\n" == vcr("show", shop, 8, "--curl").out
    shown.press("Escape")
    shown.count("16 interactions")
    shown.press("?")
    assert shown.page.locator("#help").is_visible()
    shown.press("Escape")
    assert shown.page.locator("#help").is_hidden()
    # The address names the interaction, so that a link leads to it.
    shown.page.wait_for_url("**/page.html#8")
    shown.page.goto(shown.page.url.replace("#8", "#10"))
    playwright.expect(shown.page.locator("#details .bar strong")).to_have_text("#10")


def test_bodies_are_shown_as_what_they_are(show, shop, varied):
    shown = show(shop)

    def views(number: int) -> list[str]:
        shown.page.evaluate(f"choose({number - 1})")
        shown.settle()
        return shown.texts("article:last-child .views button")

    def content() -> str:
        return shown.page.locator("article:last-child .content").inner_text()

    assert views(7) == ["Tree", "Raw", "Copy"]
    assert '"id": 9007199254740993' in content(), "no digit is lost"
    assert views(5) == ["Preview", "Pretty", "Raw", "Copy"]
    size = shown.page.locator(".preview img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert size == 320
    assert views(6) == ["Events", "Raw", "Pieces", "Copy"]
    assert shown.page.locator(".events > li").count() == 6
    shown.page.get_by_role("button", name="Pieces").click()
    assert shown.texts(".events > li pre")[1] == 'id: 2\nevent: price\ndata: {"sku": "cup-blue", "price": 9.2}\n\n'
    assert views(15) == ["Pretty", "Raw", "Copy"]
    assert content() == '<feed>\n  <entry id="1">Sale</entry>\n</feed>\n'
    views(2)
    assert shown.texts("article:first-child .content dd") == ["zoë", "yes"]
    views(4)
    assert shown.page.locator(".json details:not([open])").count() > 20, "what is long opens when it is asked for"
    shown.page.locator(".json details:not([open]) > summary").first.click()
    views(13)
    assert shown.texts("article:last-child .remark") == ["None: failed at connecting: ECONNREFUSED"]
    views(14)
    assert "incomplete" in shown.page.locator("#details .bar").inner_text()
    assert shown.texts(".row:nth-child(14) .chip") == ["incomplete"]
    # The others: bytes, an image that is none of XML, and a body whose text is in latin-1.
    shown = show(varied)
    assert views(5) == ["Hex"]
    assert content().splitlines()[1] == "00000010  10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f  ................"
    assert views(4) == ["Preview", "Hex"]
    assert shown.page.locator(".preview img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 3
    assert views(6) == ["Text", "Copy"]
    assert content() == "<p>é</p>"


def test_the_waterfall_is_to_scale(show, shop, write):
    shown = show(shop)
    bars = shown.page.locator(".row .lasting").evaluate_all(
        "bars => bars.map((bar) => [bar.offsetLeft, bar.offsetWidth])"
    )
    spans = [(one["har"]["time"], one["recorded_at"]) for one in session.beside()]
    scale = bars[5][1] / spans[5][0]  # pixels for a millisecond
    assert bars[9][1] == pytest.approx(640 * scale, abs=1.5)
    assert [left for left, _ in bars] == sorted(left for left, _ in bars)
    assert bars[5][0] == pytest.approx(410 * scale, abs=2.5)
    # A day in which nothing happens is cut short.
    days = [f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3)]
    beside = [{"recorded_at": day, "har": {"time": 1000}} for day in days]
    shown = show(write("days.yaml", get("/1"), get("/2"), get("/3"), beside=beside))
    assert min(shown.page.locator(".row .lasting").evaluate_all("bars => bars.map((bar) => bar.offsetWidth)")) > 30
    assert shown.texts(".row .number:nth-last-child(2)") == ["+0 ms", "+1 d", "+2 d"]
    # Without times there is the order.
    shown = show(write("undated.yaml", get("/1"), get("/2")))
    assert shown.page.locator(".row .order").count() == 2
    assert shown.texts("#scale") == ["Order (no times recorded)"]


def test_a_cassette_with_none_or_one_interaction(show, write, tmp_path):
    show(write("one.yaml", get("/"))).count("1 interaction")
    (tmp_path / "blank.yaml").write_text("", encoding="utf-8")
    shown = show(tmp_path / "blank.yaml")
    shown.count("0 interactions")
    shown.press("j", "g", "d", "c", "s", "Escape")
    assert shown.page.locator("#nothing").is_visible()


def test_two_interactions_side_by_side(show, shop, varied):
    shown = show(shop, varied)
    assert shown.texts(".heading") == [str(shop), str(varied)]
    shown.page.evaluate("choose(7)")
    shown.press("d", "j", "j", "j", "j")
    assert shown.texts(".sides h2") == [
        "#1.8 GET https://api.shop.example/v1/orders/ord_1041",
        "#1.12 GET https://api.shop.example/v1/orders/ord_1041",
    ]
    assert shown.texts(".diff .changed > span") == ['  "state": "created",', '  "state": "paid",']
    assert shown.texts(".diff mark") == ["created", "paid"]
    shown.press("s")
    assert shown.texts(".diff .changed > span") == ['  "state": "paid",', '  "state": "created",']
    shown.page.locator(".fold button").click()
    assert shown.page.locator(".fold").count() == 0
    shown.page.locator(".bar input").check()
    shown.settle()
    assert shown.texts(".diff .changed > span:first-child") == ["content-length: 311", '  "state": "paid",']
    shown.press("Escape")
    assert shown.page.locator("article").count() == 2
    shown.page.evaluate("choose(16)")  # one of another cassette
    shown.press("d", "j")
    assert shown.texts(".diff .removed, .diff .changed, .diff .added")
    shown.press("d")
    assert shown.chosen == "#2.2"


def test_interactions_are_compared_as_by_vcr_diff(show, shop, varied):
    shown = show(shop, varied, CASSETTES)
    count = 0
    entries = [one for path in (shop, varied, *sorted(CASSETTES.iterdir())) for one in cassette(str(path)).interactions]
    found = shown.page.evaluate("interactions.map((_, place) => linesOf(inFull(place), false))")
    for entry, lines in zip(entries, found, strict=True):
        expected = text_of(entry, VOLATILE)
        if ", sha256 " not in "".join(expected):  # of bytes the page compares each, not their digest
            assert lines == expected
            count += 1
    assert count > 200


# -- hostile cassettes -------------------------------------------------------------------------------------------------


def hostile(url: str):
    """Interactions that try to run a script, which would set ``pwned``, or to load something from ``url``."""
    run = "window.pwned=1"
    image = f"<img src='{url}/image' onerror='{run}'>"
    ends = f"</script><script>{run}</script></pre></title></style><!--<script>{image}\u2028\u2029]]>"
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9' onload='{run}'><script>{run}</script>"
        f"<image href='{url}/svg'/><foreignObject><iframe src='{url}/frame'/></foreignObject></svg>"
    )
    markup = (
        f"<base href='{url}/'><meta http-equiv=refresh content='0;url={url}/meta'>"
        f"<link rel=preload href='{url}/a' as=image>"
        f"<iframe srcdoc='<script>parent.pwned=1</script>'></iframe><body onload={run}>{image}"
    )
    odd = json.dumps({"__proto__": {"pwned": 1}, "constructor": ends, "javascript:pwned=1": [ends], "\ud800": "\udfff"})
    names = {
        "__proto__": ends,
        "constructor": image,
        "toString": "x",
        "onload": run,
        "Link": f"<{url}/link>; rel=preload",
    }
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    yield get(f"/{ends}?{ends}", {"Content-Type": "text/html", **names}, ends.encode())
    yield get("/markup", {"Content-Type": "text/html", "Refresh": f"0;url={url}/"}, markup.encode())
    yield get("/svg", {"Content-Type": "image/svg+xml"}, svg.encode())
    yield get("/png", {"Content-Type": f"image/png'><script>{run}</script>"}, b"\x89PNG\r\n\x1a\n" + svg.encode())
    yield get("/image", {"Content-Type": "image/html"}, b"\xff" + markup.encode())
    yield get("/json", {"Content-Type": "application/json"}, odd.encode())
    yield get("/deep", {"Content-Type": "application/json"}, b"[" * 100_000 + b"]" * 100_000)
    yield get("/zero", {"Content-Type": "text/html"}, f"\0{ends}".encode())
    yield get("/huge", {"Content-Type": "application/json"}, json.dumps(["x" * 200_000]).encode())
    yield get("/line", {"Content-Type": "text/plain"}, ends.encode() + b"y" * 300_000)
    yield get(
        "/xml",
        {"Content-Type": "text/xml"},
        f"<a xmlns:h='http://www.w3.org/1999/xhtml'><h:script>{run}</h:script></a>".encode(),
    )
    yield get(
        "/sse", {"Content-Type": "text/event-stream"}, f"event: {ends}\ndata: {odd}\n\ndata: {image}\n\n".encode()
    )
    yield (
        Request("POST", "http://api.example/", f"__proto__={ends}&{image}=1".encode(), form),
        Response.of(200, image, form, b"a=b"),
    )
    yield Request(image, "javascript:window.pwned=1", None, names), Response.of(200, None, {}, b"")
    yield Request("GET", f"{url}/{image}", None, {}), Response.of(599, ends, {"Content-Encoding": ends}, b"\xff\xfe")


def test_a_hostile_cassette_can_neither_run_nor_load_anything(show, write, server, tmp_path):
    path = write("hostile.yaml", *hostile(server.url)).rename(tmp_path / "<img src=x onerror=window.pwned=1>.yaml")
    shown = show(path)
    count = len(list(hostile("")))
    shown.count(f"{count} interactions")
    seen = set()
    for place in range(count):
        shown.page.evaluate(f"choose({place})")
        shown.settle()
        for view in shown.page.locator(".views button[aria-pressed], .more").all():
            seen.add(view.inner_text())
            view.click()
    assert {"Tree", "Preview", "Raw", "Text", "Fields", "Events", "Hex", "Pretty"} <= seen
    shown.press("d")
    for _ in range(count):
        shown.press("k")
    assert shown.page.evaluate("[window.pwned, ({}).pwned, document.querySelectorAll('iframe, a, object').length]") == [
        None,
        None,
        0,
    ]
    assert server.hits == 0


def test_what_slipped_into_the_page_could_neither_run_nor_load_anything(browser, server, shop, tmp_path):
    """The scripts of the page let no markup through; if they did, the policy would hold."""
    text = vcr("html", shop).out
    slipped = (
        f"<script>window.pwned=1</script><script src='{server.url}/script'></script><img src='{server.url}/image'>"
        "<img src=x onerror='window.pwned=1'><svg onload='window.pwned=1'></svg>"
        f"<iframe src='{server.url}/frame'></iframe>"
        f"<link rel=stylesheet href='{server.url}/style'><form id=slipped action='{server.url}/form'></form>"
    )
    path = tmp_path / "slipped.html"
    path.write_text(text.replace("<main>", f"{slipped}<main>"), encoding="utf-8")
    shown = Shown(browser, path)
    try:
        assert shown.chosen == "#1", "the page itself works"
        for tried in (
            "document.getElementById('details').innerHTML = '<img src=x onerror=window.pwned=1>'",
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.pwned=1'}))",
        ):
            with pytest.raises(playwright.Error, match=r"TrustedHTML|TrustedScript"):
                shown.page.evaluate(tried)
        shown.page.evaluate("document.getElementById('slipped').submit()")
        shown.page.evaluate(f"fetch('{server.url}/fetch').catch(() => 0)")
        assert shown.page.evaluate("window.pwned") is None
        assert len([said for said in shown.said if "Content Security Policy" in said]) >= 7
        assert server.hits == 0
    finally:
        shown.context.close()


# -- many, and the picture ---------------------------------------------------------------------------------------------


def test_ten_thousand_interactions(show, write, record_property):
    filler = json.dumps([{"item": number, "text": "x" * 20} for number in range(8)]).encode()
    media = {"Content-Type": "application/json"}
    many = write("many.json", *(get(f"/users/{number}", media, filler) for number in range(10_000)))
    start = time.perf_counter()
    shown = show(many)

    def lap(name: str) -> None:
        nonlocal start
        record_property(f"{name}, ms", round(1000 * (time.perf_counter() - start)))
        start = time.perf_counter()

    lap("make the page and open it")
    shown.count("10,000 interactions")
    record_property(
        "open it, ms", round(shown.page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd"))
    )
    start = time.perf_counter()
    shown.press("End")
    lap("go to the end")
    assert shown.chosen == "#10000"
    assert shown.page.locator(".row").count() < 60, "only what is in sight is there"
    shown.page.locator("#list").evaluate("list => { list.scrollTop = 130_000; }")
    playwright.expect(shown.page.locator("#row5000")).to_be_in_viewport()
    lap("scroll to the middle")
    shown.page.locator("#search").fill("users/777")
    shown.count("11 of 10,000")
    lap("search for a few")
    shown.page.locator("#search").fill("xxxx")
    shown.count("10,000 interactions")
    lap("search for what each has")
    # One that takes long lets go when another begins.
    both = "Promise.all([find({words: 'xxxx'}), find({words: 'users/77'})])"
    given_up, found = shown.page.evaluate(both)
    assert given_up is None
    assert found == [n for n in range(10_000) if str(n).startswith("77")]


def test_the_picture_in_the_readme(show, shop, monkeypatch):
    """With VCR_PICTURE=1 it is taken anew."""
    monkeypatch.chdir(shop.parent)
    for scheme in ("dark", "light"):
        shown = show(shop.name, color_scheme=scheme)
        shown.page.evaluate("choose(6)")
        shown.settle()
        taken = shown.page.screenshot()
        ground = shown.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (min(ground) > 200) == (scheme == "light")
    if os.environ.get("VCR_PICTURE"):
        PICTURE.write_bytes(taken)
    kept = PICTURE.read_bytes()
    assert struct.unpack(">II", taken[16:24]) == struct.unpack(">II", kept[16:24]) == tuple(SIZE.values())
    assert len(kept) < 150_000
    assert f"]({PICTURE.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
