"""VQGAN as a finish: it repaints the details of a picture from what it learned (Esser et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bigart_lib.files import size_in_words
from bigart_lib.finish.vqgan import reconstruct
from bigart_lib.machine import MemoryShortageError, is_out_of_memory
from bigart_lib.progress import Cost, Progress, Report

if TYPE_CHECKING:
    import torch
    from diffusers import VQModel

MAPS = 3  # of the finest features, that are in memory at the peak


class VQGANEnhancer:
    """Encodes and decodes a picture; its size stays.

    Parameters
    ----------
    network : gives the network when it is needed.
    config : its sizes, as arguments of diffusers' `VQModel`.
    dtype : the precision that it runs in.
    fingerprint : gives the SHA-256 of its weights.
    """

    def __init__(
        self,
        network: Callable[[], VQModel],
        config: Mapping[str, Any],
        dtype: torch.dtype,
        fingerprint: Callable[[], str],
    ) -> None:
        self._network, self._config, self._dtype = network, config, dtype
        self.fingerprint = fingerprint

    def cost(self, width: int, height: int) -> Cost:
        """The 3x3 convolutions and the search for the codes; the features that must be in memory at once."""
        channels, pixels = self._config["block_out_channels"], width * height
        blocks = 2 * self._config.get("layers_per_block", 1) + 1  # on the way down, and one more up
        convolutions = sum(36 * blocks * one**2 * pixels / 4**level for level, one in enumerate(channels))
        codes = self._config.get("num_vq_embeddings", 0) * self._config.get("latent_channels", 0)
        search = 2 * codes * pixels / 4 ** (len(channels) - 1)
        return Cost(convolutions + search, MAPS * channels[0] * self._dtype.itemsize * pixels)

    def enhance(self, picture: torch.Tensor, report: Report) -> torch.Tensor:
        """Repaint float32 (1, 3, height, width) in [0, 1], of any size.

        Raises
        ------
        MemoryShortageError
            When the whole picture does not fit into memory: it must go through at once.
        """
        report(Progress("enhance", 0, 1))
        network = self._network()
        try:
            result = reconstruct(network, picture.to(network.device, network.dtype)).float().cpu()
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            height, width = picture.shape[-2:]
            raise MemoryShortageError(
                f"the memory is not enough for VQGAN at {width}x{height} px, which takes "
                f"{size_in_words(self.cost(width, height).memory)}: close other programs, or do without it"
            ) from error
        report(Progress("enhance", 1, 1))
        return result
