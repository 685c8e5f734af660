"""What `python -m benchmarks` rests on: cases in own processes, exact comparisons, pages that add up."""

import importlib.util
import json
import os
import sys
from dataclasses import replace

import pytest
import torch

from benchmarks import __main__ as asking
from benchmarks import candidates, cases, peers, questions, results, whole
from benchmarks.enlarge import _against_tensorrt, _ratios, drawn, enlarged
from bigart_lib.generate.network import Glide, GlideConfig
from bigart_lib.generate.text_encoder import TextEncoderConfig
from bigart_lib.weights import sets

MACHINE = {"device": "A processor", "threads": 2, "memory_gb": 25.0, "precision": "bf16", "python": "3.11",
           "torch": "2", "bigart": "0"}  # fmt: skip


def found(question, result, **machine):
    """A result as it is kept."""
    return {"question": question, "date": "2026-11-26", "minutes": 1.0, "machine": {**MACHINE, **machine},
            "options": [], "result": result}  # fmt: skip


@pytest.fixture
def one_question(tmp_path, monkeypatch):
    """A question whose script prints what a test writes into it."""
    script = tmp_path / "asked.py"
    asked = questions.Question("start", "what a test asks", "no time", by_default=True, on_cards=True)
    monkeypatch.setattr(questions.Question, "command", property(lambda _: [str(script)]))
    monkeypatch.setattr(asking, "QUESTIONS", {"start": asked})
    monkeypatch.setattr(cases, "machine", lambda device: MACHINE)
    return script


def test_every_question_has_a_script():
    for question in questions.QUESTIONS.values():
        if question.module:
            assert importlib.util.find_spec(question.module)
        else:
            assert (cases.ROOT / question.command[0]).is_file(), question.name


def test_a_case_that_cannot_run_is_named_with_its_reason(tmp_path):
    script = tmp_path / "case.py"
    script.write_text(
        "import json, sys\nname, values = json.loads(sys.argv[2])\n"
        "if name == 'missing': import no_such_library\nprint('a table')\nprint(json.dumps(values))"
    )
    assert cases.in_own_process(script, "here", {"a": 1}) == {"a": 1}
    absent = cases.in_own_process(script, "missing", {})[cases.ABSENT]
    assert absent == "ModuleNotFoundError: No module named 'no_such_library'"


def test_our_way_is_found_exact_and_another_network_is_not(tmp_path):
    torch.manual_seed(0)
    first = enlarged("one piece, torch, fp32", 24, "cpu", 1, 1, str(tmp_path), "")
    ours = enlarged("ours, fp32", 24, "cpu", 1, 1, str(tmp_path), first["file"])
    other = enlarged("ours, fp32", 24, "cpu", 2, 1, str(tmp_path), first["file"])
    assert ours["most"] < 0.01 < 1 < other["most"]  # levels of 255; ours is rounded to 16 bits
    assert ours["seconds"] > 0


def test_tiles_of_what_sees_one_pixel_blend_to_the_whole():
    picture = drawn(70)

    def enlarge(part):
        return torch.nn.functional.interpolate(part, scale_factor=4, mode="nearest")

    for tile, overlap in ((32, 8), (16, 2), (64, 0), (128, 32)):
        blended = peers.in_tiles(enlarge, picture, tile, overlap)
        assert torch.allclose(blended, enlarge(picture), atol=1e-5)


def test_ratios_compare_the_fastest_of_ours_with_the_best_of_each_kind():
    def row(way, seconds, peak):
        return {"way": way, "side": 256, "seconds": seconds, "peak_mb": peak, "share_of_peak": 0.5}

    rows = [row("ours, fp32", 8.0, 100), row("ours, bf16", 2.0, 200), row("A", 3.0, 900), row("B", 9.0, 300)]
    rows.append({"way": "C", "side": 256, cases.ABSENT: "not here"})
    ratios, goals = _ratios(rows)
    assert ratios == {
        "256 px, seconds of A to ours, bf16": 1.5,
        "256 px, memory of B to ours, bf16": 1.5,
        "256 px, share of the peak, ours, bf16": 0.5,
    }
    assert goals.keys() == ratios.keys()


def test_tensorrt_is_compared_by_its_rate_at_the_nearest_size():
    rows = [
        {"way": "ours, fp16", "side": 1024, "seconds": 1.0, "tflops": 82.0},
        {"way": "ours, fp16", "side": 9},
    ]
    ((name, ratio),) = _against_tensorrt(rows).items()
    assert name == "1024 px, TFLOP/s of ours to 41, TensorRT's on an L40S at 1280 px"
    assert ratio == pytest.approx(2, rel=0.02)


@pytest.fixture
def small_networks(monkeypatch):
    """Networks of a few channels in place of the published sizes, and what prompts they are given."""
    seen = []
    encode = Glide.encode

    def spy(self, prompts):
        seen.append(list(prompts))
        return encode(self, prompts)

    def build(stage, device, dtype, small):
        text = TextEncoderConfig(100, 8, 32, 1, 2, 32)
        config = GlideConfig(
            in_channels=3 if stage == "base" else 6, channels=(8,) * 5, attention=(False,) * 4 + (True,),
            layers_per_level=1, head_width=8, norm_groups=4, text=text, vocabulary=candidates.WORDS,
        )  # fmt: skip
        torch.manual_seed(0)
        return Glide(config).eval().requires_grad_(False).to(device, dtype)

    monkeypatch.setattr(Glide, "encode", spy)
    monkeypatch.setattr(candidates, "build", build)
    published = sets.published()
    shorter = replace(published.sampling, upsampler_timesteps=(900, 600, 300))
    monkeypatch.setattr(sets, "published", lambda: replace(published, sampling=shorter))
    return seen


def test_the_article_encodes_the_text_at_every_step_and_we_do_once(small_networks):
    article = candidates.article("cpu", 2, 3, False, "fp32")
    steps = 1 + 3  # one warms up
    assert len(small_networks) == 2 * steps
    assert sorted(map(len, small_networks)) == [2] * steps + [4] * steps  # guided: without the prompt too
    assert all(article["step"][stage] > 0 for stage in candidates.STAGES)
    del small_networks[:]
    ours = candidates.ours("cpu", 3, False, steps=4)
    assert ours["steps"] == {"base": 4, "upsample": 3}  # the set's own
    assert len(small_networks) == 2 * 3  # for the warm-up, and once: prompt, none, and the upsampler's
    assert ours["batch"] == 1 and ours["seconds"]["base"] > ours["step"]["base"] > 0


def test_parts_of_a_run_are_told_by_when_files_appeared(tmp_path):
    times = {"candidate-1/64": 5, "candidate-2/64": 6, "candidate-1/256": 8, "candidate-1/4096": 20}
    for name, seconds in times.items():
        path = tmp_path / "a-lake" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, (1000 + seconds, 1000 + seconds))
    assert whole._parts(tmp_path, 1000, 21) == {"64": 6, "256": 2, "4096": 12, whole.END: 1}


def test_a_question_asked_anew_leaves_the_others_and_what_did_not_help(one_question, tmp_path, monkeypatch):
    results.keep(tmp_path, {"start on A card": found("start", {"rows": [{"way": "old", "s": 7.25}]})})
    one_question.write_text(
        'print(\'a table\')\nprint(\'{"ratios": {"a to b": 2.0}, "goals": {"a to b": 3}}\')'
    )
    monkeypatch.setattr(sys, "argv", ["benchmarks", "start", "--folder", str(tmp_path)])
    assert asking.main() == 0
    page = (tmp_path / results.PAGE).read_text()
    assert "7.25" in page and "| a to b | **2** | at least 3 | not reached |" in page
    assert page.endswith((results.FOLDER / results.NOTES).read_text())
    assert json.loads((tmp_path / results.KEPT).read_text()).keys() == {"start", "start on A card"}


def test_a_question_that_fails_keeps_what_was_measured_before(one_question, tmp_path, monkeypatch, capsys):
    results.keep(tmp_path, {"start": found("start", {"rows": [{"s": 7.25}]})})
    one_question.write_text("print('{}')\nraise SystemExit(3)")
    monkeypatch.setattr(sys, "argv", ["benchmarks", "start", "--folder", str(tmp_path)])
    assert asking.main() == 1
    assert "start was not measured: exit code 3" in capsys.readouterr().out
    assert results.read(tmp_path)["start"]["result"] == {"rows": [{"s": 7.25}]}


def test_what_another_machine_measured_is_taken_over(tmp_path, monkeypatch):
    card = {"device": "A card", "precision": "fp16"}
    theirs = found("enlarge", {"rows": [{"way": "ours, fp16", "side": 256}], "ratios": {"r": 1.0}})
    theirs["machine"] = {**{name: MACHINE[name] for name in MACHINE if name != "threads"}, **card}
    results.keep(tmp_path / "theirs", {results.key(theirs): theirs})
    results.keep(tmp_path, {"enlarge": found("enlarge", {"ratios": {"r": 0.5}})})
    monkeypatch.setattr(results.plots, "draw", lambda *_: [])
    monkeypatch.setattr(
        sys, "argv", ["benchmarks", "--add", str(tmp_path / "theirs"), "--folder", str(tmp_path)]
    )
    assert asking.main() == 0
    assert results.read(tmp_path).keys() == {"enlarge", "enlarge on A card"}
    assert "## Enlarge on A card" in (tmp_path / results.PAGE).read_text()


@pytest.mark.parametrize("asked", [["no-such"], ["kills", "--device", "cuda"]])
def test_what_cannot_be_asked_is_refused_in_a_line(asked, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["benchmarks", *asked])
    with pytest.raises(SystemExit, match=asked[0]):
        asking.main()


def test_plots_are_drawn_of_what_was_measured(tmp_path):
    pytest.importorskip("matplotlib")
    rows = [{"work": "candidates", "size": size, "threads": 1, "seconds": 2.0 * size, "peak_mb": 400}
            for size in (1, 2)]  # fmt: skip
    (path,) = results.plots.draw("growth", found("growth", {"rows": rows}), tmp_path / "plots")
    assert path.read_bytes()[:4] == b"\x89PNG" and 1000 < path.stat().st_size < 100_000


def test_a_real_question_ends_with_a_line_of_json():
    asked = asking.ask(questions.QUESTIONS["preview"], "cpu", ["--side", "256"])
    assert asked["result"]["side"] == 256 and len(asked["result"]["ratios"]) == 3
    assert asked["machine"]["precision"] in peers.PRECISIONS
