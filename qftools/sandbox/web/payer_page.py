"""``/payer/<syssn>``: the wallet's screen of one order, as its payer sees it.

Works without JavaScript; with it the page follows the order. Decides nothing.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from qftools import catalogue
from qftools.exchange.redaction import Redactor, redactor_for
from qftools.sandbox.books import payer
from qftools.sandbox.books.orders import Entry
from qftools.sandbox.books.states import OPEN, State
from qftools.sandbox.web.pages import headers, language, page
from qftools.sandbox.words import say
from qftools.texts import known
from qftools.transport.door import WireRequest, WireResponse, is_own_origin, plain

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway

_FORM = "application/x-www-form-urlencoded"
STATE = "X-Order-State"
_BUTTONS = {
    State.PAYING: ("pay", "decline", "no_balance", "walk_away"),
}
_ALL_BUTTONS = ("pay", "type_password", "decline", "no_balance", "walk_away")


class PayerPage:
    """Shows an order to its payer and applies their acts.

    Args:
        gateway: Its orders.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request; called with the sandbox's lock held."""
        gateway = self._gateway
        gateway.tick()
        number = request.path.removeprefix("/payer").strip("/")
        entry = gateway.books.search(number)
        if entry is not None and entry.chain:  # a refund or a cancel: its payment
            entry = gateway.books.by_syssn(entry.chain)
        if request.method == "POST":
            return self._act(request, entry)
        if request.method not in ("GET", "HEAD"):
            return plain(405, "405 method not allowed", ("Allow", "GET, HEAD, POST"))
        lang = language(request)
        if entry is None:
            return _not_found(lang)
        query = parse_qs(request.query)
        redactor = redactor_for(gateway.merchants.keys)
        return _shown(entry, lang, _what_happened(entry, query) or _note(entry), redactor)

    def _act(self, request: WireRequest, entry: Entry | None) -> WireResponse:
        if not is_own_origin(request):
            return plain(403, "403 only this page itself may do that")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        form = parse_qs(request.body.decode("utf-8", "replace")) if kind == _FORM else {}
        act, lang = form.get("act", [""])[-1], form.get("lang", ["en"])[-1]
        if entry is None or act not in payer.ACTS:
            return plain(400, "400 there is no such order, or nothing to do")
        query: dict[str, str] = {"lang": known(lang) or "en"}
        if payer.act(self._gateway, entry, act):
            query["turned_away"] = "1"
        if act == "walk_away":
            query["left"] = "1"
        where = f"/payer/{entry.syssn}?{urlencode(query)}"
        return WireResponse(303, (*headers("text/plain"), ("Location", where)))


def _shown(entry: Entry, lang: str, note: str, redactor: Redactor) -> WireResponse:
    wallet = catalogue.wallets().get(entry.wallet)
    status = entry.state.value.replace(" ", "-")
    shown = catalogue.amount(entry.txamt, entry.txcurrcd)
    currency, _, figure = shown.partition(" ")
    answer = page(
        "payer.html",
        lang,
        syssn=entry.syssn,
        out_trade_no=redactor.words(entry.out_trade_no),
        wallet=wallet.name.say(lang) if wallet else entry.wallet,
        wallet_key=entry.wallet if entry.wallet.isascii() else "",
        amount=shown,
        amount_html=f"<small>{escape(currency)}</small>{escape(figure)}",
        goods=redactor.text(entry.goods_name) or say("payer_no_goods", lang),
        state=entry.state.value,
        status=status,
        state_text=say("state_" + status.replace("-", "_"), lang),
        note=say(note, lang),
        buttons_html=_buttons(entry, lang),
        back_html=_back(entry, lang),
    )
    # The page follows the order by this header: a phone has no control token.
    return replace(answer, headers=(*answer.headers, (STATE, entry.state.value)))


def _what_happened(entry: Entry, query: dict[str, list[str]]) -> str:
    """Return the words for the result of the payer's last act, if there are any."""
    if "turned_away" in query:
        return "payer_turned_away"
    return "payer_left" if "left" in query and entry.state in OPEN else ""


def _note(entry: Entry) -> str:
    if entry.state is State.PAYING:
        return "payer_note_paying"
    if entry.state in OPEN:
        return "payer_note_open"
    return "payer_note_paid" if entry.paid else "payer_note_dead"


def _buttons(entry: Entry, lang: str) -> str:
    if entry.state not in OPEN:
        return ""
    names = _BUTTONS.get(entry.state, _ALL_BUTTONS)
    return "\n".join(
        f'<button class="act {name}" name="act" value="{name}">{escape(say(f"act_{name}", lang))}'
        "</button>"
        for name in names
    )


def _back(entry: Entry, lang: str) -> str:
    """Return the link to the shop, with the fields that the real one carries (not a proof)."""
    try:
        parts = urlsplit(entry.return_url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or entry.state in OPEN:
        return ""
    query = urlencode(
        {
            "syssn": entry.syssn,
            "out_trade_no": entry.out_trade_no,
            "pay_type": entry.pay_type,
            "txamt": entry.txamt,
            "txdtm": entry.txdtm,
            "respcd": entry.row_respcd,
            "respmsg": "",
        }
    )
    joined = f"{parts.query}&{query}" if parts.query else query
    link = parts._replace(query=joined).geturl()
    return f'<a class="back" href="{escape(link)}">{escape(say("payer_back", lang))}</a>'


def _not_found(lang: str) -> WireResponse:
    shown = page("missing.html", lang)
    return WireResponse(404, shown.headers, shown.body)
