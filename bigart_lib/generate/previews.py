"""Latents shown as pictures while they are painted: by a tiny autoencoder, or by a linear map.

The linear map is fitted to the model's own autoencoder, once, on a picture of coloured patches. It knows
colours, no details.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from bigart_lib.generate.pipeline_kinds import dtype_option, silent
from bigart_lib.machine import random_generator

if TYPE_CHECKING:
    from diffusers import AutoencoderTiny, DiffusionPipeline

FITTED_SIDE = 256  # px of the picture that the map is fitted on
PATCHES = 16  # a side of that picture
RIDGE = 1e-3  # keeps the fit calm where channels say the same
FIT_SEED = 7


def load_tiny(folder: Path, device: torch.device, dtype: torch.dtype) -> AutoencoderTiny:
    """A tiny autoencoder from a folder, frozen."""
    with silent():
        from diffusers import AutoencoderTiny

        tiny = AutoencoderTiny.from_pretrained(
            folder, use_safetensors=True, local_files_only=True, **dtype_option(dtype)
        )
    return tiny.to(device).eval().requires_grad_(False)


class Previewer:
    """Decodes guesses of finished latents to small pictures.

    Parameters
    ----------
    tiny : a tiny autoencoder for these latents; without, a linear map is fitted when it is first needed.
    """

    def __init__(self, pipeline: DiffusionPipeline, tiny: AutoencoderTiny | None = None) -> None:
        self._pipeline, self._tiny = pipeline, tiny
        self._map: torch.Tensor | None = None  # (channels + 1, 3)

    def decode(self, latents: torch.Tensor, size: tuple[int, int]) -> torch.Tensor | None:
        """A picture (1, 3, h, w) in [0, 1] on the CPU, smaller than `size` or as large; None where unknown.

        Parameters
        ----------
        latents : as the pipeline's scheduler has them, packed or not.
        size : width and height in px of the picture that is painted.
        """
        grid = unpacked(self._pipeline, latents, size)
        if grid is None:
            return None
        if self._tiny is not None and grid.shape[1] == self._tiny.config.latent_channels:
            with torch.no_grad():
                picture = self._tiny.decode(grid.to(self._tiny.device, self._tiny.dtype)).sample / 2 + 0.5
            return picture.float().clamp(0, 1).nan_to_num().cpu()
        grid = grid.detach().float().cpu()
        if self._map is None:
            self._map = fit(self._pipeline, grid.shape[1])
        if self._map is None:
            return None
        colours = torch.einsum("bchw,cd->bdhw", grid, self._map[:-1]) + self._map[-1].view(1, 3, 1, 1)
        return colours.clamp(0, 1).nan_to_num()


def unpacked(pipeline: Any, latents: torch.Tensor, size: tuple[int, int]) -> torch.Tensor | None:
    """Latents as a grid (1, channels, rows, columns)."""
    width, height = size
    if latents.ndim == 3:
        unpack = getattr(pipeline, "_unpack_latents", None)
        if unpack and [*inspect.signature(unpack).parameters] == [
            "latents",
            "height",
            "width",
            "vae_scale_factor",
        ]:
            latents = unpack(latents, height, width, pipeline.vae_scale_factor)
        else:
            rows = round((latents.shape[1] * height / width) ** 0.5)
            if not rows or latents.shape[1] % rows:
                return None
            latents = latents.transpose(1, 2).unflatten(2, (rows, latents.shape[1] // rows))
    if latents.ndim == 5 and latents.shape[2] == 1:  # of autoencoders made for videos
        latents = latents.squeeze(2)
    return latents if latents.ndim == 4 else None


def fit(pipeline: Any, channels: int) -> torch.Tensor | None:
    """The linear map from latents, as the pipeline scales them, and a 1 to red, green and blue in [0, 1].

    Returns (channels + 1, 3); None where the pipeline has no autoencoder of so many channels.
    """
    vae = getattr(pipeline, "vae", None)
    if vae is None or not hasattr(vae, "encode"):
        return None
    patches = torch.rand(1, 3, PATCHES, PATCHES, generator=random_generator(FIT_SEED))
    picture = functional.interpolate(patches, size=(FITTED_SIDE, FITTED_SIDE), mode="bilinear")
    given = (2 * picture - 1).to(pipeline._execution_device, vae.dtype)
    try:
        with torch.no_grad():
            latents = _mean(vae.encode(given.unsqueeze(2) if _is_of_videos(vae) else given))
    except (RuntimeError, ValueError, TypeError):  # an autoencoder that wants other pictures: no preview
        return None
    latents = latents.squeeze(2) if latents.ndim == 5 else latents
    latents = _scaled(vae, latents.float().cpu())
    if 4 * latents.shape[1] == channels:
        latents = _packed(vae, latents)
    if latents.shape[1] != channels:
        return None
    small = functional.adaptive_avg_pool2d(picture, latents.shape[-2:])
    rows = latents.flatten(2)[0].T
    rows = torch.cat([rows, torch.ones(len(rows), 1)], 1).double()
    wanted = small.flatten(2)[0].T.double()
    square = rows.T @ rows
    ridge = RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype)
    return torch.linalg.solve(square + ridge, rows.T @ wanted).float()


def _packed(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents two by two in one, normalised, as FLUX.2 has them."""
    latents = functional.pixel_unshuffle(latents, 2)
    if (norm := getattr(vae, "bn", None)) is None:
        return latents
    mean, variance = (one.float().cpu().view(1, -1, 1, 1) for one in (norm.running_mean, norm.running_var))
    return (latents - mean) / (variance + norm.eps).sqrt()


def _is_of_videos(vae: Any) -> bool:
    return "temperal_downsample" in vae.config


def _mean(encoded: Any) -> torch.Tensor:
    distribution = getattr(encoded, "latent_dist", None)
    return distribution.mode() if distribution is not None else encoded.latent


def _scaled(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Latents of the autoencoder, as pipelines scale them."""
    config = vae.config
    if config.get("latents_mean") is not None and config.get("latents_std") is not None:
        mean, deviation = (
            torch.tensor(config[name]).view(1, -1, 1, 1) for name in ("latents_mean", "latents_std")
        )
        latents = (latents - mean) / deviation
        return latents if _is_of_videos(vae) else latents * (config.get("scaling_factor") or 1)
    return (latents - (config.get("shift_factor") or 0)) * (config.get("scaling_factor") or 1)
