"""Upsampler: sharper than bicubic enlarging and closer to the truth, without grid and shift of colour."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from bigart_lib.generate.sampling import BASE_SIZE, MULTIPLE, UPSAMPLED_SIZE
from bigart_lib.shapes import nearest_size, ratio
from training.painter import COLOURS
from training.score.given import Given
from training.score.held_out import Captioned, painted, sets
from training.score.measures import PERIODS, colour_shift, grid, psnr, sharpness, unevenness
from training.score.table import Row, with_most

PAINTED, PHOTOGRAPHED, FLAT = 16, 8, 4  # pictures


def score(given: Given) -> list[Row]:
    """Closeness to held-out pictures, beside bicubic enlarging, and what becomes of flat ones."""
    rows = []
    for kind, captioned in sets(given.number(PAINTED), given.number(PHOTOGRAPHED)).items():
        rows += compared(given, kind, captioned)
    for shape in ("3:2", "9:16"):
        size = tuple(
            side * UPSAMPLED_SIZE // BASE_SIZE for side in nearest_size(ratio(shape), BASE_SIZE, MULTIPLE)
        )
        rows += compared(given, f"painted in {shape}", painted(given.number(PAINTED), size))
    names = list(COLOURS)[:: len(COLOURS) // FLAT]
    added, shifts = [], []
    for colour in (COLOURS[name] for name in names[: given.number(FLAT)]):
        flat = (torch.tensor(colour) / 255)[None, :, None, None]
        large = given.upsample(flat.expand(1, 3, BASE_SIZE, BASE_SIZE), "")
        added.append(unevenness(large))
        shifts.append(colour_shift(large, flat))
    rows.append(Row("upsampler", "flat colours: deviation added, levels", f"{np.mean(added):.1f}", "0"))
    rows.append(Row("upsampler", "flat colours: shift, levels", with_most(shifts), "0"))
    return rows


def compared(given: Given, kind: str, captioned: Captioned) -> list[Row]:
    """The rows of one kind of pictures."""
    ours, bicubic, truths = [], [], []
    for truth, caption in captioned:
        small = functional.avg_pool2d(truth, UPSAMPLED_SIZE // BASE_SIZE)
        ours.append(given.upsample(small, caption))
        bicubic.append(functional.interpolate(small, size=truth.shape[-2:], mode="bicubic").clamp(0, 1))
        truths.append(truth)

    def mean(measure: object, enlarged: list[torch.Tensor]) -> float:
        return float(np.mean([measure(one, truth) for one, truth in zip(enlarged, truths, strict=True)]))

    shifts = [colour_shift(one, truth) for one, truth in zip(ours, truths, strict=True)]
    grids = [grid(ours, truths, period) for period in PERIODS]
    title = f"{kind} ({len(truths)})"
    usual = f"{mean(psnr, bicubic):.1f} dB", f"{mean(sharpness, bicubic):.2f}"
    return [
        Row("upsampler", f"{title}: PSNR", f"{mean(psnr, ours):.1f} dB", f"over bicubic's {usual[0]}"),
        Row(
            "upsampler",
            f"{title}: sharpness against the truth's",
            f"{mean(sharpness, ours):.2f}",
            f"1; bicubic {usual[1]}",
        ),
        Row(
            "upsampler",
            f"{title}: grid of {', '.join(map(str, PERIODS))} px",
            ", ".join(f"{one:.1f}" for one in grids),
            "about 1",
        ),
        Row("upsampler", f"{title}: shift of colour, levels", with_most(shifts), "under 1"),
    ]
