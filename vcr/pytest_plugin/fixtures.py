"""The fixtures. Those that say something about a cassette may be replaced by a project; the others open it.

Nothing of vcr is imported until a cassette is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pytest

from . import collecting, noted, options
from .marks import hosts_of, named, plan_of
from .paths import Place, default_name, place_of

if TYPE_CHECKING:
    from ..cassette import Cassette


# -- what a project may replace ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def record_mode(request: pytest.FixtureRequest) -> str:
    """The record mode where a test names none."""
    return request.config.stash[options.RUN].mode


@pytest.fixture(scope="session")
def disable_recording(request: pytest.FixtureRequest) -> bool:
    """Whether no cassette is opened."""
    return request.config.stash[options.RUN].disabled


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, object]:
    """Options of ``use_cassette`` for every test; those of a mark win."""
    return {}


@pytest.fixture(scope="module")
def _vcr_place(request: pytest.FixtureRequest) -> Place:
    """Where the cassettes of a module are: to find out takes long where there are many."""
    return place_of(request.path, request.config.stash[options.RUN])


@pytest.fixture(scope="module")
def vcr_cassette_dir(_vcr_place: Place) -> str:
    """The directory of a module's cassettes."""
    return str(_vcr_place.directory)


@pytest.fixture
def vcr_cassette_name(request: pytest.FixtureRequest, _vcr_place: Place) -> str:
    """The name of a test's cassette, after the test (pytest-vcr's name of this fixture)."""
    return default_name(request.node, _vcr_place)


@pytest.fixture
def default_cassette_name(request: pytest.FixtureRequest) -> str:
    """The name of a test's cassette: what its mark ``default_cassette`` says, or after the test."""
    return named(request.node) or str(request.getfixturevalue("vcr_cassette_name"))


@pytest.fixture
def allowed_hosts(request: pytest.FixtureRequest) -> object:
    """The hosts that a block leaves alone: those of a mark, of ``vcr_config``, of the command line or the settings."""
    of_marks = hosts_of(request.node)
    if of_marks is not None:
        return of_marks
    from .recording import plan_with

    of_config = plan_with(None, request.getfixturevalue("vcr_config")).get("allowed_hosts")
    return request.config.stash[options.RUN].allowed_hosts if of_config is None else of_config


# -- a test's cassette -------------------------------------------------------------------------------------------------


@pytest.fixture
def vcr(request: pytest.FixtureRequest) -> Iterator[Cassette | None]:
    """The cassette of a marked test, open from before the test's own fixtures; None where there is no mark."""
    if plan_of(request.node) is None or request.getfixturevalue("disable_recording"):
        yield None
        return
    with _opened_for_test(request) as cassette:
        yield cassette


@pytest.fixture
def vcr_cassette(request: pytest.FixtureRequest) -> Iterator[Cassette]:
    """The cassette of a test, marked or not."""
    cassette: Cassette | None = request.getfixturevalue("vcr")
    if cassette is not None:
        yield cassette
        return
    # Without recording, requests pass by the cassette.
    passing = {"before_record_request": lambda _: None} if request.getfixturevalue("disable_recording") else {}
    with _opened_for_test(request, **passing) as opened:
        yield opened


def _opened_for_test(request: pytest.FixtureRequest, **more: object) -> AbstractContextManager[Cassette]:
    from .recording import mode_of, opened, plan_with

    run = request.config.stash[options.RUN]
    plan = plan_of(request.node)
    chosen = plan_with(plan, request.getfixturevalue("vcr_config"))
    chosen["record_mode"] = mode_of(run, chosen, request.getfixturevalue("record_mode"), _layout(request))
    return opened(
        request.config,
        request.node,
        directory=str(request.getfixturevalue("vcr_cassette_dir")),
        name=str(request.getfixturevalue("default_cassette_name")),
        chosen={**chosen, **more},
        cassettes=() if plan is None else tuple(plan.cassettes),
        did_not_pass=lambda: request.node.stash.get(noted.DID_NOT_PASS, False),
    )


def _layout(request: pytest.FixtureRequest) -> str:
    """The scheme of the paths; unknown where the project chooses the directory."""
    place: Place = request.getfixturevalue("_vcr_place")
    return place.layout if str(place.directory) == str(request.getfixturevalue("vcr_cassette_dir")) else ""


# -- wider scopes ------------------------------------------------------------------------------------------------------


def _opened_for_scope(request: pytest.FixtureRequest, directory: str, name: str) -> Iterator[Cassette | None]:
    """The cassette of a scope; around it, and in it, each test may have its own."""
    if request.getfixturevalue("disable_recording"):
        yield None
        return
    with _opening(request, directory)(name) as cassette:
        yield cassette


def _opening(request: pytest.FixtureRequest, directory: str) -> Callable[..., AbstractContextManager[Cassette]]:
    from .recording import mode_of, opened, plan_with

    run = request.config.stash[options.RUN]
    session = request.session
    failed_before = session.testsfailed

    def open_cassette(name: str, **chosen: object) -> AbstractContextManager[Cassette]:
        merged = {**plan_with(None, request.getfixturevalue("vcr_config")), **chosen}
        merged["record_mode"] = mode_of(run, merged, request.getfixturevalue("record_mode"), "")
        return opened(
            request.config,
            request.node,
            directory=directory,
            name=name,
            chosen=merged,
            did_not_pass=lambda: session.testsfailed > failed_before,
        )

    return open_cassette


@pytest.fixture(scope="class")
def vcr_class(request: pytest.FixtureRequest, vcr_cassette_dir: str) -> Iterator[Cassette | None]:
    """A cassette for what fixtures of a class request: ``<class>.yaml``."""
    cls = request.cls
    yield from _opened_for_scope(request, vcr_cassette_dir, "class" if cls is None else cls.__name__)


@pytest.fixture(scope="module")
def vcr_module(request: pytest.FixtureRequest, vcr_cassette_dir: str) -> Iterator[Cassette | None]:
    """A cassette for what fixtures of a module request: ``module.<name of the module>.yaml``."""
    yield from _opened_for_scope(request, vcr_cassette_dir, f"module.{request.path.stem}")


@pytest.fixture(scope="session")
def vcr_session(request: pytest.FixtureRequest) -> Iterator[Cassette | None]:
    """A cassette for what fixtures of the session request: ``session.yaml`` in ``cassettes`` of the root directory."""
    directory = request.config.rootpath / request.config.stash[options.RUN].cassette_dir
    yield from _opened_for_scope(request, str(directory), "session")


@pytest.fixture(scope="session")
def vcr_open(request: pytest.FixtureRequest) -> Callable[..., AbstractContextManager[Cassette]]:
    """``vcr_open(name, **options)``: a context manager, for fixtures of any scope, for a cassette with the plugin's
    configuration in ``cassettes`` of the root directory."""
    directory = request.config.rootpath / request.config.stash[options.RUN].cassette_dir
    return _opening(request, str(directory))


# -- the network -------------------------------------------------------------------------------------------------------


@pytest.fixture
def block_network(request: pytest.FixtureRequest) -> Iterator[None]:
    """The network, blocked: where a mark or an option says so, unless the test's cassette records."""
    run = request.config.stash[options.RUN]
    is_asked = run.block_network or request.node.get_closest_marker("block_network") is not None
    if not is_asked or _records(request):
        yield
        return
    from .. import network

    reporter = collecting.reporter(request.config)  # it notes the outcome of the test
    block = network.block_network(request.getfixturevalue("allowed_hosts"), block_loopback=True)
    block.is_brief = True
    with block:
        yield
    reporter.note_blocked(request.node.nodeid, block.blocked)


def _records(request: pytest.FixtureRequest) -> bool:
    plan = plan_of(request.node)
    if plan is None or request.getfixturevalue("disable_recording"):
        return False
    from .recording import mode_of, plan_with

    chosen = plan_with(plan, request.getfixturevalue("vcr_config"))
    run = request.config.stash[options.RUN]
    return mode_of(run, chosen, request.getfixturevalue("record_mode"), _layout(request)) != "none"
