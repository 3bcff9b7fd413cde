"""The report: the mistakes of an integration on the sandbox, live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, Button

from qftools.locale import language, mark
from qftools.locale import text as _
from qftools.markup import Markup, el
from qftools.panels import stage
from qftools.panels.panel import Panel, card, row, tell
from qftools.sandbox import Sandbox
from qftools.sandbox.report.report import of_finding

if TYPE_CHECKING:
    from qftools.tap import Tap

_GRADES = {
    "danger": (mark("Danger: money can be lost or charged twice."), "bad"),
    "warning": (mark("It works only in normal cases."), "wait"),
    "note": (mark("Minor."), "info"),
    "clean": (mark("No mistakes found."), "ok"),
}


class Report(Panel):
    """The mistakes that the sandbox found, the most serious first.

    Other panels of the same sandbox keep it current; the button looks again after calls
    that were made elsewhere.

    Args:
        sandbox: Whose report; a tap's says what passed there.

    Example:
        >>> Report(Sandbox()).as_text()
        'Report: clean'
    """

    def __init__(self, sandbox: Sandbox | Tap) -> None:
        self.sandbox = sandbox
        self.title, self.list = HTML(), HTML()
        self.again = Button()
        super().__init__(self.title, row(self.again), self.list)
        self.on_press(self.again, lambda: None)
        stage.watch(sandbox, self._shown_again)

    def show(self) -> None:
        """Write everything in the language in use."""
        report = self.sandbox.report()
        tell(self.title, el("h3", _("Mistakes of the integration")))
        self.again.description = _("Refresh")
        said, tone = _GRADES[report.grade]
        count = _("{count} calls checked.").format(count=report.looked)
        tell(
            self.list,
            el("div", card(tone, el("strong", _(said)), " ", count), role="status"),
            *[finding_card(of_finding(finding)) for finding in report.findings],
        )

    def as_text(self) -> str:
        """Return the grade and the rules that were broken."""
        report = self.sandbox.report()
        return "\n".join([f"Report: {report.grade}", *report.broken()])

    def as_html(self) -> str:
        """Return the findings."""
        self._shown_again()
        return str(self.list.value)


def finding_card(found: Mapping[str, Any]) -> Markup:
    """Return a finding, as `of_finding` writes it, in the language in use."""
    spoken = language()
    return card(
        _GRADES[found["grade"]][1],
        el("p", el("strong", found["title"][spoken]), " ", _order(found["order"])),
        el("p", found["detail"][spoken]),
        el("p", found["why"][spoken], cls="qf-small"),
        el("p", el("strong", _("Next: ")), found["advice"][spoken]),
        el("p", f"[{found['source']}]", cls="qf-small qf-dim"),
    )


def _order(number: str) -> Markup | None:
    return el("code", number) if number else None
