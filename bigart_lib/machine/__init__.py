"""What this machine is and how to use it: device, precision, memory, speed, and random numbers."""

from bigart_lib.machine.devices import (
    at_threads,
    describe,
    facts,
    on_colab,
    overview,
    pick_device,
)
from bigart_lib.machine.memory import (
    GRANTED,
    MEMORY_SHARE,
    MOST_CPU_MEMORY,
    MemoryShortageError,
    free_memory,
    is_out_of_memory,
    memory_budget,
    release_memory,
    resident_memory,
)
from bigart_lib.machine.precision import (
    PRECISIONS,
    DeviceError,
    for_any_network,
    for_vqgan,
    pick_precision,
    precision_name,
)
from bigart_lib.machine.seeds import random_generator
from bigart_lib.machine.speeds import SPEEDS_FILE, Speeds, measure_speed
from bigart_lib.version import VERSION

__all__ = [
    "GRANTED",
    "MEMORY_SHARE",
    "MOST_CPU_MEMORY",
    "PRECISIONS",
    "SPEEDS_FILE",
    "VERSION",
    "DeviceError",
    "MemoryShortageError",
    "Speeds",
    "at_threads",
    "describe",
    "facts",
    "for_any_network",
    "for_vqgan",
    "free_memory",
    "is_out_of_memory",
    "measure_speed",
    "memory_budget",
    "on_colab",
    "overview",
    "pick_device",
    "pick_precision",
    "precision_name",
    "random_generator",
    "release_memory",
    "resident_memory",
]
