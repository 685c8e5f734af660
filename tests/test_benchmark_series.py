"""The simulation of `benchmarks/series.py`: what is made is made once, and what limits it is what should."""

import json
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks import series as benchmark
from benchmarks import series_simulation as simulation
from benchmarks.series_chart import COLOURS, chart
from benchmarks.series_simulation import Step, Way, World, simulate

SHARDS, MANY_SHARDS, RAY, ALONE = (
    Way("shards", 1), Way("many shards", 8), Way("ray"), Way("ray, no shared folder", shared=False),
)  # fmt: skip
TINY = f"""
import os, sys, tempfile
os.environ["OMP_NUM_THREADS"] = "1"  # so little work is not worth dividing
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from tiny_set import write_tiny_set
from bigart_lib.weights import sets
models = write_tiny_set(Path(tempfile.mkdtemp()))
sets.SETS["embedded"] = lambda: models
"""
WAYS = (SHARDS, MANY_SHARDS, RAY, ALONE)
JOB = (Step(6.0, 1e6, 2), Step(4.0, 9e6, 3))
ROUGH = World(
    failures_per_hour=20.0, believed_lost=0.3, away=30.0, start=5.0, start_bytes=30e6, line=0.001,
    bandwidth=200e6, file=0.001, dispatch=0.01, sheets=0.02,
)  # fmt: skip


def _per_second(workers, world, way=RAY, jobs=400):
    return jobs / simulate(way, [JOB] * jobs, workers, world).seconds


@pytest.mark.parametrize("workers", [1, 2, 10, 100])
def test_without_failures_n_workers_are_n_times_as_fast(workers):
    assert _per_second(workers, World()) == pytest.approx(workers / 10)


def test_the_disk_limits_throughput_to_its_bandwidth():
    world = World(bandwidth=20e6)  # two jobs a second, as twenty workers make
    assert _per_second(5, world) == pytest.approx(0.5, rel=0.1)
    assert 1.8 < _per_second(100, world) <= 2.0
    assert simulate(RAY, [JOB] * 400, 100, world).limit == simulation.DISK


def test_the_disk_limits_throughput_by_the_number_of_files():
    assert _per_second(100, World(file=0.1)) <= 2.0  # five files a job


def test_the_driver_limits_throughput_to_the_jobs_it_can_send():
    world = World(dispatch=0.5)
    assert 1.8 < _per_second(100, world) <= 2.0
    assert simulate(RAY, [JOB] * 400, 100, world).limit == simulation.DRIVER
    assert simulate(SHARDS, [JOB] * 400, 100, world).shares[simulation.DRIVER] == 0


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("workers", [1, 7, 60])
def test_every_job_is_painted_once_and_all_time_is_accounted_for(way, workers):
    found = simulate(way, [JOB] * 300, workers, ROUGH, seed=3)
    assert found.shares[simulation.PAINTING] * found.seconds * workers == pytest.approx(3000)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert min(found.shares.values()) > -1e-9
    assert found.failures > 0 and found.starts >= min(workers, 300)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_same_seed_same_outcome_another_seed_another(way):
    found, again, other = (simulate(way, [JOB] * 100, 10, ROUGH, seed) for seed in (1, 1, 2))
    assert found == again != other


def test_a_failure_loses_a_step_at_most_and_a_job_without_a_shared_folder():
    world = World(failures_per_hour=30.0)
    for way, longest in ((RAY, 6.0), (ALONE, 10.0)):
        found = simulate(way, [JOB] * 2000, 10, world)
        lost = found.shares[simulation.LOST] * found.seconds * 10
        assert 0.3 * longest < lost / found.failures <= longest


def test_work_is_done_twice_only_where_no_lock_tells_of_it():
    world = World(failures_per_hour=30.0, believed_lost=0.5)
    assert simulate(RAY, [JOB] * 500, 10, world).shares[simulation.TWICE] == 0
    assert simulate(ALONE, [JOB] * 500, 10, world).shares[simulation.TWICE] > 0


def test_parts_by_hash_are_uneven_and_several_a_worker_even_it_out():
    jobs = [JOB] * 1000
    ray, many, shards = (simulate(way, jobs, 100, World()).seconds for way in (RAY, MANY_SHARDS, SHARDS))
    assert ray == pytest.approx(100)
    assert ray < many < shards


def test_each_shard_is_a_process_that_starts_and_reads_all_lines():
    world = World(start=3.0, line=0.01)
    assert simulate(SHARDS, [JOB] * 100, 1, world).seconds == pytest.approx(1000 + 3 + 1)
    assert simulate(MANY_SHARDS, [JOB] * 100, 1, world).seconds == pytest.approx(1000 + 8 * 4)
    assert simulate(RAY, [JOB] * 100, 1, world).seconds == pytest.approx(1000 + 3)


def test_a_step_ends_with_the_journal_and_a_job_with_its_row():
    names = ("series.jsonl", "run.json", "64.png", "run.json", "1024.png", "run.json", "job.json")
    files = [[float(second), 0.0, 10 * second, name] for second, name in enumerate(names + names[1:], 1)]
    jobs, start = benchmark.steps_of(files)
    assert jobs == [[Step(1, 80, 1), Step(2, 190, 2), Step(2, 230, 2), Step(1, 130, 1)]]
    assert start == 7 - 6  # s: what the first job took more than the second


def test_the_jobs_that_are_measured_are_half_in_each_shard(tmp_path):
    lines, seconds = benchmark.jobs_and_seconds(tmp_path, ["--count", "1", "--pick", "1"])
    benchmark.alike(lines, 6, tmp_path / "six.jsonl")
    keys = {line["seed"]: line["key"] for line in lines}
    chosen = [json.loads(line)["seed"] for line in (tmp_path / "six.jsonl").read_text().splitlines()]
    assert [int(keys[seed], 16) % 2 for seed in chosen] == [0, 0, 0, 1, 1, 1]
    assert 0 < seconds < 0.1


@pytest.mark.slow
def test_what_is_measured_is_what_processes_paint(monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "CHILD", TINY + benchmark.CHILD)
    found = benchmark.measure(Namespace(jobs=4, steps=2, size=1024, rounds=1))
    assert len(found["jobs"]) == 2  # the first of each process tells what a start takes
    for steps in found["jobs"]:
        assert len(steps) > 4 and all(step.seconds >= 0 and step.files for step in steps)
        assert 1e6 < sum(step.bytes for step in steps) < 30e6
    assert found["start"] > 0.1 and found["sheets"] > 0
    assert "two processes" in capsys.readouterr().out


def test_the_chart_has_a_bar_of_each_share():
    outcome = simulate(RAY, [JOB] * 50, 10, ROUGH)
    image = chart({"a way": [outcome]}, [10])
    assert {(0, 114, 178), (0, 158, 115), (228, 228, 228)} <= {colour for _, colour in image.getcolors(9999)}
    assert {*COLOURS} == {*simulation.SHARES}
