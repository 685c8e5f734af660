"""Pipelines that are fetched from a hub, which is served by this machine."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from bigart_lib.generate.known_models import KNOWN_MODELS
from bigart_lib.progress import CancelledError, no_report
from bigart_lib.settings import GenerateSettings

pytest.importorskip("transformers")
pytest.importorskip("accelerate")
import tiny_pipelines  # noqa: E402

from bigart_lib.generate.pipeline_kinds import PipelineError  # noqa: E402
from bigart_lib.generate.pipeline_source import remembered  # noqa: E402
from bigart_lib.generate.pipelines import load_generator  # noqa: E402

CPU, FP32 = torch.device("cpu"), torch.float32


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A saved Stable Diffusion, with a pickle beside its weights."""
    made = tiny_pipelines.save("sd", tmp_path_factory.mktemp("pipelines") / "sd")
    (made / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"a pickle")
    return made


def painted(generator):
    """The first candidate."""
    settings = generator.complete(GenerateSettings(seed=3, count=1, steps=3))
    return next(generator.paint("a lake", settings, (0,), no_report, {})).picture


class Hub:
    """A hub on this machine, with one repository a folder."""

    def __init__(self):
        self.folders, self.asked, self.refused = {}, [], {}
        self.commit, self.damaged = "c" * 40, ()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                hub.answer(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *arguments):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request):
        path = request.path.partition("?")[0]
        self.asked.append(f"{request.command} {path}")
        parts = path.strip("/").split("/")
        name = "/".join(parts[2:4] if parts[:2] == ["api", "models"] else parts[:2])
        is_file = "resolve" in parts
        if name in self.refused and (is_file or name not in self.folders):
            code, word = self.refused[name]
            return self.send(request, code, b"{}", {"X-Error-Code": word})
        if name not in self.folders:
            return self.send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if not is_file:
            return self.send(request, 200, json.dumps(self.listing(name)).encode(), {})
        file = self.folders[name].joinpath(*parts[4:])
        if not file.is_file():
            return self.send(
                request, 404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": self.commit}
            )
        data = file.read_bytes()
        if file.name in self.damaged:
            data = data[:-8] + bytes(8)
        tag = hashlib.sha256(file.read_bytes()).hexdigest()
        return self.send(request, 200, data, {"X-Repo-Commit": self.commit, "ETag": f'"{tag}"'})

    def listing(self, name):
        files = [path for path in self.folders[name].rglob("*") if path.is_file()]
        siblings = [
            {
                "rfilename": path.relative_to(self.folders[name]).as_posix(),
                "size": path.stat().st_size,
                "lfs": {
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "size": path.stat().st_size, "pointerSize": 130,
                },
            }
            for path in files
        ]  # fmt: skip
        return {"id": name, "modelId": name, "sha": self.commit, "siblings": siblings, "tags": []}

    @staticmethod
    def send(request, code, data, headers):
        request.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub that is reached in place of the public one."""
    from huggingface_hub import constants, file_download

    made = Hub()
    monkeypatch.delenv("BIGART_OFFLINE")
    monkeypatch.setenv("BIGART_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "ENDPOINT", made.address)
    template = made.address + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (constants, file_download):  # which has a copy of its own in older versions
        monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_model_of_the_hub_is_fetched_once_at_one_commit(hub, folder, monkeypatch):
    hub.folders["someone/tiny"] = folder
    said, news = [], []
    fetched = load_generator("someone/tiny", CPU, FP32, report=news.append, announce=said.append)
    assert torch.equal(painted(fetched), painted(load_generator(str(folder), CPU, FP32)))
    assert fetched.sampling["commit"] == hub.commit and fetched.sampling["generator"] == "someone/tiny"
    assert not any(path.endswith(".bin") for path in hub.asked)
    assert "its card states no licence" in said[0] and news[-1].step == news[-1].total > 0
    first, hub.commit = hub.commit, "d" * 40
    monkeypatch.setenv("BIGART_OFFLINE", "1")
    asked = len(hub.asked)
    again = load_generator("someone/tiny", CPU, FP32)
    assert again.sampling["commit"] == first and len(hub.asked) == asked
    assert again.fingerprint() == fetched.fingerprint()


def test_a_fetch_that_is_stopped_goes_on(hub, folder):
    hub.folders["someone/tiny"] = folder

    def stop(progress):
        if progress.stage == "fetch" and progress.total and progress.step > progress.total / 2:
            raise CancelledError

    with pytest.raises(CancelledError):
        load_generator("someone/tiny", CPU, FP32, report=stop)
    assert remembered("someone/tiny") is None
    before = {one for one in hub.asked if one.startswith("GET") and "/resolve/" in one}
    hub.asked.clear()
    load_generator("someone/tiny", CPU, FP32)
    assert remembered("someone/tiny") is not None
    assert len(before) > 3 and len(before & {*hub.asked}) <= 1  # the one that was broken off


def test_a_file_that_was_damaged_on_the_way_is_noticed(hub, folder):
    hub.folders["someone/tiny"] = folder
    hub.damaged = ("diffusion_pytorch_model.safetensors",)
    with pytest.raises(PipelineError, match="was damaged on the way"):
        load_generator("someone/tiny", CPU, FP32)
    hub.damaged = ()
    assert load_generator("someone/tiny", CPU, FP32).native() == (64, 64)


@pytest.mark.parametrize(
    ("refusal", "listed", "words"),
    [
        ((401, "GatedRepo"), True, "is gated: accept its terms"),
        ((403, "GatedRepo"), True, "is gated: accept its terms"),
        ((401, "RepoNotFound"), False, "is not on the hub, or not for you"),
        ((404, "RepoNotFound"), False, "is not on the hub, or not for you"),
        ((500, ""), False, "could not be fetched"),
    ],
)
def test_what_the_hub_refuses_is_told_in_one_line(hub, folder, refusal, listed, words):
    hub.refused["someone/secret"] = refusal
    if listed:
        hub.folders["someone/secret"] = folder
    with pytest.raises(PipelineError, match=words) as told:
        load_generator("someone/secret", CPU, FP32)
    assert "\n" not in str(told.value)


def test_a_video_model_of_the_hub_is_refused_before_its_weights_come(hub, tmp_path):
    video = tiny_pipelines.write_index(tmp_path / "video", "LTXPipeline")
    (video / "transformer").mkdir()
    (video / "transformer" / "model.safetensors").write_bytes(bytes(100))
    hub.folders["someone/video"] = video
    with pytest.raises(PipelineError, match="makes videos"):
        load_generator("someone/video", CPU, FP32)
    assert not any(path.endswith(".safetensors") for path in hub.asked)


def test_the_command_lists_and_fetches(hub, folder, capsys):
    from bigart_lib.cli.call import Call
    from bigart_lib.cli.generators import generators

    generators.main(["list"], obj=Call(), standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1 : len(KNOWN_MODELS) + 1]] == [*KNOWN_MODELS]
    hub.folders["someone/tiny"] = folder
    generators.main(["fetch", "someone/tiny", "--quiet"], obj=Call(), standalone_mode=False)
    assert "someone/tiny: ready" in capsys.readouterr().out
