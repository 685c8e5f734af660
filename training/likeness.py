"""How unlike decoded pictures are to those they stand for: the losses of a VQGAN. Knows no network.

Pictures are (N, 3, H, W), about in [-1, 1].
"""

from __future__ import annotations

import torch
from torch.nn import functional

GRADIENT_WEIGHT = 1.0
COLOUR_WEIGHT = 2.0
TINT_WEIGHT = 4.0
DETAIL_WEIGHT = 30.0  # errors of pixels and edges are least for blurred pictures, and must be outweighed
ENERGY_WEIGHT = 1.0
UNSEEN_ENERGY = 1e-5  # of fine detail: half a level
LACK_WEIGHT = 5.0  # of too little detail, against too much
DETAIL_PATCH = 8  # px a side of the patches whose detail must be as strong as the truth's
COLOUR_PATCH = 16  # px a side of the patches whose mean colour must be right


def distances(decoded: torch.Tensor, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
    """How far decoded pictures are from those they stand for: in pixels, edges and the colours of patches."""
    edges = [functional.l1_loss(decoded.diff(dim=axis), pictures.diff(dim=axis)) for axis in (2, 3)]
    patches = [functional.avg_pool2d(one, COLOUR_PATCH) for one in (decoded, pictures)]
    # Absolute errors are least at the median, which of a dark patch is darker than its mean.
    means = [one.mean((2, 3)) for one in (decoded, pictures)]
    return {
        "error": functional.l1_loss(decoded, pictures),
        "gradient": GRADIENT_WEIGHT * sum(edges),
        "colour": COLOUR_WEIGHT * functional.l1_loss(*patches),
        "tint": TINT_WEIGHT * functional.l1_loss(*means),
    }


def fine(pictures: torch.Tensor) -> torch.Tensor:
    """What a blur of 3 px takes from pictures: their fine detail."""
    return pictures - functional.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)


def strength_distance(decoded: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """How far fine detail is from being as strong as the truth's, patch by patch, wherever it is in them.

    Detail that lacks counts more than detail that is too much: where neither is sure, it shall be there.
    """
    ours, true = (functional.avg_pool2d(fine(one).abs(), DETAIL_PATCH) for one in (decoded, pictures))
    return torch.where(true > ours, LACK_WEIGHT * (true - ours), ours - true).mean()


def energy_distance(decoded: torch.Tensor, pictures: torch.Tensor) -> torch.Tensor:
    """Logarithm of the ratio of the energies of fine detail, picture by picture: edges decide it."""
    ours, true = (fine(one).square().mean((1, 2, 3)) + UNSEEN_ENERGY for one in (decoded, pictures))
    return (ours / true).log().abs().mean()


def detail_distances(decoded: torch.Tensor, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
    """How far fine detail is from the truth's in strength, here and there and as a whole."""
    return {
        "detail": DETAIL_WEIGHT * strength_distance(decoded, pictures),
        "energy": ENERGY_WEIGHT * energy_distance(decoded, pictures),
    }
