"""The exit statuses of the command line."""

from __future__ import annotations

FINE = 0
#: There is something to see to: a fault, a difference, a file that would be changed.
FINDINGS = 1
#: The command was not understood, or something cannot be read or written.
USAGE = 2
#: Control-C, and a reader of the output that has gone: what a shell reports for a program that ends of the signal.
INTERRUPTED = 130
BROKEN_PIPE = 141
