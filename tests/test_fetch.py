"""Fetching over a server that fails: the right bytes in the end, or one clear line; never a bad file."""

import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from fault_server import PAGE, Answer
from tiny_checkpoint import CONTENT, FLIPPED, checkpoint, turn_round

from bigart_lib.progress import CancelledError, no_report
from bigart_lib.weights import CATALOGUE, FetchError, Stored, WeightsError, fetching, sources
from bigart_lib.weights import prepare as published

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.usefixtures("server")


def fetch(wanted, folder, report=no_report):
    return fetching.fetch(Stored(wanted, folder), report)


def prepare(wanted, convert=turn_round, **options):
    """What happens around a download; the conversion turns the file round, so that no torch is needed."""
    return published.prepare(wanted, convert, **options)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_whole(folder):
    assert names(folder) == ["tiny.pth"]
    assert (folder / "tiny.pth").read_bytes() == CONTENT


def refusal(wanted, folder):
    with pytest.raises(FetchError) as caught:
        fetch(wanted, folder)
    message = str(caught.value)
    assert "\n" not in message and "tiny.pth" in message
    assert not (folder / "tiny.pth").exists()
    return message


# Faults at one source after which it goes on: the answers, and how many requests for the file that takes
RECOVERS = {
    "dropped at 10 %": ([Answer(drop_at=0.1)], 2),
    "dropped at 50 %": ([Answer(drop_at=0.5)], 2),
    "dropped at 99 %": ([Answer(drop_at=0.99)], 2),
    "dropped before the first byte": ([Answer(drop_at=0.0)], 2),
    "dropped again and again": ([Answer(drop_at=tenth / 10) for tenth in range(1, 10)], 10),
    "dropped, then no Range": ([Answer(drop_at=0.5), Answer(ranges=False)], 2),
    "503, then recovery": ([Answer(status=503, body=b"busy"), Answer(status=503, body=b"busy")], 3),
    "429 with a time to wait": ([Answer(status=429, body=b"", retry_after="0")], 2),
    "503 in the middle": ([Answer(drop_at=0.5), Answer(status=503, body=b"busy")], 3),
    "silent in the middle": ([Answer(drop_at=0.5, stall=2)], 2),
    "slow": ([Answer(pause=0.05)], 1),
    "without a size": ([Answer(announce_size=False)], 1),
    "cut short without a size": ([Answer(announce_size=False, drop_at=0.5)], 2),
    "a flipped byte before a drop": ([Answer(body=FLIPPED, drop_at=0.5, tag="1"), Answer(tag="1")], 3),
    "another version after a drop": ([Answer(body=FLIPPED, drop_at=0.5)], 2),
}  # fmt: skip


@pytest.mark.parametrize("fault", RECOVERS)
def test_a_download_recovers(server, tmp_path, fault):
    answers, requests = RECOVERS[fault]
    fetch(checkpoint(server.serve("a", CONTENT, *answers)), tmp_path)
    assert_whole(tmp_path)
    assert len(server.starts("a")) == requests


# Faults for which a source is left: the answer, and what is said of it
REFUSED = {
    "a flipped byte": (Answer(body=FLIPPED), "expected SHA-256 .*, got .*: it was damaged on the way"),
    "a shorter file": (Answer(body=CONTENT[:-9]), "expected 700,000 bytes, got 699,991: it was cut short"),
    "a longer file": (Answer(body=CONTENT + b"x"), "got 700,001: another file has its name"),
    "a web page": (Answer(body=PAGE, content_type="text/html; charset=utf-8"), "sent a web page instead"),
    "a web page that says it is none": (Answer(body=PAGE, announce_size=False), "sent a web page instead"),
    "404": (Answer(status=404, body=b"gone"), "answered 404 Not Found"),
    "403": (Answer(status=403, body=b"no"), "answered 403 Forbidden"),
    "503 for good": (Answer(status=503, body=b"busy"), "answered 503 Service Unavailable, 5 times"),
    "nothing": (Answer(body=b"", announce_size=False), "sent nothing, 5 times"),
    "cut at the same place for good": (Answer(drop_at=0.6, ranges=False), "5 times"),
    "a redirect in a circle": (Answer(status=302, body=b"", location="a"), "cannot be asked"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_a_source_that_fails_is_left_for_the_mirror(server, tmp_path, fault):
    address = server.serve("a", CONTENT, REFUSED[fault][0], forever=True)
    fetch(checkpoint(address, server.serve("b", CONTENT)), tmp_path)
    assert_whole(tmp_path)


@pytest.mark.parametrize("fault", REFUSED)
def test_without_a_mirror_one_line_says_why(server, tmp_path, fault):
    answer, reason = REFUSED[fault]
    message = refusal(checkpoint(server.serve("a", CONTENT, answer, forever=True)), tmp_path)
    assert re.search(reason, message), message
    assert "127.0.0.1" in message and "BIGART_MIRROR" in message


def test_a_dropped_download_goes_on_where_it_broke_off(server, tmp_path):
    fetch(checkpoint(server.serve("a", CONTENT, Answer(drop_at=0.5))), tmp_path)
    first, second = server.starts("a")
    assert first == 0 and 200_000 < second <= 350_000


def test_a_mirror_goes_on_where_the_first_source_broke_off(server, tmp_path):
    first = server.serve("a", CONTENT, Answer(drop_at=0.5), Answer(status=404, body=b""))
    fetch(checkpoint(first, server.serve("b", CONTENT)), tmp_path)
    assert_whole(tmp_path)
    assert server.starts("b")[0] > 200_000


def test_without_a_hash_the_pieces_of_two_sources_are_not_mixed(server, tmp_path):
    first = server.serve("a", CONTENT, Answer(drop_at=0.5), Answer(status=404, body=b""))
    fetch(checkpoint(first, server.serve("b", CONTENT), sha256=None), tmp_path)
    assert_whole(tmp_path)
    assert server.starts("b") == [0]


def test_a_redirect_is_followed(server, tmp_path):
    server.serve("b", CONTENT)
    fetch(checkpoint(server.serve("a", b"", Answer(status=302, body=b"", location="/b"))), tmp_path)
    assert_whole(tmp_path)


def test_a_server_that_is_not_there_is_left_soon(server, tmp_path):
    started = time.monotonic()
    fetch(checkpoint("http://127.0.0.1:9/a", server.serve("b", CONTENT)), tmp_path)
    assert_whole(tmp_path)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("exact", [True, False])
def test_a_part_that_is_whole_is_not_fetched_again(server, tmp_path, exact):
    (tmp_path / "tiny.pth.part").write_bytes(CONTENT)
    fetch(checkpoint(server.serve("a", CONTENT), size_is_exact=exact), tmp_path)
    assert_whole(tmp_path)
    assert server.starts("a") == ([] if exact else [len(CONTENT)])


def test_a_part_longer_than_the_file_is_given_up(server, tmp_path):
    (tmp_path / "tiny.pth.part").write_bytes(CONTENT + b"more")
    fetch(checkpoint(server.serve("a", CONTENT)), tmp_path)
    assert_whole(tmp_path)


def test_progress_is_told_in_bytes_with_the_name_and_ends_at_the_whole(server, tmp_path):
    told = []
    fetch(checkpoint(server.serve("a", CONTENT, Answer(drop_at=0.5))), tmp_path, told.append)
    steps = [progress.step for progress in told if progress.stage == "fetch"]
    assert steps == sorted(steps) and steps[-1] == len(CONTENT)
    assert {(progress.name, progress.total) for progress in told} == {("tiny", len(CONTENT))}


def test_a_report_that_raises_leaves_a_part_to_go_on_from(server, tmp_path):
    def stop(progress):
        if progress.step > 300_000:
            raise CancelledError

    wanted = checkpoint(server.serve("a", CONTENT))
    with pytest.raises(CancelledError):
        fetch(wanted, tmp_path, stop)
    assert "tiny.pth" not in names(tmp_path)
    fetch(wanted, tmp_path)
    assert_whole(tmp_path)
    assert server.starts("a")[1] > 300_000


def test_a_disk_that_fills_up_gets_one_line_and_keeps_the_part(server, tmp_path, monkeypatch):
    def full(chunks, part, start, total, tell):
        part.path.write_bytes(CONTENT[:1000])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    wanted = checkpoint(server.serve("a", CONTENT))
    with monkeypatch.context() as patched:
        patched.setattr(sources, "_append", full)
        with pytest.raises(FetchError, match="the disk of .* is full; what arrived is kept"):
            fetch(wanted, tmp_path)
    assert "tiny.pth" not in names(tmp_path)
    fetch(wanted, tmp_path)
    assert_whole(tmp_path)
    assert server.starts("a")[-1] == 1000


def test_a_mirror_of_the_users_own_is_asked_first(server, tmp_path, monkeypatch):
    wanted = checkpoint(server.serve("a", CONTENT))
    server.serve("mirror/tiny.pth", CONTENT)
    monkeypatch.setenv("BIGART_MIRROR", f"{server.url}/mirror/")
    fetch(wanted, tmp_path)
    assert server.starts("a") == [] and server.starts("mirror/tiny.pth") == [0]


def test_a_folder_can_be_the_mirror_and_needs_no_network(tmp_path, monkeypatch):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "tiny.pth").write_bytes(CONTENT)
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("BIGART_MIRROR", str(tmp_path / "mirror"))
    monkeypatch.setenv("BIGART_OFFLINE", "1")
    fetch(checkpoint(), tmp_path / "cache")
    assert_whole(tmp_path / "cache")


def test_an_address_of_the_users_own_for_one_model_is_asked_first(server, tmp_path, monkeypatch):
    monkeypatch.setenv("BIGART_TINY", server.serve("own", CONTENT))
    fetch(checkpoint("http://127.0.0.1:9/a"), tmp_path)
    assert_whole(tmp_path)


def test_offline_nothing_is_asked_and_what_is_missing_is_named(server, tmp_path, monkeypatch):
    monkeypatch.setenv("BIGART_OFFLINE", "1")
    message = refusal(checkpoint(server.serve("a", CONTENT)), tmp_path)
    assert "(700 kB) is missing" in message and "BIGART_OFFLINE forbids the network" in message
    assert server.requests == []


def test_a_file_on_hugging_face_is_asked_for_at_its_address():
    address = sources.address("hf://Somnai/pytti-vqgan-checkpoints/imagenet/imagenet.ckpt")
    assert address.endswith("/Somnai/pytti-vqgan-checkpoints/resolve/main/imagenet/imagenet.ckpt")
    assert address.startswith("https://")


def test_google_drive_is_asked_through_gdown(tmp_path, monkeypatch):
    class Gdown:
        @staticmethod
        def download_folder(id, **_):
            return [type("Entry", (), {"id": "17", "path": "KAIR/tiny.pth"})] if id == "folder" else []

        @staticmethod
        def download(id, output, **_):
            Path(output).write_bytes(CONTENT if id == "17" else PAGE)

    monkeypatch.setitem(sys.modules, "gdown", Gdown)
    fetch(checkpoint("drive://folder/tiny.pth"), tmp_path)
    assert_whole(tmp_path)


def test_without_gdown_drive_is_left_with_a_hint(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gdown", None)
    assert "pip install gdown" in refusal(checkpoint("drive://folder/tiny.pth"), tmp_path)


def test_the_catalogue_says_of_every_model_what_a_person_must_know():
    for known in CATALOGUE.values():
        assert known.sources and known.licence and known.purpose and known.note and known.num_bytes > 6e7
        assert all(source.startswith(("https://", "hf://", "drive://")) for source in known.sources)
        assert known.sha256 is None or len(known.sha256) == 64
    assert len({known.file for known in CATALOGUE.values()}) == len(CATALOGUE)


def start(wanted, folder):
    """Prepare a checkpoint in a process of its own."""
    code = textwrap.dedent(f"""
        import sys
        sys.path.insert(0, "tests")
        from tiny_checkpoint import turn_round
        from bigart_lib.weights import Checkpoint, sources
        from bigart_lib.weights.prepare import prepare
        sources.CHUNK = 1 << 12
        try:
            print(prepare({wanted!r}, turn_round))
        except KeyboardInterrupt:
            print("interrupted")
    """)
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "BIGART_CACHE": str(folder), "BIGART_OFFLINE": ""},
    )  # fmt: skip


def wait_for_part(folder):
    part, deadline = folder / "tiny.pth.part", time.monotonic() + 20
    while not (part.is_file() and part.stat().st_size > 50_000):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_two_processes_at_once_download_once(server, tmp_path):
    wanted = checkpoint(server.serve("a", CONTENT, Answer(pause=0.1)))
    processes = [start(wanted, tmp_path) for _ in range(2)]
    for process in processes:
        output, errors = process.communicate(timeout=30)
        assert output.strip() == str(tmp_path / "tiny.safetensors"), errors
    assert server.starts("a") == [0]
    assert (tmp_path / "tiny.pth").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_what_a_stopped_process_left_is_taken_up_by_the_next(server, tmp_path, name):
    wanted = checkpoint(server.serve("a", CONTENT, Answer(pause=0.3)))
    process = start(wanted, tmp_path)
    wait_for_part(tmp_path)
    process.send_signal(getattr(signal, name))
    output, errors = process.communicate(timeout=20)
    assert "Traceback" not in errors
    assert not {"tiny.pth", "tiny.safetensors"} & {*names(tmp_path)}
    output, errors = start(wanted, tmp_path).communicate(timeout=20)
    assert output.strip() == str(tmp_path / "tiny.safetensors"), errors
    assert server.starts("a")[1] >= 50_000
    assert (tmp_path / "tiny.pth").read_bytes() == CONTENT


def test_too_little_room_is_said_before_anything_is_fetched(server, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=900_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    wanted = checkpoint(server.serve("a", CONTENT))
    with pytest.raises(WeightsError, match="tiny needs 1 MB of disk in .*, and 900 kB are free"):
        prepare(wanted)
    assert server.requests == []


@pytest.mark.parametrize("place", ["file/cache", "/proc/bigart"])
def test_a_cache_that_cannot_be_written_gets_one_line(server, tmp_path, monkeypatch, place):
    (tmp_path / "file").touch()
    monkeypatch.setenv("BIGART_CACHE", str(tmp_path / place))
    with pytest.raises(WeightsError, match="cannot write to the cache folder .* BIGART_CACHE"):
        prepare(checkpoint(server.serve("a", CONTENT)))


def test_what_is_ready_is_used_from_a_cache_that_cannot_be_written(server, tmp_path, monkeypatch):
    wanted = checkpoint(server.serve("a", CONTENT))
    prepare(wanted)

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    for name in ("mkdir", "write_text", "unlink"):
        monkeypatch.setattr(Path, name, refuse)
    assert prepare(wanted) == tmp_path / "tiny.safetensors"


def test_a_disk_that_fills_up_in_the_conversion_gets_one_line(server, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(WeightsError, match="the disk of .* is full"):
        prepare(checkpoint(server.serve("a", CONTENT)), full)
    assert "tiny.safetensors" not in names(tmp_path)


def test_a_file_without_a_published_hash_is_held_to_the_first_that_fitted(server, tmp_path):
    wanted = checkpoint(server.serve("a", CONTENT), sha256=None, size_is_exact=False)
    prepare(wanted)
    Stored(wanted, tmp_path).remove()
    server.serve("a", FLIPPED)
    with pytest.raises(WeightsError, match="expected SHA-256"):
        prepare(wanted)
    assert not {"tiny.pth", "tiny.safetensors"} & {*names(tmp_path)}
    server.serve("a", CONTENT)
    assert prepare(wanted).is_file()


def test_a_file_that_cannot_be_converted_never_gets_its_name(server, tmp_path):
    def misfit(kind, source, target, report):
        raise WeightsError(f"{source} does not fit the network")

    wanted = checkpoint(server.serve("a", CONTENT), sha256=None)
    with pytest.raises(FetchError, match="does not fit the network"):
        prepare(wanted, misfit)
    assert not {"tiny.pth", "tiny.pth.part", "tiny.safetensors", "tiny.json"} & {*names(tmp_path)}


def test_an_original_put_there_by_hand_is_verified_converted_and_kept(tmp_path):
    (tmp_path / "tiny.pth").write_bytes(CONTENT)
    assert prepare(checkpoint("http://127.0.0.1:9/a")).read_bytes() == CONTENT[::-1]
    assert (tmp_path / "tiny.pth").exists()


def test_a_wrong_original_put_there_by_hand_is_refused_and_left_alone(tmp_path):
    (tmp_path / "tiny.pth").write_bytes(FLIPPED)
    with pytest.raises(WeightsError, match="expected SHA-256 .* name a model of your own in BIGART_TINY"):
        prepare(checkpoint())
    assert (tmp_path / "tiny.pth").read_bytes() == FLIPPED
    assert not (tmp_path / "tiny.safetensors").exists()


@pytest.mark.parametrize(("colab", "keep", "stays"), [
    (False, None, True), (False, False, False), (True, None, False), (True, True, True),
])  # fmt: skip
def test_the_original_stays_unless_on_colab_or_told_otherwise(
    server, tmp_path, monkeypatch, colab, keep, stays
):
    monkeypatch.setattr(published, "on_colab", lambda: colab)
    prepare(checkpoint(server.serve("a", CONTENT)), keep_original=keep)
    assert (tmp_path / "tiny.pth").exists() == stays


def test_the_terms_are_announced_once_before_the_first_download(server):
    said = []

    def say(sentence):
        said.append((sentence, len(server.requests)))

    for name in ("tiny", "other"):
        wanted = checkpoint(server.serve(name, CONTENT), name=name, file=f"{name}.pth")
        prepare(wanted, announce=say)
    assert said == [("Tiny: MIT", 0)]


def test_verify_finds_a_flipped_byte_in_a_converted_file_and_in_an_original(server, tmp_path):
    wanted = checkpoint(server.serve("a", CONTENT))
    converted = prepare(wanted)
    assert Stored(wanted, tmp_path).verify() == []
    for path in (converted, tmp_path / "tiny.pth"):
        good = path.read_bytes()
        path.write_bytes(good[:400] + bytes([good[400] ^ 1]) + good[401:])
        (problem,) = Stored(wanted, tmp_path).verify()
        assert str(path) in problem and "bigart models fetch tiny" in problem
        path.write_bytes(good)


def test_a_converted_file_cut_short_is_made_again(server, tmp_path):
    wanted = checkpoint(server.serve("a", CONTENT))
    converted = prepare(wanted)
    converted.write_bytes(CONTENT[:1000])
    assert prepare(wanted).read_bytes() == CONTENT[::-1]


def test_a_cache_on_drive_is_worked_on_locally_and_copied(server, tmp_path, monkeypatch):
    drive, sessions = tmp_path / "drive", [tmp_path / "first", tmp_path / "second"]
    monkeypatch.setattr(published, "DRIVE", drive)
    monkeypatch.setenv("BIGART_CACHE", str(drive / "models"))
    wanted = checkpoint(server.serve("a", CONTENT))
    for session in sessions:
        monkeypatch.setattr(published, "SESSION_FOLDER", session)
        assert prepare(wanted) == session / "tiny.safetensors"
        assert (session / "tiny.safetensors").read_bytes() == CONTENT[::-1]
    assert server.starts("a") == [0]
    assert names(drive / "models") == ["tiny.json", "tiny.safetensors"]


def test_a_drive_that_drops_does_not_stop_the_session(server, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "DRIVE", tmp_path / "drive")
    monkeypatch.setattr(published, "SESSION_FOLDER", tmp_path / "session")
    monkeypatch.setenv("BIGART_CACHE", str(tmp_path / "drive"))

    def dropped(*_):
        raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))

    monkeypatch.setattr(published, "_copy", dropped)
    said = []
    path = prepare(checkpoint(server.serve("a", CONTENT)), announce=said.append)
    assert path.read_bytes() == CONTENT[::-1] and "could not be kept on Drive" in said[-1]
