"""Weights of an RRDBNet out of ncnn's pair of files, .param (the layers, as text) and .bin (the numbers).

Written from ncnn's published file format; only the layers that an RRDBNet is made of are read.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bigart_lib.weights import WeightsError

PARAM_MAGIC = "7767517"
FLOAT16_TAG = 0x01306B47
FLOAT32_TAG = 0
CONVS_PER_BLOCK = 15
LAYERS = {"Input", "Convolution", "Split", "Concat", "Eltwise", "BinaryOp", "Interp"}


def read_ncnn(param: bytes, binary: bytes, source: str) -> dict[str, Tensor]:
    """Read the weights of an RRDBNet, named as in Real-ESRGAN's own file.

    Parameters
    ----------
    param, binary : the contents of the .param and of the .bin file.
    source : where they came from, for messages.

    Returns
    -------
    Weights in the precision they are stored in (float16 or float32), biases in float32.

    Raises
    ------
    WeightsError
        If the files are damaged, do not belong together, or describe another network.
    """
    layers = _parse(param, source)
    convolutions = [
        (name, _channels(values, name, source)) for kind, name, values in layers if kind == "Convolution"
    ]
    names = _names(len(convolutions), sum(kind == "Interp" for kind, _, _ in layers), source)
    tensors: dict[str, Tensor] = {}
    offset = 0
    for name, (layer, (rows, columns)) in zip(names, convolutions, strict=True):
        where = f"{source}, layer {layer} ({name})"
        tag = int(_take(binary, offset, 1, torch.int32, where).item())
        if tag not in (FLOAT16_TAG, FLOAT32_TAG):
            raise WeightsError(
                f"{where}: expected weights as float16 or float32, got the tag {tag & 0xFFFFFFFF:#010x}; "
                "the .bin file is damaged, quantised, or does not belong to the .param file"
            )
        dtype = torch.float16 if tag == FLOAT16_TAG else torch.float32
        count = rows * columns * 9
        weights = _take(binary, offset + 4, count, dtype, where)
        tensors[f"{name}.weight"] = weights.reshape(rows, columns, 3, 3)
        offset += 4 + -(-count * dtype.itemsize // 4) * 4  # padded to whole words
        tensors[f"{name}.bias"] = _take(binary, offset, rows, torch.float32, where)
        offset += 4 * rows
    if offset != len(binary):
        raise WeightsError(
            f"{source}: expected {offset} bytes of weights, got {len(binary)}; "
            "the .bin file does not belong to the .param file"
        )
    return tensors


def _parse(param: bytes, source: str) -> list[tuple[str, str, dict[str, str]]]:
    """Kind, name and values of every layer, in order."""
    lines = [line.split() for line in param.decode("utf-8", errors="replace").splitlines() if line.strip()]
    if not lines or lines[0] != [PARAM_MAGIC]:
        raise WeightsError(
            f"{source}: expected an ncnn .param file, which begins with {PARAM_MAGIC}, got {param[:20]!r}"
        )
    layers = []
    for fields in lines[2:]:
        try:
            num_blobs = int(fields[2]) + int(fields[3])
            values = dict(field.split("=", 1) for field in fields[4 + num_blobs :] if "=" in field)
        except (IndexError, ValueError) as error:
            raise WeightsError(f"{source}: cannot read the layer {' '.join(fields)[:80]!r}") from error
        if fields[0] not in LAYERS:
            raise WeightsError(
                f"{source}: layer {fields[1]} is a {fields[0]}, which an RRDBNet does not have"
            )
        layers.append((fields[0], fields[1], values))
    announced = int(lines[1][0]) if len(lines) > 1 and lines[1][0].isdecimal() else 0
    if announced != len(layers):
        raise WeightsError(
            f"{source}: expected {announced} layers, got {len(layers)}; the .param file is cut short"
        )
    return layers


def _channels(values: dict[str, str], name: str, source: str) -> tuple[int, int]:
    """The channels of a 3x3 convolution with a bias, out and in; other kinds are refused."""
    try:
        out_channels, kernel, padding, has_bias, count = (int(values.get(key, "0")) for key in "01456")
        activation = values.get("9", "0")
        slope = float(values["-23310"].split(",")[1]) if activation != "0" else 0.2
    except (IndexError, KeyError, ValueError) as error:
        raise WeightsError(f"{source}: cannot read the numbers of layer {name}: {values}") from error
    plain = (kernel, padding, has_bias) == (3, 1, 1) and activation in ("0", "2") and abs(slope - 0.2) < 1e-6
    if not plain or out_channels < 1 or count < 9 * out_channels or count % (9 * out_channels):
        raise WeightsError(
            f"{source}: layer {name} is not one of an RRDBNet's convolutions "
            f"(3x3, padding 1, bias, LeakyReLU 0.2 or no activation): {values}"
        )
    return out_channels, count // (9 * out_channels)


def _names(num_convolutions: int, num_enlargements: int, source: str) -> list[str]:
    """The names of the convolutions, in the order in which the network runs them."""
    num_blocks, left_over = divmod(num_convolutions - 4 - num_enlargements, CONVS_PER_BLOCK)
    if num_enlargements not in (1, 2) or num_blocks < 1 or left_over:
        raise WeightsError(
            f"{source}: expected {CONVS_PER_BLOCK} convolutions a block and one or two enlargements, "
            f"got {num_convolutions} convolutions and {num_enlargements} enlargements; it is no RRDBNet"
        )
    blocks = [
        f"body.{block}.rdb{dense}.conv{conv}"
        for block in range(num_blocks)
        for dense in (1, 2, 3)
        for conv in (1, 2, 3, 4, 5)
    ]
    enlargements = [f"conv_up{i + 1}" for i in range(num_enlargements)]
    return ["conv_first", *blocks, "conv_body", *enlargements, "conv_hr", "conv_last"]


def _take(binary: bytes, offset: int, count: int, dtype: torch.dtype, where: str) -> Tensor:
    end = offset + count * dtype.itemsize
    if end > len(binary):
        raise WeightsError(
            f"{where}: expected at least {end} bytes of weights, got {len(binary)}; "
            "the .bin file is cut short or does not belong to the .param file. Install or download it again"
        )
    return torch.frombuffer(bytearray(binary[offset:end]), dtype=dtype)
