"""The doctor: paste a failing request and read why it fails, with the proof and the fix."""

from __future__ import annotations

from ipywidgets import HTML, Dropdown

from qftools.diagnosis import Diagnosis, Finding, explain, nouns
from qftools.diagnosis.visible import differences
from qftools.errors import InputError
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels.panel import Panel, card, field, main_button, row, tell
from qftools.panels.typed import Pasted, Secret
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY

EXAMPLE = (
    "curl -X POST http://127.0.0.1:8787/trade/v1/payment \\\n"
    f"  -H 'X-QF-APPCODE: {APP_CODE}' \\\n"
    "  -H 'X-QF-SIGN: 8E02584B02247722D69D3A7F1AB69511' \\\n"
    "  --data-urlencode 'txamt=2500' \\\n"
    "  --data-urlencode 'pay_type=800101' \\\n"
    "  --data-urlencode 'txcurrcd=HKD' \\\n"
    "  --data-urlencode 'out_trade_no=A0001' \\\n"
    "  --data-urlencode 'txdtm=2026-01-05 10:00:00'"
)
"""A request whose fields were signed in the order of sending, with the sandbox's key."""

_SIGNED = {
    "right": (mark("The signature is right."), "ok"),
    "wrong": (mark("The signature is wrong."), "bad"),
    "unchecked": (mark("The signature was not checked: give the client key."), "wait"),
    "absent": (mark("There is no signature."), "wait"),
}
_TONES = {"error": "bad", "warning": "wait", "note": "info"}
_PROOFS = {
    "reproduced": mark("proved: it gives the same signature"),
    "rule": mark("breaks a published rule"),
    "open": mark("not proved"),
}
_LANGUAGES = ("python", "php", "java", "node")


class Doctor(Panel):
    """Paste cURL, HAR, raw HTTP, a log line ...; press; read what is wrong, most important first.

    The key stays in this panel. Nothing is sent.

    Args:
        paste: What to begin with; an example when left out.
        key: The client key; the sandbox's own for the example.

    Example:
        >>> doctor = Doctor()
        >>> doctor.button.click()
        >>> doctor.diagnosis.signature
        'wrong'
    """

    def __init__(self, paste: str = EXAMPLE, key: str = CLIENT_KEY) -> None:
        self.diagnosis: Diagnosis | None = None
        self.title, self.result = HTML(), HTML()
        self.paste = Pasted(paste, key, rows=9)
        self.key = Secret(key)
        self.code = Dropdown(options=_LANGUAGES, value="python")
        self.button = main_button()
        super().__init__(
            self.title,
            row(field(self.paste, "qf-wide", "qf-mono")),
            row(field(self.key, "qf-mono"), field(self.code), self.button),
            self.result,
        )
        self.on_press(self.button, self._diagnose)
        self.on_change(self.code, lambda: None)
        self.on_change(self.paste, self._forget)

    def _diagnose(self) -> None:
        self.diagnosis = None  # an error shall not stand beside an old diagnosis
        self.paste.show(self.paste.text, self.key.secret)
        self.diagnosis = explain(self.paste.text, key=self.key.secret or None)

    def _forget(self) -> None:
        self.diagnosis = None

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.title, el("h3", _("Why does this request fail?")))
        self.paste.description = _("cURL, HAR, raw HTTP, Postman, a log line …")
        self.key.description = _("Client key (stays here)")
        self.code.description = _("Fixes in")
        self.button.description = _("Diagnose")
        tell(self.result, self._result())

    def _result(self) -> Markup:
        diagnosis = self.diagnosis
        if diagnosis is None:
            return Markup("")
        said, tone = _SIGNED[diagnosis.signature]
        parts = [card(tone, el("strong", _(said)), " ", el("code", diagnosis.endpoint))]
        if diagnosis.signed is not None:
            parts.append(_compared(diagnosis))
        parts += [_finding(found, self.code.value) for found in diagnosis.findings]
        if not diagnosis.findings:
            parts.append(el("p", _("No other mistakes found.")))
        return el("div", *parts, role="status")

    def as_text(self) -> str:
        """Return the signature's state and the findings by their names."""
        if self.diagnosis is None:
            return "Doctor: nothing diagnosed"
        names = [f"{found.severity} {found.id}" for found in self.diagnosis.findings]
        return "\n".join([f"Doctor: signature {self.diagnosis.signature}", *names])

    def as_html(self) -> str:
        """Return what the example's diagnosis is, where nothing was diagnosed yet."""
        if self.diagnosis is not None:
            return self._result()
        try:
            preview = explain(self.paste.text, key=self.key.secret or None)
        except InputError:
            return el("pre", self.paste.value)
        return join(
            el("pre", self.paste.value),
            el("ul", *[el("li", found.what.say()) for found in preview.findings]),
        )


def _compared(diagnosis: Diagnosis) -> Markup:
    assert diagnosis.signed is not None
    most = nouns.LONGEST_VISIBLE
    pieces = differences(diagnosis.text[:most], diagnosis.signed[:most])
    return join(
        el("h4", _("What was signed")),
        el("pre", *(_piece(piece, "given") for piece in pieces), cls="qf-code qf-bad"),
        el("h4", _("What the gateway signs")),
        el("pre", *(_piece(piece, "wanted") for piece in pieces), cls="qf-code qf-ok"),
    )


def _piece(piece: dict[str, str], side: str) -> Markup | str | None:
    """A piece of a signed text; marked where the other text has something else there."""
    if "same" in piece:
        return piece["same"]
    return el("mark", piece[side], cls="qf-differs") if piece[side] else None


def _finding(found: Finding, code: str) -> Markup:
    snippet = found.snippet(code)
    return card(
        _TONES[found.severity],
        el("p", el("strong", found.what.say())),
        el("p", found.evidence.say(), cls="qf-small"),
        el("p", el("strong", _("Fix: ")), found.fix.say()),
        el("pre", snippet, cls="qf-code") if snippet else None,
        *[el("pre", command, cls="qf-code") for command in found.commands],
        el("p", _(_PROOFS[found.proof]), f" [{found.source}]", cls="qf-small qf-dim"),
    )
