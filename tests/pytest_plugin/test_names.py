"""Where a cassette is: pytest-recording's scheme, pytest-vcr's, names that every file system takes, and collisions."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

#: What pytest-recording 0.14.1 makes of the identifier of a parameter.
OF_PYTEST_RECORDING = {
    "/A": "test_it[-A].yaml",
    "../foo": "test_it[..-foo].yaml",
    "a:b": "test_it[a-b].yaml",
    "a*c?": "test_it[a-c-].yaml",
    "a<b>|c": "test_it[a-b--c].yaml",
    "a\\d": "test_it[a--d].yaml",
    'a"e': "test_it[a-e].yaml",
    "ünï": "test_it[-xfcn-xef].yaml",
    "日本": "test_it[-u65e5-u672c].yaml",
    "nul\0x": "test_it[nul-x00x].yaml",
    " sp ace ": "test_it[ sp ace ].yaml",
    "CON": "test_it[CON].yaml",
    "..": "test_it[..].yaml",
    "x" * 300: f"test_it[{'x' * 207}...f50202b1389d6ee79018aec8169cf535.yaml",
}


def test_names_are_those_of_pytest_recording(project):
    project.write(
        f"""
        IDS = {list(OF_PYTEST_RECORDING)!r}

        @pytest.mark.vcr
        @pytest.mark.parametrize("value", IDS, ids=lambda value: value)
        def test_it(value):
            fetch("/text")
        """
    )
    project.run("--record-mode=once", passed=len(OF_PYTEST_RECORDING))
    found = [name.removeprefix("cassettes/test_network/") for name in project.cassettes()]
    assert found == sorted(OF_PYTEST_RECORDING.values())


def test_a_name_of_many_bytes_is_cut_between_characters():
    from vcr.pytest_plugin.paths import file_name

    name = file_name("é" * 200, ".yaml")
    assert len(name.encode()) <= 255
    assert name.startswith("é" * 100)
    assert file_name("é" * 200 + "x", ".yaml") != name


def test_the_longest_name_that_is_not_cut():
    from vcr.pytest_plugin.paths import file_name

    assert file_name("x" * 250, ".yaml") == "x" * 250 + ".yaml"
    assert "..." in file_name("x" * 251, ".yaml")
    assert file_name("name.yaml", ".yaml") == "name.yaml"


# -- the schemes -------------------------------------------------------------------------------------------------------

IN_A_CLASS = """
    class TestClass:
        @pytest.mark.vcr
        def test_method(self):
            fetch("/text")

    @pytest.mark.vcr
    @pytest.mark.parametrize("path", ["/text"])
    def test_path(path):
        fetch(path)
"""


def test_the_scheme_of_pytest_vcr_can_be_chosen_and_records_once(project):
    project.write(IN_A_CLASS)
    project.pytester.makeini("[pytest]\nvcr_layout = pytest-vcr\n")
    assert "vcr: record mode once (as pytest-vcr's)" in project.run(passed=2)
    assert project.cassettes() == ["cassettes/TestClass.test_method.yaml", "cassettes/test_path[-text].yaml"]
    assert project.hits == 2
    project.run(passed=2)
    assert project.hits == 0


def test_it_is_found_where_there_are_cassettes(project, monkeypatch):
    project.write(IN_A_CLASS)
    project.run("--record-mode=once", "-k", "path", passed=1)
    (project.path / "cassettes/test_network/test_path[-text].yaml").rename(project.path / "cassettes/test_new.yaml")
    shutil.rmtree(project.path / "cassettes/test_network")
    assert project.hits == 1
    monkeypatch.setenv("CI", "1")
    project.run(failed=2)  # in CI nothing is recorded
    assert project.hits == 0
    monkeypatch.delenv("CI")
    project.run(passed=2)
    assert project.cassettes() == [
        "cassettes/TestClass.test_method.yaml",
        "cassettes/test_new.yaml",
        "cassettes/test_path[-text].yaml",
    ]


def test_a_name_that_pytest_vcr_left_as_it_is_is_found(project):
    project.write(IN_A_CLASS)
    project.pytester.makeini("[pytest]\nvcr_layout = pytest-vcr\n")
    project.run("-k", "path", passed=1)
    assert project.hits == 1
    directory = project.path / "cassettes" / "test_path["
    directory.mkdir()
    (project.path / "cassettes/test_path[-text].yaml").rename(directory / "text].yaml")
    project.run("-k", "path", passed=1)
    assert project.hits == 0


def test_where_a_module_has_a_directory_the_scheme_is_that_of_pytest_recording(project):
    project.write(IN_A_CLASS)
    project.run("--record-mode=once", passed=2)
    (project.path / "cassettes/test_other.yaml").touch()
    assert project.hits == 2
    project.run(passed=2)
    assert project.hits == 0


@pytest.mark.parametrize("where", ["recorded", "{path}/elsewhere"])
def test_the_directory_is_a_setting(where, project):
    project.write(IN_A_CLASS)
    directory = where.format(path=project.path)
    project.pytester.makeini(f"[pytest]\nvcr_cassette_dir = {directory}\n")
    project.run("--record-mode=once", passed=2)
    assert (project.path / Path(directory).name / "test_network" / "TestClass.test_method.yaml").exists()


def test_two_modules_of_the_same_name_have_cassettes_beside_them(project):
    for directory in ("one", "two"):
        (project.path / directory).mkdir()
        (project.path / directory / "__init__.py").touch()
        project.write(IN_A_CLASS, name=f"{directory}/test_network")
    project.run("--record-mode=once", passed=4)
    assert len(project.cassettes()) == 4
    assert {Path(name).parts[0] for name in project.cassettes()} == {"one", "two"}


# -- collisions --------------------------------------------------------------------------------------------------------

COLLIDING = """
    @pytest.mark.vcr
    @pytest.mark.parametrize("value", ["a/b", "a-b"])
    def test_it(value):
        fetch("/text")
"""


def test_two_tests_that_would_share_a_cassette_are_an_error_at_collection(project):
    project.write(COLLIDING)
    output = project.run("--record-mode=once")
    tests = "test_network.py::test_it[a/b] and test_network.py::test_it[a-b]"
    assert f"{tests} would share the cassette cassettes/test_network/test_it[a-b].yaml" in output
    assert 'pytest.mark.default_cassette("another name")' in output
    assert (project.hits, project.cassettes()) == (0, [])


def test_those_that_share_one_already_go_on(project):
    project.write(COLLIDING)
    project.run("--record-mode=once", "-k", "a-b", passed=1)
    project.run(passed=2)


def test_sharing_may_be_said(project):
    project.write(COLLIDING.replace("@pytest.mark.vcr", '@pytest.mark.vcr\n    @pytest.mark.default_cassette("both")'))
    project.run("--record-mode=once", passed=2)
    assert project.cassettes() == ["cassettes/test_network/both.yaml"]
