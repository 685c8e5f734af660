"""RRDBNet as an enlarger: the same numbers as in one piece, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bigart_lib.enlarge import tiles
from bigart_lib.enlarge.rrdbnet import RRDBNet, RRDBNetConfig, estimate_flops
from bigart_lib.files import size_in_words
from bigart_lib.machine import MemoryShortageError, is_out_of_memory, memory_budget
from bigart_lib.pictures.images import LEVEL_BYTES, as_float, to_levels
from bigart_lib.progress import Announce, Cost, Progress, Report, announce_nothing
from bigart_lib.weights import as_lent

if TYPE_CHECKING:
    import torch

SCALE = 4  # how many times longer a side gets, whatever the network does in one pass


class RRDBNetEnlarger:
    """Enlarges 4 times; a network that enlarges 2 times runs twice.

    Parameters
    ----------
    network : gives the network when it is needed; see `weights.lending`.
    config : its sizes.
    device, dtype : where and in which precision it runs, if nothing goes wrong.
    fingerprint : gives the SHA-256 of its weights.
    announce : told what the memory does not allow, where it runs out on the way.
    """

    scale = SCALE

    def __init__(
        self,
        network: Callable[[], RRDBNet],
        config: RRDBNetConfig,
        device: torch.device,
        dtype: torch.dtype,
        fingerprint: Callable[[], str],
        announce: Announce = announce_nothing,
    ) -> None:
        self._network, self._config = as_lent(network), config
        self._device, self.dtype = device, dtype
        self.fingerprint, self._announce = fingerprint, announce

    def cost(self, width: int, height: int) -> Cost:
        """Operations, and the bytes that the exact way takes with the tiles that run fastest."""
        sides = [self._packed_sides(width * times, height * times) for times in self._passes()]
        memory = max(self._memory(*one, self._device, self.dtype) for one in sides)
        return Cost(sum(estimate_flops(self._config, *reversed(one)) for one in sides), memory)

    def compromise(
        self,
        width: int,
        height: int,
        memory_budget: int,
        repeats: bool = False,
        dtype: torch.dtype | None = None,
    ) -> str:
        """Whether seams may show, in a sentence; nothing where the budget holds the exact way."""
        times = self._passes()[-1]
        width, height = width * times, height * times
        sides = reversed(self._packed_sides(width, height, repeats))
        least = tiles.least_memory(self._config, *sides, dtype or self.dtype, repeats)
        if least <= memory_budget:
            return ""
        return (
            f"enlarging {width}x{height} px exactly takes {size_in_words(least)} of memory, and "
            f"{size_in_words(memory_budget)} may be used: it is done in pieces, and faint seams may show "
            f"({size_in_words(least - memory_budget)} more by --memory make it exact)"
        )

    def enlarge(
        self, picture: torch.Tensor, memory_budget: int, report: Report, repeats: bool = False
    ) -> torch.Tensor:
        """Enlarge a picture to levels; see `Enlarger.enlarge`. Where memory runs out, smaller tiles go on."""
        return self._network.run(
            lambda network: self._enlarged(network, picture, memory_budget, report, repeats)
        )

    def _enlarged(
        self, network: RRDBNet, picture: torch.Tensor, budget: int, report: Report, repeats: bool
    ) -> torch.Tensor:
        passes, device = self._passes(), network.trunk.conv_first.weight.device
        if device.type != self._device.type:  # for whose memory the budget was not meant
            pixels = SCALE**2 * picture.shape[2] * picture.shape[3]
            budget = memory_budget(device, None, LEVEL_BYTES * pixels)
        for number, _ in enumerate(passes):

            def tell(done: int, total: int, number: int = number) -> None:
                # Each pass of a network that runs twice is four times the work of the one before.
                before = sum(total * 4 ** (other - number) for other in range(number))
                everything = sum(total * 4 ** (other - number) for other in range(len(passes)))
                report(Progress("enlarge", int(before + done), int(everything)))

            picture = self._pass(network, picture, budget, tell, number == len(passes) - 1, repeats)
        return picture

    def _pass(
        self,
        network: RRDBNet,
        picture: torch.Tensor,
        budget: int,
        tell: Callable[[int, int], None],
        is_last: bool,
        repeats: bool,
    ) -> torch.Tensor:
        packed, weight = self._packed(picture, repeats), network.trunk.conv_first.weight
        while True:
            try:
                enlarged = tiles.enlarge(network, packed, budget, tell, is_last, repeats)
                enlarged = self._cropped(enlarged, picture, repeats)
                return enlarged if is_last else as_float(enlarged).clamp_(0, 1)
            except tiles.BudgetError as error:
                raise MemoryShortageError(
                    f"the memory is not enough to enlarge {picture.shape[-1]}x{picture.shape[-2]} px: "
                    f"{size_in_words(budget)} may be used, and the smallest piece takes "
                    f"{size_in_words(error.least)}: close other programs, or give more by --memory"
                ) from error
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            if self._network.make_room():
                continue
            # No more than what was tried, however large the budget was.
            tried = self._memory(packed.shape[-1], packed.shape[-2], weight.device, weight.dtype)
            budget = min(budget, tried) // 2
            size = picture.shape[-1], picture.shape[-2]
            if sentence := self.compromise(*size, budget, repeats, weight.dtype):
                self._announce(f"memory ran out; {sentence}")

    def _passes(self) -> list[int]:
        """How many times longer the sides are before each pass of the network."""
        passes = [1]
        while passes[-1] * self._config.times < SCALE:
            passes.append(passes[-1] * self._config.times)
        return passes

    def _packed(self, picture: torch.Tensor, repeats: bool) -> torch.Tensor:
        """The picture as the network sees it; odd sides get a row or a column more, or the picture twice."""
        import torch.nn.functional as F

        height, width = picture.shape[-2:]
        packed_width, packed_height = self._packed_sides(width, height, repeats)
        packing = self._config.packing
        beyond = (0, packing * packed_width - width, 0, packing * packed_height - height)
        if any(beyond):
            picture = F.pad(picture, beyond, mode="circular" if repeats else "replicate")
        return F.pixel_unshuffle(picture, packing) if packing > 1 else picture

    def _cropped(self, enlarged: torch.Tensor, picture: torch.Tensor, repeats: bool) -> torch.Tensor:
        """The result without what `_packed` added; of a picture that was seen twice, the mean."""
        for axis in (2, 3):
            side, made = self._config.times * picture.shape[axis], enlarged
            enlarged = made.narrow(axis, 0, side)
            if repeats and made.shape[axis] == 2 * side:  # each copy was packed in another way
                both = as_float(enlarged).clamp_(0, 1) + as_float(made.narrow(axis, side, side)).clamp_(0, 1)
                enlarged = to_levels(both / 2)
        return enlarged.contiguous()

    def _packed_sides(self, width: int, height: int, repeats: bool = False) -> tuple[int, ...]:
        """Width and height of the picture as the network sees it."""
        packing = self._config.packing
        return tuple(side if repeats and side % packing else -(-side // packing) for side in (width, height))

    def _memory(self, width: int, height: int, device: torch.device, dtype: torch.dtype) -> int:
        return tiles.working_memory(self._config, height, width, dtype, tiles.fastest_tile(device))
