"""Where faults are planted, and which tests have to notice."""

from __future__ import annotations

from pathlib import Path

# The tests of a module are those that say what it must do. A test that sees it only from
# afar, or starts a process (a fault is planted in this one), would cost time and kill little.
TARGETS: dict[str, tuple[str, ...]] = {
    "qftools/cancellation/evidence.py": (
        *("test_evidence", "test_evidence_reasons", "test_evidence_refunds"),
        *("test_asking", "test_findings"),
    ),
    "qftools/cancellation/asking.py": ("test_asking", "test_asking_rules", "test_walk_months"),
    "qftools/client/numbers.py": (
        *("test_numbers", "test_front_door"),
        *("test_asking", "test_evidence_reasons"),
    ),
    "qftools/cancellation/findings.py": ("test_findings", "test_evidence_reasons", "test_asking"),
    "qftools/cancellation/walk.py": (
        *("test_walk", "test_walk_steps", "test_walk_known", "test_walk_months"),
        *("test_asking", "test_cancellation_rules", "test_walk_holds"),
    ),
    "qftools/cancellation/refunding.py": ("test_refund_steps", "test_refund"),
    "qftools/cancellation/run.py": (
        *("test_cancellation_rules", "test_cancel", "test_front_door", "test_async"),
        *("test_cancel_holds", "test_seen_by_tools"),
    ),
    "qftools/cancellation/outcome.py": ("test_outcome", "test_cancellation_rules"),
    "qftools/cancellation/routing.py": ("test_routing",),
    "qftools/journal/records.py": ("test_records",),
    "qftools/journal/journal.py": (
        *("test_journal_reading", "test_journal", "test_journal_resume"),
        *("test_refund", "test_async", "test_seen_by_tools"),
    ),
    "qftools/journal/open_entry.py": (
        "test_going_on",
        "test_journal_reading",
        "test_journal",
        "test_journal_resume",
    ),
    "qftools/journal/going_on.py": (
        "test_going_on",
        "test_journal",
        "test_journal_resume",
        "test_refund",
    ),
    "qftools/journal/entries.py": ("test_journal_entries", "test_journal_reading"),
    "qftools/journal/file.py": ("test_journal_file", "test_journal"),
    "qftools/sqlite_file.py": ("test_sqlite_file", "test_journal_file"),
    "qftools/sweep/files.py": ("test_sweep_results",),
    "qftools/sweep/reading.py": ("test_sweep_kinds", "test_sweep_reading"),
    "qftools/sweep/cells.py": ("test_sweep_cells",),
    # The client's sending and its reading of replies; calling.py makes the requests.
    "qftools/client/connection.py": ("test_reading_replies",),
    "qftools/client/line.py": ("test_reading_replies",),
    "qftools/client/replies.py": ("test_reading_replies",),
    "qftools/transport/strict_json.py": ("test_reading_replies",),
}

LEFT_OUT = (
    "tests/test_journal_resume.py::test_what_is_about_to_be_asked_is_synced_to_the_disk_before_it_leaves",
    "tests/test_walk.py::test_a_cancel_is_only_sent_right_after_a_query_that_says_open",
    "tests/test_walk.py::test_any_sequence_of_findings_ends_within_the_patience",
    "tests/test_walk.py::test_no_verdict_is_claimed_without_a_query_that_says_so_last",
    "tests/test_evidence.py::test_no_row_raises_and_no_paid_row_is_ever_called_dead",
    "tests/test_evidence.py::test_the_order_of_the_rows_changes_no_finding",
    "tests/test_sweep.py::test_a_sweep_that_goes_on_within_the_minute_does_not_begin_the_count_anew",
    "tests/test_sweep.py::test_ctrl_c_ends_cleanly_and_the_next_run_does_the_rest",
    "tests/test_sweep.py::test_processes_give_the_same_results_as_threads",
    "tests/test_sweep.py::test_interrupted_three_times_each_order_is_in_the_result_exactly_once",
    "tests/test_sweep.py::test_the_published_limits_are_never_passed_and_no_429_comes",
)


def tests_of(module: str) -> list[str]:
    """The files that have to notice a fault in *module*: its own examples, and the tests."""
    named = (Path("tests", f"{name}.py") for name in TARGETS[module])
    return [module, *(str(path) for path in named if path.exists())]
