"""The work itself fails: memory that is not there, networks that give no numbers, errors anywhere."""

import errno
import os
from collections.abc import Callable

import torch

from benchmarks.faults.injected import AtCall, Spoilt, raises, watch_convolutions, watch_library
from benchmarks.faults.processes import Ended
from benchmarks.faults.trial import COMMANDS, FINE, QUIET, REFUSED, Trial, kind

ONCE_MORE = "once more in fp32"  # what is said where a network gave no numbers in half the precision
NO_MEMORY: dict[str, Callable[[], BaseException]] = {
    "MemoryError": MemoryError,
    "torch's allocator": lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: you tried "
        "to allocate 68719476736 bytes. Error code 12 (Cannot allocate memory)"
    ),
    "torch.OutOfMemoryError": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
    "ENOMEM": lambda: OSError(errno.ENOMEM, "Cannot allocate memory"),
}
ERRORS: dict[str, Callable[[], BaseException]] = {
    "a CUDA error": lambda: RuntimeError("CUDA error: an illegal memory access was encountered\nCompile ..."),
    "EIO": lambda: OSError(errno.EIO, os.strerror(errno.EIO)),
    "ValueError": lambda: ValueError("broken data stream when reading image file"),
    "RuntimeError without words": RuntimeError,
}
SPOILS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "NaN": lambda made: torch.full_like(made, float("nan")),
    "infinity": lambda made: torch.full_like(made, float("inf")),
    "one NaN": lambda made: made.flatten().index_fill(0, torch.tensor(0), float("nan")).view_as(made),
    "minus infinity": lambda made: torch.full_like(made, -float("inf")),
}
NETWORKS = ("prompt", "enlarge")
APPROXIMATE = "faint seams may show"  # is said where memory does not allow the exact result


def at_convolution(trial: Trial) -> tuple[str, int]:
    command = NETWORKS[trial.number % 2]
    return command, trial.call_of(command, watch_convolutions)


def without_memory(trial: Trial, command: str, lasting: bool) -> Ended:
    number = trial.call_of(command, watch_convolutions)
    name, error = [*NO_MEMORY.items()][trial.number // 2 % len(NO_MEMORY)]
    trial.about = f"{command}: {name} {'from' if lasting else 'at'} layer {number}{' on' * lasting}"
    at_call = AtCall(number, raises(error()), lasting)
    return trial.run(*COMMANDS[command], *QUIET, prepare=lambda: watch_convolutions(at_call))


@kind("memory that cannot be had, once, at any layer of the networks", 20)
def _(trial: Trial) -> None:
    command = ("prompt in fp32", "enlarge")[trial.number % 2]  # in bf16, smaller pieces are further apart
    ended = without_memory(trial, command, lasting=False)
    trial.ends_clearly(ended)
    if ended.code == REFUSED:
        trial.goes_on(command)
    elif APPROXIMATE not in ended.err:
        trial.is_within_a_level(command)


@kind("memory that cannot be had from any layer on", 16)
def _(trial: Trial) -> None:
    command = NETWORKS[trial.number % 2]
    ended = without_memory(trial, command, lasting=True)
    trial.ends_clearly(ended, [REFUSED])
    trial.expect("memory" in ended.err, f"it does not say that memory is not enough: {ended.err}")
    trial.goes_on(command)


@kind("networks that give values that are no numbers, at any layer", 20)
def _(trial: Trial) -> None:
    command, number = at_convolution(trial)
    name, spoil = [*SPOILS.items()][trial.number // 2 % len(SPOILS)]
    trial.about = f"{command}: {name} at layer {number}"
    at_call = AtCall(number, raises(Spoilt()))
    aloud = [word for word in QUIET if word != "--quiet"]
    ended = trial.run(*COMMANDS[command], *aloud, prepare=lambda: watch_convolutions(at_call, spoil))
    if ended.code == FINE and ONCE_MORE in ended.err:  # whose bytes are those of another precision
        trial.is_whole()
    else:
        trial.survives(ended, command)


@kind("an error at any call of a function of the library", 48)
def _(trial: Trial) -> None:
    command = ("prompt", "enlarge", "candidates")[trial.number % 3]
    number = trial.call_of(command, watch_library)
    name, error = [*ERRORS.items()][trial.number // 3 % len(ERRORS)]
    at_call = AtCall(number, raises(error()))
    trial.about = f"{command}: {name} at call {number} of a function"
    ended = trial.run(*COMMANDS[command], *QUIET, prepare=lambda: watch_library(at_call))
    trial.survives(ended, command)
