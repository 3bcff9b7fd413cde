"""What a user would take instead: installed into an environment of the bench's own, and started.

Everything lands in .make/bench, which `make clean` throws away. A peer that can't be had here
is missing, with the reason; nothing is estimated in its place.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from qftools.catalogue import Text
from tests.bench import servers
from tests.bench.load import burst
from tests.bench.servers import Server
from tests.bench.timing import ROOT
from tests.bench.traffic import dynamodb_call, qfpay

FOLDER = ROOT / ".make" / "bench"
PYTHON = FOLDER / "python"
NODE = FOLDER / "node"

VERSIONS = {
    "localstripe": "1.15.10",
    "moto": "5.2.5",
    "@stoplight/prism-cli": "5.14.2",
    "wiremock": "3.13.2",
}


class Absent(Exception):
    """A peer can't be had here; the text says why."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer.

    Attributes:
        name: What it is called.
        install: Puts it into the bench's folder; raises Absent.
        start: Starts it, ready for its cycle.
        cycle: Its name in `traffic.CYCLES`.
    """

    name: str
    install: Callable[[], None]
    start: Callable[[], Server]
    cycle: str


def _python_packages() -> None:
    """An environment for Python peers: they must not meet our locked versions."""
    wanted = ["localstripe==" + VERSIONS["localstripe"]]
    wanted.append("moto[server,dynamodb]==" + VERSIONS["moto"])
    uv = str(Path(sys.executable).with_name("uv"))
    if not (PYTHON / "bin" / "python").exists():
        _run([uv, "venv", "--quiet", "--python", sys.executable, str(PYTHON)])
    _run([uv, "pip", "install", "--quiet", "--python", str(PYTHON / "bin/python"), *wanted])


def _node_packages() -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise Absent(Text("本机没有 npm（Node.js）", "this machine has no npm (Node.js)"))
    names = ("@stoplight/prism-cli", "wiremock")
    wanted = [f"{name}@{VERSIONS[name]}" for name in names]
    _run([npm, "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(NODE), *wanted])


def _wiremock() -> None:
    if shutil.which("java") is None:
        raise Absent(Text("本机没有 java", "this machine has no java"))
    _node_packages()


def _run(command: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Absent(Text(f"装不上：{last}", f"can't be installed: {last}"))


# localstripe's own entry listens on every address and writes to one fixed file, which may be
# somebody's. This is its application on loopback, with the same writing to a file of ours.
_LOCALSTRIPE = """
import pickle, sys
from aiohttp import web
from localstripe import resources, server

def dump_to_disk(store):
    with open(sys.argv[2], "wb") as file:
        pickle.dump(store, file, protocol=pickle.HIGHEST_PROTOCOL)

resources.Store.dump_to_disk = dump_to_disk
web.run_app(server.app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
"""


def _start_localstripe() -> Server:
    python = str(PYTHON / "bin/python")
    return servers.start(
        "localstripe",
        lambda port: [python, "-c", _LOCALSTRIPE, str(port), str(FOLDER / "localstripe.pickle")],
        servers.get("/js.stripe.com/v3/"),
    )


def _start_moto() -> Server:
    program = str(PYTHON / "bin/moto_server")
    server = servers.start(
        "moto",
        lambda port: [program, "-H", "127.0.0.1", "-p", str(port)],
        dynamodb_call("ListTables", {}),
    )
    table = {
        "TableName": "orders",
        "AttributeDefinitions": [{"AttributeName": "out_trade_no", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "out_trade_no", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    servers.ask(server, dynamodb_call("CreateTable", table))
    return server


_ANSWER = {"respcd": "0000", "resperr": "success", "respmsg": "", "syssn": "2026010506610002000001"}
_PATHS = [f"/trade/v1/{endpoint}" for endpoint in ("payment", "query", "reversal")]


def _start_prism() -> Server:
    media = {"schema": {"type": "object"}}
    post = {
        "requestBody": {"content": {"application/x-www-form-urlencoded": media}},
        "responses": {
            "200": {
                "description": "answered",
                "content": {"application/json": {**media, "example": _ANSWER}},
            }
        },
    }
    description = {
        "openapi": "3.0.3",
        "info": {"title": "bench", "version": "1"},
        "paths": {path: {"post": post} for path in _PATHS},
    }
    file = FOLDER / "openapi.json"
    file.write_text(json.dumps(description), "utf-8")
    prism = str(NODE / "node_modules/.bin/prism")
    request, _ = next(qfpay(0))
    return servers.start(
        "Prism",
        lambda port: [prism, "mock", "-h", "127.0.0.1", "-p", str(port), "-v", "silent", str(file)],
        request,
    )


def _start_wiremock() -> Server:
    mappings = FOLDER / "wiremock" / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    for path in _PATHS:
        stub = {
            "request": {"method": "POST", "urlPath": path},
            "response": {
                "status": 200,
                "headers": {"Content-Type": "application/json"},
                "body": json.dumps(_ANSWER),
            },
        }
        name = path.rpartition("/")[2]
        (mappings / f"{name}.json").write_text(json.dumps(stub), "utf-8")
    (jar,) = (NODE / "node_modules/wiremock/build").glob("*.jar")
    options = ["--bind-address", "127.0.0.1", "--no-request-journal", "--disable-request-logging"]
    options += ["--disable-banner", "--root-dir", str(mappings.parent)]
    request, _ = next(qfpay(0))
    return servers.start(
        "WireMock",
        lambda port: ["java", "-jar", str(jar), "--port", str(port), *options],
        request,
    )


PEERS = {
    "localstripe": Peer("localstripe", _python_packages, _start_localstripe, "localstripe"),
    "moto": Peer("moto DynamoDB", _python_packages, _start_moto, "dynamodb"),
    "prism": Peer("Prism", _node_packages, _start_prism, "qfpay_stateless"),
    "wiremock": Peer("WireMock", _wiremock, _start_wiremock, "qfpay_stateless"),
}


def fill(server: Server, peer: Peer, objects: int) -> None:
    """Let a peer keep so many objects more, by placing orders as its users would."""
    burst(server, peer.cycle, connections=1, cycles=objects)
