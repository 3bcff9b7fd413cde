"""The cancel flow's rules: no hole in the table, always an end, never an unproved verdict."""

from hypothesis import given
from hypothesis import strategies as st

from qftools.cancellation.findings import Answer, Finding
from qftools.cancellation.policy import Policy
from qftools.cancellation.verdicts import VERDICTS, Verdict
from qftools.cancellation.walk import NEXT, Ask, Finished, Step, Wait, Walk
from qftools.models import Order, Transaction

ORDER = Order("A1", 2500, "2026-01-05 10:00:00", pay_type="800101")
LOST = Answer(Finding.SILENT)
OPEN = Answer(Finding.OPEN)
HELD = Answer(Finding.HELD)

ANSWERS = st.builds(
    Answer,
    st.sampled_from(Finding),
    refused=st.booleans(),
    pending=st.booleans(),
    wait=st.sampled_from([0.0, 30.0]),
)
POLICIES = st.builds(
    Policy,
    look_tries=st.integers(1, 6),
    absent_tries=st.integers(1, 6),
    cancel_tries=st.integers(1, 4),
    recancel_after=st.integers(1, 4),
    confirm_tries=st.integers(1, 10),
)


def walked(answers, walk):
    """Feed the answers in turn; return the walk's trace and the walk as it ended."""
    trace = []
    for answer in answers:
        while isinstance(walk.action, Wait):
            walk = walk.waited()
        if isinstance(walk.action, Finished):
            break
        trace.append((walk.step, walk.action.endpoint, answer))
        walk = walk.told(answer)
    return trace, walk


def end_of(*answers, order=ORDER, policy=None):
    _, walk = walked(answers, Walk(order, policy or Policy()))
    assert isinstance(walk.action, Finished), f"still at {walk.step}"
    return walk.action.verdict


def test_every_step_knows_where_to_go_for_every_finding():
    assert set(NEXT) == {Step.LOOK, Step.CANCEL, Step.CONFIRM}
    assert all(set(row) == set(Finding) for row in NEXT.values())


def test_no_reply_to_a_cancel_is_a_verdict():
    goes_to = {NEXT[Step.CANCEL][finding] for finding in Finding if finding is not Finding.DENIED}

    assert goes_to == {Step.CONFIRM}


def test_every_verdict_can_be_reached():
    no_cancel = Order("A1", 2500, "2026-01-05 10:00:00", pay_type="802001")
    hold = Order("A1", 2500, syssn="20260105154100020000000001", pay_type="801808")
    ends = {
        end_of(OPEN, Answer(Finding.CANCELLED), Answer(Finding.CANCELLED)),
        end_of(Answer(Finding.CANCELLED)),
        end_of(Answer(Finding.REFUNDED)),
        end_of(Answer(Finding.FAILED)),
        end_of(Answer(Finding.PAID)),
        end_of(*[Answer(Finding.ABSENT)] * 3),
        end_of(OPEN, order=no_cancel),
        end_of(*[LOST] * 8),
        end_of(Answer(Finding.RELEASED)),
        end_of(HELD, Answer(Finding.OPEN, "1151", refused=True), HELD, order=hold),
    }

    assert ends == set(VERDICTS)


def test_a_payer_who_is_faster_than_the_cancel_is_found_out():
    assert end_of(OPEN, Answer(Finding.CANCELLED), Answer(Finding.PAID)) is Verdict.PAID


def test_an_order_that_was_refused_a_cancel_and_stays_open_is_not_cancellable():
    assert end_of(OPEN, Answer(Finding.OPEN, "1150", refused=True), OPEN) is Verdict.NOT_CANCELLABLE


def test_a_cancel_whose_reply_was_lost_is_sent_again_after_the_order_was_seen_open_twice():
    trace, _ = walked([OPEN, LOST, OPEN, OPEN, LOST], Walk(ORDER))

    assert [step for step, _, _ in trace] == ["LOOK", "CANCEL", "CONFIRM", "CONFIRM", "CANCEL"]


def test_a_cancel_in_progress_is_given_time_before_it_is_sent_again():
    pending = Answer(Finding.OPEN, "1145", pending=True)

    trace, walk = walked([OPEN, pending, *[OPEN] * 10], Walk(ORDER))

    assert [step for step, _, _ in trace].count(Step.CANCEL) == 1
    assert walk.step is Step.CANCEL


def test_an_order_is_cancelled_by_the_pay_type_in_the_books_where_the_caller_gave_none():
    unknown = Order("A1", 2500, "2026-01-05 10:00:00")
    row = Transaction({"pay_type": "800201", "syssn": "2026010500010002000000001"})

    walk = Walk(unknown).told(Answer(Finding.OPEN, "1143", row))

    assert isinstance(walk.action, Ask)
    assert walk.action.endpoint == "close"
    assert walk.action.params["syssn"] == "2026010500010002000000001"


def test_without_any_pay_type_nothing_is_cancelled_on_a_guess():
    unknown = Order("A1", 2500, "2026-01-05 10:00:00")

    assert end_of(OPEN, order=unknown) is Verdict.UNRESOLVED


def test_a_wait_that_the_gateway_asks_for_is_kept():
    walk = Walk(ORDER).told(Answer(Finding.SILENT, wait=30.0))

    assert walk.action == Wait(30.0)


def test_no_gateway_makes_a_cancel_wait_longer_than_the_policy_allows():
    for_hours = Answer(Finding.SILENT, wait=999_999.0)

    assert Walk(ORDER, Policy(longest_ask=7.0)).told(for_hours).action == Wait(7.0)
    assert Walk(ORDER).told(for_hours).action == Wait(60.0)


@given(st.lists(ANSWERS, min_size=80, max_size=80), POLICIES)
def test_any_sequence_of_findings_ends_within_the_patience(answers, policy):
    trace, walk = walked(answers, Walk(ORDER, policy))

    assert isinstance(walk.action, Finished)
    steps = [step for step, _, _ in trace]
    assert steps.count(Step.LOOK) <= policy.look_tries + policy.absent_tries
    assert steps.count(Step.CANCEL) <= policy.cancel_tries
    assert steps.count(Step.CONFIRM) <= policy.confirm_tries


@given(st.lists(ANSWERS, min_size=80, max_size=80), POLICIES)
def test_no_verdict_is_claimed_without_a_query_that_says_so_last(answers, policy):
    trace, walk = walked(answers, Walk(ORDER, policy))
    assert isinstance(walk.action, Finished)
    said = {
        Verdict.CANCELLED: Finding.CANCELLED,
        Verdict.ALREADY_CANCELLED: Finding.CANCELLED,
        Verdict.ALREADY_REFUNDED: Finding.REFUNDED,
        Verdict.FAILED: Finding.FAILED,
        Verdict.PAID: Finding.PAID,
        Verdict.NOT_FOUND: Finding.ABSENT,
        Verdict.NOT_CANCELLABLE: Finding.OPEN,
        Verdict.HELD: Finding.HELD,
        Verdict.RELEASED: Finding.RELEASED,
    }

    verdict = walk.action.verdict
    if verdict is not Verdict.UNRESOLVED:
        _, endpoint, last = trace[-1]
        assert endpoint == "query"
        assert last.finding is said.get(verdict, last.finding)
    if verdict is Verdict.CANCELLED:
        assert any(endpoint == "reversal" for _, endpoint, _ in trace)


@given(st.lists(ANSWERS, min_size=80, max_size=80), POLICIES)
def test_a_cancel_is_only_sent_right_after_a_query_that_says_open(answers, policy):
    trace, _ = walked(answers, Walk(ORDER, policy))

    for before, (step, _, _) in zip(trace, trace[1:], strict=False):
        if step is Step.CANCEL:
            assert before[1] == "query"
            assert before[2].finding is Finding.OPEN


def test_journals_and_plain_data_know_steps_and_verdicts_by_the_names_they_have_here():
    verdicts = [
        *("CANCELLED", "ALREADY_CANCELLED", "ALREADY_REFUNDED", "FAILED"),
        *("PAID", "HELD", "RELEASED", "NOT_FOUND", "NOT_CANCELLABLE", "UNRESOLVED"),
        *("REFUNDED", "REFUND_PENDING", "NOT_REFUNDED"),
    ]
    steps = ["LOOK", "CANCEL", "CONFIRM", "CHECK", "REFUND", "DONE"]

    assert [step.value for step in Step] == steps
    assert [verdict.value for verdict in Verdict] == verdicts
