"""The same sweep on a Dask cluster of two processes gives the same result file."""

from __future__ import annotations

import csv
from functools import partial

import pytest

from qftools import Client, Policy
from qftools.sandbox import Sandbox
from qftools.sweep.files import Results
from qftools.sweep.sweep import Row, Sweep, Task

# What Dask's own shutdown leaves to the garbage collector is not ours to close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

AMOUNTS = (77001, 77005, 900, 77017, 1200, 77024)
QUICK = Policy(first_wait=0.01, wait_step=0.0, longest_wait=0.01)
MERCHANTS = ("MNxMp11FV35qQN", "nDB64h9qJ1An")  # one to each process
NUMBER = 80


def swept(path, executor=None):
    """Sweep the same orders of a fresh sandbox; return the file's rows, in the file's terms."""
    with Sandbox(clock="real") as sandbox:
        placing = sandbox.client()
        orders = [
            placing.pay(
                pay_type="800101",
                txamt=AMOUNTS[n % len(AMOUNTS)],
                txcurrcd="HKD",
                out_trade_no=f"A{n}",
                mchid=MERCHANTS[n % 2],
            )
            for n in range(NUMBER)
        ]
        connect = partial(Client, sandbox.credentials, sandbox.serve())
        task = Task(connect, policy=QUICK, limit="merchant", threads=2)
        rows = [Row(line, order) for line, order in enumerate(orders, 2)]
        with Results(path) as written:
            for result in Sweep(task, executor, batch=8).run(rows):
                written.add(result)
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    # syssn follows from the time, and the last column is the time.
    return sorted(
        tuple(row[name] for name in ("line", "out_trade_no", "verdict", "charged", "finding"))
        for row in found
    )


def test_a_cluster_of_two_processes_gives_the_same_result_file_as_threads(tmp_path):
    from distributed import Client as Dask
    from distributed import LocalCluster

    here = swept(tmp_path / "here.csv")

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0"
        ) as cluster,
        Dask(cluster) as dask,
    ):
        there = swept(tmp_path / "there.csv", dask.get_executor())

    assert there == here
    assert len(here) == NUMBER and {row[2] for row in here} == {"PAID", "CANCELLED"}
