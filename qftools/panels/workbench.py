"""The workbench in the notebook: calls as they come, one of them in full, and its order's timeline.

Reads what the workbench's page reads, through the same redaction: the rows, the explanations, the
findings and the drawing are the sandbox's own. Only how they stand in a notebook is said here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import threading
import weakref
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ipywidgets import HTML, Button, Checkbox, Dropdown, Select, ToggleButton, Widget

from qftools.errors import SandboxError
from qftools.exchange.redaction import redactor_for
from qftools.locale import language
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels import stage
from qftools.panels.exchange_view import call_view
from qftools.panels.panel import Panel, card, columns, field, picture, row, tell
from qftools.panels.report import finding_card
from qftools.panels.typed import Sought
from qftools.sandbox import Sandbox
from qftools.sandbox.words import words
from qftools.transport.door import WireRequest

if TYPE_CHECKING:
    from qftools.tap import Tap

PAGE = 50  # rows at once
PAUSE = 0.1  # seconds between two looks
REST = 4.0  # or as many times as long as the last look took: what calls the gateway comes first
CHIPS = ("failed", "signature", "danger", "finding", "fault", "notification", "replay")
_TONES = {"success": "ok", "progress": "wait"}
_LINKS = re.compile(r' href="#[^"]*"')  # they lead through the page, and nowhere in a notebook


class Workbench(Panel):
    """Calls and notifications of a sandbox or a tap, live: search, choose, read why.

    It follows the newest call until one is chosen. What it shows changes while a cell runs.

    Args:
        of: The sandbox, or the tap.

    Example:
        >>> from qftools.sandbox import Sandbox
        >>> sandbox = Sandbox()
        >>> bench = Workbench(sandbox)
        >>> order = sandbox.client().pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        >>> bench.look()
        >>> print(bench.as_text())
        Workbench: 1 of 1
        #1 payment ok 0000
    """

    def __init__(self, of: Sandbox | Tap) -> None:
        self._of = of
        self._lock = threading.RLock()
        self._writes = 0  # which thread writes into the widgets: that is no hand
        self._ended = threading.Event()
        self._is_live = False
        self._about = self._ask("GET", "/sandbox")
        self._state: dict[str, Any] = {}
        self._chosen = self._until = ""
        self._skipped = 0
        self.title, self.count, self.call, self.order = HTML(), HTML(), HTML(), HTML()
        self.order.add_class("qf-drawing")
        self.search = Sought(self._cleaned)
        self.chips = {name: ToggleButton() for name in CHIPS}
        self.list = Select(options=[], value=None, rows=8)
        self.follow = Checkbox(value=True, indent=False)
        self.newer, self.older = Button(), Button()
        self.way = Dropdown(options=[way["name"] for way in self._about.get("replays", ())])
        self.again = Button()
        self.form = Dropdown(options=[("—", ""), *((name, name) for name in self._about["copies"])])
        acts = [field(self.way), self.again] if self._can("POST /sandbox/exchanges") else []
        super().__init__(
            self.title,
            row(field(self.search, "qf-wide")),
            row(*self.chips.values()),
            field(self.list, "qf-wide", "qf-mono", "qf-list"),
            row(self.count, self.newer, self.older, self.follow),
            row(*acts, field(self.form)),
            columns(self.call, self.order),
        )
        self.on_change(self.search, self._narrow)
        for chip in self.chips.values():
            self.on_change(chip, self._narrow)
        self.on_change(self.list, self._choose)
        for choice in (self.follow, self.form):
            self.on_change(choice, lambda: None)
        self.on_press(self.newer, partial(self._turn, -PAGE))
        self.on_press(self.older, partial(self._turn, PAGE))
        self.on_press(self.again, self._send_again)
        stage.watch(of, self._shown_again)

    # ---- what it reads ------------------------------------------------------------------

    def _ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call the control API in this process, as the page does over HTTP.

        Raises:
            SandboxError: It refuses.
        """
        headers = {"host": "127.0.0.1", "accept-language": language()}
        headers["content-type"] = "application/json"
        sent = b"" if body is None else json.dumps(body).encode()
        at = path.encode().decode("latin-1")  # as a door has it
        request = WireRequest(method, at, urlencode(query), headers, sent)
        of = self._of
        response = (of._assembly.app if isinstance(of, Sandbox) else of).answered(request)
        assert response is not None  # a tap forwards no such request
        value = json.loads(response.body)
        if response.status != 200:
            raise SandboxError(value["error"]["message"])
        if method != "GET" and isinstance(of, Sandbox):
            of._assembly.tick()  # what is due now that the answer has left
        return value

    def _can(self, call: str) -> bool:
        return any(known.startswith(call) for known in self._about["calls"])

    def _cleaned(self, typed: str) -> str:
        """Return what was typed without a key: the field is saved with the notebook."""
        gateway = self._of._gateway if isinstance(self._of, Sandbox) else self._of.gateway
        return str(redactor_for(gateway.merchants.keys).words(typed))

    # ---- hands --------------------------------------------------------------------------

    def guarded(self, act: Callable[[], None]) -> None:
        """Do what a hand asked for, and not while another thread draws."""
        with self._lock:
            super().guarded(act)

    def on_change(self, widget: Widget, act: Callable[[], None]) -> None:
        """Call *act* when the value of *widget* changes by hand; another thread may be drawing."""

        def changed(_change: object) -> None:
            if self._writes != threading.get_ident():
                self.guarded(act)

        widget.observe(changed, "value")

    def _narrow(self) -> None:
        self._skipped, self._until = 0, ""

    def _turn(self, by: int) -> None:
        self._skipped = max(0, self._skipped + by)
        self._until = self._state["until"] if self._skipped else ""

    def _choose(self) -> None:
        self._chosen = self.list.value or ""
        before, self._writes = self._writes, threading.get_ident()
        self.follow.value = False
        self._writes = before

    def _send_again(self) -> None:
        number = self._link().partition("/")[2]
        path = f"/sandbox/exchanges/{number}/replay"
        self._chosen = str(self._ask("POST", path, {"way": self.way.value})["number"])
        stage.changed(self._of)

    # ---- live ---------------------------------------------------------------------------

    def look(self) -> None:
        """Show what has changed since the last look."""
        state = self._ask("GET", "/sandbox/stream", seen=self._state.get("seen", ""), limit=1)
        if "items" in state:
            self._shown_again()

    def close(self) -> None:
        """Look no more."""
        self._ended.set()
        super().close()

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self.look()
        if not self._is_live:
            self._is_live = True
            _looks_again(weakref.ref(self), self._ended)
        return super()._repr_mimebundle_(**kwargs)

    def _shown_again(self) -> None:
        with self._lock:
            before, self._writes = self._writes, threading.get_ident()
            try:
                super()._shown_again()
            finally:
                self._writes = before

    # ---- what it shows ------------------------------------------------------------------

    def show(self) -> None:
        """Read everything anew, and write it in the language in use."""
        only = ",".join(name for name, chip in self.chips.items() if chip.value)
        wanted = {"q": self.search.value, "only": only, "until": self._until}
        state = self._ask("GET", "/sandbox/stream", **wanted, offset=self._skipped, limit=PAGE)
        self._state, items = state, state["items"]
        if items and self.follow.value:
            self._chosen = items[0]["position"]
        self._label(state)
        positions = [item["position"] for item in items]
        options = [(_line(item), item["position"]) for item in items]
        chosen = self._chosen if self._chosen in positions else None
        if self.list.options != tuple(options) or self.list.value != chosen:
            with self.list.hold_sync():
                self.list.index = None
                self.list.options = options
                self.list.value = chosen
        self._show_chosen()

    def _label(self, state: dict[str, Any]) -> None:
        about, kept = self._about, state["kept"] + state["notifications"]
        real = _say("real_is").format(url=about["tap"]) if about["real"] else ""
        where = " → ".join(filter(None, (about["url"], about.get("tap"))))
        tell(
            self.title,
            el("h3", _say("title")),
            el("p", el("code", where)) if where else None,
            card("bad", el("strong", real)) if real else None,
        )
        self.search.description, self.list.description = _("Search"), _say("pane_stream")
        for name, chip in self.chips.items():
            chip.description = f"{_say(f'chip_{name}')} {state['counts'].get(name, 0)}"
        count = _say("count_of" if state["matching"] != kept else "count_all")
        if not state["matching"]:
            count = _say("nothing_found") if kept else _say("no_exchanges")
        tell(self.count, el("span", count.format(n=state["matching"], all=kept), role="status"))
        self.newer.description, self.older.description = _say("newer_ones"), _say("older_ones")
        self.newer.disabled = not self._skipped
        self.older.disabled = self._skipped + PAGE >= state["matching"]
        self.follow.description = _("Follow the newest")
        self.way.description, self.again.description = _say("send_it_again"), _say("send_again")
        self.form.description = _say("copy_as")
        ways = [(way["words"][language()], way["name"]) for way in self._about.get("replays", ())]
        _named(self.way, ways)

    def _show_chosen(self) -> None:
        link = self._link()
        self.again.disabled = not link.startswith("exchanges/")
        if not link:
            tell(self.call, el("p", _say("nothing_chosen"), cls="qf-dim"))
            tell(self.order, "")
            return
        try:
            item = self._ask("GET", f"/sandbox/{link}")
        except SandboxError as error:  # it is no longer kept
            tell(self.call, el("p", error.say(), cls="qf-dim"))
            return
        is_call = link.startswith("exchanges/")
        copied = None
        if is_call and self.form.value:
            text = self._ask("GET", f"/sandbox/{link}/copy", form=self.form.value)["text"]
            copied = el("pre", text, cls="qf-code", tabindex=0)
        tell(self.call, copied, _call(item) if is_call else _notice(item))
        tell(self.order, self._timeline(item.get("order") or ""))

    def _link(self) -> str:
        """Return the path of what is chosen, from its position: ``17`` or ``17n3``."""
        call, is_notice, notice = self._chosen.partition("n")
        return f"notifications/{notice}" if is_notice else f"exchanges/{call}" if call else ""

    def _timeline(self, number: str, *, as_picture: bool = False) -> Markup:
        if not number:
            return Markup("")
        told = self._ask("GET", f"/sandbox/orders/{number}/timeline", lang=language())
        order, drawing = told["order"], Markup(_LINKS.sub("", told["drawing"]))
        return join(
            el("h4", f"{_say('pane_order')} ", el("code", order["out_trade_no"] or number)),
            el("p", order["amount"], " · ", el("strong", _state(order["state"]))),
            None if told["whole"] else el("p", _say("not_whole"), cls="qf-dim"),
            picture(drawing, told["told"]) if as_picture else drawing,
            *[finding_card(found) for found in told["findings"]],
        )

    def as_text(self) -> str:
        """Return how much there is, and a line in wire words for each row."""
        items, state = self._state["items"], self._state
        kept = state["kept"] + state["notifications"]
        return "\n".join(
            [f"Workbench: {state['matching']} of {kept}", *[_wire_line(item) for item in items]]
        )

    def as_html(self) -> str:
        """Return the rows, and of what is chosen what came of it, with a picture of the order."""
        rows = [el("li", _line(item)) for item in self._state["items"]]
        link = self._link()
        item = self._ask("GET", f"/sandbox/{link}") if link else {}
        order = self._timeline(item.get("order") or "", as_picture=True)
        told = _outcome(item) if "respcd" in item else Markup(self.call.value)
        return join(el("ul", *rows), told, order)


def _looks_again(of: weakref.ref[Workbench], ended: threading.Event) -> None:
    """Let a panel look again and again, in a thread; where there are none, between two cells."""

    def once() -> float | None:
        """Look, and return how long to rest; None where the panel is gone."""
        if (panel := of()) is None or ended.is_set():
            return None
        began = monotonic()
        with contextlib.suppress(SandboxError):
            panel.look()
        return max(PAUSE, REST * (monotonic() - began))

    def forever() -> None:
        while (rest := once()) is not None:
            ended.wait(rest)

    def between() -> None:
        if (rest := once()) is not None:
            loop.call_later(rest, between)

    try:
        threading.Thread(target=forever, name="qftools-workbench", daemon=True).start()
    except RuntimeError:  # the browser has no threads
        loop = asyncio.get_event_loop()
        between()


def _named(choice: Dropdown, options: list[tuple[str, str]]) -> None:
    """Give a choice its names in the language in use."""
    if tuple(choice.options) != tuple(options) and options:
        value = choice.value
        choice.options = options
        choice.value = value


# ---- words, and markup of one item ---------------------------------------------------------


def _say(name: str, fallback: str = "") -> str:
    """Return the page's words of that name; the gateway's own word where there are none."""
    known = words().get(name.replace(" ", "_"))
    return known.say() if known else fallback


def _state(name: str) -> str:
    return _say(f"state_{name}", name)


def _line(item: dict[str, Any]) -> str:
    """Return a row of the stream: what, whose, what came of it, and when."""
    flags = ("✗ " if "failed" in item["flags"] else "") + ("⚑ " if item["grade"] else "")
    if item["kind"] == "notification":
        kind = item["notify_type"]
        tried = [_say(f"result_{done['result']}") for done in item["attempts"][-1:]]
        parts = [f"n{item['id']} {_say('notification')} {_say(f'type_{kind}', kind)}"]
        parts += [item["out_trade_no"] or item["syssn"], *tried, item["made_at"][11:]]
        return flags + " · ".join(filter(None, parts))
    wrong = item["signature"] not in ("ok", "unread")
    moved = [one for one in item["orders"] if one["before"] != one["after"]]
    numbers = [one["out_trade_no"] for one in item["orders"]]
    number = item["out_trade_no"] or (numbers[0] if numbers else item["syssn"])
    parts = [
        f"#{item['number']} {item['endpoint'] or item['method'] + ' ' + item['path']}",
        number,
        _answer(item),
        _say(f"signature_{item['signature']}", item["signature"]) if wrong else "",
        _say(f"fault_{item['fault']}", item["fault"]) if item["fault"] else "",
        *[_state(one["after"]) for one in moved[:2]],
        item["at"][11:],
    ]
    return flags + " · ".join(filter(None, parts))


def _wire_line(item: dict[str, Any]) -> str:
    if item["kind"] == "notification":
        return f"n{item['id']} {item['notify_type']} {item['state']}"
    parts = (f"#{item['number']}", item["endpoint"] or item["path"], item["signature"])
    return " ".join(filter(None, (*parts, item["respcd"] or item["fate"], item["fault"])))


def _answer(item: dict[str, Any]) -> str:
    if item["fate"] != "answer":
        return _say(f"reply_{item['fate']}", item["fate"])
    return item["respcd"] if item["status"] == 200 else f"HTTP {item['status']}"


def _call(item: dict[str, Any]) -> Markup:
    """Return one call: what was answered, why, what was signed, request and reply."""
    return join(
        _outcome(item),
        _diagnosis(item["explanation"]) if item["explanation"] else None,
        *[finding_card(found) for found in item["findings"]],
        _signed(item) if item["signed"] else None,
        call_view(item, item["path"]),
    )


def _outcome(item: dict[str, Any]) -> Markup:
    """Return what was answered, and why it was refused."""
    spoken = language()
    wrong = item["signature"] not in ("ok", "unread")
    tone = _TONES.get(item["respcd_kind"], "bad") if item["fate"] == "answer" else "bad"
    meant = item["respcd_text"][spoken] if item["respcd_text"] else ""
    of_reply = item["reply_signature"]
    return join(
        el("h4", f"#{item['number']} ", el("code", item["endpoint"] or item["path"])),
        el(
            "p",
            join(el("span", _answer(item), cls=f"qf-tag qf-{tone}"), " ", meant, " · "),
            el(
                "span",
                _say(f"signature_{item['signature']}", item["signature"]),
                cls="qf-bad" if wrong else "qf-dim",
            ),
            f" · {_say('fault')}: {_say('fault_' + item['fault'])}" if item["fault"] else None,
            f" · {_say('reply_signature_' + of_reply, of_reply)}" if of_reply else None,
        ),
        _why(item["explanation"]) if item["explanation"] else None,
    )


def _why(why: dict[str, Any]) -> Markup:
    spoken, proved = language(), why["proved"]
    return card(
        "bad",
        el("p", el("strong", _say("why_refused")), ": ", why["cause"][spoken]),
        el("p", el("strong", _say("how_to_mend"), " ") if proved else None, why["fix"][spoken]),
        el("p", _say("proved" if proved else "not_proved"), cls="qf-small qf-dim"),
    )


def _diagnosis(why: dict[str, Any]) -> Markup:
    text = el("pre", why["text"][language()], cls="qf-code")
    return el("details", el("summary", _say("whole_diagnosis")), text)


def _signed(item: dict[str, Any]) -> Markup:
    """Return what is signed; where something else was, both, with what differs marked."""
    behind = el("span", _say("client_key"), cls="qf-ghost")
    wrong = item["signature"] != "ok"
    pieces = item["explanation"]["compared"] if wrong and item["explanation"] else []

    def line(mine: str) -> Markup:
        marked = [
            piece["same"] if "same" in piece else el("mark", piece[mine], cls="qf-differs")
            for piece in pieces
            if "same" in piece or piece[mine]
        ]
        return el("pre", *marked, behind if mine == "wanted" else None, cls="qf-code")

    if not pieces:
        text = el("pre", item["signed"]["text"], behind, cls="qf-code")
        return el("details", el("summary", _say("signed_text")), text)
    return join(
        el("h4", _say("gateway_hashes")),
        line("wanted"),
        el("h4", _say("you_hashed")),
        line("given"),
    )


def _notice(item: dict[str, Any]) -> Markup:
    tried = [
        el("li", f"{done['at']} {_say('result_' + done['result'])} {done['status'] or ''}")
        for done in item["attempts"]
    ]
    return join(
        el("h4", f"n{item['id']} ", _say("notification"), " ", el("code", item["notify_type"])),
        el("p", _say(f"notice_{item['state']}", item["state"])),
        *[finding_card(found) for found in item["findings"]],
        el("h4", _say("deliveries_are")),
        el("p", el("code", item["url"] or _say("notice_no_address"))),
        el("ol", *tried),
        el("pre", item["body"], cls="qf-code"),
    )
