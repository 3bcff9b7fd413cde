"""How far a reader has come in the lessons."""

from __future__ import annotations

from ipywidgets import HTML, Button

from qftools.exam.missions import missions
from qftools.locale import text as _
from qftools.markup import Markup, el
from qftools.panels import kept
from qftools.panels.panel import Panel, row, tell
from qftools.panels.quiz import lessons


class Progress(Panel):
    """Each lesson with its questions and missions, and what of them is done.

    Example:
        >>> Progress().as_text()
        'Progress: 0 of 14'
    """

    def __init__(self) -> None:
        self.head, self.table = HTML(), HTML()
        self.again = Button()
        super().__init__(self.head, self.table, row(self.again))
        self.on_press(self.again, lambda: None)

    def show(self) -> None:
        """Write everything in the language in use."""
        done, place = kept.read(), kept.place()
        said = _("{done} of {count} lessons done").format(done=_done(done), count=len(lessons()))
        where = (
            _("Kept in {file}, on this machine alone.").format(file=kept.FILE)
            if place
            else _("Not kept: there is no index page of the lessons in this folder.")
        )
        tell(self.head, el("h3", said))
        heads = ("", _("Lesson"), _("Questions"), _("Missions"))
        tell(
            self.table,
            el(
                "table",
                el("thead", el("tr", *(el("th", head, scope="col") for head in heads))),
                el("tbody", *(_row(number, done.get(number, [])) for number in lessons())),
            ),
            el("p", where, cls="qf-small qf-dim"),
        )
        self.again.description = _("Refresh")

    def as_text(self) -> str:
        """Return how many lessons are done."""
        return f"Progress: {_done(kept.read())} of {len(lessons())}"

    def as_html(self) -> str:
        """Return the table."""
        return str(self.table.value)


def _wanted(number: str) -> list[str]:
    """What there is to do in a lesson."""
    own = [one for one in missions().values() if one.lesson == number]
    return [kept.QUIZ, *(kept.mission(one.id) for one in own)]


def _done(done: dict[str, list[str]]) -> int:
    return sum(set(_wanted(number)) <= {*done.get(number, [])} for number in lessons())


def _row(number: str, done: list[str]) -> Markup:
    quiz, *own = _wanted(number)
    right = sum(one in done for one in own)
    return el(
        "tr",
        el("td", number),
        el("td", lessons()[number]["title"].say()),
        el("td", "✓" if quiz in done else "–"),
        el("td", f"{right}/{len(own)}" if own else ""),
    )
