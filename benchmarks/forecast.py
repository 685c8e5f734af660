"""How near the forecast is to what happens: whole runs of the embedded models, each in a process of its own.

    python benchmarks/forecast.py [--rounds 2] [--sizes 256 1024 4096]

The first round knows nothing but a probe of the machine; the others know what the rounds before took. The
last line is JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHILD = """
import sys, time
from dataclasses import replace
from pathlib import Path
import bigart_lib
from bigart_lib.runs.run import Run
size, enhance, folder = int(sys.argv[1]), sys.argv[2] == "True", Path(sys.argv[3])
bigart = bigart_lib.load("embedded")
settings = bigart_lib.PaintSettings(size=size, enhance=enhance)
recipe = bigart.recipe("sunset over a lake", bigart_lib.GenerateSettings(seed=1))
steps = [step for index in range(1, 7) for step in bigart.plan(replace(recipe, index=index))]
steps += bigart.plan(replace(recipe, index=0, paint=settings if size > 256 else None))
forecast = bigart.forecast(steps)
began = time.perf_counter()
run = Run.new(folder, "forecast", recipe)
run.paint_candidates(bigart)
if size > 256:
    run.paint(bigart, 0, settings)
print(forecast.seconds, time.perf_counter() - began)
"""


def measure(size: int, enhance: bool, folder: str) -> tuple[float, float]:
    """Seconds, forecast and actual, of one run."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BIGART_CACHE": f"{folder}/cache"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(size), str(enhance), f"{folder}/pictures"],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    forecast, actual = map(float, done.stdout.split())
    return forecast, actual


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sizes", type=int, nargs="+", default=[256, 1024, 4096])
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(1, options.rounds + 1):
            for size in options.sizes:
                for enhance in (False, True) if size > 256 else (False,):
                    forecast, actual = measure(size, enhance, folder)
                    rows.append([number, size, enhance, round(forecast, 1), round(actual, 1)])
                    with_vqgan = ", VQGAN" if enhance else ""
                    print(
                        f"round {number}, {size} px{with_vqgan}: forecast {forecast:.1f} s, "
                        f"actual {actual:.1f} s, forecast / actual {forecast / actual:.2f}",
                        flush=True,
                    )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
