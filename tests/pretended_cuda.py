"""A pretended CUDA card for a torch without one: tensors say cuda:0, and their numbers are on the CPU.

It refuses to mix devices and runs out of memory as a card does, computes halves in float32 and rounds the
results, as tensor cores do, and notes what would wait for the card. It does not know how long anything takes,
nor the last digits of a real card.
"""

from __future__ import annotations

import traceback
import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any
from unittest import mock

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

CUDA = torch.device("cuda", 0)
HALVES = (torch.float16, torch.bfloat16)
BLOCK = 512  # bytes: what a card gives out is a multiple
WAITS = {"_local_scalar_dense", "item", "is_nonzero", "equal", "nonzero", "masked_select", "_unique2"}
TAKES_INDICES = {"index", "index_put", "index_put_", "_index_put_impl_"}  # of the CPU too
TAKES_NO_SCALARS = {"cat", "stack", "index_select", "embedding", "gather"}  # of the CPU
ADDS_UP_IN_FLOAT = {
    "convolution", "addmm", "mm", "bmm", "baddbmm", "linear", "_softmax", "native_group_norm",
    "native_layer_norm", "native_batch_norm", "_native_batch_norm_legit_no_training",
    "batch_norm_update_stats",
}  # fmt: skip


class OnCard(torch.Tensor):
    """A tensor that says that it is on the card."""

    @staticmethod
    def __new__(cls, real: torch.Tensor) -> OnCard:
        made = torch.Tensor._make_wrapper_subclass(
            cls, real.shape, strides=real.stride(), storage_offset=real.storage_offset(), dtype=real.dtype,
            device=CUDA, requires_grad=False,
        )  # fmt: skip
        made.numbers = real
        return made

    def __repr__(self, **_: Any) -> str:
        return f"OnCard({tuple(self.numbers.shape)}, {self.numbers.dtype})"

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return PretendedCuda.current.run(func, args, kwargs or {})


class Memory:
    """What lives on the card, and the most that did; storages that tensors share count once."""

    def __init__(self, total: int) -> None:
        self.total, self.now, self.most = total, 0, 0
        self.kept = 0  # bytes that torch keeps for later use
        self._sizes: dict[int, list[int]] = {}  # count of tensors and bytes, by storage

    def take(self, tensor: OnCard) -> None:
        storage = tensor.numbers.untyped_storage()
        place, size = storage._cdata, -(-storage.nbytes() // BLOCK) * BLOCK
        if place not in self._sizes:
            if self.now + size > self.total:
                raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {size} bytes.")
            self._sizes[place] = [0, size]
            self.now += size
            self.most = max(self.most, self.now)
        self._sizes[place][0] += 1
        weakref.finalize(tensor, self._forget, place).atexit = False

    def _forget(self, place: int) -> None:
        entry = self._sizes[place]
        entry[0] -= 1
        if not entry[0]:
            self.now -= self._sizes.pop(place)[1]
            self.kept = max(self.kept, entry[1])


class PretendedCuda(TorchDispatchMode):
    """The card: where operations go that have something to do with it. See `pretended_card`.

    Parameters
    ----------
    name, capability : of the card.
    total : bytes of its memory.
    made_for : what torch was built for.
    """

    current: PretendedCuda

    def __init__(
        self,
        name: str = "Tesla T4",
        capability: tuple[int, int] = (7, 5),
        total: float = 15.8e9,
        made_for: tuple[str, ...] = ("sm_75", "sm_80", "sm_90", "compute_90"),
    ) -> None:
        super().__init__()
        self.name, self.capability, self.made_for = name, capability, made_for
        self.memory = Memory(int(total))
        self.waits, self.moves = Counter(), Counter()  # by line of the library
        self.precisions: Counter[torch.dtype] = Counter()  # of convolutions and matrix products

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        return self.run(func, args, kwargs or {})

    def run(self, func, args, kwargs):
        """An operation: on the card where something of it is there, else as ever."""
        name = func._schema.name.split("::")[1]
        leaves = tree_leaves((args, kwargs))
        on_card = [one for one in leaves if isinstance(one, OnCard)]
        devices = [one for one in leaves if isinstance(one, torch.device)]
        if not on_card and not any(device.type == "cuda" for device in devices):
            return func(*args, **kwargs)
        if name in ("_to_copy", "copy_"):
            return (self._to if name == "_to_copy" else self._copy)(func, args, kwargs)
        if _is_composite(func) and not name.startswith("upsample"):
            with self:
                made = func.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
        self._check(name, leaves, devices, kwargs)
        if name == "_fused_sdp_choice":
            return 0  # attention as a matrix, whose parts can be seen
        if "device" in kwargs:
            kwargs = {**kwargs, "device": torch.device("cpu"), "pin_memory": False}
        args, kwargs = tree_map(_real, (args, kwargs))
        made = self._compute(name, func, args, kwargs)
        wrappers = {id(one.numbers): one for one in on_card}  # of what is changed in place
        return tree_map(lambda one: self._wrapped(one, wrappers), made)

    def _compute(self, name, func, args, kwargs):
        halves = {one.dtype for one in tree_leaves((args, kwargs)) if _is(one, HALVES)}
        if name in ADDS_UP_IN_FLOAT or name.startswith("_scaled_dot_product"):
            self.precisions.update(halves or {torch.float32})
            if halves:
                args, kwargs = tree_map(lambda one: one.float() if _is(one, HALVES) else one, (args, kwargs))
                made, half = func(*args, **kwargs), next(iter(halves))
                return tree_map(lambda one: one.to(half) if _is(one, (torch.float32,)) else one, made)
        return func(*args, **kwargs)

    def _check(self, name, leaves, devices, kwargs) -> None:
        """Refuse what a card refuses, and note what waits for it."""
        generator = kwargs.get("generator")
        if generator is not None and devices and generator.device.type != "cuda":
            raise RuntimeError(f"Expected a 'cuda' device type for generator but found '{generator.device}'")
        for one in leaves:
            if not isinstance(one, torch.Tensor) or isinstance(one, OnCard):
                continue
            is_number = one.dim() == 0 and name not in TAKES_NO_SCALARS
            if not (is_number or name in TAKES_INDICES and not one.is_floating_point()):
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two devices, cuda:0 "
                    f"and {one.device}! (aten::{name} at {where()})"
                )
        if name in WAITS:
            self.waits[where()] += 1

    def _to(self, func, args, kwargs):
        """A copy of a tensor, in another type or on another device."""
        (source, *_), device = args, kwargs.get("device")
        is_there = isinstance(source, OnCard)
        goes_there = is_there if device is None else torch.device(device).type == "cuda"
        plain = {
            name: kwargs[name] for name in kwargs if name not in ("device", "pin_memory", "non_blocking")
        }
        real = _real(source)
        made = func(real, **plain) if plain else real.clone()
        if not goes_there:
            self.waits[where()] += 1
            return made
        if not is_there:
            self.moves[where()] += 1
        return self._wrapped(made.clone() if made is real else made, {})

    def _copy(self, func, args, kwargs):
        """Numbers into a tensor that is there."""
        target, source = args[:2]
        if isinstance(target, OnCard) != isinstance(source, OnCard) and source.dim():
            (self.waits if isinstance(source, OnCard) else self.moves)[where()] += 1
        func(_real(target), _real(source))
        return target

    def _wrapped(self, one, wrappers):
        if not isinstance(one, torch.Tensor) or isinstance(one, OnCard):
            return one
        if id(one) in wrappers:
            return wrappers[id(one)]
        made = OnCard(one)
        self.memory.take(made)
        return made

    def torch_cuda(self) -> dict[str, Any]:
        """What torch says of the card, by the names in `torch.cuda`."""
        memory = self.memory
        properties = mock.Mock(total_memory=memory.total, multi_processor_count=40)
        properties.name = self.name
        return {
            "is_available": lambda: True,
            "init": lambda: None,
            "_lazy_init": lambda: None,
            "is_initialized": lambda: True,
            "current_device": lambda: 0,
            "device_count": lambda: 1,
            "get_arch_list": lambda: list(self.made_for),
            "get_device_capability": lambda device=None: self.capability,
            "get_device_name": lambda device=None: self.name,
            "get_device_properties": lambda device=None: properties,
            "memory_allocated": lambda device=None: memory.now,
            "memory_reserved": lambda device=None: memory.now + memory.kept,
            "mem_get_info": lambda device=None: (memory.total - memory.now - memory.kept, memory.total),
            "empty_cache": lambda: setattr(memory, "kept", 0),
            "synchronize": lambda device=None: None,
        }


@contextmanager
def pretended_card(**options: Any) -> Iterator[PretendedCuda]:
    """Within it there is a card; `options` as for `PretendedCuda`."""
    card = PretendedCuda.current = PretendedCuda(**options)
    torch._C._ensureCUDADeviceGuardSet()
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    with ExitStack() as stack:
        for name, value in card.torch_cuda().items():
            stack.enter_context(mock.patch.object(torch.cuda, name, value))
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, before)
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        stack.enter_context(_FunctionsOnCard())
        stack.enter_context(card)
        yield card


class _FunctionsOnCard(TorchFunctionMode):
    """Functions of torch that would ask a CUDA runtime before they come to an operation."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = {name: _indexed(value) for name, value in (kwargs or {}).items()}
        if func in (torch.Tensor.__getitem__, torch.Tensor.__setitem__) and any(
            isinstance(one, OnCard) for one in tree_leaves(args)
        ):
            return _item(func, *args)
        if func is torch.Tensor.copy_ and any(isinstance(one, OnCard) for one in args):
            return torch.ops.aten.copy_.default(args[0], args[1])
        if func is torch.Tensor.contiguous and isinstance(args[0], OnCard):
            form = kwargs.get("memory_format", torch.contiguous_format)
            is_so = args[0].numbers.is_contiguous(memory_format=form)
            return args[0] if is_so else torch.ops.aten.clone.default(args[0], memory_format=form)
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == CUDA:
            plain = func(*args, **{name: kwargs[name] for name in kwargs if name != "device"})
            return torch.ops.aten._to_copy.default(plain, device=CUDA)
        return func(*(_indexed(one) for one in args), **kwargs)


def _item(func, target, index, *value):
    """Read or write a part of a tensor, on the card or not."""
    card, is_there = PretendedCuda.current, isinstance(target, OnCard)
    for one in tree_leaves(index):
        if isinstance(one, torch.Tensor) and isinstance(one, OnCard) != is_there:
            if not is_there:
                raise RuntimeError(
                    "indices should be either on cpu or on the same device as the tensor (cpu)"
                )
            card.waits[where()] += 1
    for one in value:
        if isinstance(one, torch.Tensor) and isinstance(one, OnCard) != is_there and one.dim():
            (card.waits if isinstance(one, OnCard) else card.moves)[where()] += 1
    made = func(_real(target), tree_map(_real, index), *map(_real, value))
    return card._wrapped(made, {}) if is_there and made is not None else made


def where() -> str:
    """The line of the library that is at work."""
    for frame in reversed(traceback.extract_stack(limit=60)):
        if "bigart_lib" in frame.filename:
            return f"{frame.filename.rpartition('bigart_lib')[2]}:{frame.lineno}"
    return "?"


def _real(one):
    return one.numbers if isinstance(one, OnCard) else one


def _is(one, dtypes) -> bool:
    return isinstance(one, torch.Tensor) and one.dtype in dtypes


@cache
def _is_composite(func) -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd")


def _indexed(one):
    """ "cuda" without a number would ask for the current device."""
    is_cuda = one == "cuda" if isinstance(one, str) else isinstance(one, torch.device) and one.type == "cuda"
    return CUDA if is_cuda else one
