"""Putting replacements in place and taking them away. That each client is taken hold of is tested in tests/clients."""

from __future__ import annotations

import http.client
import importlib.machinery
import importlib.util
import itertools
import platform
import subprocess
import sys
import threading
import types
import urllib.request
import warnings
from pathlib import Path
from unittest import mock

import pytest

import vcr
from vcr import patch
from vcr.errors import VCRWarning
from vcr.patch.replace import Replacement

PLACES = [
    (http.client.HTTPConnection, "__init__"),
    (http.client.HTTPConnection, "putrequest"),
    (http.client.HTTPConnection, "connect"),
    (http.client.HTTPSConnection, "connect"),
]


def urlopen(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        return response.read()


def what_is_there() -> list[object]:
    return [vars(owner)[name] for owner, name in PLACES]


@pytest.mark.parametrize("path", ["http.client.HTTPConnection.request", "httpcore.ConnectionPool.handle_request"])
def test_each_opening_puts_the_same_door_in_place(path, cassette_path):
    """What has wrapped a door inside a cassette, and puts it back later, puts back one that is known."""
    module, owner, name = path.rsplit(".", 2)
    place = vars(getattr(pytest.importorskip(module), owner))
    doors = []
    for _ in range(2):
        with vcr.use_cassette(cassette_path):
            doors.append(place[name])
        assert place[name] is not doors[0]
    assert doors[0] is doors[1]


# -- one replacement --------------------------------------------------------------------------------------------------


class Parent:
    inherited = "inherited"


class Owner(Parent):
    attribute = "original"

    @staticmethod
    def function():
        return "original"


@pytest.fixture
def owner():
    """A class of its own for each test."""
    return type("Owner", (Owner,), dict(vars(Owner)))


def test_a_replacement_is_there_while_it_is_applied(owner):
    replacement = Replacement(owner, "attribute", "new")
    assert owner.attribute == "original"
    replacement.apply()
    assert owner.attribute == "new"
    replacement.revert()
    assert owner.attribute == "original"


def test_it_may_be_applied_again(owner):
    replacement = Replacement(owner, "attribute", "new")
    for _ in range(2):
        replacement.apply()
        assert owner.attribute == "new"
        replacement.revert()
        assert owner.attribute == "original"


def test_what_was_inherited_is_inherited_again(owner):
    replacement = Replacement(owner, "inherited", "new")
    replacement.apply()
    assert (owner.inherited, Parent.inherited) == ("new", "inherited")
    replacement.revert()
    assert "inherited" not in vars(owner)
    assert owner.inherited == "inherited"


def test_what_was_not_there_is_not_there_again(owner):
    replacement = Replacement(owner, "unheard_of", "new")
    replacement.apply()
    replacement.revert()
    assert not hasattr(owner, "unheard_of")


def test_a_staticmethod_stays_one(owner):
    replacement = Replacement(owner, "function", staticmethod(lambda: "new"))
    replacement.apply()
    assert owner().function() == "new"
    replacement.revert()
    assert owner().function() == "original"
    assert isinstance(vars(owner)["function"], staticmethod)


@pytest.mark.parametrize("make", [lambda: types.ModuleType("module"), types.SimpleNamespace])
def test_modules_and_instances_are_owners_too(make):
    owner = make()
    owner.name = "original"
    replacement = Replacement(owner, "name", "new")
    replacement.apply()
    assert owner.name == "new"
    replacement.revert()
    assert owner.name == "original"


def test_what_somebody_else_has_put_there_since_is_theirs(owner):
    replacement = Replacement(owner, "attribute", "ours")
    replacement.apply()
    owner.attribute = "theirs"
    replacement.revert()
    assert owner.attribute == "theirs"


def test_what_somebody_else_has_taken_away_since_stays_away(owner):
    replacement = Replacement(owner, "attribute", "ours")
    replacement.apply()
    del owner.attribute
    replacement.revert()
    assert "attribute" not in vars(owner)


# -- all of them ------------------------------------------------------------------------------------------------------


def test_the_replacements_are_in_place_while_something_is_open():
    before = what_is_there()
    patch.install("one")
    assert all(now is not then for now, then in zip(what_is_there(), before, strict=True))
    patch.uninstall("one")
    assert what_is_there() == before


def test_only_the_last_to_close_takes_them_away():
    before, one, other = what_is_there(), object(), object()
    patch.install(one)
    first = what_is_there()
    patch.install(other)
    assert what_is_there() == first
    for _ in range(2):  # once more changes nothing
        patch.uninstall(one)
        assert what_is_there() == first
    patch.uninstall(other)
    assert what_is_there() == before


def test_many_threads_may_open_and_close_at_once():
    before, barrier = what_is_there(), threading.Barrier(8)
    missing = []

    def open_and_close():
        barrier.wait()
        holder = object()
        for _ in range(50):
            patch.install(holder)
            missing.extend(now for now, then in zip(what_is_there(), before, strict=True) if now is then)
            patch.uninstall(holder)

    threads = [threading.Thread(target=open_and_close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert what_is_there() == before


def test_replacements_keep_name_documentation_and_signature_of_what_they_replace():
    before = what_is_there()
    patch.install("one")
    try:
        for now, then in zip(what_is_there(), before, strict=True):
            assert (now.__name__, now.__qualname__, now.__doc__) == (then.__name__, then.__qualname__, then.__doc__)
            assert now.__wrapped__ is then
    finally:
        patch.uninstall("one")


def test_what_somebody_else_has_put_on_top_stays_and_goes_on_working(server, cassette_path):
    original = http.client.HTTPConnection.putrequest
    seen = []
    with vcr.use_cassette(cassette_path):
        ours = http.client.HTTPConnection.putrequest

        def theirs(self, *args, **kwargs):
            seen.append(args)
            return ours(self, *args, **kwargs)

        http.client.HTTPConnection.putrequest = theirs
    try:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        connection.request("GET", "/text")
        assert connection.getresponse().read()
        connection.close()
        assert type(connection) is http.client.HTTPConnection
        assert http.client.HTTPConnection.putrequest is theirs
    finally:
        http.client.HTTPConnection.putrequest = original
    assert seen == [("GET", "/text")]
    assert server.hits == 1


# -- custom_patches ---------------------------------------------------------------------------------------------------


class Client:
    """Stands for a client that vcr does not know."""

    Connection = "real"


@pytest.fixture
def client():
    return type("Client", (Client,), {"Connection": "real"})


def test_a_custom_patch_is_in_place_while_the_cassette_is_open(client, cassette_path):
    with vcr.use_cassette(cassette_path, custom_patches=[(client, "Connection", "stub")]):
        assert client.Connection == "stub"
    assert client.Connection == "real"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("stubs", [["stub"] * 3, ["stub 0", "stub 1", "stub 2"]], ids=["same", "different"])
def test_in_whatever_order_cassettes_close_a_custom_patch_stays_until_the_last_has(stubs, order, client, tmp_path):
    cassettes = [
        vcr.use_cassette(tmp_path / str(number), custom_patches=[(client, "Connection", stub)])
        for number, stub in enumerate(stubs)
    ]
    for cassette in cassettes:
        cassette.__enter__()
    assert client.Connection == stubs[-1]
    seen = []
    for number in order:
        cassettes[number].__exit__(None, None, None)
        seen.append(client.Connection)
    assert "real" not in seen[:-1]
    assert seen[-1] == "real"


# -- clients that are imported later ----------------------------------------------------------------------------------

IMPORT_INSIDE = """
import sys
import vcr
assert {module!r} not in sys.modules
with vcr.use_cassette("unused.yaml"):
    import {module}
    owner = {owner}
    inside = vars(owner)["connect"]
    assert hasattr(inside, "__wrapped__"), "the adapter has not woken up"
assert vars(owner)["connect"] is inside.__wrapped__, "the replacement has not been taken away"
"""

IMPORT_BEFORE = """
import vcr
import {module}
owner = {owner}
original = vars(owner)["connect"]
with vcr.use_cassette("unused.yaml"):
    assert vars(owner)["connect"].__wrapped__ is original
assert vars(owner)["connect"] is original
"""

IMPORT_FIRST = """
import {module}
owner = {owner}
original = vars(owner)["connect"]
import vcr
assert vars(owner)["connect"] is original
with vcr.use_cassette("unused.yaml"):
    assert vars(owner)["connect"].__wrapped__ is original
"""


def run(script: str, directory: Path) -> None:
    """Run a script in a new interpreter that has imported no client."""
    environment = {"PYTHONPATH": str(Path(vcr.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


IMPORT_AGAIN = """
import sys
import vcr
import {module}
with vcr.use_cassette("unused.yaml"):
    pass
for name in list(sys.modules):
    if name.partition(".")[0] == "{module}".partition(".")[0]:
        del sys.modules[name]
for _ in range(2):
    with vcr.use_cassette("unused.yaml"):
        import {module}
        owner = {owner}
        inside = vars(owner)["connect"]
        assert hasattr(inside, "__wrapped__"), "the adapter has not woken up"
    assert vars(owner)["connect"] is inside.__wrapped__, "the replacement has not been taken away"
"""


@pytest.mark.parametrize(
    "script",
    [IMPORT_INSIDE, IMPORT_BEFORE, IMPORT_FIRST, IMPORT_AGAIN],
    ids=["inside", "before", "first", "again"],
)
@pytest.mark.parametrize(
    ("module", "owner"),
    [
        ("urllib3.connection", "urllib3.connection.HTTPConnection"),
        ("httplib2", "httplib2.HTTPSConnectionWithTimeout"),
    ],
)
def test_an_adapter_wakes_when_its_client_is_imported_whenever_that_is(module, owner, script, tmp_path):
    pytest.importorskip(module)
    run(script.format(module=module, owner=owner), tmp_path)


# -- clients that vcr cannot take hold of ------------------------------------------------------------------------------


class Proxy:
    """A module behind an object that hands on its attributes, as plugins put it in the module's place."""

    def __init__(self, module):
        self.module = module

    def __getattr__(self, name):
        return getattr(self.module, name)


class Hostile:
    """Whatever is asked of it, it fails."""

    def __getattribute__(self, name):
        raise RuntimeError(f"no {name} here")

    __eq__ = __hash__ = None


def being_imported(name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__spec__ = importlib.machinery.ModuleSpec(name, None)
    module.__spec__._initializing = True
    return module


#: What may stand in ``sys.modules`` in the place of a client's module.
ODD = {
    "empty": types.ModuleType,
    "namespace": lambda _: types.SimpleNamespace(),
    "mock": lambda _: mock.MagicMock(),
    "hostile": lambda _: Hostile(),
    "with classes of its own": lambda _: mock.MagicMock(
        **dict.fromkeys(("BaseConnector", "ClientResponse", "BaseTransport", "HTTPConnection", "Curl"), Owner)
    ),
    "none": lambda _: None,  # (as one puts there to keep it from being imported)
}
EVERY_CLIENT = pytest.mark.parametrize("name", patch.supported())
EVERY_ODDITY = pytest.mark.parametrize("odd", ODD.values(), ids=ODD)


def places_of(name: str) -> list[patch.Place]:
    """Every place of the client's modules. (urllib3-future's may be where urllib3's are.)"""
    client, places = patch.supported()[name], patch._places()
    modules = {place.module for place in places if client in place.patcher.CLIENTS}
    return [place for place in places if place.module in modules]


@pytest.fixture
def put(monkeypatch):
    """``put(name, odd)``: the modules of the client are odd ones, as in a process that has seen no others."""
    monkeypatch.setattr(patch, "_patched", {})
    monkeypatch.setattr(patch, "_warned", set())

    def put(name, odd):
        if name == "pycurl":
            pytest.importorskip("pycurl")  # whose own classes are found, whatever stands in the module's place
        places = places_of(name)
        for place in places:
            monkeypatch.setitem(sys.modules, place.module, odd(place.module))
        return {client.name for place in places for client in patch._clients_in(place)}

    return put


def warned_of(caught) -> list[str]:
    """The clients that warnings name."""
    assert {warning.category for warning in caught} <= {VCRWarning}
    assert {warning.filename for warning in caught} <= {__file__}
    return sorted(str(warning.message).split(" ", 1)[0] for warning in caught)


@EVERY_ODDITY
@EVERY_CLIENT
def test_an_odd_client_costs_itself_only_and_one_warning_says_which_it_is(name, odd, put, server, cassette_path):
    if (name, odd) == ("httplib", ODD["none"]):
        pytest.skip("Python itself needs http.client")
    names = put(name, odd)
    is_covered = name in ("httplib", "pycurl") or odd is ODD["none"]
    expected = [] if is_covered else sorted(names)
    for said in (expected, []):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with vcr.use_cassette(cassette_path) as cassette:
                assert urlopen(server.url + "/counter") == b"1"
        assert warned_of(caught) == said
    assert (len(cassette), server.hits) == (1, 1)


@EVERY_CLIENT
def test_skip_patchers_silences_the_warning(name, put, cassette_path):
    names = put(name, ODD["hostile"])
    with vcr.use_cassette(cassette_path, skip_patchers=names):
        pass


@EVERY_CLIENT
def test_a_client_that_is_replaced_after_the_first_cassette_costs_itself_only(name, put, server, cassette_path):
    with vcr.use_cassette(cassette_path):
        urlopen(server.url + "/counter")
    names = put(name, ODD["hostile"])
    with vcr.use_cassette(cassette_path, skip_patchers=names - {"httplib"}) as cassette:
        assert urlopen(server.url + "/counter") == b"1"
    assert (cassette.play_count, server.hits) == (1, 1)


def test_a_proxy_beside_the_module_that_it_stands_for_changes_nothing(monkeypatch, cassette_path):
    with vcr.use_cassette(cassette_path):
        alone = len(patch._applied)
    for place in patch._places():
        if place.module in sys.modules:
            monkeypatch.setitem(sys.modules, place.module, Proxy(sys.modules[place.module]))
    held = {place: list(modules) for place, modules in patch._patched.items()}
    with vcr.use_cassette(cassette_path):
        assert len(patch._applied) == alone
    assert patch._patched == held


def test_a_warning_that_is_an_error_leaves_nothing_open(put, cassette_path):
    put("aiohttp", ODD["empty"])
    before = what_is_there()
    with pytest.raises(VCRWarning, match="aiohttp"):
        vcr.use_cassette(cassette_path).__enter__()
    assert what_is_there() == before


@EVERY_CLIENT
def test_a_client_that_is_being_imported_is_waited_for(name, put, monkeypatch, cassette_path):
    put(name, being_imported)
    monkeypatch.setattr(patch, "_hooked", set(places_of(name)))
    with vcr.use_cassette(cassette_path):  # (its import will tell)
        pass
    monkeypatch.setattr(patch, "_hooked", set())
    with pytest.warns(VCRWarning, match="is being imported while") as caught, vcr.use_cassette(cassette_path):
        pass
    assert set(warned_of(caught)) <= {place.module for place in places_of(name)}


IMPORTED_BY_THE_STUB = """
import sys
import vcr
import tornado.curl_httpclient
sys.modules.pop("tornado.simple_httpclient", None)
with vcr.use_cassette("unused.yaml"):
    import vcr.stubs.tornado
    from tornado.simple_httpclient import SimpleAsyncHTTPClient
    assert hasattr(SimpleAsyncHTTPClient.fetch_impl, "__wrapped__")
"""


def test_a_module_that_a_stub_imports_is_taken_hold_of_too(tmp_path):
    pytest.importorskip("tornado")
    pytest.importorskip("pycurl")
    run(IMPORTED_BY_THE_STUB, tmp_path)


OLD_CLIENT = """
import sys
import warnings
import vcr
from vcr.errors import UnsupportedClientError
import {module}

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    with vcr.use_cassette("unused.yaml"):
        for request in {requests}:
            try:
                request()
            except UnsupportedClientError as error:
                assert "{module} 0.0.1" in str(error), error
            else:
                raise SystemExit("the request has escaped the cassette")
    with vcr.use_cassette("unused.yaml", skip_patchers=["{module}"]):
        for request in {requests}:
            assert request() == "live"
(warning,) = caught
assert "{module} 0.0.1" in str(warning.message) and "refused" in str(warning.message), warning
for request in {requests}:
    assert request() == "live"
"""
OLD_CLIENTS = {
    "aiohttp": ("ClientSession", "_request"),
    "curl_cffi": ("Curl", "perform"),
    "httpx": ("Client", "send"),
    "httpx2": ("AsyncClient", "send"),
}


@pytest.mark.parametrize("name", OLD_CLIENTS)
def test_a_request_of_a_client_that_is_too_old_is_refused_and_the_error_names_it_and_its_version(name, tmp_path):
    owner, method = OLD_CLIENTS[name]
    source = f'__version__ = "0.0.1"\nclass {owner}:\n    def {method}(self): return "live"\n'
    (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    run(OLD_CLIENT.format(module=name, requests=f"[{name}.{owner}().{method}]"), tmp_path)


# -- the list of clients -----------------------------------------------------------------------------------------------


def test_clients_lists_module_version_and_tested_range():
    (listed,) = [client for client in vcr.clients() if client.name == "httplib"]
    assert (listed.module, listed.version) == ("http.client", platform.python_version())
    assert "3.13" in listed.tested


def test_a_client_is_active_while_a_cassette_is_open():
    def active():
        return {client.name for client in vcr.clients() if client.active}

    assert active() == set()
    with vcr.use_cassette("unused.yaml"):
        assert "httplib" in active()
    assert active() == set()


NOT_IMPORTED = """
import sys, vcr
with vcr.use_cassette("unused.yaml"):
    (status,) = [client for client in vcr.clients() if client.name == "httplib2"]
    assert not status.active
assert "httplib2" not in sys.modules
"""


def test_a_client_that_is_not_imported_is_not_active(tmp_path):
    run(NOT_IMPORTED, tmp_path)


@pytest.mark.parametrize("name", patch.supported())
def test_a_client_that_is_installed_has_a_version(name):
    client = patch.supported()[name]
    assert (client.version is not None) == (importlib.util.find_spec(client.module.partition(".")[0]) is not None)
