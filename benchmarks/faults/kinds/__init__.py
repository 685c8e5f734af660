"""The kinds of faults, a file for each family; importing this registers all of them."""

from benchmarks.faults.kinds import (  # noqa: F401  # noqa: F401
    commands,
    copies,
    damaged,
    disks,
    ended,
    pictures,
    server,
    together,
    weights,
    work,
)
