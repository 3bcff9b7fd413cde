"""Where each kind of input goes, and all that is shown of it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, Protocol, Self

from qftools import Client, Credentials, Journal, Order, cancel
from qftools.cancellation.policy import Policy
from qftools.cli import exits
from qftools.cli import main as command_line
from qftools.diagnosis import explain
from qftools.diagnosis.report import lines
from qftools.errors import QFPayError
from qftools.journal.page import as_html, as_json
from tests.fuzz import inputs
from tests.fuzz.limits import Meter
from tests.raw_server import RawServer

PATIENCE = 30  # seconds until a server that says nothing is taken for dead
HASTY = Policy(look_tries=2, absent_tries=2, confirm_tries=2, first_wait=0.0, wait_step=0.0)
# A secret is looked for where it still stands as its kind of secret: a payer's name that was
# torn off its field is a word like any other. The key is known, so it is one everywhere.
SECRETS = {
    inputs.KEY: b"",
    inputs.NAME: rb"user_truename(=|\\*\"?: ?\\*\"?)",
    inputs.NUMBER: rb"user_creid(=|\\*\"?: ?\\*\"?)",
    inputs.COOKIE: rb"(?i)\bcookie: sid=|-b 'sid=",
    inputs.PASSWORD: rb"https://me:",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Fault(Exception):
    """What a reader of hostile input must not do."""


class Kind(Protocol):
    """Reads inputs of one kind."""

    meter: Meter

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def play(self, data: bytes, seed: int) -> str:
        """Let *data* in, and return all that is shown of it.

        Raises:
            Fault: It was not taken as hostile input must be.
        """
        ...

    def arrives(self, data: bytes) -> bytes:
        """What of *data* is read at all."""
        ...


def shown_secrets(data: bytes, shown: str) -> list[str]:
    """The secrets of *data*, of what arrived, that stand in what is shown of it."""
    return [
        secret
        for secret, before in SECRETS.items()
        if secret.lower() in shown.lower() and re.search(before + secret.encode(), data)
    ]


class TakesAll:
    """Reads all that it is given."""

    def arrives(self, data: bytes) -> bytes:
        return data


class _InThisProcess(TakesAll):
    def __enter__(self) -> Self:
        self.meter = Meter()
        return self

    def __exit__(self, *exc: object) -> None:
        pass


class Pastes(_InThisProcess):
    """``explain``: from Python, and as a command that is given a file."""

    def play(self, data: bytes, seed: int) -> str:
        lang = ("en", "zh")[seed % 2]
        try:
            found = explain(data, key=inputs.KEY)
        except QFPayError as error:
            return f"{error!r} {error} {error.say(lang)}"
        told = "\n".join(map(str, lines(found, lang, "python")))
        whole = json.dumps(found.to_dict(lang, "java"), ensure_ascii=False)
        return "\n".join(
            [repr(found), told, whole, *(self._command(data) if seed % 8 == 0 else [])]
        )

    def _command(self, data: bytes) -> Iterator[str]:
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            out = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
            args = ["explain", file.name, "--client-key", inputs.KEY]
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
                try:
                    command_line.main(args, prog_name="qftools")
                    status: Any = 0
                except SystemExit as end:
                    status = end.code
        out.flush()
        said = out.buffer.getvalue().decode()
        if status == exits.BROKEN:
            raise Fault(f"the command says that it is broken: {said[-300:]}")
        if found := _CONTROL.search(said.replace("\x1b[", "")):
            raise Fault(f"the command writes {found[0]!r}")
        yield said


class _Came:
    """Bytes that came over a connection."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._data)


class Answers(_InThisProcess):
    """A gateway that answers so: to a query, to a cancel."""

    def __enter__(self) -> Self:
        self._data = b""
        self._server = RawServer(lambda request: [self._data])
        return super().__enter__()

    def __exit__(self, *exc: object) -> None:
        self._server.__exit__()

    def arrives(self, data: bytes) -> bytes:
        """Headers, and the body as far as they say: no client keeps a reason or what is behind."""
        read = HTTPResponse(_Came(data))  # type: ignore[arg-type]
        try:
            read.begin()
            headers = b"".join(
                f"{name}: {value}\r\n".encode("latin-1", "replace")
                for name, value in read.getheaders()
            )
            return headers + read.read()
        except (HTTPException, OSError, ValueError):
            return data

    def play(self, data: bytes, seed: int) -> str:
        self._data = data
        with Client(
            Credentials("A1", inputs.KEY),
            self._server.url,
            timeout=(5.0, 5.0),
            pause=lambda seconds: None,
        ) as client:
            said = self._cancelled(client, keeps=seed % 8 == 0)
            try:
                said += [repr(client.query(out_trade_no="F1"))]
            except QFPayError as error:
                said += [repr(error), str(error), error.say("zh"), repr(vars(error))]
            for exchange in client.exchanges:
                said += [repr(exchange), exchange.as_http(), json.dumps(exchange.as_har())]
        return "\n".join(said)

    def _cancelled(self, client: Client, *, keeps: bool) -> list[str]:
        order = Order("F1", 2500, "2026-01-05 10:00:00", pay_type="800101")
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            kept = stack.enter_context(Journal(Path(folder, "journal.db"))) if keeps else None
            outcome = cancel(client, order, policy=HASTY, journal=kept)
            said = [repr(outcome), outcome.advice("en"), outcome.advice("zh")]
            for entry in kept.entries() if kept else ():
                said += [repr(entry), as_html(entry, "zh"), as_json(entry, "en")]
            said += [Path(folder, "journal.db").read_bytes().decode("latin-1")] if kept else []
        return said


class _Server(TakesAll):
    """A command of qftools that listens, as a process of its own."""

    command: tuple[str, ...] = ()
    allowed = frozenset(range(200, 600)) - {500}

    def __enter__(self) -> Self:
        self._told = Path(tempfile.mkstemp(prefix="qftools-fuzz-")[1])
        self._start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.kill()
        self._process.wait()
        self._told.unlink()

    def _start(self) -> None:
        self._read = 0
        with self._told.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "qftools", "--lang", "en", *self.command],
                stdout=file,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1", "QFTOOLS_DEBUG": "1"},
            )
        ready = re.compile(r"http://127\.0\.0\.1:(\d+)")
        while not (found := ready.search(self._told.read_text("utf-8", "replace"))):
            if self._process.poll() is not None:
                raise RuntimeError(self._told.read_text("utf-8", "replace"))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.05)
        self._port = int(found[1])
        self._read = self._told.stat().st_size
        self.meter = Meter(self._process.pid)

    def play(self, data: bytes, seed: int) -> str:
        answer = self._exchanged(self.packed(data, seed))
        said = self._new_lines()
        if self._process.poll() is not None:
            self._start()
            raise Fault(f"it ended: {said[-300:]}")
        if "Traceback (most recent call last)" in said:
            raise Fault(f"traceback: {said[-600:]}")
        if found := _CONTROL.search(said):
            raise Fault(f"writes {found[0]!r} to the terminal")
        status = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        if answer and (not status or int(status[1]) not in self.allowed):
            raise Fault(f"answers {answer[:100]!r}")
        return said + self.seen(answer)

    def packed(self, data: bytes, seed: int) -> bytes:
        return data

    def seen(self, answer: bytes) -> str:
        return ""

    def _exchanged(self, data: bytes) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self._port), PATIENCE) as connection:
                with contextlib.suppress(OSError):  # it need not listen to the end
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                parts = []
                with contextlib.suppress(ConnectionError):
                    while part := connection.recv(65_536):
                        parts.append(part)
        except OSError as error:
            raise Fault(f"no answer: {error!r}") from error
        return b"".join(parts)

    def _new_lines(self) -> str:
        with self._told.open("rb") as file:
            file.seek(self._read)
            new = file.read()
        self._read += len(new)
        return new.decode("utf-8", "replace")


class Sockets(_Server):
    """Bytes of any kind, to ``qftools sandbox``."""

    command = ("sandbox", "--port", "0", "--client-key", inputs.KEY)

    def seen(self, answer: bytes) -> str:
        """What the last exchange shows, and that the sandbox still answers."""
        line = b"GET /sandbox/exchanges?limit=1 HTTP/1.1"
        said = self._exchanged(line + b"\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        if not said.startswith(b"HTTP/1.1 200"):
            raise Fault(f"the sandbox no longer answers: {said[:100]!r}")
        return said.decode("utf-8", "replace")


class Multipart(Sockets):
    """Multipart bodies, to ``qftools sandbox``."""

    def packed(self, data: bytes, seed: int) -> bytes:
        return _post("/trade/v1/payment", "multipart/form-data; boundary=b", data)


class Notifications(_Server):
    """Bodies of notifications, to ``qftools listen``."""

    command = ("listen", "--port", "0", "--client-key", inputs.KEY)

    def packed(self, data: bytes, seed: int) -> bytes:
        return _post("/", "application/json", data)


def _post(path: str, content_type: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-QF-APPCODE: A\r\nX-QF-SIGN: 00\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


KINDS: dict[str, type[Kind]] = {
    "pastes": Pastes,
    "sockets": Sockets,
    "multipart": Multipart,
    "notifications": Notifications,
    "answers": Answers,
}
# How many inputs of a hundred are of each kind.
SHARES = {"pastes": 50, "sockets": 15, "multipart": 10, "notifications": 10, "answers": 15}
