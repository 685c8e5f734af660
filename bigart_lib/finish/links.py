"""The links that a convolutional network is a chain of, each run on strips of rows of a picture's features.

A link takes strips from the top down and gives strips, of as many rows as can be finished by then: rows that
the next ones need are kept until those come, so nothing is computed twice. What a link must know of the whole
map before it begins (the statistics of its normalisation; all keys and values of an attention) is gathered
in a sweep before. Where a map repeats, the rows above its first one are its last ones, which come last: so
each convolution begins with its first whole neighbourhood, and gives what lies round the edge at the end. Its
strips begin a row further down than those that it takes, and no link works twice for it. Knows no particular
network, and not what is stored between the links: see `strips.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from diffusers.models.attention_processor import Attention as AttentionModule

LOGITS_AT_ONCE = 2**22  # of an attention, at most: 16 MiB in float32, where torch computes them as a matrix
LOGITS_AT_ONCE_GPU = 2**25  # 128 MiB: fewer leave a card idle
SUMMED_AT_ONCE = 2**14  # numbers of a channel, at most, in float32: longer sums lose digits


class Strip(NamedTuple):
    """Rows of a map, and of the map that a residual block adds at its end."""

    main: Tensor  # N x C x rows x width
    skip: tuple[Tensor, ...] = ()  # it may be some rows ahead
    is_last: bool = True  # whether it ends at the map's lower edge


class Shape(NamedTuple):
    """The size of a map, and of the one that is carried beside it."""

    channels: int
    height: int
    width: int
    skip: int = 0  # channels of the map beside it

    @property
    def row(self) -> int:
        """Numbers in a row of both maps."""
        return (self.channels + self.skip) * self.width


class Moments:
    """Mean and variance of groups of channels, gathered from strips in float64.

    Parameters
    ----------
    norm : the normalisation that they are for.
    """

    def __init__(self, norm: nn.GroupNorm) -> None:
        self._norm, self._count = norm, 0
        self._sums: Tensor | float = 0.0

    def add(self, features: Tensor) -> None:
        """Take rows of one picture's map, 1 x C x rows x width, into account."""
        for part in features.split(max(1, SUMMED_AT_ONCE // features.shape[3]), 2):
            mean, variance = _mean_and_variance(part)
            mean, count = mean.double(), part.shape[2] * part.shape[3]
            self._sums = self._sums + count * torch.stack([mean, variance + mean.square()])
            self._count += count

    def normalise(self, features: Tensor) -> Tensor:
        """What the normalisation does to rows of a map that these are the moments of."""
        mean, variance, weight, bias = self._factors
        # A normalisation by groups is one by channels where mean and variance are given.
        return F.batch_norm(features, mean, variance, weight, bias, False, 0.0, self._norm.eps)

    def finish(self) -> Moments:
        """Work out what `normalise` needs."""
        channels = self._sums / self._count
        groups = channels.view(2, self._norm.num_groups, -1)
        mean, square = groups.mean(2, keepdim=True).expand_as(groups).flatten(1)
        factors = mean, square - mean.square(), self._norm.weight, self._norm.bias
        self._factors = tuple(factor.to(self._norm.weight.device, torch.float32) for factor in factors)
        return self


def _mean_and_variance(features: Tensor) -> tuple[Tensor, Tensor]:
    """Of each channel, in float32; from mps on the CPU, for float64 is not there."""
    if features.device.type == "mps":
        variance, mean = torch.var_mean(features.float(), (0, 2, 3), correction=0)
        return mean.cpu(), variance.cpu()
    # Two that are not read: they make it compute in float32 whatever the features are.
    running = torch.ones(2, features.shape[1], dtype=torch.float32, device=features.device)
    return torch.batch_norm_update_stats(features, *running, 0.0)


class Link(ABC):
    """One step of a chain."""

    norm: nn.GroupNorm | None = None  # what needs the moments of the whole map before the link
    keeps = False  # whether what comes in goes on beside what comes out
    is_global = False  # whether the link itself looks at all of the map before it, which must be stored

    def shape(self, before: Shape) -> Shape:
        """The size of the map after it."""
        return before

    @abstractmethod
    def operations(self, before: Shape) -> int:
        """Floating-point operations for the whole map."""

    def scratch(self, before: Shape, itemsize: int) -> int:
        """Bytes that it takes beside strips."""
        return 0

    @abstractmethod
    def run(
        self, strips: Iterable[Strip], source: Iterable[Strip], moments: Moments | None
    ) -> Iterator[Strip]:
        """Turn strips of the map before it into strips of the map after it.

        Parameters
        ----------
        source : where `strips` come from, to be gone through beforehand by a link that is global.
        moments : of the map before it; None normalises each strip as a map of its own.
        """


@dataclass(frozen=True)
class Convolution(Link):
    """A convolution, with what comes before and after it: half of a residual block, or a change of level."""

    conv: nn.Conv2d
    norm: nn.GroupNorm | None = None
    activation: nn.Module | None = None  # after the normalisation
    enlarges: bool = False  # to twice the rows and columns, by repeating each, before the convolution
    keeps: bool = False
    adds: bool = False  # the skip that comes in, to what comes out
    shortcut: nn.Conv2d | None = None  # that the added skip passes through
    begins: int | None = None  # the row that a repeating map comes in from; None: zeros beyond the edges

    def shape(self, before: Shape) -> Shape:
        """The size of the map after it; sides of a map that is halved are even."""
        times, step = 1 + self.enlarges, self.conv.stride[0]
        sides = before.height * times // step, before.width * times // step
        return Shape(self.conv.out_channels, *sides, before.channels if self.keeps else 0)

    def operations(self, before: Shape) -> int:
        """Of the convolutions; the rest is little beside them."""
        after = self.shape(before)
        weights = self.conv.weight.numel() + (self.shortcut.weight.numel() if self.shortcut else 0)
        return 2 * weights * after.height * after.width

    def begins_after(self) -> int:
        """The row from which a repeating map comes out."""
        (kernel, _), (step, _) = self.conv.kernel_size, self.conv.stride
        begins = self.begins * (1 + self.enlarges)
        return begins + kernel // 2 if step == 1 else -(-begins // step)

    def run(
        self, strips: Iterable[Strip], source: Iterable[Strip], moments: Moments | None
    ) -> Iterator[Strip]:
        """Keep the last rows of each strip, for the kernel reaches from the next one into them."""
        (kernel, _), (step, _) = self.conv.kernel_size, self.conv.stride
        begins, left, skips, repeats = True, None, deque(), self.begins is not None
        # a map that is halved is so from an even row on
        leaves = (self.begins or 0) % step
        first = _FirstRows(kernel - step + leaves if repeats else 0, leaves)
        # what comes in went through one convolution since what is added, and now goes through another
        later = 2 * (kernel // 2) if repeats and self.adds else 0
        first_skips = _FirstRows(later, later)
        for strip in strips:
            rows, skip, is_last = strip
            del strip
            if self.enlarges:
                rows = F.interpolate(rows, scale_factor=2.0, mode="nearest")
            skips.extend((rows,) if self.keeps else first_skips.pass_on(*skip))
            del skip
            parts = [] if left is None else [left]
            parts += first.pass_on(self._normalise(rows, moments))
            if is_last:
                parts += first.kept(again=True)
                skips.extend(first_skips.kept())
            del rows
            if not parts:
                continue  # all was left to the end
            rows = parts[0] if len(parts) == 1 else torch.cat(parts, 2)
            del parts
            # rows of zeros beyond the map's edges; a convolution that halves has none above
            edges = (begins and step == 1, is_last)
            above, below = (kernel // 2 if edge and not repeats else 0 for edge in edges)
            count = max((above + rows.shape[2] + below - kernel) // step + 1, 0)
            left = None if is_last else rows[:, :, max(count * step - above, 0) :].clone()
            if count:
                rows = self._convolve(rows, above, below)
                if self.adds:
                    _add(rows, skips, self.shortcut)
                begins = False
                yield Strip(rows, _taken(skips) if self.keeps else (), is_last)

    def _normalise(self, rows: Tensor, moments: Moments | None) -> Tensor:
        if self.norm is None:
            return rows
        return self.activation(self.norm(rows) if moments is None else moments.normalise(rows))

    def _convolve(self, rows: Tensor, above: int, below: int) -> Tensor:
        conv, halves = self.conv, self.conv.stride[0] - 1
        if self.begins is not None:
            reach = conv.kernel_size[1] // 2
            left = [] if halves or not reach else [rows[..., -reach:]]
            rows = torch.cat([*left, rows, rows[..., :reach]], 3) if reach else rows
            return F.conv2d(rows, conv.weight, conv.bias, conv.stride)
        if above != below or halves:
            rows, above = F.pad(rows, (0, halves, above, below)), 0
        return F.conv2d(rows, conv.weight, conv.bias, conv.stride, (above, conv.padding[1]))


@dataclass(frozen=True)
class Attention(Link):
    """Attention of every place of a map to all others, added to what comes in."""

    module: AttentionModule
    is_global = True

    @property
    def norm(self) -> nn.GroupNorm:
        """The normalisation that it begins with."""
        return self.module.group_norm

    def operations(self, before: Shape) -> int:
        """Of the four linear layers, and of queries times keys and weights times values."""
        places, channels = before.height * before.width, before.channels
        return 8 * channels**2 * places + 4 * channels * places**2

    def scratch(self, before: Shape, itemsize: int) -> int:
        """Keys and values, twice while they are put together, and the logits with their exponentials."""
        places = before.height * before.width
        logits = min(max(self._logits_at_once(), places), places**2)
        return 4 * before.channels * places * itemsize + 2 * 4 * logits

    def run(
        self, strips: Iterable[Strip], source: Iterable[Strip], moments: Moments | None
    ) -> Iterator[Strip]:
        """Gather the keys and values of the whole map, then ask them strip by strip."""
        module = self.module
        tokens = (self._tokens(strip.main, moments) for strip in source)
        parts = zip(*((module.to_k(some), module.to_v(some)) for some in tokens), strict=True)
        keys, values = (self._heads(torch.cat(part, 1)) for part in parts)
        at_once = max(1, self._logits_at_once() // keys.shape[2])
        for strip in strips:
            queries = self._heads(module.to_q(self._tokens(strip.main, moments)))
            some = [_attend(asking, keys, values) for asking in queries.split(at_once, 2)]
            made = module.to_out[0](torch.cat(some, 2).transpose(1, 2).flatten(2))
            made = made.transpose(1, 2).unflatten(2, strip.main.shape[2:])
            yield strip._replace(main=made + strip.main)

    def _logits_at_once(self) -> int:
        return LOGITS_AT_ONCE_GPU if self.module.to_q.weight.is_cuda else LOGITS_AT_ONCE

    def _tokens(self, features: Tensor, moments: Moments | None) -> Tensor:
        normal = self.norm(features) if moments is None else moments.normalise(features)
        return normal.permute(0, 2, 3, 1).flatten(1, 2)

    def _heads(self, tokens: Tensor) -> Tensor:
        return tokens.unflatten(2, (self.module.heads, -1)).transpose(1, 2)


def _attend(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Values weighed by how queries and keys agree, all of (N, heads, places, channels)."""
    if not queries.is_cuda:
        return F.scaled_dot_product_attention(queries, keys, values)
    # Torch's kernel lets one processor of a card go over all keys alone, for 64 queries: minutes at 4096 px.
    logits = (queries * keys.shape[-1] ** -0.5) @ keys.mT
    return logits.softmax(-1) @ values


def repeating(links: Sequence[Link]) -> tuple[list[Link], int]:
    """The links of a chain for a map that repeats, and the row from which the last one's map comes out."""
    made, begins = [], 0
    for link in links:
        if isinstance(link, Convolution):
            link = replace(link, begins=begins)
            begins = link.begins_after()
        made.append(link)
    return made, begins


class _FirstRows:
    """Keeps the first rows of a map, which follow its last ones where it repeats.

    Parameters
    ----------
    count : of the rows that are kept.
    leaves : how many rows are not passed on at first.
    """

    def __init__(self, count: int, leaves: int) -> None:
        self._count, self._leaves, self._rows = count, leaves, []

    def pass_on(self, *strips: Tensor) -> list[Tensor]:
        """What comes, without the first rows that are to be left out."""
        passed = []
        for rows in strips:
            if self._count:
                self._rows.append(rows[:, :, : self._count].clone())
                self._count -= self._rows[-1].shape[2]
            left_out = min(self._leaves, rows.shape[2])
            self._leaves -= left_out
            if left_out < rows.shape[2]:
                passed.append(rows[:, :, left_out:])
        return passed

    def kept(self, again: bool = False) -> list[Tensor]:
        """The kept rows; of a map that has fewer than asked for, again and again if need be."""
        if not (again and self._count and self._rows):
            return self._rows
        rows = torch.cat(self._rows, 2)
        places = torch.arange(rows.shape[2] + self._count, device=rows.device)
        return [rows.index_select(2, places.remainder_(rows.shape[2]))]


def _taken(waiting: deque[Tensor]) -> tuple[Tensor, ...]:
    taken = tuple(waiting)
    waiting.clear()
    return taken


def _add(made: Tensor, skips: deque[Tensor], shortcut: nn.Module | None) -> None:
    """Add the first of the skips that wait, as many rows as were made."""
    place = 0
    while place < made.shape[2]:
        skip = skips.popleft()
        here = made[:, :, place : place + skip.shape[2]]
        now, later = skip.tensor_split((here.shape[2],), 2)
        here.add_(shortcut(now) if shortcut else now)
        if later.shape[2]:
            skips.appendleft(later)
        place += here.shape[2]
