"""``qftools tap`` as it is typed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from qftools import Client
from qftools.cli import main
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import CLIENT_KEY
from qftools.tap.tap import Tap

REAL = "https://openapi-hk.qfapi.com"  # no test connects to it


def test_it_says_when_it_is_ready_a_line_for_each_exchange_and_the_report_at_the_end(tmp_path):
    with Sandbox(clock="real") as sandbox:
        command = ["tap", "--to", sandbox.serve(), "--port", "0", "--json", "--fault", "lost"]
        process = subprocess.Popen(
            [sys.executable, "-m", "qftools", *command, "--on", "reversal"],
            stdout=subprocess.PIPE,
            text=True,
            env={"QFTOOLS_CLIENT_KEY": CLIENT_KEY, "HOME": str(tmp_path)},
        )
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        client = Client(sandbox.credentials, ready["ready"])
        order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
        with pytest.raises(Exception, match="unknown|no reply"):
            client.reverse(order)
        lines = [json.loads(process.stdout.readline()) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        last, status = json.loads(process.stdout.read()), process.wait(timeout=10)
        process.stdout.close()

    assert ready["to"] == sandbox.exchanges[0].request.url.partition("/trade")[0]
    assert [(line["endpoint"], line["signature"], line["fault"]) for line in lines] == [
        ("payment", "ok", ""),
        ("reversal", "ok", "lost after"),
    ]
    assert [line["reply_signature"] for line in lines] == ["ok", "ok"]
    assert {finding["rule"] for finding in last["report"]["findings"]} == {"cancelled-unseen"}
    assert status == 0


@pytest.mark.parametrize("confirm", [(), ("--confirm", "yes")])
def test_a_fault_where_money_is_real_is_refused_until_its_host_is_confirmed(confirm):
    args = ["tap", "--to", REAL, "--environment", "test", "--allow", "environment-mismatch"]
    done = CliRunner().invoke(main, ["--lang", "en", *args, "--fault", "lost", *confirm])

    assert done.exit_code == 2
    assert "openapi-hk.qfapi.com: real money can move there" in done.output


def test_a_real_gateway_is_marked_in_the_first_line_and_in_each(capsys):
    from qftools.cli.tap import _say_ready
    from qftools.cli.tap_lines import tap_lines
    from qftools.sandbox.gateway.log import LoggedExchange
    from qftools.transport.door import WireRequest

    with Tap(REAL, environment="test", allow=("environment-mismatch",)) as tap:
        _say_ready(tap, as_json=False)
        with tap_lines(tap, as_json=False) as lines:
            lines.start()
            tap.gateway.log.finished(LoggedExchange("query", WireRequest("POST", "/q"), 0.0))

    told = capsys.readouterr()
    assert "REAL" in told.err
    assert "REAL" in told.out.splitlines()[1]
