"""Denoising: the published runs to the digit, and candidates that do not depend on one another."""

import copy
import json
from dataclasses import replace

import pytest
import torch
from reference import GOLDEN, draw, golden
from tiny_set import tiny_glide

from bigart_lib.generate import sampling
from bigart_lib.generate.glide import GlideGenerator
from bigart_lib.generate.noise import Noise, draw_noise
from bigart_lib.generate.text_encoder import EncodedText
from bigart_lib.machine import MemoryShortageError, random_generator
from bigart_lib.progress import CancelledError, no_report
from bigart_lib.settings import SAMPLERS, Ancestor, GenerateSettings
from bigart_lib.weights import LentInAnyWay, Sampling, Way, WeightsError

SCHEDULES = json.loads((GOLDEN / "glide_schedules.json").read_text(encoding="utf-8"))
FAST27 = tuple(SCHEDULES["linear:fast27"])
QUICK = Sampling(steps=3, guidance=3.0, sampler="dpm++", upsampler_timesteps=(900, 400, 0))


@pytest.fixture
def drawn_noise(monkeypatch):
    """The golden run's noise in place of the generators': by step, then by candidate."""
    calls = iter(range(1000))

    def next_noise(_, width, height):
        step, candidate = divmod(next(calls), 2)
        return draw(f"noise.{step}", 2, 3, height, width)[candidate : candidate + 1]

    monkeypatch.setattr(sampling, "draw_noise", next_noise)


def encode_golden(network, name, monkeypatch):
    """Make the network read the golden run's tokens for any prompt, and none for the empty one."""
    expected = golden(name)
    with torch.inference_mode():
        text = network.text_encoder(expected["tokens"], expected["mask"])
    monkeypatch.setattr(
        type(network),
        "encode",
        lambda self, prompts: EncodedText(*(part[:1] if prompts[0] else part[-1:] for part in text)),
    )
    return expected


def test_the_ancestral_sampler_equals_the_published_guided_run(small_base, drawn_noise, monkeypatch):
    expected = encode_golden(small_base, "glide_base", monkeypatch)
    first = draw("x_T", 2, 3, 64, 64)
    settings = GenerateSettings(
        0, count=2, steps=10, guidance=float(expected["guidance_scale"]), sampler="ancestral"
    )
    timesteps = sampling.base_scheduler("ancestral", 10, QUICK).timesteps
    assert timesteps.tolist() == expected["ancestral_timesteps"].tolist()
    pictures = sampling.sample_base(small_base, "any", settings, QUICK, first.split(1), [None, None])
    run = torch.cat(pictures)[..., ::4, ::4] * 2 - 1
    torch.testing.assert_close(run, expected["ancestral_sample"], atol=1e-3, rtol=0)


def test_the_upsampler_equals_the_published_27_step_run(small_upsampler, monkeypatch):
    expected = encode_golden(small_upsampler, "glide_upsample", monkeypatch)
    assert expected["ddim_timesteps"].tolist() == list(FAST27)
    low = (draw("low_res", 1, 3, 64, 64).clamp(-1, 1) + 1) / 2
    fast = Sampling(100, 3.0, "ancestral", FAST27)
    # The golden run was given its input unrounded, where a published notebook rounds it.
    monkeypatch.setattr(sampling, "round_to_levels", lambda picture: picture)
    first = draw("x_T_up", 1, 3, 256, 256)
    picture = sampling.sample_upsampler(small_upsampler, "any", [low], fast, [first], [None])[0]
    run = picture[..., ::4, ::4] * 2 - 1
    torch.testing.assert_close(run, expected["ddim_sample"], atol=1e-3, rtol=0)


def test_an_ancestral_step_is_that_of_diffusers_to_the_last_bit():
    scheduler = sampling.base_scheduler("ancestral", 7, QUICK)
    sample = torch.randn(1, 3, 8, 8)
    for timestep in scheduler.timesteps.tolist():
        prediction = torch.randn(1, 6, 8, 8)
        expected = scheduler.step(prediction, timestep, sample, generator=random_generator(timestep))
        sample, guess = sampling._step(scheduler, prediction, timestep, sample, random_generator(timestep))
        assert torch.equal(sample, expected.prev_sample)
        assert torch.equal(guess, expected.pred_original_sample)


@pytest.mark.parametrize(
    ("guided", "asked"), [(1.0, [2, 2, 2, 2]), (0.5, [2, 2, 1, 1]), (0.3, [2, 1, 1, 1]), (0.0, [1, 1, 1, 1])]
)
def test_only_the_noisiest_steps_are_guided(small_base, monkeypatch, guided, asked):
    forward, seen = type(small_base).forward, []

    def spy(self, samples, *others):
        seen.append(len(samples))
        return forward(self, samples, *others)

    monkeypatch.setattr(type(small_base), "encode", lambda self, prompts: text_of(prompts))
    width, summary = small_base.config.text.width, small_base.config.text.summary_width

    def text_of(prompts):
        value = 1.0 if prompts[0] else -1.0
        return EncodedText(torch.full((1, 4, width), value), torch.full((1, summary), value))

    monkeypatch.setattr(type(small_base), "forward", spy)
    settings = GenerateSettings(0, steps=4, guided=guided, sampler="ddim")
    noise = draw("x_T", 2, 3, 64, 64)[:1]
    picture = sampling.sample_base(small_base, "any", settings, QUICK, [noise], [None])[0]
    assert seen == asked
    harder = replace(settings, guidance=9.0)
    changed = sampling.sample_base(small_base, "any", harder, QUICK, [noise], [None])[0]
    assert torch.equal(picture, changed) == (guided == 0)


def test_timesteps_can_be_even_in_the_signal_to_noise_ratio():
    scheduler = sampling.base_scheduler("ddim", 2, QUICK)
    timesteps = sampling.spaced_timesteps(12, -5.2, scheduler, "log-snr")
    even = sampling.spaced_timesteps(12, -5.2, scheduler)
    assert len(timesteps) == 12 and (timesteps[0], timesteps[-1]) == (even[0], 0)
    signal = scheduler.alphas_cumprod[timesteps]
    apart = torch.log(signal / (1 - signal)).diff()
    assert apart[:-3].max() < 1.3 * apart[:-3].min()  # the last are far apart in the schedule itself
    late = replace(QUICK, spacing="log-snr", start_log_snr=-5.2)
    assert sampling.base_scheduler("ddim", 12, late).timesteps.tolist() == timesteps


def test_a_quality_chooses_what_is_left_open_and_nothing_else():
    several = replace(QUICK, guided=0.4, qualities={"draft": {"steps": 2, "upsampler_timesteps": (500, 0)}})
    draft = sampling.complete(GenerateSettings(1, quality="draft"), several)
    assert (draft.steps, draft.guided, draft.upsampler_timesteps, draft.quality) == (2, 0.4, (500, 0), None)
    own = GenerateSettings(1, quality="draft", steps=9, guided=1, sampler="ddim")
    own = sampling.complete(own, several)
    assert (own.steps, own.guided, own.sampler, own.upsampler_timesteps) == (9, 1, "ddim", (500, 0))
    named, none = (sampling.complete(GenerateSettings(1, quality=one), several) for one in ("standard", None))
    assert named == none and none.steps == 3 and none.upsampler_timesteps == (900, 400, 0)


@pytest.mark.parametrize("steps", [30, 100, 400])
def test_timesteps_are_spaced_as_published(steps):
    scheduler = sampling.base_scheduler("ancestral", 2, QUICK)
    expected = SCHEDULES[f"squaredcos_cap_v2:{steps}"]
    assert sampling.spaced_timesteps(steps, None, scheduler) == expected


def test_a_start_at_a_log_snr_leaves_out_the_noisiest_timesteps():
    scheduler = sampling.base_scheduler("ancestral", 2, QUICK)
    timesteps = sampling.spaced_timesteps(10, -5.2, scheduler)
    signal = scheduler.alphas_cumprod[timesteps[0]]
    assert timesteps[0] < 999 and timesteps[-1] == 0
    assert float(torch.log(signal / (1 - signal))) == pytest.approx(-5.2, abs=0.1)


def test_a_single_step_begins_at_the_noisiest_timestep():
    scheduler = sampling.base_scheduler("ancestral", 2, QUICK)
    assert sampling.spaced_timesteps(1, None, scheduler) == [999]


def test_every_sampler_starts_where_the_set_says_and_takes_the_steps_asked_for():
    late = Sampling(3, 3.0, "ddim", (1, 0), start_log_snr=-5.2)
    starts = {name: sampling.base_scheduler(name, 7, late).timesteps.tolist() for name in SAMPLERS}
    assert len({tuple(timesteps) for timesteps in starts.values()}) == 1
    assert len(starts["ddim"]) == 7


@pytest.fixture(scope="module")
def base():
    """A base model of random weights, quicker than the golden one."""
    torch.manual_seed(1)
    return tiny_glide(3).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def upsampler():
    """An upsampler of random weights, quicker than the golden one."""
    torch.manual_seed(2)
    return tiny_glide(6).eval().requires_grad_(False)


def paint(base, upsampler, count=3, seed=5, indices=None, report=no_report, begun=None, batch=1, **changes):
    """Every stage of candidates of small networks, in the order in which they are done."""
    networks = (lambda: base, lambda: upsampler)
    generator = GlideGenerator(*networks, (base.config, upsampler.config), QUICK, dict, batch)
    settings = generator.complete(GenerateSettings(seed, count=count, **changes))
    indices = range(count) if indices is None else indices
    return list(generator.paint("a lake", settings, indices, report, begun or {}))


def generate(*networks, **options):
    """Candidates of small networks, each as its two pictures."""
    found = {}
    for index, stage, picture in paint(*networks, **options):
        found.setdefault(index, {})[stage] = picture
    return [(stages[0], stages[1]) for _, stages in sorted(found.items())]


@pytest.fixture(scope="module")
def three(base, upsampler):
    """Three candidates that several tests look at."""
    return generate(base, upsampler)


def test_candidates_have_the_sizes_and_range_of_pictures_and_differ(three):
    for small, large in three:
        assert small.shape == (1, 3, 64, 64) and large.shape == (1, 3, 256, 256)
        assert large.min() >= 0 and large.max() <= 1
    assert not torch.equal(three[0][0], three[1][0]) and not torch.equal(three[1][0], three[2][0])


def test_a_candidate_alone_is_the_same_picture_to_the_last_bit(three, base, upsampler):
    alone = generate(base, upsampler, indices=[2])[0]
    assert torch.equal(alone[0], three[2][0]) and torch.equal(alone[1], three[2][1])


def test_another_seed_paints_another_picture(three, base, upsampler):
    other = generate(base, upsampler, count=1, seed=6)[0]
    assert not torch.equal(other[0], three[0][0])


FAVOURITE = Ancestor(seed=5, index=1, distance=0.5)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_variation_is_nearer_the_less_its_distance(base, upsampler, sampler):
    favourite = generate(base, upsampler, indices=[1], sampler=sampler)[0]

    def difference(distance):
        options = {"near": (FAVOURITE,), "distance": distance, "sampler": sampler}
        near = generate(base, upsampler, count=1, seed=6, **options)[0]
        return [float((this - that).abs().mean()) for this, that in zip(near, favourite, strict=True)]

    assert difference(0.0) == [0, 0]
    assert 0 < difference(0.05)[0] < difference(0.2)[0] < difference(0.9)[0]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_variation_of_a_variation_stays_near_its_parent(base, upsampler, sampler):
    parent = generate(base, upsampler, count=1, seed=6, near=(FAVOURITE,), distance=0.3, sampler=sampler)[0]
    near = (FAVOURITE, Ancestor(seed=6, index=0, distance=0.3))
    child = generate(base, upsampler, count=1, seed=9, near=near, distance=0.0, sampler=sampler)[0]
    assert torch.equal(child[0], parent[0]) and torch.equal(child[1], parent[1])


@pytest.mark.parametrize(
    "near",
    [
        [],
        [Ancestor(7, 2, 1.0)],
        [Ancestor(7, 2, 1.0), Ancestor(7, 2, 0.7)],
        [Ancestor(7, 2, 1.0), Ancestor(8, 0, 0.7), Ancestor(7, 2, 0.3)],
    ],
    ids=["no ancestor", "namesake", "namesakes", "another between"],
)
def test_noise_is_standard_normal_whoever_the_ancestors_are(near):
    noise = Noise(GenerateSettings(7, near=near, distance=0.6), 2)
    drawn = torch.cat([noise.begin(256), noise.begin(64).reshape(1, 3, 16, 256)], dim=2)
    assert float(drawn.std()) == pytest.approx(1, abs=0.01)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.01)


def test_no_two_noises_of_a_variation_are_alike():
    near = [Ancestor(7, 2, 1.0), Ancestor(8, 0, 0.7), Ancestor(7, 2, 0.3)]
    noises = [draw_noise(one, 64) for one in Noise(GenerateSettings(7, near=near), 2)._generators]
    noises.append(draw_noise(random_generator(7, 2, 1024), 64))  # that of its texture
    alike = torch.corrcoef(torch.stack(noises).flatten(1)) - torch.eye(len(noises))
    assert float(alike.abs().max()) < 0.05


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sampler_paints_the_same_picture_twice_and_in_a_batch(sampler, base):
    settings = GenerateSettings(1, count=2, steps=3, guidance=2.0, sampler=sampler)

    def sample(batch_size):
        generators = [random_generator(1, index) for index in range(2)]
        noises = [draw_noise(generator, 64) for generator in generators]
        return torch.cat(
            sampling.sample_base(base, "a lake", settings, QUICK, noises, generators, batch_size=batch_size)
        )

    alone = sample(1)
    assert torch.equal(alone, sample(1))
    # Libraries add up batches in another order, and a network of random weights amplifies the last digits.
    assert (alone - sample(2)).abs().mean() < 0.1 / 255


def test_progress_comes_after_every_step_with_previews_of_all_that_are_begun(base, upsampler):
    seen = []
    generate(base, upsampler, count=2, report=seen.append)
    assert [(one.stage, one.step, one.total) for one in seen] == [
        (stage, step, 6) for stage in ("base", "upsample") for step in (0, 1, 2, 3, 3, 4, 5, 6)
    ]
    assert seen[2].preview.shape == (1, 3, 64, 64) and seen[5].preview.shape == (2, 3, 64, 64)
    assert seen[9].preview.shape == seen[-1].preview.shape == (2, 3, 256, 256)
    assert seen[2].preview.min() >= 0 and seen[2].preview.max() <= 1


def test_candidates_are_given_one_by_one_as_they_are_done(base, upsampler):
    done = [(one.index, one.stage) for one in paint(base, upsampler, count=3)]
    assert done == [(index, stage) for stage in (0, 1) for index in range(3)]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("near", [(), (FAVOURITE, Ancestor(6, 0, 0.3))], ids=["", "variation"])
def test_what_is_begun_is_gone_on_with_to_the_same_pictures(base, upsampler, sampler, near):
    whole = generate(base, upsampler, count=2, sampler=sampler, near=near)
    begun = {(0, 0): whole[0][0], (1, 0): whole[1][0], (0, 1): whole[0][1]}
    rest = paint(base, upsampler, count=2, sampler=sampler, near=near, begun=begun)
    assert [(one.index, one.stage) for one in rest] == [(1, 1)]
    assert torch.equal(rest[0].picture, whole[1][1])


def test_a_candidate_that_a_precision_does_not_hold_changes_none_of_the_others(base, upsampler, monkeypatch):
    forward, low = type(base).forward, copy.deepcopy(base).bfloat16()
    starts = [Noise(GenerateSettings(5), index).begin(64) for index in range(3)]
    networks, said, went = {torch.bfloat16: low, torch.float32: base}, [], []

    def paint_with(failing):
        def overflow(self, samples, *others):
            made = forward(self, samples, *others)
            if self is low and failing:
                made[samples[:, 0, 0, 0] == starts[1][0, 0, 0, 0].bfloat16()] = float("inf")
            return made

        monkeypatch.setattr(type(base), "forward", overflow)
        way = Way(torch.device("cpu"), torch.bfloat16)
        lent = LentInAnyWay("base", lambda way: networks[way.dtype], way, lambda *ways: went.append(ways))
        configs = base.config, upsampler.config
        generator = GlideGenerator(
            lent, lambda: upsampler, configs, QUICK, dict, batch_size=4, announce=said.append
        )
        settings = generator.complete(GenerateSettings(5, count=3))
        return [one.picture for one in generator.paint("a lake", settings, range(3), no_report, {})][:3]

    before, after = paint_with(failing=False), paint_with(failing=True)
    assert torch.equal(before[0], after[0]) and torch.equal(before[2], after[2])
    alone = generate(base, upsampler, count=3, indices=[1])[0][0]
    assert torch.equal(after[1], alone) and not torch.equal(before[1], alone)
    assert len(said) == 1 and "in bf16: once more in fp32" in said[0]
    assert [last.dtype for _, last in went] == [torch.float32]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_network_sees_as_many_as_a_batch_has_whatever_their_number(base, upsampler, count, monkeypatch):
    seen, forward = set(), type(base).forward
    monkeypatch.setattr(
        type(base), "forward", lambda self, *given: seen.add(len(given[0])) or forward(self, *given)
    )
    generate(base, upsampler, count=count, batch=2)
    assert seen == {2, 4}


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory")])
def test_where_memory_runs_out_smaller_batches_paint_the_same(base, upsampler, error, monkeypatch):
    original, batches = type(base).forward, []

    def forward(self, sample, *others):
        batches.append(len(sample))
        if self is base and len(sample) > 2 * 2:  # two candidates, with and without the prompt
            raise error
        return original(self, sample, *others)

    monkeypatch.setattr(type(base), "forward", forward)
    options = {"count": 4, "sampler": "ancestral", "near": (FAVOURITE,)}
    by_four = generate(base, upsampler, batch=4, **options)
    assert max(batches) == 8 and {4, 2} & {*batches}
    by_two = generate(base, upsampler, batch=2, **options)
    assert all(torch.equal(one[0], other[0]) for one, other in zip(by_four, by_two, strict=True))


def test_where_no_candidate_fits_into_memory_one_sentence_says_what_would(base, upsampler, monkeypatch):
    def forward(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(type(base), "forward", forward)
    with pytest.raises(MemoryShortageError, match="not enough to paint a candidate of 64x64 px"):
        generate(base, upsampler, batch=4)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("stage", ["base model", "upsampler"])
def test_a_network_that_gives_no_numbers_paints_nothing_and_is_named(base, upsampler, stage, value):
    networks = {"base model": base, "upsampler": upsampler}
    networks[stage] = copy.deepcopy(networks[stage])
    networks[stage].unet.conv_out.bias[1] = value
    with pytest.raises(WeightsError, match=f"GLIDE's {stage} gave values that are no numbers"):
        generate(*networks.values(), count=1)


def test_a_report_that_raises_stops_at_once(base, upsampler):
    seen = []

    def stop(progress):
        seen.append(progress.step)
        if progress.step == 1:
            raise CancelledError

    with pytest.raises(CancelledError):
        generate(base, upsampler, report=stop)
    assert seen == [0, 1]
