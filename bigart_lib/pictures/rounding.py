"""From 16 bits a colour to 8: rounded, and dithered where 8 bits alone would show bands.

The result depends on the levels and their places alone: the same levels are the same bytes, on any machine.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING

from bigart_lib.pictures.vips import vips

if TYPE_CHECKING:
    import numpy as np
    import pyvips
    from PIL import Image

STEP = 257  # levels of 16 bits in one of 8
REACH = 4  # px on each side that decide whether a pixel lies in something smooth
STRIP_VALUES = 2_000_000  # that are rounded at a time; bounds the memory
MOST_THREADS = 2  # that round strips side by side, each in some 15 MB
# Thresholds by place are multiples of these two numbers, which fill the plane evenly and never repeat: the R2
# sequence of Martin Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (2018), in 32 bits.
ACROSS, DOWN = 3242174889, 2447445414


def to_bytes(levels: np.ndarray, origin: tuple[int, int] = (0, 0)) -> np.ndarray:
    """A picture's 16-bit levels in 8 bits a colour.

    Levels are rounded to the nearest of 256. Where a channel changes by less than one of these within `REACH`
    pixels each way, they are rounded up or down by a threshold that depends on the place, so that a slow
    gradient keeps its mean and has no bands. Levels that 8 bits can say exactly stay as they are, and
    transparency is never dithered.

    Parameters
    ----------
    levels : uint16 (height, width, channels), 1 to 4 of them; of 2 and 4 the last is transparency.
    origin : column and row, in a whole picture, of the first pixel of a part. But for `REACH` px at its edges
        the part is as the whole has it.

    Returns
    -------
    uint8 of the same shape.
    """
    import numpy as np

    done = np.empty(levels.shape, np.uint8)
    for top, strip in _rounded(_blocks(levels), origin):
        done[top : top + len(strip)] = strip
    return done


def byte_strips(picture: np.ndarray | pyvips.Image | Image.Image) -> Iterator[tuple[int, np.ndarray]]:
    """A picture in 8 bits a colour from top to bottom: the first row and the values of each strip.

    Parameters
    ----------
    picture : levels as for `to_bytes`; a pyvips image of 8 or 16 bits, which may be read in order alone; or a
        Pillow image, which is taken as grey or RGB, with transparency if it has any.
    """
    import numpy as np

    if isinstance(picture, np.ndarray):
        yield from _rounded(_blocks(picture))
    elif hasattr(picture, "getbands"):
        yield from _of_pillow(picture)
    elif picture.format == "uchar":
        yield from _vips_blocks(picture)
    else:
        yield from _rounded(_vips_blocks(picture))


def plain_mode(mode: str) -> str:
    """The mode of Pillow that holds a picture of this mode: grey or RGB, with transparency if it has any."""
    if mode in ("L", "LA", "RGB", "RGBA"):
        return mode
    return "RGBA" if mode in ("PA", "RGBa") else "LA" if mode == "La" else "L" if mode == "1" else "RGB"


def rows(width: int, channels: int) -> int:
    """How many rows of a picture are taken at a time."""
    return max(REACH, STRIP_VALUES // max(1, width * channels))


def _blocks(levels: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    height, width, channels = levels.shape
    step = rows(width, channels)
    for top in range(0, height, step):
        yield top, levels[top : top + step]


def _vips_blocks(image: pyvips.Image) -> Iterator[tuple[int, np.ndarray]]:
    import numpy as np

    # One region for all strips: what is read in order alone is never asked for a row before the last.
    region = vips().Region.new(image)
    kind = np.uint16 if image.format == "ushort" else np.uint8
    step = rows(image.width, image.bands)
    for top in range(0, image.height, step):
        height = min(step, image.height - top)
        data = region.fetch(0, top, image.width, height)
        yield top, np.frombuffer(data, kind).reshape(height, image.width, image.bands)


def _of_pillow(image: Image.Image) -> Iterator[tuple[int, np.ndarray]]:
    import numpy as np

    mode = plain_mode(image.mode)
    step = rows(image.width, len(mode))
    for top in range(0, image.height, step):
        strip = image.crop((0, top, image.width, min(top + step, image.height)))
        values = np.asarray(strip if strip.mode == mode else strip.convert(mode))
        yield top, values.reshape(values.shape[0], image.width, len(mode))


def _rounded(
    blocks: Iterable[tuple[int, np.ndarray]], origin: tuple[int, int] = (0, 0)
) -> Iterator[tuple[int, np.ndarray]]:
    """Round strips that come in order; several at a time, and the next ones while one is looked at."""
    strips, waiting = _with_neighbours(blocks), deque()
    first, second = next(strips, None), next(strips, None)
    num_threads = min(MOST_THREADS, os.cpu_count() or 1)
    if second is None or num_threads == 1:
        for top, around in chain(filter(None, (first, second)), strips):
            yield top, _round(around, origin[0], origin[1] + top)
        return
    with ThreadPoolExecutor(num_threads) as pool:
        for top, around in chain((first, second), strips):
            waiting.append((top, pool.submit(_round, around, origin[0], origin[1] + top)))
            if len(waiting) > num_threads:
                top, rounded = waiting.popleft()
                yield top, rounded.result()
        for top, rounded in waiting:
            yield top, rounded.result()


def _with_neighbours(blocks: Iterable[tuple[int, np.ndarray]]) -> Iterator[tuple[int, np.ndarray]]:
    """Strips that come in order, each with the rows above and below that its pixels go by."""
    import numpy as np

    above = block = None
    top = 0
    for following, below in chain(blocks, [(0, None)]):
        if block is not None:
            after = block[-1:] if below is None else below[:REACH]
            after = np.concatenate([after, *[after[-1:]] * (REACH - len(after))])
            around = np.concatenate([above, block, after])
            yield top, around
            above = around[-2 * REACH : -REACH]
        elif below is not None:
            above = np.concatenate([below[:1]] * REACH)
        top, block = following, below


def _round(around: np.ndarray, left: int, top: int) -> np.ndarray:
    """The rows of a strip but for `REACH` at either end; `left` and `top` say where the first pixel is."""
    import numpy as np

    height, width, channels = around.shape
    height -= 2 * REACH
    done = np.empty((height, width, channels), np.uint8)
    thresholds = _thresholds(left, top, height, width)
    for channel in range(channels):
        plane = np.ascontiguousarray(around[:, :, channel])
        sums = plane[REACH:-REACH].astype(np.uint32)
        if channels in (2, 4) and channel == channels - 1:
            sums += STEP // 2
        else:
            sums += np.where(_is_smooth(plane), thresholds, np.uint16(STEP // 2))
        sums *= 65281  # with the shift, this is the exact quotient by 257 of numbers up to 65,791
        sums >>= 24
        done[:, :, channel] = sums
    return done


def _thresholds(left: int, top: int, height: int, width: int) -> np.ndarray:
    """What is added before a level is cut off, by place: 0 to 256."""
    import numpy as np

    across = np.arange(left, left + width, dtype=np.uint32) * np.uint32(ACROSS)
    down = np.arange(top, top + height, dtype=np.uint32) * np.uint32(DOWN)
    places = across[None] + down[:, None]  # modulo 2**32
    places >>= 16
    places *= STEP
    places >>= 16
    return places.astype(np.uint16)


def _is_smooth(plane: np.ndarray) -> np.ndarray:
    """Where the levels within `REACH` px differ by less than one step of 8 bits."""
    import numpy as np

    plane = np.pad(plane, ((0, 0), (REACH, REACH)), "edge")
    most, least = _extreme(np.maximum, plane), _extreme(np.minimum, plane)
    most -= least
    return most < STEP


def _extreme(of_two: np.ufunc, plane: np.ndarray) -> np.ndarray:
    """The largest or the smallest of each 2 * REACH + 1 rows and columns."""
    for _ in range(2):
        length, done = 2 * REACH + 1, 1
        while done < length:
            step = min(done, length - done)
            plane = of_two(plane[:-step], plane[step:])
            done += step
        plane = plane.T
    return plane
