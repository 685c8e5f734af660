"""Makes each step that is not the generator's: networks see RGB, whatever the picture is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bigart_lib.pictures import images
from bigart_lib.progress import Progress, Report

if TYPE_CHECKING:
    import torch

    from bigart_lib.enlarge.enlarger import Enlarger
    from bigart_lib.finish.enhancer import VQGANEnhancer
    from bigart_lib.pictures.recipe import Recipe
    from bigart_lib.plan import Step

AROUND = 3  # px a side of the neighbourhood whose transparency an enlarged pixel cannot go beyond


class Maker:
    """Makes steps by an enlarger and an enhancer.

    Grey pictures stay grey. Transparency is enlarged beside the colours, by the same network.

    Parameters
    ----------
    budget : bytes of working memory for a step; None is any.
    """

    def __init__(
        self, enlarger: Enlarger, enhancer: VQGANEnhancer, budget: Callable[[Step | None], int]
    ) -> None:
        self._enlarger, self._enhancer, self._budget = enlarger, enhancer, budget

    def make(self, recipe: Recipe, step: Step, levels: torch.Tensor | None, report: Report) -> torch.Tensor:
        """The result of one step, given that of the step before, (1, 1 to 4, height, width) in levels."""
        from bigart_lib.finish import fit, texture

        if levels is None:
            raise ValueError(f"{recipe.source} is needed to go on from, and is not here any more")
        repeats = recipe.generate is not None and recipe.generate.repeats
        if step.action == "texture":
            report(Progress("texture", 0, 1))
            return on_colours(levels, lambda colours: texture.add(colours, step.texture, step.seed))
        if step.action == "background":
            return laid_on(levels, recipe.paint.background)
        if step.action == "fit":
            return fit.fit(levels, *step.size, repeats)
        matched, budget = recipe.paint.match_colours, self._budget(step)
        if step.action == "enlarge":
            return self.enlarge(levels, budget, report, matched, step.name, repeats)
        return self.enhance(levels, budget, report, matched, step.name, repeats)

    def enlarge(
        self,
        levels: torch.Tensor,
        budget: int,
        report: Report,
        matched: bool,
        name: str = "",
        repeats: bool = False,
    ) -> torch.Tensor:
        """A picture with sides longer.

        Parameters
        ----------
        matched : whether the colours of its regions are kept, see `finish.colours`.
        name : what the result is called where something is wrong with it.
        repeats : whether the picture tiles without a seam, and the result is to.
        """
        import torch

        colours, alpha = images.split(levels)
        run = _running(self._enlarger.enlarge, budget, report, name, repeats)
        if alpha is None:
            return _by_network(levels, run, matched, repeats)
        made = _by_network(filled(colours, alpha), run, matched, repeats)
        return torch.cat([made, _within(_by_network(alpha, run, True, repeats), alpha, repeats)], 1)

    def enhance(
        self,
        levels: torch.Tensor,
        budget: int,
        report: Report,
        matched: bool,
        name: str = "",
        repeats: bool = False,
    ) -> torch.Tensor:
        """A picture repainted, of the same size; see `enlarge`."""
        run = _running(self._enhancer.enhance, budget, report, name, repeats)
        return on_colours(levels, lambda colours: _by_network(colours, run, matched, repeats))


def on_colours(levels: torch.Tensor, change: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    """A picture in levels whose colours are changed, and whose transparency is not."""
    import torch

    colours, alpha = images.split(levels)
    made = change(colours)
    return made if alpha is None else torch.cat([images.to_levels(made), alpha], 1)


def laid_on(levels: torch.Tensor, colour: str) -> torch.Tensor:
    """A picture in levels with transparency, laid on a colour, #RRGGBB; without, as it is."""
    import torch
    from PIL import ImageColor

    colours, alpha = images.split(levels)
    if alpha is None:
        return levels
    below = torch.tensor(ImageColor.getrgb(colour)).view(1, 3, 1, 1) / 255
    made = torch.empty_like(levels[:, :1].expand(-1, 3, -1, -1), memory_format=torch.contiguous_format)
    for top in range(0, levels.shape[2], images.STRIP):
        rows = slice(top, top + images.STRIP)
        seen = images.from_levels(alpha[:, :, rows])
        mixed = images.from_levels(colours[:, :, rows]) * seen + below * (1 - seen)
        made[:, :, rows] = images.to_levels(mixed)
    return made


def _running(
    network: Callable[..., torch.Tensor], budget: int, report: Report, name: str, repeats: bool
) -> Callable[[torch.Tensor], torch.Tensor]:
    """What gives a network's result for RGB in levels, whose every value is a number."""
    options = {"repeats": True} if repeats else {}  # an enlarger may know nothing of it

    def run(levels: torch.Tensor) -> torch.Tensor:
        from bigart_lib.weights import check_finite

        made = network(images.from_levels(levels), budget, report, **options)
        check_finite(made, f"{name}: the network" if name else "the network")
        return made

    return run


def _by_network(
    colours: torch.Tensor, run: Callable[[torch.Tensor], torch.Tensor], matched: bool, repeats: bool
) -> torch.Tensor:
    """What a network makes of one or three channels."""
    from bigart_lib.finish.colours import match

    made = run(colours.expand(-1, 3, -1, -1))
    if colours.shape[1] == 1:
        made = _grey(images.to_levels(made))
    return match(made, colours, repeats) if matched else made


def _grey(levels: torch.Tensor) -> torch.Tensor:
    """The mean of three channels."""
    import torch

    grey = torch.empty_like(levels[:, :1])
    for top in range(0, levels.shape[2], images.STRIP):
        rows = slice(top, top + images.STRIP)
        grey[:, :, rows] = images.to_levels(images.from_levels(levels[:, :, rows]).mean(1, keepdim=True))
    return grey


def filled(colours: torch.Tensor, alpha: torch.Tensor) -> torch.Tensor:
    """Colours in levels where clear pixels have those of the nearest ones that are seen.

    What is hidden below a clear pixel may be anything, and must not bleed into edges.
    """
    import torch
    import torch.nn.functional as F

    seen = images.from_levels(alpha)
    known = images.from_levels(colours) * seen
    pyramid = [(known, seen)]
    while max(known.shape[-2:]) > 1:
        known, seen = (F.avg_pool2d(one, 2, ceil_mode=True, count_include_pad=False) for one in pyramid[-1])
        pyramid.append((known, seen))
    made = torch.zeros_like(pyramid[-1][0])
    for known, seen in reversed(pyramid):
        made = F.interpolate(made, known.shape[-2:], mode="bilinear")
        own = known / seen.clamp(min=1e-6)
        share = (seen * 256).clamp(max=1)  # a little seen is enough to know the colour
        made = own * share + made * (1 - share)
    is_clear = (alpha == 0).expand_as(colours)
    return torch.where(is_clear, images.to_levels(made).int(), colours.int()).to(torch.uint16)


def _within(made: torch.Tensor, alpha: torch.Tensor, repeats: bool) -> torch.Tensor:
    """Enlarged transparency, nowhere beyond that of the neighbourhood: what was clear stays wholly clear."""
    import torch
    import torch.nn.functional as F

    before, result = images.from_levels(alpha), torch.empty_like(made)
    around = AROUND // 2
    if repeats:
        before, around = F.pad(before, 4 * (around,), mode="circular"), 0
    most = F.max_pool2d(before, AROUND, 1, around)
    least = -F.max_pool2d(-before, AROUND, 1, around)
    times = made.shape[2] // alpha.shape[2]
    for top in range(0, alpha.shape[2], images.STRIP):
        rows = slice(top, top + images.STRIP)
        low, high = (F.interpolate(one[:, :, rows], scale_factor=times) for one in (least, most))
        part = slice(times * top, times * top + low.shape[2])
        clamped = images.from_levels(made[:, :, part]).clamp(low, high)
        result[:, :, part] = images.to_levels(clamped)
    return result
