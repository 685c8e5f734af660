"""Progress as bars on a terminal: steps in per cent, files in bytes and rate. Knows no stage's work."""

from __future__ import annotations

from bigart_lib.progress import Progress

STAGES = {  # what the bars call them
    "base": "painting, 64 px",
    "upsample": "upsampling, 256 px",
    "enlarge": "enlarging",
    "texture": "texture",
    "enhance": "enhancing",
    "fetch": "fetching",
    "verify": "verifying",
    "convert": "converting",
}
IN_BYTES = ("fetch", "verify", "convert")
STEPS_BAR = "{desc:>20} {bar:30} {percentage:3.0f} % {elapsed}, {remaining} left"
BYTES_BAR = "{desc:>26} {bar:24} {percentage:3.0f} % of {total_fmt}B, {rate_fmt}, {remaining} left"


class Bars:
    """A report that shows one bar a stage on standard error."""

    def __init__(self) -> None:
        self._bar = None
        self._shows = ("", "")  # stage and name

    def __call__(self, progress: Progress) -> None:
        """Show how far a stage has come."""
        shows = (progress.stage, progress.name)
        if self._bar is None or self._shows != shows:
            self.close()
            self._bar, self._shows = _new_bar(progress), shows
        if progress.stage in IN_BYTES:
            self._bar.total = progress.total
            self._bar.update(progress.step - self._bar.n)  # draws ten times a second at most
        else:
            self._bar.n = 100 * progress.step / progress.total
            self._bar.refresh()
        if progress.step == progress.total:
            self._bar.refresh()
            self.close()

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _new_bar(progress: Progress) -> object:
    from tqdm import tqdm

    title = f"{STAGES[progress.stage]} {progress.name}".strip()
    if progress.stage not in IN_BYTES:
        return tqdm(total=100, desc=title, bar_format=STEPS_BAR)
    return tqdm(
        total=progress.total,
        initial=progress.step,  # so that what arrived on another day does not count into the rate
        desc=title,
        bar_format=BYTES_BAR,
        unit="B",
        unit_scale=True,
    )
