"""The published models' reference outputs, and the rule that rebuilds the weights they were made with.

`tests/golden/` holds what the published implementations of GLIDE, BSRGAN and VQGAN gave, on the CPU in
fp32, for small networks whose weights and inputs anyone can draw again from their names alone.
"""

import json
import zlib
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

GOLDEN = Path(__file__).parent / "golden"
CONFIG = json.loads((GOLDEN / "config.json").read_text())


def draw(key: str, *shape: int) -> torch.Tensor:
    """Standard normals that depend on the key alone."""
    philox = np.random.Philox(key=zlib.crc32(f"{CONFIG['seed']}:{key}".encode()))
    return torch.from_numpy(np.random.Generator(philox).standard_normal(shape, dtype=np.float32))


def draw_weights(model: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, torch.Tensor]:
    """A state dict in the published layout: every tensor drawn by `model` prefix and published name."""
    return {name: _draw_parameter(f"{model}.{name}", tuple(shape)) for name, shape in shapes.items()}


def _draw_parameter(key: str, shape: tuple[int, ...]) -> torch.Tensor:
    normal = draw(key, *shape)
    if len(shape) > 1:
        return 0.7 * normal / normal[0].numel() ** 0.5
    return 1 + 0.1 * normal if key.endswith("weight") else 0.1 * normal


def golden(name: str) -> dict[str, torch.Tensor]:
    """The stored outputs of one model, e.g. `glide_base`."""
    return load_file(GOLDEN / f"{name}_io.safetensors")


def published_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Every tensor name and shape of a full-size published file, e.g. `glide_base`."""
    listed = json.loads((GOLDEN / f"{name}_published_keys.json").read_text())
    return {key: tuple(shape) for key, shape in listed.items()}


def thin(picture: torch.Tensor) -> torch.Tensor:
    """Every fourth row and column, as the golden files store pictures 64 or more wide."""
    return picture[..., ::4, ::4] if picture.ndim == 4 and picture.shape[-1] >= 64 else picture
