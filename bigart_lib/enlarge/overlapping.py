"""Any network as an enlarger: overlapping tiles, blended where they meet, in bounded memory.

Unlike RRDBNet's tiles, these are not exact: how far such a network sees is not known, and often it is the
whole picture. A picture that fits into one tile is enlarged in one piece.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
from torch import Tensor

from bigart_lib.enlarge.area import Area
from bigart_lib.enlarge.spans import BLEND, OVERLAP, Span, spans
from bigart_lib.enlarge.wrapping import cut, wrapped
from bigart_lib.files import size_in_words
from bigart_lib.machine import MemoryShortageError, is_out_of_memory, memory_budget
from bigart_lib.pictures.images import LEVEL_BYTES, to_levels
from bigart_lib.progress import Announce, Cost, Progress, Report, announce_nothing
from bigart_lib.weights import NotFiniteError, as_lent

if TYPE_CHECKING:
    from collections.abc import Iterator

TILES = (512, 384, 256, 192, 128, 96)  # px a side that are tried, largest first
FLOAT = torch.float32.itemsize
COLOURS = 3  # channels of pictures and results


class Facts(NamedTuple):
    """What is known of a network before it runs."""

    name: str  # of its file and its kind, for people
    scale: int  # how many times longer it makes a side
    multiple: int = 1  # what the sides of its tiles should divide by, in px


class Work(NamedTuple):
    """What a network takes for each pixel of the picture before."""

    operations: float
    memory: float  # bytes


class TileNetwork(Protocol):
    """A network that enlarges a tile of any size."""

    facts: Facts
    dtype: torch.dtype  # that it runs in

    def __call__(self, tile: Tensor) -> Tensor:
        """Float32 (1, 3, height, width) in [0, 1] to the same, sides longer; may raise `NotFiniteError`."""

    def measure(self) -> Work:
        """What it takes, from one run on a small tile."""


class OverlappingEnlarger:
    """Enlarges by any network, in overlapping tiles where a picture is larger than one.

    Parameters
    ----------
    network : gives the network when it is needed; see `weights.lending`.
    device : where it runs, if nothing goes wrong.
    fingerprint : gives the SHA-256 of its weights.
    announce : told where memory runs out on the way.
    """

    def __init__(
        self,
        network: Callable[[], TileNetwork],
        device: torch.device,
        fingerprint: Callable[[], str],
        announce: Announce = announce_nothing,
    ) -> None:
        self._network, self._device, self._announce = as_lent(network), device, announce
        self.fingerprint = fingerprint
        first = self._network.run(lambda network: network)
        self._facts, self.dtype, self.scale = first.facts, first.dtype, first.facts.scale

    @cached_property
    def _work(self) -> Work:
        return self._network.run(_low_precision_told(lambda network: network.measure()))

    def cost(self, width: int, height: int) -> Cost:
        """Operations and bytes with the largest tiles; the network runs once, to be measured."""
        side = self._sides()[0]
        rows, columns = self._grid(height, side), self._grid(width, side)
        return Cost(_pixels(rows, columns) * self._work.operations, self._memory(width, height, side))

    def compromise(self, width: int, height: int, memory_budget: int, repeats: bool = False) -> str:
        """That the result is not exact, in a sentence; nothing where a picture fits into one tile."""
        side = next(self._fitting(width, height, memory_budget, repeats), self._sides()[-1])
        number = len(self._grid(height, side, repeats)) * len(self._grid(width, side, repeats))
        if number == 1:
            return ""
        return (
            f"{self._facts.name} enlarges {width}x{height} px in {number} overlapping tiles of up to {side} "
            "px, which are blended: near to one piece, not exact"
        )

    def enlarge(self, picture: Tensor, memory_budget: int, report: Report, repeats: bool = False) -> Tensor:
        """Enlarge a picture to levels; see `Enlarger.enlarge`. Where memory runs out, smaller tiles go on."""
        if repeats:
            self._announce(
                f"{self._facts.name} sees {OVERLAP // 2} px or more of what lies beyond the edges that meet, "
                "and the two sides are blended there: near to without a seam, not exact"
            )

        def work(network: TileNetwork) -> Tensor:
            return self._enlarged(network, picture, memory_budget, report, repeats)

        return self._network.run(_low_precision_told(work))

    def _enlarged(
        self, network: TileNetwork, picture: Tensor, budget: int, report: Report, repeats: bool
    ) -> Tensor:
        height, width = picture.shape[-2:]
        if (device := getattr(network, "device", self._device)).type != self._device.type:
            # for whose memory the budget was not meant
            budget = memory_budget(device, None, LEVEL_BYTES * self.scale**2 * height * width)
        sides = [*self._fitting(width, height, budget, repeats)]
        if not sides:
            least = self._memory(width, height, self._sides()[-1], repeats)
            raise MemoryShortageError(
                f"the memory is not enough to enlarge {width}x{height} px: {size_in_words(budget)} "
                f"may be used, and the smallest tiles take {size_in_words(least)}: close other programs, or "
                "give more by --memory"
            )
        while True:
            try:
                return blend(network, picture, sides[0], report, repeats)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if len(sides) == 1:
                    raise
            if not self._network.make_room():
                del sides[0]
                self._announce(f"memory ran out; {self._facts.name} goes on with tiles of {sides[0]} px")

    def _sides(self) -> list[int]:
        """The sides of tiles that are tried, largest first: as the network wants them, and worth it."""
        rounded = (side - side % self._facts.multiple for side in TILES)
        return [side for side in rounded if side >= 2 * OVERLAP] or [
            -(-2 * OVERLAP // self._facts.multiple) * self._facts.multiple
        ]

    def _fitting(self, width: int, height: int, budget: int, repeats: bool) -> Iterator[int]:
        return (side for side in self._sides() if self._memory(width, height, side, repeats) <= budget)

    def _grid(self, length: int, side: int, repeats: bool = False) -> list[Span]:
        return spans(length, side, self._facts.multiple, repeats)

    def _memory(self, width: int, height: int, side: int, repeats: bool = False) -> int:
        """Bytes of a tile in the network and, on a CPU, of a strip of the result and its shares."""
        row, column = (self._grid(one, side, repeats)[0] for one in (height, width))
        memory = self._work.memory * row.length * column.length
        if self._device.type == "cpu":
            kept = BLEND * (2 if repeats else 1)  # rows for the next strip and, at the top, for the last
            pixels = (row.length + kept) * width + 2 * row.length * column.length
            memory += FLOAT * COLOURS * self.scale**2 * pixels
        return int(memory)


def _low_precision_told(work: Callable[[TileNetwork], Any]) -> Callable[[TileNetwork], Any]:
    """The same; that a part of the network knows only float32 is told as what float32 helps against."""

    def run(network: TileNetwork) -> Any:
        try:
            return work(network)
        except RuntimeError as error:
            if is_out_of_memory(error) or network.dtype == torch.float32:
                raise
            what = f"{network.facts.name} cannot work"
            raise NotFiniteError(f"{what} in {network.dtype}: {error}", what) from error

    return run


@torch.no_grad()
def blend(network: TileNetwork, picture: Tensor, side: int, report: Report, repeats: bool = False) -> Tensor:
    """Enlarge a picture, float32 (1, 3, H, W) in [0, 1], in tiles of up to `side` px, to levels.

    Tiles are added up row by row in float32; what no later row of tiles touches is rounded to levels.
    """
    facts, (height, width) = network.facts, picture.shape[-2:]
    rows, columns = (spans(one, side, facts.multiple, repeats) for one in (height, width))
    result = torch.empty(1, COLOURS, height * facts.scale, width * facts.scale, dtype=torch.uint16)
    done, area = 0, _pixels(rows, columns)

    def tell(pixels: int) -> None:
        nonlocal done
        done += pixels
        report(Progress("enlarge", done, area))

    top = carried = None
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        strip = _strip(network, picture, row, columns, tell)
        first, last = 0, strip.shape[2]
        if carried is not None:
            strip[:, :, : carried.shape[2]] += carried
        if repeats and row is rows[0]:  # what the last row, which goes on at the top, has a share in
            first = (rows[-1].last - height - row.first) * facts.scale
            top = strip[:, :, :first].clone()
        if after is not None:
            last = (after.first - row.first) * facts.scale
            carried = strip[:, :, last:].clone()
        elif top is not None:
            strip[:, :, -top.shape[2] :] += top
        _write(result, strip[:, :, first:last], row.first * facts.scale + first)
    return result


def _pixels(rows: list[Span], columns: list[Span]) -> int:
    """Of all tiles together."""
    return sum(row.length for row in rows) * sum(column.length for column in columns)


def _strip(
    network: TileNetwork, picture: Tensor, row: Span, columns: list[Span], tell: Callable[[int], None]
) -> Tensor:
    """What is used of a row of tiles, as wide as the result, each with its share, added up."""
    scale, width = network.facts.scale, picture.shape[3]
    strip = torch.zeros(1, COLOURS, (row.last - row.first) * scale, width * scale)
    for column in columns:
        box = Area(row.start, row.stop, column.start, column.stop)
        used = Area(row.first, row.last, column.first, column.last).within(box).times(scale)
        tile = cut(network(wrapped(picture, box)), used).to("cpu", torch.float32)
        tile = tile * row.shares(scale)[:, None] * column.shares(scale)
        places = torch.arange(column.first * scale, column.last * scale).remainder_(width * scale)
        strip.index_add_(3, places, tile)
        tell(box.area)
    return strip


def _write(result: Tensor, strip: Tensor, top: int) -> None:
    """Write a strip into the result, as levels; what lies below it goes on at the top."""
    height = result.shape[2]
    above = min(strip.shape[2], height - top)
    result[:, :, top : top + above] = to_levels(strip[:, :, :above])
    if above < strip.shape[2]:
        result[:, :, : strip.shape[2] - above] = to_levels(strip[:, :, above:])
