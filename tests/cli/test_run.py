"""``vcr run``: a program that knows of no cassette is recorded and replayed, with the processes that it starts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.running import command, environment, in_terminal, piped, vcr
from tests.cli.test_convert import values
from vcr.cli import options, program, running
from vcr.cli.program import ProgramError

posix = pytest.mark.skipif(os.name == "nt", reason="shebangs and signals of POSIX")

FETCH = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode(), flush=True)"
#: It makes a request by itself, in a process of each start method, in a Python that it starts, and in one that a shell
#: starts, one after the other.
MANY = f"""
import multiprocessing, os, shlex, subprocess, sys, urllib.request

def fetch(url):
    print(urllib.request.urlopen(url).read().decode(), flush=True)

if __name__ == "__main__":
    url = sys.argv[1]
    fetch(url)
    for method in multiprocessing.get_all_start_methods():
        process = multiprocessing.get_context(method).Process(target=fetch, args=(url,))
        process.start()
        process.join()
    words = [sys.executable, "-c", {FETCH!r}, url]
    subprocess.run(words, check=True)
    os.system(shlex.join(words))
    sys.exit(3)
"""


@pytest.fixture
def commands_are_counted():
    """They are where a test asks for ``counted``: many processes here open a cassette, which takes longest."""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def script(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    Path(name).chmod(0o755)
    return name


def paths(cassette: str) -> list[str]:
    return [value[0][1].partition("/")[2].partition("/")[2] for value in values(cassette)]


@posix
def test_a_program_and_all_the_processes_that_it_starts_are_in_one_cassette(server, project):
    script("many.py", MANY)
    recorded = piped("run", "--", sys.executable, "many.py", server.url + "/counter")
    count = len(recorded.out.split())
    assert recorded == (
        3,
        "".join(f"{number}\n" for number in range(1, count + 1)),
        f"vcr: cassettes/many.yaml: {count} recorded, 0 played, 0 refused\n",
    )
    assert server.hits == count == 6
    url = server.url
    server.close()

    replayed = in_terminal("run", "--", sys.executable, "many.py", url + "/counter")

    assert replayed.status == 3
    assert replayed.out == f"{recorded.out}vcr: cassettes/many.yaml: 0 recorded, 6 played, 0 refused\n"
    assert os.listdir("cassettes") == ["many.yaml"]


@posix
def test_a_module_and_a_console_script_are_programs_too(server, project, monkeypatch):
    script("tool", f"#!{sys.executable}\n{FETCH}")
    script("module.py", FETCH)
    monkeypatch.setenv("PATH", f"{project}{os.pathsep}{os.environ['PATH']}")
    url = server.url + "/counter"

    as_module = piped("run", "--cassette", "x.json", "--", sys.executable, "-m", "module", url)
    as_script = piped("run", "--cassette", "x.json", "--record-mode", "none", "--", "tool", url)

    assert as_module == (0, "1\n", "vcr: x.json: 1 recorded, 0 played, 0 refused\n")
    assert as_script == (0, "1\n", "vcr: x.json: 0 recorded, 1 played, 0 refused\n")
    assert server.hits == 1


def test_what_is_refused_is_an_error_of_the_program_and_counted(server):
    done = piped("run", "--record-mode", "none", "--cassette=x.yaml", sys.executable, "-c", FETCH, server.url + "/text")
    assert (done.status, done.out) == (1, "")
    assert "vcr.errors.CannotOverwriteExistingCassetteException: " in done.err
    assert done.err.endswith("vcr: x.yaml: 0 recorded, 0 played, 1 refused\n")
    assert server.hits == 0
    assert not os.path.exists("x.yaml")


# -- how it ends -------------------------------------------------------------------------------------------------------


@posix
def test_a_program_that_a_signal_ends_has_been_recorded_and_ends_vcr_run_in_the_same_way(server):
    killed = script("killed.py", f"{FETCH}\nimport os; os.kill(os.getpid(), 9)")
    done = piped("run", "--", sys.executable, killed, server.url + "/text")
    assert done.status == -signal.SIGKILL
    assert done.err == "vcr: cassettes/killed.yaml: 1 recorded, 0 played, 0 refused\n"
    assert paths("cassettes/killed.yaml") == [f"{server.url.partition('//')[2]}/text"]


@posix
def test_sigterm_is_handed_on_and_the_program_decides_what_it_means(server, counted):
    waiting = f"""
import signal, sys, time
came = []
signal.signal(signal.SIGTERM, lambda *_: came.append(1))
print("ready", flush=True)
while not came:
    time.sleep(0.01)
{FETCH}
sys.exit(4)
"""
    words = command("run", "--", sys.executable, script("waiting.py", waiting), server.url + "/counter")
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), text=True, encoding="utf-8"
    )
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, "1\n")
    assert err == "vcr: cassettes/waiting.yaml: 1 recorded, 0 played, 0 refused\n"


@posix
def test_control_c_goes_to_the_program_once(server, counted):
    waiting = f"""
import signal, sys, time
came = []
signal.signal(signal.SIGINT, lambda *_: came.append(1))
print("ready", flush=True)
while not came:
    time.sleep(0.01)
{FETCH}
print(len(came), "interrupt")
"""
    done = in_terminal(
        "run", "--", sys.executable, script("waiting.py", waiting), server.url + "/counter", typed=("ready", b"\x03")
    )
    assert done.status == 0
    assert done.out.replace("^C", "").splitlines() == [  # (which the terminal shows where it comes)
        "ready",
        "1",
        "1 interrupt",
        "vcr: cassettes/waiting.yaml: 1 recorded, 0 played, 0 refused",
    ]


def test_what_a_failed_program_has_recorded_is_saved_as_the_options_say(server):
    failing = script("failing.py", f"{FETCH}\nsys.exit(1)")
    words = ["--", sys.executable, failing, server.url + "/text"]
    assert vcr("run", "--option", "save=passed", *words).status == 1
    assert not os.path.exists("cassettes/failing.yaml")
    assert vcr("run", *words).status == 1
    assert len(paths("cassettes/failing.yaml")) == 1


def test_what_the_options_find_at_the_end_is_a_status_of_its_own(server):
    program = script("program.py", f"import sys\nif sys.argv[1:]:\n    {FETCH}")
    assert vcr("run", "--", sys.executable, program, server.url + "/text").status == 0
    done = vcr("run", "--option", "on_unused=error", "--", sys.executable, program)
    assert done.status == 1
    assert "vcr: nothing asked for 1 of the 1 interaction of the cassette cassettes/program.yaml" in done.err


@posix
def test_a_signal_that_ends_no_process_is_a_number_as_in_a_shell():
    assert running.end_as(3) == 3
    assert running.end_as(-signal.SIGURG) == 128 + signal.SIGURG


# -- which program -----------------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["python3", "dir/script.py", "-m", "x"], "script"),
        (["python3", "-W", "error", "-Xdev", "-um", "pack.age", "x.py"], "pack.age"),
        (["python3", "--check-hash-based-pycs", "always", "--", "-odd.py"], "-odd"),
        (["python3", "-c", "print()", "x.py"], ""),
        (["python3", "-", "x.py"], ""),
        (["python3", "-B"], ""),
        (["./direct", "x"], "direct"),
        (["./env", "x"], "env"),
        (["./split.py", "x"], "split"),
        (["./long", "x"], "long"),
    ],
)
def test_a_cassette_is_named_after_the_program(words, name):
    script("direct", "#!/usr/bin/python3 -u\n")
    script("env", "#!/usr/bin/env python3\n")
    script("split.py", "#!/usr/bin/env -S python3 -u\n")
    script("long", "#!/bin/sh\n'''exec' '/a long path/python' \"$0\" \"$@\"\n' '''\n")
    assert program.find(words).name == name


NO_PROGRAM = "this file does not say which program runs it"


@posix
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nothing_of_this_name"], "nothing_of_this_name: there is no such program"),
        (["./script.py"], f"./script.py: {NO_PROGRAM}; run: vcr run -- python ./script.py"),
        (["./executable.py", "a b"], f"./executable.py: {NO_PROGRAM}; run: vcr run -- python ./executable.py 'a b'"),
        (["sh", "-c", "true"], "sh: this is no Python program; only Python"),
        (["./shell"], "./shell: this is no Python program; only Python"),
        (["python3", "-I", "x.py"], "python3 -I x.py: with -I, -E or -S Python takes no part in a cassette"),
        (["./isolated"], "/usr/bin/python3 -Es ./isolated: with -I, -E or -S"),
    ],
)
def test_what_cannot_be_recorded_is_not_started(words, message):
    Path("script.py").write_text("", encoding="utf-8")
    script("executable.py", "import urllib\n")
    script("shell", "#!/bin/sh\n")
    script("isolated", "#!/usr/bin/python3 -Es\n")
    with pytest.raises(ProgramError) as error:
        program.find(words)
    assert str(error.value).startswith(message)


@posix
def test_a_python_that_cannot_take_part_is_not_given_the_program(counted):
    script("python3", '#!/bin/sh\necho "started $*"\necho "no module named site" >&2\n')
    done = piped("run", "./python3", "x.py")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "vcr: ./python3 cannot take part in a cassette (no module named site); install vcrpy in its environment, and "
        "run vcr there\n"
    )


@posix
def test_a_program_in_which_no_python_takes_part_is_not_fine():
    script("tool", "#!/bin/sh\n'''exec' true \"$0\"\n' '''\n")
    done = vcr("run", "./tool")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "vcr: ./tool has started no Python that takes part: nothing is recorded\n"
        "vcr: cassettes/tool.yaml: 0 recorded, 0 played, 0 refused\n"
    )


def test_a_usage_error_is_told_before_anything_is_started():
    for words, message in {
        ("--", "nothing_of_this_name"): "there is no such program",
        (sys.executable, "-c", ""): "--cassette: name one, for there is no script or module to name it after",
        ("--record-mode", "some", sys.executable, "x.py"): "'some' is not one of 'none'",
        ("--option", "orderd=true", sys.executable, "x.py"): "Did you mean 'ordered'? The README lists all options",
        (): "Missing argument '-- PROGRAM [ARGUMENTS]…'",
    }.items():
        done = vcr("run", *words)
        assert done.status == 2
        assert message in done.err


def test_a_cassette_that_cannot_be_read_is_told_and_the_program_not_started():
    Path("x.yaml").write_text("interactions:\n- {", encoding="utf-8")
    done = vcr("run", "--cassette", "x.yaml", sys.executable, "-c", "open('started', 'w')")
    assert done.status == 2
    assert done.err.startswith("vcr: x.yaml, line 3: not readable as YAML")
    assert not os.path.exists("started")


# -- options -----------------------------------------------------------------------------------------------------------


def drop(request):
    """A hook."""


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("ordered=true", True),
        ("allow-playback-repeats=last", "last"),
        ("allow_playback_repeats=yes", True),
        ("decoded_body_limit=1000", 1000),
        ("re_record_interval=0.5", timedelta(seconds=0.5)),
        ("match_on=method, path", ("method", "path")),
        ("filter_headers=Authorization", ("Authorization",)),
        ("filter_headers=", ()),
        ("filter_headers=[Authorization, [X-Key, KEY]]", ("Authorization", ["X-Key", "KEY"])),
        ("filter_sensitive_data={<KEY>: a=b}", (("<KEY>", "a=b"),)),
        ("save=2xx", "2xx"),
        ("serializer=json", "json"),
        ("ignore_hosts=localhost:80", ("localhost:80",)),
        ("before_record=tests.cli.test_run:drop", (drop,)),
    ],
)
def test_a_value_is_read_by_the_kind_of_the_option(word, value):
    assert list(options.read([word]).values()) == [value]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("ordered", "ordered: an option is name=value"),
        ("ordered=ture", "ordered: expected true or false, got 'ture'"),
        ("re_record_interval=soon", "re_record_interval: expected a number of seconds, got 'soon'"),
        ("decoded_body_limit=1.5", "decoded_body_limit: expected a whole number, got '1.5'"),
        ("save=2xy", "save: '2xy' is not a valid value. Did you mean '2xx'? Valid: "),
        ("skip_patchers=reqests", "skip_patchers: Unknown patcher 'reqests'. Did you mean 'requests'? Valid: "),
        ("filter_headers=[a", "filter_headers: not readable as YAML: "),
        ("filter_headers=[1]", "filter_headers: expected names and (name, replacement) pairs; 1 has no effect"),
        ("before_record_request=no.such:f", "before_record_request: no.such:f is not found: ModuleNotFoundError: "),
        ("before_record_request=f", "before_record_request: expected functions, got 'f'"),
        ("child_processes=ignore", "Unknown option 'child_processes'. "),
    ],
)
def test_a_bad_option_says_what_is_valid(word, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        options.read([word])


def test_a_function_of_the_project_filters_in_the_program(server, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    hook = "def hide(request):\n    request.uri = request.uri.replace('s3cret', 'xxx')\n    return request\n"
    Path("hooks_of_run.py").write_text(hook, encoding="utf-8")
    words = ["--cassette=x.yaml", "--option", "before_record_request=hooks_of_run:hide"]
    assert vcr("run", *words, sys.executable, "-c", FETCH, server.url + "/text?s3cret").status == 0
    assert paths("x.yaml") == [f"{server.url.partition('//')[2]}/text?xxx"]
