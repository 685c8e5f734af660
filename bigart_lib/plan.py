"""A recipe unfolded into the steps that make its picture: names, sizes, costs and keys.

The only place where steps get their names and their order. Progress, forecast, journal, cache, resume and
redo all follow from a plan.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bigart_lib import shapes
from bigart_lib.generate.generator import Stage
from bigart_lib.pictures.recipe import Recipe
from bigart_lib.progress import Cost
from bigart_lib.settings import BROUGHT_SIZE, LARGE_SIZE, GenerateSettings, TextureSettings

if TYPE_CHECKING:
    import torch
    from PIL import Image

KEY_LENGTH = 32  # hexadecimal digits
WITH_ALPHA = (2, 4)  # channels; what has transparency is enlarged twice, for that and for the colours
Size = tuple[int, int]  # width and height in px


# The networks that are not the generator's, by the action that they do.
NETWORKS = {"enlarge": "enlarger", "enhance": "enhancer"}

WITHOUT_NETWORK = ("background", "texture", "fit")  # actions that take little time


class Models(Protocol):
    """What a plan asks of the models; none of it may load a network."""

    scale: int  # how many times longer the enlarger makes a side

    def stages(self, native_size: Size, settings: GenerateSettings) -> Sequence[Stage]:
        """What the generator makes of one candidate of this size."""

    def cost(self, action: str, size: Size) -> Cost:
        """What "enlarge" or "enhance" takes, for a picture of this size."""


class Unmeasured:
    """Models of which nothing is known: one stage of painting, sides 4 times longer, no costs."""

    scale = 4

    def stages(self, native_size: Size, settings: GenerateSettings) -> Sequence[Stage]:
        """One."""
        return (Stage("paint", native_size, Cost()),)

    def cost(self, action: str, size: Size) -> Cost:
        """Nothing."""
        return Cost()


@dataclass(frozen=True)
class Step:
    """One step of a plan."""

    name: str  # what its picture is called
    action: str  # a stage of the generator, "source", "background", "enlarge", "texture", "enhance" or "fit"
    size: Size  # of its result
    cost: Cost
    key: str  # a hash of everything that its result depends on
    is_shown: bool = True  # whether its picture is one for people to see
    texture: TextureSettings | None = None
    seed: tuple[int, ...] = ()  # of the texture

    @property
    def pixels(self) -> int:
        """Of its result."""
        return self.size[0] * self.size[1]

    @property
    def is_costly(self) -> bool:
        """Whether a network made it, or an artist brought it: worth keeping unrounded to go on from."""
        return self.action not in WITHOUT_NETWORK


def plan(recipe: Recipe, native_size: Size, models: Models | None = None) -> tuple[Step, ...]:
    """The steps that make a picture, in their order.

    A candidate's own stages come first, or the picture that was brought. Then as few enlargings as reach the
    size that is wanted, each with texture: the smaller kind up to 2048 px, the larger kind above. VQGAN
    repaints the last picture up to 2048 px. Enlargings that went beyond the size end with a reduction to it,
    which also cuts off what a candidate has beside the shape that was asked for; on a candidate, the last
    texture is laid after that.

    Parameters
    ----------
    recipe : without `paint` settings, the candidate alone is made.
    native_size : width and height of the candidate, or of the picture that was brought.
    models : what is known of them; without, the costs are 0.
    """
    models = models or Unmeasured()
    made = _Steps(recipe, models, native_size)
    if recipe.source is None:
        for stage in models.stages(native_size, recipe.generate):
            made.add(str(max(stage.size)), stage.action, _painted_by(recipe), stage.size, stage.cost)
    else:
        made.add("1x", "source", [recipe.source_pixels], native_size, Cost(), is_shown=False)
        if recipe.paint and recipe.paint.background and recipe.source_channels in WITH_ALPHA:
            laid = [recipe.paint.background]
            made.add("1x_background", "background", laid, native_size, Cost(), is_shown=False)
    if recipe.paint is not None:
        made.add_painting()
    return tuple(made.steps)


def _painted_by(recipe: Recipe) -> list:
    """What a candidate depends on; how many others were asked for is not in it."""
    made_by = recipe.generate
    settings = {**asdict(made_by), "count": None}
    del settings["shape"]  # the size of the candidate says it, and is in the key
    del settings["quality"]  # what it chose is in the others
    # What 0.9 and 0.11 did not know keeps the key that they gave, where it is as it was then.
    for name, then in {"repeats": False, "negative": None, "guided": 1.0, "spacing": "even"}.items():
        if settings[name] in (then, None):
            del settings[name]
    sampling = dict(recipe.sampling)
    if timesteps := settings.pop("upsampler_timesteps"):
        sampling["upsampler_timesteps"] = list(timesteps)
    # Until 0.7.0 variations and such seeds drew other noise: what that began must not be gone on with.
    drawn = ["0.8"] if made_by.near or made_by.seed >= 2**32 else []
    return [recipe.prompt, recipe.index, settings, sampling, *drawn]


class _Steps:
    """The steps so far, and the picture that they have come to."""

    def __init__(self, recipe: Recipe, models: Models, native_size: Size) -> None:
        self.steps: list[Step] = []
        self._recipe, self._models, self._size = recipe, models, native_size
        self._enlarged = 1  # times
        # A picture that was brought counts as if it had the size of a candidate.
        self._native = BROUGHT_SIZE if recipe.source is not None else max(native_size)
        self._times, self._final = 1.0, native_size  # how much longer the sides get, and the size in the end
        if paint := recipe.paint:
            wanted = paint.fit or self._shaped(paint.size)
            sides = zip(wanted or (), native_size, strict=False)
            self._times = max((end / start for end, start in sides), default=paint.size / self._native)
            grown = tuple(max(1, round(self._times * side)) for side in native_size)
            self._final = wanted or (grown if self._times > 1 else native_size)

    def _shaped(self, size: int) -> Size | None:
        """Width and height of a candidate's shape, if that is none of a square and larger than it."""
        is_whole = self._recipe.source is not None or self._repeats  # a tile is not cut
        shape = shapes.SQUARE if is_whole else self._recipe.generate.shape
        return shapes.sides(shape, size) if shape != shapes.SQUARE and size > self._native else None

    @property
    def _side(self) -> int:
        return self._native * self._enlarged

    def add(
        self,
        name: str,
        action: str,
        settings: list,
        size: Size,
        cost: Cost,
        is_shown: bool = True,
        **more: Any,
    ) -> None:
        before = self.steps[-1].key if self.steps else ""
        made_by = [before, action, settings, size]
        if action not in ("source", *WITHOUT_NETWORK):
            made_by += [self._networks(action), self._recipe.machine.get("precision")]
        key = hashlib.sha256(json.dumps(made_by, sort_keys=True).encode()).hexdigest()
        if any(step.name == name for step in self.steps):  # one that is only cut is as long as the one before
            name = f"{name}_cut"
        self.steps.append(Step(name, action, size, cost, key[:KEY_LENGTH], is_shown, **more))
        self._size = size

    def add_painting(self) -> None:
        paint, begins = self._recipe.paint, True
        while self._enlarged < self._times:
            if paint.enhance and begins and self._side * self._models.scale > LARGE_SIZE:
                self._add_enhance()
                begins = False
            self._add_enlarging()
        if paint.enhance and begins and self._enlarged > 1:
            self._add_enhance()
        if self._final != self._size:
            self._add_fit(self._final_name(self._final))

    def _add_enlarging(self) -> None:
        paint, cost = self._recipe.paint, self._models.cost("enlarge", self._size)
        if self._recipe.source_channels in WITH_ALPHA and not paint.background:
            cost = cost._replace(operations=2 * cost.operations)
        width, height = (self._models.scale * side for side in self._size)
        self._enlarged *= self._models.scale
        ends = self._recipe.source is None and self._enlarged >= self._times
        size = self._final if ends else (width, height)  # that texture is laid on
        side, fits = max(size) if ends else self._side, ends or self._enlarged <= self._times
        is_small = side <= LARGE_SIZE
        texture, matched = paint.texture_1k if is_small else paint.texture_4k, self._matched
        name = self._name(size)
        plain, textured = (name, f"{name}_textured") if is_small else (f"{name}_enlarged", name)
        plain, is_shown = (plain, is_small and fits) if texture.amount else (name, fits)
        if size == (width, height):
            self.add(plain, "enlarge", matched, size, cost, is_shown)
        else:
            self.add(f"{width}x{height}", "enlarge", matched, (width, height), cost, is_shown=False)
            self._add_fit(plain, is_shown)
        if texture.amount:
            own = [] if self._recipe.index is None else [self._recipe.index]
            seed = (self._recipe.generate.seed, *own, side)
            settings, cost = [asdict(texture), seed], Cost(size[0] * size[1])
            self.add(textured, "texture", settings, size, cost, fits, texture=texture, seed=seed)

    def _add_fit(self, name: str, is_shown: bool = True) -> None:
        width, height = self._final
        self.add(name, "fit", self._wrapped, (width, height), Cost(width * height), is_shown)

    def _add_enhance(self) -> None:
        cost = self._models.cost("enhance", self._size)
        self.add(f"{self._name(self._size)}_enhanced", "enhance", self._matched, self._size, cost)

    @property
    def _matched(self) -> list:
        """What a network's step depends on beside the network."""
        matched = ["match colours"] if self._recipe.paint.match_colours else []
        return [*matched, *self._wrapped]

    @property
    def _repeats(self) -> bool:
        return self._recipe.generate is not None and self._recipe.generate.repeats

    @property
    def _wrapped(self) -> list:
        """What a step depends on beside the picture where that goes on at its opposite edges."""
        return ["repeats"] if self._repeats else []

    def _networks(self, action: str) -> dict[str, str]:
        """The fingerprints of the networks that do this."""
        known = self._recipe.networks
        if action in NETWORKS:
            return {name: known[name] for name in (NETWORKS[action],) if name in known}
        return {name: known[name] for name in known if name not in NETWORKS.values()}

    def _final_name(self, size: Size) -> str:
        """Of the reduction to the size that was asked for."""
        return f"{self._times:.4g}x" if self._recipe.source is not None else self._name(size)

    def _name(self, size: Size) -> str:
        """Sizes name the steps of a candidate; a picture that was brought has a size of its own."""
        return f"{self._enlarged}x" if self._recipe.source is not None else str(max(size))


class Kept(Protocol):
    """Whatever keeps the results of steps, by their keys: in memory, or in the folder of a run."""

    def begin(self, steps: Sequence[Step]) -> None:
        """Be told what will be asked for."""

    def holds(self, step: Step) -> bool:
        """Whether `get` will give something."""

    def get(self, step: Step) -> torch.Tensor | None:
        """The result, (1, 3, height, width) in 16-bit levels, if it is kept whole."""

    def put(self, step: Step, levels: torch.Tensor) -> None:
        """Keep a result to go on from, in 16-bit levels; see `images.to_levels`."""

    def made(self, step: Step) -> str | None:
        """The `pixel_hash` of the finished picture, if it is there."""

    def finish(self, step: Step, image: Image.Image, recipe: Recipe, levels: torch.Tensor) -> None:
        """Keep a finished picture, in 8 bits a colour or in levels; writing it may go on behind."""

    def settle(self) -> None:
        """Wait until what was given is written."""


def to_do(steps: Sequence[Step], kept: Kept) -> tuple[list[Step], list[Step]]:
    """The steps that must be computed, and those whose pictures must be written, given what is kept."""
    computed, written = set(), []
    for position, step in enumerate(steps):
        if not step.is_shown or kept.made(step) is not None:
            continue
        written.append(step)
        while position >= 0 and steps[position] not in computed and not kept.holds(steps[position]):
            computed.add(steps[position])
            position -= 1
    return [step for step in steps if step in computed], written
