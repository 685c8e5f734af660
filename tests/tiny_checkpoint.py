"""A checkpoint of 700 kB to fetch, and a conversion for it that needs no network of tensors."""

import hashlib
import random
from dataclasses import replace

from bigart_lib.weights import Checkpoint

CONTENT = random.Random(1).randbytes(700_000)
FLIPPED = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]
CONVERSION = """
import sys, types
from pathlib import Path
def convert(kind, source, target, report):
    part = Path(target).with_name("converting")
    part.write_bytes(Path(source).read_bytes()[::-1])
    part.replace(target)
sys.modules["bigart_lib.weights.conversion"] = types.SimpleNamespace(convert=convert)
"""


def checkpoint(*addresses, **changes):
    known = Checkpoint(
        name="tiny", network="enlarger", kind="rrdbnet", file="tiny.pth", sources=addresses,
        num_bytes=len(CONTENT), licence="MIT", purpose="to test", note="Tiny: MIT",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )  # fmt: skip
    return replace(known, **changes)
