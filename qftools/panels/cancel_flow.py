"""The cancel flow, one press per step: what goes over the wire, and what the verdict rests on."""

from __future__ import annotations

from ipywidgets import HTML, Button, Dropdown, VBox

from qftools import catalogue
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.routing import route
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels import stage
from qftools.panels.beats import beats_view
from qftools.panels.panel import (
    Panel,
    card,
    columns,
    field,
    main_button,
    picture,
    relabel,
    row,
    tell,
)
from qftools.panels.state_diagram import state_diagram
from qftools.panels.verdict_view import verdict_card
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway import magic
from qftools.sequence import sequence, told
from qftools.story import BY_HAND, NETWORK, PAYERS, Story


class CancelFlow(Panel):
    """Choose a wallet, a payer and a network; press "next" for one step, "run" for all.

    Args:
        sandbox: Where it is played; one of its own when left out. Panels of the same
            sandbox show the same order, so a race can be played by hand.
        pay_type: What to begin with.
        payer: A number of the sandbox's magic table, 0 for "by hand".
        network: A key of [NETWORK][qftools.story.NETWORK].

    Example:
        >>> flow = CancelFlow()
        >>> flow.run_button.click()
        >>> flow.outcome.verdict.value
        'CANCELLED'
    """

    def __init__(
        self,
        sandbox: Sandbox | None = None,
        *,
        pay_type: str = "800101",
        payer: int = BY_HAND,
        network: str = "fine",
    ) -> None:
        self.sandbox = sandbox if sandbox is not None else Sandbox()
        self.story = Story(self.sandbox)
        self.story.pay_type, self.story.payer, self.story.network = pay_type, payer, network
        row_of = catalogue.pay_types()[pay_type]
        self.wallet = Dropdown(options=_wallets(), value=row_of.wallet)
        self.mode = Dropdown(options=_modes(row_of.wallet), value=pay_type)
        self.payer = Dropdown(options=_payers(), value=payer)
        self.network = Dropdown(options=_networks(), value=network)
        self.next_button, self.run_button = Button(), main_button()
        self.back_button, self.again_button = Button(), Button()
        self.title, self.verdict, self.messages = HTML(), HTML(), HTML()
        self.flow, self.steps = HTML(), HTML()
        self.messages.add_class("qf-drawing")
        self.flow.add_class("qf-drawing")
        super().__init__(
            self.title,
            row(*(field(w) for w in (self.wallet, self.mode, self.payer, self.network))),
            row(self.run_button, self.next_button, self.back_button, self.again_button),
            self.verdict,
            columns(self.messages, VBox([self.flow, self.steps])),
        )
        self.on_change(self.wallet, self._choose_wallet)
        for choice in (self.mode, self.payer, self.network):
            self.on_change(choice, self._choose)
        self.on_press(self.next_button, lambda: self._do(self.story.next))
        self.on_press(self.run_button, lambda: self._do(self.story.run))
        self.on_press(self.back_button, lambda: self._do(self.story.back))
        self.on_press(self.again_button, lambda: self._do(self.story.restart))
        stage.watch(self.sandbox, self._others_did)

    @property
    def outcome(self) -> Outcome | None:
        """The verdict with its evidence, once there is one."""
        return self.story.outcome

    # ---- what the reader does -------------------------------------------------------

    def _do(self, act: object) -> None:
        assert callable(act)
        act()
        stage.changed(self.sandbox)

    def _others_did(self) -> None:
        self.story.look()
        self._shown_again()

    def _choose_wallet(self) -> None:
        self.mode.options = _modes(self.wallet.value)

    def _choose(self) -> None:
        story = self.story
        if self.mode.value is not None:
            story.pay_type = self.mode.value
        story.payer, story.network = self.payer.value, self.network.value
        self._do(story.restart)

    # ---- what the reader sees -------------------------------------------------------

    def show(self) -> None:
        """Write everything in the language in use."""
        story = self.story
        tell(self.title, el("h3", _("Cancel a payment")))
        labels = (
            (self.wallet, _("Wallet"), _wallets()),
            (self.mode, _("Pay type"), _modes(self.wallet.value)),
            (self.payer, _("Payer and wallet"), _payers()),
            (self.network, _("Network"), _networks()),
        )
        for widget, label, options in labels:
            widget.description = label
            relabel(widget, options)
        self.run_button.description = _("Run to the verdict")
        self.next_button.description = _("Next step")
        self.back_button.description = _("Back one step")
        self.again_button.description = _("New order")
        self.back_button.disabled = not story.can_go_back
        self.again_button.disabled = not story.played.beats
        tell(self.messages, sequence(story.played.beats))
        walk = story.played.walk
        tell(self.flow, state_diagram(walk, tuple(taken.step for taken in story.played.steps)))
        tell(self.steps, beats_view(story.played.beats, opened=not story.ended))
        tell(self.verdict, self._verdict())

    def _verdict(self) -> Markup:
        outcome = self.outcome
        if outcome is not None:
            return verdict_card(outcome)
        by = route(self.story.pay_type)
        return card("", el("p", el("strong", _("How it is cancelled: ")), by.reason.say()))

    def as_text(self) -> str:
        """Return the story so far: one line per step, then the verdict."""
        story = self.story
        lines = [f"CancelFlow {story.pay_type} payer={story.payer} network={story.network}"]
        for beat in story.played.beats:
            endpoint = beat.exchange.endpoint if beat.exchange else ""
            lines.append(" ".join(word for word in (beat.name, endpoint, beat.told) if word))
        if self.outcome is not None:
            lines.append(f"verdict {self.outcome.verdict.value}")
        return "\n".join(lines)

    def as_html(self) -> str:
        """Return a picture; of the whole story where it has not been played yet."""
        story = self.story
        if not story.played.beats:
            story = Story(Sandbox())
            story.pay_type, story.payer = self.story.pay_type, self.story.payer
            story.network = self.story.network
            story.run()
        beats = story.played.beats
        seen = picture(sequence(beats), told(beats))
        return join(
            seen, el("p", el("strong", story.outcome.verdict.value)) if story.outcome else ""
        )


def _wallets() -> list[tuple[str, str]]:
    used = dict.fromkeys(row_of.wallet for row_of in _playable())
    return [(catalogue.wallets()[key].name.say(), key) for key in used]


def _modes(wallet: str) -> list[tuple[str, str]]:
    return [
        (f"{row_of.code} {row_of.name.say()}", row_of.code)
        for row_of in _playable()
        if row_of.wallet == wallet
    ]


def _playable() -> list[catalogue.PayType]:
    return [
        row_of
        for row_of in catalogue.pay_types().values()
        if not row_of.legacy and row_of.mode not in ("data-collection", "card-present", "preauth")
    ]


def _payers() -> list[tuple[str, int]]:
    lines = magic.table()
    by_hand = _("By hand: the order is paid only when you press on the phone")
    return [(lines[number].text.say() if number else by_hand, number) for number in PAYERS]


def _networks() -> list[tuple[str, str]]:
    return [(_(trouble.words), key) for key, trouble in NETWORK.items()]
