"""A CUDA device paints what the CPU paints, but for what half precision rounds away."""

import numpy as np
import pytest

import bigart_lib

pytestmark = pytest.mark.gpu


def paint(device, dtype):
    """A candidate, and the stages of its painting, as arrays."""
    bigart = bigart_lib.load("embedded", device=device, dtype=dtype)
    candidate = bigart.generate("sunset over a lake", bigart_lib.GenerateSettings(seed=3, count=1))[0]
    painting = bigart.paint(candidate, bigart_lib.PaintSettings(size=1024, enhance=True))
    return [np.asarray(image, float) for image in (candidate.image, *painting.stages.values())]


def test_half_precision_on_cuda_paints_what_the_cpu_paints(tiny_models):
    ours, exact = paint("cuda", "fp16"), paint("cpu", "fp32")
    assert len(ours) == len(exact) > 3
    for one, other in zip(ours, exact, strict=True):
        assert other.std() > 5  # levels of 255, as below: there is something to see
        assert one.shape == other.shape and np.abs(one - other).mean() < 2
