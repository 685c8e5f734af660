"""The painter of captioned training pictures: one seed, one picture and its caption, at any size."""

from .colours import COLOURS, HELD_OUT_PAIRS, colour_shares
from .paint import SCENES, Painted, paint

__all__ = ["COLOURS", "HELD_OUT_PAIRS", "SCENES", "Painted", "colour_shares", "paint"]
