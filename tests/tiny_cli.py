"""The command line with the tiny set of models, as a process: python tiny_cli.py "signal=15" ARGUMENTS."""

import os
import sys
import tempfile
from pathlib import Path

from tiny_set import write_tiny_set

from bigart_lib.cli.main import main
from bigart_lib.finish.enhancer import VQGANEnhancer
from bigart_lib.weights import sets

models = write_tiny_set(Path(tempfile.mkdtemp()))
sets.SETS["embedded"] = lambda: models
if number := sys.argv[1].partition("=")[2]:
    VQGANEnhancer.enhance = lambda *_: os.kill(os.getpid(), int(number))
raise SystemExit(main(sys.argv[2:]))
