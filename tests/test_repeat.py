"""Pictures that tile without a seam: moved round their edges before a step or after it, they are the same."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from diffusers.models.downsampling import Downsample2D
from small_glide import small_base, small_upsampler
from small_vqgan import shallow_network, small_network
from test_rrdbnet import TINY, make
from test_vqgan import PeakMemory

from bigart_lib.enlarge import published as rrdbnet
from bigart_lib.enlarge.exact import RRDBNetEnlarger
from bigart_lib.enlarge.rrdbnet import RRDBNetConfig
from bigart_lib.enlarge.tiles import BudgetError, enlarge, working_memory
from bigart_lib.finish import colours, fit, strips, texture, vqgan
from bigart_lib.finish import planner as planning
from bigart_lib.finish.enhancer import VQGANEnhancer
from bigart_lib.generate.network import circular
from bigart_lib.generate.text_encoder import EncodedText
from bigart_lib.machine import MemoryShortageError
from bigart_lib.maker import Maker
from bigart_lib.pictures.images import from_levels, to_levels
from bigart_lib.progress import no_report
from bigart_lib.settings import TextureSettings
from bigart_lib.weights import sets as model_sets

CPU = torch.device("cpu")
PLENTY = 10**10  # bytes


def rolled(picture, down, right):
    return picture.roll((down, right), (2, 3))


def periodic(side):
    """A smooth picture that tiles, with a disc cut by its edges and one by a corner."""
    place = torch.arange(side) / side * 2 * torch.pi
    y, x = torch.meshgrid(place, place, indexing="ij")
    waves = [(x + 2 * y).sin(), (2 * x - y + 1).cos(), (3 * x).sin() * y.cos()]
    picture = torch.stack(waves)[None] * 0.2 + 0.5
    for centre_y, centre_x, colour in ((0.2, 3.0, 0.9), (6.2, 6.1, 0.1)):
        distance = 2 - (y - centre_y).cos() - (x - centre_x).cos()
        picture = torch.where(distance < 0.35, torch.tensor(colour), picture)
    return picture


def steps_between(picture, axis):
    """The mean difference of neighbours: along each line between two of them, that of the seam first."""
    difference = (picture - picture.roll(1, axis)).abs()
    return difference.mean(tuple(other for other in (0, 1, 2, 3) if other != axis))


def repeated_in_one_piece(network, picture, reach):
    """What the network makes of a wall of the picture, so large that its edges are out of sight."""
    rows, columns = (torch.arange(-reach, side + reach) % side for side in picture.shape[2:])
    made = network(picture[:, :, rows][..., columns])
    edge = reach * network.config.scale
    return made[..., edge:-edge, edge:-edge]


@pytest.mark.parametrize("scale", [4, 2])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (4, 70), (37, 50), (129, 64)])
def test_a_tile_is_enlarged_as_a_wall_of_it_is_whatever_the_budget(size, scale):
    network, picture = make(RRDBNetConfig(8, 2, 4, scale)), torch.rand(1, 3, *size)
    expected = repeated_in_one_piece(network, picture, reach=2 * 3 * 5 + 6)
    for tile in (16, 48, 128):
        budget = working_memory(network.config, *size, torch.float32, tile, repeats=True)
        made = enlarge(network, picture, budget, repeats=True)
        torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)
    assert (enlarge(network, picture, PLENTY) - expected).abs().max() > 0.01


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, 3), (17, 31), (-5, 40)])
def test_what_is_moved_and_enlarged_is_what_is_enlarged_and_moved(down, right):
    network, picture = make(), torch.rand(1, 3, 45, 70)
    for tile in (16, 128):
        budget = working_memory(TINY, 45, 70, torch.float32, tile, repeats=True)
        before = enlarge(network, rolled(picture, down, right), budget, repeats=True)
        after = rolled(enlarge(network, picture, budget, repeats=True), 4 * down, 4 * right)
        torch.testing.assert_close(before, after, atol=1e-5, rtol=0)


def test_a_network_that_runs_twice_repeats_both_times():
    network = make(RRDBNetConfig(8, 1, 4, scale=2))
    ours = RRDBNetEnlarger(lambda: network, network.config, CPU, torch.float32, lambda: "")
    picture = torch.rand(1, 3, 21, 30)
    before = ours.enlarge(rolled(picture, 9, 4), PLENTY, no_report, repeats=True)
    after = rolled(ours.enlarge(picture, PLENTY, no_report, repeats=True).int(), 36, 16)
    assert (before.int() - after).abs().max() <= 1  # level of 65535


def test_pieces_see_round_the_edges_too_where_the_budget_is_small():
    near_sighted = make(RRDBNetConfig(8, 1, 4))  # sees 19 pixels, so 32 of surroundings make pieces exact
    picture = torch.rand(1, 3, 300, 170)
    ours = RRDBNetEnlarger(lambda: near_sighted, near_sighted.config, CPU, torch.float32, lambda: "")
    budget = working_memory(near_sighted.config, 300, 170, torch.float32, tile=16, repeats=True) - 1
    assert "faint seams" in ours.compromise(170, 300, budget, repeats=True)
    assert ours.compromise(170, 300, budget + 1, repeats=True) == ""
    calls = []
    made = enlarge(near_sighted, picture, budget, lambda *call: calls.append(call), repeats=True)
    assert calls[-1][0] == calls[-1][1]
    expected = repeated_in_one_piece(near_sighted, picture, reach=24)
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)


def test_the_least_budget_that_is_named_for_a_tile_is_enough():
    picture = torch.rand(1, 3, 50, 40)
    with pytest.raises(BudgetError) as caught:
        enlarge(make(), picture, 1000, repeats=True)
    with pytest.raises(BudgetError):
        enlarge(make(), picture, caught.value.least - 1, repeats=True)
    enlarge(make(), picture, caught.value.least, repeats=True)


@torch.no_grad()
def test_borders_take_no_more_memory_than_is_counted():
    network, picture = make(), torch.rand(1, 3, 150, 130)
    for tile in (16, 128):
        budget = working_memory(TINY, 150, 130, torch.float32, tile, repeats=True)
        with PeakMemory() as memory:
            made = enlarge(network, picture, budget, repeats=True)
        assert memory.peak <= budget + picture.nbytes + made.nbytes


@torch.no_grad()
def repainted_by_diffusers(network, picture, monkeypatch):
    """What diffusers' own modules paint where their convolutions pad with what lies at the opposite edge."""

    def halve(self, features, *_, **__):
        return self.conv(F.pad(features, (0, 1, 0, 1), mode="circular"))

    with circular(network), monkeypatch.context() as patch:
        patch.setattr(Downsample2D, "forward", halve)
        codes, _ = vqgan.quantise(network, network.encode(picture * 2 - 1).latents)
        return (network.decoder(network.post_quant_conv(codes)) / 2 + 0.5).clamp(0, 1)


@pytest.fixture
def many_strips(monkeypatch):
    """Strips so short that small pictures take many, and little memory for the search beside them."""
    monkeypatch.setattr(strips, "STRIP_CPU", 2**11)
    monkeypatch.setattr(vqgan, "DISTANCES_AT_ONCE", 2**10)


def plans_of(network, picture):
    """From all memory that is of use to the least that will do."""
    planner = vqgan.planner(network, picture.shape[3], picture.shape[2], torch.float32, repeats=True)
    strip = strips.fastest_strip(CPU)
    most = planner.plan(float("inf"), strip).memory
    with pytest.raises(planning.BudgetError) as refusal:
        planner.plan(0, strip)
    least = refusal.value.least
    return [planner.plan(budget, strip) for budget in (most, (most + least) // 2, least)]


@pytest.mark.parametrize("size", [(16, 16), (16, 48), (48, 32)])
@pytest.mark.parametrize("kind", [small_network, shallow_network])
def test_vqgan_repaints_a_tile_as_with_circular_padding_whatever_the_budget(
    kind, size, many_strips, monkeypatch
):
    network, picture = kind(), torch.rand(1, 3, *size)
    expected = repainted_by_diffusers(network, picture, monkeypatch)
    for plan in plans_of(network, picture):
        with PeakMemory() as memory:
            made = vqgan.reconstruct(network, picture, plan.memory, repeats=True)
        torch.testing.assert_close(made, expected, atol=3e-4, rtol=0)
        assert memory.peak <= plan.memory + picture.nbytes
    assert (vqgan.reconstruct(network, picture) - expected).abs().max() > 0.1


@pytest.mark.parametrize(("down", "right"), [(1, 0), (0, 2), (2, -1)])
@pytest.mark.parametrize("kind", [small_network, shallow_network])
def test_vqgan_moves_with_a_tile_by_whole_codes(kind, down, right, many_strips):
    network, picture = kind(), torch.rand(1, 3, 64, 48)
    shift = [places * vqgan.downsampling(network) for places in (down, right)]
    before = vqgan.reconstruct(network, rolled(picture, *shift), repeats=True)
    after = rolled(vqgan.reconstruct(network, picture, repeats=True), *shift)
    torch.testing.assert_close(before, after, atol=3e-4, rtol=0)


def test_vqgan_refuses_a_tile_that_is_no_whole_number_of_codes():
    with pytest.raises(ValueError, match="divide by 16 px for VQGAN, got 40x32: choose"):
        vqgan.reconstruct(small_network(), torch.rand(1, 3, 32, 40), repeats=True)


def test_matched_colours_move_with_a_tile_by_whole_regions():
    before, made = to_levels(torch.rand(1, 3, 48, 64)), to_levels(torch.rand(1, 3, 192, 256))
    plain = colours.match(made.clone(), before, repeats=True).int()
    moved = colours.match(
        rolled(made.int(), 64, -128).to(torch.uint16), rolled(before.int(), 16, -32).to(torch.uint16), True
    )
    assert (moved.int() - rolled(plain, 64, -128)).abs().max() <= 1
    other = colours.match(made.clone(), before).int()
    assert torch.equal(other[..., 32:-32, 32:-32], plain[..., 32:-32, 32:-32])  # away from the edges
    assert not torch.equal(other, plain)


@pytest.mark.parametrize(("width", "height"), [(50, 30), (5, 3), (35, 21), (100, 60)])
def test_the_size_of_a_tile_is_reduced_across_its_edges(width, height):
    picture = torch.rand(1, 3, 60, 100)
    wall = fit.fit(picture.tile(1, 1, 9, 9), 9 * width, 9 * height)
    expected = wall[..., 4 * height : 5 * height, 4 * width : 5 * width]
    assert (fit.fit(picture, width, height, repeats=True).int() - expected.int()).abs().max() <= 1


@pytest.mark.parametrize(("width", "height"), [(33, 57), (1, 1), (100, 20)])
def test_nothing_is_cut_off_a_tile(width, height):
    picture = torch.rand(1, 3, 60, 100)
    made = fit.fit(picture, width, height, repeats=True)
    assert made.shape[-2:] == (height, width)
    assert abs(from_levels(made).mean() - picture.mean()) < 0.01


@pytest.mark.parametrize("settings", [TextureSettings(0.1, 5), TextureSettings(0.1, 4, style="article")])
def test_texture_wraps_round_the_edges(settings):
    noise = texture.white_noise(40, 600, torch.Generator().manual_seed(1))
    expected = rolled(texture.field(noise, settings), 13, 450)
    torch.testing.assert_close(texture.field(rolled(noise, 13, 450), settings), expected, atol=1e-6, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize(("network", "size", "shift"), [(small_base, 32, 8), (small_upsampler, 64, 32)])
def test_glide_moves_with_its_noise_inside_of_circular(network, size, shift):
    glide = network()
    config = glide.config
    sample = torch.randn(1, config.in_channels, size, 2 * size)
    text = EncodedText(
        torch.randn(1, config.text.context_length, config.text.width),
        torch.randn(1, config.text.summary_width),
    )
    with circular(glide):
        plain = glide(sample, 5, text)
        moved = glide(rolled(sample, shift, -shift), 5, text)
    torch.testing.assert_close(moved, rolled(plain, shift, -shift), atol=1e-4, rtol=0)
    assert (glide(sample, 5, text) - plain).abs().max() > 0.01


def test_networks_are_as_before_after_circular_whatever_happens():
    networks = small_base(), small_upsampler()

    def modes():
        convolutions = (module for network in networks for module in network.modules())
        return {module.padding_mode for module in convolutions if isinstance(module, torch.nn.Conv2d)}

    with pytest.raises(KeyboardInterrupt), circular(*networks):
        assert "circular" in modes()
        raise KeyboardInterrupt
    assert modes() == {"zeros"}


@pytest.fixture(scope="module")
def shipped():
    """The enlarger and the VQGAN that come with the package, in a maker."""
    chosen = model_sets.embedded()
    enlarging, painting = rrdbnet.load(chosen.enlarger), vqgan.load(chosen.enhancer)
    return Maker(
        RRDBNetEnlarger(lambda: enlarging, enlarging.config, CPU, torch.float32, lambda: ""),
        VQGANEnhancer(lambda: painting, painting.config, torch.float32, lambda: ""),
        lambda _: PLENTY,
    )


def test_the_halves_of_every_seam_go_on_as_other_neighbours_do(shipped):
    levels = to_levels(periodic(32))
    made = {}
    for repeats in (True, False):
        larger = shipped.enlarge(levels, PLENTY, no_report, True, repeats=repeats)
        made[repeats, "enlarged"] = from_levels(larger)
        repainted = shipped.enhance(larger, PLENTY, no_report, True, repeats=repeats)
        made[repeats, "repainted"] = from_levels(to_levels(repainted))
        made[repeats, "fitted"] = from_levels(fit.fit(to_levels(repainted), 100, 100, repeats=repeats))
    for (repeats, step), picture in made.items():
        for axis in (2, 3):
            seam, *others = steps_between(picture, axis)
            usual = torch.stack(others).median()
            assert seam < 1.2 * usual if repeats else seam > 2 * usual, (repeats, step, axis)


@torch.no_grad()
def test_the_shipped_enlarger_moves_with_a_tile_by_any_pixels():
    network, picture = rrdbnet.load(model_sets.embedded().enlarger), periodic(24)
    plain = enlarge(network, picture, PLENTY, repeats=True)
    moved = enlarge(network, rolled(picture, 5, -11), PLENTY, repeats=True)
    torch.testing.assert_close(moved, rolled(plain, 20, -44), atol=1e-5, rtol=0)


class Recording:
    """An enlarger and enhancer that only notes what it is asked for."""

    def __init__(self):
        self.seen = []

    def enlarge(self, picture, *_, **options):
        self.seen.append(options)
        return F.interpolate(picture, scale_factor=4)

    def enhance(self, picture, *_, **options):
        self.seen.append(options)
        return picture


def test_grey_and_transparent_tiles_ask_for_repeating_and_others_do_not():
    ours = Recording()
    maker = Maker(ours, ours, lambda _: PLENTY)
    for channels in (1, 2, 3, 4):
        levels = to_levels(torch.rand(1, channels, 8, 12))
        for repeats in (True, False):
            ours.seen.clear()
            larger = maker.enlarge(levels, PLENTY, no_report, True, repeats=repeats)
            maker.enhance(levels, PLENTY, no_report, True, repeats=repeats)
            assert larger.shape == (1, channels, 32, 48)
            assert ours.seen and all(seen == ({"repeats": True} if repeats else {}) for seen in ours.seen)


@pytest.mark.parametrize("generate", [None, SimpleNamespace(repeats=False)])
def test_steps_of_a_recipe_repeat_only_where_it_says_so(generate):
    ours, levels = Recording(), to_levels(torch.rand(1, 3, 8, 12))

    def made(generate, **step):
        recipe = SimpleNamespace(generate=generate, paint=SimpleNamespace(match_colours=True))
        maker = Maker(ours, ours, lambda _: PLENTY)
        return maker.make(recipe, SimpleNamespace(name="x", **step), levels, no_report)

    for action in ("enlarge", "enhance"):
        made(SimpleNamespace(repeats=True), action=action)
        made(generate, action=action)
    assert ours.seen == [{"repeats": True}, {}] * 2
    tile, other = (made(one, action="fit", size=(6, 4)) for one in (SimpleNamespace(repeats=True), generate))
    assert torch.equal(tile, fit.fit(levels, 6, 4, repeats=True))
    assert torch.equal(other, fit.fit(levels, 6, 4)) and not torch.equal(tile, other)


def test_a_budget_that_holds_no_strip_of_a_tile_is_one_line():
    small = small_network()
    ours = VQGANEnhancer(lambda: small, small.config, torch.float32, lambda: "")
    with pytest.raises(MemoryShortageError, match="not enough for VQGAN at 64x64 px"):
        ours.enhance(torch.rand(1, 3, 64, 64), 1000, no_report, repeats=True)


def test_from_a_prompt_to_a_tile_on_the_command_line(tiny_models, command_line):
    words = ("circles", "--repeat", "--count", 1, "--seed", 3, "--texture", 0, 1, "--quiet")
    code, lines, errors = command_line(*words, "--size", 1024)
    assert code == 0, errors
    made = Path(lines[-1])
    assert "repeats: yes" in command_line("info", made)[1]
    code, lines, _ = command_line("redo", made)
    assert code == 0 and "1024: identical" in lines
    code, lines, _ = command_line(*words[:1], *words[2:], "--size", 1024)
    assert Path(lines[-1]).read_bytes() != made.read_bytes()


def test_shapes_that_the_small_network_cannot_halve_are_refused_for_tiles(tiny_models, command_line):
    wide = [command_line("circles", "--repeat", "--shape", shape, "--size", 256, "--count", 1)
            for shape in ("1:1", "3:2", "5:4")]  # fmt: skip
    for code, lines, errors in wide:
        assert code == 0 or (lines == [] and "cannot repeat" in errors[-1])
