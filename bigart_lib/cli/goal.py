"""How large a picture is to become: by a factor, in pixels, or on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bigart_lib.cli import options as shared
from bigart_lib.pictures.images import PRINT_DPI, PictureError
from bigart_lib.printing.paper import INCH, read_paper
from bigart_lib.settings import BROUGHT_SIZE, TIMES, PaintSettings

USUAL_TIMES = 4
WHOLE_TIMES = (4, 16, 64)  # that enlargings alone reach
WAYS = ("times", "size", "width", "height", "paper", "print_size")

goal = shared.together(
    shared.option(
        "--times", shared.number("times", float), None, "How many times longer its sides get, 1.5 to 64.", "4"
    ),
    shared.option("--size", shared.number("side"), None, "Pixels of its long side instead.", "none"),
    shared.option("--width", shared.number("side"), None, "Pixels of its width instead.", "none"),
    shared.option("--height", shared.number("side"), None, "Pixels of its height instead.", "none"),
    shared.option(
        "--paper", shared.Checked("PAPER", str), None, "Enough pixels for a paper instead, as in A3.", "none"
    ),
    shared.option(
        "--print print_size",
        shared.Checked("WxH", str),
        None,
        "Enough pixels for a size in print instead, as in 50x70cm or 16x20in.",
        "none",
    ),  # fmt: skip
)


@dataclass(frozen=True)
class Goal:
    """What was asked for: one of several ways to say a size."""

    way: str
    value: Any
    dpi: float = PRINT_DPI  # for a paper

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "Goal":
        """Out of options; raises a ValueError where they say more than one size, or none that is known."""
        said = [way for way in WAYS if options[way] is not None]
        if len(said) > 1:
            names = " and ".join(f"--{way.removesuffix('_size')}" for way in said)
            raise ValueError(f"{names} both say how large the picture is to become: leave one of them out")
        way = said[0] if said else "times"
        value = options[way] if said else USUAL_TIMES
        if way in ("paper", "print_size"):
            value = read_paper(value)
        return cls(way, value, options["dpi"] or PRINT_DPI)

    def settings(self, name: str, size: tuple[int, int]) -> PaintSettings:
        """The size for `plan` of a picture of this size in px.

        Raises
        ------
        PictureError
            Where that is no enlarging, or more than is possible.
        """
        times = self._times(size)
        if times <= 1:
            raise PictureError(
                f"{name} has {size[0]}x{size[1]} pixels, which is not less than what was asked for: "
                "there is nothing to enlarge"
            )
        if times > TIMES.most:
            raise PictureError(f"{name} would become {times:.4g} times larger, of at most {TIMES.most}")
        if times in WHOLE_TIMES:
            return PaintSettings(BROUGHT_SIZE * int(times))
        return PaintSettings(fit=tuple(max(1, round(times * side)) for side in size))

    def _times(self, size: tuple[int, int]) -> float:
        if self.way == "times":
            return self.value
        if self.way == "size":
            return self.value / max(size)
        if self.way in ("width", "height"):
            return self.value / size[self.way == "height"]
        # Paper lies as the picture does, and is covered by it.
        sides = sorted(round(side * self.dpi / INCH) for side in self.value[1:])
        return max(side / own for side, own in zip(sides, sorted(size), strict=True))
