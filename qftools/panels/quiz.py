"""Three questions at the end of a lesson, whose answers are checked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from ipywidgets import HTML, Button, VBox

from qftools.errors import InputError
from qftools.locale import text as _
from qftools.markup import el
from qftools.panels import kept
from qftools.panels.panel import Panel, card, tell
from qftools.texts import read_table


@cache
def lessons() -> dict[str, dict[str, Any]]:
    """Return every lesson by its number, as ``lessons.json`` has it.

    Example:
        >>> len(lessons()["01"]["questions"])
        3
    """
    read: dict[str, dict[str, Any]] = read_table(Path(__file__).with_name("lessons.json"))
    return read


class Quiz(Panel):
    """The questions of one lesson; every answer says why it is right or wrong.

    Args:
        lesson: The lesson's number, ``"01"``.

    Raises:
        InputError: There is no such lesson.

    Example:
        >>> quiz = Quiz("01")
        >>> [quiz.answer(number, row["right"]) for number, row in enumerate(quiz.questions)]
        [True, True, True]
        >>> quiz.as_text()
        'Quiz 01: 3 of 3'
    """

    def __init__(self, lesson: str) -> None:
        if lesson not in lessons():
            raise InputError(
                "lesson",
                "is {value!r}",
                "one of {known}",
                value=lesson,
                known=", ".join(lessons()),
            )
        self.lesson = lesson
        self.questions: list[dict[str, Any]] = lessons()[lesson]["questions"]
        self.given: list[int | None] = [None] * len(self.questions)
        self.head, self.score = HTML(), HTML()
        self.asks = [HTML() for _question in self.questions]
        self.whys = [HTML() for _question in self.questions]
        self.choices = [[Button() for _choice in row["choices"]] for row in self.questions]
        boxes = []
        for number, buttons in enumerate(self.choices):
            for place, button in enumerate(buttons):
                button.add_class("qf-choice")
                self.on_press(button, self._choose(number, place))
            boxes.append(VBox([self.asks[number], *buttons, self.whys[number]]))
        super().__init__(self.head, *boxes, self.score)

    def answer(self, question: int, choice: int) -> bool:
        """Answer a question, both counted from 0; returns whether that is right."""
        self.given[question] = choice
        if all(map(self._right, range(len(self.questions)))):
            kept.note(self.lesson, kept.QUIZ)
        self._shown_again()
        return self._right(question)

    def _choose(self, question: int, choice: int) -> Callable[[], None]:
        def choose() -> None:
            self.answer(question, choice)

        return choose

    def _right(self, question: int) -> bool:
        right: int = self.questions[question]["right"]
        return self.given[question] == right

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.head, el("h3", _("Three questions")))
        for number, row in enumerate(self.questions):
            tell(self.asks[number], el("p", el("strong", f"{number + 1}. {row['ask'].say()}")))
            for place, button in enumerate(self.choices[number]):
                button.description = row["choices"][place].say()
                chosen = self.given[number] == place
                (button.add_class if chosen else button.remove_class)("qf-on")
            self._tell_why(number)
        right = sum(self._right(number) for number in range(len(self.questions)))
        answered = sum(given is not None for given in self.given)
        said = _("{right} of {count} right").format(right=right, count=len(self.questions))
        tell(self.score, el("p", said if answered else "", cls="qf-dim", role="status"))

    def _tell_why(self, number: int) -> None:
        if self.given[number] is None:
            tell(self.whys[number])
            return
        right = self._right(number)
        word = _("Correct. ") if right else _("Wrong. ")
        why = self.questions[number]["why"][self.given[number]].say()
        tell(self.whys[number], card("ok" if right else "bad", el("strong", word), why))

    def as_text(self) -> str:
        """Return how many are right."""
        right = sum(self._right(number) for number in range(len(self.questions)))
        return f"Quiz {self.lesson}: {right} of {len(self.questions)}"

    def as_html(self) -> str:
        """Return the questions with their choices."""
        return el(
            "ol",
            *[
                el(
                    "li",
                    row["ask"].say(),
                    el("ul", *[el("li", choice.say()) for choice in row["choices"]]),
                )
                for row in self.questions
            ],
        )
