"""VQGAN: what becomes of held-out pictures that are encoded and decoded, and of one at 1024 px.

The tool passes a picture through the VQGAN whole, so the only borders that could show are those of its codes.
"""

from __future__ import annotations

import numpy as np

from bigart_lib.finish.vqgan import downsampling
from training.score.given import Given
from training.score.held_out import Captioned, painted, sets
from training.score.measures import colour_shift, detail, psnr, seam
from training.score.table import Row, with_most

PAINTED, PHOTOGRAPHED, LARGE = 24, 12, 2  # pictures
LARGE_SIZE = 1024  # px a side


def score(given: Given) -> list[Row]:
    """Closeness, shift of colour and detail by kind of picture, and seams and shift at 1024 px."""
    rows = []
    for kind, captioned in sets(given.number(PAINTED), given.number(PHOTOGRAPHED)).items():
        rows += compared(given, kind, captioned)
    period = downsampling(given.vqgan)
    large = [truth for truth, _ in painted(given.number(LARGE), LARGE_SIZE)]
    both = [(given.reconstruct(truth), truth) for truth in large]
    seams = np.mean([seam(ours, truth, period) for ours, truth in both])
    shift = np.mean([colour_shift(ours, truth) for ours, truth in both])
    title = f"painted at {LARGE_SIZE} px ({len(both)})"
    rows.append(
        Row("VQGAN", f"{title}: steps between codes ({period} px) against others", f"{seams:.2f}", "1")
    )
    rows.append(Row("VQGAN", f"{title}: shift of colour, levels", f"{shift:.1f}", "under 1"))
    return rows


def compared(given: Given, kind: str, captioned: Captioned) -> list[Row]:
    """The rows of one kind of pictures."""
    both = [(given.reconstruct(truth), truth) for truth, _ in captioned]
    shifts = [colour_shift(ours, truth) for ours, truth in both]
    ours_detail, true_detail = np.sum([detail(ours, truth) for ours, truth in both], axis=0)
    title = f"{kind} ({len(both)})"
    return [
        Row("VQGAN", f"{title}: PSNR", f"{np.mean([psnr(*pair) for pair in both]):.1f} dB", "26 dB"),
        Row(
            "VQGAN",
            f"{title}: shift of colour, levels",
            with_most(shifts),
            "under 1",
        ),
        Row("VQGAN", f"{title}: fine detail against the truth's", f"{ours_detail / true_detail:.2f}", "1"),
    ]
