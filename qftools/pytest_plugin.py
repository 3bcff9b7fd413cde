"""The pytest plugin: a sandbox gateway for each test of a shop, and a report that can fail it.

Every test run of an environment with qftools loads this file, so it imports nothing of the
package before a test asks for a fixture or has the marker. It asserts nothing that pytest would
have to rewrite (PYTEST_DONT_REWRITE).
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
import unittest
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from qftools.exam.judging import Judgement
    from qftools.exam.stage import Sale
    from qftools.sandbox import Sandbox
    from qftools.sandbox.report.report import Report
    from qftools.sandbox.situations import Situation
    from qftools.sandbox.web.shared import SharedServer

_REPORTS = ("fail", "warn", "off")
_OF_THE_FAULT = ("on", "times", "order", "seconds", "after")
_SANDBOX = pytest.StashKey["Sandbox"]()
_numbers = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, for ``--strict-markers``."""
    config.addinivalue_line(
        "markers",
        "qfpay(fault='lost_reply', on='payment', clock='virtual', report='fail'|'warn'|'off', "
        "port=0, ...): run the test beside a QFPay sandbox (the fixture qfpay_sandbox); fault, on, "
        "times, order, seconds and after arm a fault, every other name is an option of "
        "qftools.sandbox.Sandbox",
    )
    config.addinivalue_line(
        "markers",
        "qfpay_exam(level='basics'|'money'|'complete'): which situations the fixture qfpay_exam "
        "examines a shop in; basics if left out",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a test with the marker the fixture, if it does not ask for it."""
    names = getattr(item, "fixturenames", None)
    if (
        names is not None
        and "qfpay_sandbox" not in names
        and item.get_closest_marker("qfpay") is not None
    ):
        names.append("qfpay_sandbox")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``qfpay_situations`` or ``qfpay_exam`` once for each of them."""
    if "qfpay_exam" in metafunc.fixturenames:
        from qftools.exam.situations import chosen

        marker = metafunc.definition.get_closest_marker("qfpay_exam")
        days = chosen(**(marker.kwargs if marker else {"level": "basics"}))
        metafunc.parametrize("qfpay_exam", days, ids=[day.id for day in days], indirect=True)
    if "qfpay_situations" in metafunc.fixturenames:
        from qftools.sandbox.situations import situations

        found = situations()
        ids = [situation.id for situation in found]
        metafunc.parametrize("qfpay_situations", found, ids=ids, indirect=True)


@pytest.fixture
def qfpay_situations(request: pytest.FixtureRequest) -> Situation:
    """One bad day after another: charge its ``txamt``; the sandbox of the test plays the rest."""
    situation: Situation = request.param
    return situation


@pytest.fixture
def qfpay_exam(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _qfpay_server: SharedServer
) -> Callable[..., Judgement]:
    """Examine a shop: call this with a function that takes a ``Sale`` and says what it believes.

    The test runs once for each situation of the marker ``qfpay_exam``, and fails where the shop
    does. ``receiver`` may name the shop's receiver of notifications, or make one from the sale.
    """
    from qftools.exam.conducting import Exam
    from qftools.exam.evidence import in_short
    from qftools.exam.results import details, summary
    from qftools.exam.shops import Function
    from qftools.exam.situations import say

    def examine(shop: Callable[[Sale], object], receiver: Any = "") -> Judgement:
        def sell(sale: Sale) -> object:
            for name in [name for name in os.environ if name.startswith("QFTOOLS_")]:
                monkeypatch.delenv(name)
            for name, value in sale.environment.items():
                monkeypatch.setenv(name, value)
            return shop(sale)

        held = Exam(Function(sell, served=True), receiver, start=time.time(), server=_qfpay_server)
        judged = held.examine(request.param)
        if judged.result == "skipped":
            pytest.skip(say(judged.why))
        if judged.result != "passed":
            told = (
                judged.day.title(),
                summary(judged),
                *details(judged),
                *in_short(judged.evidence),
            )
            pytest.fail("\n".join((*told, judged.said)), pytrace=False)
        return judged

    return examine


@pytest.fixture(scope="session")
def _qfpay_server() -> Iterator[SharedServer]:
    from qftools.sandbox.web.shared import SharedServer

    server = SharedServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _qfpay_journals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("qfpay")


@pytest.fixture
def qfpay_sandbox(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _qfpay_journals: Path
) -> Iterator[Sandbox]:
    """A QFPay gateway with empty books and credentials of its own, served on loopback.

    ``QFTOOLS_BASE_URL``, ``QFTOOLS_APP_CODE`` and ``QFTOOLS_CLIENT_KEY`` say where it is and how
    to sign; so do ``qfpay_sandbox.url`` and ``qfpay_sandbox.credentials``. The marker ``qfpay``
    has its options.
    """
    from qftools.sandbox import Sandbox

    asked = _asked(request.node)
    asked.pop("report", None)
    own_port = asked.pop("port", None)
    fault = asked.pop("fault", None)
    details = {name: asked.pop(name) for name in _OF_THE_FAULT if name in asked}
    if details and fault is None:
        raise pytest.UsageError(f"qfpay({', '.join(details)}): of which fault?")
    with Sandbox(**_account(request.node) | asked | _clock(asked)) as sandbox:
        if own_port is None:
            sandbox._assembly.share(request.getfixturevalue("_qfpay_server"))
        else:
            sandbox.serve(own_port)
        _set_environment(sandbox, monkeypatch, _qfpay_journals)
        if fault is not None:
            sandbox.fault(fault, **details)
        if "qfpay_situations" in request.fixturenames:
            request.getfixturevalue("qfpay_situations").stage(sandbox)
        if isinstance(request.instance, unittest.TestCase):
            request.instance.qfpay_sandbox = sandbox  # type: ignore[attr-defined]
        request.node.stash[_SANDBOX] = sandbox
        yield sandbox


def _asked(item: pytest.Item) -> dict[str, Any]:
    """Return what the markers of a test ask for; the closest one wins."""
    asked: dict[str, Any] = {}
    for marker in item.iter_markers("qfpay"):
        if marker.args:
            raise pytest.UsageError(f"qfpay{marker.args!r}: give each value its name")
        asked = {**marker.kwargs, **asked}
    if asked.get("report", "fail") not in _REPORTS:
        raise pytest.UsageError(f"qfpay(report={asked['report']!r}): it is {' or '.join(_REPORTS)}")
    return asked


def _account(item: pytest.Item) -> dict[str, Any]:
    """Return credentials that no other test has, the same in each run."""
    app_code, key = (
        hashlib.md5(f"{part} of {item.nodeid}".encode()).hexdigest().upper()
        for part in ("app code", "client key")
    )
    return {"app_code": app_code, "client_key": key}


def _clock(asked: dict[str, Any]) -> dict[str, Any]:
    """Let a virtual clock begin now, as the shop's own does: it stamps its orders by that."""
    if asked.get("clock", "virtual") != "virtual":
        return {}
    from qftools.sandbox import VirtualClock

    return {"clock": VirtualClock(time.time())}


def _set_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, journals: Path) -> None:
    for name in [name for name in os.environ if name.startswith("QFTOOLS_")]:
        monkeypatch.delenv(name)
    account = sandbox.credentials
    for name, value in {
        "BASE_URL": sandbox.url,
        "APP_CODE": account.app_code,
        "CLIENT_KEY": account.client_key,
        "MCHID": account.mchid,
        "ENVIRONMENT": "sandbox",
        "JOURNAL": str(journals / f"{next(_numbers)}.db"),
    }.items():
        if value:
            monkeypatch.setenv(f"QFTOOLS_{name}", value)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that passed where its shop put money at risk; show the report if it failed."""
    try:
        result = yield
    except BaseException:
        if (found := _judged(item)) is not None:
            item.add_report_section("call", "qfpay", _told(*found))
        raise
    if (found := _judged(item)) is not None:
        if found[1].grade != "danger":
            item.add_report_section("call", "qfpay", _told(*found))
        elif _asked(item).get("report") == "warn":
            item.warn(pytest.PytestWarning(_told(*found)))
        else:
            pytest.fail(_told(*found), pytrace=False)
    return result


def _judged(item: pytest.Item) -> tuple[Sandbox, Report] | None:
    """Return sandbox and report of a test, if it has them and there is something to tell."""
    sandbox = item.stash.get(_SANDBOX, None)
    if sandbox is None or _asked(item).get("report") == "off":
        return None
    report = sandbox.report()
    return (sandbox, report) if report.findings else None


def _told(sandbox: Sandbox, report: Report) -> str:
    """Write the report, and the exchanges that show how money was put at risk."""
    from qftools.locale import text

    shown = {
        number
        for finding in report.findings
        if finding.rule.grade == "danger"
        for number in finding.found.exchanges
    }
    evidence = [f"#{one.number} {one}" for one in sandbox.exchanges if one.number in shown]
    head = [f"qfpay: {text('money at risk')}"] if report.grade == "danger" else []
    return "\n\n".join((*head, str(report), *evidence))
