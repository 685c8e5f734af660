"""A Ray cluster, or a local Ray that is started for a series: how it is reached, and what its machines are.

It knows nothing of jobs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bigart_lib.machine import VERSION
from bigart_lib.series import worker
from bigart_lib.text import in_words

if TYPE_CHECKING:
    from types import ModuleType

LOCAL = "local"  # in place of an address: a Ray of this machine alone, for this series alone
INSTALL = 'pip install "bigart[cluster]"'
TO_CONNECT: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}  # for `ray.init`
TO_START: dict[str, Any] = {  # the same, for a local one, whose workers share the folder with the driver
    "include_dashboard": False, "object_store_memory": 100_000_000,
}  # fmt: skip
GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"  # RFC 9113; settings come back
REACHED = 5  # seconds until a machine should have answered
LONGEST_FOLDER = 40  # characters: Ray makes sockets in it, whose names may have 107
WORKER_MEMORY = 2_000_000_000  # bytes that a worker on a CPU may take, unless --memory says otherwise
PATIENCE = 180  # seconds until a free worker should have said what machine it is
SHOWN = 3  # hosts by name


class Slots(NamedTuple):
    """What each job takes of a machine."""

    threads: int
    gpus: int
    memory: int  # bytes, on a CPU; 0: not counted

    def on(self, node: Mapping[str, Any]) -> int:
        """How many jobs a machine makes at a time."""
        has = node["Resources"]
        if self.gpus:
            return int(has.get("GPU", 0))
        return max(0, min(int(has.get("CPU", 0)) // self.threads, int(has.get("memory", 0) // self.memory)))


# ---------------------------------------------------------------------------------------------- connecting


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be a driver of the cluster at an address, of a new local one, or of one this process has already.

    Parameters
    ----------
    address : HOST:PORT; "auto", the cluster that this machine belongs to; or LOCAL.

    Raises
    ------
    ValueError
        When Ray is not installed, or there is no such cluster.
    """
    ray = needed()
    if ray.is_initialized():
        yield
        return
    _check(address)
    signals = [one for one in (signal.SIGTERM, getattr(signal, "SIGHUP", None)) if one]
    before = {number: signal.getsignal(number) for number in signals}
    folder = _short_folder() if address == LOCAL else None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a local one would tell its makers
    try:
        try:
            options = {**TO_START, "_temp_dir": folder} if folder else {}
            ray.init(address=address, **TO_CONNECT, **options)
        except Exception as error:
            raise ValueError(_unreached(address, error)) from error
        finally:
            with suppress(ValueError):  # not in the main thread
                for number, handler in before.items():  # Ray takes some for itself
                    signal.signal(number, handler)
        yield
    finally:
        ray.shutdown()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def needed() -> ModuleType:
    """Ray; raises a ValueError where it is not installed."""
    try:
        import ray
    except ImportError:
        raise ValueError(f"--ray needs Ray, which is not installed: {INSTALL}") from None
    return ray


def _check(address: str) -> None:
    if address in (LOCAL, "auto"):
        return
    found = re.fullmatch(r"\[?([\w.:-]+?)\]?:(\d{1,5})", address)
    if not found or address.startswith("ray:"):
        raise ValueError(
            f"--ray must be HOST:PORT of a cluster's first machine, or auto on a machine of the cluster, not "
            f"{address[:80]!r}; ray:// ends tasks with its connection, and a series must outlive that"
        )
    try:
        with socket.create_connection((found[1], int(found[2])), timeout=REACHED) as peer:
            if os.environ.get("RAY_USE_TLS") != "1":  # Ray itself would wait for ever for what is not Ray
                peer.sendall(GREETING)
                if peer.recv(9)[3:4] != GREETING[-6:-5]:
                    raise OSError("something else than Ray answers there")
    except (OSError, OverflowError) as error:
        raise ValueError(_unreached(address, error)) from None


def _unreached(address: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:300] or type(error).__name__
    if address == LOCAL:
        return f"Ray cannot be started here ({reason}): try again, or leave --ray out"
    return (
        f"no Ray cluster can be used at {address} ({reason}): start one by `ray start --head`, have this "
        "machine join it by `ray start --address=HOST:PORT`, and name that address"
    )


def _short_folder() -> str:
    usual = tempfile.gettempdir()
    is_long = len(usual) > LONGEST_FOLDER and Path("/tmp").is_dir()
    return tempfile.mkdtemp(prefix="bigart-ray-", dir="/tmp" if is_long else usual)


# ------------------------------------------------------------------------------------------------ machines


def slots(options: Mapping[str, Any], threads: int | None) -> Slots:
    """What each job takes, by what the cluster has: a GPU where there are any, else threads and memory."""
    found, device = nodes(), options.get("device")
    with_gpu = [node["Resources"] for node in found if node["Resources"].get("GPU")]
    if device != "cpu" and with_gpu:
        share = min(int(has.get("CPU", 1) // has["GPU"]) for has in with_gpu)
        return Slots(threads or max(share, 1), 1, 0)
    if device == "cuda":
        raise ValueError("--device cuda was asked for, and the Ray cluster has no GPU: try --device cpu")
    asked = Slots(threads or 1, 0, options.get("memory") or WORKER_MEMORY)
    if not any(asked.on(node) for node in found):
        most = max((int(node["Resources"].get("CPU", 0)) for node in found), default=0)
        memory = max((node["Resources"].get("memory", 0) for node in found), default=0)
        raise ValueError(
            f"no machine of the Ray cluster has {asked.threads} processors and {asked.memory / 1e9:.1f} GB "
            f"for a job (the largest: {most} and {memory / 1e9:.1f} GB): try other --threads and --memory"
        )
    return asked


def nodes() -> list[dict[str, Any]]:
    """The machines that are in the cluster now."""
    return [node for node in needed().nodes() if node["Alive"]]


def machines(takes: Slots, options: Mapping[str, Any]) -> list[worker.Answer]:
    """What each machine of the cluster says of itself; those that are busy or lost are left out.

    Raises
    ------
    ValueError
        When one of them has no BIG.art, or another version.
    """
    ray = needed()
    from ray.exceptions import GetTimeoutError, RayError, RayTaskError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

    task = ray.remote(num_cpus=takes.threads, num_gpus=takes.gpus, max_retries=3)(worker.here)
    asked = {
        task.options(scheduling_strategy=On(node["NodeID"], soft=False)).remote(options, takes.threads): node
        for node in nodes()
        if takes.on(node)
    }
    found, until = [], time.monotonic() + PATIENCE
    for reference, node in asked.items():
        host = node["NodeManagerHostname"]
        try:
            answer = ray.get(reference, timeout=max(until - time.monotonic(), 0.1))
        except GetTimeoutError:
            ray.cancel(reference)
            continue
        except RayTaskError as error:
            reason = in_words(getattr(error, "cause", None) or error)[-300:]
            raise ValueError(
                f"{host} cannot make pictures ({reason}): install BIG.art {VERSION} there"
            ) from None
        except RayError:
            continue
        if answer["version"] != VERSION:
            raise ValueError(
                f"{host} has BIG.art {answer['version']}, and here is {VERSION}: install one version for all"
            )
        found.append(answer)
    return found


def differing(found: Sequence[worker.Answer]) -> str:
    """What machines of a cluster differ in, in a line; nothing where they are alike."""
    parts = []
    for name in sorted({name for one in found for name in one["facts"]}):
        hosts: dict[Any, set[str]] = {}
        for one in found:
            hosts.setdefault(one["facts"].get(name), set()).add(one["host"])
        if len(hosts) > 1:
            parts.append(
                f"{name} " + ", ".join(f"{value} on {named(where)}" for value, where in hosts.items())
            )
    return "; ".join(parts)


def named(hosts: set[str]) -> str:
    """Some hosts by name, and how many more."""
    names = sorted(hosts)
    rest = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + rest
