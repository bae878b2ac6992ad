"""``python -m tests.fuzz <target> --seconds 60``: one target, with atheris. What makes it fail is left in
``crash-<digest>`` in the working directory; ``--corpus`` keeps what reached new code, for the next run."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["vcr"]):
    from .targets import TARGETS, Target


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=60, help="how long (default: %(default)s)")
    parser.add_argument("--corpus", type=Path, help="a directory of inputs to begin with, and to add to")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        _run(TARGETS[arguments.target], arguments.seconds, arguments.corpus, Path(directory))


def _run(target: Target, seconds: int, corpus: Path | None, directory: Path) -> None:
    corpus = corpus or directory / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    words = directory / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.words), encoding="ascii")
    # A cassette of some kilobytes is read in milliseconds: a second and more is a hang, a gigabyte is a bomb.
    limits = ["-timeout=10", "-rss_limit_mb=1024", "-max_len=8192"]
    options = [f"-max_total_time={seconds}", f"-dict={words}", "-print_final_stats=1", *limits, str(corpus)]
    atheris.Setup([sys.argv[0], *options], target.check)
    atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


main()
