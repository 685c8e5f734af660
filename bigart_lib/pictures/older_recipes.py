"""Recipes as older versions wrote them, in the words of this one."""

from __future__ import annotations

TIMESTEPS = "upsampler_timesteps"


def modern(values: dict) -> dict:
    """Put what the versions before 0.7 called otherwise where it is now."""
    old = {name: values.pop(name) for name in ("version", "device", "torch", "pixels") if name in values}
    pixels = old.pop("pixels", None)
    if old:
        values["machine"] = {{"version": "bigart"}.get(name, name): value for name, value in old.items()}
    if pixels:
        values["steps"] = {str(values.get("stage")): pixels}
    return _with_open_settings(values)


def _with_open_settings(values: dict) -> dict:
    """Say what the versions before 0.12 did not let anybody choose, and always did in one way."""
    made_by, sampling = values.get("generate"), values.get("sampling")
    if isinstance(made_by, dict) and isinstance(sampling, dict) and TIMESTEPS in sampling:
        values["sampling"] = {name: one for name, one in sampling.items() if name != TIMESTEPS}
        values["generate"] = {"guided": 1.0, "spacing": "even", TIMESTEPS: sampling[TIMESTEPS], **made_by}
    return values
