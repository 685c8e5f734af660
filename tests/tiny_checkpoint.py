"""A checkpoint of 700 kB to fetch, and a conversion for it that needs no network of tensors."""

import hashlib
import random
from dataclasses import replace
from pathlib import Path

from bigart_lib.weights import Checkpoint

CONTENT = random.Random(1).randbytes(700_000)
FLIPPED = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]


def checkpoint(*addresses, **changes):
    known = Checkpoint(
        name="tiny", network="enlarger", kind="rrdbnet", file="tiny.pth", sources=addresses,
        num_bytes=len(CONTENT), licence="MIT", purpose="to test", note="Tiny: MIT",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )  # fmt: skip
    return replace(known, **changes)


def turn_round(kind, source, target, report):
    """Stand in for `conversion.convert`: the target is the source from its last byte to its first."""
    part = Path(target).with_name("converting")
    part.write_bytes(Path(source).read_bytes()[::-1])
    part.replace(target)
