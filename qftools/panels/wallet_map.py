"""The wallet map: every pay type, the call that cancels it, why, and how certain that is."""

from __future__ import annotations

from ipywidgets import HTML, Dropdown, Text

from qftools import catalogue
from qftools.cancellation.routing import PROFILES, Route, route
from qftools.locale import mark
from qftools.locale import text as _
from qftools.markup import Markup, el
from qftools.panels.panel import Panel, field, named, relabel, row, tell

_CALLS = {
    "": mark("any call"),
    "reversal": mark("by reversal"),
    "close": mark("by close"),
    "none": mark("can't be cancelled"),
}
_SURE = {
    "published": mark("published"),
    "inferred": mark("inferred"),
    "ask": mark("ask the provider first"),
    "unlisted": mark("no source says"),
}
_EDITIONS = {
    "seed": mark("vendor page"),
    "docs-2026-02": mark("English documents of February 2026"),
    "docs-2026-late": mark("Traditional Chinese page of April 2026"),
    "2017": mark("documents of 2017"),
}
_REGIONS = {"all": mark("all"), "overseas": mark("overseas")}
_TONES = {"published": "ok", "inferred": "info", "ask": "wait", "unlisted": "dim"}


class WalletMap(Panel):
    """Search wallets, modes and regions; read which call cancels, by which edition of the docs.

    Args:
        search: What to begin with.

    Example:
        >>> map_ = WalletMap("800201")
        >>> print(map_.as_text())
        800201 close published
    """

    def __init__(self, search: str = "") -> None:
        self.search = Text(value=search)
        self.call = Dropdown(options=named(_CALLS), value="")
        self.region = Dropdown(options=_regions(), value="")
        self.profile = Dropdown(options=named(_EDITIONS), value=PROFILES[0])
        self.title, self.table = HTML(), HTML()
        choices = (self.search, self.call, self.region, self.profile)
        super().__init__(self.title, row(*(field(widget) for widget in choices)), self.table)
        for widget in choices:
            self.on_change(widget, lambda: None)

    def found(self) -> list[tuple[catalogue.PayType, Route]]:
        """Return the pay types that fit, each with its route."""
        words = self.search.value.lower().split()
        fitting = []
        for pay_type in catalogue.pay_types().values():
            by = route(pay_type.code, profile=self.profile.value)
            if self.call.value and (by.call or "none") != self.call.value:
                continue
            if self.region.value and self.region.value not in pay_type.regions:
                continue
            if all(word in _said(pay_type) for word in words):
                fitting.append((pay_type, by))
        return fitting

    def show(self) -> None:
        """Write everything in the language in use."""
        tell(self.title, el("h3", _("Which call cancels it?")))
        self.search.description = _("Search")
        self.search.placeholder = _("800201, WeChat, PayMe …")
        for widget, label, options in (
            (self.call, _("Cancelled by"), named(_CALLS)),
            (self.region, _("Region"), _regions()),
            (self.profile, _("Edition of the docs"), named(_EDITIONS)),
        ):
            widget.description = label
            relabel(widget, options)
        found = self.found()
        count = _("Pay types: {count}").format(count=len(found))
        tell(
            self.table,
            el("p", count, cls="qf-dim qf-small", role="status"),
            _table(found) if found else el("p", _("No match. Try fewer words.")),
        )

    def as_text(self) -> str:
        """Return one line per pay type: code, call, how sure."""
        return "\n".join(f"{row_.code} {by.call or 'none'} {by.sure}" for row_, by in self.found())

    def as_html(self) -> str:
        """Return the table."""
        return _table(self.found())


def _table(found: list[tuple[catalogue.PayType, Route]]) -> Markup:
    head = [_("Pay type"), _("Region"), _("Call"), _("Why"), _("Source")]
    return el(
        "div",
        el(
            "table",
            el("thead", el("tr", *[el("th", name, scope="col") for name in head])),
            el("tbody", *[_row(pay_type, by) for pay_type, by in found]),
            cls="qf-stack",
        ),
        cls="qf-scroll",
        tabindex="0",
        role="region",
        aria_label=_("Pay types"),
    )


def _row(pay_type: catalogue.PayType, by: Route) -> Markup:
    regions = ", ".join(_(_REGIONS.get(region, region)) for region in pay_type.regions)
    sure = el("span", _(_SURE[by.sure]), cls=f"qf-tag qf-{_TONES[by.sure]}")
    return el(
        "tr",
        el("td", el("code", pay_type.code), " ", pay_type.name.say()),
        el("td", regions or "–", data_label=_("Region")),
        el("td", el("strong", by.call or _("none")), " ", sure, data_label=_("Call")),
        el("td", by.reason.say(), _note(pay_type)),
        el("td", by.source, _disputes(by), cls="qf-small qf-dim", data_label=_("Source")),
    )


def _note(pay_type: catalogue.PayType) -> Markup | None:
    if pay_type.note is None:
        return None
    return el("div", pay_type.note.say(), cls="qf-small qf-dim")


def _disputes(by: Route) -> Markup | None:
    if not by.disputes:
        return None
    rows = catalogue.disputes()
    return el(
        "div",
        *[
            el("span", f" {number} ", title=rows[number].topic.say())
            for number in by.disputes
            if number in rows
        ],
    )


def _said(pay_type: catalogue.PayType) -> str:
    wallet = catalogue.wallets()[pay_type.wallet]
    words = [
        pay_type.code, pay_type.mode, pay_type.wallet, pay_type.name.zh, pay_type.name.en,
        wallet.name.zh, wallet.name.en, *pay_type.regions,
    ]  # fmt: skip
    return " ".join(words).lower()


def _regions() -> list[tuple[str, str]]:
    used = {region for row_ in catalogue.pay_types().values() for region in row_.regions}
    named = [(_(_REGIONS.get(region, region)), region) for region in sorted(used)]
    return [(_("any region"), ""), *named]
