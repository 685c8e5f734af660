"""`bigart series --ray`: the same bytes as without, whatever is killed, with and without a shared folder."""

import csv
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from ray_series import DEADLY, FAILING, HOOK

from bigart_lib.machine import VERSION
from bigart_lib.series import cluster, running, sending, worker
from bigart_lib.series.cluster import Slots, differing
from bigart_lib.series.jobs import Job
from bigart_lib.settings import GenerateSettings

TESTS = Path(__file__).parent
SMALL = ("--size", 256, "--count", 1, "--threads", 1)
LINES = f"a lake\nsunset\n{{a|the}} sea\n{{a\nover a lake\n{FAILING}\n"
FACTS = {"precision": "fp32", "device": "one", "threads": 1}


def table(path):
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        return [*csv.DictReader(file)]


def pictures(folder):
    """The bytes of every picture of a run, by its name below the folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.glob("*-*/**/*.png")}


# -------------------------------------------------------------------------------------------- without Ray


def node(**resources):
    return {"Alive": True, "NodeID": "1", "NodeManagerHostname": "host", "Resources": resources}


@pytest.mark.parametrize(
    ("asked", "threads", "expected", "jobs"),
    [
        ({}, None, Slots(1, 0, 2_000_000_000), 4),  # bounded by memory
        ({}, 3, Slots(3, 0, 2_000_000_000), 2),  # bounded by threads
        ({"memory": 5_000_000_000}, None, Slots(1, 0, 5_000_000_000), 1),
    ],
)
def test_jobs_share_a_machine_by_threads_and_memory(monkeypatch, asked, threads, expected, jobs):
    found = node(CPU=8.0, memory=9e9)
    monkeypatch.setattr(cluster, "nodes", lambda: [found])
    takes = cluster.slots(asked, threads)
    assert (takes, takes.on(found)) == (expected, jobs)


def test_each_job_has_a_gpu_where_there_are_any(monkeypatch):
    found = [node(CPU=8.0, memory=9e9), node(CPU=16.0, GPU=4.0, memory=9e9)]
    monkeypatch.setattr(cluster, "nodes", lambda: found)
    assert cluster.slots({}, None) == Slots(4, 1, 0)
    assert [Slots(4, 1, 0).on(one) for one in found] == [0, 4]
    assert cluster.slots({"device": "cpu"}, None).gpus == 0
    monkeypatch.setattr(cluster, "nodes", lambda: found[:1])
    with pytest.raises(ValueError, match="has no GPU: try --device cpu"):
        cluster.slots({"device": "cuda"}, None)
    with pytest.raises(ValueError, match=r"has 9 processors and 2.0 GB .*largest: 8 and 9.0 GB"):
        cluster.slots({}, 9)


def test_what_machines_differ_in_is_named():
    other = {**FACTS, "device": "two"}
    found = [{"host": host, "facts": facts} for host, facts in (("a", FACTS), ("b", other), ("c", FACTS))]
    assert differing(found) == "device one on a, c, two on b"
    assert differing(found[::2]) == ""


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ray://here:10001", "--ray must be HOST:PORT of a cluster's first machine"),
        ("prompts.txt", "--ray must be HOST:PORT of a cluster's first machine"),
        ("127.0.0.1:{free}", "no Ray cluster can be used at 127.0.0.1:"),
        ("127.0.0.1:{silent}", "(timed out)"),
        ("127.0.0.1:99999", "no Ray cluster can be used at 127.0.0.1:99999"),
    ],
)
def test_an_address_that_is_none_is_refused_in_one_line(command_line, monkeypatch, address, message):
    monkeypatch.setattr(cluster, "needed", lambda: type("ray", (), {"is_initialized": lambda: False}))
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    Path("a.txt").write_text("a lake\n")
    began = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = address.format(free=free, silent=server.getsockname()[1])
        code, _, errors = command_line("series", "a.txt", "--ray", address)
    assert code == 2 and len(errors) == 1 and message in errors[0]
    assert time.monotonic() - began < 20 and not Path("bigart_series").exists()


def test_ray_that_is_not_installed_is_named(command_line, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    Path("a.txt").write_text("a lake\n")
    code, _, errors = command_line("series", "a.txt", "--ray")
    assert code == 2 and 'pip install "bigart[cluster]"' in errors[0] and len(errors) == 1
    code, _, errors = command_line("series", "a.txt", "--same-machines")
    assert code == 2 and "name it by --ray" in errors[0]


def test_what_a_worker_sends_stays_in_the_folder_of_its_job(tmp_path):
    job, data = Job("a lake", {**vars(GenerateSettings())}), io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(ValueError, match="is no file of a job"):
        worker.unpack(data.getvalue(), job, tmp_path)
    assert not (tmp_path / "outside").exists()
    row = worker.unpack(worker.packed(tmp_path / "none"), job, tmp_path)
    assert row.status == running.FAILED and "not whole" in row.reason


# ----------------------------------------------------------------------------------------------- with Ray


def settings(folder):
    return {
        "TINY_FOLDER": str(folder), "PYTHONPATH": f"{TESTS.parent}:{TESTS}", "OMP_NUM_THREADS": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
    }  # fmt: skip


@pytest.fixture(scope="module")
def ray(tmp_path_factory):
    """A Ray of two workers that have the tiny set; gives the folder in which kill-1 ends a worker."""
    pytest.importorskip("ray")
    folder = tmp_path_factory.mktemp("tiny")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings(folder).items():
            patch.setenv(name, value)
        patch.setitem(cluster.TO_CONNECT, "runtime_env", HOOK)
        patch.setitem(cluster.TO_START, "num_cpus", 2)
        with cluster.connected(cluster.LOCAL):
            yield folder


@pytest.fixture(scope="module")
def plain(ray, tiny_set_in_module, tmp_path_factory):
    """A file of six good lines, one of which fails, and a bad one; and what one process makes of it."""
    from bigart_lib.cli.main import main

    folder = tmp_path_factory.mktemp("plain")
    (folder / "a.txt").write_text(LINES)
    made = running._made
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BIGART_CACHE", "/dev/null/none")
        patch.setattr(running, "_made", lambda job, *others: job.prompt == FAILING or made(job, *others))
        main(["series", str(folder / "a.txt"), "--out", str(folder / "plain"), *map(str, SMALL)])
    found = pictures(folder / "plain")
    assert len({name.partition("/")[0] for name in found}) == 5
    return folder / "a.txt", found


@pytest.mark.slow
def test_two_workers_of_which_one_is_killed_twice_make_the_same_bytes(ray, plain, command_line):
    file, expected = plain
    for number in (1, 2):
        (ray / f"kill-{number}").touch()
    code, lines, errors = command_line("series", file, "--out", "out", *SMALL, "--ray")
    assert code == 1 and lines[0] == "Ray: 2 jobs at a time, each with 1 thread", errors
    assert not [*ray.glob("kill-*")]  # both kills happened
    assert pictures(Path("out")) == expected
    failed = [(row["line"], row["status"], row["reason"]) for row in table("out/failures.csv")]
    assert failed[0][:2] == ("4", "bad line") and failed[1] == ("6", running.FAILED, "it is too wet")
    assert "line 6: it is too wet" in errors
    assert not [*Path("out").glob(f"{sending.TOKEN}*")]
    code, lines, _ = command_line("series", file, "--out", "out", *SMALL, "--ray")
    assert code == 1 and " 5 made; " in lines[1]


@pytest.mark.slow
def test_without_a_shared_folder_the_files_come_back(ray, plain, command_line, monkeypatch):
    @contextmanager
    def nowhere(path, replace=False):
        yield io.BytesIO()

    file, expected = plain
    monkeypatch.setattr(sending, "writing", nowhere)  # of the file by which a shared folder is known
    changed = Path("out", next(iter(expected)))
    changed.parent.mkdir(parents=True)
    changed.write_bytes(b"of somebody")
    code, _, errors = command_line("series", file, "--out", "out", *SMALL, "--ray")
    assert code == 1 and "line 6: it is too wet" in errors
    found = pictures(Path("out"))
    aside = {name for name in found if "_set-aside" in name}
    assert [found.pop(name) for name in aside] == [b"of somebody"] and found == expected
    assert len(table("out/results.csv")) == 6


@pytest.mark.slow
def test_a_job_that_ends_its_workers_again_and_again_is_given_up(ray, tiny_models, command_line, monkeypatch):
    monkeypatch.setattr(sending, "MOST_LOST", 2)
    Path("b.txt").write_text(f"{DEADLY}\nsunset\n")
    code, _, errors = command_line("series", "b.txt", "--out", "out", *SMALL, "--ray")
    reason = "2 workers ended at it, for want of memory perhaps: see --memory and --threads"
    assert code == 1 and f"line 1: {reason}" in errors
    assert [row["reason"] for row in table("out/failures.csv")] == [reason]
    assert len(pictures(Path("out"))) > 0


@pytest.mark.slow
def test_unlike_machines_are_said_and_refused_where_that_is_asked_for(
    ray, tiny_models, command_line, monkeypatch
):
    Path("b.txt").write_text("a lake\n")
    arguments = ("series", "b.txt", "--out", "out", *SMALL, "--ray")
    found = [
        {"host": host, "version": VERSION, "facts": {**FACTS, "device": host}} for host in ("first", "second")
    ]
    monkeypatch.setattr(cluster, "machines", lambda *_: found)
    code, _, errors = command_line(*arguments, "--same-machines")
    assert code == 2 and len(errors) == 1
    assert "the machines are not the same: device first on first, second on second" in errors[0]
    assert not Path("out").exists()
    monkeypatch.setattr(cluster, "machines", lambda *_: found[:1])  # another than those that do the work
    code, _, errors = command_line(*arguments, "--same-machines")
    assert (
        code == 2 and " gets no jobs: bigart " in "".join(errors) and "first on the others" in "".join(errors)
    )
    assert "no machine is left" in errors[-1] and not pictures(Path("out"))
    monkeypatch.setattr(cluster, "machines", lambda *_: found)
    code, _, errors = command_line(*arguments)
    assert (
        code == 0 and errors[0].startswith("unlike machines, whose pictures differ") and pictures(Path("out"))
    )


@contextmanager
def driver(folder, file, *arguments, until="*.png", **environment):
    """A process that makes a series below a folder, when a picture of that name is in a run's folder."""
    command = [sys.executable, TESTS / "ray_series.py", file, "--out", folder / "out", *SMALL, *arguments]
    process = subprocess.Popen(
        [*map(str, command)], env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
    )
    try:
        last = time.monotonic() + 200
        while not [*(folder / "out").glob(f"*-*/**/{until}")] and process.poll() is None:
            assert time.monotonic() < last
            time.sleep(0.05)
        yield process
    finally:
        process.kill()


@pytest.mark.slow
def test_a_killed_driver_takes_its_ray_with_it_and_another_goes_on(ray, plain, tmp_path, command_line):
    file, expected = plain
    own = tmp_path / "tiny"
    own.mkdir()
    short = Path(tempfile.mkdtemp(dir="/tmp"))
    with driver(tmp_path, file, "--ray", TINY_FOLDER=str(own), TMPDIR=str(short)) as process:
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) > 5  # of Ray
        process.kill()
        errors = process.communicate()[1]
    assert process.returncode == -signal.SIGKILL, errors
    assert 0 < len(pictures(tmp_path / "out")) < len(expected)
    agents = [one for one in started if one.is_running() and one.name().endswith("Agent")]
    for agent in agents:  # they would end by themselves, but tell it for a minute before
        agent.kill()
    assert not psutil.wait_procs(started, timeout=60)[1]
    code, _, _ = command_line("series", file, "--out", "out", *SMALL, "--ray")
    assert code == 1 and pictures(tmp_path / "out") == expected
    assert not [*(tmp_path / "out").glob(f"{sending.TOKEN}*")]
    shutil.rmtree(short)


@pytest.mark.slow
@pytest.mark.parametrize("pause", ["60 0.05", "1 20"])
def test_an_interrupt_cancels_the_tasks_on_a_cluster_and_says_how_to_go_on(ray, plain, tmp_path, pause):
    import ray as library

    (ray / "pause").write_text(pause)  # so that files are half written, and the second waits for no interrupt
    address = library.get_runtime_context().gcs_address
    try:
        with driver(tmp_path, plain[0], "--ray", address, until=".*.png.*.part") as process:
            process.send_signal(signal.SIGINT)
            errors = process.communicate(timeout=60)[1]
    finally:
        (ray / "pause").unlink()
    assert process.returncode == 130 and "interrupted; what is made is in " in errors, errors
    assert errors.splitlines()[-1].endswith(f'--ray {address}" goes on')
    assert len(pictures(tmp_path / "out")) < len(plain[1])
    assert not [*(tmp_path / "out").rglob("*.part"), *(tmp_path / "out").glob(f"{sending.TOKEN}*")]
