"""Disks that are full, broken, read-only or of an odd kind, at any moment."""

import ctypes
import errno
import fcntl
import itertools
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.faults.injected import AtCall, raises, watch_files
from benchmarks.faults.trial import COMMANDS, FINE, QUIET, REFUSED, Trial, kind

CANNOT = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)
NAMES = ("prompt", "enlarge")
SMALLEST, LARGEST = 8, 20_000  # kB of a disk that fills up
CAPABILITIES = 0x20080522  # the version of Linux's interface
OVERRIDES = 1 << 1 | 1 << 2  # to write, and to read and search, whatever permissions say


def fail(trial: Trial, number: int, lasting: bool) -> None:
    command, code = NAMES[trial.number % 2], CANNOT[trial.number // 2 % 4]
    trial.about = f"{command}: {errno.errorcode[code]} at call {number} of the file system"
    at_call = AtCall(number, raises(OSError(code, os.strerror(code))), lasting)
    ended = trial.run(*COMMANDS[command], *QUIET, prepare=lambda: watch_files(at_call))
    trial.survives(ended, command)


@kind("a disk error once: ENOSPC, EIO, EROFS, EDQUOT at any call", 24)
def _(trial: Trial) -> None:
    command = NAMES[trial.number % 2]
    fail(trial, trial.call_of(command, watch_files), lasting=False)


@kind("a disk error that stays, from any call on", 24)
def _(trial: Trial) -> None:
    command = NAMES[trial.number % 2]
    fail(trial, trial.call_of(command, watch_files), lasting=True)


@kind("files that may not grow beyond a size (EFBIG)", 10)
def _(trial: Trial) -> None:
    command = NAMES[trial.number % 2]
    most = int(1000 * 4000**trial.share)
    trial.about = f"{command}: {most} bytes"

    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    trial.survives(trial.run(*COMMANDS[command], *QUIET, prepare=prepare), command)


@contextmanager
def small_disk(trial: Trial, kilobytes: int) -> Iterator[Callable[[], None]]:
    """A disk of this size for the pictures; gives what makes it large. Only root can have one."""
    trial.pictures.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", trial.pictures], check=True)
    try:
        remount = ["mount", "-o", "remount,size=100m", trial.pictures]
        yield partial(subprocess.run, remount, check=True)
    finally:
        subprocess.run(["umount", "-l", trial.pictures], check=True)


def can_mount() -> bool:
    """Whether this process can mount small disks."""
    return os.name == "posix" and os.geteuid() == 0


@kind("a disk that is really full, from any size on (as root)", 16 if can_mount() else 0)
def _(trial: Trial) -> None:
    command = NAMES[trial.number % 2]
    kilobytes = int(SMALLEST * (LARGEST / SMALLEST) ** trial.share)
    trial.about = f"{command} on a disk of {kilobytes} kB"
    with small_disk(trial, kilobytes) as enlarge_disk:
        ended = trial.run(*COMMANDS[command], *QUIET)
        enlarge_disk()
        trial.survives(ended, command)


def no_links() -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    os.link = refuse


def no_locks() -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    fcntl.flock = fcntl.lockf = refuse


def no_syncing() -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    os.fsync = refuse


def no_syncing_of_folders() -> None:
    sync = os.fsync

    def refuse(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(descriptor)

    os.fsync = refuse


def no_free_space_told() -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    os.statvfs = refuse


def clock_goes_back() -> None:
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, partial(next, itertools.count(getattr(time, name)(), -1)))


def clock_stands_still() -> None:
    for name in ("time", "perf_counter"):
        setattr(time, name, lambda: 0.0)


def clock_jumps() -> None:
    now = time.perf_counter
    time.perf_counter = time.time = lambda: 1e9 * (now() % 7 > 3) + now()


SURROUNDINGS = {
    "no hard links": no_links,
    "no locks": no_locks,
    "no fsync": no_syncing,
    "no fsync on folders": no_syncing_of_folders,
    "no hard links, locks and fsync on folders": lambda: [no_links(), no_locks(), no_syncing_of_folders()],
    "free space is not told": no_free_space_told,
    "the clock goes back": clock_goes_back,
    "the clock stands still at 1970": clock_stands_still,
    "the clock jumps by decades": clock_jumps,
    "umask 077": lambda: os.umask(0o077),
    "umask 0": lambda: os.umask(0),
    "umask 777": lambda: os.umask(0o777),
}


@kind("odd file systems, clocks and umasks", 2 * len(SURROUNDINGS))
def _(trial: Trial) -> None:
    trial.about, prepare = [*SURROUNDINGS.items()][trial.number // 2]
    command = NAMES[trial.number % 2]
    trial.ends_clearly(trial.run(*COMMANDS[command], *QUIET, prepare=prepare), [FINE])
    trial.is_as_undisturbed(command)


def unwritable(trial: Trial) -> None:
    trial.pictures.mkdir(mode=0o500)
    os.chmod(trial.folder, 0o755)


def a_file(trial: Trial) -> None:
    trial.pictures.write_text("mine")


def a_dangling_link(trial: Trial) -> None:
    trial.pictures.symlink_to("nowhere/at/all")


def read_only_disk(trial: Trial) -> None:
    trial.pictures.mkdir()
    if can_mount():
        subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", trial.pictures], check=True)
    else:
        trial.pictures.chmod(0o500)


FOLDERS = {
    "a folder that may not be written": unwritable,
    "a file in the place of the folder": a_file,
    "a link to nowhere in the place of the folder": a_dangling_link,
    "a disk that is read-only": read_only_disk,
}


@kind("folders that cannot be written", 2 * len(FOLDERS))
def _(trial: Trial) -> None:
    trial.about, make = [*FOLDERS.items()][trial.number // 2]
    command = NAMES[trial.number % 2]
    make(trial)
    before = trial.pictures.lstat()
    try:
        ended = trial.run(*COMMANDS[command], *QUIET, prepare=as_others)
        trial.ends_clearly(ended, [REFUSED])
        trial.expect("--out" in ended.err, "it does not say that --out names another folder")
        trial.expect(trial.pictures.lstat().st_mode == before.st_mode, "what was there was changed")
    finally:
        subprocess.run(["umount", "-lq", trial.pictures], check=False, stderr=subprocess.DEVNULL)


def as_others() -> None:
    """Go on as a user whom permissions bind, where this is Linux's root; what it owns stays readable."""
    if os.geteuid() == 0 and sys.platform == "linux":
        libc, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(), (ctypes.c_uint32 * 6)()
        header[0] = CAPABILITIES
        libc.capget(header, sets)
        sets[0] &= ~OVERRIDES  # of what is in effect
        sets[1] &= ~OVERRIDES  # of what is permitted
        if libc.capset(header, sets):
            raise OSError("root could not give up its rights")
