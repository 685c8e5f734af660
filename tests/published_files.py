"""Files as their publishers structure them, with tensors of ours inside."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from reference import published_shapes

CALLBACK = "pytorch_lightning.callbacks.model_checkpoint"  # where Lightning keeps the class it pickles


def random_tensors(name: str) -> dict[str, torch.Tensor]:
    """Numbers for every tensor of a full-size published file, such that signals stay finite."""
    tensors = {}
    for key, shape in published_shapes(name).items():
        normal = torch.randn(shape)
        if len(shape) > 1:
            normal.mul_(0.7 / normal[0].numel() ** 0.5)
        else:
            normal.mul_(0.1).add_(1.0 if key.endswith("weight") else 0.0)
        tensors[key] = normal
    return tensors


def save_lightning(path: Path, tensors: dict[str, torch.Tensor], old: bool = False) -> None:
    """Write a checkpoint of training as VQGAN's: with a class of Lightning's, losses and optimizers."""
    weights = [*tensors.values()]
    state = {
        index: {"step": 7, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
        for index, weight in enumerate(weights)
    }
    groups = [{"lr": 4.5e-6, "betas": (0.5, 0.9), "params": [*range(len(weights))]}]
    training = {
        "loss.discriminator.main.0.weight": torch.randn(64, 3, 4, 4),
        "loss.discriminator.main.3.num_batches_tracked": torch.tensor(5),
        "loss.perceptual_loss.lin0.model.1.weight": torch.randn(1, 64, 1, 1),
    }
    with lightning() as callback:
        checkpoint = {
            "epoch": 3,
            "global_step": 7,
            "pytorch-lightning_version": "1.0.8",
            "callbacks": {callback: {"best_model_score": torch.tensor(0.5), "best_model_path": "a.ckpt"}},
            "optimizer_states": [{"state": state, "param_groups": groups}],
            "lr_schedulers": [],
            "state_dict": tensors | training,
        }
        torch.save(checkpoint, path, _use_new_zipfile_serialization=not old)


class lightning:  # noqa: N801
    """Gives Lightning's class, which can be pickled by its name inside this context only."""

    def __enter__(self) -> type:
        self.patch = pytest.MonkeyPatch()
        package = ""
        for part in CALLBACK.split("."):
            package = f"{package}.{part}".lstrip(".")
            module = ModuleType(package)
            self.patch.setitem(sys.modules, package, module)
        module.ModelCheckpoint = type("ModelCheckpoint", (), {"__module__": CALLBACK})
        return module.ModelCheckpoint

    def __exit__(self, *raised: object) -> None:
        self.patch.undo()
