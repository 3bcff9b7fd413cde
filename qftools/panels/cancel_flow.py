"""The cancel flow, one press per step: what goes over the wire, and what the verdict rests on."""

from __future__ import annotations

from ipywidgets import HTML, Box, Button, Dropdown, VBox

from qftools import catalogue
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.routing import route
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels import stage
from qftools.panels.beats import step_name, step_view
from qftools.panels.panel import (
    Panel,
    card,
    field,
    main_button,
    part,
    picture,
    relabel,
    row,
    scroller,
    tell,
)
from qftools.panels.phone import Phone
from qftools.panels.state_diagram import state_diagram
from qftools.panels.verdict_view import verdict_card
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway import magic
from qftools.sequence import lane_names, sequence, told
from qftools.story import BY_HAND, NETWORK, PAYERS, Story


class CancelFlow(Panel):
    """Choose a wallet, a payer and a network; press "next" for one step, "run" for all.

    The payer's phone stands beside the messages, so a race can be played by hand.

    Args:
        sandbox: Where it is played; one of its own when left out. Panels of the same
            sandbox show the same order.
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
        self.flow, self.step_shown = HTML(), HTML()
        self.flow.add_class("qf-drawing")
        self.step = Dropdown()
        self.phone = Phone(self.sandbox)
        self._drawn = 0
        acts = row(self.run_button, self.next_button, self.back_button, self.again_button)
        # In the order of a narrow window; where there is room, the style sheet puts the
        # inspector and the phone beside the messages.
        played = Box(
            [
                part("messages", self.messages),
                part("acts", acts),
                part("phone", self.phone),
                part("verdict", self.verdict),
                part("step", VBox([field(self.step, "qf-wide"), self.step_shown])),
                part("flow", self.flow),
            ]
        )
        played.add_class("qf-stage")
        super().__init__(
            self.title,
            row(*(field(w) for w in (self.wallet, self.mode, self.payer, self.network))),
            played,
        )
        self.on_change(self.wallet, self._choose_wallet)
        for choice in (self.mode, self.payer, self.network):
            self.on_change(choice, self._choose)
        self.on_change(self.step, lambda: None)
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
        beats, walk = story.played.beats, story.played.walk
        drawing = sequence(beats, new=len(beats) > self._drawn)
        names = el("div", lane_names(), cls="qf-lane-names")
        tell(self.messages, scroller(_("Sequence of messages"), drawing, names))
        self._show_step()
        tell(self.flow, state_diagram(walk, tuple(taken.step for taken in story.played.steps)))
        tell(self.verdict, scroller(_("The verdict"), self._verdict()))
        self._drawn = len(beats)

    def _show_step(self) -> None:
        """The step that was chosen; the last one as soon as there is another."""
        beats = self.story.played.beats
        chosen = self.step.value if len(beats) == self._drawn else None
        names = [(step_name(number + 1, beat), number) for number, beat in enumerate(beats)]
        with self.step.hold_sync():  # one message for all of it
            self.step.description = _("Step")
            relabel(self.step, names)
            if beats:
                self.step.value = len(beats) - 1 if chosen is None else chosen
        self.step.layout.display = None if beats else "none"
        shown = (
            step_view(beats[self.step.value])
            if beats
            else el("p", _("No step yet. Request and reply of each will be here."))
        )
        tell(self.step_shown, scroller(_("Request and reply of the step"), shown))

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
        """Return a picture; an example, folded and called so, where nothing was played yet."""
        if self.story.played.beats:
            return _still(self.story)
        story = Story(Sandbox())
        story.pay_type, story.payer = self.story.pay_type, self.story.payer
        story.network = self.story.network
        story.run()
        return el(
            "details",
            el("summary", _("An example of what it shows; nothing has happened here yet")),
            _still(story),
        )


def _still(story: Story) -> Markup:
    beats = story.played.beats
    seen = picture(sequence(beats), told(beats))
    return join(seen, el("p", el("strong", story.outcome.verdict.value)) if story.outcome else "")


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
