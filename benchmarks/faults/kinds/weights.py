"""Files of weights that are damaged, hostile, or hold values that are no numbers."""

import builtins
import io
import json
import os
import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks.faults.kinds.pictures import put
from benchmarks.faults.trial import QUIET, REFUSED, Trial, kind

MARK = "made-by-a-payload"
NETWORKS = {"enlarger": [], "enhancer": ["--enhance"]}  # and what makes a command need them


class Calls:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.recipe = function, arguments

    def __reduce__(self) -> tuple:
        return self.recipe


def pickled(payload: object) -> bytes:
    file = io.BytesIO()
    torch.save({"state_dict": OrderedDict([("conv_first.weight", payload)])}, file)
    return file.getvalue()


def tensors(trial: Trial, network: str) -> bytes:
    """The good file of the tiny network."""
    name = {"enlarger": "enlarger", "enhancer": "vqgan"}[network]
    return (trial.shop / "models" / f"{name}.safetensors").read_bytes()


def values_of(data: bytes) -> tuple[dict, bytes]:
    """Header and data of a safetensors file."""
    (size,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def with_header(header: dict, data: bytes) -> bytes:
    encoded = json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def header(change: Callable[[dict], object]) -> Callable[[bytes], bytes]:
    """A file with another header."""

    def changed(data: bytes) -> bytes:
        values, rest = values_of(data)
        change(values)
        return with_header(values, rest)

    return changed


def config(**changes: object) -> Callable[[bytes], bytes]:
    """A file whose network's sizes are others; where it has none, it gets only these."""

    def change(values: dict) -> None:
        metadata = values.setdefault("__metadata__", {})
        before = json.loads(metadata.get("config", "{}"))
        metadata["config"] = json.dumps({**before, **changes})

    return header(change)


FLOATS = {"F32": "<f", "F16": "<e"}


def metadata(**texts: str) -> Callable[[bytes], bytes]:
    """A file that says something else of itself."""
    return header(lambda values: values.update(__metadata__=texts))


def filled(value: float) -> Callable[[bytes], bytes]:
    """A file with one tensor of this value."""

    def change(data: bytes) -> bytes:
        values, rest = values_of(data)
        name = next(name for name in values if name != "__metadata__" and values[name]["dtype"] in FLOATS)
        begins, ends = values[name]["data_offsets"]
        number = struct.pack(FLOATS[values[name]["dtype"]], value)
        return with_header(values, rest[:begins] + number * ((ends - begins) // len(number)) + rest[ends:])

    return change


def first(values: dict) -> dict:
    return values[next(name for name in values if name != "__metadata__")]


FILES: dict[str, Callable[[bytes], bytes] | Callable[[Path], object] | bytes] = {
    "random bytes": os.urandom(100_000),
    "empty": b"",
    "text": b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 67\n",
    "HTML": b"<!DOCTYPE html><html><body>403 Forbidden</body></html>",
    "a pickle that runs a program": pickled(Calls(os.system, f"touch {MARK}")),
    "a pickle that evaluates": pickled(Calls(builtins.eval, f"open({MARK!r}, 'w').close()")),
    "a plain pickle": pickle.dumps(Calls(os.mkdir, MARK)),
    "cut at a third": lambda data: data[: len(data) // 3],
    "cut by a byte": lambda data: data[:-1],
    "longer by a byte": lambda data: data + b"x",
    "a header of 2**63 bytes": lambda data: struct.pack("<Q", 2**63) + data[8:],
    "a header that is a list": with_header([], b""),  # type: ignore[arg-type]
    "a header of a million brackets": struct.pack("<Q", 10**6) + b"[" * 10**6,
    "no tensors": with_header({}, b""),
    "a shape of 10**18": header(lambda values: first(values).update(shape=[10**18])),
    "a negative shape": header(lambda values: first(values).update(shape=[-1])),
    "offsets beyond the end": header(lambda values: first(values).update(data_offsets=[0, 10**12])),
    "a tensor of another name": header(lambda values: values.update(strange=values.pop([*values][-1]))),
    "another kind of numbers": header(lambda values: first(values).update(dtype="I8")),
    "NaN weights": filled(float("nan")),
    "infinite weights": filled(float("inf")),
    "a config of 10**7 layers": config(num_blocks=10**7, layers_per_block=10**7),
    "a config of 10**9 features": config(num_features=10**9, block_out_channels=[10**9] * 5),
    "a config of texts": config(num_features="many", block_out_channels="many"),
    "a config of 5000 levels": config(block_out_channels=[4] * 5000, down_block_types=["Down"] * 5000),
    "a config that is no JSON": metadata(config="{"),
    "a config of a million brackets": metadata(config="[" * 10**6),
}
PLACES: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo,
    "a folder": os.mkdir,
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
    "a link to nowhere": lambda path: path.symlink_to("nowhere"),
}


@kind("hostile files of weights, by --enlarger and --enhancer", 2 * (len(FILES) + len(PLACES)))
def _(trial: Trial) -> None:
    trial.about, content = [*FILES.items(), *PLACES.items()][trial.number // 2]
    network = "enhancer" if "config" in trial.about else [*NETWORKS][trial.number % 2]  # the other has none
    if trial.about in FILES and callable(content):
        content = content(tensors(trial, network))
    path = put(trial, "network.safetensors", content)
    trial.about += f", --{network}"
    ended = trial.run("enlarge", "photo.png", f"--{network}", path, *NETWORKS[network], *QUIET, limit=40)
    trial.ends_clearly(ended, [REFUSED])
    marks = [place for place in (trial.folder, trial.aside / "given") if (place / MARK).exists()]
    trial.expect(not marks, "the code in the file ran")
    made = {"enlarger": "*_4x*.png", "enhancer": "*enhanced*.png"}[network]
    trial.expect(not [*trial.pictures.rglob(made)], "a picture was made with it")


CHECKPOINTS = ("bsrgan", "glide-base", "glide-upsampler", "vqgan-imagenet")


@kind("hostile files of weights, by the environment, for bigart models fetch", 2 * (len(FILES) + len(PLACES)))
def _(trial: Trial) -> None:
    trial.about, content = [*FILES.items(), *PLACES.items()][trial.number // 2]
    checkpoint = trial.draw.choice(CHECKPOINTS)
    if trial.about in FILES and callable(content):
        content = content(tensors(trial, "enlarger"))
    path = put(trial, "network.ckpt", content)
    trial.about += f", {checkpoint}"
    variable = f"BIGART_{checkpoint.upper().replace('-', '_')}"
    surroundings = {variable: path, "BIGART_CACHE": str(trial.aside / "cache")}
    ended = trial.run("models", "fetch", checkpoint, environment=surroundings, limit=40)
    trial.ends_clearly(ended, [REFUSED])
    trial.expect(not (trial.folder / MARK).exists(), "the code in the file ran")
    left = [one.name for one in (trial.aside / "cache").rglob("*.safetensors")]
    trial.expect(not left, f"it was converted: {left}")
