"""The signing panel: fields, the text that is signed, the signature, and ways to break it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count

from ipywidgets import HTML, Button, Dropdown, HBox, Text, VBox

from qftools.diagnosis.visible import BLANK, visible
from qftools.exchange.redaction import redactor_for
from qftools.exchange.shown import Shown, ShownExchange
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels.panel import Panel, columns, field, main_button, row, tell
from qftools.panels.signing_desk import asked
from qftools.panels.typed import Secret
from qftools.sandbox.replaying import WAYS, Pairs
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.sequence import reading
from qftools.signing import Algorithm, canonical, sign

EXAMPLE: dict[str, str] = {
    "pay_type": "800101",
    "txamt": "2500",
    "txcurrcd": "HKD",
    "out_trade_no": "A0001",
    "txdtm": "2026-01-05 10:00:00",
    "goods_name": "红茶 tea & cake",
}
"""A payment as it might be typed: not sorted, with a blank, Chinese and an ampersand."""

_MARK = re.compile(f"(⟨[^⟩]*⟩|{BLANK})")
_PROGRAMS = ("curl", "python", "php", "java", "node")
_ALGORITHMS: tuple[Algorithm, ...] = ("MD5", "SHA256")
_MARKED = "background:var(--qf-info-bg);box-shadow:0 0 0 2px var(--qf-info)"
_KEY = "qf-line-key"
_RULES = (
    mark("Sorted by name in ASCII order, upper case before lower case."),
    mark("Plain values: URL-encode only for the transport."),
    mark("The key is appended directly, and never sent."),
)


class _Line(HBox):  # type: ignore[misc]
    """The fields of one parameter.

    Attributes:
        name: The class by which the style sheet knows it and its place in the signed text.
    """

    name = ""


class Signing(Panel):
    """Edit the fields and watch the signed text grow; break it and read the gateway's answer.

    Args:
        params: The fields to begin with.
        key: The client key; the sandbox's own when left out. It stays in this panel.
        algorithm: MD5 or SHA256.

    Example:
        >>> panel = Signing({"txamt": "100", "mchid": "ZaMVg12345", "txcurrcd": "HKD"}, "abcd1234")
        >>> panel.signature
        '3CB3AA9C21D818AB4CAFAA8FA3FEACF4'
        >>> panel.ways["unsorted"].click()
        >>> "1108" in panel.answer.value
        True
    """

    def __init__(
        self,
        params: Mapping[str, str] | None = None,
        key: str = CLIENT_KEY,
        algorithm: Algorithm = "MD5",
    ) -> None:
        self.tried = ""
        self.exchange: ShownExchange | None = None
        self.title, self.text, self.order, self.answer = HTML(), HTML(), HTML(), HTML()
        self.joined = HTML()
        self.joined.add_class("qf-style")
        self._lines = count(1)
        self.fields = VBox()
        self.add = Button()
        self.key = Secret(key)
        self.algorithm = Dropdown(options=_ALGORITHMS, value=algorithm)
        self.program = Dropdown(options=_PROGRAMS, value="curl")
        self.source = HTML()
        self.ways = {name: main_button() if name == "right" else Button() for name in WAYS}
        super().__init__(
            self.joined,
            self.title,
            columns(
                VBox([self.fields, row(self.add)]),
                VBox([row(field(self.key, "qf-mono", _KEY), field(self.algorithm)), self.text]),
            ),
            self.order,
            row(*self.ways.values()),
            self.answer,
            row(field(self.program)),
            self.source,
        )
        for name, value in (EXAMPLE if params is None else params).items():
            self._add_row(name, value)
        self.on_press(self.add, lambda: self._add_row("", ""))
        self.on_change(self.key, self._edited)
        self.on_change(self.algorithm, self._edited)
        self.on_change(self.program, lambda: None)
        for name, button in self.ways.items():
            self.on_press(button, self._try(name))
        self._shown_again()

    @property
    def pairs(self) -> Pairs:
        """The fields as typed, those without a name left out."""
        typed = [(line.children[0].value, line.children[1].value) for line in self.fields.children]
        return tuple((name, value) for name, value in typed if name)

    @property
    def signature(self) -> str:
        """The right signature, upper-case hexadecimal."""
        return sign(self.pairs, self.key.secret, self.algorithm.value)

    # ---- what the reader does -------------------------------------------------------

    def _add_row(self, name: str, value: str) -> None:
        line = _Line(
            [Text(value=name), Text(value=value), Button(description="↑"), Button(description="×")]
        )
        line.name = f"qf-line-{next(self._lines)}"
        line.add_class("qf-pair")
        line.add_class(line.name)
        self.fields.children = (*self.fields.children, line)
        for widget in line.children[:2]:
            widget.add_class("qf-mono")
            self.on_change(widget, self._edited)
        self.on_press(line.children[2], lambda: self._move_up(line))
        self.on_press(line.children[3], lambda: self._remove(line))

    def _move_up(self, line: HBox) -> None:
        lines = list(self.fields.children)
        place = lines.index(line)
        if place:
            lines[place - 1 : place + 1] = [line, lines[place - 1]]
            self.fields.children = tuple(lines)
        self._edited()

    def _remove(self, line: HBox) -> None:
        self.fields.children = tuple(kept for kept in self.fields.children if kept is not line)
        self._edited()

    def _edited(self) -> None:
        self.tried, self.exchange = "", None

    def _try(self, name: str) -> Callable[[], None]:
        def send() -> None:
            self.tried = name
            self.exchange = asked(
                "payment", self.pairs, WAYS[name], self.key.secret, self.algorithm.value
            )

        return send

    # ---- what the reader sees -------------------------------------------------------

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.title, el("h3", _("Sign a request")))
        self.add.description = _("Add a field")
        self.key.description = _("Client key (stays here)")
        self.algorithm.description = _("Algorithm")
        for line in self.fields.children:
            name, value, up, remove = line.children
            name.placeholder, value.placeholder = _("name"), _("value")
            name.description = _("Name of a field")
            value.description = _("Value of {name}").format(name=name.value or "…")
            up.tooltip = _("Move {name} up").format(name=name.value or "…")
            remove.tooltip = _("Remove {name}").format(name=name.value or "…")
        for key, button in self.ways.items():
            button.description = _(WAYS[key].words)
            button.tooltip = _(WAYS[key].why)
        tell(
            self.joined, el("style", Markup("".join(map(_joined, [*self._names_of_lines(), _KEY]))))
        )
        tell(self.text, self._signed_text())
        names = [name for name, _value in sorted(self.pairs)]
        tell(
            self.order,
            el("p", _("Order of signing: "), el("code", " → ".join(names))),
            el("ul", *[el("li", _(rule)) for rule in _RULES], cls="qf-small"),
        )
        tell(self.answer, self._answer())
        self.program.description = _("The same request as a program")
        tell(self.source, self._program())

    def _signed_text(self) -> Markup:
        key = _("the client key")
        masked = el("span", "•" * 8, cls=f"qf-place {_KEY} qf-info", title=key, tabindex="0")
        return join(
            el("h4", _("The text that is signed")),
            el("pre", *self._parts(), masked, cls="qf-code"),
            el("h4", _("The two headers")),
            el(
                "pre",
                f"X-QF-SIGN: {self.signature}\nX-QF-SIGNTYPE: {self.algorithm.value}",
                cls="qf-code",
            ),
        )

    def _names_of_lines(self) -> list[str]:
        """The class by which the style sheet knows each line of fields that has a name."""
        return [line.name for line in self.fields.children if line.children[0].value]

    def _parts(self) -> list[Markup]:
        """The signed text, cut into the places of the fields where it can be shown as it is."""
        whole = canonical(self.pairs)
        shown = self._may_be_shown(whole)
        # Sorted as the text is; a line that is not signed has no place in it.
        lines = sorted(
            zip(self.pairs, self._names_of_lines(), strict=True), key=lambda line: line[0][0]
        )
        places = [(text, name) for pair, name in lines if (text := canonical([pair]))]
        if shown != whole or "&".join(text for text, _name in places) != whole:
            return _with_marks(shown)
        parts: list[Markup] = []
        for text, name in places:
            place = el("span", *_with_marks(text), cls=f"qf-place {name}", tabindex="0")
            parts += [Markup("&amp;"), place] if parts else [place]
        return parts

    def _may_be_shown(self, text: str) -> Shown:
        return redactor_for(frozenset({self.key.secret})).text(text)

    def _program(self) -> Markup:
        exchange = asked(
            "payment", self.pairs, WAYS["right"], self.key.secret, self.algorithm.value
        )
        program = self.program.value
        source = (
            exchange.as_curl() if program == "curl" else exchange.as_source(program, resign=True)
        )
        return el(
            "details",
            el("summary", _("Show it, to copy")),
            el("pre", source, cls="qf-code"),
        )

    def _answer(self) -> Markup:
        if self.exchange is None:
            return el("p", _("Send it to the sandbox, signed correctly or with a mistake."))
        way, body = WAYS[self.tried], reading(self.exchange)
        respcd = str(body.get("respcd", ""))
        tone = "ok" if respcd == "0000" else "bad" if respcd == "1108" else "wait"
        said = " ".join(str(body.get(name) or "") for name in ("respmsg", "resperr")).strip()
        masked = el("span", "••••••••", cls="qf-info")
        signed = el("code", self._may_be_shown(way.text(self.pairs)), masked)
        return el(
            "div",
            el("p", el("span", respcd, cls="qf-verdict"), "  ", said),
            el("p", el("strong", _(way.words)), _(": "), _(way.why)),
            el("p", _("signed: "), signed, cls="qf-small"),
            cls=f"qf-card {tone}",
            role="status",
        )

    def as_text(self) -> str:
        """Return the signed text without the key, the signature, and what was answered."""
        lines = [
            self._may_be_shown(canonical(self.pairs)),
            f"{self.algorithm.value} {self.signature}",
        ]
        if self.exchange is not None:
            lines.append(f"{self.tried}: {reading(self.exchange).get('respcd')}")
        return "\n".join(lines)

    def as_html(self) -> str:
        """Return the signed text and the headers."""
        return Markup(self._signed_text().replace(' tabindex="0"', ""))  # nothing to mark there


def _with_marks(text: str) -> list[Markup]:
    """*text* with the signs that can't be seen made visible."""
    return [
        el("span", piece, cls="qf-ghost") if _MARK.fullmatch(piece) else join(piece)
        for piece in _MARK.split(visible(text))
    ]


def _joined(name: str) -> str:
    """The rules that mark the place of a line's fields while they are used, and the reverse."""
    line, place = f".{name}:not(.qf-place)", f".qf-place.{name}"
    of_line, of_place = f"{line}:is(:hover,:focus-within)", f"{place}:is(:hover,:focus)"
    return (
        f".qf-Signing:has({of_line}) {place},{of_place},"
        f".qf-Signing:has({of_place}) {line} input,{of_line} input{{{_MARKED}}}"
    )
