"""Four ways into the same sandbox: the contract tests go through each of them.

They sign with hashlib alone, so that a fault in qftools' own signing can't hide itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

from qftools.sandbox import Sandbox
from qftools.sandbox.sandbox import APP_CODE, CLIENT_KEY
from qftools.transport.door import WireRequest

FORM = "application/x-www-form-urlencoded"


class NoReplyError(Exception):
    """The door stayed shut, or closed in the middle."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.body)
        return answer

    @property
    def respcd(self) -> str:
        return str(self.json["respcd"])

    @property
    def row(self) -> dict[str, str]:
        (row,) = self.json["data"]
        return dict(row)


def signature(params: Mapping[str, str], key: str = CLIENT_KEY, algorithm: str = "md5") -> str:
    text = "&".join(f"{name}={params[name]}" for name in sorted(params)) + key
    return hashlib.new(algorithm, text.encode()).hexdigest().upper()


class Door:
    """A way into a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._count = 0

    def send(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        raise NotImplementedError

    def close(self) -> None:
        self.sandbox.close()

    # -- what tests say ---------------------------------------------------------------

    def call(
        self,
        endpoint: str,
        params: Mapping[str, str],
        *,
        app_code: str = APP_CODE,
        key: str = CLIENT_KEY,
        method: str = "POST",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sign and send, as a form or in the query string."""
        sent = {"X-QF-APPCODE": app_code, "X-QF-SIGN": signature(params, key), **(headers or {})}
        text = urlencode(params)
        query, body = (text, b"") if method == "GET" else ("", text.encode())
        return self.send(method, f"/trade/v1/{endpoint}", query, sent, body)

    def raw(self, endpoint: str, body: bytes, sign: str, **headers: str) -> Answer:
        """Send these very bytes as a form."""
        sent = {"X-QF-APPCODE": APP_CODE, "X-QF-SIGN": sign}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.send("POST", f"/trade/v1/{endpoint}", "", sent, body)

    def pay(self, pay_type: str = "800101", txamt: int = 2500, **more: str) -> Answer:
        self._count += 1
        params = {
            "pay_type": pay_type,
            "txamt": str(txamt),
            "txcurrcd": "HKD",
            "out_trade_no": f"N{self._count}",
            "txdtm": "2026-01-05 10:00:00",
        }
        app_code, key = more.pop("app_code", APP_CODE), more.pop("key", CLIENT_KEY)
        return self.call("payment", params | more, app_code=app_code, key=key)

    def query(self, **params: str) -> Answer:
        return self.call("query", params)

    def look(self, paid: Answer) -> dict[str, str]:
        return self.query(syssn=paid.json["syssn"]).row

    def cancel(self, endpoint: str, paid: Answer, **more: str) -> Answer:
        order = paid.json
        params = {"syssn": order["syssn"], "txamt": order["txamt"], "txdtm": order["txdtm"]}
        return self.call(endpoint, params | more)

    def refund(self, paid: Answer, txamt: int | None = None, **more: str) -> Answer:
        self._count += 1
        params = {
            "syssn": paid.json["syssn"],
            "out_trade_no": f"R{self._count}",
            "txamt": str(txamt or paid.json["txamt"]),
            "txdtm": "2026-01-05 10:00:00",
        }
        return self.call("refund", params | more)


class GatewayDoor(Door):
    """The plain object."""

    def send(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        lower = {name.lower().replace("_", "-"): value for name, value in headers.items()}
        if body:
            lower.setdefault("content-type", FORM)
        response = self.sandbox._gateway.handle(WireRequest(method, path, query, lower, body))
        if response.fate != "answer":
            raise NoReplyError(response.fate)
        return Answer(response.status, dict(response.headers), response.body)


class RequestsDoor(Door):
    """`requests`, in process or over a socket."""

    def __init__(self, sandbox: Sandbox, *, serve: bool) -> None:
        super().__init__(sandbox)
        self._session = requests.Session()
        self._session.trust_env = False
        if serve:
            sandbox.serve()
        else:
            self._session.mount("http://", sandbox._adapter())

    def send(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        if body:
            headers = {"Content-Type": FORM, **headers}
        url = f"{self.sandbox.url}{path}" + (f"?{query}" if query else "")
        try:
            got = self._session.request(method, url, headers=headers, data=body, timeout=5)
        except requests.RequestException as error:
            raise NoReplyError(str(error)) from error
        return Answer(got.status_code, got.headers, got.content)

    def close(self) -> None:
        self._session.close()
        super().close()


class FileDoor(RequestsDoor):
    """Over a socket, with the books in a file that must say the same afterwards."""

    def __init__(self, sandbox: Sandbox, options: dict[str, Any]) -> None:
        super().__init__(sandbox, serve=True)
        self._options = options

    def close(self) -> None:
        before = self.sandbox.orders(None)
        super().close()
        with Sandbox(**self._options) as again:
            assert again.orders(None) == before
