"""The client: over loopback and in process, against bare `requests`."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlencode

import requests

from qftools import Client
from qftools.catalogue import Text
from qftools.models import Credentials, Order
from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.signing import sign
from tests.bench import servers
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.signing import vendors
from tests.bench.timing import Act, compared, in_turns

FORM = "application/x-www-form-urlencoded; charset=UTF-8"


def _queries(run: Run) -> dict[str, list[float]]:
    return run.once("queries", lambda: _measure_queries(run))


def _measure_queries(run: Run) -> dict[str, list[float]]:
    with servers.sandbox() as server, Sandbox() as sandbox, requests.Session() as session:
        url = f"http://127.0.0.1:{server.port}"
        far, near = Client(Credentials(APP_CODE, CLIENT_KEY), url), sandbox.client()
        order, own = _placed(far), _placed(near)
        acts: dict[str, Act] = {
            "loopback": lambda: far.query(order),
            "bare": bare(session, url + "/trade/v1/query", order.for_query()),
            "in process": lambda: near.query(own),
        }
        return in_turns(acts, run.rounds(60, 20), 0.05, time.perf_counter)


def _placed(client: Client) -> Order:
    return client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")


def bare(session: requests.Session, url: str, params: dict[str, str | int]) -> Callable[[], object]:
    """Return what posts the bytes that the client would post, signed beforehand."""
    body = urlencode(params).encode()
    headers = {
        "Content-Type": FORM,
        "X-QF-APPCODE": APP_CODE,
        "X-QF-SIGN": sign(params, CLIENT_KEY),
        "X-QF-SIGNTYPE": "MD5",
    }
    if session.post(url, data=body, headers=headers).json()["respcd"] != "0000":
        raise ValueError("the bare query was refused")
    return lambda: session.post(url, data=body, headers=headers).json()


def _loopback(run: Run) -> Measured:
    times = _queries(run)
    return compared(times["loopback"], times["bare"], 1e6, "µs")


def _in_process(run: Run) -> Measured:
    times = _queries(run)
    return compared(times["in process"], times["loopback"], 1e6, "µs")


def _cycle(run: Run) -> Measured:
    with Sandbox() as one, Sandbox() as other, requests.Session() as session:
        client = one.client()
        session.mount(other.url, other._adapter())
        numbers = iter(range(10**9))
        acts: dict[str, Act] = {
            "client": lambda: _through_client(client),
            "raw": lambda: _through_requests(session, other.url, f"RAW{next(numbers):09d}"),
        }
        times = in_turns(acts, run.rounds(40, 15), 0.05)
    return compared(times["client"], times["raw"], 1e6, "µs")


def _through_client(client: Client) -> None:
    order = _placed(client)
    client.query(order)
    client.reverse(order)
    client.query(order)


def _through_requests(session: requests.Session, url: str, number: str) -> None:
    """The same four calls as someone writes them who has the vendor's page only."""
    name = {"out_trade_no": number}
    order = name | {"txamt": "2500", "txdtm": "2026-01-05 10:00:00"}
    payment = order | {"pay_type": "800101", "txcurrcd": "HKD"}
    for endpoint, params in (
        ("payment", payment),
        ("query", name),
        ("reversal", order),
        ("query", name),
    ):
        headers = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": vendors(params, CLIENT_KEY)}
        answer = session.post(f"{url}/trade/v1/{endpoint}", data=params, headers=headers).json()
        if answer["respcd"] != "0000":
            raise ValueError(f"{endpoint} was refused: {answer}")


_SESSION = Text(
    "requests.Session().post(同样的字节).json()",
    "requests.Session().post(the same bytes).json()",
)

ROWS = (
    Row(
        "query-loopback",
        Text("Client.query：经回环地址访问沙盒", "Client.query over loopback, to the sandbox"),
        _SESSION,
        Goal("<=", 0.85),
        Text(
            "不用 qftools 时就这么写；环境设置（代理、证书）每个客户端只解析一次，并非忽略",
            "what one writes without qftools; proxies and certificates are resolved once a client, "
            "not ignored",
        ),
        _loopback,
        note=Text(
            "按处理器时间，经 requests 自己的适配器收发占 0.52，检查参数、签名、验签、脱敏和留证据"
            "占 0.32；此外双方都要等沙盒应答",
            "of the processor time, sending through requests' own adapter takes 0.52 of a bare "
            "post, and checks, signatures, redaction and evidence 0.32; both sides wait for the "
            "sandbox's answer besides",
        ),
    ),
    Row(
        "query-in-process",
        Text("Client.query：沙盒在同一进程内", "Client.query with the sandbox in process"),
        Text("同一个查询，经回环地址", "the same query over loopback"),
        Goal("<=", 0.40),
        Text("测试和课程走的是这条路", "tests and lessons go this way"),
        _in_process,
    ),
    Row(
        "cancel-cycle",
        Text(
            "支付、查询、撤销、再查询，经客户端，在同一进程内",
            "pay, query, cancel, query through the client, in process",
        ),
        Text(
            "同样四步，用 requests 和页面上的签名函数，走同一个适配器",
            "the same four with requests and the page's signing function, through the same adapter",
        ),
        Goal("<=", 1.3),
        Text(
            "多做的是：检查参数、核对应答签名、留证据",
            "what comes on top: values checked, reply signatures verified, evidence kept",
        ),
        _cycle,
    ),
)
