"""``kill -9`` between any two writes, over real sockets: nothing is lost."""

from __future__ import annotations

import os

import pytest

from tests.prove.kills import kill

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.mark.parametrize(
    ("what", "verdict"), [("cancel", "CANCELLED"), ("release", "RELEASED"), ("refund", "REFUNDED")]
)
def test_every_order_of_a_killed_process_ends_in_the_verdict_of_the_books_once_resumed(
    what, verdict
):
    done = kill(18, seed=int.from_bytes(os.urandom(4)), what=what)

    assert done.disagreements == ()
    assert done.kills == 18 and done.verdicts[verdict] > 0


def test_without_a_journal_the_same_kills_leave_orders_cancelled_that_nobody_knows_of():
    done = kill(20, seed=7, more=("--no-journal",))

    assert any("nobody wrote it down" in line for line in done.disagreements)
