"""A result file is recognised before it is touched, mended where a crash cut it, not shared."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import resource
import signal
import subprocess
import sys
import tracemalloc
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from qftools import Verdict
from qftools.errors import BusyError, InputError
from qftools.journal.going_on import SETTLED
from qftools.models import Order
from qftools.sweep.files import AGAIN, RESULT_COLUMNS, Orders, Results
from qftools.sweep.sweep import Result

NAMES = ["results.csv", "results.jsonl"]
AT = "2026-11-27 07:24:00"


def result(number, verdict="PAID", *, line=2, syssn=None, reason="", mchid=None):
    order = Order(number, 100, AT, syssn=syssn, mchid=mchid)
    return Result(line, order, verdict, "yes", reason=reason)


def filled(path, *results, again=frozenset()):
    with Results(path, again) as written:
        for one in results:
            written.add(one)
    return path


def kept(path):
    """What a file holds: number and verdict of each result, read without our own reader."""
    text = path.read_bytes().decode()
    if path.suffix == ".csv":
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    else:
        rows = [json.loads(line) for line in text.split("\n")[:-1]]
    return [(row["out_trade_no"], row["verdict"]) for row in rows]


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


# ---- recognise before touching ---------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00 no line end"),
        ("photo.jpg", b"\xff\xd8\xff\xe0\nwith\nlines\n"),
        ("photo.csv", b"\xff\xd8\xff\xe0\nwith\nlines\n"),
        ("other.csv", b"name,price\r\ntea,3\r\nmilk,4"),
        ("orders.csv", b"out_trade_no,txamt,txdtm\nA1,100," + AT.encode()),
        ("orders.jsonl", b'{"out_trade_no": "A1", "txamt": 100}\n'),
        ("orders.jsonl", b'{"line": 2, "out_trade_no": "A1", "txamt": 100}'),
        ("orders.jsonl", b'{"line": 2, "out_trade_no": "A1", "txamt": 100}\n'),
        ("log.jsonl", b'{"level": "info"}\n{"level": "wa'),
        ("deep.jsonl", b"[" * 100_000),
        ("note.txt", b"remember the milk"),
        ("more.csv", ",".join((*RESULT_COLUMNS, "more")).encode() + b"\r\n"),
        ("blank.csv", b"\n"),
    ],
)
@pytest.mark.parametrize("dry", [False, True])
def test_a_file_that_holds_something_else_is_refused_and_left_as_it_is(
    tmp_path, name, content, dry
):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError, match=f"^results {re.escape(str(path))} holds other data"):
        Results(path, AGAIN, dry=dry)

    assert path.read_bytes() == content
    assert left_in(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_size_is_known_by_its_first_bytes(tmp_path, name):
    path = tmp_path / name
    with path.open("wb") as large:
        large.truncate(100_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="holds other data"):
            Results(path)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 1_000_000


@pytest.mark.parametrize("link", ["itself", "symlink", "hard link"])
@pytest.mark.parametrize("dry", [False, True])
def test_the_file_of_orders_is_never_the_file_of_results(tmp_path, link, dry):
    path, other = filled(tmp_path / "orders.csv", result("A1")), tmp_path / "link.csv"
    if link == "symlink":
        other.symlink_to(path)
    elif link == "hard link":
        os.link(path, other)
    before = path.read_bytes()

    with Orders(path) as orders, pytest.raises(InputError, match="is the file of orders itself"):
        Results(path if link == "itself" else other, orders=orders, dry=dry)

    assert path.read_bytes() == before


def test_a_folder_a_pipe_and_a_device_are_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", "/dev/null"):
        with pytest.raises(InputError, match="is a folder or a device"):
            Results(tmp_path / path)
    with pytest.raises(InputError, match="can't be written"):
        Results(tmp_path / "no such folder" / "results.csv")


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_begins_anew_and_never_replaces_verdicts(tmp_path, name):
    verdicts = filled(tmp_path / name, result("A1"))
    looked = tmp_path / f"look.{name}"
    for number in ("A1", "A2"):
        with Results(looked, dry=True) as written:
            written.add(result(number, verdict=""))
            assert not written.has(Order("A3"))

    with pytest.raises(InputError, match="holds verdicts, which a dry run would replace"):
        Results(verdicts, dry=True)
    with pytest.raises(InputError, match="holds what a dry run found"):
        Results(looked)

    assert (kept(verdicts), kept(looked)) == ([("A1", "PAID")], [("A2", "")])


@pytest.mark.parametrize("name", NAMES)
def test_results_behind_a_link_stay_behind_it(tmp_path, name):
    path, link = tmp_path / name, tmp_path / f"link.{name}"
    link.symlink_to(path)
    filled(link, result("A1", "UNRESOLVED"))

    filled(link, result("A1", "PAID"), again=AGAIN)

    assert link.is_symlink() and kept(path) == [("A1", "PAID")]


# ---- mended where a crash cut it -------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_cut_at_any_byte_a_file_is_mended_and_keeps_every_whole_result(tmp_path, name):
    path = tmp_path / name
    filled(path, result('say "A,1"'), result("=A2", reason='he said "no", twice'), result("甲"))
    whole = path.read_bytes()

    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        complete = whole[:cut].count(b"\n") - (path.suffix == ".csv")
        with Results(path) as written:
            numbers = ('say "A,1"', "=A2", "甲")
            done = [written.has(Order(number)) for number in numbers]
            written.add(result("A4"))
        assert done == [n < complete for n in range(3)], cut
        assert len(kept(path)) == max(0, complete) + 1
    assert left_in(tmp_path) == [name]


def test_a_file_cut_inside_a_quoted_cell_of_two_lines_is_mended(tmp_path):
    path = filled(tmp_path / "results.csv", result("A1"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'3,A2,,,,100,,PAID,yes,PAID,,"one\r\ntw')

    with Results(path) as written:
        assert written.has(Order("A1")) and not written.has(Order("A2"))

    assert path.read_bytes() == whole


HEADING = ",".join(RESULT_COLUMNS).encode() + b"\r\n"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_damaged_in_its_middle_is_refused_and_left_as_it_is(tmp_path, name):
    path = filled(tmp_path / name, *(result(f"A{n}") for n in range(20)))
    lines = path.read_bytes().splitlines(keepends=True)
    before = 3 if path.suffix == ".jsonl" else 2  # a table has its heading
    for damage in (
        b'4,"A2,\r\n',
        b"\0" * 40 + b"\r\n",
        b"x\r\n",
        lines[2][:20] + b"\r\n",
        lines[2][:-2] + b",more\r\n",
        b"4,A2\rB\r\n",
        HEADING,
    ):
        for after in (lines[4:], lines[:0]):
            damaged = b"".join([*lines[:3], damage, *after])
            path.write_bytes(damaged)

            with pytest.raises(InputError, match=f"is damaged in result {before + 1};"):
                Results(path)

            assert path.read_bytes() == damaged
    assert left_in(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_the_mended_file_is_written_beside_the_old_one_and_synced_before_it_takes_its_place(
    tmp_path, monkeypatch, name
):
    path = filled(tmp_path / name, result("A1"))
    whole = path.read_bytes()
    path.chmod(0o640)
    path.write_bytes(whole + whole[-20:-9])
    synced = []

    def fsync(descriptor):
        there = Path(f"/proc/self/fd/{descriptor}").resolve()
        synced.append((there.parent, there.name.startswith(f"{name}."), there.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    Results(path).close()

    assert synced == [(tmp_path, True, whole)]
    assert path.read_bytes() == whole and path.stat().st_mode & 0o777 == 0o640
    assert left_in(tmp_path) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_where_the_mended_file_cannot_be_written_the_old_one_stays(tmp_path, monkeypatch, name):
    path = filled(tmp_path / name, result("A1"))
    torn = path.read_bytes() + b"3"
    path.write_bytes(torn)

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"can't be written \(No space left on device\)"):
        Results(path)

    assert path.read_bytes() == torn and left_in(tmp_path) == [name]


# ---- what a result says ----------------------------------------------------------------

OF_IT = (
    "out_trade_no syssn mchid pay_type txamt txcurrcd",
    "line verdict charged finding would requests",
)
SAID: dict[str, Any] = {
    "line": 7,
    "out_trade_no": "A1",
    "syssn": "20261127154100020000977813",
    "mchid": "MNxMp11FV35qQN",
    "pay_type": "800101",
    "txamt": 100,
    "txcurrcd": "HKD",
    "verdict": "UNRESOLVED",
    "charged": "unknown",
    "finding": "OPEN",
    "would": "reversal",
    "reason": "one two \\udcff 甲",
    "requests": 3,
    "at": "2026-11-27 07:24:00 +0800",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_result_holds_the_order_its_verdict_and_why(tmp_path, name):
    order, told = ({field: SAID[field] for field in fields.split()} for fields in OF_IT)
    reason = "one\r\n\ttwo \udcff  甲"
    at = datetime(2026, 11, 27, 7, 24, tzinfo=timezone(timedelta(hours=8))).timestamp()

    filled(tmp_path / name, Result(order=Order(**order), **told, reason=reason, at=at))

    text = (tmp_path / name).read_bytes().decode()
    if name.endswith(".csv"):
        cells = ",".join(str(SAID[column]) for column in RESULT_COLUMNS)
        assert text == ",".join(RESULT_COLUMNS) + "\r\n" + cells + "\r\n"
    else:
        assert json.loads(text) == SAID | {"reason": "one two \udcff 甲"}
        assert list(json.loads(text)) == list(RESULT_COLUMNS) and "甲" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_reason_without_end_is_cut_to_two_thousand_characters(tmp_path, name):
    path = filled(tmp_path / name, result("A1", reason="#" * 5_000))

    assert path.read_bytes().count(b"#") == 2_000


# ---- numbers come back as they were ----------------------------------------------------

ODD = ["=A1", "+A1", "-A1", "@A1", "'A1", "'=A1", "''A1", "A'1", "=", "'", '"', "a,b", "甲 乙"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", ODD)
def test_an_odd_number_is_asked_once_however_often_the_sweep_runs(tmp_path, name, number):
    path = filled(tmp_path / name, result(number, mchid="=M"))

    with Results(path) as written:
        assert written.has(Order(number, mchid="=M"))
        assert not written.has(Order(number + "1", mchid="=M"))
        assert not written.has(Order(number))


def test_no_cell_runs_in_a_spreadsheet(tmp_path):
    path = filled(tmp_path / "results.csv", *(result(number) for number in ODD))

    assert not [number for number, _ in kept(path) if number[0] in "=+-@"]


def test_two_payments_under_one_number_are_two_orders(tmp_path):
    path = tmp_path / "results.csv"
    filled(path, result("A1", "UNRESOLVED", syssn="11"))

    with Results(path) as written:
        assert not written.has(Order("A1", syssn="22"))
        assert written.has(Order("A1"))
        written.add(result("A1", "PAID", syssn="22"))

    assert kept(path) == [("A1", "UNRESOLVED"), ("A1", "PAID")]


# ---- asked again -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_an_earlier_result_stays_until_there_is_a_new_one(tmp_path, name):
    again = ("UNRESOLVED", "PAID", "NOT_FOUND", "NOT_CANCELLABLE")
    path = filled(
        tmp_path / name, *(result(f"A{n}", verdict) for n, verdict in enumerate(again, 1))
    )

    with Results(path, AGAIN) as written:
        has = [written.has(Order(number)) for number in ("A1", "A2", "A3", "A4")]
        written.add(result("A1", "CANCELLED", syssn="11"))

    assert has == [False, True, False, False]
    left = [("A2", "PAID"), ("A3", "NOT_FOUND"), ("A4", "NOT_CANCELLABLE")]
    assert kept(path) == [*left, ("A1", "CANCELLED")]


@pytest.mark.parametrize("name", NAMES)
def test_each_earlier_result_is_taken_out_once_however_often_the_file_is_closed(tmp_path, name):
    numbers = [f"A{n}" for n in range(6)]
    path = filled(tmp_path / name, *(result(number, "UNRESOLVED") for number in numbers))

    with Results(path, AGAIN) as written:
        written.add(result("A1"))
        written.add(result("A3"))
        written.close()

    left = [(number, "UNRESOLVED") for number in ("A0", "A2", "A4", "A5")]
    assert kept(path) == [*left, ("A1", "PAID"), ("A3", "PAID")]


def test_a_result_is_found_by_either_number_and_replaced_by_one_of_the_same_payment(tmp_path):
    path = filled(
        tmp_path / "results.jsonl",
        result(None, syssn="11"),
        result("A2", "UNRESOLVED", syssn="22"),
        result("A2", "UNRESOLVED", syssn="33"),
        result("A4", "REFUNDED"),
    )

    with Results(path, frozenset({"REFUNDED", "UNRESOLVED"})) as written:
        assert written.has(Order(None, syssn="11")) and not written.has(Order("11"))
        assert not written.has(Order("A4"))
        written.add(result("A2", "CANCELLED", syssn="33"))
        written.add(result("A4", "PAID"))

    assert kept(path) == [
        (None, "PAID"),
        ("A2", "UNRESOLVED"),
        ("A2", "CANCELLED"),
        ("A4", "PAID"),
    ]


KILLED = """
import os, sys
from pathlib import Path
from qftools.models import Order
from qftools.sweep.sweep import Result
from qftools.sweep.files import AGAIN, Results
Results(Path(sys.argv[1]), AGAIN).add(Result(2, Order("A1", 100), "PAID", "yes"))
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("name", "again"), [(NAMES[0], AGAIN), (NAMES[1], frozenset())])
def test_what_a_killed_sweep_left_twice_is_once_after_the_next(tmp_path, name, again):
    path = filled(tmp_path / name, result("A1", "UNRESOLVED"))
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)

    with Results(path, again) as after:
        assert after.has(Order("A1"))

    assert killed.returncode == -signal.SIGKILL
    assert kept(path) == [("A1", "PAID")]


# ---- one sweep at a time ---------------------------------------------------------------

HOLDING = """
import sys
from pathlib import Path
from qftools.sweep.files import Results
with Results(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_second_sweep_is_refused_until_the_first_ends_also_by_kill_9(tmp_path, name):
    path, link = tmp_path / name, tmp_path / f"link.{name}"
    link.symlink_to(path)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as first:
        assert first.stdout is not None and first.stdout.readline() == b"ready\n"
        for other in (path, link):
            with pytest.raises(BusyError, match=f"another sweep writes to .*{name}"):
                Results(other)
        first.kill()
        first.wait()

        filled(path, result("A1"))

    assert kept(path) == [("A1", "PAID")]
    assert left_in(tmp_path) == [f"link.{name}", name]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_full_disk_takes_half_of_is_taken_back(tmp_path, name):
    path = filled(tmp_path / name, result("A1"))
    whole = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    written = Results(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 30, limits[1]))
    try:
        with pytest.raises(InputError, match="can't be written"):
            written.add(result("A2"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
        written.close()

    assert path.read_bytes() == whole


def unsure(number, syssn=None):
    return result(number, "UNRESOLVED", syssn=syssn)


def test_what_a_later_look_may_change_is_what_a_journal_keeps_open():
    assert {verdict.value for verdict in Verdict} - {one.value for one in SETTLED} == AGAIN


def test_of_several_results_of_a_number_one_that_is_over_is_enough_and_none_is_not(tmp_path):
    over = [unsure("A1", "11"), unsure("A1", "12"), result("A1", "PAID")]
    path = filled(tmp_path / "results.csv", *over, unsure("A2", "21"), unsure("A2", "22"))
    path = filled(path, result("A3", "PAID"), unsure("A3", "31"))

    with Results(path, AGAIN) as written:
        has = [written.has(Order(number)) for number in ("A1", "A2", "A3", "A4")]
        assert not written.has(Order("A1", syssn="12"))
        written.add(result("A1", "CANCELLED", syssn="11"))

    assert has == [True, False, True, False]
    left = ["UNRESOLVED", "PAID", "CANCELLED"]
    assert [verdict for number, verdict in kept(path) if number == "A1"] == left


@pytest.mark.parametrize("times", [2, 3])
def test_where_it_is_not_known_which_earlier_result_is_meant_all_of_them_stay(tmp_path, times):
    path = filled(tmp_path / "results.csv", *[unsure("A1", f"1{n}") for n in range(times)])

    with Results(path, AGAIN) as written:
        written.add(result("A1", "CANCELLED"))

    assert kept(path) == [("A1", "UNRESOLVED")] * times + [("A1", "CANCELLED")]


def test_a_result_that_is_over_and_names_no_payment_stands_in_no_others_place(tmp_path):
    path = filled(tmp_path / "results.csv", unsure("A1", "11"), unsure("A1", "12"))
    path = filled(path, result("A1", "PAID"))

    with Results(path, AGAIN) as written:
        written.add(result("A1", "CANCELLED", syssn="11"))

    assert kept(path) == [("A1", each) for each in ("UNRESOLVED", "PAID", "CANCELLED")]


def test_a_result_that_is_over_is_never_taken_out(tmp_path):
    path = filled(tmp_path / "results.csv", result("A1", "PAID", syssn="11"))

    with Results(path, AGAIN) as written:
        written.add(result("A1", "REFUNDED", syssn="11"))

    assert kept(path) == [("A1", "PAID"), ("A1", "REFUNDED")]


def test_a_syssn_that_a_program_wrote_as_a_number_is_the_same_order(tmp_path):
    path = tmp_path / "results.jsonl"
    order = Order("A1", syssn="20260105154100020000000001")
    with Results(path) as results:
        results.add(Result(2, order, "UNRESOLVED", "unknown"))
    path.write_text(path.read_text().replace(f'"{order.syssn}"', order.syssn))

    with Results(path, frozenset({"UNRESOLVED"})) as results:
        assert not results.has(order)
        results.add(Result(2, order, "CANCELLED", "no"))

    assert [json.loads(line)["verdict"] for line in path.read_text().splitlines()] == ["CANCELLED"]
