"""The rooms of the package, and that imports go down the list of them, never up."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

import vcr

PACKAGE = Path(vcr.__file__).parent

#: A module may import from its own room and from the rooms above it in this list.
ROOMS = [
    "errors",
    "_http",
    "_http.text",
    "_http.uri",
    "_hosts",
    "_locks",
    "_http.multipart",
    "_http.body",
    "util",
    "request",
    "_http.failure",
    "response",
    "_http.content_coding",
    "_http.wrapping",
    "_http.escapes",
    "_http.views",
    "_http.spellings",
    "_http.edits",
    "_http.json_texts",
    "_http.names",
    "_http.named",
    "_http.lines",
    "_http.members",
    "_http.encoded",
    "_http.known",
    "_http.everywhere",
    "_http.fields",
    "_http.render",
    "_http.wire",
    "record_mode",
    "_http.meaning",
    "_http.difference",
    "matchers",
    "_placeholders",
    "_fields",
    "filters",
    "sanitize.rule",
    "sanitize.put",
    "sanitize.names",
    "sanitize.shapes",
    "sanitize.defaults",
    "sanitize.finding",
    "sanitize.streams",
    "sanitize.jwt",
    "sanitize.placeholder",
    "sanitize.paths",
    "sanitize.lengths",
    "sanitize.template",
    "sanitize.ruleset",
    "sanitize.credentials",
    "sanitize.uris",
    "sanitize.places",
    "sanitize.values",
    "sanitize.glance",
    "sanitize.notes",
    "sanitize.repeated",
    "sanitize.written",
    "sanitize.masking",
    "sanitize.off",
    "sanitize.standing",
    "sanitize",
    "_engine.shown",
    "_engine.interaction",
    "_engine.sender",
    "_engine.rows",
    "_engine.index",
    "_engine.secret_index",
    "_engine.explain",
    "_engine.facts",
    "_engine.strict",
    "_engine",
    "serializers",
    "formats",
    "serialize",
    "_active",
    "persisters",
    "_python",
    "_shared",
    "_children",
    "stubs",
    "patch",
    "_checks",
    "_options",
    "_hooks",
    "_assembly",
    "_context",
    "_data",
    "cassette",
    "_network_doors",
    "_outside",
    "network",
    "_no_cassette",
    "config",
    "migration",
]

#: Faces use any room, and are used by none.
FACES = ["betamax", "pytest_plugin", "unittest", "cli", "_child", "_vcrpy"]

#: What finds VCR.py's leftovers, which any module at one of VCR.py's paths may use.
LEFTOVERS = "vcr._vcrpy.leftovers"


def module_name(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for file in sorted(PACKAGE.rglob("*.py"))}
IN_ROOMS = [name for name in MODULES if name != "vcr"]


def room_of(name: str) -> str:
    """``vcr.stubs.connection`` is in the room ``stubs``, ``vcr._engine.index`` in its own; ``vcr`` itself is in none. A
    whole module that exists only for VCR.py's users stands at VCR.py's path, and belongs to the leftovers."""
    parts = name.split(".")[1:]
    room = ".".join(parts[:2]) if ".".join(parts[:2]) in ROOMS else "".join(parts[:1])
    if (name.startswith("vcr.stubs.") and name.split(".")[2].endswith("_stubs")) or room == "_handle_coroutine":
        return "_vcrpy"
    return "cli" if room == "__main__" else room


def is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def nodes_that_run(node: ast.AST) -> Iterator[ast.AST]:
    """Every node under this one, in functions too, but not what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if is_for_type_checkers(child):
            for statement in child.orelse:
                yield statement
                yield from nodes_that_run(statement)
        else:
            yield child
            yield from nodes_that_run(child)


def imports_of(module: str) -> Iterator[str]:
    """The full name of everything that a module imports, at any depth."""
    file = MODULES[module]
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    for node in nodes_that_run(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (resolve_name(name.value, package) for name in node.args[:1] if isinstance(name, ast.Constant))


def rooms_imported_by(module: str) -> set[str]:
    return {room_of(name) for name in imports_of(module) if name.partition(".")[0] == "vcr" and name != LEFTOVERS}


def may_import(room: str, other: str) -> bool:
    if room in FACES:
        return room in ("_vcrpy", other) or other not in FACES
    return other in ROOMS[: ROOMS.index(room) + 1]


def test_the_reader_of_imports_sees_those_inside_functions_and_not_those_for_type_checkers():
    assert "vcr._context.CassetteContextDecorator" in set(imports_of("vcr.config"))
    assert "vcr._engine.cassette.Cassette" not in set(imports_of("vcr.errors"))
    assert "vcr._active.carry" not in set(imports_of("vcr"))
    assert "vcr.network.block_network" not in set(imports_of("vcr"))


@pytest.mark.parametrize("module", IN_ROOMS)
def test_every_module_is_in_a_room(module):
    assert room_of(module) in ROOMS + FACES


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_exists_once(room):
    assert f"vcr.{room}" in MODULES
    assert ROOMS.count(room) == 1


@pytest.mark.parametrize("module", IN_ROOMS)
def test_imports_go_down_the_rooms_never_up(module):
    room = room_of(module)
    assert {other for other in rooms_imported_by(module) if not may_import(room, other)} == set()


def test_no_file_needs_itself_through_others():
    """There is no circle of imports, not inside a room either."""
    needs = {name: {one for one in map(module_of, imports_of(name)) if one not in (None, name)} for name in IN_ROOMS}
    while needs:
        free = {name for name, others in needs.items() if not others & needs.keys()}
        assert free, f"these files need each other: {sorted(needs)}"
        needs = {name: others for name, others in needs.items() if name not in free}


def module_of(name: str) -> str | None:
    """The module of this package in which ``name`` is; None where it is none of this package."""
    if name == LEFTOVERS:
        return None  # which imports its files when a name in them is asked for
    return name if name in IN_ROOMS else next((one for one in (name.rpartition(".")[0],) if one in IN_ROOMS), None)


@pytest.mark.parametrize("module", IN_ROOMS)
def test_no_file_is_longer_than_a_reader_keeps_in_mind(module):
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("module", IN_ROOMS)
def test_every_module_says_first_what_it_does(module):
    docstring = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8"))) or ""
    assert len(docstring.removeprefix("Room:").split()) > 4


# -- what an import of the package brings along -----------------------------------------------------------------------

LIST_WHAT_IS_NEW = """
import sys
before = set(sys.modules)
import vcr
{first_use}
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def newly_imported(first_use: str) -> set[str]:
    """The modules that ``import vcr`` loads in a new interpreter, with what comes after."""
    run = subprocess.run(
        [sys.executable, "-c", LIST_WHAT_IS_NEW.format(first_use=first_use)],
        cwd=PACKAGE.parent,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return set(run.stdout.split())


@pytest.fixture(scope="module")
def imported_with_vcr() -> set[str]:
    """The modules that are there when a cassette can be opened."""
    return newly_imported("vcr.use_cassette")


def test_import_vcr_alone_imports_nothing_but_the_standard_library():
    packages = {name.partition(".")[0] for name in newly_imported("")}
    assert packages - sys.stdlib_module_names == {"vcr"}


@pytest.mark.parametrize(
    "name", ["config", "errors", "stubs", "request", "matchers", "persisters", "patch", "cassette"]
)
def test_the_modules_that_vcrpy_has_are_there_after_import_vcr(name):
    assert f"vcr.{name}" in newly_imported(f"vcr.{name}")


def test_what_is_not_there_is_an_attribute_error_and_what_is_there_is_listed():
    with pytest.raises(AttributeError, match="module 'vcr' has no attribute 'use_casette'"):
        vcr.use_casette()
    assert {"use_cassette", "VCR", "mode"} <= set(dir(vcr))


@pytest.mark.parametrize(
    "client",
    ["requests", "urllib3", "httplib2", "boto", "boto3", "botocore", "httpx", "aiohttp", "tornado", "pip", "fsspec"],
)
def test_import_vcr_imports_no_client_for_the_user(client, imported_with_vcr):
    assert "vcr.cassette" in imported_with_vcr
    assert client not in imported_with_vcr


def test_import_vcr_needs_nothing_but_the_standard_library_yaml_and_wrapt(imported_with_vcr):
    packages = {name.partition(".")[0] for name in imported_with_vcr}
    # PyYAML's compiled half brings the runtime of the compiler it was made with.
    compiled = {name for name in packages if "cython" in name}
    assert packages - compiled - sys.stdlib_module_names <= {"vcr", "yaml", "_yaml", "wrapt"}


def test_import_vcr_does_not_import_its_own_faces(imported_with_vcr):
    faces = {name for name in imported_with_vcr if room_of(name) in FACES}
    assert faces == {LEFTOVERS.rpartition(".")[0]}  # which imports its files when a name in them is asked for


# -- what the signatures say ------------------------------------------------------------------------------------------

#: How often the package says ``Any``. The number only falls: where anything may come, and is only handed on or asked
#: for its type, ``object`` says so; what is used of a client's object is a Protocol.
MOST_ANYS = 225

#: The rooms whose functions no program calls: they answer to clients, to a shell, and to pytest.
NOT_CALLED = ("patch", "stubs", "cli", "pytest_plugin", "_vcrpy")
PUBLIC = [
    name
    for name in IN_ROOMS
    if room_of(name) not in NOT_CALLED and not any(part.startswith("_") for part in name.split("."))
]

#: The public signatures that cannot do without.
SAY_ANY = {
    "vcr.request.Request.body": "bytes or None, but in a few of VCR.py's cassettes an object",
    "vcr.request.Request.body_bytes": "the same",
    "vcr.betamax.configure.Configuration.default_cassette_options": "an option's own type, by its name",
    "vcr.betamax.cassette.cassette.Cassette.default_cassette_options": "the same",
    "vcr.betamax.serializers.base.BaseSerializer.deserialize": "a subclass takes either text or bytes",
    "vcr.formats.vcrpy.read_interaction": "what stands in a file, which is looked at there",
    "vcr.betamax.serializers.proxy.EngineSerializer.serialize": "text, or bytes for the persister beside it",
}


def says_any(node: ast.AST | None) -> int:
    return 0 if node is None else sum(isinstance(one, ast.Name) and one.id == "Any" for one in ast.walk(node))


def signatures(body: list[ast.stmt], where: str) -> Iterator[tuple[str, list[ast.expr | None]]]:
    """Every public function, method and attribute that is annotated, with its annotations. A protocol's own methods are
    left out: others write them, with types of their own. Of an overloaded function only the overloads are public."""
    overloaded = set()
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list):
                overloaded.add(node.name)
            elif node.name in overloaded:
                continue
            if not node.name.startswith("_") or node.name in ("__init__", "__call__", "__enter__"):
                given = node.args
                every = (*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg)
                yield f"{where}.{node.name}", [node.returns, *(one.annotation for one in every if one is not None)]
        elif isinstance(node, ast.AnnAssign) and not ast.unparse(node.target).startswith("_"):
            yield f"{where}.{ast.unparse(node.target)}", [node.annotation]
        elif isinstance(node, ast.ClassDef) and not (node.name.startswith("_") or is_protocol(node)):
            yield from signatures(node.body, f"{where}.{node.name}")


def is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base) == "Protocol" for base in node.bases)


def test_any_is_said_no_more_often_than_it_was():
    said = {name: says_any(ast.parse(file.read_text(encoding="utf-8"))) for name, file in MODULES.items()}
    most = sorted(said.items(), key=lambda item: -item[1])[:20]
    assert sum(said.values()) <= MOST_ANYS, f"write object for what is only handed on; most are in {most}"


def test_no_public_signature_says_any():
    """Mend one that is found here, or the list: it names none that says what it takes."""
    bodies = {module: ast.parse(MODULES[module].read_text(encoding="utf-8")).body for module in PUBLIC}
    signed = (one for module, body in bodies.items() for one in signatures(body, module))
    assert {name for name, annotations in signed if any(map(says_any, annotations))} == SAY_ANY.keys()
