"""Room: the door of ``python -m vcr``. It knows no command: those are in ``vcr.cli``."""

from .cli import main

if __name__ == "__main__":
    main()
