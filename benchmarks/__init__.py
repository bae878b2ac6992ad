"""What speed is claimed is measured here: ``python -m benchmarks`` (``--help`` says more).

Each part in ``rows/`` is a file: the rows of the table that it fills, and ``measure``, which is run in a process of its
own for each recorder, in that recorder's own environment. Nothing in this package is imported by ``vcr``.
"""
