"""A training run on disk: its log, its checkpoint, its sample sheets. Knows no model and no data.

A run may be stopped at any moment and goes on from its last checkpoint when started again. Started by
`torchrun`, its processes train one network together, each on pictures of its own.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
from PIL import Image
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import AveragedModel

from bigart_lib import machine
from bigart_lib.shapes import SQUARE

WARM_UP_STEPS = 200
AVERAGE_DECAY = 0.998  # of the moving average, a step
SECONDS_BETWEEN_CHECKPOINTS = 180
PICTURES_BETWEEN_SHEETS = 30_000
RUNS = Path(__file__).parent / "runs"


@dataclass(frozen=True)
class Phase:
    """A stretch of training at one size."""

    until: int  # pictures seen at its end
    size: int  # px a side of what the network is shown, where that is square
    batch: int  # pictures a step, over all processes
    shapes: tuple[str, ...] = (SQUARE,)  # of which each step draws one for all its pictures, as large in area


def share_left(phases: Sequence[Phase], done: int) -> float:
    """The share, 0 to 1, of all pixels that are still to be seen after `done` pictures."""
    starts = [0, *(phase.until for phase in phases[:-1])]
    pixels = [phase.size**2 * (phase.until - start) for phase, start in zip(phases, starts, strict=True)]
    left = [
        phase.size**2 * max(0, phase.until - max(start, done))
        for phase, start in zip(phases, starts, strict=True)
    ]
    return sum(left) / sum(pixels)


def phase_of(phases: Sequence[Phase], done: int) -> Phase:
    """The phase that a training is in after `done` pictures."""
    return next(phase for phase in phases if done < phase.until)


@contextmanager
def quick_arithmetic(device: torch.device) -> Iterator[None]:
    """bfloat16 where the processor multiplies it, and attention in its plain form, the faster one here."""
    has_bfloat16 = device.type == "cuda" or machine.pick_precision(device) == torch.bfloat16
    backends = [SDPBackend.MATH] if device.type == "cpu" else [SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]
    with sdpa_kernel(backends), torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16):
        yield


def join_processes(device: str) -> None:
    """Meet the other processes of a training that `torchrun` started; alone, do nothing."""
    if "WORLD_SIZE" in os.environ:
        distributed.init_process_group("nccl" if device == "cuda" else "gloo")


def _average(averages: list[torch.Tensor], latest: list[torch.Tensor], step: torch.Tensor) -> None:
    """Move the averages towards the latest weights, faster at first: nothing is worth keeping then."""
    decay = min(AVERAGE_DECAY, (1 + int(step)) / (10 + int(step)))
    torch._foreach_lerp_(averages, latest, 1 - decay)


class Run:
    """One network in training, with its moving average and optimizer.

    Parameters
    ----------
    name : the run's folder below `training/runs`.
    network : what is trained; on the device that training uses.
    phases : what is trained on; the learning rate falls to zero over the last quarter of its pixels.
    learning_rate : the highest, after a warm-up.
    beside : what else the checkpoint keeps, by name: anything with `state_dict` and `load_state_dict`.
    seen : pictures that the network was trained on before this run began.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        phases: Sequence[Phase],
        learning_rate: float,
        beside: Mapping[str, nn.Module | torch.optim.Optimizer] | None = None,
        seen: int = 0,
    ) -> None:
        self.folder = RUNS / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.network = network
        self.average = AveragedModel(network, multi_avg_fn=_average)
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True
        )
        self.learning_rate = learning_rate
        self.phases = phases
        self.total = phases[-1].until
        self.beside = dict(beside or {})
        self.rank = distributed.get_rank() if distributed.is_initialized() else 0
        self.processes = distributed.get_world_size() if distributed.is_initialized() else 1
        self.done = self._logged_at = seen  # pictures seen
        self.step = 0
        self.left_out = 0  # steps, since it was started
        self._recent: list[dict[str, float]] = []
        self._saved = self._logged = time.monotonic()
        if self._checkpoint.exists():
            self._resume()

    @property
    def _checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def draws(self, seed: int) -> np.random.Generator:
        """What the next step draws from, as torch's own generator, which is set: by seed, step and process.

        A run that was stopped thus sees what it would have seen without.
        """
        generator = np.random.default_rng([seed, self.step, self.rank])
        torch.manual_seed(int(generator.integers(2**63)))
        return generator

    def update(self, losses: dict[str, torch.Tensor], count: int) -> None:
        """One optimizer step on the sum of the losses of `count` pictures, gradients clipped at norm 1.

        A step whose gradient is not finite is left out, and counted in the log.
        """
        left = share_left(self.phases, self.done)
        rate = self.learning_rate * min(1, (self.step + 1) / WARM_UP_STEPS, 4 * left)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        sum(losses.values()).backward()
        self._average_gradients()
        if torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0).isfinite():
            self.optimizer.step()
            self.average.update_parameters(self.network)
        else:
            self.left_out += 1
        self.done += count * self.processes
        self.step += 1
        if self.rank:
            return
        self._recent.append({name: float(loss.detach()) for name, loss in losses.items()})
        if self.step % 50 == 0:
            self._log(rate)

    @contextmanager
    def at_average(self) -> Iterator[None]:
        """Put the network where its average is; the average begins anew from what it is changed to."""
        self.network.load_state_dict(self.average.module.state_dict())
        yield
        self.average.module.load_state_dict(self.network.state_dict())

    def _average_gradients(self) -> None:
        if self.processes == 1:
            return
        gradients = [parameter.grad for parameter in self.network.parameters() if parameter.grad is not None]
        together = torch.cat([gradient.flatten() for gradient in gradients]) / self.processes
        distributed.all_reduce(together)
        for gradient, share in zip(
            gradients, together.split([gradient.numel() for gradient in gradients]), strict=True
        ):
            gradient.copy_(share.view_as(gradient))

    def sheet(self, rows: list[torch.Tensor]) -> None:
        """Write rows of pictures (N, 3, H, W) in [0, 1] as one sheet, named by the pictures seen."""
        picture = torch.cat([torch.cat(list(row), dim=2) for row in rows], dim=1)
        pixels = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        Image.fromarray(pixels).save(self.folder / f"sheet_{self.done:08d}.png")

    def save_now_and_then(self) -> None:
        """Write the checkpoint, at the end of a step, when some minutes have passed or all is done."""
        if time.monotonic() - self._saved > SECONDS_BETWEEN_CHECKPOINTS or self.done >= self.total:
            self.save()

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        if self.rank:
            return
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "done": self.done,
            "step": self.step,
            "beside": {name: one.state_dict() for name, one in self.beside.items()},
        }
        temporary = self._checkpoint.with_suffix(".part")
        torch.save(state, temporary)
        os.replace(temporary, self._checkpoint)
        self._saved = time.monotonic()

    def _resume(self) -> None:
        state = torch.load(self._checkpoint, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.done = self._logged_at = state["done"]
        self.step = state["step"]
        for name, one in self.beside.items():
            one.load_state_dict(state["beside"][name])

    def _log(self, rate: float) -> None:
        now = time.monotonic()
        entry = {
            "pictures": self.done,
            "pictures_per_second": round((self.done - self._logged_at) / (now - self._logged), 1),
            "learning_rate": round(rate, 7),
            **({"left_out": self.left_out} if self.left_out else {}),
        }
        for name in self._recent[0]:
            entry[name] = round(sum(losses[name] for losses in self._recent) / len(self._recent), 5)
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(entry) + "\n")
        self._recent, self._logged, self._logged_at = [], now, self.done
