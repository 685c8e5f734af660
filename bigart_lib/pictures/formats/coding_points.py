"""Coding-independent code points (ITU-T H.273), by which PNG and AVIF name the space of their colours."""

from __future__ import annotations

from bigart_lib.pictures import profiles
from bigart_lib.pictures.formats.header import Header

UNKNOWN = (2,)
PRIMARIES = {
    1: profiles.SRGB_PRIMARIES,
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    9: profiles.REC2020_PRIMARIES,
    11: profiles.P3_PRIMARIES,
    12: profiles.P3_PRIMARIES,
}
DCI_WHITE = (0.314, 0.351)
SRGB_LIKE = (1, 6, 13, 14, 15)  # pictures with the curve of BT.709 mean what screens show: sRGB's curve
GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
PQ, HLG = 16, 18
WHITE_NITS = 203  # of diffuse white in PQ: ITU-R BT.2408
HLG_WHITE = 0.75  # and in HLG, of the signal
STEPS = 4096  # of a curve that is written as a table


def add(found: Header, primaries: int, transfer: int, is_grey: bool = False) -> bool:
    """Give a picture the profile that two code points name; whether they are known."""
    primaries = 1 if primaries in UNKNOWN else primaries
    transfer = 13 if transfer in UNKNOWN else transfer
    curve = _curve(transfer)
    if curve is None or primaries not in PRIMARIES:
        return False
    if transfer in (PQ, HLG):
        found.note("it is made for HDR: what is brighter than white is cut")
    if transfer in SRGB_LIKE and (primaries == 1 or is_grey):
        return True
    name = f"code points {primaries}/{transfer}"
    if is_grey:
        found.profile = profiles.grey(name, curve)
    elif primaries == 12 and transfer in SRGB_LIKE:
        found.profile = profiles.DISPLAY_P3()
    else:
        white = DCI_WHITE if primaries == 11 else profiles.D65
        found.profile = profiles.rgb(name, PRIMARIES[primaries], white, curve)
    found.profile_from = "its code points"
    return True


def _curve(transfer: int) -> bytes | None:
    if transfer in SRGB_LIKE:
        return profiles.parametric(*profiles.SRGB_CURVE)
    if transfer in GAMMAS:
        return profiles.gamma(GAMMAS[transfer])
    if transfer == PQ:
        return profiles.table([_pq(step / (STEPS - 1)) / WHITE_NITS for step in range(STEPS)])
    if transfer == HLG:
        return profiles.table([_hlg(step / (STEPS - 1)) / _hlg(HLG_WHITE) for step in range(STEPS)])
    return None


def _pq(value: float) -> float:
    """The light of a value of SMPTE ST 2084, in candela a square metre."""
    power = value ** (32 / 2523)
    return 10_000 * (max(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)


def _hlg(value: float) -> float:
    """The light of a value of ITU-R BT.2100's HLG, at the scene."""
    from math import exp

    return value**2 / 3 if value <= 0.5 else (exp((value - 0.55991073) / 0.17883277) + 0.28466892) / 12
