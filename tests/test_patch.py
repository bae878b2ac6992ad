"""Putting replacements in place and taking them away. That each client is taken hold of is tested in tests/clients."""

from __future__ import annotations

import http.client
import importlib.util
import itertools
import platform
import subprocess
import sys
import threading
import types
from pathlib import Path

import pytest

import vcr
from vcr import patch
from vcr.patch.replace import Replacement

PLACES = [
    (http.client.HTTPConnection, "__init__"),
    (http.client.HTTPConnection, "putrequest"),
    (http.client.HTTPConnection, "connect"),
    (http.client.HTTPSConnection, "connect"),
]


def what_is_there() -> list[object]:
    return [vars(owner)[name] for owner, name in PLACES]


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
    patch.install()
    assert all(now is not then for now, then in zip(what_is_there(), before, strict=True))
    patch.uninstall()
    assert what_is_there() == before


def test_only_the_last_to_close_takes_them_away():
    before = what_is_there()
    patch.install()
    first = what_is_there()
    patch.install()
    assert what_is_there() == first
    patch.uninstall()
    assert what_is_there() == first
    patch.uninstall()
    assert what_is_there() == before


def test_many_threads_may_open_and_close_at_once():
    before, barrier = what_is_there(), threading.Barrier(8)
    missing = []

    def open_and_close():
        barrier.wait()
        for _ in range(50):
            patch.install()
            missing.extend(now for now, then in zip(what_is_there(), before, strict=True) if now is then)
            patch.uninstall()

    threads = [threading.Thread(target=open_and_close) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missing == []
    assert what_is_there() == before


def test_replacements_keep_name_documentation_and_signature_of_what_they_replace():
    before = what_is_there()
    patch.install()
    try:
        for now, then in zip(what_is_there(), before, strict=True):
            assert (now.__name__, now.__qualname__, now.__doc__) == (then.__name__, then.__qualname__, then.__doc__)
            assert now.__wrapped__ is then
    finally:
        patch.uninstall()


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


@pytest.mark.parametrize("script", [IMPORT_INSIDE, IMPORT_BEFORE, IMPORT_FIRST], ids=["inside", "before", "first"])
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


OLD_CLIENT = """
import vcr
from vcr.errors import UnsupportedClientError
import httplib2
try:
    with vcr.use_cassette("unused.yaml"):
        raise SystemExit("its requests would escape the cassette")
except UnsupportedClientError as error:
    assert "httplib2" in str(error)
    assert "0.0.1" in str(error)
import http.client
assert "vcr" not in http.client.HTTPConnection.__init__.__code__.co_filename
"""


def test_a_client_without_the_place_where_vcr_takes_hold_is_an_error_that_names_it_and_its_version(tmp_path):
    (tmp_path / "httplib2.py").write_text('__version__ = "0.0.1"\n', encoding="utf-8")
    run(OLD_CLIENT, tmp_path)


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
