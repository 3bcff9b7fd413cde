"""The cancel flow panel and the payer's phone: pressed in Python, read as the reader does."""

import pytest

from qftools import locale
from qftools.cancellation.verdicts import Verdict
from qftools.panels import CancelFlow, Phone
from qftools.sandbox import Sandbox
from qftools.story import BY_HAND, NETWORK, PAYERS, Story


def verdict(played):
    assert played.outcome is not None
    return played.outcome.verdict


def test_one_press_leads_to_a_proved_cancelled():
    flow = CancelFlow()

    flow.run_button.click()

    assert verdict(flow) is Verdict.CANCELLED
    assert "CANCELLED" in flow.verdict.value
    assert "A query after the cancel" in flow.verdict.value
    assert flow.sandbox.orders()[0].state == "cancelled"


def test_next_takes_one_step_of_the_real_flow_per_press():
    flow = CancelFlow()

    seen = []
    for _ in range(4):
        flow.next_button.click()
        seen.append(flow.story.played.beats[-1].name)

    assert seen == ["PAY", "LOOK", "CANCEL", "CONFIRM"]
    assert verdict(flow) is Verdict.CANCELLED


def test_back_takes_the_sandbox_back_too():
    flow = CancelFlow()
    flow.run_button.click()

    flow.back_button.click()
    flow.back_button.click()

    assert flow.outcome is None
    assert flow.sandbox.orders()[0].state == "waiting"
    assert "reversal" not in flow.messages.value


def test_a_step_taken_back_is_taken_again_with_the_same_end():
    flow = CancelFlow(network="cancel lost after")
    flow.run_button.click()
    first = flow.as_text()

    for _ in range(len(flow.story.played.beats)):
        flow.back_button.click()
    assert flow.back_button.disabled
    flow.run_button.click()

    assert flow.as_text() == first


def test_a_fault_strikes_again_after_its_step_was_taken_back():
    flow = CancelFlow(network="cancel lost after")
    for _ in range(3):
        flow.next_button.click()
    assert flow.story.played.beats[-1].told == "SILENT"

    flow.back_button.click()
    flow.next_button.click()

    assert flow.story.played.beats[-1].told == "SILENT"


def test_a_race_played_by_hand_ends_in_paid():
    flow = CancelFlow()
    phone = flow.phone
    flow.next_button.click()
    flow.next_button.click()

    phone.buttons["pay"].click()
    flow.run_button.click()

    assert "pays" in flow.messages.value
    assert verdict(flow) is Verdict.PAID
    assert "1260" in flow.messages.value
    assert "paid" in phone.screen.value


def test_the_wallet_turns_the_payer_of_a_dead_order_away():
    flow = CancelFlow()
    phone = Phone(flow.sandbox)
    flow.run_button.click()

    phone.buttons["pay"].click()

    assert "can no longer be paid" in phone.answer.value
    assert phone.as_text().endswith("cancelled")


def test_the_phone_shows_a_real_qr_code_of_the_orders_link():
    flow = CancelFlow()
    phone = Phone(flow.sandbox)

    flow.next_button.click()

    order = flow.story.played.order
    assert order is not None and order.reply is not None
    link = order.reply.body["qrcode"]
    assert link in phone.screen.value
    assert "<svg" in phone.screen.value


def test_lost_messages_are_drawn_as_lost():
    flow = CancelFlow(network="cancel lost after")

    flow.run_button.click()

    assert "no reply" in flow.messages.value
    assert verdict(flow) is Verdict.CANCELLED


def test_choosing_another_wallet_offers_its_pay_types_and_starts_anew():
    flow = CancelFlow()
    flow.run_button.click()

    flow.wallet.value = "wechat"

    assert flow.mode.value == "800201"
    assert flow.outcome is None
    flow.run_button.click()
    assert "close" in flow.messages.value


def test_the_language_is_switched_in_place_and_nothing_is_lost():
    flow = CancelFlow()
    flow.run_button.click()
    said = flow.as_text()

    locale.use_language("zh")

    assert flow.run_button.description == "走到结论"
    assert "订单已撤销" in flow.verdict.value
    assert flow.as_text() == said


def test_every_step_can_be_opened_to_fields_that_explain_themselves():
    flow = CancelFlow()

    flow.run_button.click()
    shown = []
    for _name, number in flow.step.options:
        flow.step.value = number
        shown.append(flow.step_shown.value)

    assert len(set(shown)) == 4 and all("X-QF-SIGN" in step for step in shown)
    assert "not paid yet, or the customer is typing the password" in shown[1]
    assert flow.sandbox.credentials.client_key not in "".join(shown)


def test_the_inspector_shows_each_new_step_and_keeps_a_step_that_was_chosen():
    flow = CancelFlow()
    assert "No step yet" in flow.step_shown.value
    flow.next_button.click()
    flow.next_button.click()
    assert flow.step.value == 1 and "/trade/v1/query" in flow.step_shown.value

    flow.step.value = 0
    locale.use_language("zh")
    assert flow.step.value == 0 and "/trade/v1/payment" in flow.step_shown.value

    flow.next_button.click()
    assert flow.step.value == 2 and "/trade/v1/reversal" in flow.step_shown.value
    flow.back_button.click()
    assert flow.step.value == 1 and len(flow.step.options) == 2


def test_the_inspector_says_in_words_what_the_payer_did():
    flow = CancelFlow()
    flow.next_button.click()

    flow.phone.buttons["pay"].click()

    assert "Payer → Wallet: pays" in flow.step_shown.value
    assert flow.step.options[-1] == ("2 · PAYER → paid", 1)


def test_only_a_step_that_was_just_taken_moves_in():
    flow = CancelFlow()

    def moves():
        return 'class="new"' in flow.messages.value

    assert not moves()
    flow.next_button.click()
    assert moves()
    locale.use_language("zh")
    assert not moves()
    flow.run_button.click()
    assert moves()
    flow.back_button.click()
    assert not moves()


def test_what_is_not_played_yet_is_saved_as_a_folded_example():
    flow = CancelFlow()
    assert flow.as_html().startswith("<details><summary>An example of what it shows")
    assert "<details open" not in flow.as_html()

    flow.run_button.click()

    assert flow.as_html().startswith("<img")


def test_an_error_in_a_callback_is_shown_in_the_panel(monkeypatch):
    flow = CancelFlow()
    monkeypatch.setattr(flow.sandbox._keeping, "snapshot", None)  # what a broken part would be

    flow.next_button.click()

    assert "TypeError" in flow._trouble.value


@pytest.mark.parametrize(
    ("payer", "network"),
    [(payer, network) for payer in PAYERS for network in ("fine", "cancel lost after")]
    + [(BY_HAND, network) for network in NETWORK],
)
def test_every_choice_ends_in_a_verdict_that_the_books_do_not_deny(payer, network):
    story = Story(Sandbox())
    story.network, story.payer = network, payer

    story.run()

    books = story.sandbox.orders()
    charged = any(row.kept for row in books)
    if verdict(story) in (Verdict.CANCELLED, Verdict.ALREADY_CANCELLED, Verdict.FAILED):
        assert not charged
    if verdict(story) is Verdict.PAID:
        assert charged


class Counted(CancelFlow):
    written = 0

    def show(self):
        self.written += 1
        super().show()


def test_a_press_writes_the_panel_once_though_other_panels_look_on():
    flow = Counted()
    phone = Phone(flow.sandbox)
    flow.next_button.click()
    before = flow.written

    flow.next_button.click()
    phone.buttons["pay"].click()

    assert flow.written == before + 2


def test_a_step_that_was_written_is_written_anew_in_another_language():
    flow = CancelFlow()
    flow.run_button.click()
    assert "<h4>Request</h4>" in flow.step_shown.value

    locale.use_language("zh")

    assert "<h4>Request</h4>" not in flow.step_shown.value
