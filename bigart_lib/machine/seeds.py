"""Random numbers that depend on nothing but a seed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def random_generator(*numbers: int) -> torch.Generator:
    """A generator on the CPU that depends on these numbers alone: a seed, and what it is used for.

    Parameters
    ----------
    numbers : whole, from 0 up, of any size. Zeros at the end do not count where all are below 2**32.
    """
    import numpy as np
    import torch

    words: Sequence[int] = numbers
    if max(numbers) >= 2**32:  # which numpy would take for several numbers
        words = hashlib.sha256(repr([int(number) for number in numbers]).encode()).digest()
    state = np.random.SeedSequence([*words]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state))
