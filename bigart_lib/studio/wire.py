"""Questions of the page's scripts and the kernel's answers, and what the page is told.

A script writes its question into a hidden field, as JSON; the answer comes back as HTML in a hidden widget:
so it works in all front ends. A page asks one question at a time, for a front end may send no more than the
newest value of a field.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import ipywidgets

from bigart_lib.studio import parts

LONGEST = 2_000_000  # characters of a question, which may bring a piece of a file
MIME = {b"\x89PN": "png", b"\xff\xd8\xff": "jpeg", b"RIF": "webp"}  # by the first bytes of a picture


class Answer(NamedTuple):
    """What the kernel answers."""

    data: Mapping[str, Any] = {}  # of what JSON has
    pictures: Mapping[str, bytes] = {}  # PNG, JPEG or WebP files by their names


class Wire:
    """Answers the page.

    Parameters
    ----------
    guard : wraps what a widget calls, so that one thread at a time is in the studio.
    """

    def __init__(self, guard: parts.Guard) -> None:
        self._answers: dict[str, Callable[[dict], Answer]] = {
            "ping": lambda _: Answer(),
            "act": self._prepare,
        }
        self._actions: dict[str, Callable[[dict], None]] = {}
        self._prepared: list[Callable[[], None]] = []
        self._question = parts.named(ipywidgets.Textarea(), "bigart-question")
        self._answer, self._told = parts.text("", "bigart-answer"), parts.text("", "bigart-told")
        self._state: dict[str, Any] = {}
        self._question.observe(guard(lambda change: self._hear(change["new"])), names="value")
        act = parts.button("act", guard(self._act), "bigart-act")
        hidden = [self._question, self._answer, self._told, act]
        self.widget = parts.column(*hidden, classes=["bigart-hidden", "bigart-wire"])

    def answer(self, topic: str, function: Callable[[dict], Answer]) -> None:
        """Let a function answer a topic, given what the page says; what it raises is told in words."""
        self._answers[topic] = function

    def act(self, name: str, function: Callable[[dict], None]) -> None:
        """Let a script begin something that may be long, given what it says; see `bigart.act`.

        In Colab what is begun by a click goes on within it, and a question would be answered at its end only.
        """
        self._actions[name] = function

    def tell(self, **state: Any) -> None:
        """Tell the page a state; of each name it hears the newest value, once, and a new page hears all."""
        changed = {name: value for name, value in state.items() if self._state.get(name) != value}
        if changed:
            self._state.update(changed)
            self._told.value = _element(self._state)

    def _prepare(self, asked: dict) -> Answer:
        self._prepared = [partial(self._actions[asked["name"]], asked.get("data") or {})]
        return Answer()

    def _act(self) -> None:
        while self._prepared:
            self._prepared.pop()()

    def _hear(self, question: str) -> None:
        if not question or len(question) > LONGEST:
            return
        asked = json.loads(question)
        try:
            answer = self._answers[asked["topic"]](asked.get("data") or {})
        except Exception as error:
            answer = Answer({"problem": parts.in_words(error)})
        pictures = "".join(_image(name, data) for name, data in answer.pictures.items())
        self._answer.value = _element({**answer.data, "number": asked["number"]}) + pictures


def _element(data: Mapping[str, Any]) -> str:
    return f'<i data-json="{html.escape(json.dumps(data), quote=True)}"></i>'


def _image(name: str, data: bytes) -> str:
    address = f"data:image/{MIME[data[:3]]};base64,{base64.b64encode(data).decode()}"
    return f'<img data-name="{html.escape(name, quote=True)}" alt="" src="{address}">'
