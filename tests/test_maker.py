"""Grey stays grey, transparency is kept beside the colours, and what is hidden does not bleed into edges."""

import pytest
import torch

from bigart_lib import maker
from bigart_lib.maker import Maker
from bigart_lib.pictures.images import from_levels, to_levels
from bigart_lib.progress import no_report

BUDGET = 10**9


class Nearest:
    """Enlarges by repeating pixels, and adds a tint, as a network does."""

    scale = 4

    def __init__(self, tint=(0.02, 0.0, -0.02)):
        self.seen, self.tint = [], torch.tensor(tint).view(1, 3, 1, 1)

    def enlarge(self, picture, memory_budget, report):
        assert picture.shape[1] == 3 and memory_budget == BUDGET
        self.seen.append(picture)
        return (torch.nn.functional.interpolate(picture, scale_factor=4) + self.tint).clamp(0, 1)


def enlarge(levels, enlarger, matched=True):
    made = Maker(enlarger, None, lambda _: BUDGET).enlarge(levels, BUDGET, no_report, matched)
    return from_levels(to_levels(made))


def test_the_shift_of_the_network_is_taken_out_only_where_it_is_asked_for():
    picture = torch.full((1, 3, 40, 40), 0.4)
    shifted = enlarge(to_levels(picture), Nearest(), matched=False)
    assert (shifted - 0.4).abs().max() > 0.019
    assert (enlarge(to_levels(picture), Nearest()) - 0.4).abs().max() < 1e-4


def test_of_two_large_fields_each_keeps_its_colour_and_the_edge_between_them_stays_sharp():
    picture = torch.full((1, 3, 64, 128), 0.2)
    picture[..., 64:] = 0.7
    made = enlarge(to_levels(picture), Nearest())
    assert (made[..., :192] - 0.2).abs().max() < 1e-3 and (made[..., 320:] - 0.7).abs().max() < 1e-3
    assert (made[..., 256] - made[..., 255]).min() > 0.49


def test_large_pictures_are_matched_in_strips_as_in_one_piece(monkeypatch):
    picture = to_levels(torch.rand(1, 3, 37, 23))
    whole = enlarge(picture, Nearest())
    monkeypatch.setattr("bigart_lib.finish.colours.STRIP", 5)
    assert (enlarge(picture, Nearest()) - whole).abs().max() < 2e-5


def test_a_grey_picture_stays_grey():
    made = enlarge(to_levels(torch.rand(1, 1, 8, 12)), Nearest())
    assert made.shape == (1, 1, 32, 48)


@pytest.mark.parametrize("channels", [2, 4])
def test_transparency_is_enlarged_beside_the_colours(channels):
    levels = to_levels(torch.rand(1, channels, 12, 8))
    levels[:, -1, :, :4], levels[:, -1, :, 4:] = 0, 65535
    enlarger = Nearest()
    made = enlarge(levels, enlarger)
    assert made.shape == (1, channels, 48, 32) and len(enlarger.seen) == 2
    assert (made[0, -1, :, :12] == 0).all() and (made[0, -1, :, 20:] == 1).all()


def test_colours_hidden_under_clear_pixels_do_not_reach_the_network():
    colours, alpha = torch.zeros(1, 3, 32, 32), torch.zeros(1, 1, 32, 32)
    colours[:, 0] = 1  # a red that nobody sees
    colours[..., 8:24, 8:24] = torch.tensor([0.0, 0.5, 0.0]).view(1, 3, 1, 1)
    alpha[..., 8:24, 8:24] = 1
    seen = from_levels(maker.filled(to_levels(colours), to_levels(alpha)))
    assert seen[:, 0].max() < 1e-3 and (seen[:, 1] - 0.5).abs().max() < 2e-2


def test_pictures_that_are_wholly_clear_or_of_one_pixel_are_filled_too():
    for size in ((1, 1), (5, 3)):
        filled = maker.filled(to_levels(torch.rand(1, 3, *size)), to_levels(torch.zeros(1, 1, *size)))
        assert filled.shape == (1, 3, *size)


def test_a_background_is_laid_below_what_is_transparent():
    levels = to_levels(torch.tensor([1.0, 0.0, 0.0, 0.5]).view(1, 4, 1, 1).expand(1, 4, 3, 2))
    laid = from_levels(maker.laid_on(levels, "#0000ff"))
    assert torch.allclose(laid[0, :, 0, 0], torch.tensor([0.5, 0.0, 0.5]), atol=1e-4)
    grey = to_levels(torch.tensor([0.2, 0.0]).view(1, 2, 1, 1).expand(1, 2, 3, 2))
    assert torch.allclose(
        from_levels(maker.laid_on(grey, "#ff8000"))[0, :, 0, 0], torch.tensor([1.0, 128 / 255, 0]), atol=1e-4
    )
