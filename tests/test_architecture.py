"""The rules of the house that a machine can hold: who imports whom, what is light, what is stored."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
LIBRARY = ROOT / "bigart_lib"

ROOMS = (  # a room may use any below it; those of one line do not know one another
    {"__main__"},
    {"cli", "studio"},
    {"series", "gallery"},
    {"runs"},
    {"loading"},
    {"bigart"},
    {"runner", "maker"},
    {"forecast"},
    {"plan"},
    {"printing"},
    {"generate", "enlarge", "finish"},
    {"weights", "pictures"},
    {"text"},
    {"machine", "settings", "progress"},
    {"files", "shapes", "version"},
)
FILES = [path for path in LIBRARY.rglob("*.py") if path != LIBRARY / "__init__.py"]


def _layer(path: Path) -> str:
    return path.relative_to(LIBRARY).with_suffix("").parts[0]


def _imported_layers(path: Path) -> set[str]:
    """Layers that a file imports from, anywhere in it; `bigart_lib` if it imports the package itself."""
    package = ("bigart_lib", *path.relative_to(LIBRARY).parent.parts)
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            source = ".".join((*start, *filter(None, [node.module])))
            names += [f"{source}.{alias.name}" for alias in node.names]
    layers = {_layer(path) for path in FILES}
    parts = [name.split(".") for name in names if name.split(".")[0] == "bigart_lib"]
    return {part[1] if len(part) > 1 and part[1] in layers else "bigart_lib" for part in parts}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_point_down_the_rooms(path):
    room = _layer(path)
    place = next((place for place, rooms in enumerate(ROOMS) if room in rooms), None)
    assert place is not None, f"{path.name} is in no room: give it a job and a place in ROOMS"
    allowed = {room}.union(*ROOMS[place + 1 :])
    upward = _imported_layers(path) - allowed
    assert not upward, f"{path.name} may import {sorted(allowed)} only, not {sorted(upward)}"


@pytest.mark.parametrize("module", ["bigart_lib", "bigart_lib.cli.main"])
def test_import_brings_in_no_heavy_library(module):
    heavy = {"torch", "diffusers", "transformers", "scipy", "ipywidgets", "matplotlib", "ray"}
    code = f"import sys, {module}; print(*{heavy!r} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_no_module_is_called_utils():
    assert not [path for folder in ("bigart_lib", "training") for path in (ROOT / folder).rglob("util*.py")]


def test_notebooks_are_stored_without_outputs():
    for path in (*ROOT.glob("*.ipynb"), *ROOT.glob("docs/**/*.ipynb"), *ROOT.glob("training/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        ran = [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]
        assert not ran, (
            f"{path.name} holds what {len(ran)} cells put out: clear all outputs before storing it"
        )


def test_golden_data_stays_under_a_megabyte():
    assert sum(path.stat().st_size for path in (ROOT / "tests" / "golden").rglob("*")) < 1e6


def test_changelog_begins_with_the_version_of_the_project():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    newest = re.search(r"^## (\d\S*)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == version[1]


def _requirements(name: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line]


def test_every_requirement_is_pinned_within_its_range():
    pins = _requirements("constraints.txt")
    for requirement in _requirements("requirements.txt"):
        exact = [
            next(iter(pin.specifier)).version for pin in pins if pin.name.lower() == requirement.name.lower()
        ]
        assert exact and all(requirement.specifier.contains(version) for version in exact), requirement


@pytest.mark.parametrize("image", ["colab.txt", "colab_oldest.txt"])
def test_requirements_leave_what_colab_has_alone(image):
    asked = {
        requirement.name.lower(): requirement.specifier for requirement in _requirements("requirements.txt")
    }
    pins = [pin for pin in _requirements(f".ci/{image}") if pin.name.lower() in asked and pin.specifier]
    assert len(pins) > 5
    for pin in pins:
        (version,) = (one.version for one in pin.specifier)
        assert asked[pin.name.lower()].contains(version), pin


def _imports_of_the_library(path: Path) -> list[tuple[str, str]]:
    """(module, name) for everything that a script takes from the library."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    froms = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module)
    return [(f.module, alias.name) for f in froms for alias in f.names if f.module.startswith("bigart_lib")]


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "training"])
def test_scripts_beside_the_library_take_only_what_it_has(folder):
    for path in (ROOT / folder).rglob("*.py"):
        for module, name in _imports_of_the_library(path):
            found = importlib.import_module(module)
            is_there = hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}")
            assert is_there, f"{path.relative_to(ROOT)} takes {name} from {module}, which does not have it"
