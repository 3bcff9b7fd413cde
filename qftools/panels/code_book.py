"""The code book: what a response code means, whether the payer may have been charged, what to do
next."""

from __future__ import annotations

from ipywidgets import HTML, Dropdown, Text

from qftools import catalogue
from qftools.catalogue import Code
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels.panel import Panel, card, field, named, relabel, row, tell

_KINDS = {
    "success": (mark("success"), "ok"),
    "progress": (mark("in progress"), "wait"),
    "failure": (mark("refused, final"), "info"),
    "unknown": (mark("outcome unknown"), "bad"),
    "caller": (mark("mistake in the request or the account"), "info"),
}
_MONEY = {
    "yes": mark("The payer has been charged."),
    "no": mark("The payer was not charged."),
    "maybe": mark("The payer may have been charged."),
}
_ENDPOINTS = {
    "": mark("any call"),
    "payment": "payment",
    "query": "query",
    "reversal": "reversal",
    "close": "close",
    "refund": "refund",
}
_AT_ONCE = 6


class CodeBook(Panel):
    """Type a code or words; read what it means where you got it, and what to call next.

    Args:
        search: What to begin with.
        endpoint: The call that answered it: a code can mean different things.

    Example:
        >>> CodeBook("1143").as_text()
        '1143 progress'
        >>> CodeBook("1297", "close").as_text()
        '1297 failure'
    """

    def __init__(self, search: str = "", endpoint: str = "") -> None:
        self.search = Text(value=search)
        self.endpoint = Dropdown(options=named(_ENDPOINTS), value=endpoint)
        self.title, self.result = HTML(), HTML()
        super().__init__(self.title, row(field(self.search), field(self.endpoint)), self.result)
        for widget in (self.search, self.endpoint):
            self.on_change(widget, lambda: None)

    def found(self) -> list[Code]:
        """Return the codes that fit, as they read on the chosen call."""
        words = self.search.value.lower().split()
        where = self.endpoint.value
        return [
            code.on(where) if where else code
            for code in catalogue.codes().values()
            if all(word in _said(code) for word in words)
            and (not where or where in code.endpoints or "*" in code.endpoints or where in code.at)
        ]

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.title, el("h3", _("What does this code mean?")))
        self.search.description = _("Code or words")
        self.search.placeholder = _("1143, signature, expired …")
        self.endpoint.description = _("Answered by")
        relabel(self.endpoint, named(_ENDPOINTS))
        tell(self.result, self._result())

    def _result(self) -> Markup:
        found = self.found()
        typed = self.search.value.strip()
        if not found:
            return join(
                el("p", _("No source lists {code}.").format(code=typed or "…")),
                card("bad", _("Treat it as “outcome unknown”: query before anything else.")),
            )
        if len(found) <= _AT_ONCE:
            return join(*[_entry(code) for code in found])
        count = _("{count} codes").format(count=len(found))
        return join(el("p", count, cls="qf-dim qf-small", role="status"), _table(found))

    def as_text(self) -> str:
        """Return one line per code: the code and how to read it."""
        return "\n".join(f"{code.code} {code.kind}" for code in self.found())

    def as_html(self) -> str:
        """Return what is found."""
        return self._result()


def _entry(code: Code) -> Markup:
    name, tone = _KINDS[code.kind]
    again = (
        _("The same call may be sent again.")
        if code.ask_again_safe
        else _("Do not send the same call again.")
    )
    elsewhere = [
        el(
            "li",
            el("code", where),
            " ",
            reading.meaning.say(),
            " · ",
            _(_KINDS[reading.kind][0]),
        )
        for where, reading in code.at.items()
        if (reading.meaning, reading.kind) != (code.meaning, code.kind)
    ]
    was = code.was.say() if code.was else ""
    return card(
        tone,
        el(
            "p",
            el("span", code.code, cls="qf-verdict"),
            "  ",
            code.meaning.say(),
            "  ",
            el("span", _(name), cls=f"qf-tag qf-{tone}"),
        ),
        el("p", el("strong", _(_MONEY[code.money_moved])), " ", again),
        el("p", el("strong", _("Next: ")), code.advice.say()),
        el("ul", *elsewhere, cls="qf-small") if elsewhere else None,
        el("p", _("In older documents: "), was, cls="qf-small") if was else None,
        el("p", f"[{code.source}] {' '.join(code.dispute)}", cls="qf-small qf-dim"),
    )


def _table(found: list[Code]) -> Markup:
    head = [_("Code"), _("Meaning"), _("Read it as"), _("Charged")]
    rows = [
        el(
            "tr",
            el("td", el("code", code.code)),
            el("td", code.meaning.say()),
            el(
                "td",
                el("span", _(_KINDS[code.kind][0]), cls=f"qf-{_KINDS[code.kind][1]}"),
                data_label=head[2],
            ),
            el("td", _(_MONEY[code.money_moved]), data_label=head[3]),
        )
        for code in found
    ]
    return el(
        "div",
        el(
            "table",
            el("thead", el("tr", *[el("th", name, scope="col") for name in head])),
            el("tbody", *rows),
            cls="qf-stack",
        ),
        cls="qf-scroll",
        tabindex="0",
        role="region",
        aria_label=_("Response codes"),
    )


def _said(code: Code) -> str:
    readings = [code, *code.at.values()]
    words = [code.code, code.kind]
    for reading in readings:
        words += [reading.meaning.zh, reading.meaning.en, reading.advice.zh, reading.advice.en]
    return " ".join(words).lower()
