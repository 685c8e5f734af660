"""Settings that an artist has saved under names, in a file in the folder of the pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import ipywidgets

from bigart_lib.files import read_text, set_aside, write_text
from bigart_lib.pictures.recipe import load_json
from bigart_lib.printing.settings import PrintSettings
from bigart_lib.settings import GenerateSettings, PaintSettings, TextureSettings
from bigart_lib.studio import parts
from bigart_lib.text import in_words, shown

FILE = "presets.json"
FORMAT = 1
GENERATOR = "generator"  # its name stands beside the parts below
KINDS = {"generate": GenerateSettings, "paint": PaintSettings, "print": PrintSettings}
NOT_KEPT = {
    "generate": {"seed", "near", "distance"},
    "paint": {"fit"},
    "print": {"seed"},
}  # of one picture alone
LONGEST_FILE = 1_000_000  # bytes
LONGEST_NAME = 60  # characters
MOST = 200
NOTHING = "choose …"

Settings = Mapping[str, Any]  # of "generate", "paint" and "print" values by their names; "generator": a name


class Presets:
    """Offers what was saved, and saves what is chosen now.

    Parameters
    ----------
    folder : of the pictures.
    take : shows settings that were saved: of each part only those that are there. Raises a ValueError where
        that cannot be.
    give : the settings that are chosen now.
    guard : wraps what a widget calls, so that errors are shown.
    """

    def __init__(
        self, folder: Path, take: Callable[[Settings], None], give: Callable[[], Settings], guard: parts.Guard
    ) -> None:
        self._path, self._take, self._give = Path(folder) / FILE, take, give
        self._deleted: tuple[str, Any] | None = None
        self.choice = ipywidgets.Dropdown(options=[NOTHING], description="Preset")
        self.choice.observe(guard(lambda change: self._choose(change["new"])), names="value")
        self.name = ipywidgets.Text(placeholder="a name for these settings", description="Name")
        self.save = parts.button("Save as", guard(self._save), tooltip="save the settings under this name")
        self.rename = parts.button("Rename", guard(self._rename), tooltip="give the preset this name")
        self.delete = parts.button("Delete", guard(self._delete), tooltip="delete the preset")
        self.undo = parts.button("Undo", guard(self._undo), tooltip="take the deleted preset back")
        self.words = parts.text("", "bigart-note", "bigart-preset-words")
        row = [self.choice, self.name, self.save, self.rename, self.delete, self.undo]
        self.widget = parts.column(
            parts.row(*row, classes=["bigart-preset-row"]), self.words, classes=["bigart-presets"]
        )
        self._shows = False  # whether the widgets are being set here
        self._offer(NOTHING, self._read()[1])

    def names(self) -> list[str]:
        """What can be chosen."""
        return [*self._read()[0]]

    def _choose(self, name: str | None) -> None:
        if self._shows or name in (None, NOTHING):
            return
        found, problem = self._read()
        if name not in found:
            self._offer(NOTHING, problem or f"{name} is not there any more.")
            return
        settings, problems = checked(found[name])
        try:
            self._take(settings)
        except ValueError as error:
            self._offer(NOTHING, f"{name} was not taken: {in_words(error)}.")
            return
        self.name.value = name
        told = [f"{name} is chosen.", *(f"Not taken: {one}." for one in problems)]
        self._offer(name, " ".join(told))

    def _save(self) -> None:
        name, (found, problem) = self._named(), self._read(to_change=True)
        if len(found) >= MOST and name not in found:
            raise ValueError(f"there are {MOST} presets already: delete one first")
        words = f"{name} is saved{' in place of the one before' if name in found else ''}."
        self._write({**found, name: plain(self._give())})
        self._offer(name, f"{problem} {words}".strip())

    def _rename(self) -> None:
        name, (found, _) = self._named(), self._read(to_change=True)
        before = self._chosen(found)
        if name != before and name in found:
            raise ValueError(f"there is a preset {name!r} already: choose another name")
        self._write({name if one == before else one: values for one, values in found.items()})
        self._offer(name, f"{before} is called {name} now.")

    def _delete(self) -> None:
        found, _ = self._read(to_change=True)
        name = self._chosen(found)
        self._deleted = name, found.pop(name)
        self._write(found)
        self._offer(NOTHING, f"{name} is deleted.")

    def _undo(self) -> None:
        name, values = self._deleted
        found, _ = self._read(to_change=True)
        self._deleted = None
        self._write({**found, name: found.get(name, values)})
        self._offer(name, f"{name} is back.")

    def _chosen(self, found: Mapping[str, Any]) -> str:
        if self.choice.value not in found:
            raise ValueError("no preset is chosen: choose one first")
        return self.choice.value

    def _named(self) -> str:
        name = " ".join(shown(self.name.value).split())
        if not name or len(name) > LONGEST_NAME or name == NOTHING:
            raise ValueError(f"a preset needs a name of at most {LONGEST_NAME} letters: type one beside it")
        return name

    def _offer(self, chosen: str, words: str) -> None:
        found, self._shows = self._read()[0], True
        self.choice.options = [NOTHING, *found]
        self.choice.value = chosen if chosen in found else NOTHING
        self._shows = False
        is_chosen = self.choice.value != NOTHING
        self.rename.disabled = self.delete.disabled = not is_chosen
        if self._deleted and chosen != NOTHING:
            self._deleted = None
        parts.show(self.undo, self._deleted is not None)
        self.words.value = parts.escape(words)
        parts.show(self.words, bool(words))

    def _read(self, to_change: bool = False) -> tuple[dict[str, Any], str]:
        """What was saved, and what is wrong with the file; a damaged one is set aside.

        Raises
        ------
        OSError
            Where the file is to be changed, and cannot even be read.
        """
        try:
            values = load_json(read_text(self._path, LONGEST_FILE), "a file of presets")
            found = values.get("presets")
            if values.get("format") != FORMAT or not isinstance(found, dict):
                raise ValueError(f"expected presets of format {FORMAT}")
            return {str(name): one for name, one in found.items() if name.strip()}, ""
        except FileNotFoundError:
            return {}, ""
        except OSError as error:
            if to_change:
                raise
            return {}, f"Presets cannot be read: {in_words(error)}."
        except (ValueError, RecursionError) as error:
            set_aside(self._path)
            return {}, f"{FILE} could not be read ({in_words(error)}): it is kept beside it, as set aside."

    def _write(self, found: Mapping[str, Any]) -> None:
        text = json.dumps({"format": FORMAT, "presets": found}, indent=1)
        write_text(self._path, text, replace=True)


def plain(settings: Settings) -> dict[str, Any]:
    """Settings as what a file keeps, without what belongs to one picture."""
    return {
        part: {name: _plain(value) for name, value in values.items() if name not in NOT_KEPT[part]}
        if part in KINDS
        else values
        for part, values in settings.items()
    }


def checked(saved: Any) -> tuple[dict[str, Any], list[str]]:
    """The settings of a preset that can be taken, and what is wrong with the others, in sentences."""
    if not isinstance(saved, dict):
        return {}, [f"the preset must be an object, not {type(saved).__name__}"]
    unknown = [part for part in saved if part not in (GENERATOR, *KINDS)]
    settings, problems = {}, [f"nothing is called {shown(part)[:LONGEST_NAME]}" for part in unknown]
    if isinstance(saved.get(GENERATOR), str) and saved[GENERATOR]:
        settings[GENERATOR] = saved[GENERATOR]
    elif GENERATOR in saved:
        problems.append("generator must be a name")
    for part in (part for part in KINDS if part in saved):
        settings[part], wrong = _part(part, saved[part])
        problems += wrong
    return settings, problems


def _part(part: str, saved: Any) -> tuple[dict[str, Any], list[str]]:
    """The settings of one part, and what is wrong with the others."""
    if not isinstance(saved, dict):
        return {}, [f"{part} must be an object"]
    kind, taken, problems = KINDS[part], {}, []
    known = {one.name for one in fields(kind)} - NOT_KEPT[part]
    for name, value in saved.items():
        if name not in known:
            problems.append(f"no setting of {part} is called {shown(name)[:LONGEST_NAME]}")
            continue
        try:
            value = TextureSettings(**value) if name.startswith("texture_") and part == "paint" else value
            kind(**{**taken, name: value})
        except (ValueError, TypeError, OverflowError) as error:
            problems.append(in_words(error))
        else:
            taken[name] = value
    return taken, problems


def _plain(value: Any) -> Any:
    if isinstance(value, TextureSettings):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    return value
