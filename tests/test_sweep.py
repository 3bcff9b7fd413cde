"""A sweep: every order once, at the published pace, whatever interrupts it."""

from __future__ import annotations

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from qftools import Client, Policy
from qftools.cli import main
from qftools.cli.exits import verdict_status
from qftools.errors import InputError
from qftools.journal.journal import Journal
from qftools.models import Order
from qftools.sandbox import Sandbox
from qftools.sandbox.gateway.faults import ArmedFault
from qftools.sweep.files import Results
from qftools.sweep.pace import LIMITS, Pace
from qftools.sweep.reading import key_of
from qftools.sweep.sweep import Row, Sweep, Task

TABLES = Path(__file__).parent / "sweep_tables"
NUMBERS = ("20261127000000000001", "20261127000000000002")
WITHIN = {  # which of the orders each table names
    "excel_gbk": NUMBERS[:1],
    "excel_onlyno": NUMBERS,
    "excel_semicolon": NUMBERS[:1],
    "excel_utf16": NUMBERS[1:],
    "excel_yuan": NUMBERS[1:],
    "excel_zhhead": NUMBERS[:1],
}

AMOUNTS = (77001, 77005, 900, 77024, 1200, 77012)
NO_WAITS = ("--workers", "2", "--policy", "first_wait=0", "--policy", "wait_step=0")
QUICK = Policy(first_wait=0.01, wait_step=0.0, longest_wait=0.01)


@pytest.fixture
def sandbox():
    with Sandbox(rate_limit="published") as running:
        yield running


def placed(sandbox, number, amounts=AMOUNTS):
    """So many orders, of many fates; the limit is not for who makes the test."""
    sandbox._gateway.settings.set("rate_limit", "off")
    client = sandbox.client()
    orders = [
        client.pay(pay_type="800101", txamt=amounts[n % len(amounts)], txcurrcd="HKD")
        for n in range(number)
    ]
    sandbox._gateway.settings.set("rate_limit", "published")
    return orders


def rows_of(orders):
    return [Row(line, order) for line, order in enumerate(orders, 2)]


def refusals(sandbox):
    """Counts the answers of HTTP 429 from now on."""
    counted: Counter[int] = Counter()
    sandbox._gateway.log.watchers.append(lambda seen: counted.update([seen.response.status]))
    return counted


def csv_of(orders, path):
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["out_trade_no", "txamt", "txdtm", "pay_type", "note"])
        for order in orders:
            writer.writerow([order.out_trade_no, order.txamt, order.txdtm, order.pay_type, "x"])
    return path


def beside(path):
    return path.with_name(path.name + ".results.csv")


def lines_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# ---- the pace --------------------------------------------------------------------------


def test_the_published_limits_are_never_passed_and_no_429_comes(sandbox):
    orders = placed(sandbox, 300)
    seen = refusals(sandbox)
    client = sandbox.client()

    results = list(Sweep(Task(lambda: client), workers=1).run(rows_of(orders)))

    assert len(results) == 300 and seen[429] == 0
    assert sum(seen.values()) > 2 * LIMITS[1][0], "so many requests that the limit mattered"
    for result in results:
        assert (result.verdict == "PAID") == (sandbox.order(result.order).paid > 0)


def test_a_sweep_that_goes_on_within_the_minute_does_not_begin_the_count_anew(sandbox, tmp_path):
    orders = placed(sandbox, 260, amounts=(900, 1200, 77005))  # no fate that waits
    seen = refusals(sandbox)
    client = sandbox.client()
    task = Task(lambda: client, journal=str(tmp_path / "journal.db"))

    for some in (orders[:130], orders[130:]):
        assert len(list(Sweep(task, workers=1).run(rows_of(some)))) == 130

    assert seen[429] == 0 and seen[200] > LIMITS[1][0]


def test_what_left_elsewhere_counts_for_the_same_merchant():
    waits = []
    now = [1000.0]

    def pause(seconds):
        waits.append(seconds)
        now[0] += seconds

    first = Pace(lambda: now[0])
    for _ in range(400):
        first.take(pause)
        now[0] += 0.1
    second = Pace(lambda: now[0], first.sent)
    before = len(waits)

    second.take(pause)

    assert sum(waits[before:]) == pytest.approx(LIMITS[1][1] / 1000 - 40, abs=0.2)


def test_a_429_slows_the_whole_merchant_down(sandbox):
    (order,) = placed(sandbox, 1)
    client = sandbox.client()
    before = sandbox.clock.now()

    with sandbox.fault("429", on="query", times=3):
        (result,) = Sweep(Task(lambda: client), workers=1).run(rows_of([order]))

    assert result.verdict == "PAID"
    assert sandbox.clock.now() - before >= 2 + 4 + 8


# ---- interrupted, and run again --------------------------------------------------------


def test_interrupted_three_times_each_order_is_in_the_result_exactly_once(sandbox, tmp_path):
    orders = placed(sandbox, 60)
    target = tmp_path / "results.csv"
    client = sandbox.client()
    task = Task(lambda: client, journal=str(tmp_path / "journal.db"))

    for stop_after in (7, 11, 20, None):
        with Results(target) as written:
            left = [row for row in rows_of(orders) if not written.has(row.order)]
            with closing(Sweep(task, workers=2).run(left)) as results:
                for number, result in enumerate(results, 1):
                    written.add(result)
                    if number == stop_after:
                        break

    numbers = Counter(line["out_trade_no"] for line in lines_of(target))
    assert numbers == Counter(order.out_trade_no for order in orders)
    for line in lines_of(target):
        paid = sandbox.order(line["out_trade_no"]).paid > 0
        assert line["charged"] == ("yes" if paid else "no")


def test_a_result_that_a_crash_cut_off_is_asked_for_again(sandbox, tmp_path):
    orders = placed(sandbox, 3)
    target = tmp_path / "results.jsonl"
    client = sandbox.client()
    with Results(target) as written:
        for result in Sweep(Task(lambda: client), workers=1).run(rows_of(orders)):
            written.add(result)
    whole = target.read_bytes()
    target.write_bytes(whole[:-20])

    with Results(target) as written:
        left = [order for order in orders if not written.has(order)]

    assert len(left) == 1
    assert target.read_bytes() == whole[: whole.rstrip(b"\n").rfind(b"\n") + 1]


def test_asked_again_an_unresolved_order_gets_its_verdict_and_no_second_line(sandbox, tmp_path):
    orders = placed(sandbox, 2)
    target = tmp_path / "results.csv"
    client = sandbox.client()
    hasty = Task(lambda: client, policy=Policy(look_tries=1))
    with Results(target) as written, sandbox.fault("reply lost", on="query", times=1):
        for result in Sweep(hasty, workers=1).run(rows_of(orders)):
            written.add(result)
    before = [line["verdict"] for line in lines_of(target)]

    with Results(target, again=frozenset({"UNRESOLVED"})) as written:
        left = [row for row in rows_of(orders) if not written.has(row.order)]
        for result in Sweep(Task(lambda: client), workers=1).run(left):
            written.add(result)

    assert "UNRESOLVED" in before
    assert sorted(line["verdict"] for line in lines_of(target)) == ["PAID", "PAID"]


def test_a_file_that_holds_something_else_is_not_written_to(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("name,price\ntea,3\n")

    with pytest.raises(InputError, match="its columns differ"):
        Results(path)

    assert path.read_text() == "name,price\ntea,3\n"


# ---- rows ------------------------------------------------------------------------------


def test_a_row_of_another_merchant_is_another_order():
    assert key_of({"mchid": "a", "out_trade_no": "1"}) != key_of({"out_trade_no": "1"})


# ---- other executors -------------------------------------------------------------------


def _connected(credentials, url):
    return Client(credentials, url)


def swept_apart(sandbox, executor, orders):
    task = Task(partial(_connected, sandbox.credentials, sandbox.serve()), policy=QUICK, threads=2)
    return list(Sweep(task, executor, batch=5).run(rows_of(orders)))


def test_processes_give_the_same_results_as_threads():
    with Sandbox(clock="real") as sandbox:
        orders = placed(sandbox, 30)
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(2, mp_context=context) as executor:
            results = swept_apart(sandbox, executor, orders)

        assert [result.line for result in sorted(results, key=lambda r: r.line)] == [
            row.line for row in rows_of(orders)
        ]
        for result in results:
            assert (result.verdict == "PAID") == (sandbox.order(result.order).paid > 0)


def test_orders_of_one_merchant_stay_together_in_other_processes(sandbox):
    from concurrent.futures import Executor, Future

    class Watched(Executor):
        """Runs a job at once, and remembers whose orders were in it."""

        def __init__(self):
            self.jobs = []

        def submit(self, fn, /, *args, **kwargs):
            self.jobs.append([row.order.mchid for row in args[1]])
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            return future

    client = sandbox.client()
    mchids = ("MNxMp11FV35qQN", "nDB64h9qJ1An")
    orders = [Order(f"A{n}", 100, "2026-01-05 10:00:00", mchid=mchids[n % 2]) for n in range(12)]
    executor = Watched()
    task = Task(lambda: client, limit="merchant", threads=1)

    results = list(Sweep(task, executor, batch=4).run(rows_of(orders)))

    assert len(results) == 12
    assert all(len(set(job)) == 1 for job in executor.jobs)
    assert {result.verdict for result in results} == {"NOT_FOUND"}


# ---- as its user types it --------------------------------------------------------------


@pytest.fixture
def shop(tmp_path):
    """A served sandbox, and how to type ``qftools`` against it."""
    with Sandbox(clock="real") as sandbox:
        environment = {
            "QFTOOLS_BASE_URL": sandbox.serve(),
            "QFTOOLS_APP_CODE": sandbox.credentials.app_code,
            "QFTOOLS_CLIENT_KEY": sandbox.credentials.client_key,
            "QFTOOLS_JOURNAL": str(tmp_path / "journal.db"),
        }
        runner = CliRunner(env=environment)
        yield sandbox, environment, lambda *args: runner.invoke(main, ("--lang", "en", *args))


def test_results_lie_beside_the_file_and_a_second_run_asks_nothing(shop, tmp_path):
    sandbox, _, qftools = shop
    file = csv_of(placed(sandbox, 12), tmp_path / "orders.csv")

    first = qftools("sweep", str(file), "--policy", "first_wait=0")
    asked = len(sandbox.exchanges)
    second = qftools("sweep", str(file), "--json")

    assert first.exit_code == 0, first.output
    assert len(lines_of(tmp_path / "orders.csv.results.csv")) == 12
    told = json.loads(second.stdout)
    assert (told["done_before"], told["counts"]) == (12, {})
    assert len(sandbox.exchanges) == asked


def test_a_dry_run_only_looks_and_says_what_would_be_sent(shop, tmp_path):
    sandbox, _, qftools = shop
    file = csv_of(placed(sandbox, 6), tmp_path / "orders.csv")

    done = qftools("sweep", str(file), "--dry-run")

    assert done.exit_code == 0, done.output
    assert {seen.endpoint for seen in sandbox.exchanges} == {"payment", "query"}
    looked = lines_of(tmp_path / "orders.csv.look.csv")
    assert {(line["finding"], line["would"]) for line in looked} == {
        ("PAID", ""),
        ("OPEN", "reversal"),
    }
    assert not (tmp_path / "orders.csv.results.csv").exists()


def test_a_dry_run_without_replies_is_not_a_success(shop, tmp_path):
    sandbox, _, qftools = shop
    file = csv_of(placed(sandbox, 1), tmp_path / "orders.csv")
    sandbox.fault("5xx before", on="query", times=None)

    done = qftools("sweep", str(file), "--dry-run", "--policy", "first_wait=0")

    assert done.exit_code == verdict_status("UNRESOLVED"), done.output


def test_a_file_without_orders_says_so(shop, tmp_path):
    _, _, qftools = shop
    file = tmp_path / "orders.csv"
    file.write_text("out_trade_no,txamt\n")

    done = qftools("sweep", str(file))

    assert (done.exit_code, "The file has no orders." in done.output) == (0, True)


def test_wrong_rows_end_in_status_1_after_all_others_are_done(shop, tmp_path):
    sandbox, _, qftools = shop
    file = csv_of(placed(sandbox, 2), tmp_path / "orders.csv")
    with file.open("a") as rows:
        rows.write("A9,much,2026-01-05 10:00:00,800101,x\n")

    done = qftools("sweep", str(file), "--policy", "first_wait=0")

    assert done.exit_code == 1
    assert "line 4: txamt" in done.output
    assert len(lines_of(tmp_path / "orders.csv.results.csv")) == 2


def hear_ctrl_c():
    """Undo what a shell does to whatever it starts in the background: it ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_cleanly_and_the_next_run_does_the_rest(shop, tmp_path):
    sandbox, environment, qftools = shop
    orders = placed(sandbox, 60)
    file = csv_of(orders, tmp_path / "orders.csv")
    args = [sys.executable, "-m", "qftools", "--lang", "en", "sweep", str(file), *NO_WAITS]
    with subprocess.Popen(
        args,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_ctrl_c,
    ) as process:
        target = tmp_path / "orders.csv.results.csv"

        def interrupt(seen):
            if seen.number == 60 + 40:
                process.send_signal(signal.SIGINT)
                # Or all would be over before a busy machine lets the process notice.
                slow.append(sandbox.fault("slow", times=None, seconds=0.5))

        slow: list[ArmedFault] = []
        sandbox._gateway.log.watchers.append(interrupt)
        _, said = process.communicate(timeout=60)

    slow[0].disarm()
    some = len(lines_of(target))
    rest = qftools("sweep", str(file), *NO_WAITS)

    assert process.returncode == 130
    assert "Run it again to process the rest" in said and "Traceback" not in said
    assert 0 < some < 60
    assert rest.exit_code == 0, rest.output
    numbers = Counter(line["out_trade_no"] for line in lines_of(target))
    assert numbers == Counter(order.out_trade_no for order in orders)
    with Journal(environment["QFTOOLS_JOURNAL"]) as journal:
        assert journal.pending() == ()


# ---- every table that people bring -----------------------------------------------------


def placed_as(sandbox, *numbers, txamt=2500, txcurrcd="HKD"):
    client = sandbox.client()
    return [
        client.pay(pay_type="800101", txamt=txamt, txcurrcd=txcurrcd, out_trade_no=number)
        for number in numbers
    ]


@pytest.mark.parametrize("path", sorted(TABLES.iterdir()), ids=lambda path: path.stem)
def test_every_table_is_swept_to_verdicts_and_what_a_spreadsheet_destroyed_is_not_asked_for(
    shop, tmp_path, path
):
    sandbox, _, qftools = shop
    placed_as(sandbox, *NUMBERS)
    placed_before = len(sandbox.exchanges)
    file = tmp_path / path.name
    file.write_bytes(path.read_bytes())

    done = qftools("sweep", str(file), "--policy", "first_wait=0")

    swept = {line["out_trade_no"]: line["verdict"] for line in lines_of(beside(file))}
    if path.stem in ("excel_sci", "excel_syssn-broken"):
        assert done.exit_code == 1 and "a spreadsheet destroyed it" in done.output
        assert swept == {} and len(sandbox.exchanges) == placed_before
    else:
        assert done.exit_code == 0, done.output
        assert swept == dict.fromkeys(WITHIN[path.stem], "CANCELLED")
        assert all((sandbox.order(number).state == "cancelled") for number in swept)


def test_an_amount_that_the_books_contradict_cancels_nothing(shop, tmp_path):
    sandbox, _, qftools = shop
    placed_as(sandbox, "A1", txamt=3000)
    placed_as(sandbox, "A2", txamt=2500)
    placed_as(sandbox, "A3", txamt=25, txcurrcd="JPY")
    file = tmp_path / "orders.csv"
    file.write_text("out_trade_no,txamt\nA1,25.00\nA2,25.00\nA3,25.00\n")

    qftools("sweep", str(file), *NO_WAITS)

    verdicts = {line["out_trade_no"]: line["verdict"] for line in lines_of(beside(file))}
    assert verdicts.get("A1") != "CANCELLED" and "A3" not in verdicts
    assert verdicts["A2"] == "CANCELLED"
    assert [sandbox.order(number).state for number in ("A1", "A3")] == ["waiting", "waiting"]


def test_an_amount_that_the_books_contradict_cancels_nothing_where_the_first_reply_is_lost(
    shop, tmp_path
):
    sandbox, _, qftools = shop
    placed_as(sandbox, "A1", txamt=3000)
    file = tmp_path / "orders.csv"
    file.write_text("out_trade_no,txamt\nA1,25.00\n")

    with sandbox.fault("lost after", on="query", times=1):
        result = qftools("sweep", str(file), *NO_WAITS)

    assert result.exit_code == 1 and "2500 in the row and 3000 at the gateway" in result.stderr
    assert sandbox.order("A1").state == "waiting"
    assert not lines_of(beside(file))

    sandbox.payer("A1").pay()
    file.write_text("out_trade_no,txamt\nA1,20.00\n")
    with sandbox.fault("lost after", on="query", times=1):
        result = qftools("sweep", str(file), *NO_WAITS)

    assert result.exit_code == 1 and "2000 in the row and 3000 at the gateway" in result.stderr
    assert not lines_of(beside(file))


def piped(environment, *args, **how):
    command = [sys.executable, "-m", "qftools", "--lang", "en", "sweep", *args, *NO_WAITS]
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        **how,
    )


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "pipe"])
def test_orders_come_from_standard_input_and_from_a_pipe_with_a_place_for_results(
    shop, tmp_path, name
):
    sandbox, environment, _ = shop
    placed_as(sandbox, "A1", "A2")
    target = tmp_path / "results.csv"
    content = "out_trade_no\nA1\nA2\n"
    if name == "pipe":
        name = str(tmp_path / "pipe")
        os.mkfifo(name)
        threading.Thread(target=Path(name).write_text, args=(content,), daemon=True).start()

    done = piped(environment, name, "--results", str(target), input=content)
    nowhere = piped(environment, "-", input=content)

    assert done.returncode == 0, done.stderr
    assert [line["verdict"] for line in lines_of(target)] == ["CANCELLED", "CANCELLED"]
    assert nowhere.returncode == 2 and "--results" in nowhere.stderr


@pytest.mark.parametrize("given", ["photo.jpg", "orders.csv", "journal.db"])
def test_a_file_that_is_not_a_sweeps_own_is_left_as_it_is_and_nothing_is_asked(
    shop, tmp_path, given
):
    sandbox, _, qftools = shop
    file = csv_of(placed(sandbox, 1), tmp_path / "orders.csv")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 a face")
    asked = len(sandbox.exchanges)

    for more in ([], ["--dry-run"], ["--again"]):
        before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        done = qftools("sweep", str(file), "--results", str(tmp_path / given), *more)
        if given != "journal.db":
            assert done.exit_code == 2, done.output
            assert before.items() <= {p.name: p.read_bytes() for p in tmp_path.iterdir()}.items()
        assert done.exit_code in (1, 2) and given in done.output

    assert len(sandbox.exchanges) == asked


def test_of_two_sweeps_of_one_file_the_second_is_refused_and_each_order_is_asked_once(
    shop, tmp_path
):
    sandbox, environment, qftools = shop
    file = csv_of(placed(sandbox, 4), tmp_path / "orders.csv")
    seen = threading.Event()
    sandbox._gateway.log.watchers.append(lambda _: seen.set())
    slow = sandbox.fault("slow", times=None, seconds=1)
    args = [sys.executable, "-m", "qftools", "--lang", "en", "sweep", str(file), *NO_WAITS]
    with subprocess.Popen(args, env={**os.environ, **environment}, stderr=subprocess.PIPE) as first:
        assert seen.wait(30)
        second = qftools("sweep", str(file), *NO_WAITS)
        slow.disarm()
        first.communicate(timeout=60)

    assert second.exit_code == 1 and "another sweep writes to" in second.output
    assert first.returncode == 0
    assert len(lines_of(beside(file))) == 4


def test_no_verdict_is_lost_where_nothing_can_be_printed(shop, tmp_path):
    sandbox, environment, _ = shop
    file = csv_of(placed(sandbox, 6), tmp_path / "orders.csv")
    ascii_only = {"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C", "PYTHONUTF8": "0"}
    with Path("/dev/full").open("w") as full:
        args = [sys.executable, "-m", "qftools", "--lang", "zh", "sweep", str(file), *NO_WAITS]
        subprocess.run(
            args, env={**os.environ, **environment, **ascii_only}, stderr=full, check=False
        )

    assert len(lines_of(beside(file))) == 6
