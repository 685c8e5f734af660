"""The questions that `python -m benchmarks` can ask: a name, what it asks, and how long that takes.

Each is a script with a command line of its own, whose last line is JSON.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What can be asked by its name."""

    name: str
    about: str
    takes: str  # on two cores
    by_default: bool = False  # whether it is asked where none is named
    on_cards: bool = False  # whether it takes --device
    module: str = ""  # where it is no script of its name

    @property
    def command(self) -> list[str]:
        """What Python runs."""
        return ["-m", self.module] if self.module else [f"benchmarks/{self.name}.py"]


QUESTIONS = {
    one.name: one
    for one in (
        Question("candidates", "seven candidates at GLIDE's published size, against the article's way",
                 "10 minutes", True, True),
        Question("enlarge", "enlarging by Real-ESRGAN, against one piece, OpenVINO, spandrel and ncnn",
                 "10 minutes", True, True),
        Question("whole", "the embedded models from a prompt to a 4096 px file, from a cold process",
                 "1 to 3 minutes", True, True),
        Question("start", "how soon BIG.art starts", "1 minute", True),
        Question("preview", "a texture's preview in the studio, against the whole picture", "1 minute", True),
        Question("growth", "seconds and memory with count, size and threads", "6 minutes", True, True),
        Question("generate", "candidates one at a time, against all in one batch", "1 minute", True, True),
        Question("quantise", "VQGAN's codes, against the whole matrix of distances", "1 minute", True),
        Question("files", "writing a large picture in each format, against Pillow", "1 minute", True),
        Question("steps", "scores of pictures with fewer steps", "an hour", False, True),
        Question("upsampler_timesteps", "which timesteps of the published upsampler matter",
                 "1 minute", True),
        Question("enhance", "VQGAN in strips, against one piece", "5 minutes", False, True),
        Question("exact", "a large picture in a memory budget, against crops in one piece", "half an hour"),
        Question("load", "networks of the published size once converted; 5 GB of disk", "10 minutes"),
        Question("forecast", "how near the forecast is to what happens", "15 minutes"),
        Question("gallery", "making and opening a gallery of 1,000 pictures; needs Chromium", "3 minutes"),
        Question("studio", "how soon the studio answers in a browser; needs Chromium", "5 minutes"),
        Question("sitting", "whether a long sitting in the studio grows", "15 minutes"),
        Question("series", "a series on one machine, and simulated on a thousand", "10 minutes"),
        Question("kills", "runs that are killed and go on", "20 minutes"),
        Question("faults", "1,400 faults, and what survives them", "an hour", module="benchmarks.faults"),
    )
}  # fmt: skip
