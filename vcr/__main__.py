"""Starts ``python -m vcr``. It must not know a command: those are in ``vcr.cli``."""

from .cli import main

if __name__ == "__main__":
    main("python -m vcr")
