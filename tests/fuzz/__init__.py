"""What reads bytes that others wrote, given all the bytes there are: by a fuzzer that is guided by coverage.

``targets`` says, for each reader, what must hold of any input, and what to begin with. ``python -m tests.fuzz yaml
--seconds 60`` runs one with atheris; tests/reliability/test_fuzzing.py runs each over its seeds, without.
"""
