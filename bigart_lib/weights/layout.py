"""How publishers name and pack the tensors of a network, set against the names that the network has here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bigart_lib.weights.fitting import check_fit, fill, shapes_of

if TYPE_CHECKING:
    import torch

    from bigart_lib.weights.fitting import Network


class Entry(NamedTuple):
    """A published tensor."""

    ours: tuple[str, ...]  # the tensors that it holds, head by head if there are several
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """A publisher's names and shapes for a network of ours."""

    renames: tuple[tuple[str, str | Callable[[re.Match], str]], ...]  # for `re.sub` on our names, in order
    convolutions: str = "(?!)"  # finds published names of linear layers that are kept as convolutions
    kernel: tuple[int, ...] = ()  # of those convolutions
    head_width: int = 1  # channels of an attention head

    def name(self, own: str) -> str:
        """The published name of one of our tensors."""
        for pattern, replacement in self.renames:
            own = re.sub(pattern, replacement, own)
        return own

    def entries(self, network: torch.nn.Module) -> dict[str, Entry]:
        """Every published tensor of a network of these sizes, by its published name."""
        shapes, groups = shapes_of(network), {}
        for own in shapes:
            groups.setdefault(self.name(own), []).append(own)
        return {name: self._entry(name, ours, shapes[ours[0]]) for name, ours in groups.items()}

    def _entry(self, name: str, ours: list[str], shape: tuple[int, ...]) -> Entry:
        kernel = self.kernel if re.search(self.convolutions, name) else ()
        return Entry(tuple(ours), (len(ours) * shape[0], *shape[1:], *kernel))

    def unpack(
        self, published: Mapping[str, torch.Tensor], network: torch.nn.Module, source: str
    ) -> dict[str, torch.Tensor]:
        """The tensors of a network by our names; all that are not packed share the published ones' memory.

        Raises
        ------
        WeightsError
            When the published tensors are not one to one those of the network, naming what is missing, not
            expected or of another shape; `source` is their file, for the message.
        """
        entries, shapes, tensors = self.entries(network), shapes_of(network), {}
        check_fit({name: entry.shape for name, entry in entries.items()}, published, source)
        for name, entry in entries.items():
            parts, shape = len(entry.ours), shapes[entry.ours[0]]
            width = self.head_width if parts > 1 else shape[0]
            packed = published[name].reshape(-1, parts, width, *shape[1:])
            for part, own in enumerate(entry.ours):
                tensors[own] = packed[:, part].reshape(shape)
        return tensors

    def fill(self, network: Network, published: Mapping[str, torch.Tensor], source: str) -> Network:
        """Give a network the published tensors, and freeze it; raises as `unpack`."""
        return fill(network, self.unpack(published, network, source), source)
